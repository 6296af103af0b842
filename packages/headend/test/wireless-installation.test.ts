import { encodeFragments, findVif, MeterKey, WIRELESS_CONTROL, writeRecords } from "@amity/mbus";
import { describe, expect, it } from "vitest";
import type { Device } from "../src/index.ts";
import { deviceOf, wirelessUtility } from "./wireless-utility.ts";
import { MINUTE_MS, START_MS } from "./lasting-head-end.ts";

describe("a wireless meter that nobody registered", () => {
  it("is told to the head-end by its concentrator, and bound, confirmed and collected once it is registered", async () => {
    const utility = await wirelessUtility();
    const [meter] = utility.meters;
    await utility.registry.setDeviceStatus(meter!.meterId, "retired");
    await utility.headEnd().start();
    meter!.radio.startInstallation();
    await utility.simulation.runUntil(START_MS + 20 * MINUTE_MS);
    const [stranger, ...others] = utility.headEnd().views.strangers();
    expect(others).toEqual([]);
    expect(stranger).toMatchObject({ concentratorId: "C1", address: meter!.wirelessAddress, asksInstallation: true });
    expect(stranger?.telegrams).toBeGreaterThan(2);
    expect(meter!.radio.isInstalled).toBe(false);
    expect(utility.headEnd().views.controlsOffered(meter!.meterId)).toEqual([]);
    await utility.registry.registerDevices([deviceOf(meter!)]);
    await utility.simulation.runFor(utility.headEnd().refresh());
    await utility.simulation.runUntil(START_MS + 90 * MINUTE_MS);
    expect(meter!.radio.isInstalled).toBe(true);
    expect(utility.headEnd().views.strangers()).toEqual([]);
    expect([...utility.sink.registers.keys()].some((key) => key.startsWith(`${meter!.meterId} 8-0:1.0.0 `))).toBe(true);
  });

  it("stays bound over a crash of the concentrator while the head-end is away", async () => {
    const utility = await wirelessUtility();
    await utility.headEnd().start();
    await utility.simulation.runUntil(START_MS + 10 * MINUTE_MS);
    await utility.simulation.runFor(utility.headEnd().stop());
    await utility.crashConcentrator();
    await utility.simulation.runUntil(START_MS + 70 * MINUTE_MS);
    const { kept, strangers } = utility.concentrator().wireless!.statistics;
    expect([kept >= 3, strangers]).toEqual([true, 0]);
  });

  it("is one of thousands that a concentrator is told of", async () => {
    const utility = await wirelessUtility();
    const others = Array.from({ length: 5_000 }, (_, index): Device => ({
      ...deviceOf(utility.meters[0]!),
      meterId: `O${index}`,
      route: { kind: "wireless", concentratorId: "C1", address: `AMT-${String(30_000_000 + index)}-01-07` },
    }));
    await utility.registry.registerDevices(others);
    await utility.headEnd().start();
    await utility.simulation.runUntil(START_MS + 80 * MINUTE_MS);
    expect(utility.concentrator().wireless?.statistics.strangers).toBe(0);
    expect(utility.sink.registers.size).toBeGreaterThan(2);
  });
});

describe("a message in several fragments", () => {
  it("reaches the sink as one, its fragments in disorder and between others, over a crash of the head-end", async () => {
    const utility = await wirelessUtility();
    const meter = utility.meters[1]!;
    await utility.headEnd().start();
    await utility.simulation.runUntil(START_MS + 20_000);
    const station = utility.medium.attach(9, () => {});
    const volume = findVif("volume", "m³", -3);
    const records = Array.from(
      { length: 30 },
      (_, index) => ({ storage: index, coding: "int32", codes: volume, value: 8_000 - index }) as const,
    );
    const key = new MeterKey(meter.key);
    const counter = Uint8Array.of(0, 0, 1, 0);
    const telegram = {
      control: WIRELESS_CONTROL.sndNr,
      sender: meter.address,
      format: "a",
      extendedLink: { communicationControl: 0x80, accessNumber: 7 },
      authentication: { key, counter },
      message: {
        meter: meter.address,
        header: "short",
        accessNumber: 7,
        content: writeRecords(records).finish(),
        security: { mode: 7, key, counter },
      },
    } as const;
    const fragments = encodeFragments(telegram, 80);
    expect(fragments.length).toBeGreaterThan(1);
    for (const fragment of fragments.toReversed()) station.send(0, fragment);
    await utility.simulation.runUntil(START_MS + 21_000);
    await utility.crash();
    await utility.simulation.runUntil(START_MS + 3 * MINUTE_MS);
    const values = [...utility.sink.registers.values()].filter(({ meterId }) => meterId === meter.meterId).map(({ value }) => value);
    expect(values).toContain(8_000n);
    expect(utility.concentrator().wireless?.statistics.fragments).toBe(fragments.length - 1);
    expect(await utility.registry.quarantined()).toEqual([]);
  });
});
