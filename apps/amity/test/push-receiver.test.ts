import { LinkError } from "@amity/bytes";
import fc from "fast-check";
import { data, encodeDataNotification, encodeWrapper, memoryCounter, memoryReceivedCounter, obisToOctets, parseObis } from "@amity/dlms";
import { createFleet, masterSecretFrom, MeterFleet, networkCarrier, parseMeterType, type PlannedMeter } from "@amity/meter";
import type { EndDeviceEvent } from "@amity/model";
import { Simulation, type World } from "@amity/runtime";
import { beforeEach, describe, expect, it } from "vitest";
import { listenForPushes } from "../src/compose/push-receiver.ts";

const startMs = Date.UTC(2026, 0, 20, 1);
const MINUTE_MS = 60_000;
const PORT = 4_062;
const ALARM_SETUP = "0-4:25.9.0";

let simulation: Simulation;
let street: World;
let fleet: MeterFleet;
let target: PlannedMeter;
let events: EndDeviceEvent[];
let refused: string[];

/** Pushes that the receiver handed on, and what became of them. */
let handedOn: string[];
let isSinkDown: boolean;

beforeEach(async () => {
  handedOn = [];
  isSinkDown = false;
  simulation = new Simulation({ seed: 4, startMs });
  street = simulation.node("street").world;
  const plan = createFleet({ seed: 8, meters: 1, feeders: 1, concentrators: 1, directShare: 1, startMs });
  target = plan.meters[0]!;
  const type = parseMeterType(JSON.stringify({ pushSetupVersion: 2 }));
  fleet = await MeterFleet.open({ plan, masterSecret: masterSecretFrom("push"), clock: street.clock, type });
  fleet.act(street, networkCarrier(street.network, { localHost: "street", timers: street.timers }));
  events = [];
  refused = [];
  const received = memoryReceivedCounter();
  const sent = memoryCounter(7_000);
  const { encryptionKey, authenticationKey } = fleet.keys(target.meterId);
  const office = simulation.node("head-end").world;
  await listenForPushes({
    network: office.network,
    timers: office.timers,
    host: "head-end",
    port: PORT,
    meterOf: (name) => (name === `AMT${String(target.serial).padStart(13, "0")}` ? target.meterId : undefined),
    senderOf: () => Promise.resolve({ keys: { encryptionKey, authenticationKey }, received, protection: "authenticated-encrypted", sent }),
    systemTitle: new TextEncoder().encode("HESHES01"),
    onEvent: (event) => events.push(event),
    async onPush(meterId) {
      handedOn.push(isSinkDown ? "lost" : meterId);
      if (isSinkDown) throw new LinkError("the database is away", { code: "closed" });
    },
    onRefused: (reason) => refused.push(reason),
  });
});

/** Settings as the meter keeps them, without a session. */
async function set(object: string, attributeId: number, octets: string): Promise<void> {
  await fleet.happen([target.meterId], (atMs) => ({ kind: "configure", atMs, object, values: [{ attributeId, octets }] }));
}

const hex = (...octets: number[]): string => Buffer.from(octets).toString("hex");
const UDP_HERE = hex(2, 3, 0x16, 1, 9, 13, ...Buffer.from("head-end:4062"), 0x16, 0);
const CIPHERED = hex(1, 1, 2, 2, 0x16, 2, 2, 5, 9, 0, 9, 0, 9, 0, 9, 0, 0);

