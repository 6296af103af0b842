import type { FeederState, Topology } from "@amity/api";
import { quantity } from "../ui/format.ts";
import { cssColour } from "../ui/theme.ts";
import { toScreen, type Size, type View } from "./view.ts";

/** The colours of a theme, read once for each drawing. */
function palette() {
  return {
    paper: cssColour("paper"),
    ink: cssColour("ink"),
    ink2: cssColour("ink-2"),
    ink3: cssColour("ink-3"),
    line: cssColour("line"),
    mapLine: cssColour("map-line"),
    meter: cssColour("map-meter"),
    warn: cssColour("warn-mark"),
    alarm: cssColour("alarm"),
    accent: cssColour("accent"),
  };
}
type Palette = ReturnType<typeof palette>;

export interface Scene {
  readonly topology: Topology;
  readonly states: Uint8Array;
  readonly feeders: ReadonlyMap<string, FeederState>;
  /** Index of the concentrator that is looked at. */
  readonly chosen: number | undefined;
}

const SANS = '"IBM Plex Sans Variable", sans-serif';

/** Draws the whole network once; pulses have a canvas of their own. */
export function drawNetwork(pen: CanvasRenderingContext2D, scene: Scene, view: View, size: Size): void {
  const colours = palette();
  pen.clearRect(0, 0, size.width, size.height);
  drawRings(pen, scene, view, size, colours);
  drawServiceLines(pen, scene, view, size, colours);
  drawFeeders(pen, scene, view, size, colours);
  drawMeters(pen, scene, view, size, colours);
  drawConcentrators(pen, scene, view, size, colours);
  drawSubstation(pen, scene, view, size, colours);
  drawFeederLabels(pen, scene, view, size, colours);
  drawScaleBar(pen, view, size, colours);
}

const RINGS = 4;
const LABEL_WIDTH = 84;

/** Distance rings around the substation: the map has no tiles, these give it scale. */
function drawRings(pen: CanvasRenderingContext2D, { topology }: Scene, view: View, size: Size, colours: Palette): void {
  const [x, y] = toScreen(view, size, topology.substation.x, topology.substation.y);
  const step = view.scale > 0.5 ? 250 : view.scale > 0.12 ? 500 : 1_000;
  pen.strokeStyle = colours.line;
  pen.fillStyle = colours.ink3;
  pen.font = `400 11px ${SANS}`;
  pen.textAlign = "center";
  pen.lineWidth = 1;
  for (let ring = 1; ring <= RINGS; ring += 1) {
    const radius = ring * step * view.scale;
    pen.beginPath();
    pen.arc(x, y, radius, 0, 2 * Math.PI);
    pen.stroke();
  }
}

function drawServiceLines(pen: CanvasRenderingContext2D, { topology }: Scene, view: View, size: Size, colours: Palette): void {
  const { meters, transformers } = topology;
  if (meters.ids.length > 20_000) return;
  pen.strokeStyle = colours.mapLine;
  pen.globalAlpha = 0.16;
  pen.lineWidth = 0.75;
  pen.beginPath();
  for (let index = 0; index < meters.ids.length; index += 1) {
    const transformer = transformers[meters.transformer[index] ?? -1];
    if (transformer === undefined) continue;
    pen.moveTo(...toScreen(view, size, transformer.x, transformer.y));
    pen.lineTo(...toScreen(view, size, meters.x[index] ?? 0, meters.y[index] ?? 0));
  }
  pen.stroke();
  pen.globalAlpha = 1;
}

function drawFeeders(pen: CanvasRenderingContext2D, { topology, feeders }: Scene, view: View, size: Size, colours: Palette): void {
  pen.lineJoin = "round";
  pen.lineCap = "round";
  for (const feeder of topology.feeders) {
    const out = feeders.get(feeder.id)?.state === "out";
    pen.beginPath();
    for (let index = 0; index + 1 < feeder.path.length; index += 2) {
      pen.lineTo(...toScreen(view, size, feeder.path[index] ?? 0, feeder.path[index + 1] ?? 0));
    }
    pen.strokeStyle = colours.paper;
    pen.lineWidth = 6;
    pen.setLineDash([]);
    pen.stroke();
    pen.strokeStyle = out ? colours.alarm : colours.ink2;
    pen.lineWidth = out ? 2.5 : 2;
    pen.setLineDash(out ? [7, 6] : []);
    pen.stroke();
  }
  pen.setLineDash([]);
}

