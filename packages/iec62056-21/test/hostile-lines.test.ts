import { VirtualTimers, harmedLine, linePair, seededRandom, type Connection } from "@amity/runtime";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  ClientSession,
  LocalPortClient,
  encodeData,
  parseDataSets,
  parseIdentification,
  serveLocalPort,
  type LocalPortDevice,
} from "../src/index.ts";

const LINES = Array.from({ length: 12 }, (_, index) => `1.8.${index}(${String(100_000 + index)}*kWh)\r\n`).join("");
const TRUE_VALUES = Array.from({ length: 12 }, (_, index) => String(100_000 + index));

function meter(line: string): LocalPortDevice {
  const identification = parseIdentification(line);
  if (identification === undefined) throw new Error(line);
  return {
    identification,
    address: "4711",
    readout: () => LINES,
    operand: () => "1234",
    authenticate: (_, answer) => (answer === "secret" ? 1 : undefined),
    execute: ({ name }) => (name === "R1" ? { kind: "data", text: "1.8.0(100000*kWh)" } : { kind: "error", text: "ERR1" }),
  };
}

describe("a local port whose line loses, spoils, cuts and delays", () => {
  // Modes A and B have no check character behind their data: what is spoiled there cannot be told.
  test.each(["/AMT5METER", "/AMT6\\2METER"])("ends every session of %s, and what it read is the meter's", async (identification) => {
    await fc.assert(
      fc.asyncProperty(
        fc.nat(1_000_000),
        fc.constantFrom(0, 0.05, 0.3),
        fc.constantFrom(0, 1),
        fc.constantFrom(0, 300, 3_000),
        async (seed, share, cutting, delayMsMax) => {
          const timers = new VirtualTimers();
          const random = seededRandom(seed);
          const [near, far] = linePair();
          const harmed = (end: Connection): Connection =>
            harmedLine(end, { loss: share, spoiling: share, spoiledBits: 7, cutting, delayMsMax }, { timers, random });
          serveLocalPort(harmed(far), meter(identification), { timers, blockMax: 60 });
          const client = new LocalPortClient(harmed(near), { timers });
          const readout = await timers.run(client.readout());
          // The protocol numbers nothing: what comes later than the time-out cannot be told from what was asked since.
          const isInTime = delayMsMax < 1_000;
          if (readout.kind === "data" && isInTime) {
            const values = parseDataSets(readout.text).dataSets.map(({ values: [value] }) => value?.value);
            expect(values).toEqual(TRUE_VALUES);
          }
          const opened = await timers.run(client.openProgramming("", { command: "P1", password: "secret" }));
          if (opened.kind !== "ack") return;
          const register = await timers.run(client.command({ name: "R1", data: "1.8.0()" }));
          if (register.kind === "data" && isInTime) expect(register.text).toBe("1.8.0(100000*kWh)");
        },
      ),
      { numRuns: 100 },
    );
  });
});

test("empty blocks without end are given up", () => {
  const session = new ClientSession();
  session.open("readout", "", 0);
  session.receive(new TextEncoder().encode("/AMT5METER\r\n"), 1);
  const empty = encodeData("", true);
  let blocks = 0;
  let outcome;
  while (outcome === undefined && blocks++ < 100_000) outcome = session.receive(empty, 1 + blocks).find(({ kind }) => kind === "done");
  expect(outcome).toMatchObject({ outcome: { kind: "damaged", error: { code: "limit" } } });
});

test("blocks behind the answer, in the same chunk, begin nothing", () => {
  const session = new ClientSession();
  session.open("readout", "", 0);
  session.receive(new TextEncoder().encode("/AMT METER\r\n"), 1);
  const block = encodeData("1.8.0(1*kWh)\r\n!\r\n");
  const more = encodeData("1.8.0(2*kWh)\r\n", true);
  const effects = session.receive(Uint8Array.from([...block, ...more, ...block]), 2);
  expect(effects.filter(({ kind }) => kind === "done")).toHaveLength(1);
  expect(effects.filter(({ kind }) => kind === "send")).toEqual([]);
  expect(session.deadlineMs).toBeUndefined();
  expect(() => session.open("readout", "", 3)).not.toThrow();
});
