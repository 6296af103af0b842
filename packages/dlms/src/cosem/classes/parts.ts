import {
  any,
  arrayOf,
  dateTime,
  doubleLongUnsigned,
  enumeration,
  integer,
  logicalName,
  longUnsigned,
  octets,
  structure,
  unsigned,
  type Shape,
} from "../shape.ts";

/** Structures that several classes share. */

/** Attribute 3 of registers; the unit is its code, see `COSEM_UNITS`. */
export const scalerUnit = structure({ scaler: integer, unit: rawEnum() });

/** Which attribute a profile, a push or compact data captures; `dataIndex` 0 is the whole of it. */
export const captureObject = structure({ classId: longUnsigned, logicalName, attributeIndex: integer, dataIndex: longUnsigned });

/** Restriction of what is captured (versions since Blue Book 14): 0 none, 1 by date, 2 by entry. */
const restriction = structure({ restrictionType: enumeration({ 0: "none", 1: "by-date", 2: "by-entry" }), restrictionValue: any });

export const restrictedCaptureObject = structure({
  classId: longUnsigned,
  logicalName,
  attributeIndex: integer,
  dataIndex: longUnsigned,
  restriction,
});

export const columnedCaptureObject = structure({
  classId: longUnsigned,
  logicalName,
  attributeIndex: integer,
  dataIndex: longUnsigned,
  restriction,
  columns: arrayOf(captureObject),
});

export const objectReference = structure({ classId: longUnsigned, logicalName });

/** What a monitor watches. */
export const valueDefinition = structure({ classId: longUnsigned, logicalName, attributeIndex: integer });

/** A script to run: table and entry. */
export const scriptAction = structure({ scriptLogicalName: logicalName, scriptSelector: longUnsigned });

/** From and to, with wildcards. */
export const timeWindow = structure({ startTime: dateTime, endTime: dateTime });

export const user = structure({ id: unsigned, name: octets });

/** 0 to 9: 300 to 115,200 baud. */
export const baudRate = enumeration({
  0: "300",
  1: "600",
  2: "1200",
  3: "2400",
  4: "4800",
  5: "9600",
  6: "19200",
  7: "38400",
  8: "57600",
  9: "115200",
});

/** When an attribute of a diagnostic object was captured. */
export const diagnosticCapture = structure({ attributeId: unsigned, timeStamp: dateTime });

export const counterByAddress = structure({ address: longUnsigned, counter: doubleLongUnsigned });

/** An enumeration whose meaning lies elsewhere: the number itself. */
export function rawEnum(): Shape<number> {
  return { ...unsigned, type: "enum", encode: (value) => ({ type: "enum", value }) };
}
