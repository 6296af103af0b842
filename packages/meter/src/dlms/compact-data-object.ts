import { data, dataClasses, encodeData, parseObis, type DlmsData, type Obis, type TypeDescription } from "@amity/dlms";
import { capturedValue, mayHold, type CapturedAttribute } from "./captured-value.ts";
import { configuredObject, DONE } from "./configured-object.ts";
import { configuredValue } from "./configured-values.ts";
import type { MeterObject, ObjectContext } from "./meter-object.ts";

const { compactData0 } = dataClasses;
const NAME = "0-0:66.0.0";
const CAPTURE_OBJECTS = 3;
const TEMPLATE_ID = 4;
const CAPTURES_MAX = 32;
const COMPACT_ARRAY_TAG_OCTETS = 1;

const one = (classId: number, name: string, attributeIndex = 2): CapturedAttribute => ({
  classId,
  logicalName: parseObis(name),
  attributeIndex,
  dataIndex: 0,
});
const FACTORY = compactData0.attributes.captureObjects.encode([one(8, "0-0:1.0.0"), one(3, "1-0:1.8.0"), one(3, "1-0:2.8.0")]);

/** Class 62 Compact data version 0, 0-0:66.0.0: the template's number, then the values without their types, as they are when read (capture method implicit). */
export function compactDataObject(objectOf: (name: Obis) => MeterObject | undefined): MeterObject {
  const values = (context: ObjectContext): DlmsData[] =>
    compactData0.attributes.captureObjects
      .decode(configuredValue(context, NAME, CAPTURE_OBJECTS, FACTORY))
      .map((attribute) => (mayHold(compactData0.id, attribute.classId) ? capturedValue(objectOf, attribute, context) : data.nothing));
  return configuredObject({
    class: compactData0,
    name: NAME,
    values: {
      compactBuffer(context) {
        const template = configuredValue(context, NAME, TEMPLATE_ID, FACTORY_TEMPLATE);
        const { content } = packed(values(context));
        return data.octets(Uint8Array.of(template.type === "unsigned" ? template.value : 0, ...content));
      },
      captureObjects: FACTORY,
      templateId: FACTORY_TEMPLATE,
      templateDescription: (context) => data.octets(packed(values(context)).description),
      captureMethod: data.enumerated(1),
    },
    writable: ["captureObjects", "templateId"],
    judge: (attribute, given) =>
      attribute === "captureObjects" && given.type === "array" && given.value.length > CAPTURES_MAX ? "other-reason" : undefined,
    methods: { capture: () => Promise.resolve(DONE) },
  });
}

const FACTORY_TEMPLATE = data.unsigned(1);

/** The type description and the contents of a compact array with one structure. */
function packed(values: readonly DlmsData[]): { description: Uint8Array; content: Uint8Array } {
  const description = describe({ type: "structure", value: values });
  const none = encodeData({ type: "compact-array", description, value: [] });
  const whole = encodeData({ type: "compact-array", description, value: [{ type: "structure", value: values }] });
  const at = none.length - 1;
  const lengthOctets = (whole[at] ?? 0) < 0x80 ? 1 : 1 + ((whole[at] ?? 0) & 0x7f);
  return { description: none.slice(COMPACT_ARRAY_TAG_OCTETS, at), content: whole.slice(at + lengthOctets) };
}

function describe(value: DlmsData): TypeDescription {
  if (value.type === "structure") return { type: "structure", elements: value.value.map(describe) };
  const [first] = value.type === "array" ? value.value : [];
  if (value.type === "array")
    return { type: "array", count: value.value.length, element: first === undefined ? { type: "null-data" } : describe(first) };
  // A compact array inside one is not possible: its elements stand for it.
  return value.type === "compact-array" ? { type: "null-data" } : { type: value.type };
}
