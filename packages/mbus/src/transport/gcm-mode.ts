import { DecodeError, SecurityError } from "@amity/bytes";
import { longAddressOctets, type MeterAddress } from "../link/address.ts";
import type { MeterKey } from "./meter-key.ts";
import type { TransportHeader } from "./transport-header.ts";

/** Bits of the configuration field in security mode 9: low four the key's number. */
const CONFIGURATION = { keyDerivation: 0x30, longEncrypted: 0x40, longClear: 0x80, tag: 0x2000 } as const;
const TAG_OCTETS = 12;
const COUNTER_OCTETS = 4;

/** What stands behind the header in security mode 9: lengths (most significant octet first), counter, clear content, sealed content, tag. */
interface GcmLayout {
  /** Configuration field and lengths, as sent: what is authenticated beside the sealed content. */
  readonly aad: Uint8Array;
  readonly counter: Uint8Array;
  readonly clearFrom: number;
  readonly sealedFrom: number;
  readonly tagFrom: number;
}

/**
 * Opens security mode 9, AES-128-GCM: the IV is identification, manufacturer, version and type of the meter and the message's counter.
 * Gives the octets from `clearFrom` on: clear content, then what was sealed. Content in clear is not authenticated.
 * @throws DecodeError `truncated`, SecurityError `wrong-key`, `unsupported-mode` (derived keys; no tag, so that nothing would be proved).
 */
export function openGcm(
  data: Uint8Array,
  end: number,
  header: TransportHeader,
  { meter, key }: { readonly meter: MeterAddress; readonly key: MeterKey },
): { readonly from: number; readonly content: Uint8Array } {
  if ((header.configuration & CONFIGURATION.keyDerivation) !== 0) throw unsupported("with a derived key");
  if ((header.configuration & CONFIGURATION.tag) === 0) throw unsupported("without an authentication tag");
  const { aad, counter, clearFrom, sealedFrom, tagFrom } = readLayout(data, end, header);
  const sealed = data.subarray(sealedFrom, tagFrom + TAG_OCTETS);
  try {
    const plain = key.gcmOpen(ivOf(meter, counter), aad, sealed);
    const content = new Uint8Array(sealedFrom - clearFrom + plain.length);
    content.set(data.subarray(clearFrom, sealedFrom), 0);
    content.set(plain, sealedFrom - clearFrom);
    return { from: clearFrom, content };
  } catch (cause) {
    if (!(cause instanceof SecurityError)) throw cause;
    throw new SecurityError(`the key of meter ${meter.id} does not open this message: its tag does not match`, {
      code: "wrong-key",
      offset: sealedFrom,
      advice: "check key and meter address; a damaged or forged message looks the same",
      cause,
    });
  }
}

/** Configuration field and what follows it, for all content sealed under a tag. `counter` (4) is never to be used twice under one key. */
export function sealGcm(content: Uint8Array, input: { meter: MeterAddress; key: MeterKey; counter: Uint8Array; bits: number }): Uint8Array {
  const isLong = content.length > 0xff;
  const configuration = input.bits | 0x0900 | CONFIGURATION.tag | (isLong ? CONFIGURATION.longEncrypted : 0);
  const lengths = isLong ? [content.length >> 8, content.length & 0xff, 0] : [content.length, 0];
  const aad = Uint8Array.of(configuration & 0xff, configuration >> 8, ...lengths);
  const sealed = input.key.gcmSeal(ivOf(input.meter, input.counter), aad, content);
  const out = new Uint8Array(aad.length + COUNTER_OCTETS + sealed.length);
  out.set(aad, 0);
  out.set(input.counter.subarray(0, COUNTER_OCTETS), aad.length);
  out.set(sealed, aad.length + COUNTER_OCTETS);
  return out;
}

function readLayout(data: Uint8Array, end: number, header: TransportHeader): GcmLayout {
  const { configuration, payloadOffset: from } = header;
  const sealedDigits = (configuration & CONFIGURATION.longEncrypted) === 0 ? 1 : 2;
  const clearDigits = (configuration & CONFIGURATION.longClear) === 0 ? 1 : 2;
  const counterFrom = from + sealedDigits + clearDigits;
  const clearFrom = counterFrom + COUNTER_OCTETS;
  const number = (at: number, digits: number): number => (digits === 1 ? (data[at] ?? 0) : ((data[at] ?? 0) << 8) | (data[at + 1] ?? 0));
  const sealedFrom = clearFrom + number(from + sealedDigits, clearDigits);
  const tagFrom = sealedFrom + number(from, sealedDigits);
  if (clearFrom > end || tagFrom + TAG_OCTETS > end) {
    throw new DecodeError(`truncated: the sealed content and its tag end at ${tagFrom + TAG_OCTETS}, the message at ${end}`, {
      offset: Math.min(from, end),
      code: "truncated",
    });
  }
  const aad = Uint8Array.of(configuration & 0xff, configuration >> 8, ...data.subarray(from, counterFrom));
  return { aad, counter: data.subarray(counterFrom, clearFrom), clearFrom, sealedFrom, tagFrom };
}

function ivOf(meter: MeterAddress, counter: Uint8Array): Uint8Array {
  const iv = new Uint8Array(12);
  iv.set(longAddressOctets(meter), 0);
  iv.set(counter.subarray(0, COUNTER_OCTETS), 8);
  return iv;
}

function unsupported(how: string): SecurityError {
  return new SecurityError(`security mode 9 ${how} is not opened`, { code: "unsupported-mode" });
}
