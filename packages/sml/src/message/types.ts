import { UsageError, type ByteReader, type ByteWriter, type Codec } from "@amity/bytes";
import { TL_TYPE, readTl, typeName, writeTl } from "../tlv/tl-field.ts";
import { listOf, number, octetString, octetsWith, optional, record, sizedUnsigned, type Shape, type SmlCodec } from "../tlv/sml-codec.ts";
import { writeWidth } from "../tlv/scalars.ts";
import { smlValue, type SmlValue } from "../tlv/sml-value.ts";
import { obisText } from "./obis.ts";
import { unitName } from "./units.ts";

type ValueOf<C> = C extends Codec<infer T> ? T : never;

/** Object names: six octets, mostly. */
export const objectName: SmlCodec<Uint8Array> = octetsWith({ kind: "leaf", meaning: (hex) => obisText(hex) });
export const unsigned8 = number("unsigned", 1);
export const unsigned32 = number("unsigned", 4);
export const unit = number("unsigned", 1, { kind: "leaf", meaning: (code) => unitName(Number(code)) });
export const scaler = number("integer", 1);
export const treePath = listOf(objectName, "parameterName");

/** SML_Time (6.4.4). Some Holley meters send the seconds index bare, without the choice around it. */
export type SmlTime =
  | { readonly kind: "secondsIndex"; readonly seconds: number; readonly isBare?: boolean; readonly width?: number }
  /** Seconds since 1970-01-01 UTC. */
  | { readonly kind: "timestamp"; readonly seconds: number; readonly width?: number }
  | { readonly kind: "localTimestamp"; readonly seconds: number; readonly offsetMinutes: number; readonly seasonMinutes: number };

const localTimestamp = record({ seconds: unsigned32, offsetMinutes: number("integer", 2), seasonMinutes: number("integer", 2) });

const TIME_ARMS = new Map<number, { name: string; shape: Shape }>([
  [1, { name: "secondsIndex", shape: { kind: "leaf" } }],
  [2, { name: "timestamp", shape: { kind: "leaf", meaning: (seconds) => isoSecond(Number(seconds)) } }],
  [3, { name: "localTimestamp", shape: localTimestamp.shape }],
]);

export const smlTime: SmlCodec<SmlTime> = {
  shape: { kind: "choice", arms: TIME_ARMS },
  decode(reader) {
    const at = reader.offset;
    const first = reader.peek() ?? 0;
    if ((first & 0x70) >> 4 === TL_TYPE.unsigned) return { kind: "secondsIndex", ...readSeconds(reader), isBare: true };
    const { type, length } = readTl(reader);
    if (type !== TL_TYPE.list || length !== 2) throw reader.fail(`a time belongs here, not ${typeName(type)}`, "type", at);
    const arm = unsigned8.decode(reader);
    if (arm === 1) return { kind: "secondsIndex", ...readSeconds(reader) };
    if (arm === 2) return { kind: "timestamp", ...readSeconds(reader) };
    if (arm === 3) return { kind: "localTimestamp", ...localTimestamp.decode(reader) };
    throw reader.fail(`unknown choice ${arm} of a time`, "unknown-choice", at);
  },
  encode(value, writer) {
    if (value.kind === "secondsIndex" && value.isBare === true) return writeSeconds(value, writer);
    writeTl(TL_TYPE.list, 2, writer);
    unsigned8.encode(value.kind === "secondsIndex" ? 1 : value.kind === "timestamp" ? 2 : 3, writer);
    if (value.kind === "localTimestamp") localTimestamp.encode(value, writer);
    else writeSeconds(value, writer);
  },
};

/** DZG meters leave leading zero octets out: then the width is kept. */
function readSeconds(reader: ByteReader): { seconds: number; width?: number } {
  const start = reader.position;
  const seconds = unsigned32.decode(reader);
  const width = reader.position - start - 1;
  return width === 4 ? { seconds } : { seconds, width };
}

function writeSeconds({ seconds, width }: { seconds: number; width?: number }, writer: ByteWriter): void {
  if (width === undefined) return unsigned32.encode(seconds, writer);
  writeTl(TL_TYPE.unsigned, width, writer);
  writeWidth(BigInt(seconds), width, writer);
}

