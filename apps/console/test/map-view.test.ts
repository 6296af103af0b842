import fc from "fast-check";
import { expect, it } from "vitest";
import { fit, pan, toGround, toScreen, zoomAt } from "../src/map/view.ts";

const size = { width: 900, height: 600 };
const view = { x: 120, y: -40, scale: 0.4 };
const point = fc.tuple(fc.double({ min: 0, max: 900, noNaN: true }), fc.double({ min: 0, max: 600, noNaN: true }));

it("goes to the ground and back", () => {
  fc.assert(
    fc.property(point, ([left, top]) => {
      const [x, y] = toScreen(view, size, ...toGround(view, size, left, top));
      expect(x).toBeCloseTo(left, 6);
      expect(y).toBeCloseTo(top, 6);
    }),
  );
});

it("keeps the ground under the pointer while zooming", () => {
  fc.assert(
    fc.property(point, fc.double({ min: 0.2, max: 5, noNaN: true }), (at, factor) => {
      const before = toGround(view, size, ...at);
      const after = toGround(zoomAt(view, size, at, factor), size, ...at);
      expect(after[0]).toBeCloseTo(before[0], 6);
      expect(after[1]).toBeCloseTo(before[1], 6);
    }),
  );
});

it("shows everything when fitted, north up", () => {
  const fitted = fit({ minX: -1000, minY: -500, maxX: 3000, maxY: 900 }, size, 40);
  for (const [x, y] of [
    [-1000, -500],
    [3000, 900],
  ] as const) {
    const [left, top] = toScreen(fitted, size, x, y);
    expect(left).toBeGreaterThanOrEqual(39);
    expect(left).toBeLessThanOrEqual(861);
    expect(top).toBeGreaterThanOrEqual(39);
    expect(top).toBeLessThanOrEqual(561);
  }
  expect(toScreen(fitted, size, 0, 100)[1]).toBeLessThan(toScreen(fitted, size, 0, 0)[1]);
  expect(toGround(pan(fitted, 10, 0), size, 10, 0)[0]).toBeCloseTo(toGround(fitted, size, 0, 0)[0], 6);
});
