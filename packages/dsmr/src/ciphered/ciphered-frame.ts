import { ByteReader, ByteWriter, DecodeError, SecurityError, UsageError, berLength } from "@amity/bytes";
import { GCM_TAG_OCTETS, gcmDecrypt, gcmEncrypt, gcmEncryptOnly } from "@amity/crypto";
import { TELEGRAM_OCTETS_MAX } from "../telegram/telegram.ts";

/** A telegram in general-glo-ciphering (Luxembourg Smarty P1, Austria): `DB 08 title length control counter content tag`. */
export interface CipheredFrame {
  readonly systemTitle: Uint8Array;
  readonly securityControl: number;
  readonly invocationCounter: number;
  /** With the tag. */
  readonly content: Uint8Array;
}

export interface P1Keys {
  readonly encryptionKey: Uint8Array;
  /** Without it the tag cannot be checked: then nothing proves who sent the telegram, and `isAuthenticated` is false. */
  readonly authenticationKey?: Uint8Array;
}

export interface OpenedFrame {
  readonly telegram: Uint8Array;
  readonly isAuthenticated: boolean;
}

export const CIPHERED_TAG = 0xdb;
const TITLE_OCTETS = 8;
/** Suite 0, encrypted and authenticated: the only one that P1 uses. */
const AUTHENTICATED_ENCRYPTION = 0x30;
/** Control and counter, before the content. */
const HEADER_OCTETS = 5;

/** Reads the frame without opening it. @throws DecodeError. */
export function readCipheredFrame(octets: Uint8Array): CipheredFrame {
  const reader = new ByteReader(octets);
  if (reader.u8() !== CIPHERED_TAG) throw reader.fail("general-glo-ciphering begins with db", "not-ciphered", 0);
  const titleOctets = reader.u8();
  if (titleOctets !== TITLE_OCTETS) throw reader.fail(`a system title of ${titleOctets} octets`, "length", 1);
  const systemTitle = reader.bytes(TITLE_OCTETS);
  const length = berLength.decode(reader);
  if (length > TELEGRAM_OCTETS_MAX) throw reader.fail(`${length} octets exceed ${TELEGRAM_OCTETS_MAX}`, "limit");
  const body = reader.sub(length);
  reader.expectEnd("the frame");
  const securityControl = body.u8();
  if (securityControl !== AUTHENTICATED_ENCRYPTION) {
    throw new DecodeError(`security control ${securityControl.toString(16)}, P1 has 30`, {
      offset: body.offset - 1,
      code: "security-control",
    });
  }
  const invocationCounter = body.u32();
  if (body.remaining < GCM_TAG_OCTETS) throw body.fail("no room for the tag", "truncated");
  return { systemTitle, securityControl, invocationCounter, content: body.rest() };
}

/** How long the frame at the start of the octets is; `undefined` until its length has come. @throws DecodeError. */
export function cipheredLength(octets: Uint8Array): number | undefined {
  const first = octets[2 + TITLE_OCTETS];
  if (first === undefined) return undefined;
  const lengthOctets = first < 0x80 ? 1 : 1 + (first & 0x7f);
  const start = 2 + TITLE_OCTETS;
  if (octets.length < start + lengthOctets) return undefined;
  const reader = new ByteReader(octets, { start, end: start + lengthOctets });
  const length = berLength.decode(reader);
  if (length > TELEGRAM_OCTETS_MAX)
    throw new DecodeError(`${length} octets exceed ${TELEGRAM_OCTETS_MAX}`, { offset: start, code: "limit" });
  return start + lengthOctets + length;
}

/** Opens a frame. @throws DecodeError; SecurityError `bad-tag` where the authentication key does not fit. */
export function openCiphered(octets: Uint8Array, keys: P1Keys): OpenedFrame {
  const frame = readCipheredFrame(octets);
  const { content } = frame;
  const input = { key: keys.encryptionKey, iv: ivOf(frame) };
  if (keys.authenticationKey === undefined) {
    return { telegram: gcmEncryptOnly(input, content.subarray(0, content.length - GCM_TAG_OCTETS)), isAuthenticated: false };
  }
  return { telegram: gcmDecrypt({ ...input, aad: aadOf(frame, keys.authenticationKey) }, content), isAuthenticated: true };
}

/** Puts a telegram into a frame, as the meter does. Counters only ever grow: that is the caller's to see to. @throws UsageError. */
export function sealCiphered(
  telegram: Uint8Array,
  keys: Required<P1Keys>,
  sender: Pick<CipheredFrame, "systemTitle" | "invocationCounter">,
): Uint8Array {
  if (sender.systemTitle.length !== TITLE_OCTETS) throw new UsageError("a system title has 8 octets", { code: "length" });
  const frame = { ...sender, securityControl: AUTHENTICATED_ENCRYPTION };
  const input = { key: keys.encryptionKey, iv: ivOf(frame), aad: aadOf(frame, keys.authenticationKey) };
  const content = gcmEncrypt(input, telegram);
  const out = new ByteWriter({ capacity: content.length + 32 });
  out.u8(CIPHERED_TAG).u8(TITLE_OCTETS).bytes(sender.systemTitle);
  // The form that meters send: two octets of length, always.
  out.u8(0x82).u16(HEADER_OCTETS + content.length);
  return out.u8(AUTHENTICATED_ENCRYPTION).u32(sender.invocationCounter).bytes(content).finish();
}

function ivOf({ systemTitle, invocationCounter }: Pick<CipheredFrame, "systemTitle" | "invocationCounter">): Uint8Array {
  return new ByteWriter({ capacity: 12 }).bytes(systemTitle).u32(invocationCounter).finish();
}

function aadOf({ securityControl }: Pick<CipheredFrame, "securityControl">, authenticationKey: Uint8Array): Uint8Array {
  return Uint8Array.of(securityControl, ...authenticationKey);
}

/** Refuses counters that went back: a recording, played again. */
export class CounterGuard {
  #last = -1;

  /** @throws SecurityError `replay`. */
  check({ invocationCounter }: CipheredFrame): void {
    if (invocationCounter <= this.#last) {
      throw new SecurityError(`invocation counter ${invocationCounter} after ${this.#last}`, { code: "replay" });
    }
    this.#last = invocationCounter;
  }
}
