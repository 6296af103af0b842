import type { RegisterReading } from "@amity/model";
import { formatScaled } from "../decimal.ts";
import type { InterchangeRecord } from "../records.ts";
import { nemOfQuality } from "./nem-quality.ts";
import { nemHeader, nemIdentity, nemInstant, type NemOptions } from "./write-nem12.ts";

/**
 * Writes register readings as NEM13 (accumulation data): each reading with the one before it of the same register, which
 * the format wants. The first reading of a register therefore appears only once there is a second. Other records are skipped.
 * @throws UsageError `not-representable` as `writeNem12` does.
 */
export async function* writeNem13(records: AsyncIterable<InterchangeRecord>, options: NemOptions): AsyncGenerator<Uint8Array> {
  const encoder = new TextEncoder();
  yield encoder.encode(`${nemHeader("NEM13", options)}\n`);
  /** Latest reading of each register: as many as the file has registers. */
  const latest = new Map<string, RegisterReading>();
  for await (const record of records) {
    if (record.kind !== "register") continue;
    const { reading, usagePointId } = record;
    const key = `${usagePointId}\n${reading.meterId}\n${reading.channel}`;
    const previous = latest.get(key);
    latest.set(key, reading);
    if (previous !== undefined) yield encoder.encode(`${accumulation(usagePointId, previous, reading, nemInstant(options.createdMs))}\n`);
  }
  yield encoder.encode("900\n");
}

function accumulation(usagePointId: string, previous: RegisterReading, current: RegisterReading, updated: string): string {
  const { suffix, serial, uom, uomScaler } = nemIdentity(usagePointId, current);
  const direction = suffix.startsWith("B") ? "I" : "E";
  const read = (reading: RegisterReading): string[] => {
    const flag = nemOfQuality(reading.quality);
    const [code, text] = /^[SFE]/.test(flag) ? ["0", "ESTIMATED"] : ["", ""];
    return [formatScaled(reading.value, reading.scaler - uomScaler), nemInstant(reading.atMs), flag, code, text];
  };
  // Quantities of unequal scalers are brought to the finer one.
  const scaler = Math.min(previous.scaler, current.scaler);
  const fine = (reading: RegisterReading): bigint => reading.value * 10n ** BigInt(reading.scaler - scaler);
  const quantity = formatScaled(fine(current) - fine(previous), scaler - uomScaler);
  const fields = [
    "250",
    usagePointId,
    suffix,
    suffix,
    suffix,
    "",
    serial,
    direction,
    ...read(previous),
    ...read(current),
    quantity,
    uom,
    "",
    updated,
    "",
  ];
  return fields.join(",");
}
