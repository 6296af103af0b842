import { dayNumberOf, startOfLocalDayMs, utcDayStartMs, DAY_MS, emptyBlock, zoneOf } from "@amity/intervals";
import { QUALITY } from "@amity/model";
import { seededRandom, type Clock, type Timers } from "@amity/runtime";
import type { Store } from "@amity/store";
import { createLedger, type BlockWrite } from "../ledger/ledger.ts";
import { createBilling } from "../pipeline/billing.ts";
import { createRegistry } from "../registry/registry.ts";
import type { Tariff } from "../tariff/tariff.ts";

export interface BillsBenchOptions {
  readonly timers: Timers;
  readonly clock: Pick<Clock, "nowMs">;
  /** Usage points billed in each run. Default 2000. */
  readonly points?: number;
  /** Runs of which the median is reported; each rates and stores every bill anew. Default 3. */
  readonly runs?: number;
}

/** Keys as published by `amity bench bills --json`. */
export interface BillsBenchResults {
  /** Monthly bills a second: ledger read, unpacking, times of use, demand, lines, pinned versions, durable commit. */
  readonly bills_per_s: number;
  /** Intervals behind them a second. */
  readonly intervals_per_s: number;
}

const ZONE = "Europe/Berlin";
const [FROM_DAY, TO_DAY] = [dayNumberOf({ year: 2020, month: 7, day: 1 }), dayNumberOf({ year: 2020, month: 8, day: 1 })];
const PREFIX = "bench-bills-";

/**
 * Bills a month of quarter-hours of many usage points by a tariff with times of use and demand, on a database whose schema
 * is up to date. Leaves no rows behind.
 */
export async function runBillsBench(store: Store, options: BillsBenchOptions): Promise<BillsBenchResults> {
  const { timers, clock, points = 2000, runs = 3 } = options;
  const registry = createRegistry(store, clock);
  const ledger = createLedger(store, clock);
  await clean(store);
  try {
    const usagePointIds = Array.from({ length: points }, (_, index) => `${PREFIX}${index}`);
    const channels = await registry.resolve(
      usagePointIds.map((meterId) => ({
        meterId,
        name: "1-0:1.8.0",
        kind: "interval" as const,
        unit: "Wh" as const,
        scaler: 0,
        intervalSeconds: 900,
      })),
      "bench",
    );
    for (let at = 0; at < channels.length; at += 100) {
      await ledger.write(monthOf(channels.slice(at, at + 100)), { author: "bench", reason: "", source: "bench", ruleSet: "" });
    }
    await store.query("analyze mdm.interval_block");
    const billing = createBilling({ store, ledger, registry, clock });
    const rates: number[] = [];
    for (let run = 0; run < runs; run += 1) {
      const tariff = demandTariff(`${PREFIX}${run}`);
      await billing.publish(tariff);
      const startMs = timers.elapsedMs();
      const asks = usagePointIds.map((usagePointId) => ({ usagePointId, tariffId: tariff.id, fromDay: FROM_DAY, toDay: TO_DAY }));
      await billing.bill(asks);
      rates.push((points * 1000) / (timers.elapsedMs() - startMs));
    }
    const perSecond = rates.toSorted((a, b) => a - b)[rates.length >> 1] ?? 0;
    return { bills_per_s: Math.round(perSecond), intervals_per_s: Math.round(perSecond * (TO_DAY - FROM_DAY) * 96) };
  } finally {
    await clean(store);
  }
}

/** Household-like quarter-hours for the month in local days. */
function monthOf(channelIds: readonly number[]): BlockWrite[] {
  const zone = zoneOf(ZONE);
  const fromMs = utcDayStartMs(startOfLocalDayMs(zone, FROM_DAY));
  return channelIds.flatMap((channelId) => {
    const random = seededRandom(channelId);
    return Array.from({ length: TO_DAY - FROM_DAY + 1 }, (_, day): BlockWrite => {
      const block = emptyBlock(fromMs + day * DAY_MS, 900);
      for (let slot = 0; slot < 96; slot += 1) {
        block.values[slot] = 30 + Math.round(random.float() * 200 + 300 * Math.exp(-((slot / 4 - 19) ** 2) / 8));
        block.qualities[slot] = QUALITY.validated;
      }
      return { channelId, block };
    });
  });
}

function demandTariff(id: string): Tariff {
  const periods = ["night", "day", "peak"];
  return {
    id,
    name: "Bench",
    currency: "EUR",
    zone: ZONE,
    versions: [
      {
        version: 1,
        effectiveFrom: "2000-01-01",
        rounding: { places: 2, mode: "halfUp" },
        calendar: {
          periods,
          defaultPeriod: "day",
          schedules: [
            {
              days: ["weekday"],
              ranges: [
                { from: "22:00", to: "06:00", period: "night" },
                { from: "17:00", to: "20:00", period: "peak" },
              ],
            },
            { ranges: [{ from: "22:00", to: "06:00", period: "night" }] },
          ],
        },
        charges: [
          { kind: "fixed", id: "standing", label: "Standing charge", amount: "9.50", per: "month" },
          ...periods.map((period) => ({
            kind: "energy" as const,
            id: period,
            label: period,
            flow: "import" as const,
            periods: [period],
            rate: "0.2841",
          })),
          { kind: "demand", id: "demand", label: "Demand", measure: "kW", windowMinutes: 15, rate: "5.20" },
          { kind: "percentage", id: "vat", label: "VAT", percent: "19", isTax: true },
        ],
      },
    ],
  };
}

async function clean(store: Store): Promise<void> {
  await store.transaction(async (transaction) => {
    const like = `${PREFIX}%`;
    await transaction.query("delete from mdm.bill where usage_point_id like $1", [like]);
    await transaction.query("delete from mdm.tariff where tariff_id like $1", [like]);
    for (const table of ["interval_block", "channel"]) {
      await transaction.query(`delete from mdm.${table} where meter_key in (select meter_key from mdm.meter where meter_id like $1)`, [
        like,
      ]);
    }
    await transaction.query("delete from mdm.meter where meter_id like $1", [like]);
  });
}
