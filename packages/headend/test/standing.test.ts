import type { EndDeviceEvent } from "@amity/model";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Committer } from "../src/committer.ts";
import { Fleet } from "../src/fleet.ts";
import { memoryRegistry, type Device } from "../src/index.ts";
import type { CollectionRecord } from "../src/registry.ts";
import type { StandingReport } from "../src/standing.ts";
import { TestSink } from "./test-sink.ts";

const DEVICE: Device = {
  meterId: "W1",
  protocol: "wmbus",
  route: { kind: "wireless", concentratorId: "C1", address: "AMT-12345678-01-07" },
  settings: {},
  status: "active",
};
const KINDS = ["leak", "burst", "batteryLow"] as const;

/** What a meter says with three alarm bits. */
function reportOf(bits: number, atMs: number): StandingReport {
  const conditions = KINDS.flatMap((kind, bit) =>
    ((bits >> bit) & 1) === 1 ? [{ log: "flags", code: 1 << bit, kind, detail: kind }] : [],
  );
  return { atMs, logs: ["flags"], conditions };
}

/** A head-end's memory of one meter, which may die at any step of a commit: `faultAt` counts calls of registry and sink. */
async function utility() {
  const registry = memoryRegistry();
  await registry.registerDevices([DEVICE]);
  const sink = new TestSink();
  let faultAt = Number.POSITIVE_INFINITY;
  const step = async <T>(work: () => Promise<T>): Promise<T> => {
    if (faultAt === 0) throw new Error("dies before");
    const value = await work();
    if (faultAt-- === 0.5) throw new Error("dies after");
    return value;
  };
  const start = async () => {
    const fleet = new Fleet(() => []);
    fleet.load(await registry.activeDevices(), []);
    const committer = new Committer({
      sink: { accept: (batches) => step(() => sink.accept(batches)) },
      registry: {
        ...registry,
        recordCollection: (record: CollectionRecord, nowMs: number) => step(() => registry.recordCollection(record, nowMs)),
      },
      fleet,
      clock: { nowMs: () => 0, speed: 1, at: () => ({ cancel() {} }) },
      historyMs: 1_000,
      notify: () => {},
    });
    return (report: StandingReport) =>
      committer.commit({ meterId: DEVICE.meterId, batches: [], covered: [], health: {}, standing: report });
  };
  return { sink, start, dieAt: (at: number) => void (faultAt = at) };
}

function text({ atMs, kind }: EndDeviceEvent): string {
  return `${atMs} ${kind}`;
}

describe("what is the matter with a meter", () => {
  it("is told when it begins and when it ends, not while it lasts, and never out of order", async () => {
    const { sink, start } = await utility();
    const tell = await start();
    for (const [bits, atMs] of [
      [1, 10],
      [1, 20],
      [3, 30],
      [1, 25],
      [0, 40],
      [4, 50],
      [0, 60],
    ] as const)
      await tell(reportOf(bits, atMs));
    expect([...sink.events.values()].map(text)).toEqual([
      "10 leak",
      "30 burst",
      "40 leakEnded",
      "40 burstEnded",
      "50 batteryLow",
      "60 other",
    ]);
  });

  it("is as it was in logs that a message does not speak of", async () => {
    const { sink, start } = await utility();
    const tell = await start();
    await tell(reportOf(1, 10));
    await tell({ atMs: 20, logs: ["status"], conditions: [] });
    await tell(reportOf(0, 30));
    expect([...sink.events.values()].map(text)).toEqual(["10 leak", "30 leakEnded"]);
  });

  it("is told once whatever dies when: beginnings and ends take turns, and the last word stands", async () => {
    const life = fc.array(
      fc.record({ bits: fc.integer({ min: 0, max: 7 }), faultAt: fc.constantFrom(9, 9, 0, 0.5, 1, 1.5, 2, 2.5), again: fc.boolean() }),
      {
        minLength: 1,
        maxLength: 12,
      },
    );
    await fc.assert(
      fc.asyncProperty(life, async (steps) => {
        const { sink, start, dieAt } = await utility();
        let tell = await start();
        for (const [index, { bits, faultAt, again }] of steps.entries()) {
          dieAt(faultAt);
          try {
            await tell(reportOf(bits, 10 * index));
          } catch {
            dieAt(Number.POSITIVE_INFINITY);
            tell = await start();
            // A concentrator delivers it again; a meter that is read says something newer the next time.
            if (again) await tell(reportOf(bits, 10 * index));
          }
        }
        dieAt(Number.POSITIVE_INFINITY);
        const last = steps.at(-1)?.bits ?? 0;
        await tell(reportOf(last, 10 * steps.length));
        await tell(reportOf(last, 10 * steps.length + 5));
        for (const [bit, kind] of KINDS.entries()) {
          const own = [...sink.events.values()].filter(({ code }) => code === 1 << bit).toSorted((one, other) => one.atMs - other.atMs);
          expect(own.map((event) => event.kind === kind)).toEqual(own.map((_, index) => index % 2 === 0));
          expect(own.length % 2).toBe((last >> bit) & 1);
        }
      }),
      { numRuns: 300 },
    );
  });
});
