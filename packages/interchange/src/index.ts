export { CSV_SCALER, readCsv, type CsvOptions } from "./csv/read-csv.ts";
export { parseScaled, type ScaledInteger } from "./decimal.ts";
export type * from "./records.ts";
export { textLines, type TextLine } from "./text-lines.ts";
