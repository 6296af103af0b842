import { DecodeError, UsageError } from "@amity/bytes";
import { explainDsmr, isDsmr } from "@amity/dsmr";
import { explainIec6205621, isIec6205621 } from "@amity/iec62056-21";
import { explainSml, isSml } from "@amity/sml";
import {
  detectMbus,
  explainMbus,
  explainSeries,
  isCosemOverMbus,
  singleKey,
  type Explanation,
  type ExplainNode,
  type CivilDate,
  type KeyLookup,
} from "@amity/mbus";
import type { ExplainOptions } from "@amity/dlms";
import { explainCapture } from "./capture/explain-capture.ts";
import { isCapture } from "./capture/capture-file.ts";
import { explainRecording, protocolOfBegunRecording } from "./explain-recording.ts";
import { explainCosemOverMbus } from "./explain-cosem-over-mbus.ts";
import { explainDlmsOctets } from "./explain-dlms.ts";
import type { ExplainedField } from "./explained-field.ts";

export type { ExplainedField } from "./explained-field.ts";

export interface ExplainedInput {
  readonly protocol: string;
  readonly root: ExplainedField;
}

export interface ExplainInputOptions {
  readonly protocol?: string;
  readonly key?: Uint8Array;
  readonly authenticationKey?: Uint8Array;
  readonly systemTitle?: Uint8Array;
  /** M-Bus: the meter's civil date when it sent the frame (security mode 3). */
  readonly date?: CivilDate;
}

/** Protocols that `amity decode` explains, in the order in which they are guessed. */
export const EXPLAINABLE_PROTOCOLS: readonly string[] = ["dlms", "mbus", "wmbus", "sml", "p1", "iec62056-21"];

/** What is said of octets that look like nothing that is known. */
export const NOT_RECOGNISED = "not recognised";

/** What a capture of a network is called where no protocol is named: its conversations may be of several. */
const CAPTURE = "capture";

/** Explains octets, or a capture of a network (pcap, pcapng), by the protocol named, or by what they look like. */
export function explainInput(octets: Uint8Array, options: ExplainInputOptions): ExplainedInput {
  if (!isCapture(octets)) return explainLine(octets, options);
  const root = explainCapture(octets, (payload) => {
    const explained = explainLine(payload, options);
    return explained.protocol === NOT_RECOGNISED ? undefined : explained.root;
  });
  return { protocol: options.protocol ?? CAPTURE, root };
}

/** What went over one line in one direction, or one frame. */
function explainLine(octets: Uint8Array, options: ExplainInputOptions): ExplainedInput {
  const protocol = options.protocol ?? guess(octets);
  if (protocol === undefined) return { protocol: NOT_RECOGNISED, root: unrecognised(octets, options) };
  const keys = explainKeys(options);
  const recording = explainRecording(octets, protocol, (frame) => explainFrame(frame, protocol, options), keys);
  return { protocol, root: recording ?? explainFrame(octets, protocol, options) };
}

function explainFrame(octets: Uint8Array, protocol: string, options: ExplainInputOptions): ExplainedField {
  switch (protocol) {
    case "dlms":
      return explainDlms(octets, options);
    case "mbus":
    case "wmbus":
      return explainMbusFrame(octets, protocol, options);
    case "sml":
      return explainSml(octets);
    case "p1":
      return explainP1(octets, options);
    case "iec62056-21":
      return explainIec6205621(octets);
    default:
      throw new UsageError(`protocol "${protocol}" cannot be explained`, { code: "protocol" });
  }
}

/** DLMS over the wrapper, HDLC or bare APDUs begin with octets that M-Bus frames of the right length do not. */
function guess(octets: Uint8Array): string | undefined {
  const [first, second] = octets;
  if (first === 0x7e || (first === 0 && second === 1)) return "dlms";
  const line = octets.subarray(idleOctets(octets));
  if (isSml(octets)) return "sml";
  if (isDsmr(line)) return "p1";
  const begun = protocolOfBegunRecording(octets);
  if (begun !== undefined) return begun;
  // A line of text may have the length of a frame.
  if (isIdentificationLine(line)) return "iec62056-21";
  const mbus = detectMbus(octets);
  if (mbus === "mbus" && isCosemOverMbus(octets)) return "dlms";
  if (mbus !== undefined) return mbus;
  if (isIec6205621(line)) return "iec62056-21";
  return isDlmsApdu(octets) ? "dlms" : undefined;
}

/** `/`, a maker's letters or the sign-on's `?`, and letters to the end of the line. */
function isIdentificationLine(octets: Uint8Array): boolean {
  return /^\/(\?|[A-Za-z]{3}[0-9A-Za-z])[\x20-\x7e]{0,40}\r?\n/.test(String.fromCharCode(...octets.subarray(0, 64)));
}

/** Line ends of what was sent before, and the NULs that wake a meter of IEC 62056-21, stand in front of what is to be explained. */
function idleOctets(octets: Uint8Array): number {
  const at = octets.findIndex((octet) => octet !== 0 && octet !== 0x0a && octet !== 0x0d);
  return at < 0 ? 0 : at;
}

