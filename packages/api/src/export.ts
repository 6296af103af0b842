import { z } from "zod";
import { Instant } from "./time.ts";

/** Formats that readings are exported in, in the order in which a list offers them. */
export const EXPORT_FORMATS = [
  "csv",
  "espi",
  "cim",
  "nem12",
  "nem13",
  "multispeak",
  "multispeak-readings",
  "mscons",
  "cmep",
  "parquet",
] as const;
export const ExportFormat = z.enum(EXPORT_FORMATS);
export type ExportFormat = z.infer<typeof ExportFormat>;

/** `[from, to)`; `as_of` asks what was known then. Sender and receiver are for formats that name their parties. */
export const ExportQuery = z.object({
  format: ExportFormat.default("csv"),
  from: Instant,
  to: Instant,
  as_of: Instant.optional(),
  channel: z.string().max(200).optional().describe("Only this channel; all where absent"),
  sender: z.string().max(40).optional(),
  receiver: z.string().max(40).optional(),
});
export type ExportQuery = z.infer<typeof ExportQuery>;
