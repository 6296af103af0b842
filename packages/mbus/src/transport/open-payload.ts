import { AmityError, DecodeError, SecurityError } from "@amity/bytes";
import { DES_OCTETS } from "@amity/crypto";
import type { CivilDate } from "../application/data-types.ts";
import { linkAddressOctets, type MeterAddress } from "../link/address.ts";
import { desInitialVector } from "./des-mode.ts";
import { openGcm } from "./gcm-mode.ts";
import { unscrambleRealData } from "./prios.ts";
import { DERIVATION, type MeterKey } from "./meter-key.ts";
import { SECURITY_MODES, type TransportHeader } from "./transport-header.ts";

/** How the protection of a message came out. */
export interface SecurityOutcome {
  readonly mode: number;
  readonly name: string;
  /**
   * `none`: sent in clear. `decrypted`: opened and its check octets were right. `plaintext`: announced as encrypted, but
   * somebody has opened it already. The rest say why the content stays closed.
   */
  readonly status: "none" | "decrypted" | "plaintext" | "missing-key" | "wrong-key" | "unsupported" | "damaged";
  /** The message authentication code of the AFL, where there is one: `unchecked` without a key. */
  readonly mac: "none" | "matches" | "differs" | "unchecked";
}

/** What `openPayload` hands back. `data` is a copy where something was decrypted, same offsets. */
export interface OpenedPayload {
  readonly data: Uint8Array;
  /** First octet that is readable: behind the encrypted part where that stayed closed. */
  readonly readableFrom: number;
  /** End of what is readable, where an authentication tag follows it. */
  readonly readableTo?: number;
  readonly outcome: SecurityOutcome;
  readonly problem: AmityError | undefined;
}

/** What decryption needs beside the header. */
export interface OpenContext {
  readonly meter: MeterAddress;
  /** M, A, version, type as they stand in the frame (link order); built from `meter` where absent. */
  readonly linkAddress?: Uint8Array;
  readonly key: MeterKey | undefined;
  /** MCR of the AFL. */
  readonly counter: Uint8Array | undefined;
  readonly mac: SecurityOutcome["mac"];
  readonly direction: "fromMeter" | "toMeter";
  /** The meter's civil date at transmission: part of the initial vector of mode 3, and in no message. */
  readonly date?: CivilDate | undefined;
}

const BLOCK = 16;
/** Above the modes of the standard Diehl's meters keep a sum of what they scramble. */
const FIRST_RESERVED_MODE = 16;
const DIEHL: ReadonlySet<string> = new Set(["DME", "EWT", "HYD", "SAP", "SPL"]);
const CBC_MODES: ReadonlySet<number> = new Set([2, 3, 4, 5, 7]);
const GCM_MODE = 9;
const NO_IV = new Uint8Array(BLOCK);

/** Opens what the header's security mode closed: modes 0, 2 to 5, 7 and 9 here; the others keep their octets. Never throws on content. */
export function openPayload(data: Uint8Array, end: number, header: TransportHeader, context: OpenContext): OpenedPayload {
  const mode = header.securityMode;
  const start = header.payloadOffset;
  const blocks = (header.configuration >> 4) & 0x0f;
  // Where a security mode is today, old wired meters kept a signature nobody used: reserved codes protect nothing.
  if (mode >= FIRST_RESERVED_MODE && DIEHL.has(context.meter.manufacturer)) {
    const plain = unscrambleRealData(data.subarray(0, end), header.offset - 1);
    if (plain !== undefined) {
      const out = data.slice();
      out.set(plain, header.offset);
      return opened(out, start, mode, context, "none");
    }
  }
  if (mode === 0 || SECURITY_MODES[mode] === undefined || (CBC_MODES.has(mode) && blocks === 0 && announcedOctets(header) === 0))
    return clear(data, start, mode, context);
  if (mode === GCM_MODE && context.key?.algorithm === "aes") return openSealed(data, end, header, { ...context, key: context.key });
  if (!CBC_MODES.has(mode)) {
    if (looksOpen(data, start, end)) return opened(data, start, mode, context, "plaintext");
    const advice = mode === 13 ? "its TLS records are for the session that holds the keys (`tlsChannel`)" : "no key can open it here";
    const problem = new SecurityError(`security mode ${mode} (${modeName(mode)}) is not opened`, {
      code: "unsupported-mode",
      offset: start,
      advice,
    });
    return closed(data, end, { mode, context, status: "unsupported", problem });
  }
  return openCbc(data, end, header, context);
}

