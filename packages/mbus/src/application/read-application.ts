import { DecodeError, type AmityError } from "@amity/bytes";
import { linkAddressOctets, type MeterAddress } from "../link/address.ts";
import type { KeyLookup } from "../transport/meter-key.ts";
import { openPayload, type SecurityOutcome } from "../transport/open-payload.ts";
import { readTransportHeader, type TransportHeader } from "../transport/transport-header.ts";
import { applicationErrorText } from "./application-error.ts";
import { readCompactFrame, type CompactFrame, type FormatStore } from "./compact-frame.ts";
import { CONTROL_INFORMATION, renewedMeaning, type ApplicationKind, type ControlInformation } from "./control-information.ts";
import type { CivilDate } from "./data-types.ts";
import { readFixedData, type FixedData } from "./fixed-data.ts";
import { readImageTransfer, type ImageTransfer } from "./image-transfer.ts";
import { fixedLeastSignificantFirst, leastSignificantFirst } from "./most-significant-first.ts";
import { noteUnknownValueInfo } from "./unknown-value-info.ts";
import { readRecords, type RecordList } from "./read-records.ts";
import type { DataRecord } from "./record.ts";

/** What a message says, from its CI field on. */
export interface Application {
  readonly controlInformation: number;
  readonly name: string;
  readonly kind: ApplicationKind;
  readonly header: TransportHeader | undefined;
  /** Who the data are about: the long header's meter, else the link layer's. */
  readonly meter: MeterAddress | undefined;
  readonly security: SecurityOutcome;
  readonly records: readonly DataRecord[];
  readonly fixed: FixedData | undefined;
  /** Octets that the standard leaves to the manufacturer, as sent; with their offset. */
  readonly manufacturerData: Uint8Array | undefined;
  readonly manufacturerOffset: number;
  readonly moreFollows: boolean;
  /** Text of an application error (CI 6E, 6F, 70). */
  readonly applicationError: string | undefined;
  /** Alarm octet (CI 71, 74, 75). */
  readonly alarm: number | undefined;
  readonly imageTransfer: ImageTransfer | undefined;
  /** What a compact frame says by a layout of its signature, where the CRC of the full frame (a problem) speaks against it. */
  readonly doubtful: CompactFrame | undefined;
  /** What was wrong. Everything else in here was sound. */
  readonly problems: readonly AmityError[];
  /** The octets that record offsets count in: the frame with its encrypted part opened, or an expanded compact frame. */
  readonly payload: Uint8Array;
  /** First octet of application data in `payload`. */
  readonly payloadOffset: number;
}

/** What the layers below know. */
export interface ApplicationContext {
  /** Meter of the link layer (wireless). */
  readonly linkMeter?: MeterAddress;
  readonly linkAddress?: Uint8Array;
  readonly keys?: KeyLookup | undefined;
  readonly counter?: Uint8Array | undefined;
  /** Checks the AFL's MAC once the meter is known; `none` where there is no AFL. */
  readonly checkMac?: (meter: MeterAddress, link: Uint8Array | undefined, direction: "fromMeter" | "toMeter") => SecurityOutcome["mac"];
  readonly formats?: FormatStore | undefined;
  /** The meter's civil date at transmission: security mode 3 opens with it only. */
  readonly date?: CivilDate | undefined;
  /** Problems of the layers below come first. */
  readonly problems?: readonly AmityError[];
}

const CLEAR: SecurityOutcome = { mode: 0, name: "none", status: "none", mac: "none" };
const NO_RECORDS: readonly DataRecord[] = [];
const MANUFACTURER: ControlInformation = { name: "manufacturer specific", header: "none", application: "manufacturer", direction: "both" };

/** An application under construction: every field is there from the start, so that all share one shape (and are quick to make). */
type Draft = { -readonly [K in keyof Application]: K extends "problems" ? AmityError[] : Application[K] };