/** One path for each state: a thousand meters are five strokes. */
function drawMeters(pen: CanvasRenderingContext2D, { topology, states }: Scene, view: View, size: Size, colours: Palette): void {
  const { meters } = topology;
  const radius = Math.max(1.3, Math.min(5, view.scale * 9));
  const paths = Array.from({ length: 5 }, () => new Path2D());
  for (let index = 0; index < meters.ids.length; index += 1) {
    const [x, y] = toScreen(view, size, meters.x[index] ?? 0, meters.y[index] ?? 0);
    if (x < -9 || y < -9 || x > size.width + 9 || y > size.height + 9) continue;
    const state = states[index] ?? 0;
    const path = paths[state];
    if (path === undefined) continue;
    if (state === 4) {
      path.moveTo(x - radius, y - radius);
      path.lineTo(x + radius, y + radius);
      path.moveTo(x + radius, y - radius);
      path.lineTo(x - radius, y + radius);
    } else if (state === 3) {
      path.rect(x - radius, y - radius, radius * 2, radius * 2);
    } else if (state === 2) {
      path.moveTo(x, y - radius * 1.5);
      path.lineTo(x + radius * 1.4, y + radius);
      path.lineTo(x - radius * 1.4, y + radius);
      path.closePath();
    } else {
      path.moveTo(x + radius, y);
      path.arc(x, y, radius, 0, 2 * Math.PI);
    }
  }
  const [reporting, late, silent, disconnected, outage] = paths;
  if (reporting === undefined || late === undefined || silent === undefined || disconnected === undefined || outage === undefined) return;
  pen.fillStyle = colours.meter;
  pen.globalAlpha = 0.9;
  pen.fill(reporting);
  pen.globalAlpha = 1;
  pen.lineWidth = 1.3;
  pen.strokeStyle = colours.warn;
  pen.stroke(late);
  pen.fillStyle = colours.warn;
  pen.fill(silent);
  pen.strokeStyle = colours.ink;
  pen.stroke(disconnected);
  pen.strokeStyle = colours.alarm;
  pen.lineWidth = 1.6;
  pen.stroke(outage);
}

function drawConcentrators(pen: CanvasRenderingContext2D, { topology, chosen }: Scene, view: View, size: Size, colours: Palette): void {
  pen.font = `500 11px ${SANS}`;
  pen.textAlign = "left";
  pen.textBaseline = "middle";
  for (const [index, concentrator] of topology.concentrators.entries()) {
    const [x, y] = toScreen(view, size, concentrator.x, concentrator.y);
    const reach = chosen === index ? 9 : 6.5;
    pen.beginPath();
    pen.moveTo(x, y - reach);
    pen.lineTo(x + reach, y);
    pen.lineTo(x, y + reach);
    pen.lineTo(x - reach, y);
    pen.closePath();
    pen.fillStyle = concentrator.online ? colours.paper : colours.alarm;
    pen.fill();
    pen.lineWidth = chosen === index ? 3 : 2;
    pen.strokeStyle = concentrator.online ? (chosen === index ? colours.accent : colours.ink) : colours.alarm;
    pen.stroke();
    if (view.scale > 0.09)
      label(pen, concentrator.id, [x + reach + 5, y], concentrator.online ? colours.ink2 : colours.alarm, colours.paper);
  }
}

function drawSubstation(pen: CanvasRenderingContext2D, { topology }: Scene, view: View, size: Size, colours: Palette): void {
  const [x, y] = toScreen(view, size, topology.substation.x, topology.substation.y);
  pen.fillStyle = colours.ink;
  pen.fillRect(x - 8, y - 8, 16, 16);
  pen.fillStyle = colours.paper;
  pen.beginPath();
  pen.moveTo(x + 1.5, y - 5.5);
  pen.lineTo(x - 4, y + 1);
  pen.lineTo(x - 0.2, y + 1);
  pen.lineTo(x - 1.5, y + 5.5);
  pen.lineTo(x + 4, y - 1);
  pen.lineTo(x + 0.2, y - 1);
  pen.closePath();
  pen.fill();
}

