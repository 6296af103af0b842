import { digest } from "@amity/crypto";
import { describe, expect, it } from "vitest";
import { firmwareOf, type CommandDetail, type FirmwareImage, type FirmwareUpload } from "../src/index.ts";
import { fleetUtility, type FleetUtility } from "./fleet-utility.ts";
import { HOUR_MS, MINUTE_MS } from "./lasting-head-end.ts";

/** Noon in Sydney on a summer day. */
const START_MS = Date.UTC(2026, 0, 20, 1);

/** As the simulated meters want one: at its end is the SHA-256 of what stands before it. */
function imageOf(identification: string, octets: number, more: Partial<FirmwareUpload> = {}): FirmwareImage {
  const content = Uint8Array.from({ length: octets }, (_, index) => (index * 7 + identification.length) & 0xff);
  const whole = Uint8Array.of(...content, ...digest("sha256", content));
  return firmwareOf({ identification, octets: whole, ...more }, { by: "anna", atMs: START_MS });
}

async function utilityWith(image: FirmwareImage): Promise<FleetUtility> {
  const utility = await fleetUtility({ startMs: START_MS });
  expect(await utility.registry.addFirmware(image)).toBe("added");
  return utility;
}

function firmwareIn({ fleet, meterIds }: FleetUtility): string {
  const device = fleet.device(meterIds[0]!);
  device.advance();
  return device.meter.firmware;
}

const notes = (detail: CommandDetail | undefined): string[] => detail!.audit.map(({ note }) => note);

/** Runs until the command has told a step. */
async function untilStep(utility: FleetUtility, commandId: string, step: RegExp): Promise<void> {
  for (let round = 0; round < 20_000; round++) {
    if (notes(await utility.headEnd().views.command(commandId)).some((note) => step.test(note))) return;
    await utility.simulation.runUntil(utility.simulation.nowMs + 5);
  }
  throw new Error(`no step ${step}`);
}

