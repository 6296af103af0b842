import { data, timeClasses, type DlmsData, type InvokeOutcome } from "@amity/dlms";
import { configure, configuredObject, outcomeOf, refused } from "../configured-object.ts";
import { configuredValue, hasForm } from "../configured-values.ts";
import type { MeterObject, ObjectContext } from "../meter-object.ts";
import { ENTRIES, SCHEDULE, type ScheduleEntry } from "../schedule-entries.ts";
import { scriptOf } from "../scripts.ts";

const { schedule } = timeClasses;
const ENTRIES_MAX = 32;

/** Class 10 Schedule, 0-0:12.0.0: entries by index; method 1 enables and disables ranges of them, 2 inserts or replaces one, 3 deletes a range. */
export function scheduleObject(): MeterObject {
  return configuredObject({
    class: schedule,
    name: SCHEDULE,
    values: { entries: data.array() },
    writable: ["entries"],
    judge: (_attribute, given) => (areGood(schedule.attributes.entries.decode(given)) ? undefined : "other-reason"),
    methods: {
      enableDisable: async (given, context) => {
        if (!hasForm(() => schedule.methods.enableDisable.decode(given))) return refused("type-unmatched");
        const { firstIndexDisable, lastIndexDisable, firstIndexEnable, lastIndexEnable } = schedule.methods.enableDisable.decode(given);
        const within = (index: number, first: number, last: number): boolean => first > 0 && index >= first && index <= last;
        const entries = entriesOf(context).map((entry) => {
          const { index } = entry;
          const isOn = within(index, firstIndexEnable, lastIndexEnable);
          return isOn || within(index, firstIndexDisable, lastIndexDisable) ? { ...entry, enable: isOn } : entry;
        });
        return keepEntries(entries, context);
      },
      insert: async (given, context) => {
        if (!hasForm(() => schedule.methods.insert.decode(given))) return refused("type-unmatched");
        const inserted = schedule.methods.insert.decode(given);
        return keepEntries([...entriesOf(context).filter(({ index }) => index !== inserted.index), inserted], context);
      },
      delete: async (given, context) => {
        if (!hasForm(() => schedule.methods.delete.decode(given))) return refused("type-unmatched");
        const { firstIndex, lastIndex } = schedule.methods.delete.decode(given);
        const entries = entriesOf(context);
        const kept = entries.filter(({ index }) => index < firstIndex || index > lastIndex);
        return kept.length === entries.length ? refused("other-reason") : keepEntries(kept, context);
      },
    },
  });
}

function entriesOf(context: ObjectContext): readonly ScheduleEntry[] {
  return schedule.attributes.entries.decode(configuredValue(context, SCHEDULE, ENTRIES, data.array()));
}

async function keepEntries(entries: readonly ScheduleEntry[], context: ObjectContext): Promise<InvokeOutcome> {
  if (!areGood(entries)) return refused("other-reason");
  const value: DlmsData = schedule.attributes.entries.encode(entries.toSorted((left, right) => left.index - right.index));
  return outcomeOf(await configure(SCHEDULE, [[ENTRIES, value]], context));
}

/** Each index once, and scripts that the meter has, at a time of day. */
function areGood(entries: readonly ScheduleEntry[]): boolean {
  const isGood = ({ scriptLogicalName, scriptSelector, switchTime }: ScheduleEntry): boolean =>
    scriptOf(scriptLogicalName, scriptSelector) !== undefined && switchTime.hour !== undefined && switchTime.minute !== undefined;
  return entries.length <= ENTRIES_MAX && new Set(entries.map(({ index }) => index)).size === entries.length && entries.every(isGood);
}
