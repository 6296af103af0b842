import { describe, expect, it } from "vitest";
import type { CommandRecord } from "../src/index.ts";
import { wirelessUtility, type WirelessUtility } from "./wireless-utility.ts";
import { MINUTE_MS, START_MS } from "./lasting-head-end.ts";

const HOUR_MS = 60 * MINUTE_MS;

function submit(
  utility: WirelessUtility,
  meterId: string,
  kind: "disconnect" | "connect" | "readRegisters" | "ping",
  options: { id?: string; lifeMs?: number } = {},
) {
  const requestedAtMs = utility.simulation.nowMs;
  const commandId = options.id ?? `${kind} ${meterId}`;
  const request = {
    commandId,
    meterId,
    control: { kind },
    requestedBy: "anna",
    requestedAtMs,
    expiresAtMs: requestedAtMs + (options.lifeMs ?? 6 * HOUR_MS),
  };
  return utility.simulation.runFor(utility.headEnd().submit(request));
}

const commandOf = async (utility: WirelessUtility, commandId: string) => {
  const detail = await utility.simulation.runFor(utility.headEnd().views.command(commandId));
  return detail as CommandRecord & { audit: readonly { state: string; note: string }[] };
};

describe("a command to a wireless meter", () => {
  it("waits for the meter's window, is carried out once, and is done when the meter itself says so", async () => {
    const utility = await wirelessUtility();
    await utility.headEnd().start();
    await utility.simulation.runUntil(START_MS + 30 * MINUTE_MS);
    for (const meterId of ["V0", "V1", "V2"]) await submit(utility, meterId, "disconnect");
    await utility.simulation.runUntil(START_MS + 45 * MINUTE_MS);
    for (const meter of utility.meters) {
      const command = await commandOf(utility, `disconnect ${meter.meterId}`);
      expect([command.state, command.outcome]).toEqual(["done", "read back: output off, control state disconnected"]);
      const notes = command.audit.map(({ note }) => note);
      expect(notes.slice(0, 3)).toEqual(["requested: disconnect", "dispatched", "queued at C1: waits for the meter's next telegram"]);
      expect(notes.some((note) => note.startsWith("sent by C1 in the meter's window"))).toBe(true);
      expect([meter.valve, meter.moves]).toEqual([0, 1]);
      expect((await utility.registry.device(meter.meterId))?.health.supply).toBe("disconnected");
    }
  });

  it("is told from the one before it, soon after it and after the head-end crashed", async () => {
    const utility = await wirelessUtility();
    await utility.headEnd().start();
    await utility.simulation.runUntil(START_MS + 30 * MINUTE_MS);
    const kinds = ["disconnect", "connect", "disconnect", "connect"] as const;
    for (const [round, kind] of kinds.entries()) {
      for (const { meterId } of utility.meters) await submit(utility, meterId, kind, { id: `${round} ${meterId}` });
      await utility.simulation.runUntil(START_MS + (45 + 15 * round) * MINUTE_MS);
      if (round === 1) await utility.crash();
      for (const meter of utility.meters) {
        expect((await commandOf(utility, `${round} ${meter.meterId}`)).state).toBe("done");
        expect([meter.valve, meter.moves]).toEqual([kind === "connect" ? 1 : 0, round + 1]);
      }
    }
  });

  it("is not believed to be done because the meter acknowledged it", async () => {
    const utility = await wirelessUtility();
    utility.meters[1]!.isStuck = true;
    await utility.headEnd().start();
    await utility.simulation.runUntil(START_MS + 10 * MINUTE_MS);
    await submit(utility, "V1", "disconnect");
    await utility.simulation.runUntil(START_MS + 25 * MINUTE_MS);
    const command = await commandOf(utility, "disconnect V1");
    expect([command.state, command.outcome]).toEqual(["failed", "read back: output on, control state connected; not carried out"]);
  });

  it("gets through an air that loses a third, and moves each valve once", async () => {
    for (const seed of [1, 2, 3]) {
      const utility = await wirelessUtility({ loss: 0.33, seed });
      await utility.headEnd().start();
      for (const meterId of ["V0", "V1", "V2"]) await submit(utility, meterId, "disconnect");
      await utility.simulation.runUntil(START_MS + 4 * HOUR_MS);
      for (const meter of utility.meters) {
        expect((await commandOf(utility, `disconnect ${meter.meterId}`)).state).toBe("done");
        expect([meter.valve, meter.moves]).toEqual([0, 1]);
      }
    }
  });

  it("expires unsent where the meter is not heard", async () => {
    const utility = await wirelessUtility();
    await utility.headEnd().start();
    await utility.simulation.runUntil(START_MS + 10 * MINUTE_MS);
    utility.medium.setIsolated(2, true);
    await submit(utility, "V1", "disconnect", { lifeMs: HOUR_MS });
    await utility.simulation.runUntil(START_MS + 2 * HOUR_MS);
    const command = await commandOf(utility, "disconnect V1");
    expect([command.state, command.outcome]).toEqual(["expired", "expired: the meter was not heard in time, nothing was sent"]);
    utility.medium.setIsolated(2, false);
    await utility.simulation.runUntil(START_MS + 3 * HOUR_MS);
    expect(utility.meters[1]!.moves).toBe(0);
  });

  it("is asked for, not sent again, where it was sent and nothing came back in time", async () => {
    const utility = await wirelessUtility();
    await utility.headEnd().start();
    await utility.simulation.runUntil(START_MS + 10 * MINUTE_MS);
    // The meter hears, and is not heard any more once it has been spoken to.
    const { radio } = utility.meters[1]!;
    const hear = radio.hear.bind(radio);
    let isMute = true;
    radio.hear = (octets) => {
      const answer = hear(octets);
      return isMute ? undefined : answer;
    };
    await submit(utility, "V1", "disconnect", { lifeMs: HOUR_MS });
    await utility.simulation.runUntil(START_MS + 2 * HOUR_MS);
    expect((await commandOf(utility, "disconnect V1")).state).toBe("unknown");
    expect(utility.meters[1]!.moves).toBe(1);
    isMute = false;
    await utility.simulation.runUntil(START_MS + 3 * HOUR_MS);
    const command = await commandOf(utility, "disconnect V1");
    expect([command.state, utility.meters[1]!.moves]).toEqual(["done", 1]);
  });

  it("is carried out once over crashes of concentrator and head-end", async () => {
    for (const everyMs of [40_000, 97_000, 150_500]) {
      const utility = await wirelessUtility({ loss: 0.2, seed: everyMs });
      await utility.headEnd().start();
      await utility.simulation.runUntil(START_MS + 7 * MINUTE_MS);
      for (const meterId of ["V0", "V1", "V2"]) await submit(utility, meterId, "disconnect");
      for (let round = 0; round < 12; round++) {
        await utility.simulation.runUntil(utility.simulation.nowMs + everyMs);
        if (round % 2 === 0) await utility.crashConcentrator();
        else await utility.crash();
      }
      await utility.simulation.runUntil(START_MS + 8 * HOUR_MS);
      for (const meter of utility.meters) {
        const command = await commandOf(utility, `disconnect ${meter.meterId}`);
        expect([command.state, meter.valve, meter.moves]).toEqual(["done", 0, 1]);
      }
    }
  });

  it("can be cancelled until it is sent", async () => {
    const utility = await wirelessUtility();
    await utility.headEnd().start();
    await utility.simulation.runUntil(START_MS + 10 * MINUTE_MS);
    await submit(utility, "V1", "disconnect");
    await utility.simulation.runUntil(utility.simulation.nowMs + 2_000);
    expect(await utility.simulation.runFor(utility.headEnd().cancel("disconnect V1", "anna"))).toBe(true);
    await utility.simulation.runUntil(START_MS + HOUR_MS);
    expect([(await commandOf(utility, "disconnect V1")).state, utility.meters[1]!.moves]).toEqual(["cancelled", 0]);
  });

  it("reads registers and clock, and is offered only to meters that listen, a valve only where there is one", async () => {
    const utility = await wirelessUtility();
    await utility.headEnd().start();
    await submit(utility, "V2", "readRegisters");
    await utility.simulation.runUntil(START_MS + 15 * MINUTE_MS);
    const read = await commandOf(utility, "readRegisters V2");
    expect([read.state, read.outcome]).toEqual(["done", "1 registers read"]);
    const [first] = await utility.registry.activeDevices();
    const settings = (values: Record<string, string | boolean>) => ({ ...first!.device, settings: values });
    await utility.registry.registerDevices([
      { ...settings({ radio: "T2" }), meterId: "V0" },
      { ...settings({}), meterId: "V1" },
    ]);
    await utility.simulation.runFor(utility.headEnd().refresh());
    expect(utility.headEnd().views.controlsOffered("V0")).toEqual(["readRegisters", "ping"]);
    expect(utility.headEnd().views.controlsOffered("V1")).toEqual([]);
    await expect(submit(utility, "V0", "disconnect")).rejects.toThrow("its driver does not offer it");
  });
});