function drawFeederLabels(pen: CanvasRenderingContext2D, { topology, feeders }: Scene, view: View, size: Size, colours: Palette): void {
  pen.textBaseline = "middle";
  for (const feeder of topology.feeders) {
    const state = feeders.get(feeder.id);
    const [endX, endY] = [feeder.path.at(-2) ?? 0, feeder.path.at(-1) ?? 0];
    const [x, y] = toScreen(view, size, endX, endY);
    const [fromX] = toScreen(view, size, feeder.path[0] ?? 0, feeder.path[1] ?? 0);
    const toRight = x >= fromX;
    const out = state?.state === "out";
    pen.font = `600 13px ${SANS}`;
    // Where the canvas ends before the text would, the label stands above the line's end instead of beside it.
    const beside = toRight ? size.width - x > LABEL_WIDTH : x > LABEL_WIDTH;
    pen.textAlign = beside ? (toRight ? "left" : "right") : toRight ? "right" : "left";
    const left = beside ? x + (toRight ? 10 : -10) : Math.max(8, Math.min(size.width - 8, x));
    const top = beside ? y : y - 34;
    label(pen, feeder.name, [left, top - 8], out ? colours.alarm : colours.ink, colours.paper);
    pen.font = `400 12px ${SANS}`;
    label(
      pen,
      out ? "out" : state === undefined ? "" : quantity(state.loadW, "W"),
      [left, top + 8],
      out ? colours.alarm : colours.ink2,
      colours.paper,
    );
  }
}

/** Text with a rim of paper, so that lines may pass behind it. */
function label(pen: CanvasRenderingContext2D, text: string, [x, y]: readonly [number, number], ink: string, paper: string): void {
  pen.lineWidth = 4;
  pen.lineJoin = "round";
  pen.strokeStyle = paper;
  pen.strokeText(text, x, y);
  pen.fillStyle = ink;
  pen.fillText(text, x, y);
}

function drawScaleBar(pen: CanvasRenderingContext2D, view: View, size: Size, colours: Palette): void {
  const metres = [50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000].find((length) => length * view.scale > 60) ?? 10_000;
  const length = metres * view.scale;
  const y = size.height - 14;
  pen.strokeStyle = colours.ink3;
  pen.lineWidth = 1;
  pen.beginPath();
  pen.moveTo(16, y - 4);
  pen.lineTo(16, y);
  pen.lineTo(16 + length, y);
  pen.lineTo(16 + length, y - 4);
  pen.stroke();
  pen.font = `400 11px ${SANS}`;
  pen.textAlign = "left";
  pen.textBaseline = "alphabetic";
  label(pen, metres >= 1_000 ? `${metres / 1_000} km` : `${metres} m`, [22 + length, y + 1], colours.ink3, colours.paper);
}

/** A meter that was just heard of: where, and since when in `performance.now()` ms. */
export interface Pulse {
  readonly index: number;
  readonly at: number;
}

const PULSE_MS = 1_100;

/** Draws the rings of meters just heard of; false when none is left. */
export function drawPulses(pen: CanvasRenderingContext2D, pulses: Pulse[], topology: Topology, view: View, size: Size): boolean {
  const now = performance.now();
  pen.clearRect(0, 0, size.width, size.height);
  pen.strokeStyle = cssColour("map-meter");
  pen.lineWidth = 1.4;
  while (pulses.length > 0 && now - (pulses[0]?.at ?? 0) > PULSE_MS) pulses.shift();
  for (const pulse of pulses) {
    const age = (now - pulse.at) / PULSE_MS;
    if (age < 0) continue;
    const [x, y] = toScreen(view, size, topology.meters.x[pulse.index] ?? 0, topology.meters.y[pulse.index] ?? 0);
    pen.globalAlpha = (1 - age) ** 1.5;
    pen.beginPath();
    pen.arc(x, y, 2 + 6 * age, 0, 2 * Math.PI);
    pen.stroke();
  }
  pen.globalAlpha = 1;
  return pulses.length > 0;
}
