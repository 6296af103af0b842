import { Link, useNavigate } from "@tanstack/react-router";
import { useVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useRef, useState, type KeyboardEvent } from "react";
import type { MeterState, MeterSummary } from "@amity/api";
import { useLiveEvent, useUtilityNow } from "../../data/use-live.ts";
import { CommodityIcon, COMMODITY_WORDS } from "../../ui/commodity.tsx";
import { ago, percent, quantity } from "../../ui/format.ts";
import { StateLabel } from "../../ui/state-mark.tsx";

const STATES: readonly MeterState[] = ["reporting", "late", "silent", "disconnected", "outage"];
const ROW = 38;

interface Column {
  readonly name: string;
  readonly className: string;
  /** The API's sort keys, first for the first press. */
  readonly sorts?: readonly [string, string];
}

const COLUMNS: readonly Column[] = [
  { name: "State", className: "c-state" },
  { name: "Meter", className: "c-id", sorts: ["id", "id"] },
  { name: "Feeder", className: "c-feeder" },
  { name: "Concentrator", className: "c-dcu" },
  { name: "Last heard", className: "c-seen", sorts: ["lastSeen", "-lastSeen"] },
  { name: "Load", className: "c-load num", sorts: ["-loadW", "loadW"] },
  { name: "Last 24 h", className: "c-complete", sorts: ["completeness", "-completeness"] },
  { name: "Exceptions", className: "c-open num", sorts: ["-openExceptions", "-openExceptions"] },
  { name: "Has", className: "c-traits" },
];

const TRAITS = { solar: "Solar", ev: "EV", threePhase: "3-phase" } as const;

interface MeterRowsProps {
  rows: readonly MeterSummary[];
  total: number;
  sort: string | undefined;
  onSort: (sort: string) => void;
  /** The last fetched row came into view. */
  onEnd: () => void;
}

/** The rows in view of a long list. One row is in the tab order; arrows, Home and End move it, Enter opens the meter. */
export function MeterRows({ rows, total, sort, onSort, onEnd }: MeterRowsProps) {
  const box = useRef<HTMLDivElement>(null);
  const navigate = useNavigate();
  const now = useUtilityNow(1_000);
  const heard = useHeard();
  const [focused, setFocused] = useState(0);
  const virtual = useVirtualizer({ count: rows.length, getScrollElement: () => box.current, estimateSize: () => ROW, overscan: 12 });
  const items = virtual.getVirtualItems();
  const lastIndex = items.at(-1)?.index ?? 0;

  useEffect(() => {
    if (rows.length > 0 && lastIndex >= rows.length - 30) onEnd();
  }, [lastIndex, rows.length, onEnd]);

  function onKey(event: KeyboardEvent): void {
    const steps: Record<string, number> = {
      ArrowDown: focused + 1,
      ArrowUp: focused - 1,
      PageDown: focused + 15,
      PageUp: focused - 15,
      Home: 0,
      End: rows.length - 1,
    };
    const row = rows[focused];
    if (event.key === "Enter" && row !== undefined && event.target === event.currentTarget.ownerDocument.activeElement) {
      void navigate({ to: "/meters/$meterId", params: { meterId: row.id } });
      return;
    }
    const wanted = steps[event.key];
    if (wanted === undefined) return;
    event.preventDefault();
    const next = Math.max(0, Math.min(rows.length - 1, wanted));
    setFocused(next);
    virtual.scrollToIndex(next);
    requestAnimationFrame(() => box.current?.querySelector<HTMLElement>(`[data-index="${next}"]`)?.focus());
  }

  return (
    <div
      ref={box}
      className="vlist"
      data-shares={rows.some(({ completeness }) => completeness !== undefined)}
      role="table"
      aria-label="Meters"
      aria-rowcount={total + 1}
      tabIndex={-1}
    >
      <div className="vlist-head vrow" role="row" aria-rowindex={1}>
        {COLUMNS.map((column) => (
          <HeadCell key={column.name} column={column} sort={sort} onSort={onSort} />
        ))}
      </div>
      <div role="rowgroup" className="vlist-body" style={{ height: virtual.getTotalSize() }} onKeyDown={onKey}>
        {items.map(({ index, start }) => {
          const row = rows[index];
          if (row === undefined) return null;
          const news = heard.get(row.id);
          const state = news === undefined ? row.state : (STATES[news.state] ?? row.state);
          const lastSeen = news === undefined ? row.lastSeen : news.at;
          return (
            <div
              key={row.id}
              role="row"
              aria-rowindex={index + 2}
              className="vrow"
              data-index={index}
              tabIndex={index === focused ? 0 : -1}
              onFocus={() => setFocused(index)}
              style={{ transform: `translateY(${start}px)` }}
            >
              <MeterCells row={row} state={state} lastSeen={lastSeen} now={now} />
            </div>
          );
        })}
      </div>
    </div>
  );
}

