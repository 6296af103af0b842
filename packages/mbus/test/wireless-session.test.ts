import { describe, expect, test } from "vitest";
import { toHex } from "@amity/bytes";
import { Simulation } from "@amity/runtime";
import {
  FormatStore,
  KeyRing,
  MeterKey,
  WIRELESS_CONTROL,
  WirelessMeter,
  WirelessReceiver,
  decodeManchester,
  decodeTelegram,
  decodeThreeOfSix,
  encodeCollectorTelegram,
  encodeManchester,
  encodeTelegram,
  encodeThreeOfSix,
  findVif,
  readFormatFrame,
  readRecords,
  scaledValue,
  startWirelessBeacon,
  timeOnAirMs,
  writeCompactFrame,
  writeFormatFrame,
  writeRecords,
  type DataRecord,
  type RecordInput,
  type WirelessMeterOptions,
} from "../src/index.ts";

const METER = { id: "12345678", manufacturer: "AMT", version: 1, deviceType: 7 };
const COLLECTOR = { id: "00000001", manufacturer: "AMC", version: 1, deviceType: 0x31 };
const KEY = Uint8Array.from({ length: 16 }, (_, index) => index);
const RECORDS: readonly RecordInput[] = [
  { coding: "int32", codes: findVif("volume", "m³", -3), value: 123456 },
  { coding: "int16", codes: findVif("errorFlags", ""), value: 0 },
];

function make(more: Partial<WirelessMeterOptions> = {}) {
  const commands: DataRecord[] = [];
  const model = { records: () => RECORDS, command: (records: readonly DataRecord[]) => void commands.push(...records) };
  return { meter: new WirelessMeter(model, { meter: METER, mode: "T1", intervalMs: 900_000, ...more }), commands };
}

const ring = () => new KeyRing().set(METER, KEY).lookup;

describe("a meter's transmissions", () => {
  test.each([
    ["in clear, format A", {}],
    ["in clear, format B", { format: "b" }],
    ["security mode 5", { security: { mode: 5, key: KEY } }],
    ["security mode 5, format B", { security: { mode: 5, key: KEY }, format: "b" }],
    ["security mode 7", { security: { mode: 7, key: KEY } }],
    ["security mode 7, mode C2, format B", { security: { mode: 7, key: KEY }, format: "b", mode: "C2Up" }],
  ] as [string, Partial<WirelessMeterOptions>][])("%s: the receiver reads what the meter said", (_, options) => {
    const { meter } = make(options);
    const reception = new WirelessReceiver({ keys: ring() }).receive(meter.transmit(), 0);
    expect(reception.kind).toBe("telegram");
    if (reception.kind !== "telegram") return;
    const { application } = reception.telegram;
    expect(application.problems).toEqual([]);
    expect(application.records.map(scaledValue)).toEqual([123.456, 0]);
    expect(application.security.mac).toBe(options.security?.mode === 7 ? "matches" : "none");
  });

  test("come at intervals that the access number spreads by about three per cent", () => {
    const { meter } = make();
    const intervals = Array.from({ length: 256 }, () => (meter.transmit(), meter.nextIntervalMs()));
    expect(Math.min(...intervals)).toBe(900_000 * (1 - 64 / 2048));
    expect(Math.max(...intervals)).toBe(900_000 * (1 + 64 / 2048));
  });

  test("of security mode 7 carry a counter that never repeats, and a recorded one is a replay", () => {
    const { meter } = make({ security: { mode: 7, key: KEY }, counter: 41 });
    const receiver = new WirelessReceiver({ keys: ring() });
    const first = meter.transmit();
    const second = meter.transmit();
    expect(meter.counter).toBe(43);
    expect(receiver.receive(first, 0).kind).toBe("telegram");
    expect(receiver.receive(first, 1000).kind).toBe("duplicate");
    expect(receiver.receive(second, 2000).kind).toBe("telegram");
    expect(receiver.receive(first, 3000).kind).toBe("replay");
  });
});

