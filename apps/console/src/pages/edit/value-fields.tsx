import type { Intervals } from "@amity/api";
import { QUALITIES, QUALITY_WORDS } from "../../chart/interval-chart.tsx";
import { clockTime, weekDay } from "../../ui/format.ts";

/** What was typed for each interval of the span, by its index. */
export type ValueTexts = ReadonlyMap<number, string>;

/** Intervals that can be typed one by one: a day of quarter-hours. */
const FIELDS_MAX = 100;

/** Each interval of a span with what stands there and a field for what should; empty fields leave theirs as it is. */
export function ValueFields({
  present,
  span,
  zone,
  texts,
  onChange,
}: {
  present: Intervals;
  span: { fromMs: number; toMs: number };
  zone: string;
  texts: ValueTexts;
  onChange: (texts: ValueTexts) => void;
}) {
  const stepMs = present.stepSeconds * 1000;
  const offset = Math.round((span.fromMs - Date.parse(present.start)) / stepMs);
  const count = Math.max(0, Math.round((span.toMs - span.fromMs) / stepMs));
  const scale = 10 ** present.scaler;
  const set = (index: number, text: string): void => {
    const next = new Map(texts);
    if (text === "") next.delete(index);
    else next.set(index, text);
    onChange(next);
  };
  if (count > FIELDS_MAX)
    return <p className="note">{count} intervals are too many to type one by one: choose a shorter span, or another kind of change.</p>;
  return (
    <div className="scroll-x value-fields" tabIndex={0} role="region" aria-label="Each interval">
      <table className="table">
        <thead>
          <tr>
            <th scope="col">Interval</th>
            <th scope="col" className="num">
              Stands, {present.unit}
            </th>
            <th scope="col">Quality</th>
            <th scope="col">Should be, {present.unit}</th>
          </tr>
        </thead>
        <tbody>
          {Array.from({ length: count }, (_, index) => {
            const atMs = span.fromMs + index * stepMs;
            const value = present.v[offset + index];
            const when = `${weekDay(atMs, zone)} ${clockTime(atMs, zone)}`;
            return (
              <tr key={atMs}>
                <td className="nowrap">{when}</td>
                <td className="num">{typeof value === "number" ? Math.round(value * scale * 1000) / 1000 : "–"}</td>
                <td>{QUALITY_WORDS[QUALITIES[present.q[offset + index] ?? 0] ?? "raw"]}</td>
                <td>
                  <input
                    className="field"
                    type="number"
                    step="any"
                    aria-label={`New value of ${when}`}
                    value={texts.get(index) ?? ""}
                    onChange={(event) => set(index, event.target.value)}
                  />
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}
