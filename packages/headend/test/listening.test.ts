import { fromHex } from "@amity/bytes";
import { clientAddress, encodeDataNotification, encodeFrame, serverAddress, withLlc, LLC_RESPONSE, data as dlms } from "@amity/dlms";
import { meterTelegram, serveP1, type P1Meter } from "@amity/dsmr";
import { formatDataSet, serveLocalPort } from "@amity/iec62056-21";
import { integer, obisOctets, serveSml, type SmlDevice } from "@amity/sml";
import { describe, expect, it } from "vitest";
import { localUtility, spoiled, type LocalUtility } from "./local-utility.ts";
import { HOUR_MS, MINUTE_MS, START_MS } from "./lasting-head-end.ts";

const QUARTER_MS = 900_000;
/** An import register in Wh that rises by a watt-hour a second and some. */
const energyWh = (atMs: number): number => Math.floor((atMs - Date.UTC(2026, 0, 1)) / 1000);
const gasDm3 = (hourMs: number): number => Math.floor((hourMs - Date.UTC(2026, 0, 1)) / HOUR_MS) * 250;

const LISTEN = { route: { kind: "listen", address: { host: "gw", port: 10_001 } } } as const;
const KEYS = { encryptionKey: new Uint8Array(16).fill(3), authenticationKey: new Uint8Array(16).fill(4) };

function telegram(nowMs: number): P1Meter {
  const hourMs = Math.floor(nowMs / HOUR_MS) * HOUR_MS;
  const secondMs = Math.floor(nowMs / 1000) * 1000;
  return {
    manufacturer: "AMT",
    identifier: "P1",
    equipmentId: "E0001",
    instantMs: secondMs,
    isSummer: false,
    tariff: 1,
    importedWh: [energyWh(secondMs), 1000],
    exportedWh: [0, 0],
    importW: 3600,
    exportW: 0,
    phases: [{ voltageDv: 2301, currentCa: 1500, importW: 3600, exportW: 0 }],
    powerFailures: [{ endMs: START_MS - HOUR_MS, isSummer: false, durationS: 400 }],
    channels: [{ channel: 1, deviceType: 3, equipmentId: "G0001", instantMs: hourMs, isSummer: false, milli: gasDm3(hourMs), unit: "m3" }],
  };
}

/** Serves P1 telegrams; `spoil` is a hand in the line. */
async function p1At(utility: LocalUtility, options: { ciphered?: boolean; spoil?: (octets: Uint8Array) => Uint8Array | undefined } = {}) {
  const { network, timers, clock } = utility.gateway;
  let counter = 0;
  const cipher = { keys: KEYS, systemTitle: new TextEncoder().encode("AMT00001"), nextCounter: () => ++counter };
  await network.listen({ host: "gw", port: 10_001 }, (connection) =>
    serveP1(spoiled(connection, options.spoil ?? ((octets) => octets)), () => meterTelegram(telegram(clock.nowMs())), {
      timers,
      everyMs: 10_000,
      ...(options.ciphered === true ? { cipher } : {}),
    }),
  );
}

const P1 = { ...LISTEN, meterId: "P1", protocol: "dsmr-p1", settings: { equipmentId: "E0001" } };
const GAS = { meterId: "G1", protocol: "dsmr-p1", route: { kind: "behind", hostMeterId: "P1", channel: 1 } } as const;

/** Quarter-hours and hours that the sink should hold and has not, or has otherwise. */
function missing(utility: LocalUtility, fromMs: number, toMs: number): string[] {
  const found: string[] = [];
  for (let atMs = fromMs; atMs < toMs; atMs += QUARTER_MS) {
    // A telegram is up to ten seconds late.
    const value = utility.sink.intervals.get(`P1 1-0:1.8.0 ${atMs}`)?.value ?? Number.NaN;
    if (!(Math.abs(value - QUARTER_MS / 1000) <= 10)) found.push(`P1 ${atMs} ${value}`);
  }
  for (let atMs = Math.ceil(fromMs / HOUR_MS) * HOUR_MS; atMs < toMs; atMs += HOUR_MS)
    if (utility.sink.intervals.get(`G1 7-0:3.0.0 ${atMs}`)?.value !== 250) found.push(`G1 ${atMs}`);
  return found;
}

