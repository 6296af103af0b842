import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { DecodeError, FaultRun, HeldOctets, RubbishLimit } from "../src/index.ts";

describe("held octets", () => {
  it("are what was appended and not taken, in whatever pieces", () => {
    const step = fc.oneof(fc.uint8Array({ maxLength: 70 }), fc.nat({ max: 90 }));
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const held = new HeldOctets(8);
        let model: number[] = [];
        for (const one of steps) {
          if (typeof one === "number") {
            expect([...held.take(one)]).toEqual(model.slice(0, one));
            model = model.slice(one);
          } else {
            held.append(one);
            model.push(...one);
          }
          expect(held.length).toBe(model.length);
          expect([...held.buffer]).toEqual(model);
        }
      }),
    );
  });

  it("are the taker's to keep", () => {
    const held = new HeldOctets(4);
    held.append(Uint8Array.of(1, 2, 3, 4));
    const taken = held.take(2);
    held.append(Uint8Array.of(5, 6, 7, 8));
    expect([...taken]).toEqual([1, 2]);
  });
});

describe("a limit of rubbish", () => {
  it("gives the reason to hang up once too much came without a message", () => {
    const limit = new RubbishLimit(100);
    expect(limit.take(100, false, 0)).toBeUndefined();
    expect(limit.take(1, false, 0)).toMatchObject({ code: "rubbish", blame: "link" });
  });

  it("begins anew with every sound message, and waits for one that has begun", () => {
    const limit = new RubbishLimit(100);
    limit.take(90, false, 0);
    expect(limit.take(90, true, 0)).toBeUndefined();
    expect(limit.take(300, false, 250)).toBeUndefined();
    expect(limit.take(60, false, 0)).toMatchObject({ code: "rubbish" });
  });
});

describe("errors of a run of faults", () => {
  it("are made for the first of them, and for each after something sound", () => {
    const run = new FaultRun();
    const make = () => new DecodeError("wrong", { offset: 0, code: "crc" });
    const faults = (count: number) => new Set(Array.from({ length: count }, () => run.error("crc", make))).size;
    expect(faults(1_000)).toBe(16);
    expect(new Set([run.error("limit", () => new DecodeError("long", { offset: 0, code: "limit" })), run.error("crc", make)]).size).toBe(2);
    run.end();
    expect(faults(20)).toBe(16);
  });
});

it("a decoding error gathers no stack, and leaves those of others alone", () => {
  const error = new DecodeError("wrong", { offset: 3 });
  expect(error.stack).not.toContain("\n");
  expect(new Error("another").stack).toContain("streams.test");
});
