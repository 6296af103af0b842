import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { peopleQuery, type ExceptionFilter } from "../../data/decision-queries.ts";
import { overviewQuery, topologyQuery } from "../../data/queries.ts";
import { useSession } from "../../shell/session-context.ts";

const route = getRouteApi("/exceptions");

type Name = "state" | "rule" | "severity" | "feeder" | "assignee" | "commodity";

/** The filters in the address. */
export function useExceptionFilter(): ExceptionFilter {
  const { state, rule, severity, feeder, assignee, commodity } = route.useSearch();
  return { state: state ?? "open", rule, severity, feeder, assignee, commodity };
}

/** What the queue is narrowed by; all of it lives in the address. */
export function ExceptionFilters() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const { user } = useSession();
  const { data: overview } = useQuery(overviewQuery);
  const { data: topology } = useQuery(topologyQuery);
  const { data: people } = useQuery(peopleQuery);
  const set = (name: Name, value: string): void =>
    void navigate({
      search: (before) => {
        const { [name]: _old, id: _id, cluster: _cluster, ...rest } = before;
        return value === "" ? rest : { ...rest, [name]: value };
      },
      replace: true,
    });
  const rules = overview?.exceptions.byRule ?? [];
  const others = (people?.people ?? []).map(({ name }) => name).filter((name) => name !== user);
  const narrowed = (["rule", "severity", "feeder", "assignee", "commodity"] as const).some((name) => search[name] !== undefined);
  return (
    <div className="toolbar" role="search" aria-label="Filters">
      <Select label="State" value={search.state ?? "open"} first={false} onChange={(value) => set("state", value === "open" ? "" : value)}>
        {["open", "accepted", "estimated", "edited", "dismissed", "all"].map((state) => [state, state] as const)}
      </Select>
      <Select label="Rule" value={search.rule} onChange={(value) => set("rule", value)}>
        {withCurrent(
          rules.map(({ rule, title, count }) => [rule, `${title} (${count})`] as const),
          search.rule,
        )}
      </Select>
      <Select label="Severity" value={search.severity} onChange={(value) => set("severity", value)}>
        {["alarm", "warning", "notice"].map((severity) => [severity, severity] as const)}
      </Select>
      <Select label="Feeder" value={search.feeder} onChange={(value) => set("feeder", value)}>
        {withCurrent(
          (topology?.feeders ?? []).map(({ id, name }) => [id, name] as const),
          search.feeder,
        )}
      </Select>
      <Select label="Commodity" value={search.commodity} onChange={(value) => set("commodity", value)}>
        {["electricity", "gas", "water", "heat"].map((commodity) => [commodity, commodity] as const)}
      </Select>
      <Select label="Assigned to" value={search.assignee} first="anybody" onChange={(value) => set("assignee", value)}>
        {[[user, "me"] as const, ["-", "nobody"] as const, ...others.map((name) => [name, name] as const)]}
      </Select>
      {narrowed && (
        <button
          type="button"
          className="button"
          data-kind="plain"
          onClick={() =>
            void navigate({
              search: ({ state, view }) => ({ ...(state === undefined ? {} : { state }), ...(view === undefined ? {} : { view }) }),
            })
          }
        >
          Clear
        </button>
      )}
    </div>
  );
}

/** A choice that came with the address and is in no list any more stays visible. */
function withCurrent(options: (readonly [string, string])[], current: string | undefined): (readonly [string, string])[] {
  return current === undefined || options.some(([value]) => value === current) ? options : [...options, [current, current]];
}

function Select({
  label,
  value,
  first = "any",
  onChange,
  children,
}: {
  label: string;
  value: string | undefined;
  /** What the empty choice is called; false where there is none. */
  first?: string | false;
  onChange: (value: string) => void;
  children: readonly (readonly [string, string])[];
}) {
  return (
    <label className="label">
      {label}
      <select className="field" value={value ?? ""} onChange={(event) => onChange(event.target.value)}>
        {first !== false && <option value="">{first}</option>}
        {children.map(([option, words]) => (
          <option key={option} value={option}>
            {words}
          </option>
        ))}
      </select>
    </label>
  );
}
