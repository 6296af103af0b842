import { interfaceClass } from "../interface-class.ts";
import {
  any,
  arrayOf,
  dateTime,
  doubleLongUnsigned,
  enumeration,
  integer,
  logicalName,
  long64Unsigned,
  longUnsigned,
  octets,
  structure,
  unsigned,
} from "../shape.ts";
import { captureObject, columnedCaptureObject, objectReference, rawEnum, scalerUnit } from "./parts.ts";

/** Classes that hold values (Blue Book 4.3). */

export const data = interfaceClass({ id: 1, version: 0, name: "Data", attributes: { value: any } });

export const register = interfaceClass({
  id: 3,
  version: 0,
  name: "Register",
  attributes: { value: any, scalerUnit },
  methods: { reset: integer },
  dynamic: ["value"],
});

export const extendedRegister = interfaceClass({
  id: 4,
  version: 0,
  name: "Extended register",
  attributes: { value: any, scalerUnit, status: any, captureTime: dateTime },
  methods: { reset: integer },
  dynamic: ["value", "status", "captureTime"],
});

export const demandRegister = interfaceClass({
  id: 5,
  version: 0,
  name: "Demand register",
  attributes: {
    currentAverageValue: any,
    lastAverageValue: any,
    scalerUnit,
    status: any,
    captureTime: dateTime,
    startTimeCurrent: dateTime,
    period: doubleLongUnsigned,
    numberOfPeriods: longUnsigned,
  },
  methods: { reset: integer, nextPeriod: integer },
  dynamic: ["currentAverageValue", "lastAverageValue", "status", "captureTime", "startTimeCurrent"],
});

const activationMask = structure({ maskName: octets, indexList: arrayOf(unsigned) });

export const registerActivation = interfaceClass({
  id: 6,
  version: 0,
  name: "Register activation",
  attributes: { registerAssignment: arrayOf(objectReference), maskList: arrayOf(activationMask), activeMask: octets },
  methods: { addRegister: objectReference, addMask: activationMask, deleteMask: octets },
  dynamic: ["activeMask"],
});

const profileAttributes = {
  buffer: any,
  captureObjects: arrayOf(captureObject),
  /** Seconds; 0 is on demand. */
  capturePeriod: doubleLongUnsigned,
  sortMethod: enumeration({ 1: "fifo", 2: "lifo", 3: "largest", 4: "smallest", 5: "nearest-to-zero", 6: "farthest-from-zero" }),
  sortObject: captureObject,
  entriesInUse: doubleLongUnsigned,
  profileEntries: doubleLongUnsigned,
} as const;

export const profileGeneric0 = interfaceClass({
  id: 7,
  version: 0,
  name: "Profile generic",
  attributes: profileAttributes,
  methods: { reset: integer, capture: integer, getBufferByRange: any, getBufferByIndex: any },
  dynamic: ["buffer", "entriesInUse"],
});

export const profileGeneric = interfaceClass({
  id: 7,
  version: 1,
  name: "Profile generic",
  attributes: profileAttributes,
  methods: { reset: integer, capture: integer },
  dynamic: ["buffer", "entriesInUse"],
});

export const utilityTables = interfaceClass({
  id: 26,
  version: 0,
  name: "Utility tables",
  attributes: { tableId: longUnsigned, length: doubleLongUnsigned, buffer: octets },
  dynamic: ["length", "buffer"],
});

export const registerTable = interfaceClass({
  id: 61,
  version: 0,
  name: "Register table",
  attributes: {
    tableCellValues: any,
    tableCellDefinition: structure({ classId: longUnsigned, logicalName, groupEValues: arrayOf(unsigned), attributeIndex: integer }),
    scalerUnit,
  },
  methods: { reset: integer, capture: integer },
  dynamic: ["tableCellValues"],
});

const captureMethod = enumeration({ 0: "invoke", 1: "implicit" });

export const compactData0 = interfaceClass({
  id: 62,
  version: 0,
  name: "Compact data",
  attributes: {
    compactBuffer: octets,
    captureObjects: arrayOf(captureObject),
    templateId: unsigned,
    templateDescription: octets,
    captureMethod,
  },
  methods: { reset: integer, capture: integer },
  dynamic: ["compactBuffer"],
});

export const compactData = interfaceClass({
  ...compactData0,
  version: 1,
  attributes: { ...compactData0.attributes, captureObjects: arrayOf(columnedCaptureObject) },
});

export const statusMapping = interfaceClass({
  id: 63,
  version: 0,
  name: "Status mapping",
  attributes: { statusWord: any, mappingTable: structure({ refTableId: unsigned, refTableMapping: any }) },
  dynamic: ["statusWord"],
});

/** Samples of one voltage or current around a trigger. */
export const measurementDataMonitoring = interfaceClass({
  id: 66,
  version: 0,
  name: "Measurement data monitoring",
  attributes: {
    /** A compact array. */
    waveformData: any,
    /** Microseconds of the microsecond clock. */
    triggerTime: long64Unsigned,
    triggerSource: structure({ triggerOrigin: enumeration({ 0: "remote", 1: "local-script" }), triggerCause: longUnsigned }),
    status: rawEnum(),
    /** Samples a second. */
    samplingRate: doubleLongUnsigned,
    numberOfSamplesBeforeTrigger: doubleLongUnsigned,
    numberOfSamplesAfterTrigger: doubleLongUnsigned,
    scalerUnit,
  },
  methods: { reset: integer, trigger: integer },
  dynamic: ["waveformData", "triggerTime", "triggerSource", "status"],
});
