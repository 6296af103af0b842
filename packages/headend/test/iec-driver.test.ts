import {
  formatProfileBlock,
  parseIdentification,
  parseProfileTime,
  serveLocalPort,
  type LocalPortDevice,
  type ProfileTime,
} from "@amity/iec62056-21";
import { describe, expect, it } from "vitest";
import { dlmsDriver, iecDriver, type Device } from "../src/index.ts";
import { localUtility, spoiled, type LocalUtility } from "./local-utility.ts";
import { HOUR_MS, MINUTE_MS, START_MS } from "./lasting-head-end.ts";

const PERIOD_MS = 900_000;
const DAY_MS = 86_400_000;
const FIRST_MS = Math.ceil((START_MS - 2 * DAY_MS) / DAY_MS) * DAY_MS;

/** Mean power of the quarter-hour that begins then, in W. */
const powerW = (startMs: number): number => (Math.floor(startMs / PERIOD_MS) * 37) % 2000;

function timeOf(instantMs: number): ProfileTime {
  const local = new Date(instantMs + HOUR_MS).toISOString().replaceAll(/[-:T]/g, "");
  const time = parseProfileTime(`0${local.slice(2, 14)}`);
  if (time === undefined) throw new Error(local);
  return time;
}

const LOG = [
  "P.98(0261101090000)(00000080)()(0)",
  "P.98(0261101091500)(00000040)()(0)",
  "P.98(0261101093000)(00008020)()(2)(0.9.1)()(0.9.2)()(092955)(261101)",
  "P.98(0261101100000)(00)()(2)(0-0:C.11.0)()(0-0:C.11.10)()(44)(0)",
].join("\r\n");

/** A meter in Berlin's winter that keeps a load profile of mean power. */
function meter(nowMs: () => number): LocalPortDevice & { clockOffsetMs: number } {
  const identification = parseIdentification("/AMT5METER");
  if (identification === undefined) throw new Error("identification");
  const device = {
    clockOffsetMs: 0,
    identification,
    address: "4711",
    readout() {
      const local = new Date(nowMs() + HOUR_MS + device.clockOffsetMs).toISOString().replaceAll(/[-:T]/g, "");
      return `C.1.0(4711)\r\n0.9.1(${local.slice(8, 14)})\r\n0.9.2(${local.slice(2, 8)})\r\n1.8.0(000123.456*kWh)\r\n1.8.0*01(000100.000)\r\n2.8.0(5)\r\n`;
    },
    operand: () => "1234",
    authenticate: (command: string, answer: string) =>
      answer === (command === "P1" ? "secret" : "1234 and secret") ? (1 as const) : undefined,
    execute: ({ name, data = "" }: { name: string; data?: string }, level: number) => {
      if (level < 1) return { kind: "error", text: "ERR3" } as const;
      if (name === "W5") {
        device.clockOffsetMs = 0;
        return { kind: "done" } as const;
      }
      if (data.startsWith("P.98(")) return { kind: "data", text: LOG } as const;
      const [, from = "", to = ""] = /^P\.01\((.*);(.*)\)$/.exec(data) ?? [];
      const instant = (digits: string): number => {
        const time = parseProfileTime(digits);
        if (time === undefined) throw new Error(digits);
        return Date.UTC(time.year, time.month - 1, time.day, time.hour, time.minute) - HOUR_MS;
      };
      const ends: number[] = [];
      for (let endMs = instant(from); endMs <= Math.min(instant(to), nowMs()); endMs += PERIOD_MS) ends.push(endMs);
      const rows = ends.map((endMs) => [(powerW(endMs - PERIOD_MS) / 1000).toFixed(3)]);
      const head = { profile: "P.01", start: timeOf(ends[0] ?? nowMs()), status: "00", intervalMinutes: 15 };
      return { kind: "data", text: formatProfileBlock({ ...head, channels: [{ code: "1.5.0", unit: "kW" }], rows }) } as const;
    },
  };
  return device;
}

async function portAt(utility: LocalUtility, device: LocalPortDevice, spoil = (octets: Uint8Array): Uint8Array | undefined => octets) {
  const { network, timers } = utility.gateway;
  await network.listen({ host: "gw", port: 10_001 }, (connection) => serveLocalPort(spoiled(connection, spoil), device, { timers }));
}

function missing(utility: LocalUtility, toMs: number): number[] {
  const found: number[] = [];
  for (let atMs = FIRST_MS; atMs < toMs; atMs += PERIOD_MS) {
    // W over a quarter-hour are 25 hundredths of Wh each, and the meter writes three digits of kW.
    if (utility.sink.intervals.get(`E1 1-0:1.8.0 ${atMs}`)?.value !== powerW(atMs) * 25) found.push(atMs);
  }
  return found;
}

const SETTINGS = { address: "4711", profile: "P.01", clockCommand: "W5", zone: "Europe/Berlin" };
const E1 = { meterId: "E1", protocol: "iec62056-21", settings: SETTINGS };

