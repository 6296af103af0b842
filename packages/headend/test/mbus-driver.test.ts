import {
  findVif,
  MeterKey,
  meterTime,
  serveWiredBus,
  WiredBus,
  WiredSlave,
  type MeterTime,
  type RecordInput,
  type SlaveOptions,
} from "@amity/mbus";
import { describe, expect, it } from "vitest";
import { localUtility, spoiled, type LocalUtility } from "./local-utility.ts";
import { HOUR_MS, MINUTE_MS, START_MS } from "./lasting-head-end.ts";

const KEY = Uint8Array.from({ length: 16 }, (_, index) => index);
const RECORDS: readonly RecordInput[] = [
  { coding: "bcd8", codes: findVif("energy", "Wh", 3), value: 12345 },
  { coding: "int32", codes: findVif("volume", "m³", -3), value: 6789012 },
  { coding: "int16", codes: findVif("flowTemperature", "°C", -1), value: 653 },
  { coding: "int32", storage: 1, codes: findVif("energy", "Wh", 3), value: 11000 },
  { coding: "int16", storage: 1, codes: findVif("date", ""), value: { ...meterTime({ year: 2026, month: 9, day: 30 }), kind: "date" } },
];

function heatMeter(id: string, primaryAddress: number, more: Partial<SlaveOptions> = {}, status = 0) {
  const seen: { clock: MeterTime | undefined } = { clock: undefined };
  const clock = (): RecordInput[] => (seen.clock === undefined ? [] : [{ coding: "int48", codes: [0x6d], value: seen.clock }]);
  const slave = new WiredSlave(
    { readout: () => [...RECORDS, ...clock()], setClock: (time) => void (seen.clock = time), status: () => status },
    { meter: { id, manufacturer: "AMT", version: 1, deviceType: 4 }, primaryAddress, ...more },
  );
  return { slave, seen };
}

async function busAt(utility: LocalUtility, slaves: readonly WiredSlave[], spoil = (octets: Uint8Array): Uint8Array | undefined => octets) {
  const bus = new WiredBus(slaves);
  const accept = (connection: Parameters<typeof serveWiredBus>[0]): void =>
    serveWiredBus(spoiled(connection, spoil), bus, { timers: utility.gateway.timers, isPaced: true });
  await utility.gateway.network.listen({ host: "gw", port: 10_001 }, accept);
}

