import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { toHex } from "@amity/bytes";
import { mediumRadio, startConcentrator } from "@amity/concentrator";
import { meterTelegram, serveP1 } from "@amity/dsmr";
import { headEndMigrations, sealedKeyVault, sealedStoreOn } from "@amity/headend";
import { serveLocalPort } from "@amity/iec62056-21";
import { findVif, serveWiredBus, WiredBus, WiredSlave, WirelessMeter } from "@amity/mbus";
import { mdmMigrations, mdmRulesMigrations } from "@amity/mdm";
import { createFleet, MeterFleet, masterSecretFrom } from "@amity/meter";
import { createMedium, MEDIA } from "@amity/network";
import { realFiles, realNetwork, realRandom, realTimers, scaledClock, silentLog, type Connection, type World } from "@amity/runtime";
import { integer, obisOctets, serveSml } from "@amity/sml";
import { leaseMigrations, migrate, openScratchStore, type ScratchStore } from "@amity/store";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { composeUtility, type Utility } from "../src/compose/utility.ts";
import { readFleetFile } from "../src/compose/fleet-file.ts";

const MASTER_KEY = new Uint8Array(32).fill(5);
const METER_KEY = new Uint8Array(16).fill(0x21);
const CONCENTRATOR_KEYS = { encryptionKey: new Uint8Array(16).fill(0x31), authenticationKey: new Uint8Array(16).fill(0x32) };

/** Meters of every protocol on real sockets, as a fleet file names them. */
async function field(folder: string, world: World): Promise<{ csv: string; stop: () => Promise<void> }> {
  const stops: (() => Promise<unknown> | void)[] = [];
  const listen = async (accept: (connection: Connection) => void): Promise<string> => {
    const listener = await realNetwork.listen({ host: "127.0.0.1", port: 0 }, accept);
    stops.push(() => listener.close());
    return `127.0.0.1:${listener.address.port}`;
  };
  const plan = createFleet({
    seed: 3,
    meters: 1,
    feeders: 1,
    concentrators: 1,
    directShare: 1,
    startMs: Date.now(),
    zone: "Europe/Berlin",
  });
  const secret = masterSecretFrom("own fleet");
  const fleet = await MeterFleet.open({ plan, masterSecret: secret, clock: world.clock });
  const dlmsId = plan.meters[0]?.meterId ?? "";
  const dlmsKeys = fleet.keys(dlmsId);
  const dlms = await listen((connection) => fleet.attach(dlmsId, connection, world));
  const bus = new WiredBus([
    new WiredSlave(
      { readout: () => [{ coding: "bcd8", codes: findVif("energy", "Wh", 3), value: 12345 }] },
      { meter: { id: "11111111", manufacturer: "AMT", version: 1, deviceType: 4 }, primaryAddress: 5 },
    ),
  ]);
  const mbus = await listen((connection) => serveWiredBus(connection, bus, { timers: realTimers }));
  const iec = await listen((connection) =>
    serveLocalPort(
      connection,
      {
        identification: { manufacturer: "AMT", baudCharacter: "5", capabilities: [], identifier: "METER" },
        address: "4711",
        readout: () => "C.1.0(4711)\r\n1.8.0(000123.456*kWh)\r\n",
        operand: () => "",
        authenticate: () => undefined,
        execute: () => ({ kind: "error", text: "ERR1" }),
      },
      { timers: realTimers },
    ),
  );
  const serverId = new Uint8Array(10).fill(7);
  const entries = [{ objName: obisOctets("1-0:1.8.0*255"), unit: 30, scaler: -1, value: integer(98765) }];
  const sml = await listen((connection) =>
    serveSml(connection, { serverId, list: () => ({ entries }) }, { timers: realTimers, pushEveryMs: 200 }),
  );
  const p1 = await listen((connection) =>
    serveP1(connection, () => meterTelegram(p1Meter(Date.now())), { timers: realTimers, everyMs: 200 }),
  );
  const medium = createMedium({ timers: realTimers, random: realRandom() }, { ...MEDIA.rf, loss: 0, hopsMax: 1 });
  const water = new WirelessMeter(
    { records: () => [{ coding: "int32", codes: findVif("volume", "m³", -3), value: 424_242 }] },
    {
      meter: { id: "22222222", manufacturer: "AMT", version: 1, deviceType: 7 },
      mode: "T1",
      intervalMs: 300,
      security: { mode: 7, key: METER_KEY },
    },
  );
  const station = medium.attach(1, () => {});
  const radio = setInterval(() => station.send(0, water.transmit()), 300);
  stops.push(() => clearInterval(radio));
  const concentrator = await startConcentrator(
    { ...world, files: realFiles(join(folder, "concentrator")) },
    { connect: () => Promise.reject(new Error("none")) },
    {
      concentratorId: "W1",
      systemTitle: new TextEncoder().encode("DCU00001"),
      keys: CONCENTRATOR_KEYS,
      listen: { host: "127.0.0.1", port: 0 },
      meters: [],
      wireless: { radio: mediumRadio(medium), meters: [{ meterId: "W-WATER", address: "AMT-22222222-01-07" }] },
    },
  );
  stops.push(() => concentrator.stop());
  const hex = (octets: Uint8Array): string => toHex(octets);
  const csv = [
    "meter,protocol,address,listen,concentrator,station,host,channel,usage_point,commodity,setting.address,setting.medium,key.guek,key.gak,key.mbus,key.password",
    `W1,concentrator,127.0.0.1:${concentrator.address.port},,,,,,,,,,${hex(CONCENTRATOR_KEYS.encryptionKey)},${hex(CONCENTRATOR_KEYS.authenticationKey)},,`,
    `${dlmsId},dlms,${dlms},,,,,,UP-1,electricity,,,${hex(dlmsKeys.encryptionKey)},${hex(dlmsKeys.authenticationKey)},,`,
    `MB-HEAT,mbus,${mbus},,,,,,UP-2,heat,5,,,,,`,
    `IE-1,iec62056-21,${iec},,,,,,UP-3,electricity,4711,,,,,`,
    `SM-1,sml,,${sml},,,,,UP-4,electricity,,,,,,`,
    `P1-1,dsmr-p1,,${p1},,,,,UP-5,electricity,,,,,,`,
    `P1-GAS,dsmr-p1,,,,,P1-1,1,UP-6,gas,,,,,,`,
    `W-WATER,wmbus,,,W1,AMT-22222222-01-07,,,UP-7,water,,,,,${hex(METER_KEY)},`,
  ].join("\n");
  return {
    csv,
    async stop() {
      for (const stop of stops.toReversed()) await stop();
    },
  };
}