/** A bare APDU has nothing that marks it: it is one when it can be read as one, at its first field at least. */
function isDlmsApdu(octets: Uint8Array): boolean {
  const { error, children = [] } = explainDlmsOctets(octets, { keys: [], systemTitles: [] });
  return error === undefined || children.length > 0;
}

/** Nothing fits: the reason why it is not even a bare APDU is the best that can be said. */
function unrecognised(octets: Uint8Array, options: ExplainInputOptions): ExplainedField {
  const { error } = explainDlms(octets, options);
  const advice = `this looks like no frame of ${EXPLAINABLE_PROTOCOLS.join(", ")}; --protocol says which it is`;
  return { name: "octets", offset: 0, length: octets.length, error: error === undefined ? advice : `${advice} (as an APDU: ${error})` };
}

function explainP1(octets: Uint8Array, { key, authenticationKey }: ExplainInputOptions): ExplainedField {
  if (key === undefined) return explainDsmr(octets);
  const given = { label: "the given key", encryptionKey: key, ...(authenticationKey === undefined ? {} : { authenticationKey }) };
  return explainDsmr(octets, { keys: [given] });
}

function explainKeys({ key, authenticationKey, systemTitle }: ExplainInputOptions): ExplainOptions {
  const systemTitles = systemTitle === undefined ? [] : [systemTitle];
  if (key === undefined) return { keys: [], systemTitles };
  const given = { label: "the given key", encryptionKey: key, authenticationKey: authenticationKey ?? new Uint8Array(key.length) };
  return { keys: [given], systemTitles };
}

function explainDlms(octets: Uint8Array, options: ExplainInputOptions): ExplainedField {
  const { key, authenticationKey, systemTitle } = options;
  const given = explainKeys(options);
  const root = isCosemOverMbus(octets) ? explainCosemOverMbus(octets, given) : explainDlmsOctets(octets, given);
  const missing = [
    ...(key === undefined ? ["the encryption key (--key)"] : []),
    ...(authenticationKey === undefined ? ["the authentication key (--auth-key)"] : []),
    ...(systemTitle === undefined ? ["the sender's system title (--system-title)"] : []),
  ];
  return missing.length === 0 ? root : withAdvice(root, `not given: ${missing.join(", ")}`);
}

/** Says at what is not deciphered what else was needed, perhaps. */
function withAdvice(field: ExplainedField, advice: string): ExplainedField {
  const children = field.children?.map((child) => withAdvice(child, advice));
  const isClosed = field.name === "ciphertext" || (field.name === "deciphered" && field.error !== undefined);
  const said = isClosed ? { ...field, detail: advice } : field;
  return children === undefined ? said : { ...said, children };
}

/** Explains telegrams in the order in which they were sent: full wireless frames teach how compact ones are to be read. */
export function explainTelegrams(telegrams: readonly Uint8Array[], options: ExplainInputOptions): ExplainedInput {
  const explanations = explainSeries(telegrams, mbusKnowledge(options));
  const octets = telegrams.reduce((sum, { length }) => sum + length, 0);
  const root = {
    name: "recording",
    offset: 0,
    length: octets,
    value: `${telegrams.length} telegrams`,
    detail: "offsets count in each telegram",
    children: explanations.map(mbusFrameField),
  };
  return { protocol: explanations[0]?.protocol ?? NOT_RECOGNISED, root };
}

function mbusKnowledge({ key, date }: ExplainInputOptions): { readonly keys?: KeyLookup; readonly date?: CivilDate } {
  return { ...(key === undefined ? {} : { keys: singleKey(key) }), ...(date === undefined ? {} : { date }) };
}

function explainMbusFrame(octets: Uint8Array, protocol: "mbus" | "wmbus", options: ExplainInputOptions): ExplainedField {
  try {
    return mbusFrameField(explainMbus(octets, { protocol, ...mbusKnowledge(options) }));
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    return { name: "frame", offset: Math.max(0, error.offset), length: octets.length, error: error.message };
  }
}

function mbusFrameField({ root, summary, problems }: Explanation): ExplainedField {
  const faults = problems.map(({ message, offset, advice }): ExplainedField => ({
    name: "problem",
    offset: Math.max(0, offset),
    length: 0,
    error: advice === undefined ? message : `${message} (${advice})`,
  }));
  const field = mbusField(root);
  return { ...field, value: field.value ?? summary, children: [...(field.children ?? []), ...faults] };
}

function mbusField(node: ExplainNode): ExplainedField {
  const { value, unit, meaning, hex, children } = node;
  const text = value === undefined || value === null ? hex : `${value}${unit === undefined ? "" : ` ${unit}`}`;
  return {
    name: node.name,
    offset: Math.max(0, node.offset),
    length: node.octets,
    ...(text === undefined ? {} : { value: text }),
    ...(meaning === undefined ? {} : { detail: meaning }),
    ...(children === undefined ? {} : { children: children.map(mbusField) }),
  };
}
