import { UsageError } from "@amity/bytes";
import type { Command, CommandRequest, Firmware, LiveEvent, MeterDetail, MeterSummary, MetersQuery, Overview, Page } from "@amity/api";
import { ControlKind, METER_STATES } from "@amity/api";
import { zoneOf } from "@amity/intervals";
import type { Clock, Timers } from "@amity/runtime";
import type { Principal, UtilityApi, WriteOutcome } from "../../src/http/ports.ts";
import { controlOf } from "../../src/compose/api/command-shape.ts";
import { controlWords } from "../../src/compose/api/control-words.ts";
import { createFixtureDecisions } from "./decisions.ts";
import { buildFleet, stateOf, topologyOf, type FixtureMeter } from "./fleet.ts";
import { exportedFile, exportIntervals } from "./exports.ts";
import { hash } from "./household.ts";
import { billOf, billsOf, buildExceptions, exceptionDetail, timelineOf } from "./mdm.ts";
import { dayOf, dayStart, intervalsOf, isoOf, loadAt, loadSeries } from "./series.ts";
import { traceOf } from "./trace.ts";

const DAY_MS = 86_400_000;

export interface FixtureUtility extends UtilityApi {
  /** Emits the live events of one machine second. */
  tick(): void;
  emit(event: LiveEvent): void;
}

/**
 * FIXTURE: an in-memory utility with made-up data for developing and testing the HTTP edge and the console. Nothing
 * here speaks a protocol or stores anything.
 */