/** Only what 32 bits can say: meters write anything here. */
function isoSecond(seconds: number): string | undefined {
  return seconds >= 0 && seconds <= 0xffff_ffff ? new Date(seconds * 1000).toISOString().replace(".000", "") : undefined;
}

/** SML_ListEntry: one value of a list. */
export const listEntry = record({
  objName: objectName,
  status: optional(sizedUnsigned),
  valTime: optional(smlTime),
  unit: optional(unit),
  scaler: optional(scaler),
  value: smlValue,
  valueSignature: optional(octetString),
});
export type SmlListEntry = ValueOf<typeof listEntry>;

/** SML_PeriodEntry: one channel of a profile list. */
export const periodEntry = record({
  objName: objectName,
  unit,
  scaler,
  value: smlValue,
  valueSignature: optional(octetString),
});
export type SmlPeriodEntry = ValueOf<typeof periodEntry>;

/** SML_Tree: parameters and what stands below them. */
export interface SmlTree {
  readonly parameterName: Uint8Array;
  readonly parameterValue?: SmlParameterValue | undefined;
  readonly children?: readonly SmlTree[] | undefined;
}

/** SML_ProcParValue. Tuples (EDL40) are kept as they are. */
export type SmlParameterValue =
  | { readonly kind: "value"; readonly value: SmlValue }
  | { readonly kind: "periodEntry"; readonly value: SmlPeriodEntry }
  | { readonly kind: "tuple"; readonly value: SmlValue }
  | { readonly kind: "time"; readonly value: SmlTime }
  | { readonly kind: "listEntry"; readonly value: SmlListEntry };

const PARAMETER_ARMS = [
  { tag: 1, kind: "value", codec: smlValue },
  { tag: 2, kind: "periodEntry", codec: periodEntry },
  { tag: 3, kind: "tuple", codec: smlValue },
  { tag: 4, kind: "time", codec: smlTime },
  { tag: 5, kind: "listEntry", codec: listEntry },
] as const;

const parameterValue: SmlCodec<SmlParameterValue> = {
  shape: { kind: "choice", arms: new Map(PARAMETER_ARMS.map(({ tag, kind, codec }) => [tag, { name: kind, shape: codec.shape }])) },
  decode(reader) {
    const at = reader.offset;
    const { type, length } = readTl(reader);
    if (type !== TL_TYPE.list || length !== 2) throw reader.fail(`a choice belongs here, not ${typeName(type)}`, "type", at);
    const tag = unsigned8.decode(reader);
    const arm = PARAMETER_ARMS.find((candidate) => candidate.tag === tag);
    if (arm === undefined) throw reader.fail(`unknown choice ${tag} of a parameter`, "unknown-choice", at);
    // Each arm's codec gives what its kind promises; the union of the pairs cannot be told to the compiler.
    return { kind: arm.kind, value: arm.codec.decode(reader) } as SmlParameterValue;
  },
  encode(value, writer) {
    const arm = PARAMETER_ARMS.find((candidate) => candidate.kind === value.kind) ?? PARAMETER_ARMS[0];
    writeTl(TL_TYPE.list, 2, writer);
    unsigned8.encode(arm.tag, writer);
    (arm.codec as SmlCodec<unknown>).encode(value.value, writer);
  },
};

/** Trees nest in trees: this bounds the stack. */
const TREE_DEPTH_MAX = 32;
const TREES: SmlCodec<SmlTree>[] = [];

/** One codec a level, made where it is needed. */
function treeAt(depth: number): SmlCodec<SmlTree> {
  return (TREES[depth] ??=
    depth >= TREE_DEPTH_MAX
      ? TOO_DEEP
      : record({
          parameterName: objectName,
          parameterValue: optional(parameterValue),
          children: optional(listOf(() => treeAt(depth + 1), "tree")),
        }));
}

const TOO_DEEP: SmlCodec<SmlTree> = {
  shape: { kind: "leaf" },
  decode(reader) {
    throw reader.fail(`trees nest deeper than ${TREE_DEPTH_MAX}`, "limit");
  },
  encode() {
    throw new UsageError(`trees nest deeper than ${TREE_DEPTH_MAX}`, { code: "limit" });
  },
};

export const smlTree: SmlCodec<SmlTree> = treeAt(0);
