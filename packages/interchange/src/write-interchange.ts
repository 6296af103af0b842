import { UsageError } from "@amity/bytes";
import { writeCimReadings } from "./cim/write-cim.ts";
import { writeCmep } from "./cmep/write-cmep.ts";
import { writeCsv } from "./csv/write-csv.ts";
import { digitsOfMs } from "./civil-digits.ts";
import { writeMscons } from "./edifact/write-mscons.ts";
import { writeEspi } from "./espi/write-espi.ts";
import { writeMultispeakIntervals, writeMultispeakReadings } from "./multispeak/write-multispeak.ts";
import { writeNem12 } from "./nem/write-nem12.ts";
import { writeNem13 } from "./nem/write-nem13.ts";
import { writeParquet } from "./parquet/write-parquet.ts";
import type { InterchangeRecord } from "./records.ts";

/** What a file of a format is called and made of. */
export interface OutputFormatFacts {
  readonly mediaType: string;
  readonly extension: string;
  /** What it has a place for; other records are left out. */
  readonly holds: "intervals" | "registers" | "both";
}

/** Formats that `writeInterchange` writes. */
export const OUTPUT_FORMATS = {
  csv: { mediaType: "text/csv; charset=utf-8", extension: "csv", holds: "intervals" },
  nem12: { mediaType: "text/csv; charset=utf-8", extension: "csv", holds: "intervals" },
  nem13: { mediaType: "text/csv; charset=utf-8", extension: "csv", holds: "registers" },
  espi: { mediaType: "application/atom+xml", extension: "xml", holds: "both" },
  cim: { mediaType: "application/xml", extension: "xml", holds: "both" },
  mscons: { mediaType: "application/edifact", extension: "edi", holds: "both" },
  cmep: { mediaType: "text/csv; charset=utf-8", extension: "cmep", holds: "both" },
  parquet: { mediaType: "application/vnd.apache.parquet", extension: "parquet", holds: "intervals" },
  multispeak: { mediaType: "application/xml", extension: "xml", holds: "intervals" },
  "multispeak-readings": { mediaType: "application/xml", extension: "xml", holds: "registers" },
} as const satisfies Readonly<Record<string, OutputFormatFacts>>;
export type OutputFormat = keyof typeof OUTPUT_FORMATS;

/** What formats say of who sends a file to whom, and when. */
export interface OutputOptions {
  /** When the file is made, UTC ms. */
  readonly createdMs: number;
  /** Participants in the words of the market: NEM ids, MSCONS numbers of 13 digits, CMEP names. Others do not need them. */
  readonly sender?: string;
  readonly receiver?: string;
}

/**
 * Writes a file of any format, streaming.
 * @throws UsageError `not-representable` for what the format has no words for, `parties` where it names sender and receiver
 *   and they were not given.
 */
export function writeInterchange(
  format: OutputFormat,
  records: AsyncIterable<InterchangeRecord>,
  options: OutputOptions,
): AsyncIterable<Uint8Array> {
  const { createdMs } = options;
  switch (format) {
    case "csv":
      return writeCsv(records);
    case "nem12":
    case "nem13": {
      const { sender: from, receiver: to } = partiesOf(options, { sender: "AMITY", receiver: "RETAILER" });
      return (format === "nem12" ? writeNem12 : writeNem13)(records, { from, to, createdMs });
    }
    case "espi":
      return writeEspi(records, { createdMs });
    case "cim":
      return writeCimReadings(records);
    case "mscons":
      return writeMscons(records, { ...marketPartners(options), createdMs, reference: digitsOfMs(createdMs) });
    case "cmep":
      return writeCmep(records, { ...partiesOf(options, { sender: "AMITY", receiver: "MDM" }), createdMs });
    case "parquet":
      return writeParquet(records);
    case "multispeak":
      return writeMultispeakIntervals(records);
    case "multispeak-readings":
      return writeMultispeakReadings(records);
  }
}

function partiesOf(options: OutputOptions, usual: { sender: string; receiver: string }): { sender: string; receiver: string } {
  return { sender: options.sender ?? usual.sender, receiver: options.receiver ?? usual.receiver };
}

/** A market partner has a number of its own: none can be made up. */
function marketPartners({ sender = "", receiver = "" }: OutputOptions): { sender: string; receiver: string } {
  for (const [what, id] of Object.entries({ sender, receiver })) {
    if (!/^\d{13}$/.test(id)) {
      throw new UsageError(`MSCONS needs the ${what}'s market partner number of 13 digits${id === "" ? "" : `, not "${id}"`}`, {
        code: "parties",
        advice: "give sender and receiver",
      });
    }
  }
  return { sender, receiver };
}
