import { ACCESS, accessClasses, data, parseObis, type DataAccessResult, type DlmsData, type InvokeOutcome, type Obis } from "@amity/dlms";
import { DONE, configuredObject, refused } from "../configured-object.ts";
import { configuredValue, hasForm } from "../configured-values.ts";
import type { MeterObject, ObjectContext } from "../meter-object.ts";

const { arrayManager } = accessClasses;
const NAME = "0-0:18.0.0";
const LIST = 2;
const ARRAYS_MAX = 16;
/** Special days and the passive day profiles. */
const FACTORY = arrayManager.attributes.arrayObjectList.encode([
  { arrayObjectId: 1, targetAttribute: { classId: 11, logicalName: parseObis("0-0:11.0.0"), attributeIndex: 2 } },
  { arrayObjectId: 2, targetAttribute: { classId: 20, logicalName: parseObis("0-0:13.0.0"), attributeIndex: 9 } },
]);

type ObjectOf = (name: Obis) => MeterObject | undefined;

/** An array that is managed, as it is now. */
interface ManagedArray {
  readonly entries: readonly DlmsData[];
  readonly write: (entries: readonly DlmsData[], context: ObjectContext) => Promise<DataAccessResult>;
}

/**
 * Class 123 Array manager, 0-0:18.0.0: entries of arrays among the meter's attributes, without sending the whole array. Entries count from 1. The
 * rights in the target hold, and what the target does not take as an array it does not take entry by entry.
 */
export function arrayManagerObject(objectOf: ObjectOf): MeterObject {
  return configuredObject({
    class: arrayManager,
    name: NAME,
    values: { arrayObjectList: FACTORY },
    writable: ["arrayObjectList"],
    judge(_attribute, given) {
      const list = arrayManager.attributes.arrayObjectList.decode(given);
      return list.length > ARRAYS_MAX || new Set(list.map(({ arrayObjectId }) => arrayObjectId)).size < list.length
        ? "other-reason"
        : undefined;
    },
    methods: {
      retrieveNumberOfEntries: async (given, context) =>
        given.type === "unsigned"
          ? withArray(given.value, ACCESS.read, context, objectOf, ({ entries }) => returned(data.longUnsigned(entries.length)))
          : refused("type-unmatched"),
      retrieveEntries: (given, context) => {
        if (!hasForm(() => arrayManager.methods.retrieveEntries.decode(given))) return Promise.resolve(refused("type-unmatched"));
        const { arrayObjectId, range } = arrayManager.methods.retrieveEntries.decode(given);
        return withArray(arrayObjectId, ACCESS.read, context, objectOf, ({ entries }) =>
          isRange(range, entries) ? returned(data.array(...entries.slice(range.fromIndex - 1, range.toIndex))) : OUT_OF_RANGE,
        );
      },
      insertEntry: (given, context) =>
        withEntry(given, context, objectOf, (entries, index, value) =>
          // 0 is the front; an index beyond the last is the end.
          [...entries.slice(0, index), value, ...entries.slice(index)],
        ),
      updateEntry: (given, context) =>
        withEntry(given, context, objectOf, (entries, index, value) =>
          index === 0 || index > entries.length ? undefined : entries.with(index - 1, value),
        ),
      removeEntries: (given, context) => {
        if (!hasForm(() => arrayManager.methods.removeEntries.decode(given))) return Promise.resolve(refused("type-unmatched"));
        const { arrayObjectId, range } = arrayManager.methods.removeEntries.decode(given);
        return withArray(arrayObjectId, ACCESS.readWrite, context, objectOf, ({ entries, write }) =>
          isRange(range, entries)
            ? written(write([...entries.slice(0, range.fromIndex - 1), ...entries.slice(range.toIndex)], context))
            : OUT_OF_RANGE,
        );
      },
    },
  });
}

const OUT_OF_RANGE = Promise.resolve(refused("other-reason"));

function isRange({ fromIndex, toIndex }: { fromIndex: number; toIndex: number }, entries: readonly DlmsData[]): boolean {
  return fromIndex >= 1 && fromIndex <= toIndex && toIndex <= entries.length;
}

/** A change of one entry: the new array, or `undefined` where there is no such entry. */
async function withEntry(
  given: DlmsData,
  context: ObjectContext,
  objectOf: ObjectOf,
  change: (entries: readonly DlmsData[], index: number, value: DlmsData) => readonly DlmsData[] | undefined,
): Promise<InvokeOutcome> {
  if (!hasForm(() => arrayManager.methods.insertEntry.decode(given))) return refused("type-unmatched");
  const { arrayObjectId, entry } = arrayManager.methods.insertEntry.decode(given);
  return withArray(arrayObjectId, ACCESS.readWrite, context, objectOf, ({ entries, write }) => {
    const changed = change(entries, entry.index, entry.value);
    return changed === undefined ? OUT_OF_RANGE : written(write(changed, context));
  });
}

async function withArray(
  id: number,
  rights: number,
  context: ObjectContext,
  objectOf: ObjectOf,
  act: (array: ManagedArray) => Promise<InvokeOutcome>,
): Promise<InvokeOutcome> {
  const list = arrayManager.attributes.arrayObjectList.decode(configuredValue(context, NAME, LIST, FACTORY));
  const target = list.find(({ arrayObjectId }) => arrayObjectId === id)?.targetAttribute;
  if (target === undefined) return refused("other-reason");
  const seen = context.seen(target.logicalName);
  const object = objectOf(target.logicalName);
  if (object === undefined || seen?.classId !== target.classId) return refused("object-undefined");
  const held = seen.attributes.find(({ id: attributeId }) => attributeId === target.attributeIndex)?.access[context.role] ?? ACCESS.none;
  if ((held & rights) !== rights) return refused("read-write-denied");
  const outcome = object.read(target.attributeIndex, context, undefined);
  if (outcome.kind !== "data" || outcome.data.type !== "array") return refused("object-unavailable");
  return act({
    entries: outcome.data.value,
    write: async (entries) => (await object.write?.(target.attributeIndex, data.array(...entries), context)) ?? "read-write-denied",
  });
}

function returned(value: DlmsData): Promise<InvokeOutcome> {
  return Promise.resolve({ kind: "done", data: value });
}

async function written(result: Promise<DataAccessResult>): Promise<InvokeOutcome> {
  const refusal = await result;
  if (refusal === "success") return DONE;
  return refused(
    refusal === "type-unmatched" || refusal === "temporary-failure" || refusal === "read-write-denied" ? refusal : "other-reason",
  );
}