describe("a bidirectional meter", () => {
  test("confirms its installation", () => {
    const { meter } = make({ mode: "C2Up" });
    meter.startInstallation();
    expect(decodeTelegram(meter.transmit()).control).toBe(WIRELESS_CONTROL.sndIr);
    expect(
      meter.hear(encodeCollectorTelegram({ collector: COLLECTOR, meter: METER, kind: "confirmInstallation", accessNumber: 1 })),
    ).toBeUndefined();
    expect(decodeTelegram(meter.transmit()).control).toBe(WIRELESS_CONTROL.sndNr);
  });

  test("answers a request inside its response window, the repeated request with the same telegram", () => {
    const { meter } = make({ mode: "T2Up", security: { mode: 5, key: KEY } });
    const request = encodeCollectorTelegram({ collector: COLLECTOR, meter: METER, kind: "request", accessNumber: 9 });
    const answer = meter.hear(request);
    expect(answer?.afterMs).toBe(2);
    const { application } = decodeTelegram(answer?.octets ?? new Uint8Array(0), { keys: ring() });
    expect(application.header).toMatchObject({ kind: "long", accessNumber: 9 });
    expect(application.records.map(scaledValue)).toEqual([123.456, 0]);
    expect(meter.hear(request)).toEqual(answer);
  });

  test("obeys an encrypted command once and refuses one in clear", () => {
    const { meter, commands } = make({ mode: "T2Up", security: { mode: 5, key: KEY } });
    const command = {
      collector: COLLECTOR,
      meter: METER,
      kind: "command",
      records: [{ coding: "int8", codes: [0xfd, 0x1f], value: 1 }],
    } as const;
    const refused = meter.hear(encodeCollectorTelegram({ ...command, accessNumber: 1 }));
    expect(decodeTelegram(refused?.octets ?? new Uint8Array(0)).application.applicationError).toBe("access denied");
    expect(commands).toHaveLength(0);
    const sealed = encodeCollectorTelegram({ ...command, accessNumber: 2, key: new MeterKey(KEY) });
    const done = meter.hear(sealed);
    expect(decodeTelegram(done?.octets ?? new Uint8Array(0)).control).toBe(WIRELESS_CONTROL.ack);
    meter.hear(sealed);
    expect(commands.map(({ vib }) => vib.quantity)).toEqual(["remoteControl"]);
  });

  test("of security mode 7 obeys only a command of mode 7, once, also after a restart, and no recording of an older one", () => {
    const { meter, commands } = make({ mode: "T2Up", security: { mode: 7, key: KEY } });
    const command = (number: number) =>
      encodeCollectorTelegram({
        collector: COLLECTOR,
        meter: METER,
        kind: "command",
        accessNumber: number,
        records: [{ coding: "int8", codes: [0xfd, 0x1f], value: 1 }],
        key: new MeterKey(KEY),
        counter: Uint8Array.of(number, 0, 0, 0),
      });
    const controlOf = (answer: ReturnType<typeof meter.hear>) => decodeTelegram(answer?.octets ?? new Uint8Array(0)).control;
    expect(controlOf(meter.hear(command(2)))).toBe(WIRELESS_CONTROL.ack);
    expect(commands).toHaveLength(1);
    const later = make({ mode: "T2Up", security: { mode: 7, key: KEY }, lastCommand: meter.lastCommand });
    expect(controlOf(later.meter.hear(command(2)))).toBe(WIRELESS_CONTROL.ack);
    expect(later.meter.hear(command(1))).toBeUndefined();
    expect(later.commands).toHaveLength(0);
    later.meter.hear(command(3));
    expect(later.commands).toHaveLength(1);
    const forged = command(4);
    forged[forged.length - 3] = (forged.at(-3) ?? 0) ^ 1;
    expect(later.meter.hear(forged)).toBeUndefined();
    const weak = { collector: COLLECTOR, meter: METER, kind: "command", accessNumber: 9, key: new MeterKey(KEY) } as const;
    const answer = later.meter.hear(encodeCollectorTelegram({ ...weak, records: [{ coding: "int8", codes: [0xfd, 0x1f], value: 0 }] }));
    expect(decodeTelegram(answer?.octets ?? new Uint8Array(0)).application.applicationError).toBe("access denied");
    expect(later.commands).toHaveLength(1);
  });

  test("does not hear telegrams for others, nor any where its mode only sends", () => {
    const request = encodeCollectorTelegram({
      collector: COLLECTOR,
      meter: { ...METER, id: "99999999" },
      kind: "request",
      accessNumber: 9,
    });
    expect(make({ mode: "T2Up" }).meter.hear(request)).toBeUndefined();
    expect(
      make({ mode: "T1" }).meter.hear(encodeCollectorTelegram({ collector: COLLECTOR, meter: METER, kind: "request", accessNumber: 9 })),
    ).toBeUndefined();
  });
});

