import { z } from "zod";

export const PAGE_LIMIT_MAX = 500;
export const PAGE_LIMIT_DEFAULT = 100;

/** Query of every list: an opaque cursor from the page before, and how many items at most. */
export const PageQuery = z.object({
  cursor: z.string().max(512).optional().describe("Opaque; the `next` of the page before"),
  limit: z.coerce.number().int().min(1).max(PAGE_LIMIT_MAX).default(PAGE_LIMIT_DEFAULT),
});
export type PageQuery = z.infer<typeof PageQuery>;

/** A page of `item`s: `next` is absent on the last page; `total` is given where counting is cheap. */
export function pageOf<Item extends z.ZodType>(item: Item, id: string) {
  return z.object({ items: z.array(item).max(PAGE_LIMIT_MAX), next: z.string().optional(), total: z.int().optional() }).meta({ id });
}

/** The shape that `pageOf` describes. */
export interface Page<Item> {
  items: Item[];
  next?: string | undefined;
  total?: number | undefined;
}
