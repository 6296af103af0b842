import {
  addressText,
  encodeCollectorTelegram,
  KeyRing,
  MeterKey,
  startWirelessBeacon,
  timeOnAirMs,
  WirelessMeter,
  WirelessReceiver,
  WIRELESS_CONTROL,
  type DataRecord,
  type RadioModeName,
  type Telegram,
} from "@amity/mbus";
import { createFleet, masterSecretFrom, MeterFleet, startSubMeterBeacon } from "@amity/meter";
import { Simulation } from "@amity/runtime";
import { describe, expect, it } from "vitest";
import { BROADCAST_STATION, CONCENTRATOR_STATION, createMedium, MEDIA, type Medium } from "../src/index.ts";

const startMs = Date.UTC(2026, 0, 12);
const METER = { id: "12345678", manufacturer: "AMT", version: 1, deviceType: 7 };
const COLLECTOR = { id: "00000001", manufacturer: "AMC", version: 1, deviceType: 0x31 };
const KEY = Uint8Array.from({ length: 16 }, (_, index) => index);

/** A meter and a collector on the air; the collector answers each telegram of the meter `delayMs` after its end. */
function airWith(options: { readonly mode: RadioModeName; readonly loss: number; readonly delayMs: number; readonly seed?: number }) {
  const simulation = new Simulation({ seed: options.seed ?? 1, startMs });
  const { world } = simulation.node("street");
  const medium = createMedium(world, { ...MEDIA.wirelessMbus, loss: options.loss });
  const commands: DataRecord[] = [];
  const model = {
    records: () => [{ coding: "int32", codes: [0x13], value: 4_711 } as const],
    fullRecords: () => [{ coding: "int32", codes: [0x13], value: 4_712 } as const],
    command: (records: readonly DataRecord[]) => void commands.push(...records),
  };
  const meter = new WirelessMeter(model, { meter: METER, mode: options.mode, intervalMs: 60_000, security: { mode: 5, key: KEY } });
  const transmit = (octets: Uint8Array) => {
    station.send(BROADCAST_STATION, octets);
    return { onAirMs: timeOnAirMs(options.mode, octets.length) };
  };
  const beacon = startWirelessBeacon(meter, { clock: world.clock, timers: world.timers, radio: { transmit }, firstMs: 1_000 });
  const station = medium.attach(1, (frame) => beacon.receive(frame));
  const heard: Telegram[] = [];
  const receiver = new WirelessReceiver({ keys: new KeyRing().set(METER, KEY).lookup });
  const collector = medium.attach(CONCENTRATOR_STATION, (frame) => {
    const reception = receiver.receive(frame, world.clock.nowMs());
    if (reception.kind !== "telegram") return;
    heard.push(reception.telegram);
    const answer = onHeard(reception.telegram);
    if (answer !== undefined) world.timers.after(options.delayMs, () => collector.send(BROADCAST_STATION, answer));
  });
  let onHeard: (telegram: Telegram) => Uint8Array | undefined = () => undefined;
  const order = (kind: "request" | "command" | "confirmInstallation", accessNumber: number) =>
    encodeCollectorTelegram({
      collector: COLLECTOR,
      meter: METER,
      kind,
      accessNumber,
      ...(kind === "command" ? { records: [{ coding: "int8", codes: [0xfd & 0x7f, 0x1f], value: 0 }], key: new MeterKey(KEY) } : {}),
    });
  return { simulation, meter, medium, heard, commands, order, answerWith: (answer: typeof onHeard) => void (onHeard = answer) };
}

const run = (simulation: Simulation, minutes: number): Promise<void> => simulation.runUntil(startMs + minutes * 60_000);