describe("a meter that only speaks", () => {
  for (const ciphered of [false, true]) {
    it(`has its telegrams (${ciphered ? "ciphered" : "clear"}) kept at the ends of intervals, and those behind it`, async () => {
      const utility = localUtility();
      await p1At(utility, { ciphered });
      await utility.register(P1, GAS);
      if (ciphered) {
        await utility.key("P1", "guek", KEYS.encryptionKey);
        await utility.key("P1", "gak", KEYS.authenticationKey);
      }
      await utility.headEnd().start();
      await utility.simulation.runUntil(START_MS + 5 * HOUR_MS);
      const firstMs = Date.UTC(2026, 10, 1, 12, 15);
      expect(missing(utility, firstMs, Date.UTC(2026, 10, 1, 16))).toEqual([]);
      // Registers are kept at the ends only: the first word, then four an hour.
      const imports = [...utility.sink.registers.values()].filter(({ channel }) => channel === "1-0:1.8.0");
      expect(imports.length).toBeLessThanOrEqual(22);
      expect([...utility.sink.events.values()].map(({ kind }) => kind)).toEqual(["powerDown", "powerUp"]);
      expect((await utility.headEnd().views.meter("G1"))?.health.lastSeenMs).toBeGreaterThan(START_MS + 3 * HOUR_MS);
      const [completeness] = utility.headEnd().views.completeness(firstMs, Date.UTC(2026, 10, 1, 16));
      expect(completeness).toMatchObject({ meters: 2 });
    });
  }

  it("loses no interval when the head-end crashes and comes back between two ends", async () => {
    const utility = localUtility();
    await p1At(utility);
    await utility.register(P1, GAS);
    await utility.headEnd().start();
    for (let round = 0; round < 12; round++) {
      await utility.simulation.runUntil(START_MS + (round + 1) * 21 * MINUTE_MS);
      await utility.crash();
    }
    await utility.simulation.runUntil(START_MS + 5 * HOUR_MS);
    expect(missing(utility, Date.UTC(2026, 10, 1, 12, 15), Date.UTC(2026, 10, 1, 16))).toEqual([]);
  });

  it("is stored when the sink takes again, within the tolerance, and counted once", async () => {
    const utility = localUtility();
    await p1At(utility);
    await utility.register(P1, GAS);
    await utility.headEnd().start();
    await utility.simulation.runUntil(Date.UTC(2026, 10, 1, 12, 29));
    utility.sink.failure = new Error("database away");
    await utility.simulation.runUntil(Date.UTC(2026, 10, 1, 12, 30, 25));
    utility.sink.failure = undefined;
    await utility.simulation.runUntil(START_MS + 2 * HOUR_MS);
    const value = utility.sink.intervals.get(`P1 1-0:1.8.0 ${Date.UTC(2026, 10, 1, 12, 15)}`)?.value;
    // What came half a minute late is counted into this quarter-hour and not into the next.
    expect(value).toBeGreaterThan(900);
    const next = utility.sink.intervals.get(`P1 1-0:1.8.0 ${Date.UTC(2026, 10, 1, 12, 30)}`)?.value;
    expect((value ?? 0) + (next ?? 0)).toBeLessThanOrEqual(1810);
  });

  it("is heard through garbage and damage, of which nothing is stored", async () => {
    const utility = localUtility();
    let sent = 0;
    await p1At(utility, {
      spoil(octets) {
        sent++;
        if (sent % 3 === 0) return Uint8Array.of(0xff, 0x2f, 0x00, ...octets);
        return sent % 2 === 0 ? octets.map((octet, index) => (index === 140 ? octet ^ 0x04 : octet)) : octets;
      },
    });
    await utility.register(P1, GAS);
    await utility.headEnd().start();
    await utility.simulation.runUntil(START_MS + 3 * HOUR_MS);
    expect(missingHours(utility)).toBe(0);
    for (const register of utility.sink.registers.values())
      if (register.channel === "1-0:1.8.1") expect(register.value).toBe(BigInt(energyWh(register.atMs)));
    expect((await utility.headEnd().views.meter("P1"))?.health.lastSeenMs).toBeGreaterThan(START_MS + 2 * HOUR_MS);
  });

  it("with another key, another meter's number or no voice at all is said to be so", async () => {
    const cases = [
      { settings: {}, ciphered: true, code: "bad-tag" },
      { settings: {}, ciphered: false, code: "downgrade" },
      { settings: { equipmentId: "E0002" }, ciphered: false, code: "another-meter", isKeyless: true },
    ];
    for (const { settings, ciphered, code, isKeyless } of cases) {
      const utility = localUtility();
      await p1At(utility, { ciphered });
      await utility.register({ ...P1, settings });
      if (isKeyless !== true) {
        await utility.key("P1", "guek", new Uint8Array(16).fill(9));
        await utility.key("P1", "gak", new Uint8Array(16).fill(9));
      }
      await utility.headEnd().start();
      await utility.simulation.runUntil(START_MS + 10 * MINUTE_MS);
      expect((await utility.headEnd().views.meter("P1"))?.health.lastError?.code).toBe(code);
      expect(utility.sink.registers.size).toBe(0);
    }
    const utility = localUtility();
    await utility.gateway.network.listen({ host: "gw", port: 10_001 }, (connection) => connection.bind({ data() {}, closed() {} }));
    await utility.register(P1);
    await utility.headEnd().start();
    await utility.simulation.runUntil(START_MS + 10 * MINUTE_MS);
    expect((await utility.headEnd().views.meter("P1"))?.health.lastError?.code).toBe("silence");
  });

  it("cannot be asked: a command is refused before anything is sent", async () => {
    const utility = localUtility();
    await p1At(utility);
    await utility.register(P1, GAS);
    await utility.headEnd().start();
    await expect(utility.command("P1", { kind: "disconnect" })).rejects.toMatchObject({ code: "unsupported" });
    await expect(utility.command("G1", { kind: "readRegisters" })).rejects.toMatchObject({ code: "unsupported" });
    await expect(utility.simulation.runFor(utility.headEnd().readNow("P1"))).rejects.toMatchObject({ code: "one-way" });
  });
});

