import { describe, expect, test } from "vitest";
import { regressionsOf } from "../src/corpus.ts";
import { runTarget } from "../src/run-target.ts";
import { TARGETS, targetNamed } from "../src/targets/index.ts";

const SEARCH = { runs: 100_000, hangMs: 3_000 };

describe("the fuzzer", () => {
  test("finds a crash and a believed length that lie four octets deep, and an endless loop, by its counters", async () => {
    const kinds = new Set<string>();
    // An endless loop ends the search, so each seed sees what it meets first.
    for (let seed = 1; kinds.size < 3 && seed <= 12; seed++) {
      const { findings } = await runTarget(targetNamed("planted"), [], { ...SEARCH, seed });
      for (const { kind } of findings) kinds.add(kind);
    }
    expect([...kinds].sort()).toEqual(["allocation", "crash", "hang"]);
  });

  test("searches the same inputs from the same seed", async () => {
    const search = () => runTarget(targetNamed("mbus"), [], { seed: 7, runs: 600 });
    const [first, second] = [await search(), await search()];
    expect(first.state).toEqual(second.state);
    expect(first.state.reached).toBeGreaterThan(300);
  });

  test("names the decoders that there are when asked for another", () => {
    expect(() => targetNamed("morse")).toThrow(/dlms, hdlc, mbus, wmbus/);
  });
});

describe("inputs that broke a decoder once", () => {
  test.each(TARGETS.map((target) => [target.name, target] as const))("no longer break %s, nor do its seeds", async (name, target) => {
    for (const input of [...target.seeds(), ...(await regressionsOf(name)).values()]) {
      for (let length = 0; length <= input.length; length += length < 200 ? 1 : 37) await target.decode(input.subarray(0, length));
    }
  });
});
