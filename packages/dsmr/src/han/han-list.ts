import { toHex } from "@amity/bytes";
import { unitOf, type DlmsData } from "@amity/dlms";
import { PLACED_LAYOUTS, UNNAMED, type PlacedLayout } from "./placed-layouts.ts";

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
 * Austrian meters send them, and the lists of Kaifa in Norway and Iskra in Slovenia and Croatia, whose values are told by their place. Empty for other bodies.
 */
export function readHanList(body: DlmsData): HanValue[] {
  const described = describedValues(body);
  if (described.length > 0) return described;
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

/**
 * A list that begins with the objects it holds (attribute 2 of Push setup, as Landis+Gyr sends it in Switzerland): each value belongs to the
 * object at its place. Neither scaler nor unit come with them.
 */
function describedValues(body: DlmsData): HanValue[] {
  const [objects, ...rest] = body.type === "structure" ? body.value : [];
  if (objects?.type !== "array" || objects.value.length !== rest.length + 1) return [];
  const described = objects.value.map(objectOf);
  if (described.some((object) => object === undefined)) return [];
  return described.slice(1).flatMap((object, index) => {
    const [leaf] = leavesOf(rest[index] ?? { type: "null-data" });
    return object?.attribute === VALUE_ATTRIBUTE && leaf !== undefined ? [valueOf(object.obis, leaf, undefined)] : [];
  });
}

const VALUE_ATTRIBUTE = 2;

/** Class, logical name, attribute and index into its value. */
function objectOf(data: DlmsData): { readonly obis: string; readonly attribute: number } | undefined {
  const [classId, name, attribute, dataIndex, ...more] = data.type === "structure" ? leavesOf(data) : [];
  const obis = obisOf(name);
  if (obis === undefined || attribute?.type !== "integer" || more.length > 0) return undefined;
  return classId?.type === "long-unsigned" && dataIndex?.type === "long-unsigned" ? { obis, attribute: attribute.value } : undefined;
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

function placedValues(leaves: readonly Leaf[]): HanValue[] {
  const layout = PLACED_LAYOUTS.find(
    (candidate) => candidate.length === leaves.length && candidate.every((place, at) => fits(leaves[at], place)),
  );
  return (layout ?? []).flatMap(([obis, scaler, unit], index) => {
    const leaf = leaves[index];
    return leaf === undefined || obis === UNNAMED ? [] : [valueOf(obis, leaf, [scaler, unit])];
  });
}

/** A quantity is a number, what has no unit is none, and where nobody knows what stands anything may. */
function fits(leaf: Leaf | undefined, [obis, , unit]: PlacedLayout[number]): boolean {
  return leaf !== undefined && (obis === UNNAMED || NUMBERS.has(leaf.type) === (unit !== ""));
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
