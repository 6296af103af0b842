import { subMeterSources } from "@amity/concentrator";
import type { Device } from "../src/index.ts";
import { describe, expect, it } from "vitest";
import { HOUR_MS } from "../../concentrator/test/test-meter.ts";
import { concentratedUtility } from "./concentrated-utility.ts";
import { directUtility, type DirectUtility } from "./direct-utility.ts";
import { DAY_MS, START_MS } from "./lasting-head-end.ts";

const MINUTE_MS = 60_000;
const GAS: Device = {
  meterId: "G1",
  protocol: "dlms",
  route: { kind: "behind", hostMeterId: "M1", channel: 1 },
  settings: { medium: "gas" },
  status: "active",
};
const FLOOR_MS = Math.ceil((START_MS - 3 * DAY_MS) / DAY_MS) * DAY_MS;

/** Hours of the gas meter that the sink has not, or has otherwise. */
function missingGas(utility: DirectUtility, fromMs: number, toMs: number): string[] {
  const meter = utility.meters[0];
  const missing: string[] = [];
  for (let atMs = fromMs; atMs < toMs; atMs += HOUR_MS) {
    const key = `G1 7-0:3.0.0 ${atMs}`;
    const expected = meter === undefined ? 0 : meter.gas(atMs + HOUR_MS) - meter.gas(atMs);
    if (utility.sink.intervals.get(key)?.value !== expected) missing.push(key);
  }
  return missing;
}

const RELAYED = {
  concentrator: {
    meters: ["M1", "M2"].map((meterId) => ({
      meterId,
      address: meterId,
      clientSap: 2,
      authentication: { mechanism: "lls" as const, password: new TextEncoder().encode("0123456789ABCDEF") },
      sources: subMeterSources(1, 3 * DAY_MS),
    })),
  },
};

