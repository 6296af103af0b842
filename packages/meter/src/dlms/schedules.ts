import { data, parseObis, timeClasses, type Obis } from "@amity/dlms";
import type { Outlook } from "../metrology/own-actions.ts";
import type { MeterOperation } from "../metrology/operations.ts";
import type { SimulatedMeter } from "../simulated-meter.ts";
import { nextExecution, type ExecutionTime } from "./civil-schedule.ts";
import { configuredObject } from "./configured-object.ts";
import type { MeterObject } from "./meter-object.ts";
import { scriptOf } from "./scripts.ts";
import { UnderstoodSettings } from "./settings.ts";
import { switchedOff } from "./function-control.ts";

const { singleActionSchedule } = timeClasses;
const TIMES_MAX = 32;

interface FactorySchedule {
  readonly name: string;
  readonly script: readonly [table: string, id: number];
  readonly times: readonly ExecutionTime[];
}

const MIDNIGHT = { hour: 0, minute: 0, second: 0, hundredths: 0 } as const;
const FIRST_OF_MONTH = { year: undefined, month: undefined, dayOfMonth: 1, dayOfWeek: undefined } as const;

/** Class 22 objects: end of billing period, disconnector, image activation, push. Only the first has a time from the factory. */
const SCHEDULES: readonly FactorySchedule[] = [
  { name: "0-0:15.0.0", script: ["0-0:10.0.1", 1], times: [{ time: MIDNIGHT, date: FIRST_OF_MONTH }] },
  { name: "0-0:15.0.1", script: ["0-0:10.0.106", 1], times: [] },
  { name: "0-0:15.0.2", script: ["0-0:10.0.107", 1], times: [] },
  { name: "0-0:15.0.4", script: ["0-0:10.0.108", 1], times: [] },
];

/** The objects themselves. */
export function scheduleObjects(): MeterObject[] {
  return SCHEDULES.map(({ name, script: [table, id], times }) =>
    configuredObject({
      class: singleActionSchedule,
      name,
      values: {
        executedScript: singleActionSchedule.attributes.executedScript.encode({ scriptLogicalName: parseObis(table), scriptSelector: id }),
        type: data.enumerated(1),
        executionTime: singleActionSchedule.attributes.executionTime.encode(times),
      },
      writable: ["executedScript", "type", "executionTime"],
      judge(attribute, given) {
        if (attribute === "executionTime") return given.type === "array" && given.value.length > TIMES_MAX ? "other-reason" : undefined;
        if (attribute !== "executedScript") return undefined;
        const { scriptLogicalName, scriptSelector } = singleActionSchedule.attributes.executedScript.decode(given);
        return scriptOf(scriptLogicalName, scriptSelector) === undefined ? "other-reason" : undefined;
      },
    }),
  );
}

interface Schedule {
  readonly table: Obis;
  readonly script: number;
  readonly times: readonly ExecutionTime[];
}

const UNDERSTOOD = SCHEDULES.map(({ name, script: [table, id], times }) => {
  const factory: Schedule = { table: parseObis(table), script: id, times };
  return {
    name: parseObis(name),
    attributes: [
      [name, 2],
      [name, 4],
    ] as const,
    settings: new UnderstoodSettings<Schedule>(([script, time]) => {
      const { executedScript, executionTime } = singleActionSchedule.attributes;
      const set = script === undefined ? undefined : executedScript.decode(script);
      return {
        table: set?.scriptLogicalName ?? factory.table,
        script: set?.scriptSelector ?? factory.script,
        times: time === undefined ? times : executionTime.decode(time),
      };
    }, factory),
  };
});

/** What each schedule wants next. Times are the meter's clock's; one that passed while the clock was set forward or the power was off is made up for once. */
export function scheduledActions(
  meter: SimulatedMeter,
  { afterMs, afterClockMs, toMs }: Outlook,
): { atMs: number; operation: MeterOperation }[] {
  const { type, zone } = meter.surroundings;
  const toClockMs = meter.clockAt(toMs);
  const off = switchedOff(meter);
  return UNDERSTOOD.flatMap(({ name, attributes, settings }) => {
    if (off.has(name)) return [];
    const { table, script, times } = settings.of(meter, attributes);
    const clockMs = nextExecution(times, type.timeBase === "local" ? zone : undefined, { afterClockMs, toClockMs });
    if (clockMs === undefined) return [];
    const atMs = Math.min(toMs, Math.max(afterMs + 1, meter.trueAt(clockMs)));
    const operation = scriptOf(table, script)?.operation(atMs, "schedule", meter);
    return operation === undefined ? [] : [{ atMs, operation }];
  });
}
