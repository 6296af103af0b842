/** What part of the network is on the canvas: the point in its middle, and pixels per metre. */
export interface View {
  readonly x: number;
  readonly y: number;
  readonly scale: number;
}

export interface Size {
  readonly width: number;
  readonly height: number;
}

export interface Bounds {
  readonly minX: number;
  readonly minY: number;
  readonly maxX: number;
  readonly maxY: number;
}

const SCALE_MIN = 0.01;
const SCALE_MAX = 6;

/** The view that shows all of `bounds` with a margin in pixels. */
export function fit(bounds: Bounds, size: Size, margin: number): View {
  const width = Math.max(1, bounds.maxX - bounds.minX);
  const height = Math.max(1, bounds.maxY - bounds.minY);
  const scale = Math.min((size.width - 2 * margin) / width, (size.height - 2 * margin) / height);
  return { x: (bounds.minX + bounds.maxX) / 2, y: (bounds.minY + bounds.maxY) / 2, scale: clamp(scale) };
}

/** North is up: y grows upwards on the ground and downwards on the screen. */
export function toScreen(view: View, size: Size, x: number, y: number): [number, number] {
  return [size.width / 2 + (x - view.x) * view.scale, size.height / 2 - (y - view.y) * view.scale];
}

export function toGround(view: View, size: Size, left: number, top: number): [number, number] {
  return [view.x + (left - size.width / 2) / view.scale, view.y - (top - size.height / 2) / view.scale];
}

/** Zooms so that the ground under `(left, top)` stays there. */
export function zoomAt(view: View, size: Size, [left, top]: readonly [number, number], factor: number): View {
  const scale = clamp(view.scale * factor);
  const [x, y] = toGround(view, size, left, top);
  return { scale, x: x - (left - size.width / 2) / scale, y: y + (top - size.height / 2) / scale };
}

export function pan(view: View, dx: number, dy: number): View {
  return { ...view, x: view.x - dx / view.scale, y: view.y + dy / view.scale };
}

function clamp(scale: number): number {
  return Math.min(SCALE_MAX, Math.max(SCALE_MIN, scale));
}
