import type { EndDeviceEvent, EndDeviceEventKind, MeterId } from "@amity/model";
import { instantParam, type SqlRunner } from "@amity/store";
import type { Channel } from "../registry/registry.ts";
import type { RegisterFacts, RegisterPoint } from "../vee/context.ts";

/** Registers of many meters over a span, by `registerKey`, each list oldest first. */
export type RegisterPoints = ReadonlyMap<string, readonly RegisterPoint[]>;

const registerKey = (meterId: MeterId, name: string): string => `${meterId}\n${name}`;

/** Reads the register readings `[fromMs, toMs]` of meters, current versions, in counts of each register's own scaler. */
export async function registersOf(runner: SqlRunner, meterIds: readonly MeterId[], fromMs: number, toMs: number): Promise<RegisterPoints> {
  const { rows } = await runner.query<{ meter_id: string; name: string; scaler: number; read_at: number; value: string }>(
    `select distinct on (m.meter_id, c.name, r.read_at) m.meter_id, c.name, c.scaler, r.read_at, r.value
     from mdm.meter m
     join mdm.channel c on c.meter_key = m.meter_key and c.kind = 'register'
     join mdm.register_reading r on r.meter_key = c.meter_key and r.channel_no = c.channel_no
     where m.meter_id = any ($1::text[]) and r.read_at >= $2 and r.read_at <= $3
     order by m.meter_id, c.name, r.read_at, r.version desc`,
    [meterIds, instantParam(fromMs), instantParam(toMs)],
  );
  const found = new Map<string, RegisterPoint[]>();
  for (const row of rows) {
    const key = registerKey(row.meter_id, row.name);
    const points = found.get(key) ?? [];
    points.push({ atMs: row.read_at, value: Number(row.value) * 10 ** row.scaler });
    found.set(key, points);
  }
  return found;
}

/** The register that counts the same flow as an interval channel, in the channel's counts; `undefined` where none was read. */
export function registerFactsOf(channel: Channel, registers: RegisterPoints): RegisterFacts | undefined {
  const points = registers.get(registerKey(channel.meterId, channel.name));
  if (points === undefined || points.length < 2) return undefined;
  const factor = 10 ** -channel.scaler;
  return {
    points: points.map(({ atMs, value }) => ({ atMs, value: Math.round(value * factor) })),
    modulus: 0,
    dialUnit: Math.max(1, factor),
  };
}

/** Events of many meters over a span, by meter. */
export async function eventsOf(
  runner: SqlRunner,
  meterIds: readonly MeterId[],
  fromMs: number,
  toMs: number,
): Promise<ReadonlyMap<MeterId, readonly EndDeviceEvent[]>> {
  const { rows } = await runner.query<{ meter_id: string; occurred_at: number; log: string; code: number; kind: EndDeviceEventKind }>(
    `select m.meter_id, e.occurred_at, e.log, e.code, e.kind
     from mdm.meter m join mdm.end_device_event e on e.meter_key = m.meter_key
     where m.meter_id = any ($1::text[]) and e.occurred_at >= $2 and e.occurred_at < $3`,
    [meterIds, instantParam(fromMs), instantParam(toMs)],
  );
  const found = new Map<MeterId, EndDeviceEvent[]>();
  for (const row of rows) {
    const events = found.get(row.meter_id) ?? [];
    events.push({ meterId: row.meter_id, atMs: row.occurred_at, log: row.log, code: row.code, kind: row.kind });
    found.set(row.meter_id, events);
  }
  return found;
}
