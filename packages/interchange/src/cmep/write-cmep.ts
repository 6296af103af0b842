import { UsageError } from "@amity/bytes";
import { isMissing, unpackQuality, type QualityCode } from "@amity/model";
import { digitsOfMs } from "../civil-digits.ts";
import { formatScaled } from "../decimal.ts";
import type { InterchangeRecord } from "../records.ts";
import { cmepNameOf, cmepUnitOf } from "./cmep-unit.ts";

export interface CmepOptions {
  readonly sender: string;
  readonly receiver: string;
  /** When the file is made, UTC ms. */
  readonly createdMs: number;
}

/**
 * Writes readings as CMEP MEPMD01 lines, one a series or register, UTC, stamped at the end of each interval.
 * Events and put-aside records have no place in the format and are skipped.
 * @throws UsageError `not-representable` for a channel, unit or value that the format has no words for.
 */
export async function* writeCmep(records: AsyncIterable<InterchangeRecord>, options: CmepOptions): AsyncGenerator<Uint8Array> {
  const encoder = new TextEncoder();
  for await (const record of records) {
    if (record.kind === "intervals") {
      const { series, usagePointId } = record;
      const head = headOf(usagePointId, series, options, { suffix: "", interval: intervalText(series.intervalSeconds) });
      const stepMs = series.intervalSeconds * 1000;
      const triplets = Array.from(series.values, (value, index) => {
        const quality = series.qualities[index] ?? 0;
        const text = isMissing(quality) ? "" : textOf(BigInt(value), series);
        return `${digitsOfMs(series.startMs + (index + 1) * stepMs).slice(0, 12)},${flagOf(quality)},${text}`;
      });
      yield encoder.encode(`${head},${triplets.length},${triplets.join(",")}\n`);
    } else if (record.kind === "register") {
      const { reading, usagePointId } = record;
      const head = headOf(usagePointId, reading, options, { suffix: "REG", interval: "00000000" });
      const triplet = `${digitsOfMs(reading.atMs).slice(0, 12)},${flagOf(reading.quality)},${textOf(reading.value, reading)}`;
      yield encoder.encode(`${head},1,${triplet}\n`);
    }
  }
}

type Quantity = Pick<Extract<InterchangeRecord, { kind: "intervals" }>["series"], "channel" | "unit" | "scaler">;

function headOf(
  usagePointId: string,
  quantity: Quantity,
  options: CmepOptions,
  form: { readonly suffix: string; readonly interval: string },
): string {
  const known = cmepNameOf(quantity.channel, quantity.unit);
  if (known === undefined) {
    throw new UsageError(`CMEP has no unit for channel ${quantity.channel} in ${quantity.unit}`, { code: "not-representable" });
  }
  if (/[,\r\n]/.test(usagePointId)) throw new UsageError(`"${usagePointId}" cannot stand in a CMEP field`, { code: "not-representable" });
  const created = digitsOfMs(options.createdMs).slice(0, 12);
  const parties = `${options.sender},,${options.receiver},${usagePointId},${created},${usagePointId}`;
  return `MEPMD01,20080501,${parties},OK,${known.commodity},${known.name}${form.suffix},1.0,${form.interval}`;
}

function textOf(value: bigint, quantity: Quantity): string {
  const known = cmepNameOf(quantity.channel, quantity.unit);
  const unit = known === undefined ? undefined : cmepUnitOf(known.name);
  if (unit === undefined) throw new UsageError("no CMEP unit", { code: "not-representable" });
  const scaled = value * 10n ** BigInt(Math.max(quantity.scaler - unit.scaler, 0));
  const divisor = unit.factor * 10n ** BigInt(Math.max(unit.scaler - quantity.scaler, 0));
  const billionths = scaled * 1_000_000_000n;
  if (billionths % divisor !== 0n) {
    throw new UsageError(`${value} x 10^${quantity.scaler} ${quantity.unit} has no exact decimal in CMEP`, { code: "not-representable" });
  }
  return formatScaled(billionths / divisor, -9);
}

function intervalText(intervalSeconds: number): string {
  const minutes = intervalSeconds / 60;
  const pair = (value: number): string => String(value).padStart(2, "0");
  return `00${pair(Math.floor(minutes / 1440))}${pair(Math.floor(minutes / 60) % 24)}${pair(minutes % 60)}`;
}

function flagOf(code: QualityCode): string {
  if (isMissing(code)) return "N0";
  const { category } = unpackQuality(code);
  if (category === "raw") return "R0";
  if (category === "valid") return "V0";
  if (category === "estimated" || category === "projected") return "E0";
  return category === "edited" ? "A0" : "R1";
}
