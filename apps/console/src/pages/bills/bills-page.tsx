import { useInfiniteQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import type { ReactNode } from "react";
import type { BillSummary } from "@amity/api";
import { billsQuery } from "../../data/queries.ts";
import { COMMODITIES, CommodityIcon, COMMODITY_WORDS } from "../../ui/commodity.tsx";
import { count, money, percent } from "../../ui/format.ts";
import { MoreRows, rowsOf } from "../../ui/more-rows.tsx";
import { ProblemNote } from "../../ui/problem-note.tsx";
import { dropAbsent } from "../../ui/search-params.ts";
import { deliveredText } from "./joint-box.tsx";
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
  const query = useInfiniteQuery(billsQuery({ state: search.state, commodity: search.commodity }));
  const { data, error, refetch } = query;
  const items = rowsOf(data);
  const chosen = search.id ?? items[0]?.id;
  return (
    <div className="page">
      <div className="page-head">
        <div>
          <h1>Bills</h1>
          <p role="status">{data === undefined ? " " : `${count(items.length)} bills${query.hasNextPage ? ", and more" : ""}`}</p>
        </div>
        <div className="toolbar">
          <label className="inline-label">
            Of
            <select
              className="field"
              value={search.commodity ?? ""}
              onChange={(event) =>
                void navigate({ search: ({ state }) => dropAbsent({ state, commodity: event.target.value }), replace: true })
              }
            >
              <option value="">everything</option>
              {COMMODITIES.map((commodity) => (
                <option key={commodity} value={commodity}>
                  {COMMODITY_WORDS[commodity].toLowerCase()}
                </option>
              ))}
            </select>
          </label>
          <div className="segments" role="group" aria-label="State">
            {STATES.map(([state, name]) => (
              <button
                key={name}
                type="button"
                className="button"
                aria-pressed={search.state === state}
                onClick={() => void navigate({ search: ({ commodity }) => dropAbsent({ commodity, state }) })}
              >
                {name}
              </button>
            ))}
          </div>
        </div>
      </div>
      {error !== null && <ProblemNote error={error} retry={() => void refetch()} />}
      {data !== undefined && items.length === 0 && (
        <p className="empty">No bill yet: the first are made when a billing period is complete.</p>
      )}
      {chosen !== undefined && (
        <div className="split">
          <BillList
            items={items}
            chosen={chosen}
            more={<MoreRows query={query} of="bills" />}
            onChoose={(id) => void navigate({ search: ({ state, commodity }) => dropAbsent({ state, commodity, id }), replace: true })}
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

interface BillListProps {
  items: readonly BillSummary[];
  chosen: string;
  more: ReactNode;
  onChoose: (id: string) => void;
}

function BillList({ items, chosen, more, onChoose }: BillListProps) {
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
              <span className="commodity">
                <CommodityIcon commodity={bill.commodity} />
                <span className="visually-hidden">{COMMODITY_WORDS[bill.commodity]}</span>
                <span className="mono">{bill.usagePoint}</span>
              </span>
              <span>
                {deliveredText(bill)}
                {bill.estimatedShare > 0 && `, ${percent(bill.estimatedShare)} est.`}
              </span>
            </span>
          </button>
        </li>
      ))}
      <li className="split-more">{more}</li>
    </ol>
  );
}