describe("a meter on the air", () => {
  test("sends at its intervals, hears in its window only, and answers after the response delay", () => {
    const simulation = new Simulation({ seed: 1, startMs: 0 });
    const { clock, timers } = simulation.node("meter").world;
    const sent: { atMs: number; control: number }[] = [];
    const { meter } = make({ mode: "C2Up", intervalMs: 60_000 });
    const request = encodeCollectorTelegram({ collector: COLLECTOR, meter: METER, kind: "request", accessNumber: 1 });
    const radio = {
      transmit: (octets: Uint8Array) => {
        sent.push({ atMs: clock.nowMs(), control: decodeTelegram(octets).control });
        return { onAirMs: 5 };
      },
    };
    const beacon = startWirelessBeacon(meter, { clock, timers, radio, firstMs: 1000 });
    simulation.at(1010, () => beacon.receive(request));
    simulation.at(30_000, () => beacon.receive(request));
    return simulation.runUntil(200_000).then(() => {
      beacon.stop();
      const regular = sent.filter(({ control }) => control === WIRELESS_CONTROL.sndNr).map(({ atMs }) => atMs);
      expect(regular).toHaveLength(4);
      expect(regular[0]).toBe(1000);
      for (const [index, atMs] of regular.slice(1).entries())
        expect(Math.abs(atMs - (regular[index] ?? 0) - 60_000)).toBeLessThan(60_000 * 0.0325);
      expect(sent.filter(({ control }) => control === WIRELESS_CONTROL.rspUd)).toEqual([{ atMs: 1110, control: WIRELESS_CONTROL.rspUd }]);
    });
  });

  test("with a long extended link layer is read with its key, and not without", () => {
    const content = writeRecords(RECORDS).finish();
    const telegram = encodeTelegram({
      control: 0x44,
      sender: METER,
      format: "b",
      extendedLink: { communicationControl: 0x20, accessNumber: 5, session: { number: 77, key: new MeterKey(KEY) } },
      message: { meter: METER, header: "none", accessNumber: 5, content },
    });
    expect(decodeTelegram(telegram, { keys: ring() }).application.records.map(scaledValue)).toEqual([123.456, 0]);
    const closed = decodeTelegram(telegram);
    expect(closed.application.problems.map(({ code }) => code)).toEqual(["missing-key"]);
    expect(closed.application.security.status).toBe("missing-key");
    expect(closed.extendedLink?.session).toEqual({ number: 77 + 2 ** 29, encryption: 1 });
  });
});

