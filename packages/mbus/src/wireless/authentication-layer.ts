import { DecodeError, joinedOctets } from "@amity/bytes";

/** Octets of the MAC by authentication type: 3 to 7 AES-CMAC, 8 and 9 AES-GMAC (EN 13757-7, table 6). */
const MAC_OCTETS: Readonly<Record<number, number>> = { 0: 0, 3: 2, 4: 4, 5: 8, 6: 12, 7: 16, 8: 12, 9: 16 };

/** Bits of FCL (EN 13757-7, 6.3.2); the low octet is the fragment's number. */
export const FRAGMENT_CONTROL = {
  moreFragments: 0x4000,
  messageControl: 0x2000,
  messageLength: 0x1000,
  counter: 0x0800,
  mac: 0x0400,
  keyInformation: 0x0200,
} as const;

/** Bits of MCL: what the message has, in whichever of its fragments (EN 13757-7, 6.3.3); the low four bits are the authentication type. */
export const MESSAGE_CONTROL = { messageLength: 0x40, counter: 0x20, keyInformation: 0x10 } as const;

/** Authentication type 5: AES-CMAC-128, cut to 8 octets. */
export const CMAC_8 = 5;

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

/** Is this the AFL of a part only? */
export function isFragment({ moreFragments, fragmentId }: Pick<AuthenticationLayer, "moreFragments" | "fragmentId">): boolean {
  return moreFragments || fragmentId > 1;
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
  const messageControl = (control & FRAGMENT_CONTROL.messageControl) === 0 ? undefined : take(1)[0];
  const key = (control & FRAGMENT_CONTROL.keyInformation) === 0 ? undefined : take(2);
  const counter = (control & FRAGMENT_CONTROL.counter) === 0 ? undefined : take(4);
  const lengthOctets = (control & FRAGMENT_CONTROL.messageLength) === 0 ? 0 : 2;
  const macOctets = (control & FRAGMENT_CONTROL.mac) === 0 ? undefined : macLength(messageControl, end - cursor - lengthOctets, at);
  const mac = macOctets === undefined ? undefined : take(macOctets);
  const total = lengthOctets === 0 ? undefined : take(lengthOctets);
  return {
    offset: at,
    fragmentControl: control,
    fragmentId: control & 0xff,
    moreFragments: (control & FRAGMENT_CONTROL.moreFragments) !== 0,
    messageControl,
    keyInformation: key === undefined ? undefined : (key[0] ?? 0) | ((key[1] ?? 0) << 8),
    counter,
    mac,
    messageLength: total === undefined ? undefined : (total[0] ?? 0) | ((total[1] ?? 0) << 8),
    payloadOffset: end,
  };
}

/** The last fragment has no MCL to say how long its MAC is: there the MAC is what is left. */
function macLength(messageControl: number | undefined, left: number, at: number): number {
  if (messageControl === undefined) return Math.max(0, left);
  const octets = MAC_OCTETS[messageControl & 0x0f];
  if (octets !== undefined) return octets;
  throw new DecodeError(`authentication type ${messageControl & 0x0f} is reserved`, { offset: at + 4, code: "authentication-type" });
}

/** AFL with these fields, from its CI on. */
export function writeAuthenticationLayer(
  layer: Pick<AuthenticationLayer, "messageControl" | "counter" | "mac" | "messageLength" | "moreFragments" | "fragmentId">,
): Uint8Array {
  const { messageControl, counter, mac, messageLength } = layer;
  const control =
    layer.fragmentId |
    (layer.moreFragments ? FRAGMENT_CONTROL.moreFragments : 0) |
    (messageControl === undefined ? 0 : FRAGMENT_CONTROL.messageControl) |
    (counter === undefined ? 0 : FRAGMENT_CONTROL.counter) |
    (mac === undefined ? 0 : FRAGMENT_CONTROL.mac) |
    (messageLength === undefined ? 0 : FRAGMENT_CONTROL.messageLength);
  const fields = [
    control & 0xff,
    control >> 8,
    ...(messageControl === undefined ? [] : [messageControl]),
    ...(counter ?? []),
    ...(mac ?? []),
    ...(messageLength === undefined ? [] : [messageLength & 0xff, messageLength >> 8]),
  ];
  return Uint8Array.of(0x90, fields.length, ...fields);
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
  return joinedOctets(Uint8Array.from(out), message);
}

/**
 * Octets of an AES-CMAC under this MCL; `undefined` for none and for AES-GMAC, which nobody is known to send.
 * Absent MCL: what security profile B has.
 */
export function cmacOctets(messageControl: number | undefined): number | undefined {
  const type = (messageControl ?? CMAC_8) & 0x0f;
  return type >= 3 && type <= 7 ? MAC_OCTETS[type] : undefined;
}
