import { decodeTelegram, encodeTelegram, readTelegram } from "@amity/dsmr";
import { parseDataSets, parseProfile, type LocalPortDevice } from "@amity/iec62056-21";
import { scaledValue, serveWiredBus, WiredBus, WiredMaster } from "@amity/mbus";
import { Simulation, type World } from "@amity/runtime";
import { answerSml, decodeSml, encodePush, encodeSml, obisOctets, readingsOf } from "@amity/sml";
import { beforeEach, describe, expect, it } from "vitest";
import {
  createFleet,
  localPortFace,
  masterSecretFrom,
  MeterFleet,
  p1Face,
  smlFace,
  wiredElectricity,
  wiredSubMeter,
  type MeterDevice,
  type MeteredHome,
} from "../src/index.ts";

const QUARTER_MS = 900_000;
const startMs = Date.UTC(2026, 0, 20, 11, 7);
let simulation: Simulation;
let street: World;
let here: World;
let device: MeterDevice;
let home: MeteredHome;

beforeEach(async () => {
  simulation = new Simulation({ seed: 1, startMs });
  [street, here] = [simulation.node("street").world, simulation.node("here").world];
  const subMeters = { heat: 1, water: 1 };
  const plan = createFleet({ seed: 8, meters: 1, directShare: 1, startMs, zone: "Europe/Berlin", climate: "centralEurope", subMeters });
  const fleet = await MeterFleet.open({ plan, masterSecret: masterSecretFrom("test"), clock: street.clock });
  device = fleet.device(plan.meters[0]!.meterId);
  home = { electricity: device, subMeters: plan.subMeters.map(({ meterId }) => fleet.subMeter(meterId)) };
});

const registers = (atMs: number): Float64Array => device.meter.registersAt(atMs, new Float64Array(4)).slice();

describe("a meter that speaks SML", () => {
  it("pushes what its registers hold, under a server id of its own", () => {
    const face = smlFace(device);
    const file = decodeSml(encodePush(face, 1)!);
    const readings = readingsOf(file);
    const [imported] = registers(startMs);
    const energy = readings.find(({ obis }) => obis.startsWith("1-0:1.8.0"))!;
    expect(energy.number).toEqual({ value: BigInt(10 * (imported ?? 0)), scaler: -1 });
    expect(face.serverId.slice(0, 5)).toEqual(Uint8Array.of(0x0a, 0x01, 0x41, 0x4d, 0x54));
  });

  it("answers with its load profile: cumulative values at quarter-hours", () => {
    const [fromMs, toMs] = [startMs - 6 * QUARTER_MS, startMs];
    const stamp = (atMs: number) => ({ kind: "timestamp" as const, seconds: atMs / 1_000 });
    const request = encodeSml([
      {
        transactionId: Uint8Array.of(1),
        groupNo: 0,
        abortOnError: 0,
        body: {
          kind: "getProfilePackRequest",
          value: { parameterTreePath: [obisOctets("1-0:99.1.0*255")], beginTime: stamp(fromMs), endTime: stamp(toMs) } as never,
        },
      },
    ]);
    const answer = decodeSml(answerSml(smlFace(device), request)!).messages[0]!.body;
    if (answer.kind !== "getProfilePackResponse") throw new Error(answer.kind);
    expect(answer.value.periodList).toHaveLength(6);
    for (const { valTime, valueList } of answer.value.periodList) {
      const atMs = 1_000 * (valTime as { seconds: number }).seconds;
      expect(atMs % QUARTER_MS).toBe(0);
      expect(valueList.map(({ value }) => Number((value as { value: bigint }).value))).toEqual([...registers(atMs)].slice(0, 2));
    }
  });
});

describe("a meter's P1 port", () => {
  it.each(["5", "4", "3", "2.2", "be"] as const)("tells form %s what the meters of the home count", (form) => {
    const isOld = form === "3" || form === "2.2";
    const telegram = decodeTelegram(encodeTelegram(p1Face(home, form)));
    expect(telegram.problems).toEqual([]);
    expect(telegram.crc).toBe(isOld ? "absent" : "right");
    const reading = readTelegram(telegram);
    const text = new TextDecoder().decode(encodeTelegram(p1Face(home, form)));
    const [imported = 0] = registers(startMs);
    expect(text).toContain(`1-0:1.8.1(${(imported / 1_000).toFixed(3).padStart(isOld ? 9 : 10, "0")}*kWh)`);
    expect(reading.channels.map(({ channel }) => channel)).toEqual([1, 2]);
    const water = home.subMeters.find(({ meter }) => meter.plan.medium === "water")!.meter;
    const litres = water.registersAt(Math.floor(startMs / 300_000) * 300_000)[0] ?? 0;
    expect(text).toContain(`(${(litres / 1_000).toFixed(3).padStart(9, "0")}${isOld ? ")" : "*m3)"}`);
  });

  it.each(["lu", "se"] as const)("tells form %s the totals, and reactive energy", (form) => {
    const telegram = decodeTelegram(encodeTelegram(p1Face(home, form)));
    expect([telegram.problems, telegram.crc]).toEqual([[], "right"]);
    const values = readTelegram(telegram).registers;
    const milliOf = (code: string) => Number(values.find(({ obis }) => obis === code)?.number?.value);
    expect(["1-0:1.8.0", "1-0:2.8.0", "1-0:3.8.0", "1-0:4.8.0"].map(milliOf)).toEqual([...registers(startMs)]);
  });

  it("tells the highest quarter-hours of this month and of those before, as Belgium bills them", () => {
    const { peaks, registers: single } = readTelegram(decodeTelegram(encodeTelegram(p1Face(home, "be"))));
    const highest = (fromMs: number, toMs: number): number => {
      const ends = Array.from({ length: (toMs - fromMs) / QUARTER_MS }, (_, index) => fromMs + (index + 1) * QUARTER_MS);
      return Math.max(...ends.map((endMs) => 4 * ((registers(endMs)[0] ?? 0) - (registers(endMs - QUARTER_MS)[0] ?? 0))));
    };
    const installed = Math.ceil(device.meter.plan.installedMs / QUARTER_MS) * QUARTER_MS;
    const january = Math.max(Date.UTC(2025, 11, 31, 23), installed);
    const peak = single.find(({ obis }) => obis === "1-0:1.6.0");
    expect(Number(peak?.number?.value)).toBe(highest(january, Math.floor(startMs / QUARTER_MS) * QUARTER_MS));
    const december = Math.max(Date.UTC(2025, 10, 30, 23), installed);
    expect(Number(peaks.at(-1)?.number?.value)).toBe(highest(december, Date.UTC(2025, 11, 31, 23)));
  });
});

