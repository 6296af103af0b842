import { interfaceClass } from "../interface-class.ts";
import {
  any,
  arrayOf,
  bits,
  boolean,
  date,
  dateTime,
  doubleLongUnsigned,
  enumeration,
  integer,
  logicalName,
  long,
  longUnsigned,
  octets,
  structure,
  time,
  unsigned,
} from "../shape.ts";
import { rawEnum, scriptAction, valueDefinition } from "./parts.ts";

/** Classes of time and event bound control (Blue Book 4.5). */

export const clock = interfaceClass({
  id: 8,
  version: 0,
  name: "Clock",
  attributes: {
    time: dateTime,
    /** Minutes from local standard time to UTC. */
    timeZone: long,
    status: unsigned,
    daylightSavingsBegin: dateTime,
    daylightSavingsEnd: dateTime,
    /** Minutes by which daylight saving deviates, mostly 60. */
    daylightSavingsDeviation: integer,
    daylightSavingsEnabled: boolean,
    clockBase: enumeration({
      0: "not-defined",
      1: "internal-crystal",
      2: "mains-50-hz",
      3: "mains-60-hz",
      4: "gps",
      5: "radio-controlled",
    }),
  },
  methods: {
    adjustToQuarter: integer,
    adjustToMeasuringPeriod: integer,
    adjustToMinute: integer,
    adjustToPresetTime: integer,
    presetAdjustingTime: structure({ presetTime: dateTime, validityIntervalStart: dateTime, validityIntervalEnd: dateTime }),
    /** Seconds, -900 to 900. */
    shiftTime: long,
  },
  dynamic: ["time", "status"],
});

export const scriptTable = interfaceClass({
  id: 9,
  version: 0,
  name: "Script table",
  attributes: {
    scripts: arrayOf(
      structure({
        scriptIdentifier: longUnsigned,
        actions: arrayOf(
          structure({
            serviceId: enumeration({ 1: "write-attribute", 2: "execute-method" }),
            classId: longUnsigned,
            logicalName,
            index: integer,
            parameter: any,
          }),
        ),
      }),
    ),
  },
  methods: { execute: longUnsigned },
});

const scheduleEntry = structure({
  index: longUnsigned,
  enable: boolean,
  scriptLogicalName: logicalName,
  scriptSelector: longUnsigned,
  switchTime: time,
  /** Minutes after the switch time in which a missed entry is still carried out; FFFF: always. */
  validityWindow: longUnsigned,
  execWeekdays: bits,
  execSpecDays: bits,
  beginDate: date,
  endDate: date,
});

export const schedule = interfaceClass({
  id: 10,
  version: 0,
  name: "Schedule",
  attributes: { entries: arrayOf(scheduleEntry) },
  methods: {
    enableDisable: structure({
      firstIndexDisable: longUnsigned,
      lastIndexDisable: longUnsigned,
      firstIndexEnable: longUnsigned,
      lastIndexEnable: longUnsigned,
    }),
    insert: scheduleEntry,
    delete: structure({ firstIndex: longUnsigned, lastIndex: longUnsigned }),
  },
});

const specialDay = structure({ index: longUnsigned, specialDayDate: date, dayId: unsigned });

export const specialDaysTable = interfaceClass({
  id: 11,
  version: 0,
  name: "Special days table",
  attributes: { entries: arrayOf(specialDay) },
  methods: { insert: specialDay, delete: longUnsigned },
});

const seasons = arrayOf(structure({ seasonProfileName: octets, seasonStart: dateTime, weekName: octets }));
const weeks = arrayOf(
  structure({
    weekProfileName: octets,
    monday: unsigned,
    tuesday: unsigned,
    wednesday: unsigned,
    thursday: unsigned,
    friday: unsigned,
    saturday: unsigned,
    sunday: unsigned,
  }),
);
const days = arrayOf(
  structure({
    dayId: unsigned,
    daySchedule: arrayOf(structure({ startTime: time, scriptLogicalName: logicalName, scriptSelector: longUnsigned })),
  }),
);

export const activityCalendar = interfaceClass({
  id: 20,
  version: 0,
  name: "Activity calendar",
  attributes: {
    calendarNameActive: octets,
    seasonProfileActive: seasons,
    weekProfileTableActive: weeks,
    dayProfileTableActive: days,
    calendarNamePassive: octets,
    seasonProfilePassive: seasons,
    weekProfileTablePassive: weeks,
    dayProfileTablePassive: days,
    activatePassiveCalendarTime: dateTime,
  },
  methods: { activatePassiveCalendar: integer },
});

