import type { Commodity, MeterId } from "@amity/model";
import { instantParam, type SqlRunner } from "@amity/store";

/** Where a meter stands: what rules must know beside its channels. */
export interface MeterPlace {
  readonly usagePointId: string;
  readonly commodity: Commodity;
  /** E.g. `residential`, `commercial`, `transformer`: rule sets and profiles are chosen by it. */
  readonly channelClass: string;
  /** Of current and voltage transformers. */
  readonly multiplier: number;
}

const COMMODITIES: readonly Commodity[] = ["electricity", "gas", "water", "heat"];

/** A stored commodity; what is not known is taken for electricity. */
export function commodityOf(stored: string | null): Commodity {
  return COMMODITIES.find((known) => known === stored) ?? "electricity";
}

/** Where meters stood at an instant (or first stood, for an earlier one). Meters that were never installed are left out. */
export async function placesOf(runner: SqlRunner, meterIds: readonly MeterId[], atMs: number): Promise<Map<MeterId, MeterPlace>> {
  const { rows } = await runner.query<{
    meter_id: string;
    usage_point_id: string;
    commodity: string | null;
    channel_class: string | null;
    multiplier: string;
  }>(
    `select distinct on (m.meter_id) m.meter_id, i.usage_point_id, p.commodity, p.channel_class, i.multiplier
     from mdm.meter m join mdm.meter_installation i on i.meter_key = m.meter_key
     left join mdm.usage_point p on p.usage_point_id = i.usage_point_id
     where m.meter_id = any ($1::text[])
     order by m.meter_id, (i.installed_at <= $2) desc, case when i.installed_at <= $2 then i.installed_at end desc, i.installed_at`,
    [meterIds, instantParam(atMs)],
  );
  return new Map(
    rows.map((row): [MeterId, MeterPlace] => [
      row.meter_id,
      {
        usagePointId: row.usage_point_id,
        commodity: commodityOf(row.commodity),
        channelClass: row.channel_class ?? "residential",
        multiplier: Number(row.multiplier),
      },
    ]),
  );
}
