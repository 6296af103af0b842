import { epochSeconds, int48, integer, many, required, struct, text, word } from "../xml/xml-codec.ts";
import { currency, summaryMeasurement } from "./customer-types.ts";

const quality = word(["0", "7", "8", "9", "10", "11", "12", "13", "14", "15", "16", "17", "18", "19"]);
const commodity = word(Array.from({ length: 27 }, (_, code) => String(code)));

const dateTimeInterval = struct({ duration: required(integer(0, 4_294_967_295)), start: required(epochSeconds) });

/** Of usage, up to version 3.1 under the name ElectricPowerUsageSummary. Money is in hundred-thousandths of the currency. */
const usage = {
  billingPeriod: dateTimeInterval,
  billLastPeriod: int48,
  billToDate: int48,
  costAdditionalLastPeriod: int48,
  costAdditionalDetailLastPeriod: many(
    struct({
      amount: int48,
      rounding: int48,
      dateTime: epochSeconds,
      note: required(text(256)),
      measurement: summaryMeasurement,
      itemKind: required(word(Array.from({ length: 10 }, (_, code) => String(code + 1)))),
      unitCost: int48,
      itemPeriod: dateTimeInterval,
    }),
  ),
  currency,
  overallConsumptionLastPeriod: summaryMeasurement,
  currentBillingPeriodOverAllConsumption: summaryMeasurement,
  currentDayLastYearNetConsumption: summaryMeasurement,
  currentDayNetConsumption: summaryMeasurement,
  currentDayOverallConsumption: summaryMeasurement,
  peakDemand: summaryMeasurement,
  previousDayLastYearOverallConsumption: summaryMeasurement,
  previousDayNetConsumption: summaryMeasurement,
  previousDayOverallConsumption: summaryMeasurement,
  qualityOfReading: quality,
  ratchetDemand: summaryMeasurement,
  ratchetDemandPeriod: dateTimeInterval,
  statusTimeStamp: required(epochSeconds),
  commodity,
} as const;

export const electricPowerUsageSummary = struct(usage);

export const usageSummary = struct({
  ...usage,
  tariffProfile: text(256),
  readCycle: text(256),
  tariffRiderRefs: struct({
    tariffRiderRef: many(
      struct({
        riderType: required(text(256)),
        enrollmentStatus: required(word(["unenrolled", "enrolled", "enrolledPending"])),
        effectiveDate: required(epochSeconds),
      }),
    ),
  }),
  billingChargeSource: struct({ agencyName: text(256) }),
});

export const electricPowerQualitySummary = struct({
  flickerPlt: int48,
  flickerPst: int48,
  harmonicVoltage: int48,
  longInterruptions: int48,
  mainsVoltage: int48,
  measurementProtocol: integer(0, 255),
  powerFrequency: int48,
  rapidVoltageChanges: int48,
  shortInterruptions: int48,
  summaryInterval: required(dateTimeInterval),
  supplyVoltageDips: int48,
  supplyVoltageImbalance: int48,
  supplyVoltageVariations: int48,
  tempOvervoltage: int48,
});
