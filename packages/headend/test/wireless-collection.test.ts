import { gatewayRadio, mediumRadio, startConcentrator, type Concentrator, type RadioSource } from "@amity/concentrator";
import { findVif, meterTime, WirelessMeter, type RecordInput } from "@amity/mbus";
import { createMedium, MEDIA, type Medium } from "@amity/network";
import { toHex } from "@amity/bytes";
import { Simulation, type World } from "@amity/runtime";
import { describe, expect, it } from "vitest";
import { wmbusDriver, type Device } from "../src/index.ts";
import { HOUR_MS, keyOf, lastingHeadEnd, MINUTE_MS, START_MS, storeKeysOf, type LastingHeadEnd } from "./lasting-head-end.ts";

const SEND_EVERY_MS = 5 * MINUTE_MS;

const litres = (atMs: number, seed: number): number => Math.floor((atMs - Date.UTC(2026, 0, 1)) / MINUTE_MS) * (3 + seed);
const keyAt = (index: number): Uint8Array => new Uint8Array(16).fill(0x20 + index);
const idAt = (index: number): string => `1000000${index}`;

/** A water meter; with `storesHours` it tells its index at the full hour as well. */
function waterMeter(index: number, storesHours: boolean, nowMs: () => number): WirelessMeter {
  const volume = findVif("volume", "m³", -3);
  const records = (): RecordInput[] => {
    const hourMs = Math.floor(nowMs() / HOUR_MS) * HOUR_MS;
    const hour = new Date(hourMs);
    const stored: RecordInput[] = [
      { storage: 1, coding: "int32", codes: volume, value: litres(hourMs, index) },
      {
        storage: 1,
        coding: "int32",
        codes: [0x6d],
        value: meterTime({
          year: hour.getUTCFullYear(),
          month: hour.getUTCMonth() + 1,
          day: hour.getUTCDate(),
          hour: hour.getUTCHours(),
          minute: 0,
        }),
      },
    ];
    return [{ coding: "int32", codes: volume, value: litres(nowMs(), index) }, ...(storesHours ? stored : [])];
  };
  const mode = index % 2 === 0 ? 5 : 7;
  return new WirelessMeter(
    { records },
    {
      meter: { id: idAt(index), manufacturer: "AMT", version: 1, deviceType: 7 },
      mode: "T1",
      intervalMs: SEND_EVERY_MS,
      security: { mode, key: keyAt(index) },
    },
  );
}

interface WirelessUtility extends LastingHeadEnd {
  readonly simulation: Simulation;
  readonly medium: Medium;
  concentrator(): Concentrator;
  crashConcentrator(): Promise<void>;
}

async function wirelessUtility(options: { radio?: (world: World, medium: Medium) => RadioSource } = {}): Promise<WirelessUtility> {
  const simulation = new Simulation({ seed: 11, startMs: START_MS });
  const air = simulation.node("air").world;
  const medium = createMedium(air, { ...MEDIA.rf, loss: 0, hopsMax: 1, duplication: 0.05 });
  const meterIds = ["W0", "W1", "W2"];
  for (const [index] of meterIds.entries()) {
    const meter = waterMeter(index, index === 1, () => air.clock.nowMs());
    const station = medium.attach(index + 1, () => {});
    const send = (): void => {
      station.send(0, meter.transmit());
      air.timers.after(SEND_EVERY_MS, send);
    };
    air.timers.after(10_000 * (index + 1) - (START_MS % SEND_EVERY_MS) + SEND_EVERY_MS, send);
  }
  const head = lastingHeadEnd(simulation, { drivers: [wmbusDriver()] });
  await storeKeysOf(head.keys, "C1");
  await head.keys.store(meterIds.map((owner, index) => ({ ref: { owner, purpose: "mbus" }, secret: keyAt(index) })));
  await head.registry.registerConcentrators([
    { concentratorId: "C1", address: { host: "C1", port: 4061 }, settings: {}, sessionsMax: 2, status: "active" },
  ]);
  await head.registry.registerDevices(
    meterIds.map((meterId, index): Device => ({
      meterId,
      protocol: "wmbus",
      route: { kind: "wireless", concentratorId: "C1", address: `AMT-${idAt(index)}-01-07` },
      settings: {},
      status: "active",
    })),
  );
  const dcu = simulation.node("C1");
  const startDcu = (world: World): Promise<Concentrator> =>
    startConcentrator(
      world,
      { connect: () => Promise.reject(new Error("no such meter")) },
      {
        concentratorId: "C1",
        systemTitle: new TextEncoder().encode("DCU00001"),
        keys: { encryptionKey: keyOf("C1", 1), authenticationKey: keyOf("C1", 2) },
        listen: { host: "C1", port: 4061 },
        meters: [],
        wireless: {
          radio: (options.radio ?? ((_, shared) => mediumRadio(shared)))(world, medium),
          meters: meterIds.map((meterId, index) => ({ meterId, address: `AMT-${idAt(index)}-01-07` })),
        },
      },
    );
  let concentrator = await simulation.runFor(startDcu(dcu.world));
  return {
    simulation,
    medium,
    ...head,
    concentrator: () => concentrator,
    async crashConcentrator() {
      await concentrator.stop();
      concentrator = await simulation.runFor(startDcu(dcu.crash()));
    },
  };
}