function p1Meter(nowMs: number) {
  const second = Math.floor(nowMs / 1000) * 1000;
  return {
    manufacturer: "AMT",
    identifier: "P1",
    equipmentId: "E0001",
    instantMs: second,
    isSummer: false,
    tariff: 1 as const,
    importedWh: [5_000, 1_000] as const,
    exportedWh: [0, 0] as const,
    importW: 0,
    exportW: 0,
    phases: [],
    channels: [
      { channel: 1 as const, deviceType: 3, equipmentId: "G1", instantMs: second, isSummer: false, milli: 777_000, unit: "m3" as const },
    ],
  };
}

describe("a fleet of one's own", () => {
  let scratch: ScratchStore;
  let folder: string;
  let utility: Utility;
  let ground: Awaited<ReturnType<typeof field>>;
  const world = (): World => ({
    clock: scaledClock(realTimers, { speed: 1 }),
    timers: realTimers,
    random: realRandom(),
    network: realNetwork,
    files: realFiles(join(folder, "head-end")),
    log: silentLog,
  });

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "amity-fleet-"));
    scratch = await openScratchStore({ timers: realTimers, random: realRandom() });
    await migrate(scratch.store, [leaseMigrations, headEndMigrations, mdmMigrations, mdmRulesMigrations]);
    ground = await field(folder, world());
    utility = composeUtility({
      world: world(),
      store: scratch.store,
      masterKey: MASTER_KEY,
      zone: "UTC",
      name: "Own",
      version: "0",
      headEnd: { historyMs: 86_400_000, concentratorPollMs: 200 },
    });
    await utility.start();
  }, 120_000);

  afterAll(async () => {
    await utility.stop();
    await ground.stop();
    await scratch.close();
    await rm(folder, { recursive: true, force: true });
  });

  const register = (text: string) => {
    const { entries } = readFleetFile(text);
    const content = (kind: string) => entries.filter((entry) => entry.kind === kind).map((entry) => entry.content);
    return utility.api.registerFleet({ devices: content("device"), concentrators: content("concentrator") });
  };

  it("of every protocol is registered from a file, read on real sockets and kept in PostgreSQL", { timeout: 120_000 }, async () => {
    expect(await register(ground.csv)).toMatchObject({ added: 8, changed: 0, problems: [] });
    const wanted = [
      "MB-HEAT 6-0:1.0.0 12345",
      "IE-1 1-0:1.8.0 123456",
      "SM-1 1-0:1.8.0 98765",
      "P1-1 1-0:1.8.0 6000",
      "P1-GAS 7-0:3.0.0 777000",
      "W-WATER 8-0:1.0.0 424242",
    ];
    const stored = async (): Promise<string[]> => {
      const { rows } = await scratch.store.query<{ meter_id: string; name: string; value: string }>(
        `select distinct m.meter_id, c.name, r.value::text as value from mdm.register_reading r
         join mdm.channel c on c.meter_key = r.meter_key and c.channel_no = r.channel_no
         join mdm.meter m on m.meter_key = r.meter_key`,
      );
      return rows.map(({ meter_id, name, value }) => `${meter_id} ${name} ${value}`);
    };
    await expect.poll(stored, { timeout: 60_000, interval: 500 }).toEqual(expect.arrayContaining(wanted));
    const intervals = async (): Promise<number> => utility.headEnd.views.counts().intervalsTaken;
    await expect.poll(intervals, { timeout: 60_000, interval: 500 }).toBeGreaterThan(90);
    expect((await utility.mdm.registry.placesOf(["P1-GAS"], Date.now())).get("P1-GAS")?.usagePointId).toBe("UP-6");
    expect((await utility.api.meters({ limit: 50, sort: "id" } as never)).items.map(({ id }) => id)).toContain("W-WATER");
  });

  it("shows what was on the wire of every protocol, field by field", async () => {
    const told = async (meterId: string): Promise<string> => {
      const trace = await utility.api.lastSession(meterId);
      const words = trace?.messages.map(({ title, summary, fields }) => `${title} ${summary} ${JSON.stringify(fields)}`) ?? [];
      for (const { error, hex, fields } of trace?.messages ?? []) {
        expect(error, `${meterId} ${hex}`).toBeUndefined();
        expect(fields.every(({ offset, length }) => 2 * (offset + length) <= hex.length)).toBe(true);
      }
      return words.join("\n");
    };
    expect(await told("MB-HEAT")).toMatch(/^M-Bus SND-NKE[^]*M-Bus AMT 11111111.*12345000 Wh/);
    expect(await told("IE-1")).toMatch(/^IEC 62056-21, sign-on device 4711[^]*1\.8\.0[^]*000123\.456/);
    expect(await told("SM-1")).toMatch(/^SML openResponse, getListResponse, closeResponse[^]*98765/);
    expect(await told("P1-1")).toMatch(/P1[^]*1-0:1\.8\.1/);
    expect(await told("W-WATER")).toMatch(/^wireless M-Bus AMT 22222222[^]*mode 7[^]*424\.242/);
    // The port goes on speaking: between the two questions another telegram may come.
    const areSame = async (): Promise<boolean> => (await told("P1-GAS")) === (await told("P1-1"));
    await expect.poll(areSame, { timeout: 20_000 }).toBe(true);
  });

  it("registered twice changes nothing, and its keys are stored sealed", async () => {
    expect(await register(ground.csv)).toEqual({ added: 0, changed: 0, unchanged: 8, keysStored: 0, problems: [] });
    const { rows } = await scratch.store.query<{ sealed: Uint8Array }>("select sealed from headend.secret where owner = 'W-WATER'");
    expect(rows).toHaveLength(1);
    expect(toHex(rows[0]?.sealed ?? new Uint8Array(0))).not.toContain(toHex(METER_KEY));
    const vault = sealedKeyVault(MASTER_KEY, sealedStoreOn(scratch.store), realRandom());
    expect(await vault.secret({ owner: "W-WATER", purpose: "mbus" })).toEqual(METER_KEY);
  });

  it("tells what is wrong with a line by line, field and reason, and registers the rest", async () => {
    const text = [
      "meter;protocol;address;listen;concentrator;station;host;channel;setting.address;setting.zone;key.guek",
      "OK-1;mbus;10.0.0.1:10001;;;;;;7;;",
      "NO-1;telepathy;10.0.0.1:1;;;;;;;;",
      "NO-2;mbus;10.0.0.1:10001;;;;;;251;;",
      "NO-3;dsmr-p1;10.0.0.1:10001;;;;;;;;",
      "NO-4;dlms;10.0.0.1:4059;;;;;;;;C0FFEE",
      "NO-5;dlms;;;;;NOBODY;1;;;",
      "NO-6;wmbus;;;NOWHERE;AMT-22222222-01-07;;;;;",
      "NO-7;iec62056-21;10.0.0.1:10002;;;;;;1;Mars/Olympus;",
      "NO-8;mbus;;;;;;;7;;",
      "OK-1;mbus;10.0.0.1:10009;;;;;;8;;",
    ].join("\n");
    const report = await register(text);
    expect(report).toMatchObject({ added: 1, keysStored: 0 });
    expect(report.problems.map(({ id, field }) => `${id} ${field}`).toSorted()).toEqual([
      "NO-1 protocol",
      "NO-2 settings",
      "NO-3 route",
      "NO-4 keys.guek",
      "NO-5 route",
      "NO-6 route",
      "NO-7 settings",
      "NO-8 route",
      "OK-1 meterId",
    ]);
    expect(JSON.stringify(report)).not.toContain("C0FFEE");
    expect((await utility.registry.device("OK-1"))?.device.settings).toEqual({ address: 7 });
  });
});

describe("a fleet file", () => {
  it("is CSV or JSON, quoted and with comments, and says by its line what is wrong", async () => {
    const csv = '\uFEFFmeter,protocol,address,setting.note\n# a remark\n"M,1",dlms,"[::1]:4059","say ""hi"""\nM2,dlms,a:1,b,c\n';
    const { entries, problems } = readFleetFile(csv);
    expect(entries).toMatchObject([
      { line: 3, content: { meterId: "M,1", route: { kind: "direct", host: "::1", port: 4059 }, settings: { note: 'say "hi"' } } },
    ]);
    expect(problems).toMatchObject([{ line: 4 }]);
    expect(readFleetFile('{"devices":[{"meterId":"M1"}]}').entries).toEqual([{ line: 1, kind: "device", content: { meterId: "M1" } }]);
    expect(() => readFleetFile("meter,protocol,colour\n")).toThrow(/colour/);
    expect(() => readFleetFile("[")).toThrow(/JSON/);
  });
});
