import { useMemo, useRef } from "react";
import type uPlot from "uplot";
import type { Intervals, IntervalQuality } from "@amity/api";
import { clockTime, quantity, shortDay, weekDay } from "../ui/format.ts";
import { fromZero, quantityAxis, timeAxis } from "./axes.ts";
import { drawBars, type Bar } from "./draw-bars.ts";
import { Plot } from "./plot.tsx";

/** Same order as the API's table of qualities: only its types reach the page. */
export const QUALITIES: readonly IntervalQuality[] = ["valid", "raw", "questionable", "edited", "estimated", "powerFailure", "missing"];

export const QUALITY_WORDS: Readonly<Record<IntervalQuality, string>> = {
  valid: "measured",
  raw: "measured, not yet validated",
  questionable: "questionable",
  edited: "edited",
  estimated: "estimated",
  powerFailure: "power failure",
  missing: "missing",
};

interface IntervalChartProps {
  intervals: Intervals;
  zone: string;
  height: number;
  label: string;
  /** What an estimate would put from an index on: drawn as a line over the bars. */
  proposal?: { fromIndex: number; v: readonly (number | null)[] } | undefined;
  /** What the line is called; `proposed` where absent. */
  proposalWord?: string;
  /** Intervals outside these windows are drawn pale; all are lit where absent. */
  windows?: readonly { from: string; to: string }[] | undefined;
  onSelect?: (fromMs: number, toMs: number) => void;
  /** Called with the begin of an interval that was clicked, or on which Enter was pressed. */
  onPoint?: (fromMs: number) => void;
}

/** Interval energy with its quality: estimates hatched, edits outlined, holes marked. */
export function IntervalChart({
  intervals,
  zone,
  height,
  label,
  proposal,
  proposalWord = "proposed",
  windows,
  onSelect,
  onPoint,
}: IntervalChartProps) {
  const [unit, scale] = useMemo(() => drawnIn(intervals), [intervals]);
  const bars = useMemo(() => barsOf(intervals, { scale, windows, proposal }), [intervals, scale, windows, proposal]);
  const data = useMemo(
    (): uPlot.AlignedData => [
      bars.map(({ start, end }) => (start + end) / 2),
      bars.map(({ value }) => value),
      bars.map(({ proposed }) => proposed ?? null),
    ],
    [bars],
  );
  const drawn = useRef(bars);
  drawn.current = bars;

  const when = (bar: Bar): string => {
    const start = bar.start * 1000;
    if (intervals.granularity === "P1D") return weekDay(start, zone);
    if (intervals.granularity === "P1M") return shortDay(start, zone);
    return `${weekDay(start, zone)} ${clockTime(start, zone)}–${clockTime(bar.end * 1000, zone)}`;
  };
  const describe = (index: number): string => {
    const bar = bars[index];
    if (bar === undefined) return "";
    const note = intervals.notes.find(({ from, to }) => index >= from && index < to)?.text;
    const value = bar.value === null ? "no value" : quantity(bar.value, unit);
    const offer = proposal?.v[index - proposal.fromIndex];
    return `${when(bar)}: ${value}, ${note === undefined ? QUALITY_WORDS[bar.quality] : note.toLowerCase()}${typeof offer !== "number" ? "" : `; ${proposalWord} ${quantity(offer * scale, unit)}`}`;
  };

  const total = bars.reduce((sum, { value, lit }) => sum + (lit ? (value ?? 0) : 0), 0);
  return (
    <>
      <Plot
        label={label}
        height={height}
        data={data}
        describe={describe}
        resting={`${quantity(total, unit)} in ${bars.filter(({ lit }) => lit).length.toLocaleString("en")} intervals`}
        optionsKey={`${zone} ${unit}`}
        {...(onPoint === undefined
          ? {}
          : {
              onPoint: (index: number) => {
                const bar = bars[index];
                if (bar !== undefined) onPoint(bar.start * 1000);
              },
            })}
        {...(onSelect === undefined ? {} : { onSelect: (from: number, to: number) => onSelect(from * 1000, to * 1000) })}
        options={() => ({
          padding: [8, 8, 0, 0],
          scales: {
            x: { time: true, range: () => [drawn.current[0]?.start ?? 0, drawn.current.at(-1)?.end ?? 1] },
            y: { range: fromZero },
          },
          axes: [timeAxis(zone), quantityAxis(unit === "m3" ? "m\u00b3" : unit)],
          series: [{}, { paths: () => null, points: { show: false } }, { paths: () => null, points: { show: false } }],
          hooks: { drawAxes: [(self) => drawBars(self, drawn.current)] },
        })}
        table={{
          caption: label,
          head: ["Interval", "Value", "Quality"],
          rows: () => bars.map((bar) => [when(bar), bar.value === null ? "–" : quantity(bar.value, unit), QUALITY_WORDS[bar.quality]]),
        }}
      />
      <Legend bars={bars} proposed={proposal?.v.some((value) => value !== null) === true ? proposalWord : undefined} />
    </>
  );
}

