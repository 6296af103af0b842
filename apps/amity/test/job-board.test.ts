import { describe, expect, it } from "vitest";
import { JobBoard, type JobOrder } from "../src/compose/analysis/job-board.ts";

/** Work that ends when the test says so. */
function held(result: string): { order: JobOrder<string>; finish: () => void; step: () => void; isStarted: () => boolean } {
  let finish = (): void => undefined;
  let step = (): void => undefined;
  let isStarted = false;
  const order: JobOrder<string> = {
    kind: "test",
    title: result,
    by: "ann",
    work: (watch) =>
      new Promise((resolve) => {
        isStarted = true;
        finish = () => resolve(watch.isCancelled() ? undefined : result);
        step = () => watch.onProgress(1, 2);
      }),
  };
  return { order, finish: () => finish(), step: () => step(), isStarted: () => isStarted };
}

function boardOf(): JobBoard<string> {
  let next = 0;
  return new JobBoard<string>({ clock: { nowMs: () => 1000 }, newId: () => `job-${++next}` });
}

const settled = async (): Promise<void> => {
  for (let turn = 0; turn < 20; turn++) await Promise.resolve();
};

describe("the board of jobs", () => {
  it("runs one after the other, tells how far each is, and keeps its result", async () => {
    const board = boardOf();
    const [first, second] = [held("one"), held("two")];
    const { id } = board.start(first.order);
    board.start(second.order);
    await settled();
    first.step();
    expect(board.list().map(({ state, done, total }) => [state, done, total])).toEqual([
      ["waiting", 0, 0],
      ["running", 1, 2],
    ]);
    expect(second.isStarted()).toBe(false);
    first.finish();
    await settled();
    expect(board.find(id)).toMatchObject({ state: "done", result: "one", endedMs: 1000 });
    expect(second.isStarted()).toBe(true);
    second.finish();
  });

  it("ends a waiting job at once and a running one after its step, and a failed one does not stop the next", async () => {
    const board = boardOf();
    const [first, second] = [held("one"), held("two")];
    const ids = [first.order, second.order].map((order) => board.start(order).id);
    const third = board.start({ kind: "test", title: "three", by: "ann", work: () => Promise.reject(new Error("no such feeder")) }).id;
    await settled();
    expect(ids.toReversed().map((id) => board.cancel(id))).toEqual([true, true]);
    expect(board.find(ids[1] ?? "")?.state).toBe("cancelled");
    expect(board.find(ids[0] ?? "")?.state).toBe("running");
    first.finish();
    await settled();
    expect(board.find(ids[0] ?? "")).toMatchObject({ state: "cancelled", result: undefined });
    expect(second.isStarted()).toBe(false);
    expect(board.find(third)).toMatchObject({ state: "failed", error: "no such feeder" });
    expect([board.cancel(third), board.cancel("none")]).toEqual([false, false]);
  });

  it("refuses the ninth that waits, and forgets the oldest results beyond twenty", async () => {
    const board = boardOf();
    const open = Array.from({ length: 8 }, () => held("x"));
    for (const { order } of open) board.start(order);
    expect(() => board.start(held("x").order)).toThrow(expect.objectContaining({ code: "jobs-full" }));
    await settled();
    for (const { id } of board.list()) board.cancel(id);
    open[0]?.finish();
    await settled();
    for (let count = 0; count < 30; count++) {
      const { id } = board.start({ kind: "test", title: "quick", by: "ann", work: () => Promise.resolve(`${count}`) });
      await settled();
      expect(board.find(id)?.result).toBe(`${count}`);
    }
    expect(board.list()).toHaveLength(20);
    expect(board.list()[0]?.result).toBe("29");
    await board.stop();
  });
});
