import { writeInterchange, type InterchangeRecord } from "@amity/interchange";
import type { Intervals } from "@amity/api";
import { QUALITY } from "@amity/model";
import type { ExportAsk, ExportedFile, IntervalsAsk } from "../../src/http/ports.ts";

/** FIXTURE: what an export asks for, as the intervals of one channel. */
export function exportIntervals(meterId: string, { fromMs, toMs, asOfMs, channel }: ExportAsk): IntervalsAsk {
  return { meterId, channel: channel ?? "1-0:1.8.0", fromMs, toMs, granularity: "raw", asOfMs };
}

/** FIXTURE: intervals as a file. */
export function exportedFile({ v, start, stepSeconds, channel, meterId }: Intervals, ask: ExportAsk): ExportedFile {
  async function* records(): AsyncGenerator<InterchangeRecord> {
    const qualities = Uint16Array.from(v, (value) => (value === null ? QUALITY.missing : QUALITY.raw));
    const values = Float64Array.from(v, (value) => value ?? 0);
    const quantity = { meterId, channel, unit: "Wh", scaler: 0, intervalSeconds: stepSeconds } as const;
    yield { kind: "intervals", usagePointId: meterId, series: { ...quantity, startMs: Date.parse(start), values, qualities } };
  }
  const parties = {
    ...(ask.sender === undefined ? {} : { sender: ask.sender }),
    ...(ask.receiver === undefined ? {} : { receiver: ask.receiver }),
  };
  const chunks = writeInterchange(ask.format, records(), { createdMs: ask.toMs, ...parties });
  return { chunks, mediaType: "text/csv; charset=utf-8", fileName: `${meterId}.csv` };
}
