import { toHex } from "@amity/bytes";
import { unitOf, type DlmsData } from "@amity/dlms";

/** One value of a list that a meter pushes at its customer port. */
export interface HanValue {
  /** `1-0:1.8.0*255`. */
  readonly obis: string;
  /** Exact: `value · 10^scaler`. Absent where the value is no number. */
  readonly number?: { readonly value: bigint; readonly scaler: number };
  readonly text: string;
  readonly unit?: string;
}

type Leaf = Exclude<DlmsData, { type: "array" | "structure" | "compact-array" }>;
type Scale = readonly [scaler: number, unit: string];

/** Values of one list. */
const LEAVES_MAX = 512;

/**
 * Reads the body of a push (data-notification): lists with a code before each value, as Aidon, Kamstrup, the Swedish and the
 * Austrian meters send them, and the lists of Kaifa in Norway and Iskra in Slovenia, whose values are told by their place. Empty for other bodies.
 */
export function readHanList(body: DlmsData): HanValue[] {
  const leaves = leavesOf(body);
  const coded = codedValues(leaves);
  return coded.length > 0 ? coded : placedValues(leaves);
}

/** Depth first, without a stack of calls. */
function leavesOf(body: DlmsData): Leaf[] {
  const leaves: Leaf[] = [];
  const open: DlmsData[] = [body];
  while (open.length > 0 && leaves.length < LEAVES_MAX) {
    const next = open.pop();
    if (next === undefined) break;
    if (next.type === "array" || next.type === "structure" || next.type === "compact-array") {
      for (let index = next.value.length - 1; index >= 0; index--) open.push(next.value[index] as DlmsData);
    } else leaves.push(next);
  }
  return leaves;
}

function codedValues(leaves: readonly Leaf[]): HanValue[] {
  const first = leaves[0];
  const isKamstrup = first?.type === "visible-string" && first.value.startsWith("Kamstrup");
  const values: HanValue[] = [];
  for (let at = 0; at + 1 < leaves.length; at++) {
    const obis = obisOf(leaves[at]);
    const value = leaves[at + 1];
    if (obis === undefined || value === undefined) continue;
    const [scaler, unit] = [leaves[at + 2], leaves[at + 3]];
    const isScaled = scaler?.type === "integer" && unit?.type === "enum";
    const scale: Scale | undefined = isScaled ? [scaler.value, unitOf(unit.value).symbol] : isKamstrup ? kamstrupScale(obis) : undefined;
    values.push(valueOf(obis, value, scale));
    at += isScaled ? 3 : 1;
  }
  return values;
}

/** Six octets that can be the code of something electric or abstract. */
function obisOf(leaf: Leaf | undefined): string | undefined {
  if (leaf?.type !== "octet-string" || leaf.value.length !== 6) return undefined;
  const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0] = leaf.value;
  return a <= 9 ? `${a}-${b}:${c}.${d}.${e}*${f}` : undefined;
}

function valueOf(obis: string, leaf: Leaf, scale: Scale | undefined): HanValue {
  if (leaf.type !== "float32" && leaf.type !== "float64" && (typeof leafValue(leaf) === "number" || typeof leafValue(leaf) === "bigint")) {
    const [scaler, unit] = scale ?? [0, ""];
    const value = BigInt(leafValue(leaf) as number | bigint);
    return { obis, number: { value, scaler }, text: `${value}${scaler === 0 ? "" : `e${scaler}`}`, ...(unit === "" ? {} : { unit }) };
  }
  return { obis, text: textOf(leaf) };
}

function leafValue(leaf: Leaf): unknown {
  return "value" in leaf ? leaf.value : undefined;
}

function textOf(leaf: Leaf): string {
  const value = leafValue(leaf);
  if (!(value instanceof Uint8Array)) return typeof value === "string" || typeof value === "number" ? String(value) : leaf.type;
  const isText = value.length > 0 && value.every((octet) => octet >= 0x20 && octet <= 0x7e);
  return isText ? String.fromCharCode(...value.subarray(0, 256)) : toHex(value);
}

