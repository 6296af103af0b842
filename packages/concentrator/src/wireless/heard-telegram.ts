import { DecodeError } from "@amity/bytes";
import { data, decodeData, encodeData, type DlmsData } from "@amity/dlms";
import { unixMs, unixMsOf } from "../unix-ms.ts";

/** Object of a delivery of wireless telegrams; its payload is `encodeTelegrams`. */
export const WIRELESS_OBJECT = "wmbus";
/** The same of one telegram that ends no interval: its status is another than before. */
export const WIRELESS_STATUS_OBJECT = "wmbus-status";

/** A telegram as the radio gave it, and when. Nothing in it is opened. */
export interface HeardTelegram {
  readonly atMs: number;
  readonly octets: Uint8Array;
  /** The other telegrams of a message that came in several fragments (AFL), in the order in which they were heard. */
  readonly others?: readonly Uint8Array[];
}

/** Telegrams of one delivery: the one that opened the interval, where it was heard, and the one that ended it. */
const TELEGRAMS_MAX = 16;
const FRAGMENTS_MAX = 64;

/** A-XDR: array of structure (received at, UTC ms as long64; octets on air, and those of further fragments, each as octet-string). */
export function encodeTelegrams(telegrams: readonly HeardTelegram[]): Uint8Array {
  const items = telegrams.map(({ atMs, octets, others = [] }) =>
    data.structure(unixMs(atMs), ...[octets, ...others].map((one) => data.octets(one))),
  );
  return encodeData(data.array(...items));
}

/** @throws DecodeError. */
export function decodeTelegrams(payload: Uint8Array): HeardTelegram[] {
  const list = decodeData(payload);
  if (list.type !== "array" || list.value.length > TELEGRAMS_MAX)
    throw new DecodeError("the payload is no list of telegrams", { offset: 0, code: "malformed" });
  return list.value.map((item) => {
    const [at, ...telegrams] = item.type === "structure" ? item.value : [];
    const [octets, ...others] = telegrams.slice(0, FRAGMENTS_MAX).map(octetsOf);
    if (octets === undefined) throw new DecodeError("no telegram", { offset: -1, code: "malformed" });
    return { atMs: unixMsOf(at, "receivedAt"), octets, ...(others.length === 0 ? {} : { others }) };
  });
}

function octetsOf(value: DlmsData): Uint8Array {
  if (value.type !== "octet-string") throw new DecodeError("no telegram", { offset: -1, code: "malformed" });
  return value.value;
}