function missingHours(utility: LocalUtility): number {
  let found = 0;
  for (let atMs = Date.UTC(2026, 10, 1, 13); atMs < Date.UTC(2026, 10, 1, 15); atMs += HOUR_MS)
    if (utility.sink.intervals.get(`G1 7-0:3.0.0 ${atMs}`)?.value !== 250) found++;
  return found;
}

const SERVER_ID = fromHex("0a01414d540000000007");

function smlMeter(nowMs: () => number): SmlDevice {
  const stamp = (atMs: number) => ({ kind: "timestamp", seconds: atMs / 1000 }) as const;
  return {
    serverId: SERVER_ID,
    list: () => ({
      entries: [{ objName: obisOctets("1-0:1.8.0*255"), unit: 30, scaler: 0, value: integer(energyWh(nowMs())) }],
    }),
    profile({ beginTime, endTime }) {
      const [from, to] = [beginTime, endTime].map((time) => (time?.kind === "timestamp" ? time.seconds * 1000 : 0));
      const periodList = [];
      for (let atMs = Math.ceil((from ?? 0) / QUARTER_MS) * QUARTER_MS; atMs <= Math.min(to ?? 0, nowMs()); atMs += QUARTER_MS)
        periodList.push({ valTime: stamp(atMs), status: { value: 0n, width: 8 }, valueList: [{ value: integer(energyWh(atMs)) }] });
      const headerList = [{ objName: obisOctets("1-0:1.8.0*255"), unit: 30, scaler: 0 }];
      return { actTime: stamp(Math.floor(nowMs() / 1000) * 1000), regPeriod: 900, headerList, periodList };
    },
    isAuthorised: (_user, password) => password !== undefined && new TextDecoder().decode(password) === "right",
  };
}

