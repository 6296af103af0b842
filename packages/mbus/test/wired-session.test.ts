import { linePair, VirtualTimers } from "@amity/runtime";
import { describe, expect, test } from "vitest";
import {
  MeterKey,
  WiredBus,
  WiredMaster,
  WiredSlave,
  findVif,
  meterTime,
  meterTimeText,
  scaledValue,
  scanPrimary,
  scanSecondary,
  serveWiredBus,
  singleKey,
  type MeterTime,
  type RecordInput,
  type SlaveOptions,
} from "../src/index.ts";

const RECORDS: readonly RecordInput[] = [
  { coding: "bcd8", codes: findVif("energy", "Wh", 3), value: 12345 },
  { coding: "int32", codes: findVif("volume", "m³", -3), value: 6789012 },
  { coding: "int16", codes: findVif("flowTemperature", "°C", -1), value: 653 },
  { coding: "int32", codes: [0x6d], value: meterTime({ year: 2026, month: 3, day: 29, hour: 2, minute: 30 }) },
];

function meter(id: string, primaryAddress: number, more: Partial<SlaveOptions> = {}, records = RECORDS) {
  const seen: { clock: MeterTime | undefined; applications: number[] } = { clock: undefined, applications: [] };
  const slave = new WiredSlave(
    {
      readout: (application) => (seen.applications.push(application), records),
      setClock: (time) => void (seen.clock = time),
      alarm: () => 0x40,
    },
    { meter: { id, manufacturer: "AMT", version: 1, deviceType: 4 }, primaryAddress, ...more },
  );
  return { slave, seen };
}

function bench(slaves: readonly WiredSlave[], isPaced = true) {
  const timers = new VirtualTimers();
  const [near, far] = linePair();
  const bus = new WiredBus(slaves);
  serveWiredBus(far, bus, { timers, isPaced });
  const key = new Uint8Array(16).fill(9);
  const master = new WiredMaster(near, { timers, keys: singleKey(key), setBaud: (baud) => void (bus.baud = baud) });
  return { timers, bus, master, key, far };
}

