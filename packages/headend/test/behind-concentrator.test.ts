import { digest } from "@amity/crypto";
import { describe, expect, it } from "vitest";
import { firmwareOf } from "../src/index.ts";
import { fleetUtility } from "./fleet-utility.ts";
import { HOUR_MS } from "./lasting-head-end.ts";

const START_MS = Date.UTC(2026, 0, 20, 1);

describe("a meter behind a concentrator", () => {
  it("gets new keys through it, and is collected and commanded under them from then on", async () => {
    const utility = await fleetUtility({ startMs: START_MS, behindConcentrator: true, settings: { concentratorAuth: "lls" } });
    const [meterId = ""] = utility.meterIds;
    const key = () => utility.keys.secret({ owner: meterId, purpose: "guek" });
    const before = await key();
    expect(await utility.ask({ kind: "changeKeys", by: "transfer" })).toMatchObject({ state: "done" });
    expect(await utility.ask({ kind: "ping" })).toMatchObject({ state: "done" });
    expect(await key()).not.toEqual(before);
    expect(utility.fleet.device(meterId).keys().encryptionKey).toEqual(await key());
    const intervals = utility.sink.intervals.size;
    await utility.simulation.runUntil(START_MS + 3 * HOUR_MS);
    expect(utility.sink.intervals.size).toBeGreaterThan(intervals);
  });

  it("keeps its keys where the concentrator reads it under them", async () => {
    const utility = await fleetUtility({ startMs: START_MS, behindConcentrator: true });
    await expect(utility.order({ kind: "changeKeys", by: "transfer" })).rejects.toMatchObject({ code: "unsupported" });
  });

  it("gets its firmware through it", async () => {
    const utility = await fleetUtility({ startMs: START_MS, behindConcentrator: true });
    const content = new Uint8Array(10_000).fill(3);
    const octets = Uint8Array.of(...content, ...digest("sha256", content));
    await utility.registry.addFirmware(firmwareOf({ identification: "AMT-4.0", octets }, { by: "anna", atMs: START_MS }));
    expect(await utility.ask({ kind: "updateFirmware", image: "AMT-4.0" })).toMatchObject({
      state: "done",
      outcome: "read back: firmware AMT-4.0 runs",
    });
  });
});