/** Mode 9: the tag proves key and content at once. */
function openSealed(data: Uint8Array, end: number, header: TransportHeader, context: OpenContext & { key: MeterKey }): OpenedPayload {
  const mode = header.securityMode;
  try {
    const { from, content } = openGcm(data, end, header, context);
    const out = data.slice();
    out.set(content, from);
    const outcome = outcomeOf(mode, "decrypted", context.mac);
    return { data: out, readableFrom: from, readableTo: from + content.length, outcome, problem: undefined };
  } catch (problem) {
    if (!(problem instanceof AmityError)) throw problem;
    if (looksOpen(data, header.payloadOffset, end)) return opened(data, header.payloadOffset, mode, context, "plaintext");
    const status = problem.code === "wrong-key" ? "wrong-key" : problem.code === "truncated" ? "damaged" : "unsupported";
    return closed(data, end, { mode, context, status, problem });
  }
}

function openCbc(data: Uint8Array, end: number, header: TransportHeader, outer: OpenContext): OpenedPayload {
  const mode = header.securityMode;
  const isDes = isDesMode(mode);
  const { start, context } = counterInHeader(data, end, header, outer);
  const blockOctets = isDes ? DES_OCTETS : BLOCK;
  const announced = announcedOctets(header);
  const available = Math.floor(Math.min(announced, end - start) / blockOctets) * blockOctets;
  const isShort = available < announced;
  const shortage = isShort ? shortageOf(announced, end - start, end) : undefined;
  // A key of the other algorithm is no key.
  const key = (context.key?.algorithm === "des") === isDes ? context.key : undefined;
  const decrypt = key === undefined ? undefined : decryption(key, header, context);
  if (decrypt !== undefined && available > 0) {
    const plain = decrypt(data.subarray(start, start + available));
    if (plain[0] === 0x2f && plain[1] === 0x2f) {
      const out = data.slice();
      out.set(plain, start);
      return { data: out, readableFrom: start, outcome: outcomeOf(mode, "decrypted", context.mac), problem: shortage };
    }
  }
  if (looksOpen(data, start, end)) return opened(data, start, mode, context, "plaintext");
  const readableFrom = Math.min(start + announced, end);
  if (isShort) return closed(data, readableFrom, { mode, context, status: "damaged", problem: shortage });
  if (key === undefined) {
    const problem = new SecurityError(`no key for meter ${context.meter.id}`, {
      code: "missing-key",
      offset: start,
      advice: isDes ? "give the meter's DES key (8 octets)" : "give the meter's AES-128 key",
    });
    return closed(data, readableFrom, { mode, context, status: "missing-key", problem });
  }
  if (decrypt === undefined) return closed(data, readableFrom, { mode, context, status: "unsupported", problem: missingInput(mode) });
  const problem = new SecurityError(`the key of meter ${context.meter.id} does not open this message: 2F2F was expected`, {
    code: "wrong-key",
    offset: start,
    advice: "check key, meter address and, behind a radio adapter, whose address the key belongs to",
  });
  return closed(data, readableFrom, { mode, context, status: "wrong-key", problem });
}

/** Less than was announced, or (DES, which counts octets) an announcement that no blocks add up to. */
function shortageOf(announced: number, left: number, end: number): DecodeError {
  if (announced > left)
    return new DecodeError(`truncated: ${announced} encrypted octets announced, ${left} are left`, { offset: end, code: "truncated" });
  return new DecodeError(`${announced} encrypted octets are no whole blocks`, { offset: end, code: "block-length" });
}

/** What a mode needs beside the key, and was not there. */
function missingInput(mode: number): SecurityError {
  if (mode === 7) {
    return new SecurityError("security mode 7 needs a message counter (of the AFL, or in its own header) to derive its key", {
      code: "missing-counter",
    });
  }
  return new SecurityError("security mode 3 needs the date on which the meter sent the message, which is in no message", {
    code: "missing-date",
    advice: "give the meter's civil date at transmission",
  });
}