describe("SML", () => {
  it("is listened to, and a spoiled frame is no reading", async () => {
    const utility = localUtility();
    const { network, timers, clock } = utility.gateway;
    let sent = 0;
    const spoil = (octets: Uint8Array) => (++sent % 2 === 0 ? octets.map((octet, index) => (index === 60 ? octet ^ 0x10 : octet)) : octets);
    await network.listen({ host: "gw", port: 10_001 }, (connection) =>
      serveSml(
        spoiled(connection, spoil),
        smlMeter(() => clock.nowMs()),
        { timers, pushEveryMs: 4_000 },
      ),
    );
    await utility.register({ ...LISTEN, meterId: "S1", protocol: "sml" });
    await utility.headEnd().start();
    await utility.simulation.runUntil(START_MS + 2 * HOUR_MS);
    for (let atMs = Date.UTC(2026, 10, 1, 12, 15); atMs < START_MS + 90 * MINUTE_MS; atMs += QUARTER_MS) {
      const value = utility.sink.intervals.get(`S1 1-0:1.8.0 ${atMs}`)?.value ?? Number.NaN;
      expect(Math.abs(value - 900)).toBeLessThanOrEqual(8);
    }
  });

  it("is asked for its profile, with the right password only", async () => {
    for (const [password, isRight] of [
      ["right", true],
      ["wrong", false],
    ] as const) {
      const utility = localUtility();
      const { network, timers, clock } = utility.gateway;
      await network.listen({ host: "gw", port: 10_001 }, (connection) =>
        serveSml(
          connection,
          smlMeter(() => clock.nowMs()),
          { timers },
        ),
      );
      await utility.register({ meterId: "S1", protocol: "sml", settings: { profile: "1-0:99.1.0", serverId: "0a01414d540000000007" } });
      await utility.key("S1", "password", new TextEncoder().encode(password));
      await utility.headEnd().start();
      await utility.simulation.runUntil(START_MS + 2 * HOUR_MS);
      const values = [...utility.sink.intervals.values()].map(({ value }) => value);
      expect(new Set(values)).toEqual(isRight ? new Set([900]) : new Set());
      if (isRight) expect(values.length).toBeGreaterThan(150);
      else expect((await utility.headEnd().views.meter("S1"))?.health.lastError?.message).toMatch(/refuse/);
    }
  });
});

describe("other ports that only speak", () => {
  it("IEC 62056-21 mode D is listened to", async () => {
    const utility = localUtility();
    const { network, timers, clock } = utility.gateway;
    await network.listen({ host: "gw", port: 10_001 }, (connection) =>
      serveLocalPort(
        connection,
        {
          identification: { manufacturer: "AMT", baudCharacter: "3", capabilities: [], identifier: "D" },
          address: "",
          readout: () =>
            `${formatDataSet({ address: "1-0:1.8.0*255", values: [{ value: (energyWh(clock.nowMs()) / 1000).toFixed(3), unit: "kWh" }] })}\r\n`,
          operand: () => "",
          authenticate: () => undefined,
          execute: () => ({ kind: "error", text: "ERR" }),
        },
        { timers, pushEveryMs: 5_000 },
      ),
    );
    await utility.register({ ...LISTEN, meterId: "D1", protocol: "iec62056-21" });
    await utility.headEnd().start();
    await utility.simulation.runUntil(START_MS + 2 * HOUR_MS);
    const value = utility.sink.intervals.get(`D1 1-0:1.8.0 ${Date.UTC(2026, 10, 1, 13)}`)?.value ?? 0;
    expect(Math.abs(value - 900)).toBeLessThanOrEqual(10);
  });

  it("a consumer port that pushes lists in HDLC frames is listened to", async () => {
    const utility = localUtility();
    const { network, timers, clock } = utility.gateway;
    await network.listen({ host: "gw", port: 10_001 }, (connection) => {
      connection.bind({ data() {}, closed() {} });
      const push = (): void => {
        const scaled = dlms.structure(dlms.integer(1), dlms.enumerated(30));
        const item = dlms.structure(
          dlms.octets(Uint8Array.of(1, 0, 1, 8, 0, 255)),
          dlms.doubleLongUnsigned(Math.floor(energyWh(clock.nowMs()) / 10)),
          scaled,
        );
        const apdu = encodeDataNotification({ invokeId: 1, body: dlms.array(item) });
        const information = withLlc(LLC_RESPONSE, apdu);
        connection.send(
          encodeFrame({
            source: serverAddress(1),
            destination: clientAddress(16),
            control: { kind: "ui", pollFinal: false },
            segmented: false,
            information,
          }),
        );
        timers.after(10_000, push);
      };
      push();
    });
    await utility.register({ ...LISTEN, meterId: "N1", protocol: "dlms" }, { ...LISTEN, meterId: "N2", protocol: "dlms" });
    await utility.key("N2", "guek", KEYS.encryptionKey);
    await utility.headEnd().start();
    await utility.simulation.runUntil(START_MS + 2 * HOUR_MS);
    // The same line in the clear is no word of a meter that has a key.
    expect([...utility.sink.registers.values()].some(({ meterId }) => meterId === "N2")).toBe(false);
    expect((await utility.headEnd().views.meter("N2"))?.health.lastError?.code).toBe("downgrade");
    const value = utility.sink.intervals.get(`N1 1-0:1.8.0 ${Date.UTC(2026, 10, 1, 13)}`)?.value ?? 0;
    expect(Math.abs(value - 90)).toBeLessThanOrEqual(2);
  });
});
