import { MEDIUM_DESCRIPTIONS, type MeterFleet } from "@amity/meter";
import { dayKey, SLOTS, slotOf } from "./acknowledged.ts";

/** Channels of the load profile, in the order of the meter's registers. */
const TRUE_CHANNELS = ["1-0:1.8.0", "1-0:2.8.0", "1-0:3.8.0", "1-0:4.8.0"] as const;
const EVENT_LOGS = { standard: "0-0:99.98.0", fraud: "0-0:99.98.1", disconnector: "0-0:99.98.2" } as const;
const PERIOD_MS = 900_000;
const HOUR_MS = 3_600_000;

/** What a meter itself measured, asked without any wire. */
export interface MeterTruth {
  readonly meterId: string;
  /** Channels of its intervals. */
  readonly channels: readonly string[];
  readonly intervalMs: number;
  /** Every interval that it measured must arrive in time; otherwise what is stored must be right, and what was delivered stored. */
  readonly isWholeDue: boolean;
  /** Interval values by `dayKey`; NaN where the meter has none (it was without power). */
  readonly days: ReadonlyMap<string, Float64Array>;
  /** `log code second` of every entry of its event logs, with the instant. */
  readonly events: ReadonlyMap<string, number>;
  /** The cumulative register of a channel, in its own integer unit. */
  registerAt(channel: string, atMs: number): number | undefined;
}

/** Works out the truth of one meter: its captured rows from `fromMs` on, and its logs. */
export function truthOf(fleet: MeterFleet, meterId: string, span: { fromMs: number; nowMs: number }): MeterTruth {
  const { meter } = fleet.device(meterId);
  const grid = meter.surroundings.grids.load;
  const days = new Map<string, Float64Array>();
  let previous: { clockMs: number; registers: Float64Array } | undefined;
  for (const rows of meter.rows("load", span.nowMs)) {
    for (let index = Math.max(rows.first, grid.indexFrom(span.fromMs)); index < rows.end; index++) {
      const clockMs = grid.instantOf(index);
      const registers = meter.registersAt(meter.capturedAt(rows, clockMs));
      if (previous?.clockMs === clockMs - PERIOD_MS) {
        for (const [column, channel] of TRUE_CHANNELS.entries()) {
          const advance = (registers[column] ?? 0) - (previous.registers[column] ?? 0);
          dayOf(days, dayKey(meterId, channel, previous.clockMs))[slotOf(previous.clockMs)] = advance;
        }
      }
      previous = { clockMs, registers };
    }
  }
  const events = new Map<string, number>();
  for (const [name, log] of Object.entries(EVENT_LOGS)) {
    for (const { clockMs, code } of meter.log(name as keyof typeof EVENT_LOGS).entries) events.set(eventKey(log, code, clockMs), clockMs);
  }
  return {
    meterId,
    channels: TRUE_CHANNELS,
    intervalMs: PERIOD_MS,
    days,
    isWholeDue: true,
    events,
    registerAt(channel, atMs) {
      const column = TRUE_CHANNELS.indexOf(channel as (typeof TRUE_CHANNELS)[number]);
      return column < 0 ? undefined : meter.registersAt(atMs)[column];
    },
  };
}

/**
 * Works out the truth of a gas, water or heat meter: on an M-Bus channel the hours of which its host heard; of one that is heard by radio
 * every hour.
 */
export function subMeterTruthOf(fleet: MeterFleet, meterId: string, span: { readonly fromMs: number; readonly nowMs: number }): MeterTruth {
  const { nowMs } = span;
  const { meter } = fleet.subMeter(meterId);
  const { registers } = MEDIUM_DESCRIPTIONS[meter.plan.medium];
  // Of gas and water the host keeps the index alone.
  const channels = registers.slice(0, meter.plan.medium === "heat" ? 2 : 1).map(({ obis }) => obis);
  const days = new Map<string, Float64Array>();
  let previous: { clockMs: number; registers: Float64Array } | undefined;
  const channel = fleet.channelOf(meterId);
  for (const { clockMs, hourMs } of channel?.rows(nowMs) ?? everyHour(span)) {
    const at = meter.registersAt(hourMs).slice();
    if (previous?.clockMs === clockMs - HOUR_MS) {
      for (const [column, channel] of channels.entries()) {
        const advance = (at[column] ?? 0) - (previous.registers[column] ?? 0);
        dayOf(days, dayKey(meterId, channel, previous.clockMs))[slotOf(previous.clockMs)] = advance;
      }
    }
    previous = { clockMs, registers: at };
  }
  return {
    meterId,
    channels,
    intervalMs: HOUR_MS,
    days,
    // What the air lost is nobody's: what was heard and acknowledged is looked at by delivery.
    isWholeDue: channel !== undefined,
    events: new Map(),
    registerAt(channel, atMs) {
      const column = channels.findIndex((known) => known === channel);
      // Registers stand at the edges of runs of hours; what a session read in between was the value of the last telegram.
      return column < 0 || atMs % HOUR_MS !== 0 ? undefined : meter.registersAt(atMs)[column];
    },
  };
}

function everyHour({ fromMs, nowMs }: { readonly fromMs: number; readonly nowMs: number }): { clockMs: number; hourMs: number }[] {
  const first = Math.ceil(fromMs / HOUR_MS);
  const count = Math.max(0, Math.floor(nowMs / HOUR_MS) - first + 1);
  return Array.from({ length: count }, (_, index) => ({ clockMs: (first + index) * HOUR_MS, hourMs: (first + index) * HOUR_MS }));
}

/** Identity of an event within its meter: logs keep whole seconds. */
export function eventKey(log: string, code: number, atMs: number): string {
  return `${log} ${code} ${Math.floor(atMs / 1_000)}`;
}

function dayOf(days: Map<string, Float64Array>, key: string): Float64Array {
  const known = days.get(key);
  if (known !== undefined) return known;
  const fresh = new Float64Array(SLOTS).fill(Number.NaN);
  days.set(key, fresh);
  return fresh;
}
