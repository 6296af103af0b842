import { DecodeError } from "@amity/bytes";

/** Octets of the MAC by authentication type (OMS Vol. 2, table 20). */
const MAC_OCTETS: Readonly<Record<number, number>> = { 0: 0, 3: 2, 4: 4, 5: 8, 6: 12, 7: 16, 8: 12 };

/** Authentication and fragmentation layer (EN 13757-7, 6; CI 90). */
export interface AuthenticationLayer {
  readonly offset: number;
  /** FCL: bits 0-7 fragment id, 14 more fragments, 13 MCL, 12 length, 11 counter, 10 MAC, 9 key information present. */
  readonly fragmentControl: number;
  readonly fragmentId: number;
  readonly moreFragments: boolean;
  readonly messageControl: number | undefined;
  readonly keyInformation: number | undefined;
  /** MCR as sent (4 octets, LE): input of key derivation. */
  readonly counter: Uint8Array | undefined;
  readonly mac: Uint8Array | undefined;
  /** Octets of the whole message where it is fragmented. */
  readonly messageLength: number | undefined;
  /** Offset of the next CI. */
  readonly payloadOffset: number;
}

/** Reads the AFL at `at` (its CI is 90). @throws DecodeError `truncated`, `authentication-type`. */
export function readAuthenticationLayer(data: Uint8Array, at: number): AuthenticationLayer {
  const length = data[at + 1];
  if (length === undefined || data.length < at + 2 + length || length < 2) {
    throw new DecodeError(`truncated: the authentication layer does not fit`, { offset: Math.min(at + 1, data.length), code: "truncated" });
  }
  const end = at + 2 + length;
  let cursor = at + 2;
  const take = (octets: number): Uint8Array => {
    if (cursor + octets > end) {
      throw new DecodeError(`the announced length ${length} has no room for its fields`, { offset: at + 1, code: "length" });
    }
    cursor += octets;
    return data.subarray(cursor - octets, cursor);
  };
  const fcl = take(2);
  const control = (fcl[0] ?? 0) | ((fcl[1] ?? 0) << 8);
  const messageControl = (control & 0x2000) === 0 ? undefined : take(1)[0];
  const key = (control & 0x0200) === 0 ? undefined : take(2);
  const counter = (control & 0x0800) === 0 ? undefined : take(4);
  let mac: Uint8Array | undefined;
  if ((control & 0x0400) !== 0) {
    const octets = MAC_OCTETS[(messageControl ?? 5) & 0x0f];
    if (octets === undefined) {
      throw new DecodeError(`authentication type ${(messageControl ?? 0) & 0x0f} is reserved`, {
        offset: at + 4,
        code: "authentication-type",
      });
    }
    mac = take(octets);
  }
  const total = (control & 0x1000) === 0 ? undefined : take(2);
  return {
    offset: at,
    fragmentControl: control,
    fragmentId: control & 0xff,
    moreFragments: (control & 0x4000) !== 0,
    messageControl,
    keyInformation: key === undefined ? undefined : (key[0] ?? 0) | ((key[1] ?? 0) << 8),
    counter,
    mac,
    messageLength: total === undefined ? undefined : (total[0] ?? 0) | ((total[1] ?? 0) << 8),
    payloadOffset: end,
  };
}

/** What the MAC covers: MCL, key information, MCR, message length as present, then the transport layer (OMS Vol. 2, 6.2.7). */
export function macInput(
  layer: Pick<AuthenticationLayer, "messageControl" | "keyInformation" | "counter" | "messageLength">,
  message: Uint8Array,
): Uint8Array {
  const out: number[] = [];
  if (layer.messageControl !== undefined) out.push(layer.messageControl);
  if (layer.keyInformation !== undefined) out.push(layer.keyInformation & 0xff, layer.keyInformation >> 8);
  if (layer.counter !== undefined) out.push(...layer.counter);
  if (layer.messageLength !== undefined) out.push(layer.messageLength & 0xff, layer.messageLength >> 8);
  const all = new Uint8Array(out.length + message.length);
  all.set(out, 0);
  all.set(message, out.length);
  return all;
}
