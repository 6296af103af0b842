import { useEffect, useRef, useState, type KeyboardEvent } from "react";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { useTheme } from "../ui/theme.ts";

export interface PlotTable {
  readonly caption: string;
  readonly head: readonly string[];
  readonly rows: () => readonly (readonly string[])[];
}

interface PlotProps {
  /** What the chart shows, for people who do not see it. */
  label: string;
  height: number;
  /** Positions on the x axis in seconds, then the series. */
  data: uPlot.AlignedData;
  /** Built anew for each theme and size; colours come from the style sheet. */
  options: () => Omit<uPlot.Options, "width" | "height">;
  /** Changes where `options` must be asked again. */
  optionsKey: string;
  /** The point under the cursor in words; shown above the chart and spoken. */
  describe: (index: number) => string;
  /** Shown while nothing is pointed at. */
  resting: string;
  table: PlotTable;
  /** Called with a range in seconds that was dragged. */
  onSelect?: (from: number, to: number) => void;
  /** Called with the point that was clicked, or on which Enter was pressed. */
  onPoint?: (index: number) => void;
}

const TABLE_ROWS_MAX = 1_000;

/** uPlot with what it lacks: keys, speech, a table, themes, a readout, resizing. */
export function Plot({ label, height, data, options, optionsKey, describe, resting, table, onSelect, onPoint }: PlotProps) {
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | undefined>(undefined);
  const [index, setIndex] = useState<number | undefined>(undefined);
  const theme = useTheme();
  const latest = useRef({ options, onSelect, data });
  latest.current = { options, onSelect, data };

  useEffect(() => {
    const element = box.current;
    if (element === null) return;
    const base = latest.current.options();
    const made = new uPlot(
      {
        ...base,
        width: element.clientWidth,
        height,
        legend: { show: false },
        cursor: {
          y: false,
          points: { show: false },
          drag: { x: latest.current.onSelect !== undefined, y: false, setScale: false },
          ...base.cursor,
        },
        hooks: {
          ...base.hooks,
          setCursor: [(self) => setIndex(self.cursor.idx ?? undefined)],
          setSelect: [
            (self) => {
              const { left, width } = self.select;
              if (width < 4) return;
              latest.current.onSelect?.(self.posToVal(left, "x"), self.posToVal(left + width, "x"));
              self.setSelect({ left: 0, width: 0, top: 0, height: 0 }, false);
            },
          ],
        },
      },
      latest.current.data,
      element,
    );
    plot.current = made;
    const observer = new ResizeObserver(() => made.setSize({ width: element.clientWidth, height }));
    observer.observe(element);
    return () => {
      observer.disconnect();
      made.destroy();
      plot.current = undefined;
    };
  }, [theme, height, optionsKey]);

  useEffect(() => plot.current?.setData(data), [data]);

  function moveTo(next: number): void {
    const self = plot.current;
    const xs = data[0];
    const clamped = Math.max(0, Math.min(xs.length - 1, next));
    const x = xs[clamped];
    if (self === undefined || x === undefined) return;
    self.setCursor({ left: self.valToPos(x, "x"), top: self.bbox.height / (4 * devicePixelRatio) });
    setIndex(clamped);
  }

  function onKey(event: KeyboardEvent): void {
    const at = index ?? data[0].length - 1;
    const page = Math.max(4, Math.round(data[0].length / 12));
    const target: Record<string, number> = {
      ArrowLeft: at - 1,
      ArrowRight: at + 1,
      PageUp: at - page,
      PageDown: at + page,
      Home: 0,
      End: data[0].length - 1,
    };
    if (event.key === "Enter" && onPoint !== undefined) {
      event.preventDefault();
      onPoint(at);
      return;
    }
    const next = target[event.key];
    if (next === undefined) return;
    event.preventDefault();
    moveTo(next);
  }

  const text = index === undefined || index >= data[0].length ? resting : describe(index);
  return (
    <figure className="plot">
      <figcaption className="plot-readout" aria-live="polite">
        {text}
      </figcaption>
      <div
        ref={box}
        className="plot-canvas"
        tabIndex={0}
        role="application"
        aria-roledescription="chart"
        aria-label={`${label}. Arrow keys move along the chart${onPoint === undefined ? "" : ", Enter explains the point"}.`}
        onKeyDown={onKey}
        onClick={() => {
          if (onPoint !== undefined && index !== undefined) onPoint(index);
        }}
        style={{ height }}
      />
      <DataTable table={table} />
    </figure>
  );
}

function DataTable({ table }: { table: PlotTable }) {
  const [open, setOpen] = useState(false);
  const rows = open ? table.rows() : [];
  return (
    <details className="plot-table" onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>Table</summary>
      <div className="scroll-x plot-table-box" tabIndex={0} role="region" aria-label={table.caption}>
        <table className="table">
          <caption className="visually-hidden">{table.caption}</caption>
          <thead>
            <tr>
              {table.head.map((name) => (
                <th key={name} scope="col">
                  {name}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.slice(0, TABLE_ROWS_MAX).map((row, number) => (
              <tr key={number}>
                {row.map((cell, column) => (
                  <td key={column}>{cell}</td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
        {rows.length > TABLE_ROWS_MAX && (
          <p className="quiet small">
            The first {TABLE_ROWS_MAX} of {rows.length} rows: choose a shorter range for the others.
          </p>
        )}
      </div>
    </details>
  );
}
