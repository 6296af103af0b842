import type { UseInfiniteQueryResult, InfiniteData } from "@tanstack/react-query";
import type { Page } from "@amity/api";
import { count } from "./format.ts";
import { ProblemNote } from "./problem-note.tsx";

/** The rows of all pages that were loaded. */
export function rowsOf<Row>(data: InfiniteData<Page<Row>> | undefined): readonly Row[] {
  return data?.pages.flatMap(({ items }) => items) ?? [];
}

/** Under a list that grows: how much of it is shown, and the way to the next page. */
export function MoreRows<Row>({ query, of }: { query: UseInfiniteQueryResult<InfiniteData<Page<Row>>>; of: string }) {
  const shown = rowsOf(query.data).length;
  const total = query.data?.pages[0]?.total;
  return (
    <>
      {query.error !== null && <ProblemNote error={query.error} retry={() => void query.refetch()} />}
      {shown > 0 && (
        <p className="more-rows small quiet">
          <span role="status">
            {count(shown)}
            {total === undefined || total === shown ? "" : ` of ${count(total)}`} {of}
          </span>
          {query.hasNextPage && (
            <button
              type="button"
              className="button"
              data-size="small"
              disabled={query.isFetching}
              onClick={() => void query.fetchNextPage()}
            >
              Show more
            </button>
          )}
        </p>
      )}
    </>
  );
}
