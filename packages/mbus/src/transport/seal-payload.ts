import { joinedOctets, UsageError } from "@amity/bytes";
import { DES_OCTETS } from "@amity/crypto";
import type { CivilDate } from "../application/data-types.ts";
import { linkAddressOctets, longAddressOctets, type MeterAddress } from "../link/address.ts";
import { desInitialVector } from "./des-mode.ts";
import { sealGcm } from "./gcm-mode.ts";
import { DERIVATION, type MeterKey } from "./meter-key.ts";

/** A message to be built from its CI on. */
export interface MessageInput {
  readonly meter: MeterAddress;
  /** `short` needs the meter's address in the link layer; `long` brings its own; `none` has no header (CI 78). */
  readonly header: "none" | "short" | "long";
  readonly accessNumber: number;
  readonly status?: number;
  /** Application data: records. */
  readonly content: Uint8Array;
  /** Absent: security mode 0. */
  readonly security?:
    /** DES, for meters that know nothing else; mode 3 takes the date of transmission. */
    | { readonly mode: 2; readonly key: MeterKey }
    | { readonly mode: 3; readonly key: MeterKey; readonly date: CivilDate }
    | { readonly mode: 5; readonly key: MeterKey }
    | { readonly mode: 7; readonly key: MeterKey; readonly counter: Uint8Array }
    /** AES-GCM; `counter` (4) is never to be used twice under one key. */
    | { readonly mode: 9; readonly key: MeterKey; readonly counter: Uint8Array }
    /** The content are TLS records, or asks for a channel (see `TLS_CHANNEL`). */
    | { readonly mode: 13; readonly extension: number };
  /** CI where it is not a response (5B, 6C ...). */
  readonly controlInformation?: number;
  /** Extra bits of the configuration field: 8000 bidirectional, 4000 accessible, 2000 synchronous, hop and content bits. */
  readonly configurationBits?: number;
  readonly direction?: "fromMeter" | "toMeter";
}

const RESPONSE_CI = { none: 0x78, short: 0x7a, long: 0x72 } as const;

/** Octets from the CI field on. Encrypted content is framed by 2F2F and filled up with 2F. @throws UsageError `too-long`. */
export function sealMessage(input: MessageInput): Uint8Array {
  const ci = input.controlInformation ?? RESPONSE_CI[input.header];
  if (input.header === "none") return joinedOctets(Uint8Array.of(ci), input.content);
  const address = input.header === "long" ? longAddressOctets(input.meter) : new Uint8Array(0);
  const head = [Uint8Array.of(ci), address, Uint8Array.of(input.accessNumber & 0xff, input.status ?? 0)];
  const bits = input.configurationBits ?? 0;
  const { security } = input;
  if (security === undefined) return joinedOctets(...head, Uint8Array.of(bits & 0xff, bits >> 8), input.content);
  if (security.mode === 13) {
    // N counts octets, as far as it can; the records themselves say how long they are.
    const field = Uint8Array.of(Math.min(input.content.length, 0xff), (bits >> 8) | security.mode, security.extension);
    return joinedOctets(...head, field, input.content);
  }
  if (security.mode === 9) return joinedOctets(...head, sealGcm(input.content, { ...security, meter: input.meter, bits }));
  if (security.mode === 2 || security.mode === 3) {
    const plain = padded(input.content, DES_OCTETS);
    if (plain.length > 0xff) throw new UsageError(`a message under DES has 248 octets, not ${plain.length}`, { code: "too-long" });
    const iv = desInitialVector(security.mode, linkAddressOctets(input.meter), security.mode === 3 ? security.date : undefined);
    return joinedOctets(...head, Uint8Array.of(plain.length, (bits >> 8) | security.mode), security.key.desEncrypt(iv, plain));
  }
  const plain = padded(input.content, 16);
  const blocks = plain.length / 16;
  if (blocks > 15) throw new UsageError(`the configuration field counts 15 encrypted blocks, not ${blocks}`, { code: "too-long" });
  const configuration = bits | (blocks << 4) | (security.mode << 8);
  const field = Uint8Array.of(configuration & 0xff, configuration >> 8);
  if (security.mode === 5) {
    const iv = new Uint8Array(16).fill(input.accessNumber & 0xff, 8);
    iv.set(linkAddressOctets(input.meter), 0);
    return joinedOctets(...head, field, security.key.cipher.cbcEncrypt(iv, plain));
  }
  const constant = input.direction === "toMeter" ? DERIVATION.encryptToMeter : DERIVATION.encryptFromMeter;
  const cipher = security.key.derive(constant, security.counter, linkAddressOctets(input.meter).subarray(2, 6));
  // CFE 10: key derivation by the message counter (OMS Vol. 2, 7.2.4.5).
  return joinedOctets(...head, field, Uint8Array.of(0x10), cipher.cbcEncrypt(new Uint8Array(16), plain));
}

/** Check octets in front, filled up to whole blocks. */
function padded(content: Uint8Array, blockOctets: number): Uint8Array {
  const out = new Uint8Array(Math.ceil((content.length + 2) / blockOctets) * blockOctets).fill(0x2f);
  out.set(content, 2);
  return out;
}