function HeadCell({ column, sort, onSort }: { column: Column; sort: string | undefined; onSort: (sort: string) => void }) {
  if (column.sorts === undefined) {
    return (
      <div role="columnheader" className={column.className}>
        {column.name}
      </div>
    );
  }
  const [first, second] = column.sorts;
  const current = sort ?? "id";
  const active = current === first || current === second;
  return (
    <div
      role="columnheader"
      className={column.className}
      aria-sort={active ? (current.startsWith("-") ? "descending" : "ascending") : "none"}
    >
      <button type="button" className="sort" onClick={() => onSort(current === first ? second : first)}>
        {column.name}
        <span aria-hidden="true">{active ? (current.startsWith("-") ? " ↓" : " ↑") : ""}</span>
      </button>
    </div>
  );
}

function MeterCells({ row, state, lastSeen, now }: { row: MeterSummary; state: MeterState; lastSeen: string | undefined; now: number }) {
  const share = row.completeness;
  return (
    <>
      <div role="cell" className="c-state">
        <StateLabel state={state} />
      </div>
      <div role="cell" className="c-id">
        <span className="commodity" title={COMMODITY_WORDS[row.commodity]}>
          <CommodityIcon commodity={row.commodity} />
          <span className="visually-hidden">{COMMODITY_WORDS[row.commodity]} </span>
          <Link to="/meters/$meterId" params={{ meterId: row.id }} className="mono" tabIndex={-1}>
            {row.id}
          </Link>
        </span>
      </div>
      <div role="cell" className="c-feeder">
        {row.feeder ?? "–"}
      </div>
      <div role="cell" className="c-dcu">
        {row.host === undefined ? (
          (row.concentrator ?? <span className="quiet">direct</span>)
        ) : (
          <span title={`behind meter ${row.host}`}>{row.concentrator ?? <span className="quiet">direct</span>}</span>
        )}
      </div>
      <div role="cell" className="c-seen">
        {ago(lastSeen, now)}
      </div>
      <div role="cell" className="c-load num">
        {nowText(row)}
      </div>
      <div role="cell" className="c-complete">
        {share === undefined ? (
          "–"
        ) : (
          <>
            <span className="meterbar" data-low={share < 0.95} aria-hidden="true">
              <span style={{ width: `${share * 100}%` }} />
            </span>{" "}
            {percent(share)}
          </>
        )}
      </div>
      <div role="cell" className="c-open num">
        {row.openExceptions === 0 ? <span className="quiet">0</span> : row.openExceptions}
      </div>
      <div role="cell" className="c-traits quiet">
        {row.traits.map((trait) => TRAITS[trait]).join(", ")}
      </div>
    </>
  );
}

/** What goes through a meter now. */
function nowText({ loadW, flowM3PerHour }: MeterSummary): string {
  if (flowM3PerHour !== undefined) return quantity(flowM3PerHour, "m3/h").replace("-", "−");
  return loadW === undefined ? "–" : quantity(loadW, "W").replace("-", "−");
}

/** Meters heard of since the page was opened: shown in place, without moving rows under the reader. */
function useHeard(): ReadonlyMap<string, { state: number; at: string }> {
  const heard = useRef(new Map<string, { state: number; at: string }>());
  const clock = useRef<string | undefined>(undefined);
  useLiveEvent("tick", ({ tick }) => {
    clock.current = tick.clock.now;
  });
  useLiveEvent("meters", ({ ids, state }) => {
    if (clock.current === undefined) return;
    for (const [index, id] of ids.entries()) heard.current.set(id, { state: state[index] ?? 0, at: clock.current });
  });
  return heard.current;
}
