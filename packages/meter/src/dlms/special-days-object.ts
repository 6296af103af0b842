import { data, parseObis, timeClasses, type DlmsData, type InvokeOutcome } from "@amity/dlms";
import { configuredValue, hasForm, refusalOfValue, toConfigure } from "./configured-values.ts";
import { READ_REFUSED, RIGHTS, value, type MeterObject, type ObjectContext } from "./meter-object.ts";

const NAME = "0-0:11.0.0";
const ENTRIES = 2;
const ENTRIES_MAX = 100;
const METHODS = { insert: 1, delete: 2 } as const;
const REFUSED: InvokeOutcome = { kind: "refused", result: "other-reason" };
const UNMATCHED: InvokeOutcome = { kind: "refused", result: "type-unmatched" };

/** Class 11 Special days table, 0-0:11.0.0: entries by index; inserting one that is there replaces it. */
export function specialDaysObject(): MeterObject {
  return {
    definition: {
      classId: 11,
      version: 0,
      instanceId: parseObis(NAME),
      attributes: [
        { id: 1, access: RIGHTS.clientsRead },
        { id: ENTRIES, access: RIGHTS.managementWrites },
      ],
      methods: Object.values(METHODS).map((id) => ({ id, access: RIGHTS.managementInvokes })),
    },
    read: (attributeId, context) => (attributeId === ENTRIES ? value(data.array(...entriesOf(context))) : READ_REFUSED.undefined),
    async write(attributeId, entries, context) {
      if (attributeId !== ENTRIES) return "read-write-denied";
      const refusal = refusalOfValue(timeClasses.specialDaysTable, ENTRIES, entries);
      if (refusal !== undefined) return refusal;
      if (entries.type !== "array") return "type-unmatched";
      return (await keep(entries.value, context)).kind === "done" ? "success" : "other-reason";
    },
    async invoke(methodId, parameters, context) {
      const given = parameters ?? data.nothing;
      const entries = entriesOf(context);
      if (methodId === METHODS.insert) {
        if (!hasForm(() => timeClasses.specialDaysTable.methods.insert.decode(given))) return UNMATCHED;
        return keep([...entries.filter((entry) => indexOf(entry) !== indexOf(given)), given], context);
      }
      if (given.type !== "long-unsigned") return UNMATCHED;
      const kept = entries.filter((entry) => indexOf(entry) !== given.value);
      return kept.length === entries.length ? REFUSED : keep(kept, context);
    },
  };
}

function entriesOf(context: ObjectContext): readonly DlmsData[] {
  const entries = configuredValue(context, NAME, ENTRIES, data.array());
  return entries.type === "array" ? entries.value : [];
}

async function keep(entries: readonly DlmsData[], context: ObjectContext): Promise<InvokeOutcome> {
  if (entries.length > ENTRIES_MAX || new Set(entries.map(indexOf)).size !== entries.length) return REFUSED;
  const values = [toConfigure(ENTRIES, data.array(...entries))];
  return (await context.perform({ kind: "configure", atMs: context.nowMs, object: NAME, values })) ? { kind: "done" } : REFUSED;
}

function indexOf(entry: DlmsData): number {
  return timeClasses.specialDaysTable.methods.insert.decode(entry).index;
}
