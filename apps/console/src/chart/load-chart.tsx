import { useMemo } from "react";
import type uPlot from "uplot";
import type { LoadSeries } from "@amity/api";
import { clockTime, quantity, weekDay } from "../ui/format.ts";
import { cssColour } from "../ui/theme.ts";
import { fromZero, quantityAxis, timeAxis } from "./axes.ts";
import { Plot } from "./plot.tsx";

interface LoadChartProps {
  series: LoadSeries;
  /** Points newer than the series, from the stream: seconds and watts. */
  live: readonly { at: number; importW: number; exportW: number }[];
  zone: string;
  height: number;
  label: string;
}

/** Load of the network: import as an area, export below it as a line of its own. */
export function LoadChart({ series, live, zone, height, label }: LoadChartProps) {
  const data = useMemo((): uPlot.AlignedData => {
    const start = Date.parse(series.start) / 1000;
    const steps = completeSteps(series.importW);
    const end = start + steps * series.stepSeconds;
    const newer = live.filter(({ at }) => at >= end);
    return [
      [...Array.from({ length: steps }, (_, index) => start + index * series.stepSeconds), ...newer.map(({ at }) => at)],
      [...series.importW.slice(0, steps), ...newer.map(({ importW }) => importW)],
      [...series.exportW.slice(0, steps), ...newer.map(({ exportW }) => exportW)],
    ];
  }, [series, live]);

  const describe = (index: number): string => {
    const at = (data[0][index] ?? 0) * 1000;
    const imported = data[1]?.[index];
    const exported = data[2]?.[index];
    return `${weekDay(at, zone)} ${clockTime(at, zone)}: ${typeof imported !== "number" ? "no value" : `${quantity(imported, "W")} import`}${typeof exported !== "number" ? "" : `, ${quantity(exported, "W")} export`}`;
  };

  return (
    <Plot
      label={label}
      height={height}
      data={data}
      describe={describe}
      resting="Import as area, export as dashed line, last 24 hours"
      optionsKey={zone}
      options={() => ({
        padding: [8, 8, 0, 0],
        scales: { x: { time: true }, y: { range: fromZero } },
        axes: [timeAxis(zone), quantityAxis("W")],
        series: [
          {},
          {
            stroke: cssColour("measured"),
            width: 1.75,
            fill: `color-mix(in srgb, ${cssColour("measured")} 14%, transparent)`,
            points: { show: false },
          },
          { stroke: cssColour("warn-mark"), width: 1.5, dash: [5, 3], points: { show: false } },
        ],
      })}
      table={{
        caption: label,
        head: ["Time", "Import", "Export"],
        rows: () =>
          Array.from(data[0], (at, index) => [
            `${weekDay(at * 1000, zone)} ${clockTime(at * 1000, zone)}`,
            watts(data[1]?.[index]),
            watts(data[2]?.[index]),
          ]),
      }}
    />
  );
}

function watts(value: number | null | undefined): string {
  return typeof value === "number" ? quantity(value, "W") : "–";
}

/** Steps that are worth drawing: readings come in late, so the last step before the empty ones is still filling. */
function completeSteps(values: readonly (number | null)[]): number {
  const last = values.findLastIndex((value) => value !== null);
  return last === values.length - 1 ? values.length : Math.max(0, last);
}
