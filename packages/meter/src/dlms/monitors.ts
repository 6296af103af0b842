import { data, parseObis, timeClasses, type DataAccessResult, type DlmsData, type Obis } from "@amity/dlms";
import type { OwnActions, Outlook } from "../metrology/own-actions.ts";
import { EVENT_CODES, type MeterOperation } from "../metrology/operations.ts";
import type { SimulatedMeter } from "../simulated-meter.ts";
import { configuredObject } from "./configured-object.ts";
import { limiterSettings, limitAt } from "./limiter.ts";
import type { MeterObject } from "./meter-object.ts";
import { numberOf, type ReadNumber, type ScriptReference, type WatchedAttribute } from "./monitored-value.ts";
import { scriptOf } from "./scripts.ts";
import { UnderstoodSettings } from "./settings.ts";
import { switchedOff } from "./function-control.ts";

const { registerMonitor } = timeClasses;
const THRESHOLDS_MAX = 8;
/** Monitors look once a minute, which is as often as the simulated voltage changes. */
const LOOK_MS = 60_000;

/** Class 21 Register monitors: two, for whatever the utility wants watched. */
export const REGISTER_MONITORS = ["0-0:16.1.0", "0-0:16.1.1"] as const;

/** Class 67 Sensor manager of the conformance meter: it monitors as two register monitors do. */
export const SENSOR_MANAGER = "7-0:0.15.0";

/** What a monitor watches for and does. */
interface Watch {
  readonly monitor: string;
  readonly watched: WatchedAttribute;
  readonly thresholds: number;
  thresholdAt(index: number, atMs: number): number;
  readonly overMs: number;
  readonly underMs: number;
  action(index: number, isOver: boolean): ScriptReference | undefined;
  readonly isLimiter: boolean;
}

/** The objects of the register monitors. */
export function registerMonitorObjects(): MeterObject[] {
  return REGISTER_MONITORS.map((name) =>
    configuredObject({
      class: registerMonitor,
      name,
      values: {
        thresholds: data.array(),
        monitoredValue: registerMonitor.attributes.monitoredValue.encode(FACTORY_WATCHED),
        actions: data.array(),
      },
      writable: ["thresholds", "monitoredValue", "actions"],
      judge: judgeMonitor,
    }),
  );
}

/** Thresholds, actions and what is watched, of a register monitor or a sensor manager: not too many, and numbers. */
export function judgeMonitor(attribute: string, given: DlmsData): DataAccessResult | undefined {
  if (given.type !== "array") return undefined;
  if (given.value.length > THRESHOLDS_MAX) return "other-reason";
  const isThresholds = attribute.toLowerCase().endsWith("thresholds");
  return isThresholds && given.value.some((threshold) => numberOf(threshold) === undefined) ? "type-unmatched" : undefined;
}

/** The next thing that a limiter or a register monitor does. */
export function monitorActions(meter: SimulatedMeter, outlook: Outlook, read: ReadNumber): OwnActions | undefined {
  let { toMs } = outlook;
  let first: OwnActions | undefined;
  for (const watch of watchesOf(meter)) {
    const found = nextOf(meter, watch, { ...outlook, toMs }, read);
    if (found === undefined) continue;
    first =
      first !== undefined && first.atMs === found.atMs
        ? { atMs: found.atMs, operations: [...first.operations, ...found.operations] }
        : found;
    toMs = found.atMs;
  }
  return first;
}

const FACTORY_WATCHED: WatchedAttribute = { classId: 3, logicalName: parseObis("1-0:32.7.0"), attributeIndex: 2 };

interface MonitorSettings {
  readonly watched: WatchedAttribute;
  readonly thresholds: readonly number[];
  readonly actions: readonly { readonly actionUp: ScriptReference; readonly actionDown: ScriptReference }[];
}

/** Where a monitor's settings stand; `watched` names the attribute that says what is watched, or is it. */
interface MonitorPlace {
  /** Unique; begins with the name of the object. */
  readonly monitor: string;
  readonly object: string;
  readonly name: Obis;
  readonly thresholds: number;
  readonly watched: number | WatchedAttribute;
  readonly actions: number;
  readonly settings: UnderstoodSettings<MonitorSettings>;
}

const PLACES: readonly MonitorPlace[] = [
  ...REGISTER_MONITORS.map((object) => placeOf(object, object, { thresholds: 2, watched: 3, actions: 4 })),
  placeOf(`${SENSOR_MANAGER}/raw`, SENSOR_MANAGER, {
    thresholds: 11,
    watched: { classId: 67, logicalName: parseObis(SENSOR_MANAGER), attributeIndex: 7 },
    actions: 12,
  }),
  placeOf(`${SENSOR_MANAGER}/processed`, SENSOR_MANAGER, { thresholds: 14, watched: 13, actions: 15 }),
];