/** The unit that values are drawn in, and what a count is in it: less than a cubic metre is litres. */
function drawnIn({ unit, scaler, v }: Intervals): [string, number] {
  const scale = 10 ** scaler;
  if (unit !== "m3") return [unit === "none" ? "" : unit, scale];
  const largest = v.reduce<number>((most, value) => Math.max(most, Math.abs(value ?? 0)), 0) * scale;
  return largest < 1 ? ["L", scale * 1000] : ["m3", scale];
}

function barsOf(
  intervals: Intervals,
  { scale, windows, proposal }: { scale: number } & Pick<IntervalChartProps, "windows" | "proposal">,
): Bar[] {
  const first = Date.parse(intervals.start) / 1000;
  const starts = intervals.starts?.map((start) => Date.parse(start) / 1000);
  const lit = litTest(windows);
  const knownUntil = Date.parse(intervals.asOf) / 1000;
  const bars = intervals.v.map((value, index): Bar => {
    const start = starts === undefined ? first + index * intervals.stepSeconds : (starts[index] ?? first);
    const end =
      starts === undefined
        ? start + intervals.stepSeconds
        : (starts[index + 1] ?? start + (intervals.granularity === "P1M" ? 30 : 1) * 86_400);
    return {
      start,
      end,
      value: value === null ? null : value * scale,
      quality: QUALITIES[intervals.q[index] ?? 0] ?? "raw",
      lit: lit(start),
      proposed: scaledBy(scale, proposal?.v[index - proposal.fromIndex]),
    };
  });
  // What has not happened yet is not missing.
  return bars.filter(({ start, end, value }) => value !== null || (end <= knownUntil && start < knownUntil));
}

function scaledBy(scale: number, value: number | null | undefined): number | undefined {
  return typeof value === "number" ? value * scale : undefined;
}

/** Windows come in order: one pass with a pointer, since starts come in order too. */
function litTest(windows: IntervalChartProps["windows"]): (start: number) => boolean {
  if (windows === undefined) return () => true;
  const spans = windows
    .map(({ from, to }) => [Date.parse(from) / 1000, Date.parse(to) / 1000] as const)
    .sort((left, right) => left[0] - right[0]);
  let next = 0;
  return (start) => {
    while (next < spans.length && (spans[next]?.[1] ?? 0) <= start) next += 1;
    const span = spans[next];
    return span !== undefined && start >= span[0];
  };
}

function Legend({ bars, proposed }: { bars: readonly Bar[]; proposed: string | undefined }) {
  const shown = QUALITIES.filter(
    (quality) => quality !== "raw" && bars.some((bar) => bar.quality === quality || (quality === "valid" && bar.quality === "raw")),
  );
  return (
    <ul className="legend">
      {shown.map((quality) => (
        <li key={quality}>
          <span className="swatch" data-quality={quality} aria-hidden="true" />
          {QUALITY_WORDS[quality]}
        </li>
      ))}
      {proposed !== undefined && (
        <li>
          <span className="swatch" data-quality="proposed" aria-hidden="true" />
          {proposed}
        </li>
      )}
    </ul>
  );
}
