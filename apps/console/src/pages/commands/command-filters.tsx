import { getRouteApi } from "@tanstack/react-router";
import type { Command, ControlKind } from "@amity/api";
import type { CommandFilter } from "../../commands/command-queries.ts";
import { KINDS, STATES } from "../../commands/command-words.ts";
import { useZone } from "../../shell/session-context.ts";
import { dropAbsent } from "../../ui/search-params.ts";
import { startOfCivilDay } from "../../ui/zone-days.ts";

const route = getRouteApi("/commands");
const DAY = /^\d{4}-\d\d-\d\d$/;

/** The filter in the address, as the API takes it: days are the utility's, the last one included. */
export function useCommandFilter(): CommandFilter {
  const zone = useZone();
  const { state, kind, from, to } = route.useSearch();
  const instantOf = (day: string | undefined, days: number): string | undefined =>
    day === undefined || !DAY.test(day) ? undefined : new Date(startOfCivilDay(zone, dayAfter(day, days))).toISOString();
  return { state, kind, from: instantOf(from, 0), to: instantOf(to, 1) };
}

/** What the list is narrowed by; all of it lives in the address. */
export function CommandFilters() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const set = (name: "state" | "kind" | "from" | "to", value: string): void =>
    void navigate({ search: ({ id: _id, ...before }) => dropAbsent({ ...before, [name]: value }), replace: true });
  const states = Object.entries(STATES) as [Command["state"], string][];
  const kinds = (Object.keys(KINDS) as ControlKind[]).map((kind) => [kind, KINDS[kind].name] as const);
  return (
    <div className="toolbar" role="search" aria-label="Filters">
      <Choice label="State" value={search.state} choices={states} onChange={(value) => set("state", value)} />
      <Choice label="Kind" value={search.kind} choices={kinds} onChange={(value) => set("kind", value)} />
      <label className="label">
        From
        <input className="field" type="date" value={search.from ?? ""} onChange={(event) => set("from", event.target.value)} />
      </label>
      <label className="label">
        To
        <input className="field" type="date" value={search.to ?? ""} onChange={(event) => set("to", event.target.value)} />
      </label>
      {Object.keys(dropAbsent({ ...search, id: undefined })).length > 0 && (
        <button type="button" className="button" data-kind="plain" onClick={() => void navigate({ search: {} })}>
          Clear
        </button>
      )}
    </div>
  );
}

interface ChoiceProps {
  readonly label: string;
  readonly value: string | undefined;
  readonly choices: readonly (readonly [value: string, words: string])[];
  readonly onChange: (value: string) => void;
}

function Choice({ label, value, choices, onChange }: ChoiceProps) {
  return (
    <label className="label">
      {label}
      <select className="field" value={value ?? ""} onChange={(event) => onChange(event.target.value)}>
        <option value="">all</option>
        {choices.map(([name, words]) => (
          <option key={name} value={name}>
            {words}
          </option>
        ))}
      </select>
    </label>
  );
}

function dayAfter(day: string, days: number): string {
  return new Date(Date.parse(`${day}T00:00:00Z`) + days * 86_400_000).toISOString().slice(0, 10);
}
