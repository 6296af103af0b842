import { useRef } from "react";
import type { TimelineEntry, TimelineKind } from "@amity/api";
import { clockTime, shortDay } from "../ui/format.ts";
import { useWidth } from "../ui/use-width.ts";
import { dayStart } from "../ui/zone-days.ts";

const LANES: readonly { kind: TimelineKind; name: string }[] = [
  { kind: "read", name: "Reads" },
  { kind: "edit", name: "Edits" },
  { kind: "command", name: "Commands" },
  { kind: "event", name: "Events" },
];
const LANE = 30;
const LEFT = 84;
const FOOT = 24;

interface TimelineAxisProps {
  entries: readonly TimelineEntry[];
  fromMs: number;
  toMs: number;
  zone: string;
  chosen: string | undefined;
  onChoose: (id: string) => void;
}

/** Reads, edits, commands and events of a meter on one axis. The list below it is the same in words. */
export function TimelineAxis({ entries, fromMs, toMs, zone, chosen, onChoose }: TimelineAxisProps) {
  const box = useRef<HTMLDivElement>(null);
  const width = useWidth(box);
  const height = LANES.length * LANE + FOOT;
  const xOf = (at: number): number => LEFT + ((at - fromMs) / (toMs - fromMs)) * (width - LEFT - 8);
  return (
    <div ref={box} className="timeline-axis">
      <svg width={width} height={height} aria-hidden="true">
        {LANES.map(({ kind, name }, lane) => (
          <g key={kind}>
            <line x1={LEFT} x2={width} y1={lane * LANE + LANE / 2} y2={lane * LANE + LANE / 2} className="timeline-rail" />
            <text x={0} y={lane * LANE + LANE / 2 + 4}>
              {name}
            </text>
          </g>
        ))}
        {dayTicks(zone, fromMs, toMs, width).map(({ at, text }) => (
          <g key={at}>
            <line x1={xOf(at)} x2={xOf(at)} y1={0} y2={LANES.length * LANE + 4} className="timeline-tick" />
            <text x={xOf(at) + 4} y={height - 6} className="timeline-day">
              {text}
            </text>
          </g>
        ))}
        {entries.map((entry) => {
          const lane = LANES.findIndex(({ kind }) => kind === entry.kind);
          const y = lane * LANE + LANE / 2;
          const x = xOf(Date.parse(entry.at));
          const end = entry.until === undefined ? x : xOf(Math.min(toMs, Date.parse(entry.until)));
          return (
            <g
              key={entry.id}
              className="timeline-mark"
              data-kind={entry.kind}
              data-severity={entry.severity}
              data-chosen={entry.id === chosen}
              onClick={() => onChoose(entry.id)}
            >
              <title>{`${clockTime(entry.at, zone)} ${entry.title}`}</title>
              <rect x={x - 9} y={y - LANE / 2} width={Math.max(18, end - x + 9)} height={LANE} fill="transparent" />
              {end > x && <rect x={x} y={y - 4} width={end - x} height={8} className="timeline-span" />}
              <Mark kind={entry.kind} x={x} y={y} />
            </g>
          );
        })}
      </svg>
    </div>
  );
}

/** A shape for each kind: told apart without colour. */
function Mark({ kind, x, y }: { kind: TimelineKind; x: number; y: number }) {
  switch (kind) {
    case "read":
      return <rect x={x - 1} y={y - 7} width={2} height={14} />;
    case "edit":
      return <path d={`M${x - 5.5} ${y + 5} ${x} ${y - 6} ${x + 5.5} ${y + 5}Z`} />;
    case "command":
      return <rect x={x - 4.5} y={y - 4.5} width={9} height={9} />;
    case "event":
      return <circle cx={x} cy={y} r={5} />;
  }
}

function dayTicks(zone: string, fromMs: number, toMs: number, width: number): { at: number; text: string }[] {
  const days = Math.round((toMs - fromMs) / 86_400_000);
  if (days <= 1) {
    return [0, 6, 12, 18].map((hour) => ({ at: fromMs + hour * 3_600_000, text: clockTime(fromMs + hour * 3_600_000, zone) }));
  }
  const every = Math.max(1, Math.ceil((days * 70) / Math.max(1, width - LEFT)));
  const ticks: { at: number; text: string }[] = [];
  for (let day = 0; day < days; day += every) {
    const at = dayStart(zone, fromMs, day);
    if (at >= fromMs && at < toMs) ticks.push({ at, text: shortDay(at, zone) });
  }
  return ticks;
}