describe("firmware of a meter through the command gate", () => {
  it("is brought in the meter's own blocks, verified, activated and read back", async () => {
    const image = imageOf("AMT-2.5.0", 20_000);
    const utility = await utilityWith(image);
    const before = firmwareIn(utility);
    const detail = await utility.ask({ kind: "updateFirmware", image: "AMT-2.5.0" });
    expect(detail).toMatchObject({ state: "done", outcome: "read back: firmware AMT-2.5.0 runs", attempts: 1 });
    expect(firmwareIn(utility)).toBe("AMT-2.5.0");
    expect(before).not.toBe("AMT-2.5.0");
    expect((await utility.registry.device(utility.meterIds[0]!))?.health.firmware).toBe("AMT-2.5.0");
    expect(notes(detail)).toEqual([
      "requested: updateFirmware",
      "dispatched",
      "transfer of 20032 octets begun: 40 blocks of 512",
      ...Array.from({ length: 10 }, (_, index) => `${(index + 1) * 4} of 40 blocks sent`),
      "verified by the meter",
      "activating",
      "read back: firmware AMT-2.5.0 runs",
    ]);
    const again = await utility.ask({ kind: "updateFirmware", image: "AMT-2.5.0" });
    expect(notes(again)).toEqual(["requested: updateFirmware", "dispatched", "read back: firmware AMT-2.5.0 runs"]);
  });

  it("goes on from the meter's bitmap when the line was lost, and sends no block twice that is there", async () => {
    const utility = await utilityWith(imageOf("AMT-2.5.1", 100_000));
    const { request } = await utility.order({ kind: "updateFirmware", image: "AMT-2.5.1" });
    await untilStep(utility, request.commandId, /^60 of 196 blocks sent/);
    utility.cut(true);
    utility.simulation.network.resetStreams("headend", "field");
    await utility.simulation.runUntil(utility.simulation.nowMs + 3 * MINUTE_MS);
    expect(await utility.headEnd().views.command(request.commandId)).toMatchObject({ state: "unknown" });
    utility.cut(false);
    await utility.simulation.runUntil(utility.simulation.nowMs + 10 * MINUTE_MS);
    const detail = await utility.headEnd().views.command(request.commandId);
    expect(detail).toMatchObject({ state: "done", outcome: "read back: firmware AMT-2.5.1 runs" });
    const told = notes(detail);
    const goingOn = /^going on: the meter has (\d+) of 196 blocks$/.exec(told.find((note) => note.startsWith("going on")) ?? "");
    expect(Number(goingOn?.[1])).toBeGreaterThanOrEqual(60);
    expect(told.filter((note) => note.startsWith("transfer of"))).toHaveLength(1);
    expect(told.filter((note) => note === "100 of 196 blocks sent").length).toBe(1);
  });

  it("goes on when the head-end was killed in the midst of it", async () => {
    const utility = await utilityWith(imageOf("AMT-2.5.2", 100_000));
    const { request } = await utility.order({ kind: "updateFirmware", image: "AMT-2.5.2" });
    await untilStep(utility, request.commandId, /^100 of 196 blocks sent/);
    await utility.crash();
    await utility.simulation.runUntil(utility.simulation.nowMs + 10 * MINUTE_MS);
    const detail = await utility.headEnd().views.command(request.commandId);
    expect(detail).toMatchObject({ state: "done" });
    expect(notes(detail)).toContain("the head-end restarted after dispatch: reading back");
    expect(notes(detail).filter((note) => note.startsWith("transfer of"))).toHaveLength(1);
    expect(firmwareIn(utility)).toBe("AMT-2.5.2");
  });

  it("lets others have their turn where it takes long, and goes on after them", async () => {
    const utility = await fleetUtility({ startMs: START_MS, driver: { firmwareSliceMs: 3_000 } });
    await utility.registry.addFirmware(imageOf("AMT-2.5.3", 100_000));
    const { request } = await utility.order({ kind: "updateFirmware", image: "AMT-2.5.3" });
    await utility.simulation.runUntil(START_MS + 15 * MINUTE_MS);
    const detail = await utility.headEnd().views.command(request.commandId);
    expect(detail).toMatchObject({ state: "done", outcome: "read back: firmware AMT-2.5.3 runs" });
    const told = notes(detail);
    expect(told.filter((note) => note.startsWith("transfer of"))).toHaveLength(1);
    expect(told.filter((note) => note.startsWith("going on: the meter has")).length).toBeGreaterThan(1);
  });

  it("waits in the meter, verified, for the time that was said", async () => {
    const utility = await utilityWith(imageOf("AMT-2.6.0", 5_000));
    const activateAtMs = START_MS + HOUR_MS;
    const detail = await utility.ask({ kind: "updateFirmware", image: "AMT-2.6.0", activateAtMs });
    expect(detail).toMatchObject({
      state: "done",
      outcome: "read back: image AMT-2.6.0 is verified and becomes active 2026-01-20T02:00:00.000Z",
    });
    expect(firmwareIn(utility)).not.toBe("AMT-2.6.0");
    await utility.simulation.runUntil(START_MS + HOUR_MS - MINUTE_MS);
    expect(firmwareIn(utility)).not.toBe("AMT-2.6.0");
    await utility.simulation.runUntil(START_MS + HOUR_MS + MINUTE_MS);
    expect(firmwareIn(utility)).toBe("AMT-2.6.0");
  });

  it("comes at its instant also where the meter's summer time ends before it", async () => {
    const startMs = Date.UTC(2026, 3, 4, 1);
    // In Sydney clocks go back on 5 April.
    const activateAtMs = Date.UTC(2026, 3, 5, 2);
    const utility = await fleetUtility({ startMs });
    await utility.registry.addFirmware(imageOf("AMT-2.6.1", 2_000));
    expect(await utility.ask({ kind: "updateFirmware", image: "AMT-2.6.1", activateAtMs })).toMatchObject({ state: "done" });
    await utility.simulation.runUntil(activateAtMs - MINUTE_MS);
    expect(firmwareIn(utility)).not.toBe("AMT-2.6.1");
    await utility.simulation.runUntil(activateAtMs + MINUTE_MS);
    expect(firmwareIn(utility)).toBe("AMT-2.6.1");
  });

  it("is refused where the meter finds it damaged, and where there is no such image", async () => {
    const whole = imageOf("AMT-BAD", 3_000);
    const octets = whole.octets.slice();
    octets[100] = octets[100]! ^ 1;
    const utility = await utilityWith(firmwareOf({ identification: "AMT-BAD", octets }, { by: "anna", atMs: START_MS }));
    const before = firmwareIn(utility);
    expect(await utility.ask({ kind: "updateFirmware", image: "AMT-BAD" })).toMatchObject({
      state: "failed",
      outcome: "refused: the image is not verified: other-reason",
    });
    expect(firmwareIn(utility)).toBe(before);
    await expect(utility.order({ kind: "updateFirmware", image: "AMT-NONE" })).rejects.toMatchObject({ code: "unknown-firmware" });
  });

  it("begins anew where the blocks in the meter turn out to be another image's", async () => {
    const utility = await utilityWith(imageOf("AMT-ONE", 60_000));
    await utility.registry.addFirmware(imageOf("AMT-THREE", 60_000));
    const first = await utility.order({ kind: "updateFirmware", image: "AMT-ONE" });
    await untilStep(utility, first.request.commandId, /^36 of 118 blocks sent/);
    const second = await utility.order({ kind: "updateFirmware", image: "AMT-THREE" });
    utility.simulation.network.resetStreams("headend", "field");
    await utility.simulation.runUntil(utility.simulation.nowMs + 10 * MINUTE_MS);
    const outcomes = await Promise.all([first, second].map(({ request }) => utility.headEnd().views.command(request.commandId)));
    expect(outcomes.map((outcome) => outcome?.state)).toEqual(["done", "done"]);
    expect(outcomes.flatMap(notes)).toContainEqual(expect.stringMatching(/beginning anew, some blocks may have been another image's/));
  });

  it("is not held to have failed for what an earlier image left behind", async () => {
    const utility = await utilityWith(imageOf("AMT-EARLIER", 2_000));
    await utility.registry.addFirmware(imageOf("AMT-LATER", 60_000));
    expect(await utility.ask({ kind: "updateFirmware", image: "AMT-EARLIER" })).toMatchObject({ state: "done" });
    const { request } = await utility.order({ kind: "updateFirmware", image: "AMT-LATER" });
    await untilStep(utility, request.commandId, /^dispatched/);
    utility.simulation.network.resetStreams("headend", "field");
    await utility.simulation.runUntil(utility.simulation.nowMs + 10 * MINUTE_MS);
    expect(await utility.headEnd().views.command(request.commandId)).toMatchObject({ state: "done" });
  });

  it("that must say who signed it is not taken from another", async () => {
    const utility = await utilityWith(imageOf("AMT-SIGNED", 1_000, { signature: "00".repeat(32) }));
    const detail = await utility.ask({ kind: "updateFirmware", image: "AMT-SIGNED" });
    expect(detail).toMatchObject({ state: "failed" });
    expect(detail?.outcome).toMatch(/verified another image than this/);
  });
});

describe("an uploaded image", () => {
  it.each([
    [{ identification: "", octets: Uint8Array.of(1) }, /identification/],
    [{ identification: "0xZZ", octets: Uint8Array.of(1), firmware: "\u0007" }, /plain characters/],
    [{ identification: "A", octets: new Uint8Array(0) }, /1 to 16777216 octets/],
    [{ identification: "A", octets: Uint8Array.of(1), sha256: "00".repeat(32) }, /hashes to 4bf5/],
    [{ identification: "A", octets: Uint8Array.of(1), signature: "0" }, /signature/],
  ])("is refused where it is none: %j", (upload, reason) => {
    expect(() => firmwareOf(upload, { by: "anna", atMs: 0 })).toThrow(reason);
  });
});
