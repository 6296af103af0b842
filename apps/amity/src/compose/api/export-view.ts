import { OUTPUT_FORMATS, writeInterchange, type InterchangeRecord } from "@amity/interchange";
import { ledgerRecords } from "@amity/mdm";
import type { ExportAsk, ExportedFile } from "../../http/ports.ts";
import type { UtilityParts } from "./utility-parts.ts";

/** A usage point's readings as a file that is written while it is read; `undefined` where there is no such point or meter. */
export async function exportOf({ mdm, world }: Pick<UtilityParts, "mdm" | "world">, ask: ExportAsk): Promise<ExportedFile | undefined> {
  const { usagePointId, format, fromMs, toMs, asOfMs, channel, sender, receiver } = ask;
  const { registry } = mdm;
  const isKnown = (await registry.installationsOf(usagePointId)).length > 0 || (await registry.knownMeters([usagePointId])).size > 0;
  if (!isKnown) return undefined;
  const records: AsyncIterable<InterchangeRecord> = ledgerRecords(mdm, {
    usagePointIds: [usagePointId],
    fromMs,
    toMs,
    ...(asOfMs === undefined ? {} : { asOfMs }),
    ...(channel === undefined ? {} : { channels: new Set([channel]) }),
  });
  const chunks = writeInterchange(format, records, {
    createdMs: world.clock.nowMs(),
    ...(sender === undefined ? {} : { sender }),
    ...(receiver === undefined ? {} : { receiver }),
  });
  const { mediaType, extension } = OUTPUT_FORMATS[format];
  return { chunks, mediaType, fileName: fileNameOf(usagePointId, { fromMs, toMs }, extension) };
}

/** Letters that every file system and header takes. */
function fileNameOf(usagePointId: string, span: { fromMs: number; toMs: number }, extension: string): string {
  const day = (ms: number): string => new Date(ms).toISOString().slice(0, 10);
  return `${usagePointId.replace(/[^\w.-]/g, "_")}_${day(span.fromMs)}_${day(span.toMs - 1)}.${extension}`;
}