describe("the push receiver", () => {
  it("takes the ciphered alarm of a meter as events, each kind by itself, and says that they are authenticated", async () => {
    await set(ALARM_SETUP, 3, UDP_HERE);
    await set(ALARM_SETUP, 10, CIPHERED);
    await set("0-0:97.98.10", 2, hex(6, 0, 0, 0x20, 1));
    await fleet.happen([target.meterId], (atMs) => ({ kind: "openCover", atMs }));
    await simulation.runUntil(startMs + MINUTE_MS);
    await fleet.happen([target.meterId], (atMs) => ({ kind: "loseClock", atMs }));
    await simulation.runUntil(startMs + 2 * MINUTE_MS);
    expect(refused).toEqual([]);
    expect(events.map(({ kind, code }) => [kind, code])).toEqual([
      ["tamper", 0x2000],
      ["clockInvalid", 1],
      ["tamper", 0x2000],
    ]);
    expect(events[0]).toMatchObject({ meterId: target.meterId, detail: "alarm descriptor 8192, authenticated" });
  });

  it.each([
    ["TCP", hex(2, 3, 0x16, 0, 9, 13, ...Buffer.from("head-end:4062"), 0x16, 0)],
    ["UDP", UDP_HERE],
  ])("confirms a push over %s once it is safe; until then the meter says it again", async (_transport, here) => {
    await set(ALARM_SETUP, 3, here);
    await set(ALARM_SETUP, 10, CIPHERED);
    await set(ALARM_SETUP, 11, hex(0x16, 2));
    await set("0-0:97.98.10", 2, hex(6, 0, 0, 0x20, 1));
    isSinkDown = true;
    await fleet.happen([target.meterId], (atMs) => ({ kind: "openCover", atMs }));
    await simulation.runUntil(startMs + MINUTE_MS);
    isSinkDown = false;
    await simulation.runUntil(startMs + 30 * MINUTE_MS);
    expect(handedOn).toEqual(["lost", target.meterId]);
    expect(fleet.device(target.meterId).meter.functionsIfAny?.pushConfirmations?.has(4)).toBe(true);
    expect(refused).toEqual(["the database is away"]);
  });

  it("lets nobody hold a connection on which nothing comes", async () => {
    const connection = await simulation.runFor(street.network.connect({ host: "head-end", port: PORT }));
    let isClosed = false;
    connection.bind({ data() {}, closed: () => (isClosed = true) });
    await simulation.runUntil(startMs + 59_000);
    expect(isClosed).toBe(false);
    await simulation.runUntil(startMs + 2 * MINUTE_MS);
    expect(isClosed).toBe(true);
  });

  it("refuses a ciphered push that comes again, and octets that are no push, and takes a last gasp in the clear", async () => {
    const { network } = street;
    const socket = await simulation.runFor(network.datagram({ host: "street", port: 0 }, () => {}));
    const send = async (apdu: Uint8Array): Promise<void> => {
      socket.send(encodeWrapper(1, 64, apdu), { host: "head-end", port: PORT });
      await simulation.runUntil(simulation.nowMs + 1_000);
    };
    const device = fleet.device(target.meterId);
    await set(ALARM_SETUP, 10, CIPHERED);
    const once = device.protectPush(4, device.pushMessage(4, startMs, false));
    await send(once);
    expect(refused).toEqual([]);
    await send(once);
    expect(refused).toHaveLength(1);
    await send(Uint8Array.of(1, 2, 3));
    expect(refused).toHaveLength(2);
    const name = new TextEncoder().encode(`AMT${String(target.serial).padStart(13, "0")}`);
    const stamp = Uint8Array.of(0x07, 0xea, 1, 20, 2, 12, 0, 0, 0, 0xfd, 0x6c, 0x80);
    const setup = data.octets(obisToOctets(parseObis(ALARM_SETUP)));
    const body = data.structure(setup, data.octets(name), data.octets(stamp), data.doubleLongUnsigned(2));
    events.length = 0;
    await send(encodeDataNotification({ invokeId: 1, body }));
    expect(events).toEqual([
      { meterId: target.meterId, atMs: startMs, kind: "lastGasp", log: "0-4:25.9.0.255", code: 82, detail: "alarm descriptor 2" },
    ]);
  });
});

describe("the push receiver among enemies", () => {
  it("takes any datagram and any stream, keeps nothing of them and goes on", async () => {
    const { network } = simulation.node("enemy").world;
    const socket = await simulation.runFor(network.datagram({ host: "enemy", port: 0 }, () => undefined));
    const push = encodeDataNotification({ invokeId: 1, body: data.structure(data.octets(obisToOctets(parseObis(`${ALARM_SETUP}.255`)))) });
    const changed = fc.tuple(fc.nat(push.length - 1), fc.nat(255)).map(([at, octet]) => push.with(at, octet));
    const said = fc.sample(fc.oneof(fc.uint8Array({ maxLength: 80 }), changed), { numRuns: 1_000, seed: 42 });
    for (const octets of said) {
      socket.send(octets, { host: "head-end", port: PORT });
      socket.send(encodeWrapper(1, 103, octets), { host: "head-end", port: PORT });
    }
    for (const octets of said.slice(0, 200)) {
      const connection = await simulation.runFor(network.connect({ host: "head-end", port: PORT }));
      connection.bind({ data: () => undefined, closed: () => undefined });
      connection.send(octets);
    }
    await simulation.runUntil(simulation.nowMs + 2 * MINUTE_MS);
    expect([events, handedOn]).toEqual([[], []]);
    expect(refused.length).toBeGreaterThan(1_000);
    await set(ALARM_SETUP, 3, UDP_HERE);
    await fleet.happen([target.meterId], (atMs) => ({ kind: "openCover", atMs }));
    await set("0-0:97.98.10", 2, hex(6, 0, 0, 0x20, 1));
    await fleet.happen([target.meterId], (atMs) => ({ kind: "openCover", atMs }));
    await simulation.runUntil(simulation.nowMs + MINUTE_MS);
    expect(events.length).toBeGreaterThan(0);
  });
});