describe("a master and meters on one bus", () => {
  test("reads a meter by primary and by secondary address", async () => {
    const { timers, master } = bench([meter("12345678", 5).slave, meter("12345679", 6).slave]);
    for (const target of [5, { id: "12345678" }, { id: "1234567F", manufacturer: "AMT", version: 1, deviceType: 4 }]) {
      const wanted = typeof target === "number" ? target : { ...target, id: target.id.replace("F", "8") };
      const result = await timers.run(master.readout(wanted));
      expect(result.kind).toBe("complete");
      const records = result.messages[0]?.application?.records ?? [];
      expect(records.map(scaledValue)).toEqual([12345000, 6789.012, 65.3, undefined]);
      expect(result.messages[0]?.application?.meter?.id).toBe("12345678");
    }
  });

  test("collects a readout of several telegrams in order, and only once after a repeated request", async () => {
    const many = Array.from({ length: 60 }, (_, index): RecordInput => ({ coding: "int32", codes: [0x13], storage: index, value: index }));
    const { timers, master } = bench([meter("00000001", 1, { telegramOctetsMax: 100 }, many).slave]);
    const result = await timers.run(master.readout(1));
    expect(result.kind).toBe("complete");
    expect(result.messages.length).toBeGreaterThan(3);
    expect(result.messages.flatMap((message) => message.application?.records ?? []).map(({ value }) => value)).toEqual(
      many.map(({ value }) => value),
    );
  });

  test("opens an encrypted readout", async () => {
    const key = new MeterKey(new Uint8Array(16).fill(9));
    const { timers, master } = bench([meter("00000001", 1, { key }).slave]);
    const result = await timers.run(master.readout(1));
    expect(result.messages[0]?.application?.security).toMatchObject({ mode: 5, status: "decrypted" });
    expect(result.messages[0]?.application?.records).toHaveLength(4);
  });

  test("finds every meter by wildcard search although their answers collide", async () => {
    const ids = ["10000000", "10000001", "12345678", "12345679", "98765432"];
    const { timers, master } = bench(ids.map((id) => meter(id, 0).slave));
    const result = await timers.run(scanSecondary(master));
    expect(result.meters.map(({ address }) => address.id).sort()).toEqual(ids);
    expect(result.collisions).toEqual([]);
    expect(result.selections).toBeLessThan(400);
  });

  test("passes over the echo of a level converter", async () => {
    const { slave } = meter("00000001", 3);
    const timers = new VirtualTimers();
    const [near, far] = linePair();
    const bus = new WiredBus([slave]);
    const send = near.send.bind(near);
    near.send = (data) => {
      (near as unknown as { deliver(data: Uint8Array): void }).deliver(data);
      send(data);
    };
    serveWiredBus(far, bus, { timers });
    expect((await timers.run(new WiredMaster(near, { timers }).readout({ id: "00000001" }))).kind).toBe("complete");
  });

  test("fails with the link when the gateway goes away", async () => {
    const { timers, master, far } = bench([]);
    const waiting = timers.run(master.readout(3));
    far.close();
    await expect(waiting).rejects.toMatchObject({ blame: "link" });
  });

  test("repeats a request whose answer was garbled, and tells a collision from silence", async () => {
    const { slave } = meter("00000001", 3);
    const { timers, master, bus } = bench([slave]);
    const answer = bus.exchange.bind(bus);
    let garbled = 1;
    bus.exchange = (frame) => {
      const octets = answer(frame);
      if (octets === undefined || octets.length === 1 || garbled-- <= 0) return octets;
      return octets.map((octet, index) => (index === 20 ? octet ^ 0xff : octet));
    };
    expect((await timers.run(master.readout(3))).kind).toBe("complete");
    garbled = 99;
    expect(await timers.run(master.readout(3))).toMatchObject({ kind: "incomplete", reason: "collision" });
  });

  test("tells meters of one identification apart by fabrication number", async () => {
    const first = meter("11112222", 0, { fabricationNumber: "00000017" }).slave;
    const second = meter("11112222", 0, { fabricationNumber: "00000018" }).slave;
    const { timers, master } = bench([first, second]);
    expect(await timers.run(master.select({ id: "11112222", fabricationNumber: "FFFFFF18" }))).toBe("selected");
    expect([first.isSelected, second.isSelected]).toEqual([false, true]);
  });

  test("reports two meters of the same identification as a collision", async () => {
    const twin = { meter: { id: "11112222", manufacturer: "XYZ", version: 9, deviceType: 7 } };
    const { timers, master } = bench([meter("11112222", 0).slave, meter("11112222", 0, twin, RECORDS.slice(1)).slave]);
    const result = await timers.run(scanSecondary(master, { id: "1111222F" }));
    expect(result.meters).toEqual([]);
    expect(result.collisions).toEqual([{ id: "11112222" }]);
  });

  test("finds primary addresses and stays silent for the others", async () => {
    const { timers, master } = bench([meter("00000001", 3).slave, meter("00000002", 9).slave]);
    expect(await timers.run(scanPrimary(master, 0, 12))).toEqual([3, 9]);
    expect(await timers.run(master.readout(4))).toEqual({ kind: "incomplete", reason: "silence", messages: [] });
  });

  test("sets clock, primary and secondary address, and reads the alarm", async () => {
    const { slave, seen } = meter("00000001", 3);
    const { timers, master } = bench([slave]);
    expect(await timers.run(master.setClock(3, meterTime({ year: 2026, month: 11, day: 21, hour: 3, minute: 17, second: 5 })))).toBe(true);
    expect(seen.clock === undefined ? "" : meterTimeText(seen.clock)).toBe("2026-11-21T03:17:05");
    expect(await timers.run(master.setPrimaryAddress(3, 77))).toBe(true);
    expect(await timers.run(master.setSecondaryAddress(77, { id: "55554444", manufacturer: "ABC", version: 7, deviceType: 3 }))).toBe(true);
    expect(slave.meter).toEqual({ id: "55554444", manufacturer: "ABC", version: 7, deviceType: 3 });
    expect(await timers.run(master.readAlarm({ id: "55554444" }))).toBe(0x40);
    expect(await timers.run(master.resetApplication(77, 0x50))).toBe(true);
    await timers.run(master.readout(77));
    expect(seen.applications).toContain(0x50);
  });

  test("switches the speed of meter and line", async () => {
    const { slave } = meter("00000001", 3);
    const { timers, master, bus } = bench([slave]);
    expect(await timers.run(master.switchBaud(3, 9600))).toBe(true);
    expect([slave.baud, bus.baud]).toEqual([9600, 9600]);
    expect((await timers.run(master.readout(3))).kind).toBe("complete");
  });

  test("goes back to the old speed where the meter does not follow", async () => {
    const stubborn = meter("00000001", 3).slave;
    const { timers, master, bus } = bench([stubborn]);
    const answer = bus.exchange.bind(bus);
    bus.exchange = (frame) => (frame.kind === "long" && frame.controlInformation >= 0xb8 ? Uint8Array.of(0xe5) : answer(frame));
    expect(await timers.run(master.switchBaud(3, 9600))).toBe(false);
    expect(bus.baud).toBe(2400);
  });
});

describe("the FCB memory of a meter", () => {
  test("an unchanged FCB repeats the telegram, a changed one goes on", () => {
    const many = Array.from({ length: 30 }, (_, index): RecordInput => ({ coding: "int32", codes: [0x13], storage: index, value: index }));
    const { slave } = meter("00000001", 1, { telegramOctetsMax: 100 }, many);
    slave.handle({ kind: "short", control: 0x40, address: 1 });
    const first = slave.handle({ kind: "short", control: 0x7b, address: 1 });
    expect(slave.handle({ kind: "short", control: 0x7b, address: 1 })).toEqual(first);
    expect(slave.handle({ kind: "short", control: 0x5b, address: 1 })).not.toEqual(first);
  });

  test("a selection that does not match takes the selection back", () => {
    const { slave } = meter("12345678", 1);
    const select = (id: number[]) =>
      slave.handle({
        kind: "long",
        control: 0x53,
        address: 253,
        controlInformation: 0x52,
        data: Uint8Array.from([...id, 255, 255, 255, 255]),
      });
    expect(select([0x78, 0x56, 0x34, 0x12])).toEqual(Uint8Array.of(0xe5));
    expect(slave.isSelected).toBe(true);
    expect(select([0x79, 0x56, 0x34, 0x12])).toBeUndefined();
    expect(slave.isSelected).toBe(false);
  });
});