describe("wired M-Bus meters behind a gateway", () => {
  it("are read one after another by primary and secondary address, their set-date values at their dates", async () => {
    const utility = localUtility();
    await busAt(utility, [heatMeter("11111111", 5).slave, heatMeter("22222222", 6, { key: new MeterKey(KEY) }, 0x04).slave]);
    await utility.register(
      { meterId: "H1", settings: { address: 5, zone: "Europe/Berlin" } },
      { meterId: "H2", settings: { secondary: "AMT-22222222-01-04" } },
    );
    await utility.key("H2", "mbus", KEY);
    await utility.headEnd().start();
    await utility.simulation.runUntil(START_MS + 5 * MINUTE_MS);
    for (const meterId of ["H1", "H2"]) {
      const found = [...utility.sink.registers.values()].filter((register) => register.meterId === meterId);
      const current = found
        .filter(({ atMs }) => atMs >= START_MS)
        .map(({ channel, value, scaler, unit }) => `${channel} ${value}e${scaler} ${unit}`);
      expect(current).toEqual(["6-0:1.0.0 12345e3 Wh", "6-0:2.0.0 6789012e-3 m3", "6-0:10.0.0 653e-1 degC"]);
    }
    // The end of 30 September in Berlin.
    expect(utility.sink.registers.get(`H1 6-0:1.0.0 ${Date.UTC(2026, 8, 30, 22)}`)?.value).toBe(11_000n);
    expect([...utility.sink.events.values()]).toMatchObject([{ meterId: "H2", kind: "batteryLow", log: "mbus-status" }]);
    expect((await utility.headEnd().views.meter("H1"))?.health.manufacturer).toBe("AMT");
  });

  it("have their alarms told when they begin and when they end, not at every readout", async () => {
    const utility = localUtility({ headEnd: { collectEveryMs: 10 * MINUTE_MS } });
    let status = 0;
    const meter = new WiredSlave(
      { readout: () => [...RECORDS], status: () => status },
      { meter: { id: "33333333", manufacturer: "AMT", version: 1, deviceType: 4 }, primaryAddress: 7 },
    );
    await busAt(utility, [meter]);
    await utility.register({ meterId: "H1", settings: { address: 7 } });
    await utility.headEnd().start();
    for (const [minute, next] of [
      [35, 0x04],
      [75, 0x0c],
      [130, 0x08],
      [180, 0],
    ] as const) {
      await utility.simulation.runUntil(START_MS + minute * MINUTE_MS);
      if (minute === 75) await utility.crash();
      status = next;
    }
    await utility.simulation.runUntil(START_MS + 240 * MINUTE_MS);
    const told = [...utility.sink.events.values()].map(({ kind, code }) => `${kind} ${code}`);
    expect(told).toEqual(["batteryLow 4", "deviceError 8", "other 4", "deviceErrorEnded 8"]);
  });

  it("give no stored value that lies in the future: its clock or its zone is wrong", async () => {
    const utility = localUtility();
    const ahead: RecordInput[] = [
      { coding: "int32", storage: 1, codes: findVif("energy", "Wh", 3), value: 99 },
      { coding: "int32", storage: 1, codes: [0x6d], value: meterTime({ year: 2026, month: 11, day: 1, hour: 22, minute: 0 }) },
    ];
    const slave = new WiredSlave(
      { readout: () => [...RECORDS, ...ahead.map((record) => ({ ...record, storage: 2 }))] },
      {
        meter: { id: "33333333", manufacturer: "AMT", version: 1, deviceType: 4 },
        primaryAddress: 7,
      },
    );
    await busAt(utility, [slave]);
    await utility.register({ meterId: "H7", settings: { address: 7 } });
    await utility.headEnd().start();
    await utility.simulation.runUntil(START_MS + MINUTE_MS);
    expect([...utility.sink.registers.values()].map(({ value }) => value)).not.toContain(99n);
    expect(utility.sink.registers.size).toBeGreaterThan(2);
  });

  it("give no value that they say they do not have", async () => {
    const utility = localUtility();
    const slave = new WiredSlave(
      {
        readout: () => [
          { coding: "int32", codes: findVif("energy", "Wh", 3), value: -(2 ** 31) },
          { coding: "int32", codes: findVif("volume", "m³", -3), value: -(2 ** 31) + 1 },
        ],
      },
      { meter: { id: "33333334", manufacturer: "AMT", version: 1, deviceType: 4 }, primaryAddress: 8 },
    );
    await busAt(utility, [slave]);
    await utility.register({ meterId: "H8", settings: { address: 8 } });
    await utility.headEnd().start();
    await utility.simulation.runUntil(START_MS + MINUTE_MS);
    expect([...new Set([...utility.sink.registers.values()].map(({ value }) => value))]).toEqual([1n - 2n ** 31n]);
  });

  it("have their clock set in their own time and read back", async () => {
    const utility = localUtility();
    const { slave, seen } = heatMeter("11111111", 5);
    await busAt(utility, [slave]);
    await utility.register({ meterId: "H1", settings: { address: 5, zone: "Europe/Berlin" } });
    await utility.headEnd().start();
    await utility.simulation.runUntil(START_MS + MINUTE_MS);
    expect(await utility.command("H1", { kind: "setClock" })).toMatch(/^done: read back: clock off by -?\d s$/);
    expect(seen.clock).toMatchObject({ year: 2026, month: 11, day: 1, hour: 13, isSummerTime: false });
    await expect(utility.command("H1", { kind: "disconnect" })).rejects.toMatchObject({ code: "unsupported" });
  });

  it("are read over a line that loses and spoils answers, and every reading is right", async () => {
    const utility = localUtility();
    let answers = 0;
    const spoil = (octets: Uint8Array): Uint8Array | undefined => {
      answers++;
      if (answers % 4 === 0) return undefined;
      if (answers % 3 === 0) return Uint8Array.of(0x00, 0x68, 0xff, ...octets);
      return answers % 5 === 0 ? octets.map((octet, index) => (index === 20 ? octet ^ 0x40 : octet)) : octets;
    };
    await busAt(utility, [heatMeter("11111111", 5).slave], spoil);
    await utility.register({ meterId: "H1", settings: { address: 5 } });
    await utility.headEnd().start();
    await utility.simulation.runUntil(START_MS + 6 * HOUR_MS);
    const energies = [...utility.sink.registers.values()].filter(({ channel, atMs }) => channel === "6-0:1.0.0" && atMs >= START_MS);
    expect(energies.length).toBeGreaterThan(4);
    expect(new Set(energies.map(({ value }) => value))).toEqual(new Set([12_345n]));
  });

  it("of which one has the wrong key and one is silent do not keep the third from being read", async () => {
    const utility = localUtility();
    await busAt(utility, [heatMeter("11111111", 5).slave, heatMeter("22222222", 6, { key: new MeterKey(KEY) }).slave]);
    await utility.register(
      { meterId: "H1", settings: { address: 5 } },
      { meterId: "H2", settings: { address: 6 } },
      { meterId: "H3", settings: { address: 7 } },
    );
    await utility.key("H2", "mbus", new Uint8Array(16).fill(1));
    await utility.headEnd().start();
    await utility.simulation.runUntil(START_MS + 30 * MINUTE_MS);
    const error = async (meterId: string) => (await utility.headEnd().views.meter(meterId))?.health.lastError?.code;
    expect([await error("H1"), await error("H2"), await error("H3")]).toEqual([undefined, "wrong-key", "no-answer"]);
    expect([...utility.sink.registers.values()].every(({ meterId }) => meterId === "H1")).toBe(true);
  });
});
