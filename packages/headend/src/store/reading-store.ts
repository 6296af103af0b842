import type { Coverage } from "@amity/concentrator";
import type { EndDeviceEvent, EndDeviceEventKind } from "@amity/model";
import type { SqlRunner, Store } from "@amity/store";
import type { CollectionRecord, QuarantinedDelivery, Registry, StoredEvent } from "../registry.ts";
import { jsonOfHealth } from "./device-rows.ts";

type ReadingPart = Pick<Registry, "coverage" | "recordCollection" | "events" | "quarantine" | "quarantined" | "release">;

interface EventRow {
  readonly cursor: bigint;
  readonly received_ms: bigint;
  readonly meter_id: string;
  readonly log: string;
  readonly at_ms: bigint;
  readonly code: number;
  readonly kind: EndDeviceEventKind;
  readonly detail: string | null;
}

const EVENT_COLUMNS = "cursor, received_ms, meter_id, log, at_ms, code, kind, detail";
/** Events are numbered and committed in one order, so that nobody who reads on from a cursor misses one. */
const EVENT_ORDER_LOCK = 0x68656576;

/** Watermarks, health, events and quarantine in PostgreSQL. */
export function readingStoreOn(store: Store): ReadingPart {
  return {
    async coverage(meterId) {
      const { rows } = await store.query<{ meter_id: string; profile: string; covered: [number, number][] }>(
        `select meter_id, profile, covered from headend.coverage ${meterId === undefined ? "" : "where meter_id = $1"}`,
        meterId === undefined ? [] : [meterId],
      );
      return rows.map(({ meter_id, profile, covered }) => ({
        meterId: meter_id,
        profile,
        covered: covered.map(([fromMs, toMs]) => ({ fromMs, toMs })),
      }));
    },
    async recordCollection(record, nowMs) {
      return store.transaction(async (transaction) => {
        if (record.coverage.length > 0) await saveCoverage(transaction, record);
        if (record.health.length > 0) await saveHealth(transaction, record);
        return record.events.length > 0 ? saveEvents(transaction, record.events, nowMs) : [];
      });
    },
    async events({ afterCursor, meterId, limit }) {
      const place = afterCursor === undefined ? "" : "and cursor > $3";
      const { rows } = await store.query<EventRow>(
        `select ${EVENT_COLUMNS} from headend.event where ($1::text is null or meter_id = $1) ${place}
         order by cursor ${afterCursor === undefined ? "desc" : "asc"} limit $2`,
        afterCursor === undefined ? [meterId ?? null, limit] : [meterId ?? null, limit, afterCursor],
      );
      return rows.map(storedEventOf);
    },
    quarantine: (deliveries) => saveQuarantine(store, deliveries),
    quarantined: () => loadQuarantine(store),
    async release(deliveries) {
      await store.transaction(async (transaction) => {
        for (const { concentratorId, sequence, delivery } of deliveries) {
          await transaction.query(
            "delete from headend.quarantine where concentrator_id = $1 and sequence = $2 and meter_id = $3 and collected_ms = $4",
            [concentratorId, sequence, delivery.meterId, delivery.collectedAtMs],
          );
        }
      });
    },
  };
}

async function saveCoverage(runner: SqlRunner, { coverage }: CollectionRecord): Promise<void> {
  const rows = coverage.map(({ meterId, profile, covered }) => ({ meter_id: meterId, profile, covered: pairsOf(covered) }));
  await runner.query(
    `insert into headend.coverage (meter_id, profile, covered)
     select meter_id, profile, covered from jsonb_to_recordset($1::jsonb) as fresh (meter_id text, profile text, covered jsonb)
     on conflict (meter_id, profile) do update set covered = excluded.covered`,
    [JSON.stringify(rows)],
  );
}

function pairsOf(covered: Coverage): [number, number][] {
  return covered.map(({ fromMs, toMs }) => [fromMs, toMs]);
}

