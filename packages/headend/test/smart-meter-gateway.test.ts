import { startSmartMeterGateway, type LocalPort, type SmartMeterGateway } from "@amity/concentrator";
import { meterTelegram, serveP1 } from "@amity/dsmr";
import { formatDataSet, serveLocalPort } from "@amity/iec62056-21";
import { integer, obisOctets, serveSml } from "@amity/sml";
import type { Connection } from "@amity/runtime";
import { describe, expect, it } from "vitest";
import { localUtility, spoiled, type LocalUtility } from "./local-utility.ts";
import { HOUR_MS, START_MS } from "./lasting-head-end.ts";

const QUARTER_MS = 900_000;
const FIRST_MS = Date.UTC(2026, 10, 1, 12, 15);
const KEYS = { encryptionKey: new Uint8Array(16).fill(3), authenticationKey: new Uint8Array(16).fill(4) };
const METER = { host: "gw", port: 10_001 };

/** A watt-hour a second: what a gateway captures a few seconds late is a few watt-hours more. */
const energyWh = (atMs: number): number => Math.floor((atMs - Date.UTC(2026, 0, 1)) / 1000);

/** The basic meter on node `gw`, in each of the protocols that a gateway understands. */
const METERS: Record<LocalPort["protocol"], (utility: LocalUtility, connection: Connection) => void> = {
  sml: ({ gateway: { timers, clock } }, connection) => {
    const entry = () => ({ objName: obisOctets("1-0:1.8.0*255"), unit: 30, scaler: 0, value: integer(energyWh(clock.nowMs())) });
    const serverId = Uint8Array.of(0x0a, 1, 0x41, 0x4d, 0x54, 0, 0, 0, 0, 7);
    serveSml(connection, { serverId, list: () => ({ entries: [entry()] }) }, { timers, pushEveryMs: 4_000 });
  },
  p1: ({ gateway: { timers, clock } }, connection) => {
    const phase = { voltageDv: 2301, currentCa: 1500, importW: 3600, exportW: 0 };
    serveP1(
      connection,
      () =>
        meterTelegram({
          manufacturer: "AMT",
          identifier: "P1",
          equipmentId: "E0001",
          instantMs: Math.floor(clock.nowMs() / 1000) * 1000,
          isSummer: false,
          tariff: 1,
          importedWh: [energyWh(clock.nowMs()), 1000],
          exportedWh: [0, 0],
          importW: 3600,
          exportW: 0,
          phases: [phase],
          powerFailures: [],
          channels: [],
        }),
      { timers, everyMs: 10_000 },
    );
  },
  "iec62056-21": ({ gateway: { timers, clock } }, connection) => {
    const value = () => (energyWh(clock.nowMs()) / 1000).toFixed(3);
    serveLocalPort(
      connection,
      {
        identification: { manufacturer: "AMT", baudCharacter: "5", capabilities: [], identifier: "C" },
        address: "",
        readout: () => `${formatDataSet({ address: "1.8.0", values: [{ value: value(), unit: "kWh" }] })}\r\n`,
        operand: () => "",
        authenticate: () => undefined,
        execute: () => ({ kind: "error", text: "ERR" }),
      },
      { timers },
    );
  },
};

const CHANNEL = { sml: "1-0:1.8.0", p1: "1-0:1.8.1", "iec62056-21": "1-0:1.8.0" } as const;

interface Place {
  readonly utility: LocalUtility;
  gateway(): SmartMeterGateway;
  /** The gateway loses power and comes back on its disk. */
  crash(): Promise<void>;
}

