import { UsageError } from "@amity/bytes";
import { DAY_MS } from "@amity/intervals";

/**
 * One channel of one meter, as one number: meter key times 256 plus channel number. Small enough that a map can be keyed by channel
 * and day together.
 */
export type ChannelId = number;

const CHANNELS = 256;
/** Days from 1970-01-01 that a block key can name: up to the year 2149. */
const DAYS = 0x1_0000;

export function channelIdOf(meterKey: number, channelNo: number): ChannelId {
  return meterKey * CHANNELS + channelNo;
}

export function meterKeyOf(channelId: ChannelId): number {
  return Math.floor(channelId / CHANNELS);
}

export function channelNoOf(channelId: ChannelId): number {
  return channelId % CHANNELS;
}

/** Days since 1970-01-01 of a UTC midnight. @throws UsageError outside the years 1970 to 2149. */
export function dayNumberOf(dayStartMs: number): number {
  const day = dayStartMs / DAY_MS;
  if (!Number.isInteger(day) || day < 0 || day >= DAYS) throw new UsageError(`${dayStartMs} is no day of the ledger`, { code: "day" });
  return day;
}

/** One number for a channel's day: a key for maps within one process, never stored. */
export function blockKeyOf(channelId: ChannelId, dayStartMs: number): number {
  return channelId * DAYS + dayNumberOf(dayStartMs);
}
