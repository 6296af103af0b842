import type { DlmsData, HdlcAddress } from "@amity/dlms";
import type { P1Meter } from "../server/p1-meter.ts";

/** What a list tells of: one value of the meter, its object and how the form counts it. */
export interface HanEntry {
  /** Groups C and D: `1.7`, `31.7`. */
  readonly quantity: string;
  readonly of: (meter: P1Meter) => number;
  /** The meter's unit is 10^`scaler` of the COSEM unit (IEC 62056-6-2, table 4). */
  readonly scaler: number;
  readonly unit: number;
  readonly type: "double-long-unsigned" | "long-unsigned" | "long";
}

function entry(
  quantity: string,
  of: HanEntry["of"],
  scaler: number,
  unit: number,
  type: HanEntry["type"] = "double-long-unsigned",
): HanEntry {
  return { quantity, of, scaler, unit, type };
}

const UNIT = { watt: 27, volt: 35, ampere: 33, var: 29, wattHour: 30, varHour: 32 } as const;

const POWERS: readonly HanEntry[] = [
  entry("1.7", ({ importW }) => importW, 0, UNIT.watt),
  entry("2.7", ({ exportW }) => exportW, 0, UNIT.watt),
  entry("3.7", ({ importVar = 0 }) => importVar, 0, UNIT.var),
  entry("4.7", ({ exportVar = 0 }) => exportVar, 0, UNIT.var),
];

/** Energies counted in 10^`scaler` Wh and varh. */
function energies(scaler: 0 | 1): readonly HanEntry[] {
  const count = (value: number): number => Math.floor(value / 10 ** scaler);
  return [
    entry("1.8", ({ importedWh }) => count(importedWh[0] + importedWh[1]), scaler, UNIT.wattHour),
    entry("2.8", ({ exportedWh }) => count(exportedWh[0] + exportedWh[1]), scaler, UNIT.wattHour),
    entry("3.8", ({ importedVarh = 0 }) => count(importedVarh), scaler, UNIT.varHour),
    entry("4.8", ({ exportedVarh = 0 }) => count(exportedVarh), scaler, UNIT.varHour),
  ];
}

function phases(first: number, of: (phase: P1Meter["phases"][number]) => number, how: Pick<HanEntry, "scaler" | "unit" | "type">) {
  return (meter: P1Meter): readonly HanEntry[] =>
    meter.phases.map((phase, index) => entry(`${first + 20 * index}.7`, () => of(phase), how.scaler, how.unit, how.type));
}

type Entries = (meter: P1Meter) => readonly HanEntry[];
const fixed =
  (entries: readonly HanEntry[]): Entries =>
  () =>
    entries;

const CURRENT = { unit: UNIT.ampere } as const;
const VOLTAGE = { unit: UNIT.volt, type: "long-unsigned" } as const;
const deciAmperes = phases(31, ({ currentCa }) => Math.round(currentCa / 10), { ...CURRENT, scaler: -1, type: "long" });
const centiAmperes = phases(31, ({ currentCa }) => currentCa, { ...CURRENT, scaler: -2, type: "double-long-unsigned" });
const centiAmperesShort = phases(31, ({ currentCa }) => currentCa, { ...CURRENT, scaler: -2, type: "long-unsigned" });
const milliAmperes = phases(31, ({ currentCa }) => 10 * currentCa, { ...CURRENT, scaler: -3, type: "double-long-unsigned" });
const deciVolts = phases(32, ({ voltageDv }) => voltageDv, { ...VOLTAGE, scaler: -1 });
const deciVoltsLong = phases(32, ({ voltageDv }) => voltageDv, { ...VOLTAGE, scaler: -1, type: "double-long-unsigned" });
const volts = phases(32, ({ voltageDv }) => Math.round(voltageDv / 10), { ...VOLTAGE, scaler: 0 });

/** Powers of each phase, import, export, inductive, capacitive (Sweden). */
const phasePowers: Entries = (meter) =>
  meter.phases.flatMap(({ importW, exportW, importVar = 0, exportVar = 0 }, index) =>
    [importW, exportW, importVar, exportVar].map((value, kind) =>
      entry(`${21 + 20 * index + kind}.7`, () => value, 0, kind < 2 ? UNIT.watt : UNIT.var),
    ),
  );

/** How a value stands in a list: with its object, scaler and unit, with its object only, or by its place alone. */
export type HanNotation = "described" | "named" | "placed";

/** What is in a list. */
export interface HanListForm {
  readonly entries: readonly Entries[];
  /** Where the clock stands among the entries, from the end where it is negative; `undefined`: nowhere. */
  readonly clockAt: number | undefined;
  readonly hasHead: boolean;
}

/** What a make of meter pushes at its customer port. */
export interface HanForm {
  readonly title: string;
  readonly notation: HanNotation;
  /** Entries of a list are structures of their own in an array; else all stand in one structure. */
  readonly isArray: boolean;
  /** Group B of the objects. */
  readonly channel: 0 | 1;
  /** What names the list and the meter, in front of the values. */
  readonly head: (meter: P1Meter) => readonly DlmsData[];
  readonly lists: Readonly<Record<HanList, HanListForm>>;
  /** HDLC addresses of the frames. */
  readonly destination: HdlcAddress;
  readonly source: HdlcAddress;
}