/** For each threshold, by its place. */
const thresholdActions = arrayOf(structure({ actionUp: scriptAction, actionDown: scriptAction }));

export const registerMonitor = interfaceClass({
  id: 21,
  version: 0,
  name: "Register monitor",
  attributes: {
    thresholds: arrayOf(any),
    monitoredValue: valueDefinition,
    actions: thresholdActions,
  },
});

export const singleActionSchedule = interfaceClass({
  id: 22,
  version: 0,
  name: "Single action schedule",
  attributes: {
    executedScript: scriptAction,
    type: enumeration({
      1: "one-time-wildcard-date",
      2: "same-time-wildcard-date",
      3: "different-times-wildcard-date",
      4: "same-time-no-wildcard",
      5: "different-times-no-wildcard",
    }),
    executionTime: arrayOf(structure({ time, date })),
  },
});

const parameter = structure({ classId: longUnsigned, logicalName, attributeIndex: integer });

export const parameterMonitor0 = interfaceClass({
  id: 65,
  version: 0,
  name: "Parameter monitor",
  attributes: {
    changedParameter: structure({ classId: longUnsigned, logicalName, attributeIndex: integer, attributeValue: any }),
    captureTime: dateTime,
    parameterList: arrayOf(parameter),
  },
  methods: { addParameter: parameter, deleteParameter: parameter },
  dynamic: ["changedParameter", "captureTime"],
});

export const parameterMonitor = interfaceClass({
  ...parameterMonitor0,
  version: 1,
  attributes: {
    ...parameterMonitor0.attributes,
    parameterListName: octets,
    hashAlgorithmId: any,
    parameterValueDigest: octets,
    parameterValues: any,
  },
  dynamic: [...parameterMonitor0.dynamic, "parameterValueDigest", "parameterValues"],
});

export const sensorManager = interfaceClass({
  id: 67,
  version: 0,
  name: "Sensor manager",
  attributes: {
    serialNumber: octets,
    metrologicalIdentification: octets,
    outputType: rawEnum(),
    adjustmentMethod: octets,
    sealingMethod: rawEnum(),
    rawValue: any,
    scalerUnit: any,
    status: any,
    captureTime: dateTime,
    rawValueThresholds: arrayOf(any),
    rawValueActions: thresholdActions,
    processedValue: valueDefinition,
    processedValueThresholds: arrayOf(any),
    processedValueActions: thresholdActions,
  },
  methods: { reset: integer },
  dynamic: ["rawValue", "status", "captureTime"],
});

export const arbitrator = interfaceClass({
  id: 68,
  version: 0,
  name: "Arbitrator",
  attributes: {
    actions: arrayOf(scriptAction),
    permissionsTable: arrayOf(bits),
    weightingsTable: arrayOf(arrayOf(longUnsigned)),
    mostRecentRequestsTable: arrayOf(bits),
    lastOutcome: unsigned,
  },
  methods: { requestAction: structure({ requestActor: unsigned, requestActionList: bits }), reset: integer },
  dynamic: ["mostRecentRequestsTable", "lastOutcome"],
});

export const disconnectControl0 = interfaceClass({
  id: 70,
  version: 0,
  name: "Disconnect control",
  attributes: {
    outputState: boolean,
    controlState: enumeration({ 0: "disconnected", 1: "connected", 2: "ready-for-reconnection" }),
    controlMode: enumeration({ 0: "none", 1: "mode-1", 2: "mode-2", 3: "mode-3", 4: "mode-4", 5: "mode-5", 6: "mode-6" }),
  },
  methods: { remoteDisconnect: integer, remoteReconnect: integer },
  dynamic: ["outputState", "controlState"],
});

export const disconnectControl = interfaceClass({ ...disconnectControl0, version: 1 });

export const limiter = interfaceClass({
  id: 71,
  version: 0,
  name: "Limiter",
  attributes: {
    monitoredValue: valueDefinition,
    thresholdActive: any,
    thresholdNormal: any,
    thresholdEmergency: any,
    /** Seconds. */
    minOverThresholdDuration: doubleLongUnsigned,
    /** Seconds. */
    minUnderThresholdDuration: doubleLongUnsigned,
    emergencyProfile: structure({
      emergencyProfileId: longUnsigned,
      emergencyActivationTime: dateTime,
      /** Seconds. */
      emergencyDuration: doubleLongUnsigned,
    }),
    emergencyProfileGroupIdList: arrayOf(longUnsigned),
    emergencyProfileActive: boolean,
    actions: structure({ actionOverThreshold: scriptAction, actionUnderThreshold: scriptAction }),
  },
  dynamic: ["thresholdActive", "emergencyProfileActive"],
});
