import type { Unit } from "@amity/model";
import { readingTypeOf } from "../cim/cim-terms.ts";
import { formatScaled, parseScaledBig } from "../decimal.ts";
import { childOf, textAt, type XmlElement } from "../xml/xml-elements.ts";

/** Editions of MultiSpeak whose messages are written; all of them are read. */
export const MULTISPEAK_VERSIONS = ["3.0", "4.1", "5.0"] as const;
export type MultispeakVersion = (typeof MULTISPEAK_VERSIONS)[number];

/** Values of messages that name a unit of measure are kept as integers times 10^-3 of the base unit. */
const MULTISPEAK_SCALER = -3;

export interface MultispeakNamespaces {
  /** Of the message. */
  readonly message: string;
  /** Of the list inside it. */
  readonly list: string;
  /** Of what the list holds. */
  readonly core: string;
  /** Of identifiers. */
  readonly common: string;
}

const V3 = "http://www.multispeak.org/Version_3.0";
const V4 = "http://www.multispeak.org/Version_4.1_Release";
const V5 = "http://www.multispeak.org/V5.0";

export const MULTISPEAK_NAMESPACES: Readonly<Record<MultispeakVersion, MultispeakNamespaces>> = {
  "3.0": { message: V3, list: V3, core: V3, common: V3 },
  "4.1": { message: V4, list: V4, core: V4, common: V4 },
  "5.0": { message: `${V5}/wsdl/NOT_Server`, list: `${V5}/commonArrays`, core: V5, common: `${V5}/commonTypes` },
};

/** A unit as text names it: `picos` x 10^(power - 12) of `unit` each. Feet and gallons are defined in metres, so that no float is needed. */
interface TextUnit {
  readonly unit: Unit;
  readonly power: number;
  readonly picos?: bigint;
}

/** What a value measures, and how it is kept: integers times 10^scaler of `text.unit`. */
export interface MultispeakQuantity {
  readonly channel: string;
  readonly scaler: number;
  readonly text: TextUnit;
}

/** Reads decimal text as the integer that a quantity is kept in; `undefined` for what is no number. */
export function scaledOf(text: string, { scaler, text: { power, picos } }: MultispeakQuantity): bigint | undefined {
  if (picos === undefined) return parseScaledBig(text, scaler - power);
  const nanos = parseScaledBig(text, -9);
  return nanos === undefined ? undefined : parseScaledBig(formatScaled(nanos * picos, power - 21), scaler);
}

/** Units that take the prefixes micro, m, k, M and G (`uom`, letter case matters: MWh is not mWh). */
const PREFIXED: readonly (readonly [string, Unit])[] = [
  ["Joules", "J"],
  ["VARh", "varh"],
  ["VAR", "var"],
  ["VAh", "VAh"],
  ["VA", "VA"],
  ["Wh", "Wh"],
  ["W", "W"],
  ["V RMS", "V"],
  ["V", "V"],
  ["Amps RMS", "A"],
  ["Amps", "A"],
  ["amps RMS", "A"],
  ["amps", "A"],
];
const PREFIXES: ReadonlyMap<string, number> = new Map([
  ["micro", -6],
  ["m", -3],
  ["", 0],
  ["k", 3],
  ["M", 6],
  ["G", 9],
]);

const CUBIC_METRE: TextUnit = { unit: "m3", power: 0 };
const CUBIC_FOOT: TextUnit = { unit: "m3", power: 0, picos: 28_316_846_592n };

/** Units without prefixes. */
const PLAIN: Readonly<Record<string, TextUnit>> = {
  Frequency: { unit: "Hz", power: 0 },
  "deg C": { unit: "degC", power: 0 },
  "deg K": { unit: "K", power: 0 },
  liters: { unit: "m3", power: -3 },
  "cubic meter": CUBIC_METRE,
  "cubic meters uncorrected": CUBIC_METRE,
  "cubic meters corrected": CUBIC_METRE,
  "cubic feet": CUBIC_FOOT,
  "cubic feet uncorrected": CUBIC_FOOT,
  "cubic feet corrected": CUBIC_FOOT,
  ccf: { ...CUBIC_FOOT, power: 2 },
  "US gl": { unit: "m3", power: 0, picos: 3_785_411_784n },
  "Power factor": { unit: "none", power: 0 },
  Counter: { unit: "none", power: 0 },
  "Nbr of power outage": { unit: "none", power: 0 },
};

/** What a `uom` stands for; `undefined` for one that is not known. */
function unitOfUom(uom: string): TextUnit | undefined {
  if (Object.hasOwn(PLAIN, uom)) return PLAIN[uom];
  for (const [name, unit] of PREFIXED) {
    if (!uom.endsWith(name)) continue;
    const power = PREFIXES.get(uom.slice(0, uom.length - name.length));
    if (power !== undefined) return { unit, power };
  }
  return undefined;
}

