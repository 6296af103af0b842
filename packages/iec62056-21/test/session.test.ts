import { linePair, VirtualTimers } from "@amity/runtime";
import { describe, expect, test } from "vitest";
import type { Connection } from "@amity/runtime";
import {
  PasswordLock,
  LocalPortClient,
  formatProfileBlock,
  listenReadouts,
  parseDataSets,
  parseIdentification,
  parseProfile,
  serveLocalPort,
  withEvenParity,
  withoutParity,
  type Command,
  type LocalPortDevice,
  type ServeLocalPortOptions,
  type SessionOptions,
} from "../src/index.ts";

function meter(line = "/AMT5METER"): LocalPortDevice & { registers: Map<string, string> } {
  const identification = parseIdentification(line);
  if (identification === undefined) throw new Error(line);
  const registers = new Map([
    ["1.8.0", "(000123.456*kWh)"],
    ["C.1.0", "(4711)"],
  ]);
  return {
    registers,
    identification,
    address: "4711",
    readout: () => [...registers].map(([address, value]) => `${address}${value}\r\n`).join(""),
    operand: () => "1234",
    authenticate: (command, answer, operand) => {
      if (command === "P1") return answer === "secret" ? 1 : undefined;
      return answer === operand.split("").reverse().join("") ? 2 : undefined;
    },
    execute: ({ name, data = "" }: Command, level) => {
      const [, address = "", value = ""] = /^([^(]*)(\(.*\))$/.exec(data) ?? [];
      if (name === "R1")
        return registers.has(address) ? { kind: "data", text: `${address}${registers.get(address)}` } : { kind: "error", text: "ERR1" };
      if (name === "R5" || name === "R6") return { kind: "data", text: profile() };
      if (name !== "W1" || level < 1) return { kind: "error", text: "ERR3" };
      registers.set(address, value);
      return { kind: "done" };
    },
  };
}

const START = { season: "normal", year: 2026, month: 11, day: 21, hour: 0, minute: 15, second: 0 } as const;
function profile(): string {
  const channels = [{ code: "1.5.0", unit: "kW" }];
  const rows = Array.from({ length: 96 }, (_, index) => [`${index}.25`]);
  return formatProfileBlock({ profile: "P.01", start: START, status: "00", intervalMinutes: 15, channels, rows });
}

interface Line {
  /** Changes what passes from meter to client; `undefined` loses it. */
  readonly spoil?: (octets: Uint8Array) => Uint8Array | undefined;
}

function connect(device: LocalPortDevice, server: Partial<ServeLocalPortOptions> = {}, client: SessionOptions & Line = {}) {
  const timers = new VirtualTimers();
  const [near, far] = linePair();
  const { spoil } = client;
  const spoiled: Connection =
    spoil === undefined
      ? far
      : Object.assign(Object.create(far) as Connection, {
          bind: (handlers: Parameters<Connection["bind"]>[0]) => far.bind(handlers),
          send: (octets: Uint8Array) => {
            const out = spoil(octets);
            if (out !== undefined) far.send(out);
          },
        });
  serveLocalPort(spoiled, device, { timers, ...server });
  const bauds: number[] = [];
  return { timers, bauds, near, client: new LocalPortClient(near, { timers, setBaud: (baud) => void bauds.push(baud), ...client }) };
}

describe("a readout", () => {
  test.each([
    ["mode A", "/AMT METER", []],
    ["mode B", "/AMTEMETER", [9600, 300]],
    ["mode C", "/AMT5METER", [9600, 300]],
    ["mode E, read as C", "/AMT6\\2METER", [19200, 300]],
  ])("in %s gives every register, at the meter's rate", async (_mode, line, rates) => {
    const { client, timers, bauds } = connect(meter(line));
    const outcome = await timers.run(client.readout("4711"));
    if (outcome.kind !== "data") throw new Error(outcome.kind);
    const { dataSets, isClosed, problems } = parseDataSets(outcome.text);
    expect({ isClosed, problems }).toEqual({ isClosed: true, problems: [] });
    expect(dataSets.map(({ address }) => address)).toEqual(["1.8.0", "C.1.0"]);
    await timers.run(timers.sleep(5000));
    expect(bauds).toEqual(rates);
  });

  test("of another meter's address is met with silence, after three calls", async () => {
    const { client, timers } = connect(meter());
    expect(await timers.run(client.readout("4712"))).toEqual({ kind: "no-answer", attempts: 3 });
  });

  test("with a damaged block is asked for again by NAK", async () => {
    let damaged = 0;
    const spoil = (octets: Uint8Array) =>
      octets[0] === 0x02 && damaged++ < 2 ? octets.map((octet, at) => (at === 5 ? octet ^ 1 : octet)) : octets;
    const { client, timers } = connect(meter(), {}, { spoil });
    expect(await timers.run(client.readout())).toMatchObject({ kind: "data" });
    expect(damaged).toBe(3);
  });

  test("that stays damaged ends with what was wrong", async () => {
    const spoil = (octets: Uint8Array) => (octets[0] === 0x02 ? octets.map((octet, at) => (at === 5 ? octet ^ 1 : octet)) : octets);
    const { client, timers } = connect(meter(), {}, { spoil });
    expect(await timers.run(client.readout())).toMatchObject({ kind: "damaged", error: { code: "bcc" } });
  });

  test("that falls silent after the change of rate is begun anew, without changing it", async () => {
    let lost = 0;
    const spoil = (octets: Uint8Array) => (octets[0] === 0x02 && lost++ === 0 ? undefined : octets);
    const { client, timers, bauds } = connect(meter(), {}, { spoil });
    expect(await timers.run(client.readout())).toMatchObject({ kind: "data" });
    expect(bauds).toEqual([9600, 300]);
  });

  test.each([
    ["/AMT5METER", 200],
    ["/AMt5METER", 20],
  ])("begins to answer no sooner than its identification %s says", async (line, reactionMs) => {
    const { client, timers } = connect(meter(line));
    const beganMs = timers.elapsedMs();
    await timers.run(client.openProgramming());
    // Identification and operand: two answers.
    expect(timers.elapsedMs() - beganMs).toBeGreaterThanOrEqual(2 * reactionMs);
    expect(timers.elapsedMs() - beganMs).toBeLessThan(2 * reactionMs + 50);
  });

  test.each([
    ["B", "/AMTEMETER", ["300 Bd: /", "9600 Bd: \x02"]],
    ["C", "/AMT5METER", ["300 Bd: /", "9600 Bd: \x02"]],
  ])("of mode %s goes out at the rate that its turn has", async (_mode, line, expected) => {
    let baud = 300;
    const sent: string[] = [];
    const timers = new VirtualTimers();
    const [near, far] = linePair();
    const meterSide: Connection = Object.assign(Object.create(far) as Connection, {
      bind: (handlers: Parameters<Connection["bind"]>[0]) => far.bind(handlers),
      send: (octets: Uint8Array) => {
        sent.push(`${baud} Bd: ${String.fromCharCode(octets[0] ?? 0)}`);
        far.send(octets);
      },
    });
    serveLocalPort(meterSide, meter(line), { timers, setBaud: (next) => void (baud = next) });
    expect(await timers.run(new LocalPortClient(near, { timers }).readout())).toMatchObject({ kind: "data" });
    expect(sent).toEqual(expected);
  });

  test("wakes a meter that sleeps before each call, and waits until it is there", async () => {
    const heard: { atMs: number; octets: Uint8Array }[] = [];
    const timers = new VirtualTimers();
    const [near, far] = linePair();
    const sleeper: Connection = Object.assign(Object.create(far) as Connection, {
      bind: (handlers: Parameters<Connection["bind"]>[0]) =>
        far.bind({
          closed: (error) => handlers.closed(error),
          data(octets) {
            heard.push({ atMs: timers.elapsedMs(), octets });
            // The first call is lost.
            if (heard.length > 2) handlers.data(octets);
          },
        }),
      send: (octets: Uint8Array) => far.send(octets),
    });
    serveLocalPort(sleeper, meter(), { timers });
    const client = new LocalPortClient(near, { timers, isAsleep: true });
    expect(await timers.run(client.readout())).toMatchObject({ kind: "data" });
    const [wakeUp, call, again] = heard;
    // 2.2 s of NULs at 300 Bd, and 1.6 s of rest.
    expect(wakeUp?.octets).toEqual(new Uint8Array(66));
    expect((call?.atMs ?? 0) - (wakeUp?.atMs ?? 0)).toBe(3_800);
    expect(again?.octets).toEqual(new Uint8Array(66));
  });

  test("pushed in mode D is heard", async () => {
    const timers = new VirtualTimers();
    const [near, far] = linePair();
    serveLocalPort(far, meter("/AMT3METER"), { timers, pushEveryMs: 1000 });
    const seen: unknown[] = [];
    const heard = new Promise<void>((resolve) =>
      listenReadouts(near, timers, {
        readout: (block, identification) => void (seen.push([block.dataSets.length, identification?.identifier]) === 2 && resolve()),
      }),
    );
    await timers.run(heard);
    expect(seen).toEqual([
      [2, "METER"],
      [2, "METER"],
    ]);
  });

  test("passes a line whose parity bit comes through", async () => {
    const timers = new VirtualTimers();
    const [near, far] = linePair();
    const seven: Connection = Object.assign(Object.create(far) as Connection, {
      bind: (handlers: Parameters<Connection["bind"]>[0]) =>
        far.bind({ ...handlers, data: (chunk) => handlers.data(withoutParity(chunk)), closed: (error) => handlers.closed(error) }),
      send: (octets: Uint8Array) => far.send(withEvenParity(octets)),
    });
    serveLocalPort(seven, meter(), { timers });
    const client = new LocalPortClient(near, { timers, isParityOurs: true });
    expect(await timers.run(client.readout())).toMatchObject({ kind: "data" });
  });
});

describe("programming mode", () => {
  test("reads and writes with a password, and signs off", async () => {
    const device = meter();
    const { client, timers } = connect(device);
    expect(await timers.run(client.openProgramming("", { command: "P1", password: "secret" }))).toEqual({ kind: "ack" });
    expect(await timers.run(client.command({ name: "R1", data: "1.8.0()" }))).toMatchObject({
      kind: "data",
      text: "1.8.0(000123.456*kWh)",
    });
    expect(await timers.run(client.command({ name: "W1", data: "C.1.0(42)" }))).toEqual({ kind: "ack" });
    expect(device.registers.get("C.1.0")).toBe("(42)");
    expect(await timers.run(client.command({ name: "R1", data: "9.9.9()" }))).toEqual({ kind: "refused", text: "ERR1" });
    await timers.run(client.signOff());
    await expect(client.command({ name: "R1", data: "1.8.0()" })).rejects.toMatchObject({ code: "not-open" });
    expect(await timers.run(client.readout())).toMatchObject({ kind: "data" });
  });

  test("computes P2 from the operand, and without a password writes nothing", async () => {
    const { client, timers } = connect(meter());
    expect(await timers.run(client.openProgramming())).toMatchObject({ kind: "operand", operand: "1234" });
    expect(await timers.run(client.command({ name: "W1", data: "C.1.0(1)" }))).toEqual({ kind: "refused", text: "ERR3" });
    await timers.run(client.signOff());
    const answer = (operand: string) => operand.split("").reverse().join("");
    expect(await timers.run(client.openProgramming("", { command: "P2", answer }))).toEqual({ kind: "ack" });
  });

  test("is locked after three wrong passwords, for the right one too, and opens again after the time of the lock", async () => {
    const { client, timers } = connect(meter(), { lock: new PasswordLock({ lockMs: 600_000 }) });
    const attempt = async (password: string) => {
      const outcome = await timers.run(client.openProgramming("", { command: "P1", password }));
      await timers.run(client.signOff());
      return outcome.kind;
    };
    for (let count = 0; count < 3; count++) expect(await attempt("wrong")).toBe("refused");
    expect(await attempt("secret")).toBe("refused");
    await timers.run(timers.sleep(600_000));
    expect(await attempt("secret")).toBe("ack");
  });

  test("stays locked for whoever connects anew", async () => {
    const lock = new PasswordLock();
    const attempt = async (password: string) => {
      const { client, timers } = connect(meter(), { lock });
      return (await timers.run(client.openProgramming("", { command: "P1", password }))).kind;
    };
    for (let count = 0; count < 3; count++) expect(await attempt("wrong")).toBe("refused");
    expect(await attempt("secret")).toBe("refused");
  });

  test.each([
    ["whole", "R5", {}],
    ["in blocks", "R6", { blockMax: 100 }],
    ["in blocks over a slow line", "R6", { blockMax: 100, isPaced: true }],
  ] as const)("reads a load profile %s", async (_how, name, server) => {
    const { client, timers } = connect(meter(), server);
    await timers.run(client.openProgramming());
    const outcome = await timers.run(client.readProfile("P.01", START, undefined, name));
    if (outcome.kind !== "data") throw new Error(outcome.kind);
    const { blocks, problems } = parseProfile(parseDataSets(outcome.text).dataSets);
    expect(problems).toEqual([]);
    expect(blocks[0]?.rows).toHaveLength(96);
    expect(blocks[0]?.rows.at(-1)).toMatchObject({ end: "2026-11-22T00:00:00", values: [{ value: "95.25" }] });
  });

  test("ends on the meter's side when nobody says anything", async () => {
    const { client, timers } = connect(meter());
    await timers.run(client.openProgramming());
    await timers.run(timers.sleep(61_000));
    expect(await timers.run(client.command({ name: "R1", data: "1.8.0()" }))).toEqual({ kind: "no-answer", attempts: 3 });
  });
});

describe("mode E", () => {
  test("hands the line over, both ways", async () => {
    let meterSide: Connection | undefined;
    const { client, timers } = connect(meter("/AMT5\\2METER"), { handOver: (connection) => void (meterSide = connection) });
    const clientSide = await timers.run(client.handOver());
    const heard: number[][] = [];
    meterSide?.bind({ data: (chunk) => meterSide?.send(chunk.map((octet) => octet + 1)), closed() {} });
    clientSide.bind({ data: (chunk) => void heard.push([...chunk]), closed() {} });
    clientSide.send(Uint8Array.of(0x7e, 0xa0));
    await timers.run(timers.sleep(10));
    expect(heard).toEqual([[0x7f, 0xa1]]);
  });

  test("is refused by a meter that has no HDLC", async () => {
    const { client, timers } = connect(meter());
    await expect(timers.run(client.handOver())).rejects.toMatchObject({ code: "not-mode-e" });
  });
});
