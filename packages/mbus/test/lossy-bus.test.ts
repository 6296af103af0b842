import { VirtualTimers, harmedLine, linePair, seededRandom, type Connection, type LineHarm } from "@amity/runtime";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  KeyRing,
  MeterKey,
  WiredBus,
  WiredMaster,
  WiredSlave,
  WirelessMeter,
  WirelessReceiver,
  encodeCollectorTelegram,
  findVif,
  scanSecondary,
  serveWiredBus,
  singleKey,
  type RecordInput,
} from "../src/index.ts";

const KEY = Uint8Array.from({ length: 16 }, (_, index) => index);
const METER = { id: "12345678", manufacturer: "AMT", version: 1, deviceType: 7 };
const RECORDS: readonly RecordInput[] = Array.from({ length: 40 }, (_, storage) => ({
  coding: "int32",
  codes: findVif("volume", "m³", -3),
  storage,
  value: 123_456 + storage,
}));
const VALUES = RECORDS.map(({ value }) => value);

function slave(id: string, primaryAddress: number): WiredSlave {
  return new WiredSlave(
    { readout: () => RECORDS },
    { meter: { ...METER, id }, primaryAddress, telegramOctetsMax: 90, key: new MeterKey(KEY) },
  );
}

function bench(seed: number, harm: LineHarm) {
  const timers = new VirtualTimers();
  const random = seededRandom(seed);
  const [near, far] = linePair();
  const harmed = (end: Connection): Connection => harmedLine(end, harm, { timers, random });
  serveWiredBus(harmed(far), new WiredBus([slave("12345678", 5), slave("12345679", 6)]), { timers });
  return { timers, master: new WiredMaster(harmed(near), { timers, keys: singleKey(KEY) }) };
}

const anyHarm = fc.record({
  loss: fc.constantFrom(0, 0.05, 0.3),
  spoiling: fc.constantFrom(0, 0.05, 0.3),
  cutting: fc.constantFrom(0, 1),
  delayMsMax: fc.constantFrom(0, 80, 2_000),
});

describe("a wired bus that loses, spoils, cuts and delays", () => {
  test("ends every readout, and one that is complete is the meter's, each telegram once and in order", async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(1_000_000), anyHarm, async (seed, harm) => {
        const { timers, master } = bench(seed, harm);
        const result = await timers.run(master.readout(seed % 2 === 0 ? 5 : { id: "12345678" }));
        if (result.kind !== "complete") return;
        expect(result.messages.flatMap(({ application }) => application?.records ?? []).map(({ value }) => value)).toEqual(VALUES);
      }),
      { numRuns: 1_000 },
    );
  });

  test("takes an answer that comes again, late, to the repeated request for a copy and not for the next telegram", async () => {
    const timers = new VirtualTimers();
    const [near, far] = linePair();
    const slow: Connection = {
      ...far,
      send: (octets) => void timers.after(1_000, () => far.send(octets)),
      bind: (events) => far.bind(events),
    };
    serveWiredBus(slow, new WiredBus([slave("12345678", 5)]), { timers });
    const master = new WiredMaster(near, { timers, keys: singleKey(KEY) });
    const result = await timers.run(master.readout({ id: "12345678" }));
    expect(result.kind).toBe("complete");
    expect(result.messages.flatMap(({ application }) => application?.records ?? []).map(({ value }) => value)).toEqual(VALUES);
  });

  test("ends every search, though a line that answers with noise alone would have it go through all numbers", async () => {
    const timers = new VirtualTimers();
    const [near, far] = linePair();
    far.bind({ data: () => far.send(Uint8Array.of(0x00, 0xff)), closed: () => undefined });
    const result = await timers.run(scanSecondary(new WiredMaster(near, { timers, attemptsMax: 1 }), { id: "FFFFFFFF" }, 200));
    expect(result).toMatchObject({ isComplete: false, selections: 200, meters: [] });
  });

  test("finds both meters where nothing is lost", async () => {
    const { timers, master } = bench(1, { cutting: 1, delayMsMax: 50 });
    const result = await timers.run(scanSecondary(master));
    expect(result.isComplete).toBe(true);
    expect(result.meters.map(({ address }) => address.id).sort()).toEqual(["12345678", "12345679"]);
  });
});

describe("the air, where telegrams are lost, spoiled, doubled and overtaken", () => {
  const meters = new KeyRing().set(METER, KEY).lookup;

  test("gives a collector true telegrams only, and each authentic one once", () => {
    fc.assert(
      fc.property(fc.nat(1_000_000), fc.constantFrom(0, 0.1, 0.5), (seed, share) => {
        const random = seededRandom(seed);
        const model = { records: () => RECORDS.slice(0, 2) };
        const meter = new WirelessMeter(model, { meter: METER, mode: "T1", intervalMs: 900_000, security: { mode: 7, key: KEY } });
        const receiver = new WirelessReceiver({ keys: meters, format: "a" });
        const sent = Array.from({ length: 30 }, () => meter.transmit());
        const heard: number[] = [];
        const recent: Uint8Array[] = [];
        sent.forEach((octets, index) => {
          if (random.float() < share) return;
          recent.push(octets);
          const again = random.float() < share ? (recent[random.below(recent.length)] ?? octets) : undefined;
          for (const telegram of again === undefined ? [octets] : [octets, again]) {
            const onAir = random.float() < share ? turned(telegram, random.below(telegram.length * 8)) : telegram;
            const reception = receiver.receive(onAir, index * 900_000);
            if (reception.kind !== "telegram") continue;
            expect(reception.telegram.application.records.map(({ value }) => value)).toEqual(VALUES.slice(0, 2));
            heard.push(new DataView(Uint8Array.from(reception.telegram.authentication?.counter ?? []).buffer).getUint32(0, true));
          }
        });
        expect(heard).toEqual([...new Set(heard)].toSorted((one, other) => one - other));
      }),
      { numRuns: 60 },
    );
  });

  test("has a meter answer a request that comes twice twice alike, and no other meter's", () => {
    const model = { records: () => RECORDS.slice(0, 2) };
    const meter = new WirelessMeter(model, { meter: METER, mode: "T2Up", intervalMs: 900_000, security: { mode: 5, key: KEY } });
    const collector = { id: "00000001", manufacturer: "AMC", version: 1, deviceType: 0x31 };
    const request = encodeCollectorTelegram({ collector, meter: METER, kind: "request", accessNumber: 1 });
    const first = meter.hear(request);
    expect(first).toBeDefined();
    expect(meter.hear(request)).toEqual(first);
    const mine = Array.from({ length: request.length * 8 }, (_, bit) => meter.hear(turned(request, bit)));
    expect(mine.filter((answer) => answer !== undefined)).toEqual([]);
  });
});

function turned(octets: Uint8Array, bit: number): Uint8Array {
  const copy = octets.slice();
  copy[bit >> 3] = (copy[bit >> 3] ?? 0) ^ (1 << (bit & 7));
  return copy;
}
