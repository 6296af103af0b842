import { isMissing, unpackQuality } from "@amity/model";
import { ByteWriter, ParquetWriter } from "hyparquet-writer";
import type { InterchangeRecord } from "../records.ts";

/** Rows of one row group: bounds memory. */
const ROWS_MAX = 100_000;

/**
 * Writes interval series as Parquet, one row an interval: ids, channel and unit as text, the start as a UTC timestamp (ms),
 * the value as an exact INT64 with its scaler (null where missing), the quality in a word and as its code. Row groups are
 * handed on as they fill. Other records are skipped.
 */
export async function* writeParquet(records: AsyncIterable<InterchangeRecord>): AsyncGenerator<Uint8Array> {
  const bytes = new ByteWriter();
  const writer = new ParquetWriter({ writer: bytes, schema: [...SCHEMA], createdBy: "amity" });
  let rows = emptyRows();
  const taken = (): Uint8Array => {
    const octets = bytes.getBytes().slice();
    // The offset counts on for the footer; only the buffer begins anew.
    bytes.index = 0;
    return octets;
  };
  for await (const record of records) {
    if (record.kind !== "intervals") continue;
    const { series } = record;
    for (const [index, value] of series.values.entries()) {
      const quality = series.qualities[index] ?? 0;
      rows.usage_point_id.push(record.usagePointId);
      rows.meter_id.push(series.meterId);
      rows.channel.push(series.channel);
      rows.unit.push(series.unit);
      rows.start.push(new Date(series.startMs + index * series.intervalSeconds * 1000));
      rows.interval_seconds.push(series.intervalSeconds);
      rows.value.push(isMissing(quality) ? null : BigInt(value));
      rows.scaler.push(series.scaler);
      rows.quality.push(unpackQuality(quality).category);
      rows.quality_code.push(quality);
      if (rows.value.length < ROWS_MAX) continue;
      await writer.write({ columnData: columnsOf(rows), rowGroupSize: ROWS_MAX });
      rows = emptyRows();
      yield taken();
    }
  }
  if (rows.value.length > 0) await writer.write({ columnData: columnsOf(rows), rowGroupSize: ROWS_MAX });
  await writer.finish();
  yield taken();
}

interface Rows {
  readonly usage_point_id: string[];
  readonly meter_id: string[];
  readonly channel: string[];
  readonly unit: string[];
  readonly start: Date[];
  readonly interval_seconds: number[];
  readonly value: (bigint | null)[];
  readonly scaler: number[];
  readonly quality: string[];
  readonly quality_code: number[];
}

const emptyRows = (): Rows => ({
  usage_point_id: [],
  meter_id: [],
  channel: [],
  unit: [],
  start: [],
  interval_seconds: [],
  value: [],
  scaler: [],
  quality: [],
  quality_code: [],
});

const columnsOf = (rows: Rows): { name: string; data: unknown[] }[] =>
  Object.entries(rows).map(([name, data]) => ({ name, data: data as unknown[] }));

const text = (name: string) => ({ name, type: "BYTE_ARRAY", converted_type: "UTF8", repetition_type: "REQUIRED" }) as const;
const int32 = (name: string) => ({ name, type: "INT32", repetition_type: "REQUIRED" }) as const;

const SCHEMA = [
  { name: "root", num_children: 10 },
  text("usage_point_id"),
  text("meter_id"),
  text("channel"),
  text("unit"),
  { name: "start", type: "INT64", converted_type: "TIMESTAMP_MILLIS", repetition_type: "REQUIRED" },
  int32("interval_seconds"),
  { name: "value", type: "INT64", repetition_type: "OPTIONAL" },
  int32("scaler"),
  text("quality"),
  int32("quality_code"),
] as const;
