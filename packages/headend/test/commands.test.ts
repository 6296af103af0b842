import type { CommandRequest, EndDeviceControl } from "@amity/model";
import { describe, expect, it } from "vitest";
import { concentratedUtility } from "./concentrated-utility.ts";
import { directUtility } from "./direct-utility.ts";
import { DAY_MS, START_MS } from "./lasting-head-end.ts";

const MINUTE_MS = 60_000;

function request(commandId: string, control: EndDeviceControl, change: Partial<CommandRequest> = {}): CommandRequest {
  return {
    commandId,
    meterId: "M1",
    control,
    requestedBy: "anna",
    requestedAtMs: START_MS,
    expiresAtMs: START_MS + 30 * MINUTE_MS,
    ...change,
  };
}

describe("the command gate", () => {
  for (const [name, build] of [
    ["on direct TCP", () => directUtility({ meters: 2 })],
    ["through the relay of a concentrator", () => concentratedUtility({ meters: 2 })],
  ] as const) {
    it(`disconnects and reconnects a meter ${name}, reads the state back and writes it all down`, async () => {
      const utility = await build();
      await utility.headEnd().start();
      await utility.simulation.runUntil(START_MS + MINUTE_MS);
      await utility.simulation.runFor(utility.headEnd().submit(request("c1", { kind: "disconnect" })));
      await utility.simulation.runUntil(START_MS + 3 * MINUTE_MS);
      expect(utility.meters[0]?.outputOn).toBe(false);
      const detail = await utility.headEnd().views.command("c1");
      expect(detail).toMatchObject({ state: "done", attempts: 1, outcome: "read back: output off, control state disconnected" });
      expect(detail?.audit.map(({ state, by }) => `${state} by ${by}`)).toEqual([
        "waiting by anna",
        "dispatched by head-end",
        "done by head-end",
      ]);
      expect((await utility.headEnd().views.meter("M1"))?.health.supply).toBe("disconnected");
      await utility.simulation.runFor(utility.headEnd().submit(request("c2", { kind: "connect" })));
      await utility.simulation.runUntil(START_MS + 6 * MINUTE_MS);
      expect(utility.meters[0]?.outputOn).toBe(true);
      expect((await utility.headEnd().views.command("c2"))?.state).toBe("done");
      expect(utility.meters[0]?.switchings).toBe(2);
      const told = utility.notices.flatMap((notice) =>
        notice.kind === "command" && notice.command.request.commandId === "c2" ? [notice.command.state] : [],
      );
      expect(told).toEqual(["waiting", "dispatched", "done"]);
    });

    it(`never repeats a command whose answer was lost ${name}: it reads back`, async () => {
      const utility = await build();
      const [meter] = utility.meters;
      if (meter !== undefined) {
        meter.beforeInvoke = () => {
          utility.simulation.network.resetStreams("headend", "M1");
          utility.simulation.network.resetStreams("C1", "M1");
        };
      }
      await utility.headEnd().start();
      await utility.simulation.runUntil(START_MS + MINUTE_MS);
      await utility.simulation.runFor(utility.headEnd().submit(request("c1", { kind: "disconnect" })));
      await utility.simulation.runUntil(START_MS + 10 * MINUTE_MS);
      const detail = await utility.headEnd().views.command("c1");
      expect(detail?.audit.map(({ state }) => state)).toEqual(["waiting", "dispatched", "unknown", "done"]);
      expect(meter?.switchings).toBe(1);
    });
  }

  it("finds out by reading back that a command never arrived, and leaves it at that", async () => {
    const utility = await directUtility({ meters: 1 });
    await utility.headEnd().start();
    await utility.simulation.runUntil(START_MS + MINUTE_MS);
    await utility.simulation.runFor(utility.headEnd().submit(request("c1", { kind: "disconnect" })));
    const unsubscribe = utility.headEnd().subscribe((notice) => {
      // The line breaks at the very moment that the command is dispatched.
      if (notice.kind === "command" && notice.command.state === "dispatched") utility.simulation.network.resetStreams("headend", "M1");
    });
    await utility.simulation.runUntil(START_MS + 10 * MINUTE_MS);
    unsubscribe();
    const detail = await utility.headEnd().views.command("c1");
    expect(detail?.state).toBe("failed");
    expect(detail?.outcome).toContain("not carried out");
    expect(utility.meters[0]).toMatchObject({ switchings: 0, outputOn: true });
  });

  it("takes a dispatched command for unknown after a crash, at whatever moment it comes", async () => {
    for (let delayMs = 0; delayMs < 900; delayMs += 60) {
      const utility = await directUtility({ meters: 1, seed: delayMs, headEnd: { historyMs: DAY_MS } });
      await utility.headEnd().start();
      await utility.simulation.runUntil(START_MS + MINUTE_MS);
      await utility.simulation.runFor(utility.headEnd().submit(request("c1", { kind: "disconnect" })));
      await utility.simulation.runUntil(utility.simulation.nowMs + delayMs);
      await utility.crash();
      await utility.simulation.runUntil(START_MS + 20 * MINUTE_MS);
      const detail = await utility.headEnd().views.command("c1");
      expect(["done", "failed"]).toContain(detail?.state);
      expect(utility.meters[0]?.switchings, `crash after ${delayMs} ms: ${JSON.stringify(detail?.audit)}`).toBe(
        detail?.state === "done" ? 1 : 0,
      );
    }
  });

  it("lets a command expire while the meter cannot be reached, and sends nothing afterwards", async () => {
    const utility = await directUtility({ meters: 1 });
    await utility.headEnd().start();
    await utility.simulation.runUntil(START_MS + MINUTE_MS);
    utility.simulation.network.setPartition("headend", "M1", true);
    await utility.simulation.runFor(utility.headEnd().submit(request("c1", { kind: "disconnect" })));
    await utility.simulation.runUntil(START_MS + 40 * MINUTE_MS);
    utility.simulation.network.setPartition("headend", "M1", false);
    await utility.simulation.runUntil(START_MS + 90 * MINUTE_MS);
    expect((await utility.headEnd().views.command("c1"))?.state).toBe("expired");
    expect(utility.meters[0]?.switchings).toBe(0);
  });

  it("cancels a command that waits, not one that is done", async () => {
    const utility = await directUtility({ meters: 1 });
    await utility.headEnd().start();
    utility.simulation.network.setPartition("headend", "M1", true);
    await utility.simulation.runFor(utility.headEnd().submit(request("c1", { kind: "disconnect" })));
    expect(await utility.headEnd().cancel("c1", "bert")).toBe(true);
    utility.simulation.network.setPartition("headend", "M1", false);
    await utility.simulation.runUntil(START_MS + 20 * MINUTE_MS);
    expect(await utility.headEnd().cancel("c1", "bert")).toBe(false);
    const detail = await utility.headEnd().views.command("c1");
    expect(detail?.state).toBe("cancelled");
    expect(detail?.audit.at(-1)?.by).toBe("bert");
    expect(utility.meters[0]?.switchings).toBe(0);
  });

  it("knows a request by its id, and refuses another content under it", async () => {
    const utility = await directUtility({ meters: 2 });
    await utility.headEnd().start();
    const submit = (given: CommandRequest) => utility.simulation.runFor(utility.headEnd().submit(given));
    await submit(request("c1", { kind: "ping" }));
    await submit(request("c1", { kind: "ping" }));
    await expect(submit(request("c1", { kind: "connect" }))).rejects.toMatchObject({ code: "id-conflict" });
    await expect(submit(request("c2", { kind: "ping" }, { meterId: "M9" }))).rejects.toMatchObject({ code: "unknown-meter" });
    await expect(submit(request("c3", { kind: "ping" }, { expiresAtMs: START_MS }))).rejects.toMatchObject({ code: "expired" });
    await utility.simulation.runUntil(START_MS + 5 * MINUTE_MS);
    const detail = await utility.headEnd().views.command("c1");
    expect(detail).toMatchObject({ state: "done", attempts: 1 });
    expect(detail?.outcome).toMatch(/clock is off by -?0 s/);
  });

  it("stops at the quota of switchings in an hour, and at the utility's own policy", async () => {
    const policy = (given: CommandRequest) => (given.requestedBy === "guest" ? "guests do not command" : undefined);
    const utility = await directUtility({ meters: 1, headEnd: { switchingPerHourMax: 2, policy } });
    await utility.headEnd().start();
    const submit = (given: CommandRequest) => utility.simulation.runFor(utility.headEnd().submit(given));
    await submit(request("c1", { kind: "disconnect" }));
    await submit(request("c2", { kind: "connect" }));
    await expect(submit(request("c3", { kind: "disconnect" }))).rejects.toMatchObject({ code: "quota" });
    await expect(submit(request("c4", { kind: "ping" }, { requestedBy: "guest" }))).rejects.toMatchObject({ code: "policy" });
    await submit(request("c5", { kind: "ping" }));
    await utility.simulation.runUntil(START_MS + 61 * MINUTE_MS);
    await submit(request("c3", { kind: "disconnect" }, { expiresAtMs: START_MS + 99 * MINUTE_MS }));
  });

  it("checks a request as it would be checked, and neither records nor counts it", async () => {
    const utility = await directUtility({ meters: 1, headEnd: { switchingPerHourMax: 1, approvalFor: ["limit"] } });
    const headEnd = () => utility.headEnd();
    await headEnd().start();
    expect(await headEnd().check(request("c1", { kind: "disconnect" }))).toEqual({ needsApproval: false });
    expect(await headEnd().check(request("c1", { kind: "limit", watts: 500, overSeconds: 60 }))).toEqual({ needsApproval: true });
    await expect(headEnd().check(request("c1", { kind: "limit", watts: 0, overSeconds: 60 }))).rejects.toThrow(/1 to/);
    expect(await headEnd().views.command("c1")).toBeUndefined();
    await utility.simulation.runFor(headEnd().submit(request("c1", { kind: "disconnect" }, { reason: "unsafe wiring" })));
    await expect(headEnd().check(request("c2", { kind: "connect" }))).rejects.toThrow(/within the hour/);
    const detail = await headEnd().views.command("c1");
    expect(detail?.request.reason).toBe("unsafe wiring");
    expect(detail?.audit[0]?.note).toBe("requested: disconnect (unsafe wiring)");
  });

  it("tells which controls a meter takes over its route", async () => {
    const utility = await directUtility({ meters: 1 });
    const behind = { kind: "behind", hostMeterId: "M1", channel: 1 } as const;
    await utility.registry.registerDevices([
      { meterId: "G1", protocol: "dlms", route: behind, settings: { medium: "gas" }, status: "active" },
      { meterId: "X1", protocol: "dlms", route: { ...behind, hostMeterId: "NOBODY" }, settings: { medium: "gas" }, status: "active" },
    ]);
    await utility.headEnd().start();
    const { views } = utility.headEnd();
    expect(views.controlsOffered("M1")).toEqual(expect.arrayContaining(["disconnect", "limit", "tariff", "message", "setClock"]));
    expect(views.controlsOffered("G1")).not.toContain("limit");
    expect([views.controlsOffered("X1"), views.controlsOffered("M9")]).toEqual([[], []]);
  });

  it("sets the clock over a slow line, and holds what the line takes against nobody", async () => {
    const utility = await directUtility({ meters: 1, headEnd: { requestTimeoutMs: 90_000 } });
    utility.simulation.network.conditions.latencyMs = 15_000;
    await utility.headEnd().start();
    const expiresAtMs = START_MS + 6 * 60 * MINUTE_MS;
    await utility.simulation.runFor(utility.headEnd().submit(request("c1", { kind: "setClock" }, { expiresAtMs })));
    await utility.simulation.runUntil(expiresAtMs);
    expect(await utility.headEnd().views.command("c1")).toMatchObject({ state: "done", outcome: "read back: clock off by -15 s" });
  });

  it("reads registers and a span of the profile when asked, and hands them to the sink", async () => {
    const utility = await directUtility({ meters: 1, headEnd: { historyMs: DAY_MS } });
    await utility.headEnd().start();
    const fromMs = Date.UTC(2026, 9, 28, 6, 0);
    const toMs = Date.UTC(2026, 9, 29, 18, 0);
    await utility.simulation.runFor(utility.headEnd().submit(request("c1", { kind: "readRegisters" })));
    await utility.simulation.runFor(utility.headEnd().submit(request("c2", { kind: "readProfile", fromMs, toMs })));
    await utility.simulation.runUntil(START_MS + 5 * MINUTE_MS);
    const registers = (await utility.headEnd().views.command("c1"))?.registers;
    expect(registers).toHaveLength(4);
    expect(utility.sink.registers.has(`M1 1-0:1.8.0 ${registers?.[0]?.atMs}`)).toBe(true);
    expect(await utility.headEnd().views.command("c2")).toMatchObject({ state: "done", outcome: `${4 * (96 + 72)} intervals read` });
    expect(utility.sink.intervals.has(`M1 1-0:4.8.0 ${fromMs}`)).toBe(true);
    expect(utility.sink.intervals.has(`M1 1-0:4.8.0 ${toMs - 900_000}`)).toBe(true);
  });

  it("sends nothing that needs a second person until somebody else approves it, and writes both names down", async () => {
    const utility = await directUtility({ meters: 1, headEnd: { approvalFor: ["disconnect"] } });
    const { simulation } = utility;
    const detail = () => utility.headEnd().views.command("c1");
    await utility.headEnd().start();
    await simulation.runUntil(START_MS + MINUTE_MS);
    await simulation.runFor(utility.headEnd().submit(request("c1", { kind: "disconnect" })));
    await simulation.runUntil(START_MS + 5 * MINUTE_MS);
    expect(await detail()).toMatchObject({ state: "waiting", approval: {}, attempts: 0 });
    expect(utility.meters[0]?.outputOn).toBe(true);
    const own = simulation.runFor(utility.headEnd().approve("c1", { by: "anna", note: "" }));
    await expect(own).rejects.toMatchObject({ code: "approval-own" });
    expect(await simulation.runFor(utility.headEnd().approve("none", { by: "ben", note: "" }))).toBeUndefined();
    expect(await simulation.runFor(utility.headEnd().approve("c1", { by: "ben", note: "owner moved out" }))).toMatchObject({
      approval: { by: "ben" },
    });
    await simulation.runUntil(START_MS + 8 * MINUTE_MS);
    expect(await detail()).toMatchObject({ state: "done", approval: { by: "ben", note: "owner moved out" } });
    expect(utility.meters[0]?.outputOn).toBe(false);
    expect((await detail())?.audit.map(({ state, by, note }) => `${state} by ${by}: ${note}`).slice(0, 2)).toEqual([
      "waiting by anna: requested: disconnect; waits for a second person",
      "waiting by ben: approved by ben: owner moved out",
    ]);
    expect(await simulation.runFor(utility.headEnd().approve("c1", { by: "carl", note: "" }))).toBeUndefined();
    await simulation.runFor(utility.headEnd().submit(request("c2", { kind: "connect" })));
    await expect(simulation.runFor(utility.headEnd().approve("c2", { by: "ben", note: "" }))).rejects.toMatchObject({
      code: "approval-not-needed",
    });
  });

  it("lets what nobody approved expire unsent, also after a restart, and takes a no", async () => {
    const utility = await directUtility({ meters: 1, headEnd: { approvalFor: ["disconnect"] } });
    const { simulation } = utility;
    await utility.headEnd().start();
    await simulation.runUntil(START_MS + MINUTE_MS);
    await simulation.runFor(utility.headEnd().submit(request("c1", { kind: "disconnect" })));
    await simulation.runFor(utility.headEnd().submit(request("c2", { kind: "disconnect" })));
    expect(await simulation.runFor(utility.headEnd().cancel("c2", "ben", "wrong house"))).toBe(true);
    await utility.crash();
    await simulation.runUntil(START_MS + 40 * MINUTE_MS);
    expect(await utility.headEnd().views.command("c1")).toMatchObject({ state: "expired", outcome: "expired before it could be sent" });
    expect(await utility.headEnd().views.command("c2")).toMatchObject({ state: "cancelled", outcome: "cancelled by ben: wrong house" });
    expect(utility.meters[0]?.outputOn).toBe(true);
  });
});
