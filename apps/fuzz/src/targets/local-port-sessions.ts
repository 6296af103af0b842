import { UsageError } from "@amity/bytes";
import { listenP1, p1DecodeBench, sealCiphered } from "@amity/dsmr";
import {
  LocalPortClient,
  formatProfileBlock,
  listenReadouts,
  parseIdentification,
  serveLocalPort,
  type LocalPortDevice,
} from "@amity/iec62056-21";
import { VirtualTimers, linePair, type Connection } from "@amity/runtime";
import { SmlClient, integer, listenSml, obisOctets, serveSml, type SmlDevice } from "@amity/sml";
import type { FuzzTarget } from "../fuzz-target.ts";
import { ScriptedConnection, overheard } from "../peers/scripted-connection.ts";
import { happenings, sequence } from "../sequence.ts";
import { isRefusal } from "./refusals.ts";

const KIB = 1024;
const KEY = Uint8Array.from({ length: 16 }, (_, index) => index);
/** Of no word that could stand in an error for another reason. */
export const LOCAL_PORT_PASSWORD = "zq7Kp2";
const TITLE = Uint8Array.from([0x41, 0x4d, 0x54, 0, 0, 0, 0, 1]);
const TEXT = new TextEncoder();
const words = (texts: readonly string[]): Uint8Array[] => texts.map((text) => TEXT.encode(text));

/** Runs each step; an error by blame is an answer, so is that programming mode did not open; everything else is thrown. */
async function eachAnswers(steps: readonly (() => Promise<unknown>)[]): Promise<void> {
  for (const step of steps) {
    try {
      await step();
    } catch (error) {
      if (!isRefusal(error) && !(error instanceof UsageError && error.code === "not-open")) throw error;
    }
  }
}

/** What both sides said, message by message. */
async function recorded(
  serve: (connection: Connection, timers: VirtualTimers) => void,
  session: (connection: Connection, timers: VirtualTimers) => Promise<void>,
): Promise<{ readonly client: Uint8Array[]; readonly meter: Uint8Array[] }> {
  const timers = new VirtualTimers();
  const said = { client: [] as Uint8Array[], meter: [] as Uint8Array[] };
  const [near, far] = linePair();
  serve(overheard(far, said.meter), timers);
  await timers.run(session(overheard(near, said.client), timers));
  return said;
}

/** The input as both sides of a line hear it: as answers to a client, as requests to a meter, as what a listener is pushed. */
async function bothWays(
  octets: Uint8Array,
  serve: (connection: Connection, timers: VirtualTimers) => void,
  session: (connection: Connection, timers: VirtualTimers) => Promise<void>,
): Promise<void> {
  const parts = happenings(octets);
  const chunks = parts.map((one) => one.octets);
  const timers = new VirtualTimers();
  await timers.run(session(new ScriptedConnection(chunks), timers));
  const line = new ScriptedConnection(chunks, false);
  serve(line, timers);
  for (const { kind } of parts) {
    line.next();
    if (kind === 1) await timers.run(timers.sleep(3_000));
  }
  line.close();
}

const seedsOf = ({ client, meter }: { client: Uint8Array[]; meter: Uint8Array[] }): Uint8Array[] =>
  [client, meter].flatMap((said) => [0, 1].map((kind) => sequence(said.map((octets) => ({ kind, octets })))));

const ENTRY = { objName: obisOctets("1-0:1.8.0*255"), unit: 30, scaler: -1, value: integer(123_456) };

function smlMeter(): SmlDevice {
  return {
    serverId: TITLE,
    list: () => ({ sensorTime: { kind: "secondsIndex", seconds: 77 }, entries: [ENTRY] }),
    profile: () => ({
      actTime: { kind: "timestamp", seconds: 1_700_000_000 },
      regPeriod: 900,
      headerList: [{ objName: ENTRY.objName, unit: 30, scaler: -1 }],
      periodList: [
        { valTime: { kind: "timestamp", seconds: 1_700_000_900 }, status: { value: 0n, width: 8 }, valueList: [{ value: integer(7) }] },
      ],
    }),
    parameter: ([name = TITLE]) => ({ parameterName: name, parameterValue: { kind: "value", value: integer(1, "unsigned") } }),
    setParameter: () => Uint8Array.of(0x81, 0x81, 0xc7, 0xc7, 0xfd, 0),
    isAuthorised: () => true,
  };
}

async function smlSession(connection: Connection, timers: VirtualTimers): Promise<void> {
  const client = new SmlClient(connection, { timers, clientId: TITLE, timeoutMs: 500, attemptsMax: 2 });
  const path = { parameterTreePath: [ENTRY.objName] };
  await eachAnswers([
    () => client.request({ kind: "getListRequest", value: { clientId: TITLE } }),
    () => client.request({ kind: "getProfilePackRequest", value: path }),
    () => client.request({ kind: "getProcParameterRequest", value: path }),
  ]);
}

