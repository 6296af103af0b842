import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import type { TimelineEntry, TimelineKind } from "@amity/api";
import { TimelineAxis } from "../../chart/timeline-axis.tsx";
import { timelineQuery } from "../../data/queries.ts";
import { useZone } from "../../shell/session-context.ts";
import { clockTime, weekDay } from "../../ui/format.ts";
import { ProblemNote } from "../../ui/problem-note.tsx";
import type { Span } from "./use-span.ts";

const KINDS: readonly (readonly [TimelineKind, string])[] = [
  ["read", "Reads"],
  ["edit", "Edits"],
  ["command", "Commands"],
  ["event", "Events"],
];
const SHOWN_FIRST = 12;

/** One axis for everything that happened to the meter, and the same in words. */
export function TimelineSection({ meterId, span }: { meterId: string; span: Span }) {
  const zone = useZone();
  const { data: page, error } = useQuery(timelineQuery(meterId, { from: span.from, to: span.to }));
  const [hidden, setHidden] = useState<ReadonlySet<TimelineKind>>(new Set(["read"]));
  const [chosen, setChosen] = useState<string | undefined>(undefined);
  const [all, setAll] = useState(false);
  const entries = page?.items ?? [];
  const listed = entries.filter((entry) => !hidden.has(entry.kind) || entry.id === chosen);
  const shown = all ? listed : listed.slice(0, SHOWN_FIRST);

  const toggle = (kind: TimelineKind): void => {
    const next = new Set(hidden);
    if (!next.delete(kind)) next.add(kind);
    setHidden(next);
  };
  return (
    <section aria-labelledby="timeline-title">
      <div className="section-head">
        <h2 id="timeline-title">Timeline</h2>
        <div className="segments" role="group" aria-label="Listed below">
          {KINDS.map(([kind, name]) => (
            <button
              key={kind}
              type="button"
              className="button"
              data-size="small"
              aria-pressed={!hidden.has(kind)}
              onClick={() => toggle(kind)}
            >
              {name} <span className="count">{entries.filter((entry) => entry.kind === kind).length}</span>
            </button>
          ))}
        </div>
      </div>
      {error !== null && <ProblemNote error={error} />}
      <TimelineAxis entries={entries} fromMs={span.fromMs} toMs={span.toMs} zone={zone} chosen={chosen} onChoose={setChosen} />
      <ol className="timeline-list">
        {shown.map((entry) => (
          <TimelineRow key={entry.id} entry={entry} zone={zone} chosen={entry.id === chosen} onChoose={() => setChosen(entry.id)} />
        ))}
      </ol>
      {page !== undefined && listed.length === 0 && <p className="empty">Nothing of this kind happened in this span.</p>}
      {listed.length > shown.length && (
        <button type="button" className="button" data-size="small" onClick={() => setAll(true)}>
          Show all {listed.length}
        </button>
      )}
    </section>
  );
}

function TimelineRow({ entry, zone, chosen, onChoose }: { entry: TimelineEntry; zone: string; chosen: boolean; onChoose: () => void }) {
  return (
    <li data-kind={entry.kind} data-chosen={chosen} onClick={onChoose}>
      <time dateTime={entry.at}>
        {weekDay(entry.at, zone)} {clockTime(entry.at, zone)}
      </time>
      <span className="timeline-kind">{entry.kind}</span>
      <span className="severity" data-severity={entry.severity}>
        {entry.title}
      </span>
      <span className="quiet">
        {entry.detail}
        {entry.state !== undefined && ` (${entry.state})`}
      </span>
      <span className="quiet">{entry.by}</span>
    </li>
  );
}
