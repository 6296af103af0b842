import { WIRELESS_OBJECT, WIRELESS_STATUS_OBJECT, ORDER_OBJECT } from "@amity/concentrator";
import { channelEvents, communicationEvents, warningsAt, WARNING_BITS, type MeterFleet, type SimulatedSubMeter } from "@amity/meter";
import type { Store } from "@amity/store";
import type { AcknowledgedReadings } from "./acknowledged.ts";
import { Check, type CheckReport } from "./report.ts";
import type { ValveCommand } from "./sub-meter-script.ts";

export interface SubMeterCheckParts {
  readonly database: Store;
  readonly fleet: MeterFleet;
  readonly acknowledged: AcknowledgedReadings;
  readonly commands: readonly ValveCommand[];
  /** Before it nothing was scripted. */
  readonly startMs: number;
  /** What is younger may still be on its way. */
  readonly settledMs: number;
}

/** Log and code of something that a meter or its host told, with the instant. */
interface ToldEvent {
  readonly meterId: string;
  readonly log: string;
  readonly code: number;
  readonly atMs: number;
}

/** Logs of the host about all its channels; their events are stored under the meter that they are about. */
const HOST_LOG = "0-0:99.98.3";
const FLAGS_LOG = "mbus-error-flags";
const VALVE_LOG = "mbus-valve";
const HEARD: ReadonlySet<string> = new Set([WIRELESS_OBJECT, WIRELESS_STATUS_OBJECT, ORDER_OBJECT]);

/** What befell the gas, water and heat meters is told once each, and their valves moved as often as they were told to. */
export async function checkSubMeters(parts: SubMeterCheckParts): Promise<CheckReport[]> {
  return [await checkEvents(parts), await checkCommands(parts)];
}

async function checkEvents(parts: SubMeterCheckParts): Promise<CheckReport> {
  const { database, fleet, startMs, settledMs } = parts;
  const check = new Check("what befell sub-meters is told once, from meter to ledger");
  const ids = fleet.plan.subMeters.map(({ meterId }) => meterId);
  const { rows } = await database.query<{ meter_id: string; log: string; code: number; occurred_at: number; count: bigint }>(
    `select meter_id, log, code, occurred_at, count(*) as count from mdm.end_device_event join mdm.meter using (meter_key)
     where meter_id = any($1) group by 1, 2, 3, 4 order by 1, 4, 2, 3`,
    [ids],
  );
  const stored = new Map(
    rows.map(({ meter_id, log, code, occurred_at, count }) => [
      keyOf({ meterId: meter_id, log, code, atMs: occurred_at }),
      { atMs: occurred_at, count: Number(count) },
    ]),
  );
  const expected = new Map(
    fleet.plan.subMeters
      .flatMap(({ meterId, reach }) => (reach.kind === "channel" ? toldByHost(fleet, meterId, settledMs) : toldByRadio(parts, meterId)))
      .filter(({ atMs }) => atMs >= startMs)
      .map((event) => [keyOf(event), event]),
  );
  for (const [key, event] of expected)
    if (event.atMs <= settledMs) check.expect(stored.has(key), () => `${key} was told and is not stored`);
  for (const [key, { atMs, count }] of stored) {
    check.expect(count === 1, () => `${key} is stored ${count} times`);
    if (atMs >= startMs && atMs <= settledMs) check.expect(expected.has(key), () => `${key} is stored, and nobody told it`);
  }
  return check.finish();
}

/** What the logs of an electricity meter say of a meter on one of its channels. */
function toldByHost(fleet: MeterFleet, meterId: string, nowMs: number): ToldEvent[] {
  const channel = fleet.channelOf(meterId);
  if (channel === undefined) return [];
  const of =
    (log: string) =>
    (event: { clockMs: number; code: number }): ToldEvent => ({ meterId, log, code: event.code, atMs: event.clockMs });
  return [
    ...channelEvents(channel, nowMs).map(of(`0-${channel.channel}:24.5.0`)),
    ...communicationEvents([channel], nowMs).map(of(HOST_LOG)),
  ];
}

/** What changed from one telegram to the next, of those whose delivery was acknowledged: valve and error flags. */
function toldByRadio({ fleet, acknowledged }: SubMeterCheckParts, meterId: string): ToldEvent[] {
  const { meter } = fleet.subMeter(meterId);
  const heard = acknowledged.deliveries.filter((delivery) => delivery.meterId === meterId && HEARD.has(delivery.object));
  const instants = [...new Set(heard.flatMap(({ heardMs }) => heardMs))].toSorted((left, right) => left - right);
  let before: ReadonlySet<string> = new Set();
  return instants.flatMap((atMs) => {
    const now = conditionsAt(meter, atMs);
    const changed = [...now].filter((one) => !before.has(one)).concat([...before].filter((one) => !now.has(one)));
    before = now;
    return changed.map((one): ToldEvent => {
      const [log = "", code = ""] = one.split(" ");
      return { meterId, log, code: Number(code), atMs };
    });
  });
}

/** What a telegram tells is the matter; the telegram left the meter moments before it was heard. */
function conditionsAt(meter: SimulatedSubMeter, heardMs: number): Set<string> {
  const conditions = new Set([...warningsAt(meter, heardMs)].map((warning) => `${FLAGS_LOG} ${2 ** WARNING_BITS[warning]}`));
  const state = meter.valveMoves.findLast(({ atMs }) => atMs <= heardMs)?.state ?? "connected";
  if (state !== "connected") conditions.add(`${VALVE_LOG} 0`);
  if (state === "readyForReconnection") conditions.add(`${VALVE_LOG} 2`);
  return conditions;
}

/** Logs of DLMS keep whole seconds. */
function keyOf({ meterId, log, code, atMs }: ToldEvent): string {
  return `${meterId} ${log} ${code} at ${new Date(Math.floor(atMs / 1_000) * 1_000).toISOString()}`;
}

async function checkCommands({ database, fleet, commands }: SubMeterCheckParts): Promise<CheckReport> {
  const check = new Check("no valve is moved twice for one command, and none unasked");
  const { rows } = await database.query<{ command_id: string; state: string }>("select command_id, state from headend.command");
  const states = new Map(rows.map(({ command_id, state }) => [command_id, state]));
  for (const { meterId, hasValve } of fleet.plan.subMeters) {
    if (!hasValve) continue;
    const { meter } = fleet.subMeter(meterId);
    const own = commands.filter((command) => command.meterId === meterId);
    for (const { commandId, kind, isTaken } of own) {
      const moves = meter.valveMoves.filter(({ by, isClosing }) => by === "remote" && isClosing === (kind === "disconnect")).length;
      const state = states.get(commandId);
      check.expect(!isTaken || state !== undefined, () => `${commandId} was taken and is not on record`);
      check.expect(moves <= (state === undefined ? 0 : 1), () => `${commandId}: the valve moved ${moves} times`);
      const isEnded = state === undefined || ["done", "failed", "expired", "cancelled"].includes(state);
      check.expect(isEnded, () => `${commandId} is still ${state}`);
      if (state === "expired") check.expect(moves === 0, () => `${commandId} expired, and the valve moved`);
      // Opening what was never shut is done without a move.
      const isNeeded = kind === "disconnect" || meter.valveMoves.some(({ isClosing }) => isClosing);
      if (state === "done" && isNeeded) check.expect(moves === 1, () => `${commandId} is done, and the valve moved ${moves} times`);
    }
  }
  return check.finish();
}
