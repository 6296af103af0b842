import { data, type DlmsData } from "@amity/dlms";
import { BILLING_DEPTH, type BillingReset } from "../metrology/billing-book.ts";
import { REGISTER_COUNT } from "../household/energy.ts";
import type { DemandPeak } from "../metrology/demand.ts";
import { TARIFFS } from "../metrology/tariff-book.ts";
import type { SimulatedMeter } from "../simulated-meter.ts";
import { maximumDemand, stampOf } from "./demand-objects.ts";
import { RIGHTS, dataObject, type MeterObject, type ObjectContext } from "./meter-object.ts";
import { listedProfile, type ListedColumn } from "./profile-object.ts";
import { TARIFF_REGISTER_NAMES } from "./tariff-objects.ts";

/** Monthly billing values. */
const NAME = "0-0:98.1.0";

/** One row: the reset, and the maxima of the period before it. */
interface BillingRow {
  readonly clockMs: number;
  readonly reset: BillingReset;
  readonly peak: (register: 0 | 1) => DemandPeak | undefined;
}

/** Billing profile 0-0:98.1.0, its counter 0-0:0.1.0 and the time of the last reset 0-0:0.1.2. Values are computed when a row is read. */
export function billingObjects(): MeterObject[] {
  return [
    dataObject("0-0:0.1.0", RIGHTS.clientsRead, ({ meter }) => data.longUnsigned(meter.functions.billing.count & 0xffff)),
    dataObject("0-0:0.1.2", RIGHTS.clientsRead, (context) => stampOf(context.meter.functions.billing.resets.at(-1)?.clockMs, context)),
    listedProfile<BillingRow>({
      name: NAME,
      columns: COLUMNS,
      depth: () => BILLING_DEPTH,
      rows: ({ meter }) => {
        const { resets } = meter.functions.billing;
        return resets
          .map((reset, index) => ({ clockMs: reset.clockMs, reset, peak: peaksOf(meter, reset, resets[index - 1]) }))
          .slice(-BILLING_DEPTH);
      },
      capture: (context) => context.perform({ kind: "resetBilling", atMs: context.nowMs, isScheduled: false }),
    }),
  ];
}

const COLUMNS: readonly ListedColumn<BillingRow>[] = [
  { classId: 8, name: "0-0:1.0.0", read: ({ clockMs }, context) => stampOf(clockMs, context) },
  { classId: 1, name: "0-0:0.1.0", read: ({ reset }) => data.longUnsigned(reset.number & 0xffff) },
  { classId: 3, name: "1-0:1.8.0", read: (row, context) => energy(row, context, 0) },
  { classId: 3, name: "1-0:2.8.0", read: (row, context) => energy(row, context, 1) },
  ...TARIFF_REGISTER_NAMES.slice(0, TARIFFS).map((name, index) => ({
    classId: 3,
    name,
    read: ({ reset }: BillingRow, { meter }: ObjectContext) => energyWh(meter.tariffsAt(reset.atMs)[index]),
  })),
  ...TARIFF_REGISTER_NAMES.slice(TARIFFS).map((name, index) => ({
    classId: 3,
    name,
    read: ({ reset }: BillingRow, { meter }: ObjectContext) => energyWh(meter.tariffsAt(reset.atMs)[TARIFFS + index]),
  })),
  { classId: 4, name: "1-0:1.6.0", read: ({ peak }) => data.doubleLongUnsigned(peak(0)?.watts ?? 0) },
  { classId: 4, name: "1-0:1.6.0", attributeId: 5, read: ({ peak }, context) => stampOf(peak(0)?.clockMs, context) },
  { classId: 4, name: "1-0:2.6.0", read: ({ peak }) => data.doubleLongUnsigned(peak(1)?.watts ?? 0) },
  { classId: 4, name: "1-0:2.6.0", attributeId: 5, read: ({ peak }, context) => stampOf(peak(1)?.clockMs, context) },
];

function energy({ reset }: BillingRow, { meter }: ObjectContext, register: 0 | 1): DlmsData {
  return energyWh(meter.registersAt(reset.atMs, new Float64Array(REGISTER_COUNT))[register]);
}

function energyWh(wattHours: number | undefined): DlmsData {
  return data.doubleLongUnsigned((wattHours ?? 0) % 0x1_0000_0000);
}

/** The maxima of the period that a row closes, each worked out once: two columns show it. */
function peaksOf(meter: SimulatedMeter, reset: BillingReset, before: BillingReset | undefined): BillingRow["peak"] {
  const known: (DemandPeak | undefined)[] = [];
  return (register) => {
    if (!(register in known))
      known[register] = maximumDemand(meter, register, { fromMs: before?.atMs ?? Number.NEGATIVE_INFINITY, toMs: reset.atMs });
    return known[register];
  };
}