describe("a meter's local port", () => {
  const face = (): LocalPortDevice => localPortFace(device, { mode: "C", password: "secret" });
  const text = (result: ReturnType<LocalPortDevice["execute"]>): string => (result.kind === "data" ? result.text : result.kind);

  it("reads out and tells single registers", () => {
    const [imported = 0] = registers(startMs);
    const wanted = `1.8.0(${(imported / 1_000).toFixed(3).padStart(10, "0")}*kWh)`;
    expect(face().readout()).toContain(`${wanted}\r\n`);
    expect(text(face().execute({ name: "R1", data: "1.8.0()" }, 0))).toBe(wanted);
    expect(face().execute({ name: "R1", data: "9.9.9()" }, 0)).toEqual({ kind: "error", text: "ERR1" });
  });

  it("tells the energies of quarter-hours that sum to its registers", () => {
    const answer = text(face().execute({ name: "R5", data: "P.01(0260120080000;0260120120000)" }, 0));
    const { blocks, problems } = parseProfile(parseDataSets(answer).dataSets);
    expect(problems).toEqual([]);
    expect(blocks).toHaveLength(1);
    const { rows, intervalMinutes, channels } = blocks[0]!;
    expect([intervalMinutes, channels[0]!.unit, rows.at(0)!.end, rows.at(-1)!.end]).toEqual([
      15,
      "kWh",
      "2026-01-20T08:00:00",
      "2026-01-20T12:00:00",
    ]);
    const sum = rows.reduce((total, { values }) => total + Math.round(1_000 * Number(values[0]!.value)), 0);
    const [fromMs, toMs] = [Date.UTC(2026, 0, 20, 6, 45), Date.UTC(2026, 0, 20, 11)];
    expect(sum).toBe((registers(toMs)[0] ?? 0) - (registers(fromMs)[0] ?? 0));
  });

  it("lets the clock be set after the password alone", async () => {
    const port = face();
    expect(port.authenticate("P1", "wrong", "")).toBeUndefined();
    expect(port.authenticate("P1", "secret", "")).toBe(1);
    expect(port.execute({ name: "W1", data: "0.9.1(120000)" }, 0)).toEqual({ kind: "error", text: "ERR3" });
    expect(port.execute({ name: "W1", data: "0.9.1(256000)" }, 1)).toEqual({ kind: "error", text: "ERR4" });
    expect(port.execute({ name: "W1", data: "0.9.1(130000)" }, 1)).toEqual({ kind: "done" });
    expect(device.meter.clockAt(startMs)).toBe(Date.UTC(2026, 0, 20, 12));
  });
});

describe("the meters of a home on one wired bus", () => {
  it("are read by primary and by secondary address", async () => {
    const nowMs = (): number => street.clock.nowMs();
    const slaves = [
      wiredElectricity(device, { primaryAddress: 1, nowMs }),
      ...home.subMeters.map((meter, index) => wiredSubMeter(meter, { primaryAddress: index + 2, nowMs })),
    ];
    const bus = new WiredBus(slaves);
    const listening = street.network.listen({ host: "street", port: 1 }, (connection) =>
      serveWiredBus(connection, bus, { timers: street.timers }),
    );
    await simulation.runFor(listening);
    const connection = await simulation.runFor(here.network.connect({ host: "street", port: 1 }));
    const master = new WiredMaster(connection, { timers: here.timers, baud: 2_400 });
    for (const [index, { meter }] of home.subMeters.entries()) {
      const byAddress = await simulation.runFor(master.readout(index + 2));
      const { id, deviceType } = meter.plan.address;
      const byName = await simulation.runFor(master.readout({ id, deviceType }));
      for (const { messages } of [byAddress, byName]) {
        const first = messages[0]!.application?.records[0];
        expect(scaledValue(first!)).toBe((meter.registersAt(nowMs())[0] ?? 0) / (meter.plan.medium === "water" ? 1_000 : 1));
      }
    }
  });
});
