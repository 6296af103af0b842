import { data, dataClasses, parseObis, type DlmsData } from "@amity/dlms";
import type { MeterFunctions } from "../metrology/meter-functions.ts";
import type { SimulatedMeter } from "../simulated-meter.ts";
import { configuredObject } from "./configured-object.ts";
import { READ_REFUSED, RIGHTS, value, type MeterObject } from "./meter-object.ts";
import { numberOf } from "./monitored-value.ts";
import { settingOf } from "./settings.ts";

const FILTER = "0-0:97.98.10";
/** Nothing is pushed until the utility says what. */
const FACTORY_FILTER = data.doubleLongUnsigned(0);
const ALL = 0xffff_ffff;

/** Alarm register 0-0:97.98.0, filter 0-0:97.98.10, descriptor 0-0:97.98.20. Writing to register or descriptor clears the bits that are 0 in what is written. */
export function alarmObjects(): MeterObject[] {
  return [
    clearable("0-0:97.98.0", "alarmRegister", (register) => ({ register, descriptor: ALL })),
    configuredObject({
      class: dataClasses.data,
      name: FILTER,
      values: { value: FACTORY_FILTER },
      writable: ["value"],
      judge: (_attribute, given) => (isBits(given) ? undefined : "type-unmatched"),
    }),
    clearable("0-0:97.98.20", "alarmDescriptor", (descriptor) => ({ register: ALL, descriptor })),
  ];
}

/** The alarm bits that are pushed. */
export function alarmFilterOf(meter: SimulatedMeter): number {
  return numberOf(settingOf(meter, FILTER, 2, FACTORY_FILTER)) ?? 0;
}

function clearable(
  name: string,
  field: keyof Pick<MeterFunctions, "alarmRegister" | "alarmDescriptor">,
  kept: (bits: number) => { readonly register: number; readonly descriptor: number },
): MeterObject {
  return {
    definition: {
      classId: 1,
      version: 0,
      instanceId: parseObis(name),
      attributes: [
        { id: 1, access: RIGHTS.clientsRead },
        { id: 2, access: RIGHTS.managementWrites },
      ],
    },
    read: (attributeId, { meter }) => (attributeId === 2 ? value(data.doubleLongUnsigned(meter.functions[field])) : READ_REFUSED.undefined),
    async write(_attributeId, given, context) {
      if (!isBits(given)) return "type-unmatched";
      const bits = numberOf(given) ?? 0;
      return (await context.perform({ kind: "keepAlarms", atMs: context.nowMs, ...kept(bits) })) ? "success" : "temporary-failure";
    },
  };
}

function isBits(given: DlmsData): boolean {
  return given.type === "double-long-unsigned";
}
