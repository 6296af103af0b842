import { describe, expect, test } from "vitest";
import { regressionsOf } from "../src/corpus.ts";
import { runTarget } from "../src/run-target.ts";
import { happenings, sequence } from "../src/sequence.ts";
import { TARGET_NAMES, targetNamed } from "../src/targets/index.ts";

const SEARCH = { runs: 100_000, hangMs: 3_000 };

describe("the fuzzer", () => {
  test("finds a crash and a believed length that lie four octets deep, and an endless loop, by its counters", async () => {
    const kinds = new Set<string>();
    // An endless loop ends the search, so each seed sees what it meets first.
    for (let seed = 1; kinds.size < 3 && seed <= 12; seed++) {
      const { findings } = await runTarget(await targetNamed("planted"), [], { ...SEARCH, seed });
      for (const { kind } of findings) kinds.add(kind);
    }
    expect([...kinds].sort()).toEqual(["allocation", "crash", "hang"]);
  });

  test("searches the same inputs from the same seed", async () => {
    const target = await targetNamed("mbus");
    const search = () => runTarget(target, [], { seed: 7, runs: 600 });
    const [first, second] = [await search(), await search()];
    expect(first.state).toEqual(second.state);
    expect(first.state.reached).toBeGreaterThan(300);
  });

  test("names the decoders that there are when asked for another", async () => {
    await expect(targetNamed("morse")).rejects.toThrow(/dlms, hdlc, dlms-client/);
  });

  test("loses, doubles and reorders what happens to a state machine, and loses none of it by itself", () => {
    const said = [1, 2, 3].map((kind) => ({ kind, octets: new Uint8Array(kind * 100).fill(kind) }));
    const input = sequence(said);
    expect(happenings(input)).toEqual(said);
    expect(happenings(input.subarray(0, input.length - 1))).toHaveLength(3);
    expect(happenings(input.subarray(103))).toEqual(said.slice(1));
  });
});

describe("inputs that broke a decoder once", () => {
  test.each(TARGET_NAMES)("no longer break %s, nor do its seeds", async (name) => {
    const target = await targetNamed(name);
    for (const input of [...(await target.seeds()), ...(await regressionsOf(name)).values()]) {
      for (let length = 0; length <= input.length; length += length < 200 ? 1 : 37) await target.decode(input.subarray(0, length));
    }
  });
});
