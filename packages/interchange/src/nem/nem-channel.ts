import type { Unit } from "@amity/model";

/** What a 200 or 250 record says about its channel, in our terms. */
export interface NemChannel {
  readonly nmi: string;
  readonly suffix: string;
  readonly meterSerial: string;
  readonly unit: Unit;
  /** 10^scaler of the unit that one unit of the text stands for. */
  readonly textScaler: number;
  readonly intervalSeconds: number;
}

/** Units of measure as files spell them, in any case. */
const UNITS: Readonly<Record<string, readonly [Unit, number]>> = {
  MWH: ["Wh", 6],
  KWH: ["Wh", 3],
  WH: ["Wh", 0],
  MVARH: ["varh", 6],
  KVARH: ["varh", 3],
  VARH: ["varh", 0],
  MVAH: ["VAh", 6],
  KVAH: ["VAh", 3],
  VAH: ["VAh", 0],
  MW: ["W", 6],
  KW: ["W", 3],
  W: ["W", 0],
  MVAR: ["var", 6],
  KVAR: ["var", 3],
  VAR: ["var", 0],
  MVA: ["VA", 6],
  KVA: ["VA", 3],
  VA: ["VA", 0],
  KV: ["V", 3],
  V: ["V", 0],
  KA: ["A", 3],
  A: ["A", 0],
  PF: ["none", 0],
};

/** The unit of a UOM field, `undefined` for one that the format does not have. */
export function nemUnitOf(uom: string): readonly [Unit, number] | undefined {
  return UNITS[uom.trim().toUpperCase()];
}

/** The UOM to write for a unit, with its power of ten: the kilo form where there is one. */
export function nemUomOf(unit: Unit): readonly [string, number] | undefined {
  const forms = Object.entries(UNITS).filter(([, [known]]) => known === unit);
  const [uom, form] = forms.find(([, [, power]]) => power === 3) ?? forms[0] ?? [];
  return uom === undefined || form === undefined ? undefined : [uom, form[1]];
}

/**
 * The channel's name: the OBIS code for the net and general-supply flows that it certainly is, the NMI suffix itself otherwise.
 * First letter (NMI procedure): E and B are active to and from the customer's side, Q and K reactive.
 */
export function nemChannelName(suffix: string): string {
  return SUFFIX_OBIS[suffix.toUpperCase()] ?? suffix;
}

/** The suffix to write for a channel. */
export function nemSuffixOf(channel: string): string {
  return OBIS_SUFFIX.get(channel) ?? channel;
}

const SUFFIX_OBIS: Readonly<Record<string, string>> = { E1: "1-0:1.8.0", B1: "1-0:2.8.0", Q1: "1-0:3.8.0", K1: "1-0:4.8.0" };
const OBIS_SUFFIX = new Map(Object.entries(SUFFIX_OBIS).map(([suffix, obis]) => [obis, suffix]));
