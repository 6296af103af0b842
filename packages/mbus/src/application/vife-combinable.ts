/** A combinable (orthogonal) VIFE row: codes `first` to `last`. */
export interface VifeRow {
  readonly first: number;
  readonly last: number;
  /** One name for all, or one a code. */
  readonly name: string | readonly string[];
}

/** Limit VIFEs count their duration in these. */
const UNITS = ["Seconds", "Minutes", "Hours", "Days"] as const;

function durations(stem: string): string[] {
  return UNITS.map((unit) => `${stem}${unit}`);
}

/** Combinable VIFEs (EN 13757-3:2018, table 15). 00-1F are record errors, 70-7F are read by `readValueInfo` itself. */
export const COMBINABLE_VIFES: readonly VifeRow[] = [
  { first: 0x20, last: 0x27, name: ["perSecond", "perMinute", "perHour", "perDay", "perWeek", "perMonth", "perYear", "perRevolution"] },
  { first: 0x28, last: 0x29, name: ["incrementPerInputPulse0", "incrementPerInputPulse1"] },
  { first: 0x2a, last: 0x2b, name: ["incrementPerOutputPulse0", "incrementPerOutputPulse1"] },
  {
    first: 0x2c,
    last: 0x35,
    name: [
      "perLitre",
      "perCubicMetre",
      "perKilogram",
      "perKelvin",
      "perKilowattHour",
      "perGigajoule",
      "perKilowatt",
      "perKelvinLitre",
      "perVolt",
      "perAmpere",
    ],
  },
  { first: 0x36, last: 0x38, name: ["timesSecond", "timesSecondPerVolt", "timesSecondPerAmpere"] },
  { first: 0x39, last: 0x3c, name: ["startOf", "uncorrected", "forwardFlow", "backwardFlow"] },
  { first: 0x3d, last: 0x3f, name: ["nonMetric", "baseConditions", "obisDeclaration"] },
  { first: 0x40, last: 0x41, name: ["lowerLimit", "lowerLimitExceedCount"] },
  { first: 0x42, last: 0x43, name: ["beginOfFirstLowerLimitExceed", "endOfFirstLowerLimitExceed"] },
  { first: 0x46, last: 0x47, name: ["beginOfLastLowerLimitExceed", "endOfLastLowerLimitExceed"] },
  { first: 0x48, last: 0x49, name: ["upperLimit", "upperLimitExceedCount"] },
  { first: 0x4a, last: 0x4b, name: ["beginOfFirstUpperLimitExceed", "endOfFirstUpperLimitExceed"] },
  { first: 0x4e, last: 0x4f, name: ["beginOfLastUpperLimitExceed", "endOfLastUpperLimitExceed"] },
  { first: 0x50, last: 0x53, name: durations("durationOfFirstLowerLimitExceed") },
  { first: 0x54, last: 0x57, name: durations("durationOfLastLowerLimitExceed") },
  { first: 0x58, last: 0x5b, name: durations("durationOfFirstUpperLimitExceed") },
  { first: 0x5c, last: 0x5f, name: durations("durationOfLastUpperLimitExceed") },
  { first: 0x60, last: 0x63, name: durations("durationOfFirst") },
  { first: 0x64, last: 0x67, name: durations("durationOfLast") },
  { first: 0x68, last: 0x68, name: "valueDuringLowerLimitExceed" },
  { first: 0x69, last: 0x69, name: "leakage" },
  { first: 0x6a, last: 0x6b, name: ["beginOfFirst", "endOfFirst"] },
  { first: 0x6c, last: 0x6c, name: "valueDuringUpperLimitExceed" },
  { first: 0x6d, last: 0x6d, name: "overflow" },
  { first: 0x6e, last: 0x6f, name: ["beginOfLast", "endOfLast"] },
  { first: 0x7e, last: 0x7e, name: "futureValue" },
];

/** Second table, after VIFE FC (EN 13757-3:2018, table 16). */
export const EXTENDED_VIFES: readonly VifeRow[] = [
  { first: 0x01, last: 0x04, name: ["phaseL1", "phaseL2", "phaseL3", "neutral"] },
  { first: 0x05, last: 0x07, name: ["betweenL1L2", "betweenL2L3", "betweenL3L1"] },
  { first: 0x08, last: 0x0b, name: ["quadrant1", "quadrant2", "quadrant3", "quadrant4"] },
  { first: 0x0c, last: 0x0c, name: "differenceImportExport" },
  { first: 0x10, last: 0x10, name: "absoluteForwardAndBackward" },
  { first: 0x11, last: 0x12, name: ["dataTypeC", "dataTypeD"] },
  { first: 0x14, last: 0x15, name: ["fromPartnerToMeter", "fromMeterToPartner"] },
];

/**
 * Record errors and information that a meter announces in a VIFE below 20 (EN 13757-3:2018, table 17). The same codes
 * towards the meter are object actions (`OBJECT_ACTIONS`).
 */
export const RECORD_ERRORS: Readonly<Record<number, string>> = {
  0x01: "too-many-difes",
  0x02: "storage-number-not-implemented",
  0x03: "subunit-not-implemented",
  0x04: "tariff-not-implemented",
  0x05: "function-not-implemented",
  0x06: "data-class-not-implemented",
  0x07: "data-size-not-implemented",
  0x0b: "too-many-vifes",
  0x0c: "illegal-vif-group",
  0x0d: "illegal-vif-exponent",
  0x0e: "vif-dif-mismatch",
  0x0f: "unimplemented-action",
  0x15: "no-data-available",
  0x16: "data-overflow",
  0x17: "data-underflow",
  0x18: "data-error",
  0x1c: "premature-end-of-record",
};

/** VIFEs below 20 from a meter that qualify the record and are no error (EN 13757-3:2018, table 17 and annex F). */
export const RECORD_QUALIFIERS: Readonly<Record<number, string>> = {
  0x12: "average",
  0x13: "inverseCompactProfile",
  0x14: "relativeDeviation",
  0x1d: "standardConformContent",
  0x1e: "compactProfileWithRegister",
  0x1f: "compactProfile",
};

/** Object actions: VIFE below 20 from master to meter (EN 13757-3:2018, table 18). */
export const OBJECT_ACTIONS = {
  writeReplace: 0x00,
  add: 0x01,
  subtract: 0x02,
  or: 0x03,
  and: 0x04,
  xor: 0x05,
  andNot: 0x06,
  clear: 0x07,
  addEntry: 0x08,
  deleteEntry: 0x09,
  delayedAction: 0x0a,
  freeze: 0x0b,
  addToReadout: 0x0c,
  deleteFromReadout: 0x0d,
} as const;