function missing(utility: WirelessUtility, toMs: number, meters: readonly number[]): string[] {
  const found: string[] = [];
  for (const index of meters) {
    for (let atMs = Date.UTC(2026, 10, 1, 13); atMs < toMs; atMs += HOUR_MS) {
      const value = utility.sink.intervals.get(`W${index} 8-0:1.0.0 ${atMs}`)?.value;
      if (value !== litres(atMs + HOUR_MS, index) - litres(atMs, index)) found.push(`W${index} ${new Date(atMs).toISOString()} ${value}`);
    }
  }
  return found;
}

describe("meters heard by a wireless concentrator", () => {
  it("have every hour in the sink, of modes 5 and 7, from one telegram an hour each", async () => {
    const utility = await wirelessUtility();
    await utility.headEnd().start();
    await utility.simulation.runUntil(START_MS + 8 * HOUR_MS);
    expect(missing(utility, START_MS + 7 * HOUR_MS, [0, 1, 2])).toEqual([]);
    const { kept, surplus, strangers } = utility.concentrator().wireless?.statistics ?? { kept: 0, surplus: 0, strangers: 0 };
    expect(kept).toBeLessThanOrEqual(27);
    expect(surplus).toBeGreaterThan(200);
    expect(strangers).toBe(0);
    const [completeness] = utility.headEnd().views.completeness(Date.UTC(2026, 10, 1, 13), Date.UTC(2026, 10, 1, 19));
    expect(completeness).toMatchObject({ concentratorId: "C1", meters: 3, metersComplete: 3 });
  });

  it("that store their hours lose none over air that loses seven of ten telegrams", async () => {
    const utility = await wirelessUtility({
      radio: (world, medium) => {
        const radio = mediumRadio(medium);
        const random = world.random.fork("fading");
        return { listen: (handler) => radio.listen((octets) => random.float() < 0.3 && handler(octets)), stop: () => radio.stop() };
      },
    });
    await utility.headEnd().start();
    await utility.simulation.runUntil(START_MS + 12 * HOUR_MS);
    expect(missing(utility, START_MS + 10 * HOUR_MS, [1])).toEqual([]);
    for (const [key, { value }] of utility.sink.intervals) if (key.startsWith("W0")) expect(value).toBe(180);
  });

  it("lose and double nothing over crashes of concentrator and head-end", async () => {
    const utility = await wirelessUtility();
    await utility.headEnd().start();
    for (let round = 0; round < 14; round++) {
      await utility.simulation.runUntil(START_MS + (round + 1) * 29 * MINUTE_MS);
      if (round % 2 === 0) await utility.crashConcentrator();
      else await utility.crash();
    }
    await utility.simulation.runUntil(START_MS + 9 * HOUR_MS);
    expect(missing(utility, START_MS + 8 * HOUR_MS, [0, 1, 2])).toEqual([]);
  });

  it("are put aside under a wrong key, and found again when the right one is stored", async () => {
    const utility = await wirelessUtility();
    await utility.keys.store([{ ref: { owner: "W1", purpose: "mbus" }, secret: new Uint8Array(16) }]);
    await utility.headEnd().start();
    await utility.simulation.runUntil(START_MS + 4 * HOUR_MS);
    expect((await utility.headEnd().views.meter("W1"))?.health.lastError?.code).toMatch(/wrong-key|bad-mac/);
    expect((await utility.registry.quarantined()).every(({ delivery }) => delivery.meterId === "W1")).toBe(true);
    expect(missing(utility, START_MS + 3 * HOUR_MS, [0, 2])).toEqual([]);
    await utility.keys.store([{ ref: { owner: "W1", purpose: "mbus" }, secret: keyAt(1) }]);
    await utility.simulation.runFor(utility.headEnd().refresh());
    expect(await utility.registry.quarantined()).toEqual([]);
    expect(missing(utility, START_MS + 3 * HOUR_MS, [1])).toEqual([]);
  });

  it("come over a gateway's TCP line by line, through noise, damage and broken connections", async () => {
    const utility = await wirelessUtility({ radio: (world) => gatewayRadio(world, { host: "air", port: 7_000 }) });
    const { world } = utility.simulation.node("air");
    const station = utility.medium.attach(0, (frame) => {
      for (const connection of connections) {
        const damaged = frame.map((octet, at) => (at === 5 ? octet ^ 0xff : octet));
        connection.send(new TextEncoder().encode(`noise \u0000\n${toHex(damaged)}\nb${toHex(frame)};rssi=-71\n`));
      }
    });
    const connections = new Set<{ send(octets: Uint8Array): void }>();
    await world.network.listen({ host: "air", port: 7_000 }, (connection) => {
      connections.add(connection);
      connection.bind({ data() {}, closed: () => void connections.delete(connection) });
    });
    await utility.headEnd().start();
    for (let round = 1; round <= 8; round++) {
      await utility.simulation.runUntil(START_MS + round * HOUR_MS - 20 * MINUTE_MS);
      utility.simulation.network.resetStreams("air", "C1");
    }
    expect(missing(utility, START_MS + 6 * HOUR_MS, [0, 1, 2])).toEqual([]);
    expect(utility.concentrator().wireless?.statistics.unusable).toBeGreaterThan(50);
    station.detach();
  });
});