function placeOf(monitor: string, object: string, place: Pick<MonitorPlace, "thresholds" | "watched" | "actions">): MonitorPlace {
  const { attributes } = registerMonitor;
  const factory = typeof place.watched === "number" ? FACTORY_WATCHED : place.watched;
  const settings = new UnderstoodSettings<MonitorSettings>(
    ([thresholds, actions, watched]) => ({
      watched: watched === undefined ? factory : attributes.monitoredValue.decode(watched),
      thresholds: thresholds === undefined ? [] : attributes.thresholds.decode(thresholds).flatMap((one) => numberOf(one) ?? []),
      actions: actions === undefined ? [] : attributes.actions.decode(actions),
    }),
    { watched: factory, thresholds: [], actions: [] },
  );
  return { monitor, object, name: parseObis(object), ...place, settings };
}

function settingsOf(meter: SimulatedMeter, { object, thresholds, watched, actions, settings }: MonitorPlace): MonitorSettings {
  const attributes = [[object, thresholds] as const, [object, actions] as const];
  return settings.of(meter, typeof watched === "number" ? [...attributes, [object, watched]] : attributes);
}

function watchesOf(meter: SimulatedMeter): Watch[] {
  if (!meter.isConfigured) return [];
  const off = switchedOff(meter);
  const watches = PLACES.flatMap((place): Watch[] => {
    if (meter.configured(place.object, place.thresholds) === undefined || off.has(place.name)) return [];
    const { watched, thresholds, actions } = settingsOf(meter, place);
    if (thresholds.length === 0) return [];
    const action = (index: number, isOver: boolean): ScriptReference | undefined => actions[index]?.[isOver ? "actionUp" : "actionDown"];
    const thresholdAt = (index: number): number => thresholds[index] ?? Number.POSITIVE_INFINITY;
    const { monitor } = place;
    return [{ monitor, watched, thresholds: thresholds.length, thresholdAt, overMs: 0, underMs: 0, action, isLimiter: false }];
  });
  const limiter = limiterSettings(meter);
  if (!limiter.isSet || off.has(LIMITER)) return watches;
  return [
    ...watches,
    {
      monitor: limiter.name,
      watched: limiter.watched,
      thresholds: 1,
      thresholdAt: (_index, atMs) => limitAt(meter, atMs),
      overMs: limiter.overMs,
      underMs: limiter.underMs,
      action: (_index, isOver) => (isOver ? limiter.actionOver : limiter.actionUnder),
      isLimiter: true,
    },
  ];
}

const LIMITER = parseObis("0-0:17.0.0");

function nextOf(meter: SimulatedMeter, watch: Watch, { afterMs, toMs }: Outlook, read: ReadNumber): OwnActions | undefined {
  const due = settlingOf(meter, watch, { afterMs, toMs });
  const lastLookMs = due === undefined ? toMs : due.atMs;
  for (let atMs = (Math.floor(afterMs / LOOK_MS) + 1) * LOOK_MS; atMs <= lastLookMs; atMs += LOOK_MS) {
    const crossings = crossingsAt(meter, watch, atMs, read);
    if (crossings.length > 0) return { atMs, operations: crossings };
  }
  return due;
}

/** The first crossing that has lasted long enough. */
function settlingOf(meter: SimulatedMeter, watch: Watch, { afterMs, toMs }: { afterMs: number; toMs: number }): OwnActions | undefined {
  let first: OwnActions | undefined;
  for (let index = 0; index < watch.thresholds; index++) {
    const crossing = meter.functions.crossing(watch.monitor, index);
    if (crossing === undefined || crossing.isOver === crossing.isSettledOver) continue;
    const atMs = Math.max(afterMs, crossing.sinceMs + (crossing.isOver ? watch.overMs : watch.underMs));
    if (atMs > toMs || (first !== undefined && first.atMs <= atMs)) continue;
    first = { atMs, operations: settle(meter, watch, { index, isOver: crossing.isOver, atMs }) };
  }
  return first;
}

function settle(
  meter: SimulatedMeter,
  watch: Watch,
  { index, isOver, atMs }: { index: number; isOver: boolean; atMs: number },
): MeterOperation[] {
  const operations: MeterOperation[] = [{ kind: "settleThreshold", atMs, monitor: watch.monitor, threshold: index }];
  const code = isOver ? EVENT_CODES.limitExceeded : EVENT_CODES.limitKept;
  if (watch.isLimiter) operations.push({ kind: "logEvent", atMs, log: "disconnector", code });
  const reference = watch.action(index, isOver);
  const script = reference === undefined ? undefined : scriptOf(reference.scriptLogicalName, reference.scriptSelector);
  const operation = script?.operation(atMs, "monitor", meter);
  return operation === undefined ? operations : [...operations, operation];
}

function crossingsAt(meter: SimulatedMeter, watch: Watch, atMs: number, read: ReadNumber): MeterOperation[] {
  const found = read(meter, watch.watched, atMs);
  if (found === undefined) return [];
  const operations: MeterOperation[] = [];
  for (let threshold = 0; threshold < watch.thresholds; threshold++) {
    const isOver = found > watch.thresholdAt(threshold, atMs);
    if (isOver !== (meter.functions.crossing(watch.monitor, threshold)?.isOver ?? false))
      operations.push({ kind: "crossThreshold", atMs, monitor: watch.monitor, threshold, isOver });
  }
  return operations;
}
