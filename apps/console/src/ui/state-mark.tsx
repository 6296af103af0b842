import type { MeterState } from "@amity/api";

/** Words and colours of meter states; the shape says the same as the colour. */
export const STATE_WORDS: Readonly<Record<MeterState, string>> = {
  reporting: "Reporting",
  late: "Late",
  silent: "Silent",
  disconnected: "Disconnected",
  outage: "Outage",
};

export function StateMark({ state }: { state: MeterState }) {
  return (
    <svg width="11" height="11" viewBox="0 0 11 11" aria-hidden="true">
      {state === "reporting" && <circle cx="5.5" cy="5.5" r="3.6" fill="var(--map-meter)" />}
      {state === "late" && <circle cx="5.5" cy="5.5" r="3.4" fill="none" stroke="var(--warn-mark)" strokeWidth="1.8" />}
      {state === "silent" && <path d="M5.5 1.4 10 9.6H1Z" fill="none" stroke="var(--warn-mark)" strokeWidth="1.5" />}
      {state === "disconnected" && <rect x="1.8" y="1.8" width="7.4" height="7.4" fill="none" stroke="var(--ink-2)" strokeWidth="1.6" />}
      {state === "outage" && <path d="m2 2 7 7m0-7-7 7" stroke="var(--alarm)" strokeWidth="2.2" />}
    </svg>
  );
}

export function StateLabel({ state }: { state: MeterState }) {
  return (
    <span className="state">
      <StateMark state={state} />
      {STATE_WORDS[state]}
    </span>
  );
}
