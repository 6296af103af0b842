import { REGISTER_COUNT } from "../household/energy.ts";
import { ENERGY_REGISTERS } from "../meter-type.ts";
import type { RowSpan } from "../metrology/capture-runs.ts";
import type { ProfileName, SimulatedMeter } from "../simulated-meter.ts";
import { DATE_TIME_OCTETS, writeDateTime, type TimeBase } from "./civil-time.ts";

/** One column of a profile: what it captures and how many A-XDR octets a value takes. */
export type ProfileColumn = { readonly kind: "clock" | "status" } | { readonly kind: "energy"; readonly register: number };

/** Status of a profile row (the AMR profile status of European companion specifications). */
export const ROW_STATUS = { clockInvalid: 0x02, daylightSaving: 0x08, clockAdjusted: 0x20, powerDown: 0x80 } as const;

/** Columns of a profile that captures these energy registers. */
export function profileColumns(channels: readonly string[]): ProfileColumn[] {
  const energy = channels.map((channel): ProfileColumn => ({
    kind: "energy",
    register: ENERGY_REGISTERS.findIndex((name) => name === channel),
  }));
  return [{ kind: "clock" }, { kind: "status" }, ...energy];
}

/**
 * The A-XDR octets of a profile's buffer, straight from the model: array of structures of date-time (octet-string), status (unsigned) and
 * registers (double-long-unsigned). No value is built in between: this is what a fleet spends its time on.
 */
export function encodeRows(
  meter: SimulatedMeter,
  profile: ProfileName,
  spans: readonly RowSpan[],
  columns: readonly ProfileColumn[],
  base: TimeBase,
): Uint8Array {
  const grid = meter.surroundings.grids[profile];
  const rowOctets = 2 + columns.reduce((sum, column) => sum + COLUMN_OCTETS[column.kind], 0);
  const rows = spans.reduce((sum, span) => sum + span.end - span.first, 0);
  const head = arrayHead(rows);
  const out = new Uint8Array(head.length + rows * rowOctets);
  const view = new DataView(out.buffer);
  out.set(head);
  let at = head.length;
  for (const span of spans) {
    for (let index = span.first; index < span.end; index++) {
      const clockMs = grid.instantOf(index);
      meter.registersAt(meter.capturedAt(span, clockMs), registers);
      const isDaylightSaving = writeDateTime(stamp, 0, clockMs, base, span.run.isClockInvalid);
      const status = statusOf(span, index) | (isDaylightSaving ? ROW_STATUS.daylightSaving : 0);
      out[at++] = 0x02;
      out[at++] = columns.length;
      for (const column of columns) at = writeColumn(view, at, column, status);
    }
  }
  return out;
}

function writeColumn(view: DataView, at: number, column: ProfileColumn, status: number): number {
  switch (column.kind) {
    case "clock":
      view.setUint16(at, 0x090c);
      for (let index = 0; index < DATE_TIME_OCTETS; index++) view.setUint8(at + 2 + index, stamp[index] ?? 0);
      return at + 14;
    case "status":
      view.setUint16(at, 0x1100 | status);
      return at + 2;
    case "energy":
      view.setUint8(at, 0x06);
      view.setUint32(at + 1, (registers[column.register] ?? 0) % 0x1_0000_0000);
      return at + 5;
  }
}

function statusOf(span: RowSpan, index: number): number {
  const status = span.run.isClockInvalid ? ROW_STATUS.clockInvalid : 0;
  if (!span.opens || index !== span.first) return status;
  return status | (span.run.begunBy === "powerUp" ? ROW_STATUS.powerDown : ROW_STATUS.clockAdjusted);
}

/** Tag and BER length of an array. */
function arrayHead(count: number): Uint8Array {
  if (count < 0x80) return Uint8Array.of(0x01, count);
  if (count < 0x100) return Uint8Array.of(0x01, 0x81, count);
  if (count < 0x1_0000) return Uint8Array.of(0x01, 0x82, count >> 8, count & 0xff);
  return Uint8Array.of(0x01, 0x83, count >> 16, (count >> 8) & 0xff, count & 0xff);
}

const COLUMN_OCTETS = { clock: 14, status: 2, energy: 5 } as const;
const registers = new Float64Array(REGISTER_COUNT);
const stamp = new Uint8Array(DATE_TIME_OCTETS);