async function place(
  protocol: LocalPort["protocol"],
  spoil: (octets: Uint8Array) => Uint8Array | undefined = (octets) => octets,
): Promise<Place> {
  const utility = localUtility();
  await utility.gateway.network.listen(METER, (connection) => METERS[protocol](utility, spoiled(connection, spoil)));
  const node = utility.simulation.node("smgw");
  const start = () =>
    startSmartMeterGateway(node.world, {
      meterId: "B1",
      systemTitle: new TextEncoder().encode("AMTGW001"),
      keys: KEYS,
      local: { protocol, address: METER },
      listen: { host: "smgw", port: 4059 },
    });
  let gateway = await utility.simulation.runFor(start());
  await utility.register({ meterId: "B1", protocol: "dlms", route: { kind: "direct", address: { host: "smgw", port: 4059 } } });
  await utility.key("B1", "guek", KEYS.encryptionKey);
  await utility.key("B1", "gak", KEYS.authenticationKey);
  return {
    utility,
    gateway: () => gateway,
    async crash() {
      node.crash();
      gateway = await utility.simulation.runFor(start());
    },
  };
}

/** Quarter-hours that are not in the sink, or are off by more than what a meter says in ten seconds. */
function missing({ utility }: Place, channel: string, toMs: number): string[] {
  const found: string[] = [];
  for (let atMs = FIRST_MS; atMs < toMs; atMs += QUARTER_MS) {
    const value = utility.sink.intervals.get(`B1 ${channel} ${atMs}`)?.value ?? Number.NaN;
    if (!(Math.abs(value - 900) <= 11)) found.push(`${new Date(atMs).toISOString()} ${value}`);
  }
  return found;
}

describe("a basic meter behind a smart-meter gateway", () => {
  it.each(["sml", "p1", "iec62056-21"] as const)("that speaks %s is read as a ciphered DLMS meter", async (protocol) => {
    const one = await place(protocol);
    await one.utility.headEnd().start();
    await one.utility.simulation.runUntil(START_MS + 5 * HOUR_MS);
    expect(missing(one, CHANNEL[protocol], Date.UTC(2026, 10, 1, 16))).toEqual([]);
    expect(one.gateway().localFault).toBeUndefined();
    expect((await one.utility.headEnd().views.meter("B1"))?.health.lastError).toBeUndefined();
  });

  it("loses no captured period and repeats no counter when the gateway crashes again and again", async () => {
    const one = await place("sml");
    await one.utility.headEnd().start();
    for (let round = 0; round < 10; round++) {
      await one.utility.simulation.runUntil(START_MS + (round + 1) * 23 * 60_000);
      await one.crash();
    }
    await one.utility.simulation.runUntil(START_MS + 6 * HOUR_MS);
    expect(missing(one, "1-0:1.8.0", Date.UTC(2026, 10, 1, 17))).toEqual([]);
  });

  it("says that the local port is down, captures nothing then, and makes nothing up afterwards", async () => {
    let isSilent = false;
    const one = await place("sml", (octets) => (isSilent ? undefined : octets));
    await one.utility.headEnd().start();
    await one.utility.simulation.runUntil(Date.UTC(2026, 10, 1, 13, 5));
    isSilent = true;
    await one.utility.simulation.runUntil(Date.UTC(2026, 10, 1, 14, 5));
    isSilent = false;
    await one.utility.simulation.runUntil(START_MS + 4 * HOUR_MS);
    const gap = missing(one, "1-0:1.8.0", Date.UTC(2026, 10, 1, 15));
    // Four ends of quarter-hours were not heard: five intervals touch them.
    expect(gap.map((line) => line.slice(11, 16))).toEqual(["13:00", "13:15", "13:30", "13:45", "14:00"]);
    expect(gap.every((line) => line.endsWith("NaN"))).toBe(true);
  });

  it("takes nothing for the meter's word that came damaged", async () => {
    let sent = 0;
    const one = await place("sml", (octets) => (++sent % 3 === 0 ? octets.map((octet, at) => (at === 60 ? octet ^ 0x10 : octet)) : octets));
    await one.utility.headEnd().start();
    await one.utility.simulation.runUntil(START_MS + 4 * HOUR_MS);
    expect(missing(one, "1-0:1.8.0", Date.UTC(2026, 10, 1, 15))).toEqual([]);
  });
});
