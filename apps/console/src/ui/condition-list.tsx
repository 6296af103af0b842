import type { MeterCondition } from "@amity/api";
import { useZone } from "../shell/session-context.ts";
import { dateTime } from "./format.ts";

/** What is wrong with a meter by its own word, and since when. */
export function ConditionList({ conditions }: { conditions: readonly MeterCondition[] }) {
  const zone = useZone();
  return (
    <ul className="conditions" aria-label="What the meter says is wrong">
      {conditions.map(({ kind, title, since, severity }) => (
        <li key={kind}>
          <span className="severity" data-severity={severity}>
            <strong>{title}</strong>
          </span>{" "}
          <span className="quiet">since {dateTime(since, zone)}</span>
        </li>
      ))}
    </ul>
  );
}
