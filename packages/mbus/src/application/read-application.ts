import { AmityError, DecodeError } from "@amity/bytes";
import { linkAddressOctets, type MeterAddress } from "../link/address.ts";
import type { KeyLookup } from "../transport/meter-key.ts";
import { openPayload, type SecurityOutcome } from "../transport/open-payload.ts";
import { readTransportHeader, type TransportHeader } from "../transport/transport-header.ts";
import { applicationErrorText } from "./application-error.ts";
import { readCompactFrame, type FormatStore } from "./compact-frame.ts";
import { CONTROL_INFORMATION, type ApplicationKind, type ControlInformation } from "./control-information.ts";
import { readFixedData, type FixedData } from "./fixed-data.ts";
import { readRecords } from "./read-records.ts";
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
  readonly checkMac?: (meter: MeterAddress, link: Uint8Array | undefined) => SecurityOutcome["mac"];
  readonly formats?: FormatStore | undefined;
  /** Problems of the layers below come first. */
  readonly problems?: readonly AmityError[];
}

const CLEAR: SecurityOutcome = { mode: 0, name: "none", status: "none", mac: "none" };
const NO_RECORDS: readonly DataRecord[] = [];
const MANUFACTURER: ControlInformation = { name: "manufacturer specific", header: "none", application: "manufacturer", direction: "both" };

/**
 * Reads transport and application layer from the CI field at `at` to `end`. Never throws on content: what broke is in
 * `problems`, with its offset, beside all that was sound.
 */
export function readApplication(data: Uint8Array, at: number, end: number, context: ApplicationContext = {}): Application {
  const problems: AmityError[] = [...(context.problems ?? [])];
  const ci = data[at] ?? 0;
  const known = CONTROL_INFORMATION[ci] ?? (ci >= 0xa0 && ci <= 0xb7 ? MANUFACTURER : undefined);
  if (known === undefined || at >= end) {
    const reason = at >= end ? "truncated: no CI field" : `CI 0x${ci.toString(16)} is not known`;
    problems.push(new DecodeError(reason, { offset: at, code: at >= end ? "truncated" : "unknown-ci" }));
    return finish(
      data,
      at,
      { kind: "manufacturer", name: "unknown", manufacturerData: data.slice(Math.min(at + 1, end), end), manufacturerOffset: at + 1 },
      problems,
    );
  }
  const frame: Opened = { ci: known, data, from: at + 1, header: undefined, meter: context.linkMeter, security: CLEAR };
  if (known.header !== "none") {
    try {
      openHeader(frame, at, end, context, problems);
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      problems.push(error.within("transport"));
      return finish(data, at, { kind: known.application, name: known.name, meter: context.linkMeter }, problems);
    }
  }
  const base = {
    kind: known.application,
    name: known.name,
    header: frame.header,
    meter: frame.meter,
    security: frame.security,
    payloadOffset: frame.from,
  };
  const content = readContent(frame, end, context, problems);
  return finish(frame.data, at, { ...base, ...content }, problems);
}

interface Opened {
  readonly ci: ControlInformation;
  data: Uint8Array;
  from: number;
  header: TransportHeader | undefined;
  meter: MeterAddress | undefined;
  security: SecurityOutcome;
}

function openHeader(frame: Opened, at: number, end: number, context: ApplicationContext, problems: AmityError[]): void {
  const header = readTransportHeader(frame.data, at + 1, end, frame.ci.header === "long" ? "long" : "short");
  frame.header = header;
  frame.from = header.payloadOffset;
  const meter = header.address ?? context.linkMeter;
  frame.meter = meter;
  if (header.securityMode === 0 && context.checkMac === undefined) return;
  if (meter === undefined) {
    problems.push(new DecodeError("encrypted, but no layer names the meter", { offset: at, code: "no-address" }));
    frame.from = end;
    return;
  }
  const linkAddress = header.address === undefined ? context.linkAddress : wireOrder(frame.data, at + 1);
  const opened = openPayload(frame.data, end, header, {
    meter,
    linkAddress: linkAddress ?? linkAddressOctets(meter),
    key: context.keys?.(meter),
    counter: context.counter,
    mac: context.checkMac?.(meter, linkAddress) ?? "none",
    direction: frame.ci.direction === "toMeter" ? "toMeter" : "fromMeter",
  });
  frame.data = opened.data;
  frame.from = opened.readableFrom;
  frame.security = opened.outcome;
  if (opened.problem !== undefined) problems.push(opened.problem);
}

/** Long header order (identification, manufacturer, version, type) to link order (manufacturer first). */
function wireOrder(data: Uint8Array, at: number): Uint8Array {
  const out = new Uint8Array(8);
  out.set(data.subarray(at + 4, at + 6), 0);
  out.set(data.subarray(at, at + 4), 2);
  out.set(data.subarray(at + 6, at + 8), 6);
  return out;
}

type Content = Partial<Omit<Application, "kind" | "name" | "problems" | "controlInformation">>;

function readContent(frame: Opened, end: number, context: ApplicationContext, problems: AmityError[]): Content {
  const { data, from } = frame;
  switch (frame.ci.application) {
    case "records": {
      if (frame.ci.isBigEndian === true) {
        problems.push(new DecodeError("records with the most significant octet first are not read", { offset: from, code: "unsupported" }));
        return { manufacturerData: data.slice(from, end), manufacturerOffset: from };
      }
      const list = readRecords(data, from, end);
      if (list.problem !== undefined) problems.push(list.problem);
      return list;
    }
    case "compactRecords":
      return readCompact(frame, end, context, problems);
    case "fixed":
      try {
        return { fixed: readFixedData(data, from) };
      } catch (error) {
        if (!(error instanceof DecodeError)) throw error;
        problems.push(error.within("fixed"));
        return {};
      }
    case "applicationError":
      return { applicationError: applicationErrorText(from < end ? data[from] : undefined) };
    case "alarm":
      return { alarm: from < end ? (data[from] ?? 0) : 0 };
    default:
      return from < end ? { manufacturerData: data.slice(from, end), manufacturerOffset: from } : {};
  }
}

function readCompact(frame: Opened, end: number, context: ApplicationContext, problems: AmityError[]): Content {
  const { data, from } = frame;
  const rest = { manufacturerData: data.slice(from, end), manufacturerOffset: from };
  if (context.formats === undefined) {
    problems.push(
      new DecodeError("a compact frame needs the layouts of full frames", {
        offset: from,
        code: "unknown-format",
        advice: "pass `formats`",
      }),
    );
    return rest;
  }
  try {
    const compact = readCompactFrame(data, from, end, context.formats);
    if (compact.problem !== undefined) problems.push(compact.problem);
    return { ...compact, payload: compact.expanded, payloadOffset: 0 };
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    problems.push(error.within("compact"));
    return rest;
  }
}

function finish(
  data: Uint8Array,
  at: number,
  content: Content & { kind: ApplicationKind; name: string },
  problems: readonly AmityError[],
): Application {
  return {
    controlInformation: data[at] ?? 0,
    name: content.name,
    kind: content.kind,
    header: content.header,
    meter: content.meter,
    security: content.security ?? CLEAR,
    records: content.records ?? NO_RECORDS,
    fixed: content.fixed,
    manufacturerData: content.manufacturerData,
    manufacturerOffset: content.manufacturerOffset ?? -1,
    moreFollows: content.moreFollows ?? false,
    applicationError: content.applicationError,
    alarm: content.alarm,
    problems,
    payload: content.payload ?? data,
    payloadOffset: content.payloadOffset ?? at + 1,
  };
}