/** The `uom` to write for a unit, with its power of ten. */
export const UOM_OF_UNIT: Readonly<Partial<Record<Unit, readonly [string, number]>>> = {
  Wh: ["kWh", 3],
  J: ["kJoules", 3],
  varh: ["kVARh", 3],
  VAh: ["kVAh", 3],
  W: ["kW", 3],
  var: ["kVAR", 3],
  VA: ["kVA", 3],
  V: ["V", 0],
  A: ["Amps", 0],
  Hz: ["Frequency", 0],
  m3: ["cubic meter", 0],
  degC: ["deg C", 0],
  K: ["deg K", 0],
  none: ["Counter", 0],
};

/** Field names of registers and channels (in lower case) that certainly are these: channel and the `uom` that goes without saying. */
const FIELDS: Readonly<Record<string, readonly [string, string]>> = {
  poskwh: ["1-0:1.8.0", "kWh"],
  negkwh: ["1-0:2.8.0", "kWh"],
  poskvarh: ["1-0:3.8.0", "kVARh"],
  negkvarh: ["1-0:4.8.0", "kVARh"],
  deliveredkwh: ["1-0:1.8.0", "kWh"],
  kwhdelivered: ["1-0:1.8.0", "kWh"],
  receivedkwh: ["1-0:2.8.0", "kWh"],
  kwhreceived: ["1-0:2.8.0", "kWh"],
  netkwh: ["1-0:16.8.0", "kWh"],
  // `readingValueType` of version 3.0.
  energy: ["1-0:1.8.0", "kWh"],
  "negative energy": ["1-0:2.8.0", "kWh"],
};

/** The field name to write for a channel: the standard's where it has one, the channel's own otherwise. */
export function fieldNameOf(channel: string): string {
  const tier = /^1-0:1\.8\.([1-9])$/.exec(channel)?.[1];
  return tier === undefined ? (FIELD_NAMES[channel] ?? channel.replace(/^msp:/, "")) : `TOU${tier}kWh`;
}

const FIELD_NAMES: Readonly<Record<string, string>> = {
  "1-0:1.8.0": "posKWh",
  "1-0:2.8.0": "negKWh",
  "1-0:3.8.0": "posKVARh",
  "1-0:4.8.0": "negKVARh",
};

/** The channel of a field name, and the unit that goes without saying; a name that is not known stays a name. */
function channelOfField(fieldName: string): readonly [string, string] {
  const known = FIELDS[fieldName.toLowerCase()];
  if (known !== undefined) return known;
  const tier = /^tou([1-9])kwh$/i.exec(fieldName)?.[1];
  if (tier !== undefined) return [`1-0:1.8.${tier}`, "kWh"];
  return [/^\d+-\d+:/.test(fieldName) ? fieldName : `msp:${fieldName}`, ""];
}

/** What a field name and a `uom` say; a sentence where they say too little. */
export function quantityOfField(fieldName: string, uom: string): MultispeakQuantity | string {
  if (fieldName === "") return "a value without a field name";
  const [channel, implied] = channelOfField(fieldName);
  const text = unitOfUom(uom === "" ? implied : uom);
  if (text === undefined) return uom === "" ? `no unit of ${fieldName} is given` : `unit "${uom}" of ${fieldName} is not known`;
  // Volumes are kept to the millilitre: feet and gallons come out even nowhere.
  return { channel, scaler: text.unit === "m3" ? -6 : MULTISPEAK_SCALER, text };
}

/** Attributes of a version 5.0 readingTypeCode in the order of the reference (IEC 61968-9, annex C). */
const TYPE_PARTS = [
  "macroPeriod",
  "aggregate",
  "measuringPeriod",
  "accumulation",
  "flowDirection",
  "commodity",
  "measurementKind",
  "interharmonicNumerator",
  "interharmonicDenominator",
  "argumentNumerator",
  "argumentDenominator",
  "tou",
  "cpp",
  "consumptionTier",
  "phases",
  "multiplier",
  "unit",
  "currency",
] as const;

/** What a readingTypeCode says: its text of 18 numbers, or its attributes; a sentence where it is neither. */
export function quantityOfTypeCode(element: XmlElement): MultispeakQuantity | string {
  const { text, attributes } = element;
  const ref = text !== "" || !attributes.has("unit") ? text : TYPE_PARTS.map((part) => attributes.get(part) ?? "0").join(".");
  const type = readingTypeOf(ref);
  if (typeof type === "string") {
    const fieldName = attributes.get("otherFieldName") ?? attributes.get("fieldName") ?? "";
    return fieldName === "" ? type : quantityOfField(fieldName, "");
  }
  // As with CIM messages, values are kept three places finer than the multiplier says.
  return { channel: type.channel, scaler: type.scaler - 3, text: { unit: type.unit, power: type.scaler } };
}

/**
 * The meter of an element: the number on its plate where one is given (`meterNo`, version 5.0 `meterName`), its identifier
 * otherwise. `undefined` where there is neither.
 */
export function meterIdOf(element: XmlElement): string | undefined {
  const id = childOf(element, "meterID");
  const names = [textAt(element, "meterNo"), id?.attributes.get("meterNo"), id?.attributes.get("meterName"), id?.text];
  return names.find((name) => name !== undefined && name !== "" && name !== "?");
}
