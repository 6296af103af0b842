import { useState } from "react";
import { utilityNow } from "../../data/use-live.ts";
import { useZone } from "../../shell/session-context.ts";
import { civilDay, dayStart } from "../../ui/zone-days.ts";

export interface DaySpan {
  /** Civil days, `to` exclusive. */
  readonly from: string;
  readonly to: string;
}

/** The last whole days before today. */
export function useDaySpan(days: number): [DaySpan, (span: DaySpan) => void] {
  const zone = useZone();
  const [span, setSpan] = useState<DaySpan>(() => {
    const now = utilityNow();
    return { from: civilDay(zone, dayStart(zone, now, -days)), to: civilDay(zone, now) };
  });
  return [span, setSpan];
}

/** Two dates, the second one not included. */
export function SpanFields({ span, onChange }: { span: DaySpan; onChange: (span: DaySpan) => void }) {
  return (
    <>
      <label className="label">
        From
        <input
          className="field"
          type="date"
          required
          value={span.from}
          onChange={(event) => onChange({ ...span, from: event.target.value })}
        />
      </label>
      <label className="label">
        Up to, without
        <input className="field" type="date" required value={span.to} onChange={(event) => onChange({ ...span, to: event.target.value })} />
      </label>
    </>
  );
}
