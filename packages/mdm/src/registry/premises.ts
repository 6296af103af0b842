import type { Commodity, MeterId, UsagePointId } from "@amity/model";
import type { SqlRunner } from "@amity/store";
import { commodityOf } from "./places.ts";

/** A place where a commodity is delivered. */
export interface UsagePoint {
  readonly usagePointId: UsagePointId;
  readonly commodity: Commodity;
  readonly channelClass: string;
  readonly premisesId: string | undefined;
  readonly customerId: string | undefined;
}

/** Usage points of one place, customer or identifier, electricity first, then by identifier. */
export async function usagePointsOf(
  runner: SqlRunner,
  of: { premisesId?: string; customerId?: string; usagePointId?: UsagePointId },
): Promise<UsagePoint[]> {
  const { rows } = await runner.query<{
    usage_point_id: string;
    commodity: string;
    channel_class: string;
    premises_id: string | null;
    customer_id: string | null;
  }>(
    `select usage_point_id, commodity, channel_class, premises_id, customer_id from mdm.usage_point
     where premises_id = $1 or customer_id = $2 or usage_point_id = $3
     order by commodity <> 'electricity', usage_point_id`,
    [of.premisesId ?? null, of.customerId ?? null, of.usagePointId ?? null],
  );
  return rows.map((row) => ({
    usagePointId: row.usage_point_id,
    commodity: commodityOf(row.commodity),
    channelClass: row.channel_class,
    premisesId: row.premises_id ?? undefined,
    customerId: row.customer_id ?? undefined,
  }));
}

/** What each installed meter measures; those that measure electricity, and those never installed, are left out. */
export async function commodityByMeter(runner: SqlRunner): Promise<Map<MeterId, Commodity>> {
  const { rows } = await runner.query<{ meter_id: string; commodity: string }>(
    `select m.meter_id, p.commodity
     from mdm.usage_point p
     join mdm.meter_installation i on i.usage_point_id = p.usage_point_id
     join mdm.meter m on m.meter_key = i.meter_key
     where p.commodity <> 'electricity' and i.removed_at is null`,
  );
  return new Map(rows.map((row) => [row.meter_id, commodityOf(row.commodity)]));
}

/** A meter that stands at a usage point now. */
export interface StandingMeter {
  readonly meterId: MeterId;
  readonly usagePointId: UsagePointId;
  readonly commodity: Commodity;
}

/** The other meters at the place of a usage point, electricity first. */
export async function metersBeside(runner: SqlRunner, usagePointId: UsagePointId): Promise<StandingMeter[]> {
  const { rows } = await runner.query<{ meter_id: string; usage_point_id: string; commodity: string }>(
    `select m.meter_id, other.usage_point_id, other.commodity
     from mdm.usage_point own
     join mdm.usage_point other on other.premises_id = own.premises_id and other.usage_point_id <> own.usage_point_id
     join mdm.meter_installation i on i.usage_point_id = other.usage_point_id and i.removed_at is null
     join mdm.meter m on m.meter_key = i.meter_key
     where own.usage_point_id = $1
     order by other.commodity <> 'electricity', other.usage_point_id limit 32`,
    [usagePointId],
  );
  return rows.map((row) => ({ meterId: row.meter_id, usagePointId: row.usage_point_id, commodity: commodityOf(row.commodity) }));
}