/**
 * Reads transport and application layer from the CI field at `at` to `end`. Never throws on content: what broke is in
 * `problems`, with its offset, beside all that was sound.
 */
export function readApplication(data: Uint8Array, at: number, end: number, context: ApplicationContext = {}): Application {
  const ci = at < end ? (data[at] ?? 0) : -1;
  const known = renewedMeaning(ci, end - at - 1, context.linkMeter !== undefined) ?? CI_TABLE[ci];
  const draft = blankApplication(known?.isBigEndian === true ? turned(data, known, at, end) : data, at, ci, context.linkMeter);
  if (context.problems !== undefined) draft.problems.push(...context.problems);
  if (known === undefined) {
    const reason = ci < 0 ? "truncated: no CI field" : `CI 0x${ci.toString(16)} is not known`;
    draft.problems.push(new DecodeError(reason, { offset: at, code: ci < 0 ? "truncated" : "unknown-ci" }));
    if (ci >= 0) setManufacturerData(draft, at + 1, end);
    return draft;
  }
  draft.name = known.name;
  draft.kind = known.application;
  let contentEnd = end;
  if (known.header !== "none") {
    try {
      contentEnd = openHeader(draft, known, at, end, context);
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      draft.problems.push(error.within("transport"));
      return draft;
    }
  }
  readContent(draft, known, contentEnd, context);
  return draft;
}

/** A message of nothing: what telegrams that end with the link layer come to, and where every other one starts. */
export function blankApplication(data: Uint8Array, at: number, controlInformation: number, meter: MeterAddress | undefined): Draft {
  return {
    controlInformation,
    name: "unknown",
    kind: "manufacturer",
    header: undefined,
    meter,
    security: CLEAR,
    records: NO_RECORDS,
    fixed: undefined,
    manufacturerData: undefined,
    manufacturerOffset: -1,
    moreFollows: false,
    applicationError: undefined,
    alarm: undefined,
    imageTransfer: undefined,
    doubtful: undefined,
    problems: [],
    payload: data,
    payloadOffset: Math.min(at + 1, data.length),
  };
}

/** Messages with the most significant octet first are read from a copy in the usual order. */
function turned(data: Uint8Array, known: ControlInformation, at: number, end: number): Uint8Array {
  if (known.application === "fixed") return fixedLeastSignificantFirst(data, at + 1);
  if (known.application !== "records") return data;
  const isLong = known.header === "long";
  return leastSignificantFirst(data, { headerFrom: isLong ? at + 1 : undefined, recordsFrom: at + 1 + (isLong ? 12 : 0), end });
}

/** By CI, A0-B7 included: an array is quicker than an object with gaps. */
const CI_TABLE: readonly (ControlInformation | undefined)[] = Array.from(
  { length: 256 },
  (_, ci) => CONTROL_INFORMATION[ci] ?? (ci >= 0xa0 && ci <= 0xb7 ? MANUFACTURER : undefined),
);

/** Reads the header and opens what stands behind it; gives the end of the content. */
function openHeader(draft: Draft, known: ControlInformation, at: number, end: number, context: ApplicationContext): number {
  const header = readTransportHeader(draft.payload, at + 1, end, known.header === "long" ? "long" : "short");
  draft.header = header;
  draft.payloadOffset = header.payloadOffset;
  const meter = header.address ?? context.linkMeter;
  draft.meter = meter;
  if (header.securityMode === 0 && context.checkMac === undefined) return end;
  if (meter === undefined) {
    draft.problems.push(new DecodeError("encrypted, but no layer names the meter", { offset: at, code: "no-address" }));
    draft.payloadOffset = end;
    return end;
  }
  const linkAddress = header.address === undefined ? context.linkAddress : wireOrder(draft.payload, at + 1);
  const direction = known.direction === "toMeter" ? "toMeter" : "fromMeter";
  const opened = openPayload(draft.payload, end, header, {
    meter,
    linkAddress: linkAddress ?? linkAddressOctets(meter),
    // Behind an adapter the key is the meter's; people file it under the adapter's number as well.
    key: context.keys?.(meter) ?? (context.linkMeter === undefined ? undefined : context.keys?.(context.linkMeter)),
    counter: context.counter,
    mac: context.checkMac === undefined ? "none" : context.checkMac(meter, linkAddress, direction),
    direction,
    date: context.date,
  });
  draft.payload = opened.data;
  draft.payloadOffset = opened.readableFrom;
  draft.security = opened.outcome;
  if (opened.problem !== undefined) draft.problems.push(opened.problem);
  return opened.readableTo ?? end;
}

