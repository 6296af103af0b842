import { data, dataClasses } from "@amity/dlms";
import { configuredObject } from "./configured-object.ts";
import type { MeterObject, ObjectContext } from "./meter-object.ts";

const { statusMapping } = dataClasses;
const STATUS_BITS = 8;

/** Class 63 Status mapping, 0-0:96.5.0: the status of a profile row, and which entries of a reference table its bits stand for. */
export function statusMappingObject(statusOf: (context: ObjectContext) => number): MeterObject {
  return configuredObject({
    class: statusMapping,
    name: "0-0:96.5.0",
    values: {
      statusWord: (context) => data.bits(STATUS_BITS, Uint8Array.of(statusOf(context))),
      mappingTable: data.structure(data.unsigned(0), data.longUnsigned(0)),
    },
    writable: ["mappingTable"],
    /** The entry of the leading bit, those of the others following it; or an entry for each bit. */
    judge(_attribute, given) {
      const { refTableMapping } = statusMapping.attributes.mappingTable.decode(given);
      if (refTableMapping.type === "long-unsigned") return undefined;
      if (refTableMapping.type !== "array" || refTableMapping.value.some(({ type }) => type !== "long-unsigned")) return "type-unmatched";
      return refTableMapping.value.length === STATUS_BITS ? undefined : "other-reason";
    },
  });
}