const smlTarget: FuzzTarget = {
  name: "sml-session",
  counted: ["packages/sml/src"],
  inputOctetsMax: 2 * KIB,
  allocationOctetsMax: 16 * KIB * KIB,
  seeds: async () => seedsOf(await recorded((connection, timers) => serveSml(connection, smlMeter(), { timers }), smlSession)),
  decode: (octets) =>
    bothWays(
      octets,
      (connection, timers) => serveSml(connection, smlMeter(), { timers }),
      async (connection, timers) => {
        listenSml(new ScriptedConnection([octets]), timers, { file: () => undefined });
        await smlSession(connection, timers);
      },
    ),
};

function iecMeter(): LocalPortDevice {
  const identification = parseIdentification("/AMT5\\2METER");
  if (identification === undefined) throw new Error("the identification above is one");
  const start = { season: "normal", year: 2026, month: 11, day: 21, hour: 0, minute: 15, second: 0 } as const;
  const channels = [{ code: "1.5.0", unit: "kW" }];
  const profile = formatProfileBlock({ profile: "P.01", start, status: "00", intervalMinutes: 15, channels, rows: [["0.25"], ["0.5"]] });
  return {
    identification,
    address: "4711",
    readout: () => "1.8.0(000123.456*kWh)\r\nC.1.0(4711)\r\n",
    operand: () => "1234",
    authenticate: (_, answer) => (answer === LOCAL_PORT_PASSWORD ? 1 : undefined),
    execute: ({ name }) =>
      name === "R5" ? { kind: "data", text: profile } : name === "W1" ? { kind: "done" } : { kind: "error", text: "ERR1" },
  };
}

async function iecSession(connection: Connection, timers: VirtualTimers): Promise<void> {
  const client = new LocalPortClient(connection, { timers, timeoutMs: 500, attemptsMax: 2 });
  await eachAnswers([
    () => client.readout(),
    () => client.openProgramming("", { command: "P1", password: LOCAL_PORT_PASSWORD }),
    () => client.readProfile("P.01"),
    () => client.command({ name: "R1", data: "1.8.0()" }),
    () => client.command({ name: "W1", data: "C.1.0(12)" }),
    () => client.signOff(),
    () => client.handOver(),
  ]);
}

const iecTarget: FuzzTarget = {
  name: "iec-session",
  counted: ["packages/iec62056-21/src"],
  inputOctetsMax: 2 * KIB,
  allocationOctetsMax: 32 * KIB * KIB,
  seeds: async () =>
    seedsOf(await recorded((connection, timers) => serveLocalPort(connection, iecMeter(), { timers, blockMax: 24 }), iecSession)),
  dictionary: words([
    "/?!\r\n",
    "\u0006050\r\n",
    "\u0006051\r\n",
    "\u0001B0\u0003",
    "\u0015",
    "\u0006",
    "\u0002",
    "\u0003",
    "\u0004",
    "!\r\n",
  ]),
  decode: (octets) =>
    bothWays(
      octets,
      (connection, timers) => serveLocalPort(connection, iecMeter(), { timers, blockMax: 24 }),
      async (connection, timers) => {
        listenReadouts(new ScriptedConnection([octets]), timers, { readout: () => undefined });
        await iecSession(connection, timers);
      },
    ),
};

const p1Target: FuzzTarget = {
  name: "p1-session",
  counted: ["packages/dsmr/src"],
  inputOctetsMax: 3 * KIB,
  allocationOctetsMax: 16 * KIB * KIB,
  seeds() {
    const [telegram = new Uint8Array(0)] = p1DecodeBench(1).frames;
    const keys = { encryptionKey: KEY, authenticationKey: KEY };
    const sealed = [1, 2].map((invocationCounter) =>
      sealCiphered(telegram.subarray(0, 300), keys, { systemTitle: TITLE, invocationCounter }),
    );
    return [[telegram], sealed, [...sealed, telegram]].map((said) => sequence(said.map((octets) => ({ kind: 0, octets }))));
  },
  dictionary: words(["/", "!", "\r\n", "\u00db\u0008"]),
  async decode(octets) {
    const parts = happenings(octets);
    const timers = new VirtualTimers();
    const line = new ScriptedConnection(
      parts.map((one) => one.octets),
      false,
    );
    listenP1(line, { timers, keys: { encryptionKey: KEY, authenticationKey: KEY } }, { telegram: () => undefined });
    for (const { kind } of parts) {
      line.next();
      if (kind === 1) await timers.run(timers.sleep(3_000));
    }
    line.close();
  },
};

export const targets: readonly FuzzTarget[] = [smlTarget, iecTarget, p1Target];
