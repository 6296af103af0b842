import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { meterTelegram, serveP1 } from "@amity/dsmr";
import { serveLocalPort } from "@amity/iec62056-21";
import { findVif, serveWiredBus, WiredBus, WiredSlave, WirelessMeter } from "@amity/mbus";
import { openSerialLine, realNetwork, realTimers, type Connection, type Listener } from "@amity/runtime";
import { integer, obisOctets, serveSml } from "@amity/sml";
import { toHex } from "@amity/bytes";
import { runAmity } from "./running-command.ts";

const KEY = "00112233445566778899AABBCCDDEEFF";
/** Programs that make and set pseudo-terminals. */
const hasPairs = spawnSync("socat", ["-V"]).status === 0 && spawnSync("stty", ["--version"]).status === 0;
const EXACT = 90_071_992_547_409_931n;
const listeners: Listener[] = [];
const ports: Record<string, number> = {};

async function listen(name: string, accept: (connection: Connection) => void): Promise<void> {
  const listener = await realNetwork.listen({ host: "127.0.0.1", port: 0 }, accept);
  listeners.push(listener);
  ports[name] = listener.address.port;
}

beforeAll(async () => {
  const bus = new WiredBus([
    new WiredSlave(
      { readout: () => [{ coding: "bcd8", codes: findVif("energy", "Wh", 3), value: 12345 }] },
      { meter: { id: "11111111", manufacturer: "AMT", version: 1, deviceType: 4 }, primaryAddress: 5 },
    ),
  ]);
  await listen("mbus", (connection) => serveWiredBus(connection, bus, { timers: realTimers }));
  await listen("iec", (connection) =>
    serveLocalPort(
      connection,
      {
        identification: { manufacturer: "AMT", baudCharacter: "5", capabilities: [], identifier: "METER" },
        address: "4711",
        readout: () => "C.1.0(4711)\r\n1.8.0(000123.456*kWh)\r\n",
        operand: () => "1",
        authenticate: (_command, answer) => (answer === "secret" ? 1 : undefined),
        execute: ({ name, data = "" }) =>
          name === "R5" && data.startsWith("P.98")
            ? { kind: "data", text: "P.98(0261101001500)(00000080)()(0)\r\n" }
            : name === "R5"
              ? { kind: "data", text: "P.01(0261101001500)(00)(15)(1)(1.5)(kW)\r\n(0.400)\r\n(1.200)\r\n" }
              : { kind: "error", text: "ERR1" },
      },
      { timers: realTimers },
    ),
  );
  const entries = [{ objName: obisOctets("1-0:1.8.0*255"), unit: 30, scaler: -4, value: integer(EXACT) }];
  await listen("sml", (connection) =>
    serveSml(connection, { serverId: new Uint8Array(10).fill(7), list: () => ({ entries }) }, { timers: realTimers, pushEveryMs: 100 }),
  );
  await listen("quiet", (connection) =>
    serveSml(connection, { serverId: new Uint8Array(10).fill(7), list: () => ({ entries }) }, { timers: realTimers }),
  );
  await listen("p1", (connection) => serveP1(connection, () => meterTelegram(p1Meter()), { timers: realTimers, everyMs: 100 }));
  const water = new WirelessMeter(
    { records: () => [{ coding: "int32", codes: findVif("volume", "m³", -3), value: 424_242 }] },
    {
      meter: { id: "22222222", manufacturer: "AMT", version: 1, deviceType: 7 },
      mode: "T1",
      intervalMs: 100,
      security: { mode: 7, key: Uint8Array.from(Buffer.from(KEY, "hex")) },
    },
  );
  await listen("wmbus", (connection) => {
    connection.bind({ data() {}, closed: () => clearInterval(sending) });
    const sending = setInterval(() => connection.send(new TextEncoder().encode(`${toHex(water.transmit())}\n`)), 100);
  });
});
afterAll(() => Promise.all(listeners.map((listener) => listener.close())));

function p1Meter() {
  const instantMs = Date.UTC(2026, 10, 21, 12);
  return {
    manufacturer: "AMT",
    identifier: "P1",
    equipmentId: "E0001",
    instantMs,
    isSummer: false,
    tariff: 1 as const,
    importedWh: [5_000, 1_000] as const,
    exportedWh: [0, 0] as const,
    importW: 0,
    exportW: 0,
    phases: [],
    channels: [{ channel: 1 as const, deviceType: 3, equipmentId: "G1", instantMs, isSummer: false, milli: 777_123, unit: "m3" as const }],
  };
}

interface Output {
  readonly readings: readonly {
    readonly channel: string;
    readonly value: string;
    readonly scaler: number;
    readonly unit: string;
    readonly text: string;
    readonly meter?: string;
  }[];
  readonly intervals: readonly {
    readonly channel: string;
    readonly start: string;
    readonly values: readonly number[];
    readonly scaler: number;
  }[];
  readonly events: readonly unknown[];
  readonly error?: { readonly code?: string };
}

