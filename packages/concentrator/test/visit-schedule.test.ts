import { LinkError } from "@amity/bytes";
import { seededRandom, Simulation } from "@amity/runtime";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { DueQueue } from "../src/due-queue.ts";
import { DEFAULT_RETRY_POLICY, RetryBudget, Semaphore, VisitSchedule } from "../src/index.ts";

const START_MS = Date.UTC(2026, 0, 1);

describe("a queue of what is due", () => {
  it("gives keys in the order they are due, moved ones at their last place, each once", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.integer({ min: 0, max: 40 }), fc.integer({ min: 0, max: 1000 })), { maxLength: 300 }), (puts) => {
        const queue = new DueQueue<number>();
        const last = new Map<number, number>();
        for (const [key, dueMs] of puts) {
          queue.put(key, dueMs);
          last.set(key, dueMs);
        }
        expect(queue.size).toBe(last.size);
        const taken: number[] = [];
        for (let key = queue.take(5000); key !== undefined; key = queue.take(5000)) taken.push(key);
        expect(new Set(taken)).toEqual(new Set(last.keys()));
        expect(taken).toHaveLength(last.size);
        const due = taken.map((key) => last.get(key) ?? 0);
        expect(due).toEqual(due.toSorted((left, right) => left - right));
      }),
    );
  });

  it("keeps what is not due yet", () => {
    const queue = new DueQueue<string>();
    queue.put("a", 10);
    expect(queue.take(9)).toBeUndefined();
    expect(queue.nextMs()).toBe(10);
    expect(queue.take(10)).toBe("a");
  });
});

describe("the retry budget", () => {
  it("waits longer each time, never beyond the limit, and ends after the attempts of one meter", () => {
    const budget = new RetryBudget<string>({ ...DEFAULT_RETRY_POLICY, attemptsMax: 8, delayMsMax: 20_000 }, seededRandom("retry"));
    const delays = Array.from({ length: 8 }, () => budget.failed("m"));
    expect(delays.at(-1)).toBeUndefined();
    for (const [index, delayMs] of delays.slice(0, -1).entries()) {
      const ceiling = Math.min(20_000, 2_000 * 2 ** index);
      expect(delayMs).toBeGreaterThanOrEqual(ceiling / 2);
      expect(delayMs).toBeLessThanOrEqual(ceiling);
    }
    budget.succeeded("m");
    expect(budget.failuresOf("m")).toBe(0);
  });

  it("is shared: an outage of many meters does not become a storm of retries", () => {
    const budget = new RetryBudget<number>({ ...DEFAULT_RETRY_POLICY, budgetMax: 10 }, seededRandom("retry"));
    const granted = Array.from({ length: 1000 }, (_, meter) => budget.failed(meter)).filter((delayMs) => delayMs !== undefined);
    expect(granted).toHaveLength(10);
    for (let success = 0; success < 10; success++) budget.succeeded(success);
    expect(budget.failed(2000)).toBeDefined();
  });
});

describe("the schedule of visits", () => {
  it("runs no more at once than it may, and comes to everybody", async () => {
    const simulation = new Simulation({ seed: 1, startMs: START_MS });
    const { world } = simulation.node("n");
    let running = 0;
    let most = 0;
    const visits = new Map<string, number>();
    const schedule = new VisitSchedule(world, {
      slots: 3,
      visit: async (id) => {
        most = Math.max(most, ++running);
        await world.timers.sleep(1_000);
        running--;
        visits.set(id, (visits.get(id) ?? 0) + 1);
        return { ok: true, dueMs: world.clock.nowMs() + 60_000 };
      },
    });
    for (let index = 0; index < 20; index++) schedule.put(`m${index}`, START_MS);
    schedule.start();
    await simulation.runUntil(START_MS + 30_000);
    expect(most).toBe(3);
    expect([...visits.values()]).toEqual(Array.from({ length: 20 }, () => 1));
    await simulation.runUntil(START_MS + 600_000);
    expect(Math.min(...visits.values())).toBeGreaterThan(5);
    const stopped = schedule.stop();
    await simulation.runFor(stopped);
    const before = [...visits.values()];
    await simulation.runUntil(simulation.nowMs + 600_000);
    expect([...visits.values()]).toEqual(before);
  });

  it("repeats a failed visit with back-off within its budget, then waits for the regular turn", async () => {
    const simulation = new Simulation({ seed: 1, startMs: START_MS });
    const { world } = simulation.node("n");
    const attempts: number[] = [];
    const schedule = new VisitSchedule(world, {
      slots: 1,
      visit: () => {
        attempts.push(world.clock.nowMs() - START_MS);
        return Promise.resolve({ ok: false, dueMs: START_MS + 3_600_000 * Math.ceil(attempts.length / 5) });
      },
    });
    schedule.put("m", START_MS);
    schedule.start();
    await simulation.runUntil(START_MS + 3_599_000);
    expect(attempts).toHaveLength(5);
    await simulation.runUntil(START_MS + 3_601_000);
    expect(attempts).toHaveLength(6);
  });
});

describe("slots", () => {
  it("let the urgent in before the others, and refuse when the line is too long", async () => {
    const slots = new Semaphore(1, 2);
    const order: string[] = [];
    let finish = (): void => {};
    const first = slots.run(() => new Promise<void>((resolve) => (finish = resolve)));
    const slow = slots.run(() => Promise.resolve(void order.push("read")));
    const urgent = slots.run(() => Promise.resolve(void order.push("command")), { urgent: true });
    await expect(slots.run(() => Promise.resolve())).rejects.toBeInstanceOf(LinkError);
    finish();
    await Promise.all([first, slow, urgent]);
    expect(order).toEqual(["command", "read"]);
    expect(slots.taken).toBe(0);
  });
});
