import { LinkError } from "@amity/bytes";
import { data, encodeData, memoryCounter, memoryReceivedCounter, obisToOctets, parseObis, type DlmsData } from "@amity/dlms";
import {
  createHeadEnd,
  dlmsDriver,
  InvocationCounters,
  memoryCounterStore,
  memoryRegistry,
  memorySealedStore,
  sealedKeyVault,
} from "@amity/headend";
import { createFleet, masterSecretFrom, MeterFleet, networkCarrier, parseMeterType } from "@amity/meter";
import type { IntervalSeries, ReadingBatch } from "@amity/model";
import { Simulation } from "@amity/runtime";
import { expect, it } from "vitest";
import { listenForPushes } from "../src/compose/push-receiver.ts";

const startMs = Date.UTC(2026, 0, 20, 1);
const MINUTE_MS = 60_000;
const PORT = 4_063;
const SETUP = "0-0:25.9.0";
const TITLE = new TextEncoder().encode("HESHES01");
const REGISTERS = ["1-0:1.8.0", "1-0:2.8.0", "1-0:3.8.0", "1-0:4.8.0"];

const name = (obis: string): DlmsData => data.octets(obisToOctets(parseObis(obis)));
const ALL = data.structure(data.enumerated(0), data.nothing);
const object = (classId: number, obis: string, attributeId: number, restriction = ALL): DlmsData =>
  data.structure(data.longUnsigned(classId), name(obis), data.integer(attributeId), data.longUnsigned(0), restriction, data.array());
/** Rows from a number on, to the newest. */
const fromEntry = (entry: number): DlmsData =>
  data.structure(data.enumerated(2), data.structure(data.doubleLongUnsigned(entry), data.doubleLongUnsigned(0)));
const CIPHERED = data.array(
  data.structure(data.enumerated(2), data.structure(...Array.from({ length: 4 }, () => data.octets(new Uint8Array(0))), data.nothing)),
);

it("a load profile that a meter pushes by itself reaches the sink, though the sink was away and the link was lost", async () => {
  const simulation = new Simulation({ seed: 4, startMs });
  const street = simulation.node("street").world;
  const office = simulation.node("head-end").world;
  const plan = createFleet({ seed: 8, meters: 1, feeders: 1, concentrators: 1, directShare: 1, startMs, installedDays: [5, 9] });
  const { meterId, serial } = plan.meters[0]!;
  const type = parseMeterType(JSON.stringify({ pushSetupVersion: 3 }));
  const fleet = await MeterFleet.open({ plan, masterSecret: masterSecretFrom("push"), clock: street.clock, type });
  fleet.act(street, networkCarrier(street.network, { localHost: "street", timers: street.timers }));
  const { encryptionKey, authenticationKey } = fleet.keys(meterId);
  const keys = sealedKeyVault(new Uint8Array(32), memorySealedStore(), office.random.fork("vault"));
  const registry = memoryRegistry();
  await registry.registerDevices([
    { meterId, protocol: "dlms", settings: {}, status: "active", route: { kind: "direct", address: { host: "nowhere", port: 1 } } },
  ]);
  await keys.store([
    { ref: { owner: meterId, purpose: "guek" }, secret: encryptionKey },
    { ref: { owner: meterId, purpose: "gak" }, secret: authenticationKey },
  ]);
  const committed: IntervalSeries[] = [];
  let failures = 1;
  const sink = {
    accept(batches: readonly ReadingBatch[]): Promise<void> {
      if (failures-- > 0) return Promise.reject(new LinkError("the database is away", { code: "closed" }));
      committed.push(...batches.flatMap(({ intervals }) => intervals));
      return Promise.resolve();
    },
  };
  const parts = { world: office, registry, keys, counters: new InvocationCounters(memoryCounterStore()), sink };
  const headEnd = createHeadEnd({ ...parts, drivers: [dlmsDriver({ systemTitle: TITLE })] }, { historyMs: 60 * MINUTE_MS });
  await simulation.runFor(headEnd.start());
  const [received, sent] = [memoryReceivedCounter(), memoryCounter(7_000)];
  const refused: string[] = [];
  const listen = () =>
    listenForPushes({
      network: office.network,
      timers: office.timers,
      host: "head-end",
      port: PORT,
      meterOf: (deviceName) => (deviceName.endsWith(String(serial)) ? meterId : undefined),
      senderOf: () => Promise.resolve({ keys: { encryptionKey, authenticationKey }, received, sent }),
      systemTitle: TITLE,
      onEvent: () => {},
      onPush: (pushed, apdu) => headEnd.takePush(pushed, apdu),
      onRefused: (reason) => refused.push(reason),
    });

  const device = fleet.device(meterId);
  device.advance();
  const used = device.meter.rows("load", startMs).reduce((sum, span) => sum + span.end - span.first, 0);
  const settings: readonly (readonly [number, DlmsData])[] = [
    [
      2,
      data.array(
        object(40, SETUP, 1),
        object(1, "0-0:42.0.0", 2),
        object(8, "0-0:1.0.0", 2),
        object(7, "1-0:99.1.0", 3),
        object(7, "1-0:99.1.0", 4),
        ...REGISTERS.map((register) => object(3, register, 3)),
        object(7, "1-0:99.1.0", 2, fromEntry(used - 8)),
      ),
    ],
    [3, data.structure(data.enumerated(0), data.octets(new TextEncoder().encode(`head-end:${PORT}`)), data.enumerated(0))],
    [10, CIPHERED],
    [11, data.enumerated(2)],
  ];
  const values = settings.map(([attributeId, value]) => ({ attributeId, octets: Buffer.from(encodeData(value)).toString("hex") }));
  await fleet.happen([meterId], (atMs) => ({ kind: "configure", atMs, object: SETUP, values }));
  await fleet.happen([meterId], (atMs) => ({ kind: "push", atMs, setup: 0 }));

  // Nobody listens at first; then the sink is away once.
  await simulation.runUntil(startMs + 90_000);
  await simulation.runFor(listen());
  await simulation.runUntil(startMs + 20 * MINUTE_MS);
  expect(refused).toEqual(["the database is away"]);
  expect(device.meter.functionsIfAny?.pushConfirmations?.has(0)).toBe(true);
  const imported = committed.filter(({ channel }) => channel === "1-0:1.8.0");
  expect(imported).toHaveLength(1);
  const [series] = imported;
  expect(series).toMatchObject({ meterId, intervalSeconds: 900 });
  expect(series!.values).toHaveLength(8);
  const [before, after] = [series!.startMs, series!.startMs + 8 * 900_000].map((atMs) => device.meter.registersAt(atMs)[0] ?? 0);
  expect([...series!.values].reduce((sum, value) => sum + value, 0)).toBe(after! - before!);
}, 20_000);
