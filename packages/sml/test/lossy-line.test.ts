import { VirtualTimers, harmedLine, linePair, seededRandom, type Connection } from "@amity/runtime";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ATTENTION, SmlClient, integer, listenSml, obisOctets, serveSml, type SmlDevice } from "../src/index.ts";

const ID = Uint8Array.of(0x0a, 1, 0x41, 0x4d, 0x54, 0, 0, 0, 0, 7);
const ENTRIES = Array.from({ length: 8 }, (_, index) => ({
  objName: obisOctets(`1-0:1.8.${index}*255`),
  unit: 30,
  scaler: -1,
  value: integer(0x1b1b1b1b + index),
}));

function meter(): SmlDevice {
  return {
    serverId: ID,
    list: () => ({ sensorTime: { kind: "secondsIndex", seconds: 77 }, entries: ENTRIES }),
    profile: () => undefined,
    parameter: () => undefined,
    setParameter: () => ATTENTION.done,
    isAuthorised: () => true,
  };
}

describe("SML over a line that loses, spoils, doubles, cuts and delays", () => {
  const harm = fc.record({
    loss: fc.constantFrom(0, 0.1, 0.4),
    spoiling: fc.constantFrom(0, 0.1, 0.4),
    doubling: fc.constantFrom(0, 0.2),
    cutting: fc.constantFrom(0, 1),
    delayMsMax: fc.constantFrom(0, 200, 4_000),
  });

  test("every request ends, and what was answered is the meter's", async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(1_000_000), harm, async (seed, conditions) => {
        const timers = new VirtualTimers();
        const random = seededRandom(seed);
        const [near, far] = linePair();
        const harmed = (end: Connection): Connection => harmedLine(end, conditions, { timers, random });
        serveSml(harmed(far), meter(), { timers });
        const client = new SmlClient(harmed(near), { timers, clientId: ID });
        for (let count = 0; count < 3; count++) {
          const outcome = await timers.run(client.request({ kind: "getListRequest", value: { clientId: ID } }));
          if (outcome.kind !== "answer") {
            expect(outcome.kind).toBe("no-answer");
            continue;
          }
          const [response] = outcome.responses;
          expect(response?.kind === "getListResponse" && response.value.valList).toMatchObject(ENTRIES);
        }
      }),
      { numRuns: 100 },
    );
  });

  test("what is pushed comes true or is told as damaged", async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(1_000_000), harm, async (seed, conditions) => {
        const timers = new VirtualTimers();
        const random = seededRandom(seed);
        const [near, far] = linePair();
        serveSml(harmedLine(far, conditions, { timers, random }), meter(), { timers, pushEveryMs: 2_000 });
        let files = 0;
        listenSml(near, timers, {
          file(file) {
            if (file.problems.length > 0) return;
            files++;
            for (const { body } of file.messages) if (body.kind === "getListResponse") expect(body.value.valList).toMatchObject(ENTRIES);
          },
        });
        await timers.run(timers.sleep(30_000));
        if (conditions.loss === 0 && conditions.spoiling === 0 && conditions.delayMsMax < 500) expect(files).toBeGreaterThan(10);
      }),
      { numRuns: 60 },
    );
  });
});
