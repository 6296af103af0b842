import type {
  ConcentratorRecord,
  Device,
  DeviceHealth,
  DeviceRecord,
  DeviceStatus,
  DriverSettings,
  HostChannel,
  Route,
} from "../registry.ts";

/** A row of `headend.device`. */
export interface DeviceRow {
  readonly meter_id: string;
  readonly protocol: string;
  readonly route: Route["kind"];
  readonly concentrator_id: string | null;
  readonly host: string | null;
  readonly port: number | null;
  readonly meter_address: string | null;
  readonly host_meter_id: string | null;
  readonly channel: number | null;
  readonly settings: DriverSettings;
  readonly status: DeviceStatus;
  readonly health: Partial<Record<keyof DeviceHealth, unknown>>;
}

export const DEVICE_COLUMNS =
  "meter_id, protocol, route, concentrator_id, host, port, meter_address, host_meter_id, channel, settings, status, health";

type RouteColumns = Pick<DeviceRow, "route" | "concentrator_id" | "host" | "port" | "meter_address" | "host_meter_id" | "channel">;

const NOWHERE = { concentrator_id: null, host: null, port: null, meter_address: null, host_meter_id: null, channel: null } as const;

/** The row of a device, as JSON for `jsonb_to_recordset`. */
export function rowOfDevice(device: Device): Omit<DeviceRow, "health"> {
  const { meterId, protocol, route, settings, status } = device;
  return { meter_id: meterId, protocol, ...columnsOfRoute(route), settings, status };
}

function columnsOfRoute(route: Route): RouteColumns {
  switch (route.kind) {
    case "direct":
    case "listen":
      return { ...NOWHERE, route: route.kind, host: route.address.host, port: route.address.port };
    case "concentrator":
      return { ...NOWHERE, route: route.kind, concentrator_id: route.concentratorId, meter_address: route.meterAddress };
    case "wireless":
      return { ...NOWHERE, route: route.kind, concentrator_id: route.concentratorId, meter_address: route.address };
    case "behind":
      return { ...NOWHERE, route: route.kind, host_meter_id: route.hostMeterId, channel: route.channel };
  }
}

export function deviceOfRow(row: DeviceRow): DeviceRecord {
  const device: Device = {
    meterId: row.meter_id,
    protocol: row.protocol,
    route: routeOfRow(row),
    settings: row.settings,
    status: row.status,
  };
  return { device, health: healthOfJson(row.health) };
}

/** The columns that a kind of route needs are there: the table checks it. */
function routeOfRow(row: RouteColumns): Route {
  switch (row.route) {
    case "direct":
    case "listen":
      return { kind: row.route, address: { host: row.host ?? "", port: row.port ?? 0 } };
    case "concentrator":
      return { kind: row.route, concentratorId: row.concentrator_id ?? "", meterAddress: row.meter_address ?? "" };
    case "wireless":
      return { kind: row.route, concentratorId: row.concentrator_id ?? "", address: row.meter_address ?? "" };
    case "behind":
      return { kind: row.route, hostMeterId: row.host_meter_id ?? "", channel: (row.channel ?? 1) as HostChannel };
  }
}

/** `undefined` cannot be said in JSON: what is not known is null there. */
export function jsonOfHealth(change: Partial<DeviceHealth>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(change).map(([name, value]) => [name, value ?? null]));
}

function healthOfJson(json: DeviceRow["health"]): DeviceHealth {
  const known = <K extends keyof DeviceHealth>(name: K): DeviceHealth[K] | undefined =>
    (json[name] ?? undefined) as DeviceHealth[K] | undefined;
  return {
    lastSeenMs: known("lastSeenMs"),
    lastAttemptMs: known("lastAttemptMs"),
    consecutiveFailures: known("consecutiveFailures") ?? 0,
    lastError: known("lastError"),
    clockOffsetMs: known("clockOffsetMs"),
    supply: known("supply"),
    firmware: known("firmware"),
    manufacturer: known("manufacturer"),
    edges: known("edges"),
    standing: known("standing"),
  };
}

/** A row of `headend.concentrator`. */
export interface ConcentratorRow {
  readonly concentrator_id: string;
  readonly host: string;
  readonly port: number;
  readonly settings: DriverSettings;
  readonly sessions_max: number;
  readonly status: DeviceStatus;
  readonly last_seen_ms: bigint | null;
  readonly last_error: string | null;
}

export function concentratorOfRow(row: ConcentratorRow): ConcentratorRecord {
  return {
    entry: {
      concentratorId: row.concentrator_id,
      address: { host: row.host, port: row.port },
      settings: row.settings,
      sessionsMax: row.sessions_max,
      status: row.status,
    },
    lastSeenMs: row.last_seen_ms === null ? undefined : Number(row.last_seen_ms),
    lastError: row.last_error ?? undefined,
  };
}
