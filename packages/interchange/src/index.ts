export { CSV_SCALER, readCsv, type CsvOptions } from "./csv/read-csv.ts";
export { parseScaled, type ScaledInteger } from "./decimal.ts";
export type * from "./records.ts";
export { textLines, type TextLine } from "./text-lines.ts";
export { byteLines, type ByteLine } from "./byte-lines.ts";
export { readNem } from "./nem/read-nem.ts";
export { NEM_SCALER } from "./nem/nem-day-row.ts";
export { nemOfQuality, qualityOfNem } from "./nem/nem-quality.ts";
