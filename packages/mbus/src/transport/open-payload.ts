import { DecodeError, SecurityError, type AmityError } from "@amity/bytes";
import { DES_OCTETS } from "@amity/crypto";
import { linkAddressOctets, type MeterAddress } from "../link/address.ts";
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
}

const BLOCK = 16;
const DES_MODE = 2;
const OPENED_MODES: ReadonlySet<number> = new Set([DES_MODE, 4, 5, 7]);
const NO_IV = new Uint8Array(BLOCK);

/** Opens what the header's security mode closed: modes 0, 2, 4, 5 and 7 here; the others keep their octets. Never throws on content. */
export function openPayload(data: Uint8Array, end: number, header: TransportHeader, context: OpenContext): OpenedPayload {
  const mode = header.securityMode;
  const start = header.payloadOffset;
  const blocks = (header.configuration >> 4) & 0x0f;
  // Where a security mode is today, old wired meters kept a signature nobody used: reserved codes protect nothing.
  if (mode === 0 || SECURITY_MODES[mode] === undefined || (OPENED_MODES.has(mode) && blocks === 0))
    return clear(data, start, mode, context);
  if (!OPENED_MODES.has(mode)) {
    if (looksOpen(data, start, end)) return opened(data, start, mode, context, "plaintext");
    const advice = mode === 13 ? "its TLS records are for the session that holds the keys (`tlsChannel`)" : "no key can open it here";
    const problem = new SecurityError(`security mode ${mode} (${modeName(mode)}) is not opened`, { code: "unsupported-mode", advice });
    return closed(data, end, { mode, context, status: "unsupported", problem });
  }
  return openCbc(data, end, header, context);
}

function openCbc(data: Uint8Array, end: number, header: TransportHeader, context: OpenContext): OpenedPayload {
  const mode = header.securityMode;
  const start = header.payloadOffset;
  const blockOctets = mode === DES_MODE ? DES_OCTETS : BLOCK;
  const announced = announcedOctets(header, blockOctets);
  const available = Math.min(announced, Math.floor((end - start) / blockOctets) * blockOctets);
  const isShort = available < announced;
  const shortage = isShort
    ? new DecodeError(`truncated: ${announced} encrypted octets announced, ${end - start} are left`, { offset: end, code: "truncated" })
    : undefined;
  // A key of the other algorithm is no key.
  const key = (context.key?.algorithm === "des") === (mode === DES_MODE) ? context.key : undefined;
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
      advice: mode === DES_MODE ? "give the meter's DES key (8 octets)" : "give the meter's AES-128 key",
    });
    return closed(data, readableFrom, { mode, context, status: "missing-key", problem });
  }
  if (decrypt === undefined) {
    const problem = new SecurityError("security mode 7 needs the message counter of the AFL to derive its key", {
      code: "missing-counter",
    });
    return closed(data, readableFrom, { mode, context, status: "unsupported", problem });
  }
  const problem = new SecurityError(`the key of meter ${context.meter.id} does not open this message: 2F2F was expected`, {
    code: "wrong-key",
    advice: "check key, meter address and, behind a radio adapter, whose address the key belongs to",
  });
  return closed(data, readableFrom, { mode, context, status: "wrong-key", problem });
}

/** DES meters announce octets (low octet of the configuration field), the others blocks (its bits 4 to 7). */
function announcedOctets(header: TransportHeader, blockOctets: number): number {
  return blockOctets === DES_OCTETS ? header.configuration & 0xff : ((header.configuration >> 4) & 0x0f) * blockOctets;
}

/** How the payload is opened; `undefined` where what the key is derived from is missing. */
function decryption(key: MeterKey, header: TransportHeader, context: OpenContext): ((blocks: Uint8Array) => Uint8Array) | undefined {
  if (header.securityMode === DES_MODE) return (blocks) => key.desDecrypt(blocks);
  const cipher = header.securityMode === 7 ? derived(key, context) : key.cipher;
  const iv = header.securityMode === 5 ? initialVector(header, context) : NO_IV;
  return cipher === undefined ? undefined : (blocks) => cipher.cbcDecrypt(iv, blocks);
}

function derived(key: MeterKey, context: OpenContext) {
  if (context.counter === undefined) return undefined;
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
