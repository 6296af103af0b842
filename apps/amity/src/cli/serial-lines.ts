import { UsageError } from "@amity/bytes";
import type { SerialFraming, SerialSettings } from "@amity/runtime";

/** Rate and framing that a protocol begins with on a serial line (EN 13757-2, IEC 62056-21, DSMR P1 5, NVE's HAN port). */
export const SERIAL_LINES = {
  mbus: { baud: 2_400, framing: "8E1" },
  "iec62056-21": { baud: 300, framing: "7E1" },
  sml: { baud: 9_600, framing: "8N1" },
  p1: { baud: 115_200, framing: "8N1" },
  han: { baud: 2_400, framing: "8E1" },
} as const satisfies Readonly<Record<string, SerialSettings>>;

const FRAMINGS: readonly SerialFraming[] = ["8N1", "8E1", "7E1"];

/** What a user says of a line, over what is usual there. @throws UsageError `serial`. */
export function serialSettings(usual: SerialSettings, baud: string | null, framing: string | null): SerialSettings {
  const wanted = FRAMINGS.find((known) => known === framing);
  if (framing !== null && wanted === undefined)
    throw new UsageError(`framing "${framing}"`, { code: "serial", advice: `one of: ${FRAMINGS.join(", ")}` });
  if (baud !== null && !/^[1-9]\d{1,6}$/.test(baud))
    throw new UsageError(`"${baud}" is no rate`, { code: "serial", advice: "e.g. baud=2400" });
  return { baud: baud === null ? usual.baud : Number(baud), framing: wanted ?? usual.framing };
}
