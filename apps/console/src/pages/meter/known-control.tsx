import { utilityNow } from "../../data/use-live.ts";
import { useZone } from "../../shell/session-context.ts";
import { dayStart, instantOfLocalText, localText } from "../../ui/zone-days.ts";
import type { Span } from "./use-span.ts";

/** When what is shown was known: days before the last of the span, or an instant as the local clock wrote it. */
export type Known = { readonly days: number } | { readonly local: string };

export const KNOWN_NOW: Known = { days: 0 };

/** The instant that is asked for; undefined for now. */
export function asOfText(known: Known, zone: string, span: Span): string | undefined {
  if ("days" in known) return known.days === 0 ? undefined : new Date(dayStart(zone, span.toMs - 1, 1 - known.days)).toISOString();
  const atMs = instantOfLocalText(zone, known.local);
  return atMs === undefined ? undefined : new Date(atMs).toISOString();
}

/** Chooses between what is known now and what was known then. */
export function KnownControl({ known, onChange }: { known: Known; onChange: (known: Known) => void }) {
  const zone = useZone();
  return (
    <span className="inline-label">
      <label className="inline-label">
        Known
        <select
          className="field"
          value={"days" in known ? known.days : "at"}
          onChange={({ target: { value } }) =>
            onChange(value === "at" ? { local: localText(zone, utilityNow()) } : { days: Number(value) })
          }
        >
          <option value={0}>now</option>
          <option value={1}>before the last day</option>
          <option value={2}>one day earlier</option>
          <option value={7}>a week earlier</option>
          <option value="at">at an instant</option>
        </select>
      </label>
      {"local" in known && (
        <input
          className="field"
          type="datetime-local"
          aria-label="Known at"
          value={known.local}
          onChange={({ target: { value } }) => onChange({ local: value })}
        />
      )}
    </span>
  );
}
