import type { ConcentratorRecord, Device, DeviceHealth, DeviceRecord, DeviceStatus, DriverSettings } from "../registry.ts";

/** A row of `headend.device`. */
export interface DeviceRow {
  readonly meter_id: string;
  readonly protocol: string;
  readonly concentrator_id: string | null;
  readonly host: string | null;
  readonly port: number | null;
  readonly meter_address: string | null;
  readonly settings: DriverSettings;
  readonly status: DeviceStatus;
  readonly health: Partial<Record<keyof DeviceHealth, unknown>>;
}

export const DEVICE_COLUMNS = "meter_id, protocol, concentrator_id, host, port, meter_address, settings, status, health";

/** The row of a device, as JSON for `jsonb_to_recordset`. */
export function rowOfDevice(device: Device): Omit<DeviceRow, "health"> {
  const { route } = device;
  const direct = route.kind === "direct" ? route.address : undefined;
  const relayed = route.kind === "concentrator" ? route : undefined;
  return {
    meter_id: device.meterId,
    protocol: device.protocol,
    concentrator_id: relayed?.concentratorId ?? null,
    host: direct?.host ?? null,
    port: direct?.port ?? null,
    meter_address: relayed?.meterAddress ?? null,
    settings: device.settings,
    status: device.status,
  };
}

export function deviceOfRow(row: DeviceRow): DeviceRecord {
  const route =
    row.concentrator_id === null
      ? { kind: "direct" as const, address: { host: row.host ?? "", port: row.port ?? 0 } }
      : { kind: "concentrator" as const, concentratorId: row.concentrator_id, meterAddress: row.meter_address ?? "" };
  const device: Device = { meterId: row.meter_id, protocol: row.protocol, route, settings: row.settings, status: row.status };
  return { device, health: healthOfJson(row.health) };
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