async function saveHealth(runner: SqlRunner, { health }: CollectionRecord): Promise<void> {
  // A meter may occur several times in one group: its changes are laid one over the other, the last one counts.
  const merged = new Map<string, Record<string, unknown>>();
  for (const { meterId, change } of health) merged.set(meterId, { ...merged.get(meterId), ...jsonOfHealth(change) });
  const rows = [...merged].map(([meterId, change]) => ({ meter_id: meterId, change }));
  await runner.query(
    `update headend.device as device set
       health = device.health || fresh.change,
       last_seen_ms = coalesce((fresh.change->>'lastSeenMs')::bigint, device.last_seen_ms),
       failures = coalesce((fresh.change->>'consecutiveFailures')::integer, device.failures)
     from jsonb_to_recordset($1::jsonb) as fresh (meter_id text, change jsonb)
     where device.meter_id = fresh.meter_id`,
    [JSON.stringify(rows)],
  );
}

async function saveEvents(runner: SqlRunner, events: readonly EndDeviceEvent[], nowMs: number): Promise<StoredEvent[]> {
  const rows = events.map(({ meterId, log, atMs, code, kind, detail }, place) => ({
    place,
    meter_id: meterId,
    log,
    at_ms: Math.floor(atMs),
    code,
    kind,
    detail: detail ?? null,
  }));
  await runner.query("select pg_advisory_xact_lock($1)", [EVENT_ORDER_LOCK]);
  const inserted = await runner.query<EventRow>(
    `insert into headend.event (meter_id, log, at_ms, code, kind, detail, received_ms)
     select meter_id, log, at_ms, code, kind, detail, $2::bigint
     from jsonb_to_recordset($1::jsonb) as fresh (place integer, meter_id text, log text, at_ms bigint, code integer, kind text, detail text)
     order by place
     on conflict do nothing returning ${EVENT_COLUMNS}`,
    [JSON.stringify(rows), nowMs],
  );
  return inserted.rows.map(storedEventOf).toSorted((left, right) => left.cursor - right.cursor);
}

function storedEventOf(row: EventRow): StoredEvent {
  const event = { meterId: row.meter_id, atMs: Number(row.at_ms), kind: row.kind, log: row.log, code: row.code };
  return {
    cursor: Number(row.cursor),
    receivedAtMs: Number(row.received_ms),
    event: row.detail === null ? event : { ...event, detail: row.detail },
  };
}

async function saveQuarantine(store: Store, deliveries: readonly QuarantinedDelivery[]): Promise<void> {
  await store.transaction(async (transaction) => {
    for (const { concentratorId, sequence, delivery, reason, atMs } of deliveries) {
      const { meterId, object, collectedAtMs, span, payload } = delivery;
      await transaction.query(
        `insert into headend.quarantine (concentrator_id, sequence, meter_id, object, collected_ms, from_ms, to_ms, payload, reason, at_ms)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) on conflict do nothing`,
        [concentratorId, sequence, meterId, object, collectedAtMs, span.fromMs, span.toMs, payload, reason, atMs],
      );
    }
  });
}

interface QuarantineRow {
  readonly concentrator_id: string;
  readonly sequence: bigint;
  readonly meter_id: string;
  readonly object: string;
  readonly collected_ms: bigint;
  readonly from_ms: bigint;
  readonly to_ms: bigint;
  readonly payload: Uint8Array;
  readonly reason: string;
  readonly at_ms: bigint;
}

async function loadQuarantine(store: Store): Promise<QuarantinedDelivery[]> {
  const { rows } = await store.query<QuarantineRow>(
    "select * from headend.quarantine order by at_ms, concentrator_id, sequence limit 10000",
  );
  return rows.map((row) => ({
    concentratorId: row.concentrator_id,
    sequence: Number(row.sequence),
    delivery: {
      meterId: row.meter_id,
      object: row.object,
      collectedAtMs: Number(row.collected_ms),
      span: { fromMs: Number(row.from_ms), toMs: Number(row.to_ms) },
      payload: row.payload,
    },
    reason: row.reason,
    atMs: Number(row.at_ms),
  }));
}