/** Long header order (identification, manufacturer, version, type) to link order (manufacturer first). */
function wireOrder(data: Uint8Array, at: number): Uint8Array {
  const out = new Uint8Array(8);
  out.set(data.subarray(at + 4, at + 6), 0);
  out.set(data.subarray(at, at + 4), 2);
  out.set(data.subarray(at + 6, at + 8), 6);
  return out;
}

function readContent(draft: Draft, known: ControlInformation, end: number, context: ApplicationContext): void {
  const from = draft.payloadOffset;
  switch (known.application) {
    case "records":
      return setRecords(draft, readRecords(draft.payload, from, end));
    case "compactRecords":
      return readCompact(draft, end, context);
    case "fixed":
      try {
        draft.fixed = readFixedData(draft.payload, from, end);
      } catch (error) {
        if (!(error instanceof DecodeError)) throw error;
        draft.problems.push(error.within("fixed"));
      }
      return;
    case "imageTransfer":
      try {
        draft.imageTransfer = readImageTransfer(draft.payload, from, end);
      } catch (error) {
        if (!(error instanceof DecodeError)) throw error;
        draft.problems.push(error.within("imageTransfer"));
      }
      return;
    case "applicationError":
      draft.applicationError = applicationErrorText(from < end ? draft.payload[from] : undefined);
      return;
    case "alarm":
      draft.alarm = from < end ? (draft.payload[from] ?? 0) : 0;
      return;
    default:
      if (from < end) setManufacturerData(draft, from, end);
  }
}

function setRecords(draft: Draft, list: RecordList): void {
  draft.records = list.records;
  draft.manufacturerData = list.manufacturerData;
  draft.manufacturerOffset = list.manufacturerOffset;
  draft.moreFollows = list.moreFollows;
  noteUnknownValueInfo(draft.payload, list.records, draft.problems);
  if (list.problem !== undefined) draft.problems.push(list.problem);
}

function setManufacturerData(draft: Draft, from: number, end: number): void {
  draft.manufacturerData = draft.payload.slice(from, end);
  draft.manufacturerOffset = from;
}

/** Decryption leaves its two check octets in front: records pass over them as fillers, layouts do not. */
function behindCheckOctets({ payload, security }: Draft, from: number, end: number): number {
  const isChecked = security.status === "decrypted" || security.status === "plaintext";
  return isChecked && end - from >= 2 && payload[from] === 0x2f && payload[from + 1] === 0x2f ? from + 2 : from;
}

function readCompact(draft: Draft, end: number, context: ApplicationContext): void {
  const from = draft.payloadOffset;
  if (context.formats === undefined) {
    draft.problems.push(
      new DecodeError("a compact frame needs the layouts of full frames", {
        offset: from,
        code: "unknown-format",
        advice: "pass `formats`",
      }),
    );
    return setManufacturerData(draft, from, end);
  }
  const compact = readCompactFrame(draft.payload, behindCheckOctets(draft, from, end), end, context.formats);
  if ("expanded" in compact) {
    setRecords(draft, compact);
    draft.payload = compact.expanded;
    draft.payloadOffset = 0;
    return;
  }
  draft.problems.push(compact.problem.within("compact"));
  draft.doubtful = compact.doubtful;
  setManufacturerData(draft, from, end);
}