async function read(url: string, ...args: string[]): Promise<Output & { code: number | null }> {
  const { code, stdout } = await runAmity(["read", url, ...args, "--json"]);
  return { ...(JSON.parse(stdout) as Output), code };
}

describe("reading a meter of a local protocol once", () => {
  it("by wired M-Bus gives exact values with their units", { timeout: 60_000 }, async () => {
    const { readings, code } = await read(`mbus://127.0.0.1:${ports["mbus"]}?address=5`);
    expect(code).toBe(0);
    expect(readings).toMatchObject([{ channel: "6-0:1.0.0", value: "12345", scaler: 3, unit: "Wh", text: "12345000 Wh" }]);
  });

  it("by IEC 62056-21 gives the readout, and the load profile for the right password only", { timeout: 60_000 }, async () => {
    const url = `iec62056-21://127.0.0.1:${ports["iec"]}`;
    expect((await read(url)).readings).toMatchObject([{ channel: "1-0:1.8.0", value: "123456", scaler: 0, unit: "Wh" }]);
    const { intervals } = await read(`${url}?password=secret`, "profile", "--from", "2026-11-01T00:00Z", "--to", "2026-11-01T01:00Z");
    expect(intervals).toMatchObject([{ channel: "1-0:1.8.0", scaler: -2, start: "2026-11-01T00:00:00.000Z", values: [10_000, 30_000] }]);
    expect(await read(`${url}?password=wrong`, "profile")).toMatchObject({ code: 1, error: { code: "wrong-password" } });
  });

  it("by SML keeps every digit of a number beyond 2^53, pushed or asked for", { timeout: 60_000 }, async () => {
    for (const query of ["", "?ask"]) {
      const { readings } = await read(`sml://127.0.0.1:${ports["sml"]}${query}`);
      expect(readings).toMatchObject([{ value: String(EXACT), text: "9007199254740.9931 Wh" }]);
    }
  });

  it("by SML asks a meter that pushes nothing", { timeout: 60_000 }, async () => {
    const { readings, code } = await read(`sml://127.0.0.1:${ports["quiet"]}`);
    expect(readings).toMatchObject([{ value: String(EXACT) }]);
    expect(code).toBe(0);
  });

  it("by IEC 62056-21 gives the log of events", { timeout: 60_000 }, async () => {
    const { events } = await read(`iec62056-21://127.0.0.1:${ports["iec"]}?password=secret`, "events", "--from", "2026-11-01T00:00Z");
    expect(events).toEqual([{ kind: "powerDown", log: "P.98", code: 0x80, at: "2026-11-01T00:15:00.000Z" }]);
  });

  it.skipIf(!hasPairs)("by a serial line of this machine", { timeout: 60_000 }, async () => {
    const folder = mkdtempSync(join(tmpdir(), "amity-serial-"));
    const [near, far] = [join(folder, "near"), join(folder, "far")];
    const pair = spawn(
      "socat",
      [near, far].map((end) => `PTY,link=${end},raw,echo=0`),
      { stdio: "ignore" },
    );
    try {
      await vi.waitUntil(() => existsSync(near) && existsSync(far), { timeout: 10_000 });
      const line = openSerialLine(far, { baud: 9_600, framing: "8N1" });
      serveP1(line, () => meterTelegram(p1Meter()), { timers: realTimers, everyMs: 100 });
      expect((await read(`p1://${near}`)).readings).toContainEqual(expect.objectContaining({ channel: "1-0:1.8.0", text: "6000 Wh" }));
      line.abort();
    } finally {
      pair.kill();
      rmSync(folder, { recursive: true });
    }
  });

  it("by P1 gives the meters behind it as well", { timeout: 60_000 }, async () => {
    const { readings } = await read(`p1://127.0.0.1:${ports["p1"]}`);
    expect(readings).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ channel: "1-0:1.8.0", text: "6000 Wh" }),
        expect.objectContaining({ channel: "7-0:3.0.0", text: "777.123 m3", meter: "channel 1" }),
      ]),
    );
  });

  it(
    "by wireless M-Bus takes the first telegram that its key opens, and says so of one that it does not",
    { timeout: 60_000 },
    async () => {
      const url = `wmbus://127.0.0.1:${ports["wmbus"]}`;
      expect((await read(`${url}?key=${KEY}`)).readings).toMatchObject([{ channel: "8-0:1.0.0", text: "424.242 m3" }]);
      const wrong = await read(`${url}?key=${KEY.replace("00", "01")}`);
      expect(wrong.code).toBe(1);
      expect(wrong.error?.code).toMatch(/wrong-key|bad-mac/);
    },
  );

  it("of no such address, or with nonsense in its URL, fails with the reason", { timeout: 60_000 }, async () => {
    expect(await read("mbus://127.0.0.1:1?address=5")).toMatchObject({ code: 1, error: { code: "refused" } });
    expect(await read(`mbus://127.0.0.1:${ports["mbus"]}`)).toMatchObject({ code: 2, error: { code: "bad-settings" } });
    expect(await read("wmbus://127.0.0.1:9?key=XYZ")).toMatchObject({ code: 2, error: { code: "key" } });
  });
});
