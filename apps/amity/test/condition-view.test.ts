import { memoryRegistry } from "@amity/headend";
import type { EndDeviceEventKind } from "@amity/model";
import { describe, expect, it } from "vitest";
import { conditionsOf } from "../src/compose/api/condition-view.ts";

const DAY_MS = 86_400_000;
const NOW_MS = Date.UTC(2026, 10, 21);

/** What is the matter after these events, each so many days ago. */
async function after(...events: readonly (readonly [kind: EndDeviceEventKind, daysAgo: number])[]): Promise<string[]> {
  const registry = memoryRegistry();
  await registry.recordCollection(
    {
      coverage: [],
      health: [],
      events: events.map(([kind, daysAgo], code) => ({ meterId: "W1", atMs: NOW_MS - daysAgo * DAY_MS, kind, log: "0-1:24.5.0", code })),
    },
    NOW_MS,
  );
  const conditions = await conditionsOf(registry, "W1", NOW_MS);
  return conditions.map(({ kind, since, severity }) => `${kind} ${(NOW_MS - Date.parse(since)) / DAY_MS} days, ${severity}`);
}

describe("what is the matter with a meter", () => {
  it("lasts until its end is told, and counts from when it began", async () => {
    expect(await after(["leak", 9], ["leak", 2])).toEqual(["leak 9 days, warning"]);
    expect(await after(["leak", 9], ["leakEnded", 5])).toEqual([]);
    expect(await after(["leak", 9], ["leakEnded", 5], ["leak", 1])).toEqual(["leak 1 days, warning"]);
  });

  it("is told the worst first", async () => {
    expect(await after(["batteryLow", 1], ["leak", 1], ["backflow", 1])).toEqual([
      "backflow 1 days, alarm",
      "leak 1 days, warning",
      "batteryLow 1 days, warning",
    ]);
  });

  it("is forgotten after a time, where nobody can tell its end", async () => {
    expect(await after(["tamper", 31], ["batteryLow", 380])).toEqual(["batteryLow 380 days, warning"]);
    expect(await after(["coverOpened", 3], ["coverClosed", 3])).toEqual([]);
  });

  it("is nothing that a meter only mentions", async () => {
    expect(await after(["powerUp", 1], ["clockSet", 1], ["supplyConnected", 1])).toEqual([]);
  });
});
