import { DecodeError } from "@amity/bytes";
import { data, type DlmsData } from "@amity/dlms";

/** Furthest instant from 1970 that the platform's calendar knows, either way (ECMA-262, 21.4.1.1). */
const INSTANT_MS_MAX = 8_640_000_000_000_000n;

/** UTC milliseconds as long64. */
export function unixMs(instantMs: number): DlmsData {
  return data.long64(BigInt(Math.floor(instantMs)));
}

/** @throws DecodeError for what is no number of milliseconds, or one that is no instant: whoever writes it as a date would fall over it. */
export function unixMsOf(value: DlmsData | undefined, field: string): number {
  const isNumber = value?.type === "long64" || value?.type === "long64-unsigned";
  if (!isNumber || value.value > INSTANT_MS_MAX || value.value < -INSTANT_MS_MAX) {
    throw new DecodeError("is no instant", { offset: -1, code: "instant" }).within(field);
  }
  return Number(value.value);
}