export function createFixtureUtility(
  world: { clock: Clock; timers: Timers },
  options: { meters?: number; backfillDone?: boolean } = {},
): FixtureUtility {
  const { clock, timers } = world;
  const fleet = buildFleet(clock.nowMs(), options.meters ?? 1_040);
  const zone = fleet.plan.zone;
  const exceptions = buildExceptions(fleet, clock.nowMs());
  const bills = billsOf(fleet, clock.nowMs());
  const commands = new Map<string, Command>();
  const firmwares = new Map<string, Firmware>();
  const listeners = new Set<(event: LiveEvent) => void>();
  const bornMs = timers.elapsedMs();
  let ticks = 0;
  let speed = clock.speed;

  const now = (): number => clock.nowMs();
  const emit = (event: LiveEvent): void => listeners.forEach((listener) => listener(event));
  const clockState = (): Overview["clock"] => ({ now: isoOf(Math.floor(now() / 1000) * 1000), speed, paused: false });
  const states = (): number[] => fleet.meters.map((meter) => stateOf(fleet, meter, now()));
  const openExceptions = (): number => exceptions.filter(({ state }) => state === "open").length;
  const meterDays = fleet.meters.length * 30;
  const backfillShare = (): number => (options.backfillDone === true ? 1 : Math.min(1, 0.18 + (timers.elapsedMs() - bornMs) / 240_000));

  function backfill(): Overview["backfill"] {
    const share = backfillShare();
    const done = Math.floor(meterDays * share);
    return {
      state: share >= 1 ? "done" : "running",
      done,
      total: meterDays,
      intervals: done * 384,
      perSecond: share >= 1 ? 0 : 49_920,
      ...(share >= 1 ? {} : { etaSeconds: (1 - share) * 240 }),
      reachedBack: isoOf(dayStart(zone, now() - share * 30 * DAY_MS)),
    };
  }

  function feederState(index: number): Overview["feeders"][0] {
    const feeder = fleet.plan.feeders[index]!;
    const members = fleet.meters.filter((meter) => meter.feeder === index);
    const outSince = fleet.outSince[index];
    return {
      id: feeder.feederId,
      name: feeder.name,
      state: outSince === undefined ? "live" : "out",
      ...(outSince === undefined ? {} : { outSince: isoOf(outSince) }),
      meters: members.length,
      reporting: members.filter((meter) => stateOf(fleet, meter, now()) === 0).length,
      loadW: loadAt(fleet, now(), { feeder: index, live: true }).importW,
    };
  }

  function summaryOf(meter: FixtureMeter): MeterSummary {
    const { planned } = meter;
    const state = METER_STATES[stateOf(fleet, meter, now())]!;
    const dark = state === "outage" || state === "disconnected";
    const { importWh, exportWh } = intervalWattsOf(meter);
    return {
      id: planned.meterId,
      commodity: "electricity",
      usagePoint: `UP${planned.serial}`,
      feeder: planned.feederId,
      transformer: planned.transformerId,
      ...(planned.concentratorId === undefined ? {} : { concentrator: planned.concentratorId }),
      state,
      lastSeen: isoOf(Math.floor(meter.lastSeenMs / 1000) * 1000),
      loadW: dark ? 0 : (importWh - exportWh) * 4,
      completeness: meter.silent ? 0.62 : Math.min(1, 0.93 + hash(planned.serial, 8) * 0.2),
      openExceptions: exceptions.filter(({ meterId, state: open }) => meterId === planned.meterId && open === "open").length,
      firmware: hash(planned.serial, 9) > 0.3 ? "2.1.4" : "2.0.9",
      traits: [
        ...(planned.solar ? (["solar"] as const) : []),
        ...(planned.electricVehicle ? (["ev"] as const) : []),
        ...(planned.phase === "L123" ? (["threePhase"] as const) : []),
      ],
    };
  }

  function intervalWattsOf(meter: FixtureMeter): { importWh: number; exportWh: number } {
    const at = Math.floor(now() / 900_000) * 900_000 - 900_000;
    const ask = { meterId: "", fromMs: at, toMs: at + 900_000, granularity: "raw" as const };
    const value = (channel: string): number => intervalsOf(fleet, meter, { ...ask, channel }, now()).v[0] ?? 0;
    return { importWh: value("1-0:1.8.0"), exportWh: value("1-0:2.8.0") };
  }

  function move(command: Command, state: Command["state"], text: string): void {
    const next: Command = {
      ...command,
      state,
      final: state === "done",
      steps: [...command.steps, { at: isoOf(now()), state, text }],
      ...(state === "done" ? { outcome: text } : {}),
    };
    commands.set(command.commandId, next);
    emit({ type: "command", command: next });
  }

  function runCommand(command: Command, meter: FixtureMeter): void {
    timers.after(600, () => {
      move(commands.get(command.commandId)!, "dispatched", "Sent over concentrator link");
      timers.after(1_400, () => {
        const { kind } = command.control;
        if (kind === "disconnect" || kind === "connect") meter.supply = kind === "connect" ? "connected" : "disconnected";
        meter.lastSeenMs = now();
        move(
          commands.get(command.commandId)!,
          "done",
          kind === "disconnect"
            ? "Output state read back: disconnected"
            : kind === "connect"
              ? "Output state read back: connected"
              : "Answered in 0.9 s",
        );
        emit({ type: "meters", ids: [meter.planned.meterId], state: [stateOf(fleet, meter, now())] });
      });
    });
  }

  const decisions = createFixtureDecisions({ fleet, exceptions, now });
  return {
    emit,
    decisions,
    facts: () => ({ name: "Quayside Power", zone, simulated: true, approvalFor: [], version: "0.1.0" }),
    notReady: () => [],
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    tick() {
      ticks += 1;
      const batch = fleet.meters.filter(
        (meter, index) => index % 15 === ticks % 15 && !meter.silent && fleet.outSince[meter.feeder] === undefined,
      );
      for (const meter of batch) meter.lastSeenMs = now();
      emit({ type: "meters", ids: batch.map((meter) => meter.planned.meterId), state: batch.map((meter) => stateOf(fleet, meter, now())) });
      const all = states();
      const load = loadAt(fleet, now(), { live: true });
      emit({
        type: "tick",
        tick: {
          clock: clockState(),
          ...load,
          reporting: all.filter((state) => state === 0).length,
          outage: all.filter((state) => state === 4).length,
          openExceptions: openExceptions(),
          intervalsStored: backfill().intervals,
          completeness: 0.9874,
        },
      });
      if (ticks % 2 === 0 && backfillShare() < 1) emit({ type: "backfill", backfill: backfill() });
    },
    async overview() {
      const all = states();
      const count = (state: number): number => all.filter((one) => one === state).length;
      const rules = new Map<string, { rule: string; title: string; count: number }>();
      for (const { rule, title, state } of exceptions) {
        if (state !== "open") continue;
        const entry = rules.get(rule) ?? { rule, title, count: 0 };
        entry.count += 1;
        rules.set(rule, entry);
      }
      const expected = fleet.meters.length * 96;
      return {
        clock: clockState(),
        load: loadAt(fleet, now(), { live: true }),
        meters: { total: all.length, reporting: count(0), silent: count(1) + count(2), disconnected: count(3), outage: count(4) },
        concentrators: { total: 12, online: 12 - 2 * fleet.outSince.filter((since) => since !== undefined).length },
        completeness: { expected, received: Math.floor(expected * 0.9874), estimated: Math.floor(expected * 0.008) },
        completenessHourly: Array.from({ length: 24 }, (_, hour) => 1 - 0.04 * hash(hour, 5) - (hour > 21 ? 0.09 : 0)),
        exceptions: { open: openExceptions(), byRule: [...rules.values()] },
        commodities: [
          {
            commodity: "electricity",
            meters: all.length,
            reporting: count(0),
            expected,
            received: Math.floor(expected * 0.9874),
            estimated: Math.floor(expected * 0.008),
            quantity: 11_400_000,
            unit: "Wh",
          },
          { commodity: "gas", meters: 396, reporting: 394, expected: 9504, received: 9431, estimated: 24, quantity: 231.4, unit: "m3" },
          {
            commodity: "water",
            meters: 612,
            reporting: 611,
            expected: 14_688,
            received: 14_502,
            estimated: 0,
            quantity: 288.061,
            unit: "m3",
          },
          { commodity: "heat", meters: 74, reporting: 74, expected: 1776, received: 1776, estimated: 0, quantity: 402_300, unit: "Wh" },
        ],
        commandsPending: [...commands.values()].filter(({ final }) => !final).length,
        intervalsStored: backfill().intervals,
        feeders: fleet.plan.feeders.map((_, index) => feederState(index)),
        backfill: backfill(),
      };
    },
    topology: async () => topologyOf(fleet, now()),
    async load({ fromMs, toMs, feeder }) {
      const index = feeder === undefined ? undefined : fleet.plan.feeders.findIndex(({ feederId }) => feederId === feeder);
      return loadSeries(fleet, fromMs, Math.min(toMs, now()), index);
    },
    async meters(query) {
      const rows = fleet.meters.map(summaryOf).filter((row) => matches(row, query));
      return pageOf(sorted(rows, query.sort), query);
    },
    async meter(meterId) {
      const meter = fleet.byId.get(meterId);
      if (meter === undefined) return undefined;
      return detailOf(meter);
    },
    async intervals(ask) {
      const meter = fleet.byId.get(ask.meterId);
      return meter === undefined ? undefined : intervalsOf(fleet, meter, ask, now());
    },
    async exportReadings(ask) {
      const { usagePointId } = ask;
      const meter = fleet.byId.get(usagePointId) ?? fleet.meters.find(({ planned }) => `UP${planned.serial}` === usagePointId);
      if (meter === undefined) return undefined;
      return exportedFile(intervalsOf(fleet, meter, exportIntervals(meter.planned.meterId, ask), now()), ask);
    },
    async timeline(ask) {
      const meter = fleet.byId.get(ask.meterId);
      if (meter === undefined) return undefined;
      const mine = [...commands.values()]
        .filter((command) => command.meterId === ask.meterId)
        .map((command) => ({
          id: command.commandId,
          at: command.requestedAt,
          kind: "command" as const,
          title: command.control.kind,
          severity: "notice" as const,
          by: command.requestedBy,
          state: command.state,
          ...(command.outcome === undefined ? {} : { detail: command.outcome }),
        }));
      const entries = [...mine, ...timelineOf(meter, now())].filter(
        (entry) =>
          (ask.kind === undefined || entry.kind === ask.kind) &&
          Date.parse(entry.at) >= (ask.fromMs ?? 0) &&
          Date.parse(entry.at) < (ask.toMs ?? Infinity),
      );
      return pageOf(entries, ask);
    },
    lastSession: async (meterId) => (fleet.byId.has(meterId) ? traceOf(meterId, now()) : undefined),
    commands: async (query) =>
      pageOf(
        [...commands.values()]
          .reverse()
          .filter(
            ({ meterId, state, control }) =>
              (query.meterId === undefined || meterId === query.meterId) &&
              (query.state === undefined || state === query.state) &&
              (query.kind === undefined || control.kind === query.kind),
          ),
        query,
      ),
    command: async (commandId) => commands.get(commandId),
    exceptions: async (query) =>
      pageOf(
        exceptions.filter(
          (one) =>
            (query.state === "all" || one.state === query.state) &&
            (query.cluster === undefined || query.cluster === `${one.rule}-${fleet.byId.get(one.meterId)?.planned.feederId}`) &&
            (query.severity === undefined || one.severity === query.severity) &&
            (query.assignee === undefined || (one.assignedTo ?? "-") === query.assignee) &&
            (query.feeder === undefined || fleet.byId.get(one.meterId)?.planned.feederId === query.feeder) &&
            (query.commodity === undefined || query.commodity === "electricity") &&
            (query.rule === undefined || one.rule === query.rule) &&
            (query.meterId === undefined || one.meterId === query.meterId),
        ),
        query,
      ),
    async exception(id) {
      const exception = exceptions.find((one) => one.id === id);
      return exception === undefined ? undefined : exceptionDetail(fleet, exception, now());
    },
    bills: async (query) =>
      pageOf(
        bills.filter(
          (bill) =>
            (query.meterId === undefined || bill.meterId === query.meterId) && (query.state === undefined || bill.state === query.state),
        ),
        query,
      ),
    async bill(id) {
      const bill = bills.find((one) => one.id === id);
      return bill === undefined ? undefined : billOf(fleet, bill, now());
    },
    async completeness(days) {
      const list = Array.from({ length: days }, (_, index) => dayOf(zone, now() - (days - 1 - index) * DAY_MS));
      const rows = [
        ...fleet.plan.concentrators.map((one, index) => ({ id: one.concentratorId, feeder: one.feederId, index })),
        { id: "direct", feeder: undefined, index: -1 },
      ];
      return {
        days: list,
        rows: rows.map(({ id, feeder, index }) => {
          const meters = fleet.meters.filter((meter) => meter.concentrator === index).length;
          const expected = list.map((_, day) => (day < days - 30 * backfillShare() - 1 ? null : meters * 96));
          const received = expected.map((count, day) =>
            count === null
              ? null
              : Math.floor(
                  count *
                    Math.max(
                      0,
                      1 - 0.03 * hash(index + 50, day) ** 3 - (hash(index + 60, day) > 0.97 ? 0.32 : 0) - (day === days - 1 ? 0.03 : 0),
                    ),
                ),
          );
          return {
            concentrator: id,
            ...(feeder === undefined ? {} : { feeder }),
            meters,
            expected,
            received,
            estimated: received.map((count, day) => (count === null ? null : Math.floor((expected[day]! - count) * 0.8))),
          };
        }),
      };
    },
    backfill: async () => backfill(),
    async requestCommand(request: CommandRequest, by: Principal): Promise<WriteOutcome<Command>> {
      const known = commands.get(request.commandId);
      if (known !== undefined) return { kind: "done", value: known };
      const meter = fleet.byId.get(request.meterId);
      if (meter === undefined) return { kind: "not-found" };
      const command: Command = {
        commandId: request.commandId,
        meterId: request.meterId,
        control: request.control,
        summary: controlWords(controlOf(request.control), "electricity", zoneOf(zone)),
        ...(request.reason === undefined ? {} : { reason: request.reason }),
        state: request.dryRun ? "done" : "waiting",
        requestedBy: by.user,
        requestedAt: isoOf(now()),
        expiresAt: isoOf(now() + request.expiresInSeconds * 1000),
        final: request.dryRun,
        steps: [{ at: isoOf(now()), state: "waiting", text: "Passed the gate: operator, 1 of 25 this hour" }],
        dryRun: request.dryRun,
      };
      if (request.dryRun) return { kind: "done", value: command };
      commands.set(command.commandId, command);
      runCommand(command, meter);
      return { kind: "done", value: command };
    },
    async approveCommand(commandId) {
      return commands.has(commandId) ? { kind: "conflict", detail: `Command ${commandId} needs no second person.` } : { kind: "not-found" };
    },
    async cancelCommand(commandId) {
      const command = commands.get(commandId);
      if (command === undefined) return { kind: "not-found" };
      return command.state === "waiting"
        ? { kind: "done", value: { ...command, state: "cancelled", final: true } }
        : { kind: "conflict", detail: "It was sent already." };
    },
    wirelessStrangers: async () => ({ items: [] }),
    firmwares: async () => ({ items: [...firmwares.values()] }),
    async addFirmware({ identification, firmware = identification, note = "" }, octets, by) {
      const image = {
        identification,
        firmware,
        size: octets.length,
        sha256: "0".repeat(64),
        note,
        addedBy: by.user,
        addedAt: isoOf(now()),
      };
      firmwares.set(identification, image);
      return { kind: "done", value: image };
    },
    registerFleet: ({ devices }) => Promise.resolve({ added: devices.length, changed: 0, unchanged: 0, keysStored: 0, problems: [] }),
    async releaseBill(id) {
      const index = bills.findIndex((one) => one.id === id);
      const bill = bills[index];
      if (bill === undefined) return { kind: "not-found" };
      if (bill.state !== "held") return { kind: "conflict", detail: `The bill is ${bill.state}.` };
      bills[index] = { ...bill, state: "issued" };
      return { kind: "done", value: { ...bill, state: "issued" } };
    },
    async resolveException(id, resolution) {
      const index = exceptions.findIndex((one) => one.id === id);
      const exception = exceptions[index];
      if (exception === undefined) return { kind: "not-found" };
      if (resolution.action !== "reopen" && (resolution.reason ?? "").trim() === "") return { kind: "refused", detail: "Say why." };
      const state = ({ accept: "accepted", estimate: "estimated", dismiss: "dismissed", reopen: "open" } as const)[resolution.action];
      exceptions[index] = { ...exception, state };
      return { kind: "done", value: { ...exception, state } };
    },
    async switchFeeder(feederId, state) {
      const index = fleet.plan.feeders.findIndex((feeder) => feeder.feederId === feederId);
      if (index < 0) return { kind: "not-found" };
      fleet.outSince[index] = state === "out" ? (fleet.outSince[index] ?? now()) : undefined;
      const feeder = feederState(index);
      const members = fleet.meters.filter((meter) => meter.feeder === index);
      emit({ type: "feeder", feeder });
      emit({
        type: "meters",
        ids: members.map((meter) => meter.planned.meterId),
        state: members.map((meter) => stateOf(fleet, meter, now())),
      });
      emit({
        type: "notice",
        at: isoOf(now()),
        severity: state === "out" ? "alarm" : "notice",
        text: state === "out" ? `Feeder ${feeder.name} is out: ${members.length} last gasps` : `Feeder ${feeder.name} restored`,
      });
      return { kind: "done", value: feeder };
    },
    async setSpeed(value) {
      speed = value;
      return { kind: "done", value: { speed } };
    },
  };

  function detailOf(meter: FixtureMeter): MeterDetail {
    const at = isoOf(Math.floor(meter.lastSeenMs / 1000) * 1000);
    const register = (
      obis: string,
      name: string,
      value: number,
      unit: "Wh" | "varh" | "V" | "A" | "W",
      scaler = 0,
    ): MeterDetail["registers"][0] => ({ obis, name, value: String(Math.round(value)), scaler, unit, at });
    const total = 2_000_000 + hash(meter.planned.serial, 4) * 6_000_000;
    const channel = (code: string, name: string, unit: "Wh" | "varh"): MeterDetail["channels"][0] => ({
      channel: code,
      name,
      unit,
      scaler: 0,
      intervalSeconds: 900,
      from: isoOf(dayStart(zone, now() - 30 * DAY_MS)),
      to: at,
    });
    return {
      meter: summaryOf(meter),
      manufacturer: "Amity (simulated)",
      model: "AM-1",
      route: meter.planned.concentratorId === undefined ? "Direct TCP" : `Concentrator ${meter.planned.concentratorId} over PLC`,
      protocol: "DLMS/COSEM, HLS5-GMAC, suite 0",
      installed: isoOf(Math.floor(meter.planned.installedMs / DAY_MS) * DAY_MS),
      supply: meter.supply,
      samePlace: [],
      reach:
        meter.planned.concentratorId === undefined
          ? { kind: "direct", address: "127.0.0.1:4059" }
          : { kind: "concentrator", concentrator: meter.planned.concentratorId, address: "31" },
      conditions: [],
      commands: [...ControlKind.options],
      clockOffsetSeconds: Math.round((hash(meter.planned.serial, 6) - 0.5) * 8),
      registers: [
        register("1-0:1.8.0", "Import, active", total + now() / 3_600_000, "Wh"),
        register("1-0:2.8.0", "Export, active", meter.home.solar ? total * 0.4 : 0, "Wh"),
        register("1-0:3.8.0", "Import, reactive", total * 0.12, "varh"),
        register("1-0:4.8.0", "Export, reactive", total * 0.03, "varh"),
        register("1-0:32.7.0", "Voltage L1", 2318 + hash(meter.planned.serial, 7) * 120, "V", -1),
        register("1-0:16.7.0", "Power, net", summaryOf(meter).loadW ?? 0, "W"),
      ],
      channels: [
        channel("1-0:1.8.0", "Import", "Wh"),
        channel("1-0:2.8.0", "Export", "Wh"),
        channel("1-0:3.8.0", "Reactive import", "varh"),
        channel("1-0:4.8.0", "Reactive export", "varh"),
      ],
      watermark: at,
      health: {
        sessions: 412,
        failures: meter.silent ? 37 : 3,
        ...(meter.silent ? { lastError: "No answer from station 31 in 3 tries" } : {}),
      },
    };
  }
}

