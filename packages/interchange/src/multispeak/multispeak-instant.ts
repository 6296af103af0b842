import type { Zone } from "@amity/intervals";
import { instantOf, parseTime } from "../csv/csv-timestamp.ts";

/** `xs:dateTime`; a time without an offset is a clock's in the zone, the earlier one where it comes twice. */
export function multispeakInstant(text: string, zone: Zone | undefined): number | undefined {
  if (!/^\d{4}-\d{2}-\d{2}T/.test(text)) return undefined;
  const time = parseTime(text);
  if (time === undefined) return undefined;
  return zone === undefined || time.kind === "instant" ? time.ms : instantOf(time, zone, Number.NEGATIVE_INFINITY);
}