/** Kamstrup sends neither scaler nor unit: energies in hundredths of kWh, currents in hundredths of A. */
function kamstrupScale(obis: string): Scale | undefined {
  const [, quantity = "", type = ""] = /^\d+-\d+:(\d+)\.(\d+)\./.exec(obis) ?? [];
  const kind = Number(quantity) % 20;
  if (type === "8") return kind <= 2 ? [1, "Wh"] : [1, "varh"];
  if (type !== "7") return undefined;
  if (kind === 11) return [-2, "A"];
  if (kind === 12) return [0, "V"];
  return kind <= 2 ? [0, "W"] : kind <= 4 ? [0, "var"] : undefined;
}

const POWERS = [
  ["1-0:1.7.0*255", 0, "W"],
  ["1-0:2.7.0*255", 0, "W"],
  ["1-0:3.7.0*255", 0, "var"],
  ["1-0:4.7.0*255", 0, "var"],
] as const;
const HEAD = [["1-1:0.2.129*255", 0, ""], ["0-0:96.1.0*255", 0, ""], ["0-0:96.1.7*255", 0, ""], ...POWERS] as const;
const ONE_PHASE = [...HEAD, ["1-0:31.7.0*255", -3, "A"], ["1-0:32.7.0*255", -1, "V"]] as const;
const THREE_PHASES = [
  ...HEAD,
  ...(["31", "51", "71"] as const).map((quantity) => [`1-0:${quantity}.7.0*255`, -3, "A"] as const),
  ...(["32", "52", "72"] as const).map((quantity) => [`1-0:${quantity}.7.0*255`, -1, "V"] as const),
] as const;
const HOURLY = [
  ["0-0:1.0.0*255", 0, ""],
  ["1-0:1.8.0*255", 0, "Wh"],
  ["1-0:2.8.0*255", 0, "Wh"],
  ["1-0:3.8.0*255", 0, "varh"],
  ["1-0:4.8.0*255", 0, "varh"],
] as const;

const phases = (first: number, scaler: number, unit: string): Layout =>
  [0, 20, 40].map((step) => [`1-0:${first + step}.7.0*255`, scaler, unit] as const);
const ISKRA_HEAD = [
  ["0-0:42.0.0*255", 0, ""],
  ["0-0:96.1.0*255", 0, ""],
] as const;

/** Place by place: the object, its scaler and unit; no unit where a text, a time or a state stands. */
type Layout = readonly (readonly [obis: string, scaler: number, unit: string])[];

/** Lists whose values are told by their place. Kaifa's: every 2.5 s, every 10 s, every hour; Iskra's of Slovenia: of now, and of energies. */
const PLACED: readonly Layout[] = [
  POWERS.slice(0, 1),
  ONE_PHASE,
  THREE_PHASES,
  [...ONE_PHASE, ...HOURLY],
  [...THREE_PHASES, ...HOURLY],
  [...ISKRA_HEAD, ...POWERS, ...phases(32, -1, "V"), ...phases(31, -2, "A"), ...phases(21, 0, "W"), ...phases(22, 0, "W")],
  [
    ...ISKRA_HEAD,
    ["0-0:96.3.10*255", 0, ""],
    ["0-0:96.14.0*255", 0, ""],
    ...[1, 2].flatMap((quantity) => [0, 1, 2].map((tariff) => [`1-0:${quantity}.8.${tariff}*255`, 0, "Wh"] as const)),
    ...HOURLY.slice(3),
  ],
];

function placedValues(leaves: readonly Leaf[]): HanValue[] {
  const layout = PLACED.find(
    (candidate) => candidate.length === leaves.length && candidate.every(([, , unit], at) => fits(leaves[at], unit)),
  );
  return (layout ?? []).flatMap(([obis, scaler, unit], index) => {
    const leaf = leaves[index];
    return leaf === undefined ? [] : [valueOf(obis, leaf, [scaler, unit])];
  });
}

/** A quantity is a number, and what has no unit is none. */
function fits(leaf: Leaf | undefined, unit: string): boolean {
  return leaf !== undefined && NUMBERS.has(leaf.type) === (unit !== "");
}

const NUMBERS: ReadonlySet<string> = new Set([
  "double-long-unsigned",
  "long-unsigned",
  "unsigned",
  "double-long",
  "long",
  "integer",
  "long64",
  "long64-unsigned",
]);
