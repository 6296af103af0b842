import { DecodeError } from "@amity/bytes";
import { data, decodeData, encodeData } from "@amity/dlms";

/** Object of a delivery of wireless telegrams; its payload is `encodeTelegrams`. */
export const WIRELESS_OBJECT = "wmbus";

/** A telegram as the radio gave it, and when. Nothing in it is opened. */
export interface HeardTelegram {
  readonly atMs: number;
  readonly octets: Uint8Array;
}

/** Telegrams of one delivery: the one that opened the interval, where it was heard, and the one that ended it. */
const TELEGRAMS_MAX = 16;

/** A-XDR: array of structure (received at, UTC ms as long64; octets on air). */
export function encodeTelegrams(telegrams: readonly HeardTelegram[]): Uint8Array {
  const items = telegrams.map(({ atMs, octets }) => data.structure(data.long64(BigInt(Math.floor(atMs))), data.octets(octets)));
  return encodeData(data.array(...items));
}

/** @throws DecodeError. */
export function decodeTelegrams(payload: Uint8Array): HeardTelegram[] {
  const list = decodeData(payload);
  if (list.type !== "array" || list.value.length > TELEGRAMS_MAX)
    throw new DecodeError("the payload is no list of telegrams", { offset: 0, code: "malformed" });
  return list.value.map((item) => {
    const [at, octets] = item.type === "structure" ? item.value : [];
    if (at?.type !== "long64" || octets?.type !== "octet-string") throw new DecodeError("no telegram", { offset: -1, code: "malformed" });
    return { atMs: Number(at.value), octets: octets.value };
  });
}
