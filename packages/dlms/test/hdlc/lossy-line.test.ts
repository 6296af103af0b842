import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { answerTo, LossyLine, type LineConditions } from "./lossy-line.ts";

const parameters = fc.record({
  transmitOctets: fc.integer({ min: 8, max: 300 }),
  receiveOctets: fc.integer({ min: 8, max: 300 }),
  transmitWindow: fc.integer({ min: 1, max: 7 }),
  receiveWindow: fc.integer({ min: 1, max: 7 }),
});
const requests = fc.array(fc.uint8Array({ minLength: 1, maxLength: 900 }), { minLength: 1, maxLength: 6 });
const situation = fc.record({ client: parameters, server: parameters, requests, seed: fc.integer() });

/** A small generator of its own (mulberry32): the seed alone tells what the line does. */
function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x100000000;
  };
}

function play(
  conditions: LineConditions,
  { client, server, requests: list, seed }: typeof situation extends fc.Arbitrary<infer T> ? T : never,
  attemptsMax: number,
) {
  const options = { client: { parameters: client, attemptsMax, responseTimeoutMs: 3_000 }, server: { parameters: server } };
  return new LossyLine(conditions, options, randomOf(seed)).run(list, 24 * 3_600_000);
}

describe("two stations on a line", () => {
  it("finish with every message whole and in order, whatever the windows and lengths, if nothing is lost", () => {
    const conditions = { loss: 0, duplication: 0, delayMs: 20, jitterMs: 0, thinkMs: 100 };
    fc.assert(
      fc.property(situation, (drawn) => {
        const outcome = play(conditions, drawn, 3);
        expect(outcome.end).toBe("finished");
        expect(outcome.received).toEqual(drawn.requests);
        expect(outcome.answered).toEqual(drawn.requests.map(answerTo));
      }),
    );
  });

  it("finish although a third of the frames is lost, if they are patient", () => {
    const conditions = { loss: 0.33, duplication: 0, delayMs: 20, jitterMs: 0, thinkMs: 2_000 };
    fc.assert(
      fc.property(situation, (drawn) => {
        const outcome = play(conditions, drawn, 40);
        expect(outcome.end, outcome.error).toBe("finished");
        expect(outcome.received).toEqual(drawn.requests);
        expect(outcome.answered).toEqual(drawn.requests.map(answerTo));
      }),
      { numRuns: 150 },
    );
  });

  it("finish or report on a line that loses much, and never take a message twice, out of order or changed", () => {
    const conditions = { loss: 0.5, duplication: 0, delayMs: 50, jitterMs: 0, thinkMs: 5_000 };
    let reported = 0;
    fc.assert(
      fc.property(situation, (drawn) => {
        const outcome = play(conditions, drawn, 3);
        expect(outcome.end).not.toBe("hung");
        if (outcome.end === "reported") reported += 1;
        expect(outcome.received).toEqual(drawn.requests.slice(0, outcome.received.length));
        expect(outcome.answered).toEqual(drawn.requests.slice(0, outcome.answered.length).map(answerTo));
      }),
      { numRuns: 150 },
    );
    expect(reported).toBeGreaterThan(0);
  });

  it("finish or report where frames overtake each other, come twice and get lost", () => {
    const conditions = { loss: 0.15, duplication: 0.2, delayMs: 20, jitterMs: 400, thinkMs: 1_500 };
    const ends = { finished: 0, reported: 0, hung: 0 };
    fc.assert(
      fc.property(situation, (drawn) => {
        const outcome = play(conditions, drawn, 6);
        ends[outcome.end] += 1;
        expect(outcome.end).not.toBe("hung");
        // As many frames as there is content, times the attempts, and no storm.
        expect(outcome.frames).toBeLessThan(20_000);
      }),
      { numRuns: 150 },
    );
    expect(ends.finished).toBeGreaterThan(0);
  });

  it("report within the attempts where nothing comes through", () => {
    const conditions = { loss: 1, duplication: 0, delayMs: 20, jitterMs: 0, thinkMs: 0 };
    const only = { transmitOctets: 128, receiveOctets: 128, transmitWindow: 1, receiveWindow: 1 };
    const outcome = play(conditions, { client: only, server: only, requests: [Uint8Array.of(1)], seed: 1 }, 3);
    expect(outcome).toMatchObject({ end: "reported", frames: 3, elapsedMs: 9_000 });
    expect(outcome.error).toContain("SNRM");
  });
});
