import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { useEffect, useState } from "react";
import { metersQuery, overviewQuery, strangersQuery, topologyQuery, type MetersFilter } from "../../data/queries.ts";
import { COMMODITY_WORDS } from "../../ui/commodity.tsx";
import { count } from "../../ui/format.ts";
import { ProblemNote } from "../../ui/problem-note.tsx";
import { STATE_WORDS } from "../../ui/state-mark.tsx";
import { MeterRows } from "./meter-rows.tsx";

const route = getRouteApi("/meters");
const FILTER_DELAY_MS = 200;

/** All meters: filter and order live in the address, rows are fetched by cursor and drawn as they come into view. */
export function MetersPage() {
  const filter = route.useSearch();
  const navigate = route.useNavigate();
  const pages = useInfiniteQuery(metersQuery(filter));
  const total = pages.data?.pages[0]?.total;
  const rows = pages.data?.pages.flatMap(({ items }) => items) ?? [];

  const change = (part: MetersFilter): void => void navigate({ search: (before) => dropEmpty({ ...before, ...part }), replace: true });
  const isFiltered = Object.entries(filter).some(([name, value]) => name !== "sort" && value !== undefined);

  return (
    <div className="page page-list">
      <div className="page-head">
        <div>
          <h1>Meters</h1>
          <p role="status">{total === undefined ? " " : `${count(total)} ${isFiltered ? "match" : "in the fleet"}`}</p>
          <HeardLink />
        </div>
        <Filters
          filter={filter}
          isFiltered={isFiltered}
          onChange={change}
          onClear={() => void navigate({ search: filter.sort === undefined ? {} : { sort: filter.sort }, replace: true })}
        />
      </div>
      {pages.error !== null && <ProblemNote error={pages.error} retry={() => void pages.refetch()} />}
      {rows.length === 0 && !pages.isPending ? (
        <p className="empty">No meter matches this filter.</p>
      ) : (
        <MeterRows
          rows={rows}
          total={total ?? rows.length}
          sort={filter.sort}
          onSort={(sort) => change({ sort })}
          onEnd={() => {
            if (pages.hasNextPage && !pages.isFetchingNextPage) void pages.fetchNextPage();
          }}
        />
      )}
    </div>
  );
}

/** The way to wireless meters that nobody registered, where any is heard. */
function HeardLink() {
  const { data } = useQuery(strangersQuery);
  const heard = data?.items.length ?? 0;
  if (heard === 0) return null;
  return (
    <p className="small">
      <Link to="/meters/heard">
        {count(heard)} wireless {heard === 1 ? "meter is" : "meters are"} heard and not registered
      </Link>
    </p>
  );
}

interface FiltersProps {
  filter: MetersFilter;
  isFiltered: boolean;
  onChange: (part: MetersFilter) => void;
  onClear: () => void;
}

function Filters({ filter, isFiltered, onChange, onClear }: FiltersProps) {
  const { data: overview } = useQuery(overviewQuery);
  const { data: topology } = useQuery(topologyQuery);
  const commodities = overview?.commodities.map(({ commodity }): [string, string] => [commodity, COMMODITY_WORDS[commodity]]) ?? [];
  return (
    <div className="toolbar" role="search">
      <TextFilter value={filter.q ?? ""} onChange={(q) => onChange({ q })} />
      {commodities.length > 1 && (
        <Choice label="Measures" value={filter.commodity} options={commodities} onChange={(commodity) => onChange({ commodity })} />
      )}
      <Choice label="State" value={filter.state} options={Object.entries(STATE_WORDS)} onChange={(state) => onChange({ state })} />
      <Choice
        label="Feeder"
        value={filter.feeder}
        options={overview?.feeders.map(({ id, name }) => [id, name]) ?? []}
        onChange={(feeder) => onChange({ feeder })}
      />
      <Choice
        label="Concentrator"
        value={filter.concentrator}
        options={[...(topology?.concentrators.map(({ id }): [string, string] => [id, id]) ?? []), ["direct", "Direct TCP"]]}
        onChange={(concentrator) => onChange({ concentrator })}
      />
      {isFiltered && (
        <button type="button" className="button" data-kind="plain" onClick={onClear}>
          Clear
        </button>
      )}
    </div>
  );
}

function dropEmpty(filter: MetersFilter): { [Key in keyof MetersFilter]?: string } {
  return Object.fromEntries(Object.entries(filter).filter(([, value]) => value !== undefined && value !== "")) as {
    [Key in keyof MetersFilter]?: string;
  };
}

function TextFilter({ value, onChange }: { value: string; onChange: (value: string) => void }) {
  const [text, setText] = useState(value);
  useEffect(() => setText(value), [value]);
  useEffect(() => {
    if (text === value) return;
    const timer = setTimeout(() => onChange(text), FILTER_DELAY_MS);
    return () => clearTimeout(timer);
  });
  return (
    <label className="label">
      Meter or usage point
      <input
        className="field"
        data-filter
        type="search"
        value={text}
        onChange={(event) => setText(event.target.value)}
        placeholder="Part of an id"
        spellCheck={false}
      />
    </label>
  );
}

interface ChoiceProps {
  label: string;
  value: string | undefined;
  options: readonly (readonly [string, string])[];
  onChange: (value: string | undefined) => void;
}

function Choice({ label, value, options, onChange }: ChoiceProps) {
  return (
    <label className="label">
      {label}
      <select
        className="field"
        value={value ?? ""}
        onChange={(event) => onChange(event.target.value === "" ? undefined : event.target.value)}
      >
        <option value="">All</option>
        {options.map(([key, name]) => (
          <option key={key} value={key}>
            {name}
          </option>
        ))}
      </select>
    </label>
  );
}
