import type uPlot from "uplot";
import type { IntervalQuality } from "@amity/api";
import { cssColour } from "../ui/theme.ts";

/** An interval as the chart draws it. */
export interface Bar {
  /** Seconds; `end` exclusive. */
  readonly start: number;
  readonly end: number;
  readonly value: number | null;
  readonly quality: IntervalQuality;
  /** Drawn pale where false: not part of what is looked at. */
  readonly lit: boolean;
  /** What an estimate would put here. */
  readonly proposed?: number | undefined;
}

type Look = "measured" | "questionable" | "edited" | "estimated" | "missing";

const LOOKS: Readonly<Record<IntervalQuality, Look>> = {
  valid: "measured",
  raw: "measured",
  questionable: "questionable",
  edited: "edited",
  estimated: "estimated",
  powerFailure: "questionable",
  missing: "missing",
};

/** Draws the bars: measured solid, estimated hatched, edited outlined, missing as a hatched foot on the axis. */
export function drawBars(self: uPlot, bars: readonly Bar[]): void {
  const { ctx } = self;
  const ratio = devicePixelRatio;
  const { left, top, width, height } = self.bbox;
  const zero = self.valToPos(0, "y", true);
  const hatch = hatchPattern(ctx, cssColour("estimated"), ratio);
  const colours = {
    measured: cssColour("measured"),
    questionable: cssColour("alarm"),
    edited: cssColour("edited"),
    estimated: cssColour("estimated"),
    missing: cssColour("line-strong"),
  };
  ctx.save();
  ctx.beginPath();
  ctx.rect(left, top, width, height);
  ctx.clip();
  const drawn = [...perPixel(self, bars)];
  for (const bar of drawn) {
    const x0 = self.valToPos(bar.start, "x", true);
    const full = self.valToPos(bar.end, "x", true) - x0;
    const gap = full > 5 * ratio ? Math.max(1, full * 0.14) : 0;
    const barWidth = Math.max(ratio, full - gap);
    const look = LOOKS[bar.quality];
    ctx.globalAlpha = bar.lit ? 1 : 0.22;
    if (bar.value === null || look === "missing") {
      ctx.fillStyle = colours.missing;
      ctx.fillRect(x0, zero - 5 * ratio, barWidth, 5 * ratio);
      continue;
    }
    const y = self.valToPos(bar.value, "y", true);
    const barTop = Math.min(y, zero);
    const barHeight = Math.max(ratio, Math.abs(zero - y));
    ctx.fillStyle = look === "estimated" ? hatch : colours[look];
    if (look === "edited") ctx.globalAlpha *= 0.35;
    ctx.fillRect(x0, barTop, barWidth, barHeight);
    if (look === "edited") ctx.globalAlpha = bar.lit ? 1 : 0.22;
    if ((look === "estimated" || look === "edited") && full > 3 * ratio) {
      ctx.strokeStyle = colours[look];
      ctx.lineWidth = ratio;
      ctx.strokeRect(x0 + ratio / 2, barTop + ratio / 2, barWidth - ratio, barHeight - ratio);
    }
  }
  ctx.globalAlpha = 1;
  drawProposal(self, drawn, colours.estimated);
  ctx.restore();
}

/** A step over each interval that an estimate would fill; a single one shows as well as a day of them. */
function drawProposal(self: uPlot, bars: readonly Bar[], colour: string): void {
  const { ctx } = self;
  ctx.strokeStyle = colour;
  ctx.lineWidth = 2.5 * devicePixelRatio;
  ctx.beginPath();
  for (const { start, end, proposed } of bars) {
    if (proposed === undefined) continue;
    const y = self.valToPos(proposed, "y", true);
    ctx.moveTo(self.valToPos(start, "x", true), y);
    ctx.lineTo(self.valToPos(end, "x", true), y);
  }
  ctx.stroke();
}

/** Where several intervals share a pixel column, the largest of them with the worst quality stands for all: spikes stay visible. */
function perPixel(self: uPlot, bars: readonly Bar[]): Iterable<Bar> {
  const first = bars[0];
  const last = bars.at(-1);
  if (first === undefined || last === undefined) return [];
  const columns = self.bbox.width;
  if (bars.length < columns * 1.5) return bars;
  const span = last.end - first.start;
  const merged: Bar[] = [];
  const group = Math.ceil(bars.length / columns);
  for (let index = 0; index < bars.length; index += group) {
    const part = bars.slice(index, index + group);
    const biggest = part.reduce((best, bar) => (Math.abs(bar.value ?? 0) > Math.abs(best.value ?? 0) ? bar : best));
    const start = part[0]?.start ?? 0;
    merged.push({ ...biggest, start, end: part.at(-1)?.end ?? start + span / columns, lit: part.some(({ lit }) => lit) });
  }
  return merged;
}

function hatchPattern(ctx: CanvasRenderingContext2D, colour: string, ratio: number): CanvasPattern | string {
  const size = Math.round(6 * ratio);
  const tile = document.createElement("canvas");
  tile.width = size;
  tile.height = size;
  const pen = tile.getContext("2d");
  if (pen === null) return colour;
  pen.globalAlpha = 0.2;
  pen.fillStyle = colour;
  pen.fillRect(0, 0, size, size);
  pen.globalAlpha = 1;
  pen.strokeStyle = colour;
  pen.lineWidth = 1.6 * ratio;
  pen.beginPath();
  for (const shift of [-size, 0, size]) {
    pen.moveTo(shift, size);
    pen.lineTo(shift + size, 0);
  }
  pen.stroke();
  return ctx.createPattern(tile, "repeat") ?? colour;
}
