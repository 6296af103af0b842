import { data, dataClasses, type DlmsData } from "@amity/dlms";
import { QUALITY_GRID, QUALITY_PERIOD_SECONDS, VoltageQuality, meanDeciVolts, type VoltageCount } from "../metrology/voltage-quality.ts";
import type { RowSpan } from "../metrology/capture-runs.ts";
import type { SimulatedMeter } from "../simulated-meter.ts";
import { configuredObject } from "./configured-object.ts";
import { RIGHTS, dataObject, registerObject, type MeterObject, type ObjectContext } from "./meter-object.ts";
import { numberOf } from "./monitored-value.ts";
import { CLOCK_COLUMN, listedProfile } from "./profile-object.ts";
import { UnderstoodSettings } from "./settings.ts";

const DECIVOLT = [-1, 35] as const;
const SECOND = [0, 7] as const;
const COUNT = [0, 255] as const;
const PHASES = [0, 1, 2] as const;
/** Limits of EN 50160: 230 V, ten per cent up and down. */
const THRESHOLDS = { sag: "1-0:12.31.0", swell: "1-0:12.35.0" } as const;
const FACTORY = { sag: 2_070, swell: 2_530 } as const;
const LONG_OUTAGE = "0-0:96.7.20";
const LONG_OUTAGE_SECONDS = 180;
const VOLTAGE_PROFILE_DEPTH = 1_440;
const OUTAGE_DEPTH = 10;

const LIMITS = new UnderstoodSettings<{ sag: number; swell: number }>(
  ([sag, swell]) => ({
    sag: (sag === undefined ? undefined : numberOf(sag)) ?? FACTORY.sag,
    swell: (swell === undefined ? undefined : numberOf(swell)) ?? FACTORY.swell,
  }),
  FACTORY,
);

/** Sags and swells by phase with their limits, mean voltages 1-0:99.14.0, and counters of power failures. */
export function qualityObjects(): MeterObject[] {
  return [
    ...(["sag", "swell"] as const).map((kind) =>
      configuredObject({
        class: dataClasses.register,
        name: THRESHOLDS[kind],
        values: { value: data.longUnsigned(FACTORY[kind]), scalerUnit: unit(DECIVOLT) },
        writable: ["value"],
        judge: (_attribute, given) => ((numberOf(given) ?? 0) > 0 ? undefined : "other-reason"),
      }),
    ),
    ...PHASES.flatMap((phase) => phaseObjects(phase)),
    voltageProfile(),
    ...outageObjects(),
  ];
}

function phaseObjects(phase: number): MeterObject[] {
  const group = 32 + 20 * phase;
  const counted = (groupD: number, scaler: readonly [number, number], pick: (count: VoltageCount) => number): MeterObject =>
    registerObject(`1-0:${group}.${groupD}.0`, scaler, (context) => data.doubleLongUnsigned(pick(countOf(context, phase))));
  return [
    counted(32, COUNT, ({ sags }) => sags),
    counted(33, SECOND, ({ sagSeconds }) => sagSeconds),
    counted(36, COUNT, ({ swells }) => swells),
    counted(37, SECOND, ({ swellSeconds }) => swellSeconds),
    registerObject(`1-0:${group}.24.0`, DECIVOLT, ({ meter, nowMs }) => {
      const [last] = meter.captureSpans(QUALITY_GRID, nowMs, 1);
      return data.longUnsigned(last === undefined ? 0 : meanOf(meter, last, last.end - 1, phase));
    }),
  ];
}

