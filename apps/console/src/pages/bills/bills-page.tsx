import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import type { BillSummary } from "@amity/api";
import { billsQuery } from "../../data/queries.ts";
import { count, money, percent } from "../../ui/format.ts";
import { ProblemNote } from "../../ui/problem-note.tsx";
import { BillView } from "./bill-view.tsx";

const route = getRouteApi("/bills");
const STATES = [
  [undefined, "All"],
  ["issued", "Issued"],
  ["held", "Held"],
  ["draft", "Draft"],
] as const;

/** Bills, and the one that is looked at: a line leads to the intervals behind it. */
export function BillsPage() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const { data: page, error, refetch } = useQuery(billsQuery({ state: search.state }));
  const items = page?.items ?? [];
  const chosen = search.id ?? items[0]?.id;
  return (
    <div className="page">
      <div className="page-head">
        <div>
          <h1>Bills</h1>
          <p role="status">{page === undefined ? " " : `${count(page.total ?? items.length)} bills`}</p>
        </div>
        <div className="segments" role="group" aria-label="State">
          {STATES.map(([state, name]) => (
            <button
              key={name}
              type="button"
              className="button"
              aria-pressed={search.state === state}
              onClick={() => void navigate({ search: state === undefined ? {} : { state } })}
            >
              {name}
            </button>
          ))}
        </div>
      </div>
      {error !== null && <ProblemNote error={error} retry={() => void refetch()} />}
      {page !== undefined && items.length === 0 && (
        <p className="empty">No bill yet: the first are made when a billing period is complete.</p>
      )}
      {chosen !== undefined && (
        <div className="split">
          <BillList
            items={items}
            chosen={chosen}
            onChoose={(id) =>
              void navigate({ search: (before) => ({ ...(before.state === undefined ? {} : { state: before.state }), id }), replace: true })
            }
          />
          <div className="split-detail">
            <BillView
              key={chosen}
              id={chosen}
              line={search.line}
              onLine={(line) => void navigate({ search: (before) => ({ ...before, id: chosen, line }), replace: true, resetScroll: false })}
            />
          </div>
        </div>
      )}
    </div>
  );
}

function BillList({ items, chosen, onChoose }: { items: readonly BillSummary[]; chosen: string; onChoose: (id: string) => void }) {
  return (
    <ol className="split-list" aria-label="Bills" tabIndex={-1}>
      {items.map((bill) => (
        <li key={bill.id}>
          <button type="button" className="split-item" aria-current={bill.id === chosen} onClick={() => onChoose(bill.id)}>
            <span className="row">
              <strong>{money(bill.total, bill.currency)}</strong>
              <span className="tag" data-kind={bill.state}>
                {bill.state}
              </span>
            </span>
            <span className="row small">
              <span className="mono">{bill.usagePoint}</span>
              <span>
                {(bill.energyWh / 1000).toFixed(1)} kWh{bill.estimatedShare > 0 && `, ${percent(bill.estimatedShare)} est.`}
              </span>
            </span>
          </button>
        </li>
      ))}
    </ol>
  );
}