/** Mode 7 without an AFL brings its counter itself (bit Z, behind the extension); a key version (bit V) stands behind that. */
function counterInHeader(
  data: Uint8Array,
  end: number,
  header: TransportHeader,
  context: OpenContext,
): { start: number; context: OpenContext } {
  let start = header.payloadOffset;
  if (header.securityMode !== 7) return { start, context };
  let { counter } = context;
  if ((header.configuration & 0x2000) !== 0 && counter === undefined) {
    counter = data.subarray(start, Math.min(start + 4, end));
    start += 4;
  }
  if (((header.configurationExtension ?? 0) & 0x40) !== 0) start += 1;
  return { start: Math.min(start, end), context: counter === context.counter ? context : { ...context, counter } };
}

function isDesMode(mode: number): boolean {
  return mode === 2 || mode === 3;
}

/** DES meters announce octets (low octet of the configuration field), the others blocks (its bits 4 to 7). */
function announcedOctets({ configuration, securityMode }: TransportHeader): number {
  return isDesMode(securityMode) ? configuration & 0xff : ((configuration >> 4) & 0x0f) * BLOCK;
}

/** How the payload is opened; `undefined` where something that key or vector are made of is missing. */
function decryption(key: MeterKey, header: TransportHeader, context: OpenContext): ((blocks: Uint8Array) => Uint8Array) | undefined {
  const { securityMode: mode } = header;
  if (mode === 2 || mode === 3) {
    if (mode === 3 && context.date === undefined) return undefined;
    const iv = desInitialVector(mode, context.linkAddress ?? linkAddressOctets(context.meter), context.date);
    return (blocks) => key.desDecrypt(iv, blocks);
  }
  const cipher = mode === 7 ? derived(key, header, context) : key.cipher;
  const iv = mode === 5 ? initialVector(header, context) : NO_IV;
  return cipher === undefined ? undefined : (blocks) => cipher.cbcDecrypt(iv, blocks);
}

/** The message's own key: bits 4 and 5 of the extension say how it is derived, 0 not at all (EN 13757-7, table 25). */
function derived(key: MeterKey, header: TransportHeader, context: OpenContext) {
  if (((header.configurationExtension ?? 0) & 0x30) === 0) return key.cipher;
  if (context.counter === undefined || context.counter.length < 4) return undefined;
  const constant = context.direction === "fromMeter" ? DERIVATION.encryptFromMeter : DERIVATION.encryptToMeter;
  return key.derive(constant, context.counter, identificationOf(context));
}

/** M (2) A (6) of the meter, then the access number eight times (OMS Vol. 2, 9.3). */
function initialVector(header: TransportHeader, context: OpenContext): Uint8Array {
  const iv = new Uint8Array(BLOCK).fill(header.accessNumber, 8);
  iv.set(context.linkAddress ?? linkAddressOctets(context.meter), 0);
  return iv;
}

/** Identification number as sent: octets 2 to 5 of the link address. */
export function identificationOf(context: Pick<OpenContext, "meter" | "linkAddress">): Uint8Array {
  return (context.linkAddress ?? linkAddressOctets(context.meter)).subarray(2, 6);
}

function looksOpen(data: Uint8Array, start: number, end: number): boolean {
  return end - start >= 2 && data[start] === 0x2f && data[start + 1] === 0x2f;
}

function clear(data: Uint8Array, start: number, mode: number, context: OpenContext): OpenedPayload {
  return opened(data, start, mode, context, "none");
}

function opened(data: Uint8Array, start: number, mode: number, context: OpenContext, status: "none" | "plaintext"): OpenedPayload {
  return { data, readableFrom: start, outcome: outcomeOf(mode, status, context.mac), problem: undefined };
}

function closed(
  data: Uint8Array,
  readableFrom: number,
  why: { mode: number; context: OpenContext; status: SecurityOutcome["status"]; problem: AmityError | undefined },
): OpenedPayload {
  return { data, readableFrom, outcome: outcomeOf(why.mode, why.status, why.context.mac), problem: why.problem };
}

function outcomeOf(mode: number, status: SecurityOutcome["status"], mac: SecurityOutcome["mac"]): SecurityOutcome {
  return { mode, name: modeName(mode), status, mac };
}

function modeName(mode: number): string {
  return SECURITY_MODES[mode] ?? "reserved";
}
