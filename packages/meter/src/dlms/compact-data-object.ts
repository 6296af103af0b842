import { data, dataClasses, encodeData, parseObis, type DlmsData, type Obis, type TypeDescription } from "@amity/dlms";
import { capturedValue, mayHold, type CapturedAttribute } from "./captured-value.ts";
import { configure, configuredObject, DONE, keep, refused } from "./configured-object.ts";
import { configuredValue } from "./configured-values.ts";
import type { MeterObject, ObjectContext } from "./meter-object.ts";

const { compactData, compactData0 } = dataClasses;
const NAME = "0-0:66.0.0";
const ATTRIBUTE = { buffer: 2, captureObjects: 3, templateId: 4, description: 5, captureMethod: 6 } as const;
/** The buffer is filled by method 2 alone, or whenever it is read. */
const CAPTURE_METHODS = { invoke: 0, implicit: 1 } as const;
const CAPTURES_MAX = 32;
const BUFFER_OCTETS_MAX = 4 * 1024;
const COMPACT_ARRAY_TAG_OCTETS = 1;
const EMPTY = data.octets(new Uint8Array(0));
const NOT_CAPTURED = [
  [ATTRIBUTE.buffer, EMPTY],
  [ATTRIBUTE.description, EMPTY],
] as const;

const FACTORY_OBJECTS: readonly CapturedAttribute[] = [[8, "0-0:1.0.0"] as const, [3, "1-0:1.8.0"] as const, [3, "1-0:2.8.0"] as const].map(
  ([classId, name]) => ({ classId, logicalName: parseObis(name), attributeIndex: 2, dataIndex: 0 }),
);
const FACTORY_TEMPLATE = data.unsigned(1);

/**
 * Class 62 Compact data, 0-0:66.0.0: the template's number, then the values without their types. Version 1 captures rows and columns of buffers
 * as well. What was captured by method 2 goes with its objects.
 */
export function compactDataObject(version: 0 | 1, objectOf: (name: Obis) => MeterObject | undefined): MeterObject {
  const definition = version === 0 ? compactData0 : compactData;
  const factory =
    version === 0
      ? compactData0.attributes.captureObjects.encode(FACTORY_OBJECTS)
      : compactData.attributes.captureObjects.encode(
          FACTORY_OBJECTS.map((one) => ({ ...one, restriction: { restrictionType: "none", restrictionValue: data.nothing }, columns: [] })),
        );
  const captured = (context: ObjectContext): { buffer: DlmsData; description: DlmsData } => {
    const objects: readonly CapturedAttribute[] = definition.attributes.captureObjects.decode(
      configuredValue(context, NAME, ATTRIBUTE.captureObjects, factory),
    );
    const template = configuredValue(context, NAME, ATTRIBUTE.templateId, FACTORY_TEMPLATE);
    const { description, content } = packed(
      objects.map((one) => (mayHold(definition.id, one.classId) ? capturedValue(objectOf, one, context) : data.nothing)),
    );
    const number = template.type === "unsigned" ? template.value : 0;
    return { buffer: data.octets(Uint8Array.of(number, ...content)), description: data.octets(description) };
  };
  return configuredObject({
    class: definition,
    name: NAME,
    values: {
      compactBuffer: (context) =>
        isImplicit(context) ? captured(context).buffer : configuredValue(context, NAME, ATTRIBUTE.buffer, EMPTY),
      captureObjects: factory,
      templateId: FACTORY_TEMPLATE,
      templateDescription: (context) =>
        isImplicit(context) ? captured(context).description : configuredValue(context, NAME, ATTRIBUTE.description, EMPTY),
      captureMethod: data.enumerated(CAPTURE_METHODS.implicit),
    },
    writable: ["templateId", "captureMethod"],
    actsOnWrite: {
      captureObjects: async (given, context) =>
        given.type === "array" && given.value.length > CAPTURES_MAX
          ? "other-reason"
          : configure(NAME, [[ATTRIBUTE.captureObjects, given], ...NOT_CAPTURED], context),
    },
    methods: {
      reset: async (_parameter, context) => ((await keep(NAME, NOT_CAPTURED, context)) ? DONE : refused("temporary-failure")),
      async capture(_parameter, context) {
        if (isImplicit(context)) return DONE;
        const { buffer, description } = captured(context);
        if (buffer.type === "octet-string" && buffer.value.length > BUFFER_OCTETS_MAX) return refused("other-reason");
        const values = [
          [ATTRIBUTE.buffer, buffer],
          [ATTRIBUTE.description, description],
        ] as const;
        return (await keep(NAME, values, context)) ? DONE : refused("temporary-failure");
      },
    },
  });
}

function isImplicit(context: ObjectContext): boolean {
  const method = configuredValue(context, NAME, ATTRIBUTE.captureMethod, data.enumerated(CAPTURE_METHODS.implicit));
  return method.type !== "enum" || method.value === CAPTURE_METHODS.implicit;
}

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
