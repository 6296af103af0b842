import type { EndDeviceEvent, EndDeviceEventKind, MeterId } from "@amity/model";
import { instantParam, type SqlRunner, type Transaction } from "@amity/store";

/** Stores events; one of the same meter, instant, log and code is there already. Returns how many were new. */
export async function writeEvents(
  transaction: Transaction,
  events: readonly EndDeviceEvent[],
  context: { meterKeys: ReadonlyMap<MeterId, number>; source: string; knownAtMs: number },
): Promise<number> {
  const { rowCount } = await transaction.query(
    `insert into mdm.end_device_event (meter_key, occurred_at, log, code, kind, detail, known_at, source)
     select meter_key, occurred_at, log, code, kind, detail, $7, $8
     from unnest($1::integer[], $2::timestamptz[], $3::text[], $4::integer[], $5::text[], $6::text[])
       as n (meter_key, occurred_at, log, code, kind, detail)
     order by 1, 2, 3, 4
     on conflict do nothing`,
    [
      events.map((event) => context.meterKeys.get(event.meterId) ?? null),
      events.map((event) => instantParam(event.atMs)),
      events.map((event) => event.log),
      events.map((event) => event.code),
      events.map((event) => event.kind),
      events.map((event) => event.detail ?? null),
      instantParam(context.knownAtMs),
      context.source,
    ],
  );
  return rowCount;
}

/** A meter's events from `fromMs` to before `toMs`, newest first, at most `limit`. */
export async function readEvents(
  runner: SqlRunner,
  selection: { meterId: MeterId; fromMs: number; toMs: number; limit: number },
): Promise<EndDeviceEvent[]> {
  const { meterId, fromMs, toMs, limit } = selection;
  const { rows } = await runner.query<{ occurred_at: number; log: string; code: number; kind: EndDeviceEventKind; detail: string | null }>(
    `select occurred_at, log, code, kind, detail
     from mdm.meter m join mdm.end_device_event e on e.meter_key = m.meter_key
     where meter_id = $1 and occurred_at >= $2 and occurred_at < $3
     order by occurred_at desc, log, code limit $4`,
    [meterId, instantParam(fromMs), instantParam(toMs), limit],
  );
  return rows.map((row) => ({
    meterId,
    atMs: row.occurred_at,
    log: row.log,
    code: row.code,
    kind: row.kind,
    ...(row.detail === null ? {} : { detail: row.detail }),
  }));
}