describe("a meter behind another", () => {
  for (const [name, build] of [
    ["on direct TCP", () => directUtility({ meters: 2 })],
    ["through a concentrator", () => concentratedUtility({ meters: 2, ...RELAYED })],
  ] as const) {
    it(`has its history and every new hour under its own id ${name}`, async () => {
      const utility = await build();
      await utility.registry.registerDevices([GAS]);
      utility.meters[0]?.subEvents.push({ atMs: START_MS - HOUR_MS, code: 162 });
      await utility.headEnd().start();
      await utility.simulation.runUntil(START_MS + 20 * MINUTE_MS);
      expect(missingGas(utility, FLOOR_MS, START_MS - HOUR_MS)).toEqual([]);
      await utility.simulation.runUntil(START_MS + 5 * HOUR_MS);
      expect(missingGas(utility, FLOOR_MS, Date.UTC(2026, 10, 1, 16))).toEqual([]);
      expect(utility.sink.events.get(`G1 0-1:24.5.0 ${START_MS - HOUR_MS} 162`)?.kind).toBe("supplyDisconnected");
      const detail = await utility.headEnd().views.meter("G1");
      expect(detail?.coverage.map(({ profile }) => profile)).toContain("0-1:24.3.0");
      expect(detail?.health.lastSeenMs).toBeGreaterThan(START_MS + 3 * HOUR_MS);
      expect(utility.headEnd().views.backfill().fraction).toBe(1);
    });

    it(`has a valve that moves in its own time looked at again until it has moved, or the command expires ${name}`, async () => {
      const utility = await build();
      const [host] = utility.meters;
      const { timers } = utility.simulation.node("street").world;
      host!.whenValveListens = (move) => void timers.after(11 * MINUTE_MS, move);
      await utility.registry.registerDevices([GAS]);
      await utility.headEnd().start();
      await utility.simulation.runUntil(START_MS + MINUTE_MS);
      const request = { meterId: "G1", requestedBy: "anna", requestedAtMs: START_MS, expiresAtMs: START_MS + HOUR_MS } as const;
      await utility.simulation.runFor(utility.headEnd().submit({ ...request, commandId: "v1", control: { kind: "disconnect" } }));
      await utility.simulation.runUntil(START_MS + 6 * MINUTE_MS);
      expect(await utility.headEnd().views.command("v1")).toMatchObject({ state: "unknown" });
      await utility.simulation.runUntil(START_MS + 25 * MINUTE_MS);
      expect(await utility.headEnd().views.command("v1")).toMatchObject({ state: "done" });
      host!.whenValveListens = () => {};
      await utility.simulation.runFor(utility.headEnd().submit({ ...request, commandId: "v2", control: { kind: "connect" } }));
      await utility.simulation.runUntil(START_MS + 2 * HOUR_MS);
      expect(await utility.headEnd().views.command("v2")).toMatchObject({ state: "failed" });
      expect(host!.valveOpen).toBe(false);
    });

    it(`has its valve closed through the command gate and read back ${name}`, async () => {
      const utility = await build();
      await utility.registry.registerDevices([GAS]);
      await utility.headEnd().start();
      await utility.simulation.runUntil(START_MS + MINUTE_MS);
      const request = {
        commandId: "v1",
        meterId: "G1",
        control: { kind: "disconnect" },
        requestedBy: "anna",
        requestedAtMs: START_MS,
        expiresAtMs: START_MS + HOUR_MS,
      } as const;
      await utility.simulation.runFor(utility.headEnd().submit(request));
      await utility.simulation.runUntil(START_MS + 5 * MINUTE_MS);
      expect(utility.meters[0]?.valveOpen).toBe(false);
      expect(utility.meters[0]?.outputOn).toBe(true);
      expect(await utility.headEnd().views.command("v1")).toMatchObject({
        state: "done",
        outcome: "read back: output off, control state disconnected",
      });
      await expect(
        utility.simulation.runFor(utility.headEnd().submit({ ...request, commandId: "v2", control: { kind: "setClock" } })),
      ).rejects.toMatchObject({ code: "unsupported" });
    });
  }

  it("loses and doubles nothing when the head-end crashes between sink and coverage", async () => {
    const utility = await directUtility({ seed: 9, meters: 1 });
    await utility.registry.registerDevices([GAS]);
    await utility.headEnd().start();
    for (let round = 0; round < 20; round++) {
      await utility.simulation.runUntil(utility.simulation.nowMs + 53 + 173 * round);
      await utility.crash();
    }
    await utility.simulation.runUntil(START_MS + 2 * HOUR_MS);
    expect(missingGas(utility, FLOOR_MS, Date.UTC(2026, 10, 1, 13))).toEqual([]);
  });

  it("is put aside while nobody registered it, and found again afterwards", async () => {
    const utility = await concentratedUtility({ meters: 2, ...RELAYED });
    await utility.headEnd().start();
    await utility.simulation.runUntil(START_MS + 20 * MINUTE_MS);
    const held = await utility.registry.quarantined();
    expect(held[0]?.reason).toMatch(/no meter is registered for 0-1:24\.[35]\.0 of M[12]/);
    await utility.registry.registerDevices([GAS]);
    await utility.simulation.runFor(utility.headEnd().refresh());
    expect(missingGas(utility, FLOOR_MS, START_MS - HOUR_MS)).toEqual([]);
  });

  it("has the codes that its maker keeps to himself named by its registration", async () => {
    const utility = await directUtility({ meters: 1 });
    await utility.registry.registerDevices([{ ...GAS, settings: { medium: "gas", eventCodes: "246=burst" } }]);
    utility.meters[0]?.subEvents.push({ atMs: START_MS - HOUR_MS, code: 246 }, { atMs: START_MS - HOUR_MS, code: 247 });
    await utility.headEnd().start();
    await utility.simulation.runUntil(START_MS + 20 * MINUTE_MS);
    expect([...utility.sink.events.values()].map(({ code, kind }) => `${code} ${kind}`)).toEqual(["246 burst", "247 other"]);
  });

  it("is told apart by what its registration says when only its volume is known", async () => {
    const utility = await directUtility({ meters: 1 });
    await utility.registry.registerDevices([{ ...GAS, settings: {} }]);
    await utility.headEnd().start();
    await utility.simulation.runUntil(START_MS + 20 * MINUTE_MS);
    const detail = await utility.headEnd().views.meter("G1");
    expect(detail?.health.lastError).toMatchObject({ code: "unknown-medium" });
    expect((await utility.headEnd().views.meter("M1"))?.health.consecutiveFailures).toBe(0);
  });

  it("gives its registers at the instant at which its host took them", async () => {
    const utility = await directUtility({ meters: 1 });
    await utility.registry.registerDevices([GAS]);
    await utility.headEnd().start();
    await utility.simulation.runUntil(START_MS + MINUTE_MS);
    const [register] = await utility.simulation.runFor(utility.headEnd().readNow("G1"));
    const hourMs = Date.UTC(2026, 10, 1, 12);
    expect(register).toMatchObject({ meterId: "G1", channel: "7-0:3.0.0", unit: "m3", scaler: -3, atMs: hourMs });
    expect(register?.value).toBe(BigInt(utility.meters[0]?.gas(hourMs) ?? 0));
    // The converted volume is in the same unit and is another register.
    expect(utility.sink.registers.get(`G1 0-1:24.2.2 ${hourMs}`)?.value).toBe(2n * (register?.value ?? 0n));
  });
});