describe("a meter at the local port", () => {
  it("gives its load profile as energy, the whole history and then every quarter-hour", async () => {
    const utility = localUtility();
    await portAt(
      utility,
      meter(() => utility.gateway.clock.nowMs()),
    );
    await utility.register(E1);
    await utility.key("E1", "password", new TextEncoder().encode("secret"));
    await utility.headEnd().start();
    await utility.simulation.runUntil(START_MS + 3 * HOUR_MS);
    expect(missing(utility, Date.UTC(2026, 10, 1, 14))).toEqual([]);
    expect(utility.headEnd().views.backfill().fraction).toBe(1);
    const registers = await utility.simulation.runFor(utility.headEnd().readNow("E1"));
    expect(registers.map(({ channel, value, scaler }) => `${channel} ${value}e${scaler}`)).toEqual(["1-0:1.8.0 123456e0", "1-0:2.8.0 5e3"]);
  });

  it("is read over a line that loses and spoils blocks, and comes out right", async () => {
    const utility = localUtility();
    let sent = 0;
    await portAt(
      utility,
      meter(() => utility.gateway.clock.nowMs()),
      (octets) => {
        sent++;
        if (sent % 7 === 0) return undefined;
        return sent % 4 === 0 && octets.length > 40 ? octets.map((octet, index) => (index === 30 ? octet ^ 1 : octet)) : octets;
      },
    );
    await utility.register(E1);
    await utility.key("E1", "password", new TextEncoder().encode("secret"));
    await utility.headEnd().start();
    await utility.simulation.runUntil(START_MS + 6 * HOUR_MS);
    expect(missing(utility, Date.UTC(2026, 10, 1, 14))).toEqual([]);
  });

  it("has its clock set and read back, and refuses what it cannot before an octet is sent", async () => {
    const utility = localUtility();
    const device = meter(() => utility.gateway.clock.nowMs());
    device.clockOffsetMs = 90_000;
    await portAt(utility, device);
    await utility.register(E1, {
      ...E1,
      meterId: "E2",
      settings: { address: "4711" },
      route: { kind: "direct", address: { host: "gw", port: 2 } },
    });
    await utility.key("E1", "password", new TextEncoder().encode("secret"));
    await utility.headEnd().start();
    await utility.simulation.runUntil(START_MS + MINUTE_MS);
    expect((await utility.headEnd().views.meter("E1"))?.health.clockOffsetMs).toBeGreaterThan(80_000);
    expect(await utility.command("E1", { kind: "setClock" })).toMatch(/^done: read back: clock off by -?[0-2] s$/);
    await expect(utility.command("E2", { kind: "setClock" })).rejects.toMatchObject({ code: "unsupported" });
    await expect(utility.command("E2", { kind: "disconnect" })).rejects.toMatchObject({ code: "unsupported" });
  });

  it("tells its log as events, by the status word and by code", async () => {
    const utility = localUtility();
    await portAt(
      utility,
      meter(() => utility.gateway.clock.nowMs()),
    );
    await utility.register({ ...E1, settings: { ...SETTINGS, eventLog: "P.98" } });
    await utility.key("E1", "password", new TextEncoder().encode("secret"));
    await utility.headEnd().start();
    await utility.simulation.runUntil(START_MS + HOUR_MS);
    const told = [...utility.sink.events.values()].filter(({ log }) => log === "P.98").sort((a, b) => a.atMs - b.atMs);
    expect(told.map(({ atMs, kind, code, detail }) => [new Date(atMs).toISOString().slice(11, 16), kind, code, detail])).toEqual([
      ["08:00", "powerDown", 0x80, undefined],
      ["08:15", "powerUp", 0x40, undefined],
      ["08:30", "clockSet", 0x20, "0.9.1(092955) 0.9.2(261101)"],
      ["09:00", "coverOpened", 0x1_0000 + 44, "0-0:C.11.0(44)"],
    ]);
  });

  it("passes its password by a computation that is registered, and refuses a device that names another", async () => {
    const passwordComputations = { plain: (operand: string, password: string): string => `${operand} and ${password}` };
    const utility = localUtility({ local: { passwordComputations } });
    await portAt(
      utility,
      meter(() => utility.gateway.clock.nowMs()),
    );
    await utility.register({ ...E1, settings: { ...SETTINGS, passwordComputation: "plain" } });
    await utility.key("E1", "password", new TextEncoder().encode("secret"));
    await utility.headEnd().start();
    await utility.simulation.runUntil(START_MS + 3 * HOUR_MS);
    expect(missing(utility, Date.UTC(2026, 10, 1, 14))).toEqual([]);
    const route = { kind: "direct", address: { host: "gw", port: 1 } } as const;
    const unknown: Device = { ...E1, route, status: "active", settings: { ...SETTINGS, passwordComputation: "elsewhere" } };
    const driver = iecDriver({ dlms: dlmsDriver({ systemTitle: new Uint8Array(8) }), passwordComputations });
    expect(() => driver.checkDevice(unknown)).toThrow(expect.objectContaining({ code: "bad-settings" }) as Error);
  });

  it("says that the password is wrong", async () => {
    const utility = localUtility();
    await portAt(
      utility,
      meter(() => utility.gateway.clock.nowMs()),
    );
    await utility.register(E1);
    await utility.key("E1", "password", new TextEncoder().encode("wrong"));
    await utility.headEnd().start();
    await utility.simulation.runUntil(START_MS + 10 * MINUTE_MS);
    expect((await utility.headEnd().views.meter("E1"))?.health.lastError?.code).toMatch(/wrong-password|signed-off/);
    expect(utility.sink.intervals.size).toBe(0);
  });
});
