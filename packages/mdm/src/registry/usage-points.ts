import type { Commodity, UsagePointId } from "@amity/model";
import type { SqlRunner } from "@amity/store";

export interface UsagePointFilter {
  readonly commodity?: Commodity;
  readonly channelClass?: string;
}

/** The usage points that were declared, by identifier. */
export async function usagePointIds(runner: SqlRunner, filter: UsagePointFilter = {}): Promise<UsagePointId[]> {
  const { rows } = await runner.query<{ usage_point_id: string }>(
    `select usage_point_id from mdm.usage_point
     where ($1::text is null or commodity = $1) and ($2::text is null or channel_class = $2) order by usage_point_id`,
    [filter.commodity ?? null, filter.channelClass ?? null],
  );
  return rows.map((row) => row.usage_point_id);
}

/** Every `n`-th of a list, so that about `count` are left, from all over it; the whole list where it is no longer than that. */
export function evenSample<T>(items: readonly T[], count: number | undefined): readonly T[] {
  if (count === undefined || items.length <= count) return items;
  return Array.from({ length: count }, (_, index) => items[Math.floor((index * items.length) / count)]).filter(
    (item) => item !== undefined,
  );
}
