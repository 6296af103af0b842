import type { SqlRunner, SqlValue } from "@amity/store";
import { decodeCursor, encodeCursor } from "../page-cursor.ts";
import type { DeviceQuery, DeviceRecord, Page, Registry } from "../registry.ts";
import { concentratorOfRow, DEVICE_COLUMNS, deviceOfRow, rowOfDevice, type ConcentratorRow, type DeviceRow } from "./device-rows.ts";

type DevicePart = Pick<
  Registry,
  | "registerDevices"
  | "registerConcentrators"
  | "device"
  | "devices"
  | "activeDevices"
  | "concentrators"
  | "setDeviceStatus"
  | "recordConcentrator"
>;

/** Columns that registration sets; the first is the key. */
const REGISTERED_COLUMNS = [
  "meter_id",
  "protocol",
  "route",
  "concentrator_id",
  "host",
  "port",
  "meter_address",
  "host_meter_id",
  "channel",
  "settings",
  "status",
] as const;

/** Devices and concentrators in PostgreSQL. */
export function deviceStoreOn(store: SqlRunner): DevicePart {
  return {
    async registerDevices(devices) {
      await store.query(
        `insert into headend.device (${REGISTERED_COLUMNS.join(", ")})
         select ${REGISTERED_COLUMNS.join(", ")}
         from jsonb_to_recordset($1::jsonb) as fresh (meter_id text, protocol text, route text, concentrator_id text, host text, port integer,
           meter_address text, host_meter_id text, channel integer, settings jsonb, status text)
         on conflict (meter_id) do update set ${REGISTERED_COLUMNS.slice(1)
           .map((column) => `${column} = excluded.${column}`)
           .join(", ")}`,
        [JSON.stringify(devices.map(rowOfDevice))],
      );
    },
    async registerConcentrators(entries) {
      const rows = entries.map(({ concentratorId, address, settings, sessionsMax, status }) => ({
        concentrator_id: concentratorId,
        ...address,
        settings,
        sessions_max: sessionsMax,
        status,
      }));
      await store.query(
        `insert into headend.concentrator (concentrator_id, host, port, settings, sessions_max, status)
         select concentrator_id, host, port, settings, sessions_max, status
         from jsonb_to_recordset($1::jsonb) as fresh (concentrator_id text, host text, port integer, settings jsonb, sessions_max integer, status text)
         on conflict (concentrator_id) do update set host = excluded.host, port = excluded.port, settings = excluded.settings,
           sessions_max = excluded.sessions_max, status = excluded.status`,
        [JSON.stringify(rows)],
      );
    },
    async device(meterId) {
      const { rows } = await store.query<DeviceRow>(`select ${DEVICE_COLUMNS} from headend.device where meter_id = $1`, [meterId]);
      return rows[0] === undefined ? undefined : deviceOfRow(rows[0]);
    },
    devices: (query) => queryDevices(store, query),
    async activeDevices() {
      const { rows } = await store.query<DeviceRow>(
        `select ${DEVICE_COLUMNS} from headend.device where status in ('registered', 'active') order by meter_id`,
      );
      return rows.map(deviceOfRow);
    },
    async concentrators() {
      const { rows } = await store.query<ConcentratorRow>("select * from headend.concentrator order by concentrator_id");
      return rows.map(concentratorOfRow);
    },
    async setDeviceStatus(meterId, status) {
      const { rowCount } = await store.query("update headend.device set status = $2 where meter_id = $1", [meterId, status]);
      return rowCount > 0;
    },
    async recordConcentrator(concentratorId, change) {
      await store.query(
        `update headend.concentrator set last_seen_ms = coalesce($2, last_seen_ms), last_error = case when $3 then $4 else last_error end
         where concentrator_id = $1`,
        [concentratorId, change.lastSeenMs ?? null, "lastError" in change, change.lastError ?? null],
      );
    },
  };
}

const SORTS = { meterId: "0::bigint", lastSeen: "last_seen_ms", "-lastSeen": "-last_seen_ms" } as const;

async function queryDevices(store: SqlRunner, query: DeviceQuery): Promise<Page<DeviceRecord>> {
  const sort = SORTS[query.sort ?? "meterId"];
  const conditions: string[] = [];
  const values: SqlValue[] = [];
  const where = (condition: (...places: string[]) => string, ...given: SqlValue[]): void => {
    conditions.push(condition(...given.map((value) => `$${values.push(value)}`)));
  };
  if (query.concentratorId !== undefined) where((place) => `concentrator_id = ${place}`, query.concentratorId);
  if (query.hostMeterId !== undefined) where((place) => `host_meter_id = ${place}`, query.hostMeterId);
  if (query.status !== undefined) where((place) => `status = ${place}`, query.status);
  if (query.text !== undefined) where((place) => `position(lower(${place}) in lower(meter_id)) > 0`, query.text);
  if (query.failing === true) conditions.push("failures > 0");
  if (query.cursor !== undefined) {
    const after = decodeCursor(query.cursor);
    where((value, id) => `(${sort}, meter_id collate "C") > (${value}::bigint, ${id} collate "C")`, after.value, after.id);
  }
  const filter = conditions.length === 0 ? "" : `where ${conditions.join(" and ")}`;
  const { rows } = await store.query<DeviceRow & { sort_value: bigint }>(
    `select ${DEVICE_COLUMNS}, ${sort} as sort_value from headend.device ${filter}
     order by ${sort}, meter_id collate "C" limit $${values.push(query.limit + 1)}`,
    values,
  );
  const items = rows.slice(0, query.limit);
  const last = items.at(-1);
  const next =
    rows.length > items.length && last !== undefined ? encodeCursor({ value: Number(last.sort_value), id: last.meter_id }) : undefined;
  return { items: items.map(deviceOfRow), next };
}