function matches(row: MeterSummary, query: MetersQuery): boolean {
  const text = query.q?.toLowerCase();
  return (
    (text === undefined || row.id.toLowerCase().includes(text) || row.usagePoint?.toLowerCase().includes(text) === true) &&
    (query.commodity === undefined || row.commodity === query.commodity) &&
    (query.state === undefined || row.state === query.state) &&
    (query.feeder === undefined || row.feeder === query.feeder) &&
    (query.concentrator === undefined || (row.concentrator ?? "direct") === query.concentrator)
  );
}

function sorted(rows: MeterSummary[], sort: MetersQuery["sort"]): MeterSummary[] {
  const descending = sort.startsWith("-");
  const key = sort.replace("-", "") as "id";
  const factor = descending ? -1 : 1;
  return rows.sort((left, right) => {
    const a = left[key] ?? "";
    const b = right[key] ?? "";
    return (a < b ? -1 : a > b ? 1 : left.id.localeCompare(right.id)) * factor;
  });
}

function pageOf<Item>(items: Item[], query: { cursor?: string | undefined; limit: number }): Page<Item> {
  const start = query.cursor === undefined ? 0 : Number(query.cursor.replace(/^p/, ""));
  if (!Number.isSafeInteger(start) || start < 0) throw new UsageError("That cursor is not one of this list", { code: "bad-cursor" });
  const end = start + query.limit;
  return { items: items.slice(start, end), total: items.length, ...(end < items.length ? { next: `p${end}` } : {}) };
}