/** Class 7: mean voltage of ten minutes, ten days deep. */
function voltageProfile(): MeterObject {
  return listedProfile<{ readonly clockMs: number; readonly span: RowSpan; readonly index: number }>({
    name: "1-0:99.14.0",
    periodSeconds: QUALITY_PERIOD_SECONDS,
    columns: [
      CLOCK_COLUMN,
      ...PHASES.map((phase) => ({
        classId: 3,
        name: `1-0:${32 + 20 * phase}.24.0`,
        read: ({ span, index }: { span: RowSpan; index: number }, { meter }: ObjectContext) =>
          data.longUnsigned(meanOf(meter, span, index, phase)),
      })),
    ],
    depth: () => VOLTAGE_PROFILE_DEPTH,
    rows: ({ meter, nowMs }) =>
      meter.captureSpans(QUALITY_GRID, nowMs, VOLTAGE_PROFILE_DEPTH).flatMap((span) =>
        Array.from({ length: span.end - span.first }, (_, at) => ({
          clockMs: QUALITY_GRID.instantOf(span.first + at),
          span,
          index: span.first + at,
        })),
      ),
  });
}

/** Interruptions: their number, those that were long, the last long one, and the log 1-0:99.97.0 of long ones. */
function outageObjects(): MeterObject[] {
  const seconds = (outage: ReturnType<SimulatedMeter["outages"]>[number]): number => Math.floor((outage.toMs - outage.fromMs) / 1000);
  const long = ({ meter }: ObjectContext) => {
    const least = LONG.of(meter, [[LONG_OUTAGE, 2]]);
    return meter.outages().filter((outage) => seconds(outage) > least);
  };
  return [
    dataObject("0-0:96.7.0", RIGHTS.clientsRead, ({ meter }) => data.longUnsigned(meter.powerFailures & 0xffff)),
    dataObject("0-0:96.7.9", RIGHTS.clientsRead, (context) => data.longUnsigned(long(context).length)),
    registerObject("0-0:96.7.19", SECOND, (context) => {
      const last = long(context).at(-1);
      return data.doubleLongUnsigned(last === undefined ? 0 : seconds(last));
    }),
    configuredObject({
      class: dataClasses.register,
      name: LONG_OUTAGE,
      values: { value: data.longUnsigned(LONG_OUTAGE_SECONDS), scalerUnit: unit(SECOND) },
      writable: ["value"],
      judge: (_attribute, given) => (given.type === "long-unsigned" ? undefined : "type-unmatched"),
    }),
    listedProfile<{ readonly clockMs: number; readonly seconds: number }>({
      name: "1-0:99.97.0",
      columns: [CLOCK_COLUMN, { classId: 3, name: "0-0:96.7.19", read: (row) => data.doubleLongUnsigned(row.seconds) }],
      depth: () => OUTAGE_DEPTH,
      rows: (context) =>
        long(context)
          .slice(-OUTAGE_DEPTH)
          .map((outage) => ({ clockMs: outage.endClockMs, seconds: seconds(outage) })),
    }),
  ];
}

const LONG = new UnderstoodSettings<number>(
  ([least]) => (least === undefined ? undefined : numberOf(least)) ?? LONG_OUTAGE_SECONDS,
  LONG_OUTAGE_SECONDS,
);

function countOf({ meter, nowMs }: ObjectContext, phase: number): VoltageCount {
  const limits = (): { sag: number; swell: number } =>
    LIMITS.of(meter, [
      [THRESHOLDS.sag, 2],
      [THRESHOLDS.swell, 2],
    ]);
  meter.functions.quality ??= new VoltageQuality(meter, limits, phaseCount(meter), meter.plan.installedMs);
  return meter.functions.quality.at(phase, nowMs);
}

function meanOf(meter: SimulatedMeter, span: RowSpan, index: number, phase: number): number {
  return phase < phaseCount(meter) ? meanDeciVolts(meter, phase, meter.capturedAt(span, QUALITY_GRID.instantOf(index))) : 0;
}

function phaseCount(meter: SimulatedMeter): number {
  return meter.plan.phase === "L123" ? 3 : 1;
}

function unit([scaler, code]: readonly [number, number]): DlmsData {
  return data.structure(data.integer(scaler), data.enumerated(code));
}
