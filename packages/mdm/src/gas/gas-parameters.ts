import { UsageError } from "@amity/bytes";
import { formatDay, localDayOf, type Zone } from "@amity/intervals";
import type { UsagePointId } from "@amity/model";
import type { Clock } from "@amity/runtime";
import { instantParam, type SqlRunner, type Store } from "@amity/store";
import type { EnergyFactor } from "../usage/usage.ts";
import { energyFactors, volumeFactor, type CalorificValue, type GasConditions, type GasSite, type MeterConverts } from "./conversion.ts";

/** Calorific values and meter conditions as versioned data. Nothing is overwritten: what differs is the next version. */
export interface GasParameters {
  /** Keeps the calorific values of a zone; days whose value is the stored one are no news. Gives how many were new. */
  keepCalorificValues(zoneId: string, values: readonly CalorificValue[], author: string): Promise<number>;
  /** Keeps where a usage point's gas comes from and under what conditions it is metered. @throws UsageError `gas-conditions`. */
  keepSites(sites: readonly (GasSite & { readonly usagePointId: UsagePointId })[], author: string): Promise<void>;
}

/** Days written or read at once. */
const DAYS_MAX = 4000;

export function createGasParameters(store: Store, clock: Pick<Clock, "nowMs">): GasParameters {
  return {
    async keepCalorificValues(zoneId, values, author) {
      if (values.length > DAYS_MAX) throw new UsageError(`${values.length} days at once, at most ${DAYS_MAX}`, { code: "limit" });
      const { rowCount } = await store.query(
        `insert into mdm.gas_quality (zone_id, day, version, kwh_per_m3, known_at, author)
         select $1, n.day, coalesce(c.version, 0) + 1, n.kwh_per_m3, $4, $5
         from unnest($2::date[], $3::numeric[]) as n (day, kwh_per_m3)
         left join lateral (
           select version, kwh_per_m3 from mdm.gas_quality q where q.zone_id = $1 and q.day = n.day order by version desc limit 1
         ) c on true
         where c.kwh_per_m3 is distinct from n.kwh_per_m3`,
        [zoneId, values.map(({ day }) => formatDay(day)), values.map(({ kwhPerM3 }) => kwhPerM3), instantParam(clock.nowMs()), author],
      );
      return rowCount;
    },
    async keepSites(sites, author) {
      for (const { conditions } of sites) volumeFactor(conditions);
      await store.query(
        `insert into mdm.gas_site (usage_point_id, from_day, version, zone_id, conditions, known_at, author)
         select n.usage_point_id, n.from_day, coalesce(c.version, 0) + 1, n.zone_id, n.conditions, $5, $6
         from unnest($1::text[], $2::date[], $3::text[], $4::jsonb[]) as n (usage_point_id, from_day, zone_id, conditions)
         left join lateral (
           select version, zone_id, conditions from mdm.gas_site s
           where s.usage_point_id = n.usage_point_id and s.from_day = n.from_day order by version desc limit 1
         ) c on true
         where (c.zone_id, c.conditions) is distinct from (n.zone_id, n.conditions)`,
        [
          sites.map(({ usagePointId }) => usagePointId),
          sites.map(({ fromDay }) => formatDay(fromDay)),
          sites.map(({ zoneId }) => zoneId),
          sites.map(({ conditions }) => JSON.stringify(conditions)),
          instantParam(clock.nowMs()),
          author,
        ],
      );
    },
  };
}

/** Time of a usage point for which factors are wanted. */
export interface FactorAsk {
  readonly usagePointId: UsagePointId;
  readonly fromMs: number;
  readonly toMs: number;
  readonly zone: Zone;
}

/** Gives the factors of a usage point's volume, as known at an instant. */
export type FactorsOf = (ask: FactorAsk, converts: MeterConverts) => readonly EnergyFactor[];

/** Reads what many usage points need to turn volume into energy, in two queries. Without any of it the factors are empty. */
export async function readGasFactors(runner: SqlRunner, asks: readonly FactorAsk[], asOfMs: number | undefined): Promise<FactorsOf> {
  if (asks.length === 0) return () => [];
  const asOf = asOfMs === undefined ? null : instantParam(asOfMs);
  const sites = new Map<UsagePointId, GasSite[]>();
  const zones = new Set<string>();
  const { rows } = await runner.query<{ usage_point_id: string; from_day: number; zone_id: string; conditions: GasConditions }>(
    `select distinct on (usage_point_id, from_day) usage_point_id, from_day - date '1970-01-01' as from_day, zone_id, conditions
     from mdm.gas_site where usage_point_id = any ($1::text[]) and known_at <= coalesce($2::timestamptz, 'infinity')
     order by usage_point_id, from_day, version desc`,
    [[...new Set(asks.map(({ usagePointId }) => usagePointId))], asOf],
  );
  for (const row of rows) {
    const list = sites.get(row.usage_point_id) ?? [];
    list.push({ fromDay: row.from_day, zoneId: row.zone_id, conditions: row.conditions });
    sites.set(row.usage_point_id, list);
    zones.add(row.zone_id);
  }
  const values = await calorificValues(runner, [...zones], { asks, asOf });
  return (ask, converts) => {
    const own = sites.get(ask.usagePointId) ?? [];
    return energyFactors(own, (zoneId, day) => values.get(`${zoneId}\n${day}`), { ...ask, converts });
  };
}

async function calorificValues(
  runner: SqlRunner,
  zones: readonly string[],
  { asks, asOf }: { asks: readonly FactorAsk[]; asOf: string | null },
): Promise<ReadonlyMap<string, CalorificValue>> {
  if (zones.length === 0) return new Map();
  const days = asks.flatMap(({ zone, fromMs, toMs }) => [localDayOf(zone, fromMs) - 1, localDayOf(zone, toMs)]);
  const { rows } = await runner.query<{ zone_id: string; day: number; kwh_per_m3: string }>(
    `select distinct on (zone_id, day) zone_id, day - date '1970-01-01' as day, kwh_per_m3::text as kwh_per_m3
     from mdm.gas_quality where zone_id = any ($1::text[]) and day >= $2::date and day <= $3::date
       and known_at <= coalesce($4::timestamptz, 'infinity')
     order by zone_id, day, version desc`,
    [zones, formatDay(minOf(days)), formatDay(-minOf(days.map((day) => -day))), asOf],
  );
  return new Map(rows.map((row) => [`${row.zone_id}\n${row.day}`, { day: row.day, kwhPerM3: row.kwh_per_m3 }]));
}

function minOf(numbers: readonly number[]): number {
  return numbers.reduce((least, number) => Math.min(least, number), Number.POSITIVE_INFINITY);
}