describe("a meter of wireless M-Bus that listens", () => {
  it.each([
    ["T2Up", 2.5],
    ["C2Up", 100],
    ["S2", 20],
    ["N2", 500],
  ] as const)("answers in mode %s to a request within its window, over an air that loses a third", async (mode, delayMs) => {
    const { simulation, heard, order, answerWith } = airWith({ mode, loss: 0.33, delayMs });
    let number = 0;
    answerWith(({ control }) => (control === WIRELESS_CONTROL.sndNr ? order("request", ++number) : undefined));
    await run(simulation, 60);
    const answers = heard.filter(({ control }) => control === WIRELESS_CONTROL.rspUd);
    expect(answers.length).toBeGreaterThan(5);
    expect(heard.filter(({ control }) => control === WIRELESS_CONTROL.sndNr).length).toBeGreaterThan(answers.length);
    expect(answers.every(({ application }) => application.records[0]!.value === 4_712)).toBe(true);
  });

  it.each([
    ["T2Up", 60],
    ["C2Up", 400],
    ["T1", 2.5],
    ["C1", 100],
  ] as const)("hears nothing in mode %s when the request comes %d ms after its telegram", async (mode, delayMs) => {
    const { simulation, heard, order, answerWith } = airWith({ mode, loss: 0, delayMs });
    answerWith(({ control }) => (control === WIRELESS_CONTROL.sndNr ? order("request", 1) : undefined));
    await run(simulation, 10);
    expect(heard.length).toBeGreaterThan(8);
    expect(heard.some(({ control }) => control === WIRELESS_CONTROL.rspUd)).toBe(false);
  });

  it("obeys a command once, however often it has to be sent until the acknowledgement gets through", async () => {
    for (const seed of [1, 2, 3, 4]) {
      const { simulation, heard, commands, order, answerWith } = airWith({ mode: "C2Up", loss: 0.5, delayMs: 100, seed });
      const isDone = (): boolean => heard.some(({ control }) => control === WIRELESS_CONTROL.ack);
      answerWith(({ control }) => (control === WIRELESS_CONTROL.sndNr && !isDone() ? order("command", 7) : undefined));
      await run(simulation, 120);
      expect(isDone()).toBe(true);
      expect(commands).toHaveLength(1);
    }
  });

  it("asks to be installed until a confirmation gets through", async () => {
    const { simulation, meter, heard, order, answerWith } = airWith({ mode: "C2Up", loss: 0.5, delayMs: 100 });
    meter.startInstallation();
    answerWith(({ control }) => (control === WIRELESS_CONTROL.sndIr ? order("confirmInstallation", 1) : undefined));
    await run(simulation, 120);
    expect(meter.isInstalled).toBe(true);
    const controls = heard.map(({ control }) => control);
    expect(controls.filter((control) => control === WIRELESS_CONTROL.sndIr).length).toBeGreaterThan(0);
    expect(controls.at(-1)).toBe(WIRELESS_CONTROL.sndNr);
    expect(controls.lastIndexOf(WIRELESS_CONTROL.sndIr)).toBeLessThan(controls.indexOf(WIRELESS_CONTROL.sndNr));
  });
});

describe("the sub-meters of a fleet on the air", () => {
  it("reach a collector that has their keys, and count their telegrams as if they had always sent", async () => {
    const simulation = new Simulation({ seed: 3, startMs });
    const { world } = simulation.node("street");
    const medium: Medium = createMedium(world, MEDIA.wirelessMbus);
    const plan = createFleet({
      seed: 5,
      meters: 20,
      concentrators: 1,
      feeders: 1,
      startMs,
      subMeters: { gas: 0.6, water: 1, heat: 0.4, wireless: 1 },
    });
    const fleet = await MeterFleet.open({ plan, masterSecret: masterSecretFrom("test"), clock: world.clock });
    const keys = new KeyRing();
    const receiver = new WirelessReceiver({ keys: keys.lookup });
    const heard = new Map<string, Telegram[]>();
    medium.attach(CONCENTRATOR_STATION, (frame) => {
      const reception = receiver.receive(frame, world.clock.nowMs());
      if (reception.kind !== "telegram") return;
      const name = addressText(reception.telegram.sender);
      heard.set(name, [...(heard.get(name) ?? []), reception.telegram]);
    });
    for (const { meterId, address, reach, radio } of plan.subMeters) {
      keys.set(address, fleet.subMeterKeys(meterId).userKey);
      if (reach.kind !== "wireless") throw new Error("all are heard by radio here");
      const transmit = (octets: Uint8Array) => {
        station.send(CONCENTRATOR_STATION, octets);
        return { onAirMs: timeOnAirMs(radio.mode, octets.length) };
      };
      const beacon = startSubMeterBeacon(fleet.subMeter(meterId), { clock: world.clock, timers: world.timers, radio: { transmit } });
      const station = medium.attach(reach.station, (frame) => beacon.receive(frame));
    }
    await run(simulation, 240);
    expect(heard.size).toBe(plan.subMeters.length);
    for (const { meterId, address } of plan.subMeters) {
      const telegrams = heard.get(addressText(address)) ?? [];
      expect(telegrams.length).toBeGreaterThan(10);
      const { radio, meter } = fleet.subMeter(meterId);
      const last = telegrams.at(-1)!;
      expect(last.application.problems).toEqual([]);
      const number = radio.numberAt(world.clock.nowMs());
      const sent = [number, number - 1, number - 2].find((one) => (one & 0xff) === last.application.header?.accessNumber)!;
      expect(last.application.records[0]!.value).toBe(meter.registersAt(radio.sentAtMs(sent))[0]);
    }
  });
});
