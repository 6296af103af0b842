import { DecodeError } from "@amity/bytes";
import type { Unit } from "@amity/model";

/** Where the columns of a CSV file are. Indices count from 0. */
export interface CsvLayout {
  readonly timeColumn: number;
  readonly columnCount: number;
  /** Absent where the file is one usage point's. */
  readonly idColumn: number | undefined;
  /** One or several value columns; several are several usage points (`wide`) or channels of one. */
  readonly values: readonly CsvValueColumn[];
  readonly hasHeader: boolean;
  readonly separator: string;
}

export interface CsvValueColumn {
  readonly index: number;
  readonly name: string;
  readonly unit: Unit;
  /** 10^scaler of the unit that one unit of the text stands for: 3 for kWh. */
  readonly textScaler: number;
}

const TIME_NAMES =
  /^(timestamp|time|date_?time|date|ts|reading_?datetime|reading_?time|interval_?start|start(_?time)?|from|period_?start)$/i;
const ID_NAMES = /^(customer_?id|customer|meter(_?id|_?serial)?|serial|usage_?point(_?id)?|nmi|mpan|mprn|pod|ean|id|device(_?id)?)$/i;
const VALUE_NAMES = /(kwh|mwh|\bwh|kvarh|energy|consumption|usage|value|import|export|general_supply|reading)/i;

/** Columns that say something about the time or the row: never values, where others are there. */
const NO_VALUES = /^(date|day|weekday|day_?type|holiday|hour|month|year|season|status|flag|quality|note|comment|remark|type|name)s?$/i;

const UNITS: readonly (readonly [RegExp, Unit, number])[] = [
  [/kvarh/i, "varh", 3],
  [/mwh/i, "Wh", 6],
  [/kwh/i, "Wh", 3],
  [/(^|[^a-z])wh/i, "Wh", 0],
  [/(^|[^a-z])gj/i, "J", 9],
  [/(^|[^a-z])mj/i, "J", 6],
  [/m3|m³/i, "m3", 0],
  [/(^|[^a-z])temp(erature)?([^a-z]|$)|°c|deg_?c/i, "degC", 0],
];

/** Splits one line; double quotes protect separators, a doubled quote stands for one. */
export function splitCsv(line: string, separator: string): string[] {
  if (!line.includes('"')) return line.split(separator);
  const fields: string[] = [];
  let field = "";
  let quoted = false;
  for (let index = 0; index < line.length; index++) {
    const character = line[index] as string;
    if (quoted && character === '"' && line[index + 1] === '"') {
      field += '"';
      index++;
    } else if (character === '"') quoted = !quoted;
    else if (character === separator && !quoted) {
      fields.push(field);
      field = "";
    } else field += character;
  }
  fields.push(field);
  return fields;
}

/**
 * Finds the columns from the first line: a header by its names, or `timestamp,value` without one.
 * @throws DecodeError naming what is missing.
 */
export function csvLayoutOf(firstLine: string, unit: { unit: Unit; textScaler: number }): CsvLayout {
  const separator = [",", ";", "\t"].find((candidate) => firstLine.includes(candidate)) ?? ",";
  const names = splitCsv(firstLine, separator).map((name) => name.trim());
  const isHeader = names.some((name) => /[a-z]/i.test(name) && !/^\d{4}-\d{2}-\d{2}T/.test(name));
  if (!isHeader) return headlessLayout(names.length, separator, unit);
  const timeColumn = names.findIndex((name) => TIME_NAMES.test(name));
  if (timeColumn < 0) {
    throw new DecodeError(`no time column among "${names.join(", ")}"`, {
      offset: -1,
      code: "no-time-column",
      advice: "name one of them timestamp",
    });
  }
  const idColumn = names.findIndex((name) => ID_NAMES.test(name));
  const others = names.map((name, index) => ({ name, index })).filter(({ index }) => index !== timeColumn && index !== idColumn);
  const named = others.filter(({ name }) => VALUE_NAMES.test(name));
  const plain = others.filter(({ name }) => !NO_VALUES.test(name));
  const chosen = [named, plain, others].find((columns) => columns.length > 0) ?? [];
  if (chosen.length === 0) throw new DecodeError(`no value column among "${names.join(", ")}"`, { offset: -1, code: "no-value-column" });
  const values = chosen.map(({ name, index }) => ({ index, name, ...(unitIn(name) ?? unit) }));
  return { timeColumn, columnCount: names.length, idColumn: idColumn < 0 ? undefined : idColumn, values, hasHeader: true, separator };
}

function headlessLayout(columnCount: number, separator: string, unit: { unit: Unit; textScaler: number }): CsvLayout {
  if (columnCount < 2 || columnCount > 3) {
    throw new DecodeError(`expected timestamp,value but found ${columnCount} column(s)`, {
      offset: -1,
      code: "no-header",
      advice: "add a header line with a timestamp column and a value column such as kwh",
    });
  }
  const first = columnCount === 3 ? 1 : 0;
  return {
    timeColumn: first,
    columnCount,
    idColumn: columnCount === 3 ? 0 : undefined,
    values: [{ index: first + 1, name: "value", ...unit }],
    hasHeader: false,
    separator,
  };
}

function unitIn(name: string): { unit: Unit; textScaler: number } | undefined {
  const found = UNITS.find(([pattern]) => pattern.test(name));
  return found === undefined ? undefined : { unit: found[1], textScaler: found[2] };
}
