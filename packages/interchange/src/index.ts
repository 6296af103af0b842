export { CSV_SCALER, readCsv, type CsvOptions } from "./csv/read-csv.ts";
export { parseScaled, parseScaledBig, type ScaledInteger } from "./decimal.ts";
export type * from "./records.ts";
export { textLines, type TextLine } from "./text-lines.ts";
export { byteLines, type ByteLine } from "./byte-lines.ts";
export { readNem } from "./nem/read-nem.ts";
export { NEM_SCALER } from "./nem/nem-day-row.ts";
export { nemOfQuality, qualityOfNem } from "./nem/nem-quality.ts";
export { detectFormat, INPUT_FORMATS, type InputFormat } from "./detect.ts";
export { binaryKindOf, refusalOf } from "./binary-kind.ts";
export { expandInput, type InputFile } from "./expand.ts";
export { formatScaled } from "./decimal.ts";
export { D0010_SCALER, readD0010 } from "./market/read-d0010.ts";
export { DF2_SCALER, readDf2 } from "./market/read-df2.ts";
export { readCmep } from "./cmep/read-cmep.ts";
export { writeCmep, type CmepOptions } from "./cmep/write-cmep.ts";
export { MSCONS_SCALER, readMscons } from "./edifact/read-mscons.ts";
export { writeMscons, type MsconsOptions } from "./edifact/write-mscons.ts";
export { readEspi, type EspiOptions } from "./espi/read-espi.ts";
export { writeEspi, type EspiWriteOptions } from "./espi/write-espi.ts";
export { writeNem12, type NemOptions } from "./nem/write-nem12.ts";
export { writeNem13 } from "./nem/write-nem13.ts";
export { CSV_COLUMNS } from "./csv/export-layout.ts";
export { writeCsv } from "./csv/write-csv.ts";
export { FILE_FORMATS, formatOf, type FileFormat } from "./formats.ts";
export { readInterchange } from "./read-interchange.ts";
export { readCim } from "./cim/read-cim.ts";
export { writeCimEvents, writeCimReadings } from "./cim/write-cim.ts";
export { writeParquet } from "./parquet/write-parquet.ts";
export { readCimControls, writeCimControls, type CimControl } from "./cim/cim-controls.ts";
export { readMultispeak } from "./multispeak/read-multispeak.ts";
export {
  writeMultispeakBlock,
  writeMultispeakIntervals,
  writeMultispeakReadings,
  type MultispeakOptions,
} from "./multispeak/write-multispeak.ts";
export { MULTISPEAK_VERSIONS, type MultispeakVersion } from "./multispeak/multispeak-terms.ts";
export {
  readGreenButtonResources,
  writeRetailCustomer,
  type CustomerFeedOptions,
  type CustomerResource,
  type GreenButtonResource,
  type UsageResource,
} from "./espi/resources.ts";
export { OUTPUT_FORMATS, writeInterchange, type OutputFormat, type OutputFormatFacts, type OutputOptions } from "./write-interchange.ts";
