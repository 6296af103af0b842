import { fromHex, toHex } from "@amity/bytes";
import { data, dataClasses, parseObis, type DlmsData } from "@amity/dlms";
import { TARIFFS } from "../metrology/tariff-book.ts";
import { configure, configuredObject, outcomeOf, refused, type ConfiguredObject } from "./configured-object.ts";
import { configuredValue, hasForm } from "./configured-values.ts";
import { RIGHTS, dataObject, registerObject, type MeterObject, type ObjectContext } from "./meter-object.ts";
import { FACTORY_MASKS, TARIFF_MASKS, TARIFF_OBJECTS } from "./tariff-plan.ts";

const WATT_HOUR = 30;
const MASK_LIST = 3;
const ACTIVE_MASK = 4;
const MASKS_MAX = 16;
const { registerActivation } = dataClasses;

/** Import T1 to T4, export T1 to T4: the order of the register assignment. */
export const TARIFF_REGISTER_NAMES: readonly string[] = [1, 2].flatMap((direction) =>
  Array.from({ length: TARIFFS }, (_, index) => `1-0:${direction}.8.${index + 1}`),
);

/** Energy by tariff, register activation 0-0:14.0.0 and the active tariff 0-0:96.14.0. */
export function tariffObjects(): MeterObject[] {
  return [
    ...TARIFF_REGISTER_NAMES.map((name, index) =>
      registerObject(name, [0, WATT_HOUR], ({ meter, nowMs }) =>
        data.doubleLongUnsigned((meter.tariffsAt(nowMs)[index] ?? 0) % 0x1_0000_0000),
      ),
    ),
    activationObject(),
    dataObject("0-0:96.14.0", RIGHTS.clientsRead, (context) => data.octets(fromHex(activeMask(context)))),
  ];
}

/** Class 6: which tariff registers count under which mask. The mask is selected by tariff script, by the calendar, or written. */
function activationObject(): MeterObject {
  const object: ConfiguredObject = {
    class: registerActivation,
    name: TARIFF_OBJECTS.activation,
    values: {
      registerAssignment: registerActivation.attributes.registerAssignment.encode(
        TARIFF_REGISTER_NAMES.map((name) => ({ classId: 3, logicalName: parseObis(name) })),
      ),
      maskList: FACTORY_MASKS,
      activeMask: (context) => data.octets(fromHex(activeMask(context))),
    },
    writable: ["maskList"],
    judge: (_attribute, masks) => (isMaskList(masks) ? undefined : "other-reason"),
    methods: {
      addMask: async (mask, context) => {
        if (!hasForm(() => registerActivation.methods.addMask.decode(mask))) return refused("type-unmatched");
        const { maskName } = registerActivation.methods.addMask.decode(mask);
        return keepMasks([...masksOf(context).filter((known) => nameOf(known) !== toHex(maskName)), mask], context);
      },
      deleteMask: async (name, context) => {
        if (name.type !== "octet-string") return refused("type-unmatched");
        const masks = masksOf(context);
        const kept = masks.filter((mask) => nameOf(mask) !== toHex(name.value));
        return kept.length === masks.length ? refused("other-reason") : keepMasks(kept, context);
      },
    },
  };
  const made = configuredObject(object);
  const attributes = made.definition.attributes.map((one) => (one.id === ACTIVE_MASK ? { ...one, access: RIGHTS.managementWrites } : one));
  return {
    ...made,
    definition: { ...made.definition, attributes },
    async write(attributeId, given, context) {
      if (attributeId !== ACTIVE_MASK) return (await made.write?.(attributeId, given, context)) ?? "read-write-denied";
      if (given.type !== "octet-string") return "type-unmatched";
      const mask = toHex(given.value);
      if (!masksOf(context).some((known) => nameOf(known) === mask)) return "other-reason";
      return (await context.perform({ kind: "selectTariff", atMs: context.nowMs, mask })) ? "success" : "temporary-failure";
    },
  };
}

function activeMask({ meter, nowMs }: ObjectContext): string {
  return meter.functions.tariffs?.maskAt(nowMs) ?? TARIFF_MASKS[0] ?? "";
}

function masksOf(context: ObjectContext): readonly DlmsData[] {
  const masks = configuredValue(context, TARIFF_OBJECTS.activation, MASK_LIST, FACTORY_MASKS);
  return masks.type === "array" ? masks.value : [];
}

function nameOf(mask: DlmsData): string {
  return toHex(registerActivation.methods.addMask.decode(mask).maskName);
}

async function keepMasks(masks: readonly DlmsData[], context: ObjectContext) {
  const list = data.array(...masks);
  if (!isMaskList(list)) return refused("other-reason");
  return outcomeOf(await configure(TARIFF_OBJECTS.activation, [[MASK_LIST, list]], context));
}

/** Of known registers, each name once, and not too many. */
function isMaskList(list: DlmsData): boolean {
  const masks = registerActivation.attributes.maskList.decode(list);
  const names = new Set(masks.map(({ maskName }) => toHex(maskName)));
  const isKnown = masks.every(({ indexList }) => indexList.every((index) => index >= 1 && index <= TARIFF_REGISTER_NAMES.length));
  return isKnown && names.size === masks.length && masks.length <= MASKS_MAX;
}
