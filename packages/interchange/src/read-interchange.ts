import { readCim } from "./cim/read-cim.ts";
import { readCmep } from "./cmep/read-cmep.ts";
import { readCsv, type CsvOptions } from "./csv/read-csv.ts";
import { readMscons } from "./edifact/read-mscons.ts";
import { readEspi } from "./espi/read-espi.ts";
import type { FileFormat } from "./formats.ts";
import { readD0010 } from "./market/read-d0010.ts";
import { readDf2 } from "./market/read-df2.ts";
import { readMultispeak } from "./multispeak/read-multispeak.ts";
import { readNem } from "./nem/read-nem.ts";
import type { Chunks, InterchangeRecord } from "./records.ts";

/**
 * Reads a file of any format. The options say what a CSV file does not say itself; the other formats name their usage
 * points, units and times.
 * @throws DecodeError where the file is not of that format at all; what is wrong with single records comes out as `putAside`.
 */
export function readInterchange(format: FileFormat, chunks: Chunks, options: CsvOptions): AsyncIterable<InterchangeRecord> {
  switch (format) {
    case "csv":
      return readCsv(chunks, options);
    case "nem12":
      return readNem(chunks);
    case "espi":
      return readEspi(chunks);
    case "cim":
      return readCim(chunks);
    case "mscons":
      return readMscons(chunks);
    case "cmep":
      return readCmep(chunks);
    case "d0010":
      return readD0010(chunks);
    case "df2":
      return readDf2(chunks);
    case "multispeak":
      return readMultispeak(chunks, options.zone);
  }
}
