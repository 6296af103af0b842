import { useEffect, useMemo, useRef, useState, type KeyboardEvent, type PointerEvent } from "react";
import type { FeederState, MeterState, Topology } from "@amity/api";
import { live } from "../data/live.ts";
import { STATE_WORDS } from "../ui/state-mark.tsx";
import { useTheme } from "../ui/theme.ts";
import { drawNetwork, drawPulses, type Pulse } from "./draw.ts";
import { fit, pan, toGround, zoomAt, type Bounds, type Size, type View } from "./view.ts";

const STATES: readonly MeterState[] = ["reporting", "late", "silent", "disconnected", "outage"];
const PULSES_MAX = 240;

interface NetworkMapProps {
  topology: Topology;
  feeders: readonly FeederState[];
  onMeter: (id: string) => void;
  onConcentrator: (id: string) => void;
}

/** The network on a canvas: no tiles, no internet. Drag, wheel and pinch, or arrows, + − 0 and N for the next concentrator. */
export function NetworkMap({ topology, feeders, onMeter, onConcentrator }: NetworkMapProps) {
  const theme = useTheme();
  const box = useRef<HTMLDivElement>(null);
  const base = useRef<HTMLCanvasElement>(null);
  const overlay = useRef<HTMLCanvasElement>(null);
  const [size, setSize] = useState<Size>({ width: 0, height: 0 });
  const [view, setView] = useState<View | undefined>(undefined);
  const [hovered, setHovered] = useState<{ text: string; left: number; top: number } | undefined>(undefined);
  const [chosen, setChosen] = useState<number | undefined>(undefined);
  const [revision, setRevision] = useState(0);
  const states = useMemo(() => Uint8Array.from(topology.meters.state), [topology]);
  const bounds = useMemo(() => boundsOf(topology), [topology]);
  const feederMap = useMemo(() => new Map(feeders.map((feeder) => [feeder.id, feeder])), [feeders]);
  const shown = view ?? fit(bounds, size, Math.min(64, size.width * 0.1));

  useEffect(() => {
    const element = box.current;
    if (element === null) return;
    const observer = new ResizeObserver(() => setSize({ width: element.clientWidth, height: element.clientHeight }));
    observer.observe(element);
    return () => observer.disconnect();
  }, []);

  useEffect(() => {
    const pen = sized(base.current, size);
    if (pen === undefined) return;
    const draw = (): void => drawNetwork(pen, { topology, states, feeders: feederMap, chosen }, shown, size);
    draw();
    // The typeface may arrive after the first drawing.
    void document.fonts.ready.then(draw);
  }, [topology, states, feederMap, chosen, shown, size, theme, revision]);

  usePulses({ canvas: overlay, topology, states, view: shown, size, onChange: () => setRevision((before) => before + 1) });
  useWheel(box, (at, factor) => setView(zoomAt(shown, size, at, factor)));
  const drag = useDrag((dx, dy) => setView(pan(shown, dx, dy)));

  function hover(event: PointerEvent): void {
    const at = localPoint(event);
    const index = nearest(topology, toGround(shown, size, ...at), 11 / shown.scale);
    const state = STATES[states[index ?? -1] ?? 0] ?? "reporting";
    setHovered(
      index === undefined ? undefined : { text: `${topology.meters.ids[index] ?? ""} · ${STATE_WORDS[state]}`, left: at[0], top: at[1] },
    );
  }

  function click(event: PointerEvent): void {
    const ground = toGround(shown, size, ...localPoint(event));
    const concentrator = topology.concentrators.find(({ x, y }) => Math.hypot(x - ground[0], y - ground[1]) < 9 / shown.scale);
    if (concentrator !== undefined) return onConcentrator(concentrator.id);
    const index = nearest(topology, ground, 11 / shown.scale);
    const id = topology.meters.ids[index ?? -1];
    if (id !== undefined) onMeter(id);
  }

  function onKey(event: KeyboardEvent): void {
    const step = 60;
    const centre: [number, number] = [size.width / 2, size.height / 2];
    const moves: Record<string, () => void> = {
      ArrowLeft: () => setView(pan(shown, step, 0)),
      ArrowRight: () => setView(pan(shown, -step, 0)),
      ArrowUp: () => setView(pan(shown, 0, step)),
      ArrowDown: () => setView(pan(shown, 0, -step)),
      "+": () => setView(zoomAt(shown, size, centre, 1.3)),
      "=": () => setView(zoomAt(shown, size, centre, 1.3)),
      "-": () => setView(zoomAt(shown, size, centre, 1 / 1.3)),
      "0": () => setView(undefined),
      n: () => choose(((chosen ?? -1) + 1) % topology.concentrators.length),
      p: () => choose(((chosen ?? 0) - 1 + topology.concentrators.length) % topology.concentrators.length),
      Enter: () => {
        const id = topology.concentrators[chosen ?? -1]?.id;
        if (id !== undefined) onConcentrator(id);
      },
    };
    const move = moves[event.key];
    if (move === undefined || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    move();
  }

  function choose(index: number): void {
    const concentrator = topology.concentrators[index];
    if (concentrator === undefined) return;
    setChosen(index);
    setView({ x: concentrator.x, y: concentrator.y, scale: Math.max(shown.scale, 0.35) });
  }

  const spoken = chosen === undefined ? "" : concentratorWords(topology, states, chosen);
  return (
    <div
      ref={box}
      className="map"
      tabIndex={0}
      role="application"
      aria-roledescription="map"
      aria-label={`Map of ${topology.feeders.length} feeders, ${topology.concentrators.length} concentrators and ${topology.meters.ids.length} meters. Arrow keys move, plus and minus zoom, N goes to the next concentrator, Enter lists its meters.`}
      onKeyDown={onKey}
      onPointerDown={(event) => drag.down(event)}
      onPointerMove={(event) => (drag.move(event) ? setHovered(undefined) : hover(event))}
      onPointerUp={(event) => {
        if (!drag.up(event)) click(event);
      }}
      onPointerLeave={() => setHovered(undefined)}
    >
      <canvas ref={base} aria-hidden="true" />
      <canvas ref={overlay} aria-hidden="true" />
      {hovered !== undefined && (
        <div className="map-tip" ref={(tip) => place(tip, hovered, size)}>
          {hovered.text}
        </div>
      )}
      <div className="map-chosen" aria-live="polite">
        {spoken}
      </div>
      <div className="map-zoom" onPointerDown={(event) => event.stopPropagation()} onPointerUp={(event) => event.stopPropagation()}>
        <button
          type="button"
          className="button"
          data-size="small"
          aria-label="Zoom in"
          onClick={() => setView(zoomAt(shown, size, [size.width / 2, size.height / 2], 1.4))}
        >
          +
        </button>
        <button
          type="button"
          className="button"
          data-size="small"
          aria-label="Zoom out"
          onClick={() => setView(zoomAt(shown, size, [size.width / 2, size.height / 2], 1 / 1.4))}
        >
          −
        </button>
        <button type="button" className="button" data-size="small" onClick={() => setView(undefined)}>
          Fit
        </button>
      </div>
    </div>
  );
}

function usePulses(options: {
  canvas: { current: HTMLCanvasElement | null };
  topology: Topology;
  states: Uint8Array;
  view: View;
  size: Size;
  onChange: () => void;
}): void {
  const latest = useRef(options);
  latest.current = options;
  const { topology, states } = options;

  useEffect(() => {
    const indexOf = new Map(topology.meters.ids.map((id, index) => [id, index]));
    const calm = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
    const pulses: Pulse[] = [];
    let frame = 0;
    const paint = (): void => {
      const { canvas, view, size } = latest.current;
      const pen = sized(canvas.current, size);
      frame = pen !== undefined && drawPulses(pen, pulses, topology, view, size) ? requestAnimationFrame(paint) : 0;
    };
    const stopListening = live.on("meters", (event) => {
      const now = performance.now();
      let changed = false;
      for (const [position, id] of event.ids.entries()) {
        const index = indexOf.get(id);
        if (index === undefined) continue;
        const state = event.state[position] ?? 0;
        changed ||= states[index] !== state;
        states[index] = state;
        // Spread over the second until the next batch: a steady shimmer instead of a flash.
        if (!calm && pulses.length < PULSES_MAX) pulses.push({ index, at: now + (position / event.ids.length) * 900 });
      }
      if (changed) latest.current.onChange();
      if (frame === 0 && pulses.length > 0) frame = requestAnimationFrame(paint);
    });
    return () => {
      stopListening();
      cancelAnimationFrame(frame);
    };
  }, [topology, states]);
}

/** React listens to wheels passively; zooming must keep the page from scrolling. Only with Ctrl or a pinch, or while the map has focus. */
function useWheel(box: { current: HTMLDivElement | null }, zoom: (at: [number, number], factor: number) => void): void {
  const latest = useRef(zoom);
  latest.current = zoom;
  useEffect(() => {
    const element = box.current;
    if (element === null) return;
    const onWheel = (event: WheelEvent): void => {
      if (!event.ctrlKey && document.activeElement !== element) return;
      event.preventDefault();
      const frame = element.getBoundingClientRect();
      latest.current([event.clientX - frame.left, event.clientY - frame.top], Math.exp(-event.deltaY / 300));
    };
    element.addEventListener("wheel", onWheel, { passive: false });
    return () => element.removeEventListener("wheel", onWheel);
  }, [box]);
}

function useDrag(move: (dx: number, dy: number) => void) {
  const state = useRef<{ x: number; y: number; moved: boolean } | undefined>(undefined);
  return {
    down(event: PointerEvent): void {
      if (event.button !== 0) return;
      state.current = { x: event.clientX, y: event.clientY, moved: false };
    },
    /** True while dragging. */
    move(event: PointerEvent): boolean {
      const held = state.current;
      if (held === undefined) return false;
      const [dx, dy] = [event.clientX - held.x, event.clientY - held.y];
      if (!held.moved && Math.hypot(dx, dy) < 4) return false;
      if (!held.moved) event.currentTarget.setPointerCapture(event.pointerId);
      state.current = { x: event.clientX, y: event.clientY, moved: true };
      move(dx, dy);
      return true;
    },
    /** True where it was a drag and not a click. */
    up(_event: PointerEvent): boolean {
      const moved = state.current?.moved ?? true;
      state.current = undefined;
      return moved;
    },
  };
}

function sized(canvas: HTMLCanvasElement | null, size: Size): CanvasRenderingContext2D | undefined {
  if (canvas === null || size.width === 0) return undefined;
  const ratio = devicePixelRatio;
  const [width, height] = [Math.round(size.width * ratio), Math.round(size.height * ratio)];
  if (canvas.width !== width || canvas.height !== height) {
    canvas.width = width;
    canvas.height = height;
  }
  const pen = canvas.getContext("2d") ?? undefined;
  pen?.setTransform(ratio, 0, 0, ratio, 0, 0);
  return pen;
}

function place(tip: HTMLDivElement | null, at: { left: number; top: number }, size: Size): void {
  if (tip === null) return;
  tip.style.transform = `translate(${Math.min(at.left + 14, size.width - tip.offsetWidth - 8)}px, ${Math.max(8, at.top - 34)}px)`;
}

function localPoint(event: PointerEvent): [number, number] {
  const frame = event.currentTarget.getBoundingClientRect();
  return [event.clientX - frame.left, event.clientY - frame.top];
}

function nearest({ meters }: Topology, [x, y]: [number, number], reach: number): number | undefined {
  let best: number | undefined;
  let bestDistance = reach * reach;
  for (let index = 0; index < meters.ids.length; index += 1) {
    const dx = (meters.x[index] ?? 0) - x;
    const dy = (meters.y[index] ?? 0) - y;
    const distance = dx * dx + dy * dy;
    if (distance < bestDistance) {
      bestDistance = distance;
      best = index;
    }
  }
  return best;
}

function concentratorWords(topology: Topology, states: Uint8Array, index: number): string {
  const concentrator = topology.concentrators[index];
  if (concentrator === undefined) return "";
  const members = topology.meters.concentrator.reduce((sum, one) => sum + (one === index ? 1 : 0), 0);
  const reporting = topology.meters.concentrator.reduce((sum, one, meter) => sum + (one === index && states[meter] === 0 ? 1 : 0), 0);
  const feeder = topology.feeders[concentrator.feeder]?.name ?? "";
  return `${concentrator.id}, feeder ${feeder}: ${reporting} of ${members} meters reporting`;
}

function boundsOf({ feeders, meters, substation }: Topology): Bounds {
  let [minX, minY, maxX, maxY] = [substation.x, substation.y, substation.x, substation.y];
  const take = (x: number, y: number): void => {
    minX = Math.min(minX, x);
    maxX = Math.max(maxX, x);
    minY = Math.min(minY, y);
    maxY = Math.max(maxY, y);
  };
  for (const { path } of feeders) for (let index = 0; index + 1 < path.length; index += 2) take(path[index] ?? 0, path[index + 1] ?? 0);
  for (let index = 0; index < meters.ids.length; index += 1) take(meters.x[index] ?? 0, meters.y[index] ?? 0);
  return { minX, minY, maxX, maxY };
}