describe("compact frames", () => {
  const full = writeRecords(RECORDS).finish();
  const { records } = readRecords(full);
  const telegram = (ci: number, content: Uint8Array) =>
    encodeTelegram({
      control: 0x44,
      sender: METER,
      format: "a",
      message: { meter: METER, header: "none", controlInformation: ci, accessNumber: 0, content },
    });

  test("are read once a full frame has taught their layout", () => {
    const receiver = new WirelessReceiver({ formats: new FormatStore() });
    const compact = telegram(0x79, writeCompactFrame(full, records));
    const before = receiver.receive(compact, 0);
    expect(before.kind === "telegram" && before.telegram.application.problems[0]?.code).toBe("unknown-format");
    receiver.receive(telegram(0x78, full), 1000);
    const after = receiver.receive(compact, 100_000);
    expect(after.kind === "telegram" && after.telegram.application.records.map(({ value }) => value)).toEqual([123456, 0]);
  });

  test("are read once a format frame has", () => {
    const layout = records.map((record) => full.slice(record.offset, record.offset + record.headerOctets));
    const content = writeFormatFrame(layout);
    expect(readFormatFrame(content, 0, content.length).map((header) => toHex(header))).toEqual(layout.map((header) => toHex(header)));
    const receiver = new WirelessReceiver({ formats: new FormatStore() });
    receiver.receive(telegram(0x69, content), 0);
    const after = receiver.receive(telegram(0x79, writeCompactFrame(full, records)), 1000);
    expect(after.kind === "telegram" && after.telegram.application.records).toHaveLength(2);
  });

  test("of Kamstrup meters are read at once: their layouts are known", () => {
    const layout: readonly RecordInput[] = [
      { coding: "int16", codes: [0xff, 0x20], value: 0 },
      { coding: "int32", codes: [0x13], value: 123456 },
      { coding: "int32", codes: [0x13], storage: 1, value: 120000 },
      { coding: "int8", function: "minimum", codes: [0x5b], storage: 1, value: 12 },
      { coding: "int8", function: "minimum", codes: [0x67], storage: 1, value: 19 },
    ];
    const octets = writeRecords(layout).finish();
    const compact = telegram(0x79, writeCompactFrame(octets, readRecords(octets).records));
    const reception = new WirelessReceiver().receive(compact, 0);
    expect(reception.kind === "telegram" && reception.telegram.application.records.map(({ value }) => value)).toEqual([
      0, 123456, 120000, 12, 19,
    ]);
  });

  test("with a value changed on the way are refused by the full frame's CRC", () => {
    const receiver = new WirelessReceiver({ formats: new FormatStore() });
    receiver.receive(telegram(0x78, full), 0);
    const content = writeCompactFrame(full, records);
    content[4] = (content[4] ?? 0) ^ 1;
    const after = receiver.receive(telegram(0x79, content), 1000);
    expect(after.kind === "telegram" && after.telegram.application.problems[0]?.code).toBe("crc");
  });
});

test("fragments of one message come together in any order", () => {
  const content = writeRecords(
    Array.from({ length: 60 }, (_, index): RecordInput => ({ coding: "int32", codes: [0x13], storage: index, value: index })),
  ).finish();
  const message = Uint8Array.of(0x78, ...content);
  const fragment = (id: number, part: Uint8Array, more: boolean) => {
    const body = Uint8Array.of(0, 0x44, 0xb4, 0x05, 0x78, 0x56, 0x34, 0x12, 1, 7, 0x90, 0x02, id, more ? 0x40 : 0, ...part);
    body[0] = body.length - 1;
    return body;
  };
  const parts = [
    fragment(1, message.subarray(0, 150), true),
    fragment(2, message.subarray(150, 300), true),
    fragment(3, message.subarray(300), false),
  ] as const;
  const receiver = new WirelessReceiver({ format: "none" });
  expect(parts.map((part, index) => receiver.receive(part, index).kind)).toEqual(["fragment", "fragment", "telegram"]);
  const again = new WirelessReceiver({ format: "none" });
  expect(again.receive(parts[0], 0).kind).toBe("fragment");
  expect(again.receive(parts[2], 1)).toMatchObject({ kind: "fragment", missing: 2 });
  expect(again.receive(parts[1], 2).kind).toBe("telegram");
  const last = new WirelessReceiver({ format: "none" });
  const done = parts.map((part, index) => last.receive(part, index)).at(-1);
  expect(done?.kind === "telegram" && done.telegram.application.records.map(({ value }) => value)).toEqual(
    Array.from({ length: 60 }, (_, index) => index),
  );
});

describe("line codes", () => {
  const octets = Uint8Array.from({ length: 256 }, (_, index) => index);

  test("carry every octet there and back", () => {
    for (let length = 0; length <= octets.length; length += 5) {
      const data = octets.subarray(0, length);
      expect(decodeThreeOfSix(encodeThreeOfSix(data), length)).toEqual(data);
      expect(decodeManchester(encodeManchester(data))).toEqual(data);
    }
  });

  test("refuse chips that are no code, with their place", () => {
    expect(() => decodeThreeOfSix(Uint8Array.of(0, 0, 0), 2)).toThrow(/3-out-of-6.*byte 0/);
    expect(() => decodeManchester(Uint8Array.of(0x55, 0x54))).toThrow(/Manchester/);
  });

  test("tell how long a telegram is on air", () => {
    expect(timeOnAirMs("T1", 50)).toBeCloseTo(6.48, 2);
    expect(timeOnAirMs("S1", 50)).toBeCloseTo(41.99, 2);
  });
});
