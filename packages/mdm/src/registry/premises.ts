import type { Commodity, UsagePointId } from "@amity/model";
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