/** Norway has three lists: the power every 2.5 s, everything of now every 10 s, and the energies once an hour. */
export type HanList = "power" | "now" | "hour";
export const HAN_LISTS: readonly HanList[] = ["power", "now", "hour"];

const text = (value: string): DlmsData => ({ type: "visible-string", value });
const octets = (value: string): DlmsData => ({
  type: "octet-string",
  value: Uint8Array.from(value, (character) => character.charCodeAt(0)),
});
const code = (...value: number[]): DlmsData => ({ type: "octet-string", value: Uint8Array.from(value) });
const pair = (...value: DlmsData[]): DlmsData => ({ type: "structure", value });
const kamstrupHead = ({ equipmentId, identifier }: P1Meter): readonly DlmsData[] => [
  text("Kamstrup_V0001"),
  code(1, 1, 0, 0, 5, 255),
  text(equipmentId),
  code(1, 1, 96, 1, 1, 255),
  text(identifier),
];
const nobody = (): readonly DlmsData[] => [];

/** One list, sent every ten seconds, holds all there is. */
function onlyList(entries: readonly Entries[], clockAt: number): HanForm["lists"] {
  const list = { entries, clockAt, hasHead: true };
  return { power: list, now: list, hour: list };
}

/** Lists of meters in the field, as their makers describe them: facts of NVE's and Energiföretagen's publications and of recordings. */
export const HAN_FORMS = {
  aidon: {
    title: "Norway, Aidon",
    notation: "described",
    isArray: true,
    channel: 0,
    head: ({ equipmentId, identifier }) => [
      pair(code(1, 1, 0, 2, 129, 255), text("AIDON_V0001")),
      pair(code(0, 0, 96, 1, 0, 255), text(equipmentId)),
      pair(code(0, 0, 96, 1, 7, 255), text(identifier)),
    ],
    lists: {
      power: { entries: [fixed(POWERS.slice(0, 1))], clockAt: undefined, hasHead: false },
      now: { entries: [fixed(POWERS), deciAmperes, deciVolts], clockAt: undefined, hasHead: true },
      hour: { entries: [fixed(POWERS), deciAmperes, deciVolts, fixed(energies(1))], clockAt: -4, hasHead: true },
    },
    destination: { upper: 0x20, lower: 0, octets: 1 },
    source: { upper: 0x04, lower: 0x41, octets: 2 },
  },
  kaifa: {
    title: "Norway, Kaifa",
    notation: "placed",
    isArray: false,
    channel: 0,
    head: ({ equipmentId, identifier }) => [octets("KFM_001"), octets(equipmentId), octets(identifier)],
    lists: {
      power: { entries: [fixed(POWERS.slice(0, 1))], clockAt: undefined, hasHead: false },
      now: { entries: [fixed(POWERS), milliAmperes, deciVoltsLong], clockAt: undefined, hasHead: true },
      hour: { entries: [fixed(POWERS), milliAmperes, deciVoltsLong, fixed(energies(0))], clockAt: -4, hasHead: true },
    },
    destination: { upper: 0, lower: 0, octets: 1 },
    source: { upper: 1, lower: 0, octets: 2 },
  },
  kamstrup: {
    title: "Norway, Kamstrup",
    notation: "named",
    isArray: false,
    channel: 1,
    head: kamstrupHead,
    lists: {
      power: { entries: [fixed(POWERS), centiAmperes, volts], clockAt: undefined, hasHead: true },
      now: { entries: [fixed(POWERS), centiAmperes, volts], clockAt: undefined, hasHead: true },
      hour: { entries: [fixed(POWERS), centiAmperes, volts, fixed(energies(1))], clockAt: -4, hasHead: true },
    },
    destination: { upper: 0x15, lower: 0, octets: 1 },
    source: { upper: 0x10, lower: 0, octets: 1 },
  },
  se: {
    title: "Sweden, Aidon",
    notation: "described",
    isArray: true,
    channel: 0,
    head: nobody,
    lists: onlyList([fixed(POWERS), deciAmperes, deciVolts, phasePowers, fixed(energies(0))], 0),
    destination: { upper: 0x20, lower: 0, octets: 1 },
    source: { upper: 0x04, lower: 0x41, octets: 2 },
  },
  "se-kamstrup": {
    title: "Sweden and Denmark, Kamstrup",
    notation: "named",
    isArray: false,
    channel: 1,
    head: kamstrupHead,
    lists: onlyList([fixed(POWERS), centiAmperes, volts, fixed(energies(1))], -4),
    destination: { upper: 0x15, lower: 0, octets: 1 },
    source: { upper: 0x10, lower: 0, octets: 1 },
  },
  at: {
    title: "Austria, Kaifa",
    notation: "described",
    isArray: false,
    channel: 0,
    head: nobody,
    lists: onlyList([fixed(energies(0).slice(0, 2)), fixed(POWERS.slice(0, 2)), deciVolts, centiAmperesShort], 0),
    destination: { upper: 0, lower: 0, octets: 1 },
    source: { upper: 1, lower: 0, octets: 2 },
  },
} as const satisfies Readonly<Record<string, HanForm>>;

export type HanFormName = keyof typeof HAN_FORMS;
