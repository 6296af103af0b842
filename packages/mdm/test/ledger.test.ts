import { DAY_MS, MISSING_QUALITY } from "@amity/intervals";
import { QUALITY } from "@amity/model";
import type { ScratchStore, Store } from "@amity/store";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { channelIdOf, createLedger, deliveredTakesPlace, type Ledger } from "../src/index.ts";
import { blockOf, DAY, handClock, openLedgerScratch } from "./ledger-fixture.ts";

const HEADEND = { author: "ingest", reason: "", source: "headend", ruleSet: "" };
const CLERK = { author: "clerk", reason: "meter was bridged", source: "console", ruleSet: "" };

let scratch: ScratchStore;
let store: Store;
let ledger: Ledger;
const clock = handClock();
let nextMeter = 1;
const freshChannel = (): number => channelIdOf(nextMeter++, 0);

beforeAll(async () => {
  scratch = await openLedgerScratch();
  store = scratch.store;
  ledger = createLedger(store, clock);
});

afterAll(() => scratch.close());

describe("the interval ledger", () => {
  test("knows the same missing code as the vocabulary", () => {
    expect(MISSING_QUALITY).toBe(QUALITY.missing);
  });

  test("gives back what was written, with version, instant and provenance", async () => {
    const channelId = freshChannel();
    clock.set(DAY + DAY_MS + 5000);
    const block = blockOf(DAY, (slot) => slot * 3);
    expect(await ledger.write([{ channelId, block }], HEADEND)).toEqual([{ kind: "stored", version: 1 }]);
    const [stored, ...more] = await ledger.blocks({ channelIds: [channelId], fromDayMs: DAY, toDayMs: DAY + DAY_MS });
    expect(more).toEqual([]);
    expect(stored).toMatchObject({ channelId, version: 1, knownAtMs: DAY + DAY_MS + 5000, block });
    const { rows } = await store.query("select author, source from mdm.provenance where provenance_id = $1", [stored?.provenanceId ?? 0]);
    expect(rows).toEqual([{ author: "ingest", source: "headend" }]);
  });

  test("writes nothing for identical content, however often it comes", async () => {
    const channelId = freshChannel();
    const write = { channelId, block: blockOf(DAY, (slot) => slot) };
    await ledger.write([write], HEADEND);
    expect(await ledger.write([write], { ...HEADEND, source: "another file" })).toEqual([{ kind: "unchanged", version: 1 }]);
    expect(await ledger.write([{ ...write, mode: "replace" }], CLERK)).toEqual([{ kind: "unchanged", version: 1 }]);
    expect(await ledger.versions({ channelId, dayStartMs: DAY })).toHaveLength(1);
  });

  test("merges late rows of a day with what stands into a new version", async () => {
    const channelId = freshChannel();
    const morning = blockOf(DAY, (slot) => (slot < 40 ? 5 : 0));
    morning.qualities.fill(QUALITY.missing, 40);
    const evening = blockOf(DAY, (slot) => (slot >= 60 ? 9 : 0));
    evening.qualities.fill(QUALITY.missing, 0, 60);
    await ledger.write([{ channelId, block: morning }], HEADEND);
    expect(await ledger.write([{ channelId, block: evening }], HEADEND)).toEqual([{ kind: "stored", version: 2 }]);
    const [stored] = await ledger.blocks({ channelIds: [channelId], fromDayMs: DAY, toDayMs: DAY + DAY_MS });
    expect([stored?.block.values[39], stored?.block.values[50], stored?.block.values[60]]).toEqual([5, 0, 9]);
    expect([stored?.block.qualities[39], stored?.block.qualities[50], stored?.block.qualities[60]]).toEqual([
      QUALITY.raw,
      QUALITY.missing,
      QUALITY.raw,
    ]);
  });

  test("answers what was known at any instant", async () => {
    const channelId = freshChannel();
    const selection = { channelIds: [channelId], fromDayMs: DAY, toDayMs: DAY + DAY_MS };
    for (const [hour, value] of [
      [1, 10],
      [5, 20],
      [9, 30],
    ] as const) {
      clock.set(DAY + DAY_MS + hour * 3_600_000);
      await ledger.write([{ channelId, block: blockOf(DAY, () => value) }], HEADEND);
    }
    const valueAt = async (hour: number) =>
      (await ledger.blocks({ ...selection, asOfMs: DAY + DAY_MS + hour * 3_600_000 })).map((stored) => stored.block.values[0]);
    expect(await Promise.all([0.9, 1, 4.9, 5, 8.9, 9, 100].map(valueAt))).toEqual([[], [10], [10], [20], [20], [30], [30]]);
    expect(
      (
        await ledger.pinned([
          { channelId, dayStartMs: DAY, version: 2 },
          { channelId, dayStartMs: DAY, version: 7 },
        ])
      ).map((stored) => stored.block.values[0]),
    ).toEqual([20]);
  });

  test("keeps versions in the order of time even when the clock went back", async () => {
    const channelId = freshChannel();
    clock.set(DAY + 2 * DAY_MS);
    await ledger.write([{ channelId, block: blockOf(DAY, () => 1) }], HEADEND);
    clock.set(DAY + DAY_MS);
    await ledger.write([{ channelId, block: blockOf(DAY, () => 2) }], HEADEND);
    const known = (await ledger.versions({ channelId, dayStartMs: DAY })).map((stored) => stored.knownAtMs);
    expect(known).toEqual([DAY + 2 * DAY_MS, DAY + 2 * DAY_MS]);
  });

  test("never lets a delivery overwrite what a person set, and says which slots differ", async () => {
    const channelId = freshChannel();
    const delivered = blockOf(DAY, () => 7);
    await ledger.write([{ channelId, block: delivered }], HEADEND);
    const edited = blockOf(DAY, () => 7);
    edited.values[10] = 99;
    edited.qualities[10] = QUALITY.editedManually;
    expect(await ledger.write([{ channelId, block: edited, mode: "replace", expectedVersion: 1 }], CLERK)).toEqual([
      { kind: "stored", version: 2 },
    ]);
    expect(await ledger.write([{ channelId, block: delivered }], HEADEND)).toEqual([
      { kind: "protected", version: 2, isStored: false, slots: [10] },
    ]);
    expect(await ledger.versions({ channelId, dayStartMs: DAY })).toHaveLength(2);
  });

  test("refuses a replacement made from a version that is current no longer", async () => {
    const channelId = freshChannel();
    await ledger.write([{ channelId, block: blockOf(DAY, () => 1) }], HEADEND);
    await ledger.write([{ channelId, block: blockOf(DAY, () => 2) }], HEADEND);
    const outcome = await ledger.write([{ channelId, block: blockOf(DAY, () => 3), mode: "replace", expectedVersion: 1 }], CLERK);
    expect(outcome).toEqual([{ kind: "superseded", version: 2 }]);
  });

  test("does not mix two interval grids in one day", async () => {
    const channelId = freshChannel();
    await ledger.write([{ channelId, block: blockOf(DAY, () => 1) }], HEADEND);
    expect(await ledger.write([{ channelId, block: blockOf(DAY, () => 1, QUALITY.raw, 1800) }], HEADEND)).toEqual([
      { kind: "gridConflict", version: 1 },
    ]);
  });

  test("makes one version of many writes for the same day in one call", async () => {
    const channelId = freshChannel();
    const parts = [0, 24, 48, 72].map((from) => {
      const block = blockOf(DAY, (slot) => slot);
      block.qualities.fill(QUALITY.missing, 0, from);
      block.qualities.fill(QUALITY.missing, from + 24);
      block.values.forEach((_, slot) => block.qualities[slot] === QUALITY.missing && (block.values[slot] = 0));
      return { channelId, block };
    });
    await ledger.write(parts, HEADEND);
    const versions = await ledger.versions({ channelId, dayStartMs: DAY });
    expect(versions.map((stored) => stored.block)).toEqual([blockOf(DAY, (slot) => slot)]);
  });

  test("loses nothing and stores nothing twice when many writers write the same days at once", async () => {
    const channelIds = Array.from({ length: 20 }, freshChannel);
    const writers = Array.from({ length: 6 }, () => createLedger(store, clock));
    const part = (writer: number) =>
      channelIds.map((channelId) => {
        const block = blockOf(DAY, (slot) => (slot % 6 === writer ? slot + 1 : 0));
        block.values.forEach((_, slot) => slot % 6 !== writer && (block.qualities[slot] = QUALITY.missing));
        return { channelId, block };
      });
    await Promise.all(writers.map((writer, index) => writer.write(part(index), HEADEND)));
    const stored = await ledger.blocks({ channelIds, fromDayMs: DAY, toDayMs: DAY + DAY_MS });
    expect(stored).toHaveLength(20);
    for (const { block, version } of stored) {
      expect(version).toBe(6);
      expect(block).toEqual(blockOf(DAY, (slot) => slot + 1));
    }
  });

  test("reads thousands of channels and exactly those asked for", async () => {
    const channelIds = Array.from({ length: 9000 }, (_, index) => channelIdOf(5_000_000 + (index >> 1), index & 1));
    await ledger.write(
      channelIds.map((channelId, index) => ({ channelId, block: blockOf(DAY, () => index) })),
      HEADEND,
    );
    const wanted = channelIds.filter((_, index) => index % 3 === 0);
    const seen = new Map<number, number>();
    await ledger.read({ channelIds: wanted, fromDayMs: DAY, toDayMs: DAY + DAY_MS }, (stored) =>
      seen.set(stored.channelId, stored.block.values[0] ?? -1),
    );
    expect(seen.size).toBe(wanted.length);
    expect(wanted.every((channelId) => seen.get(channelId) === channelIds.indexOf(channelId))).toBe(true);
  });
});

describe("the delivery policy", () => {
  test("settles: delivering the same values again never changes anything", () => {
    const codes = [...Object.values(QUALITY), QUALITY.raw | 0x8000].filter((code) => code !== QUALITY.missing);
    fc.assert(
      fc.property(fc.constantFrom(...codes), fc.constantFrom(...codes), fc.boolean(), (currentQuality, incomingQuality, isSameValue) => {
        const takes = deliveredTakesPlace({ currentQuality, incomingQuality, isSameValue });
        const standing = takes ? incomingQuality : currentQuality;
        const isSameAfter = takes || isSameValue;
        // Asked only where value or quality differ.
        if (isSameAfter && standing === incomingQuality) return;
        expect(deliveredTakesPlace({ currentQuality: standing, incomingQuality, isSameValue: isSameAfter })).toBe(false);
      }),
    );
  });

  test("lets measured values replace estimates, and never the other way round", () => {
    const { raw, estimatedLinear, validated, editedManually } = QUALITY;
    const ask = (currentQuality: number, incomingQuality: number, isSameValue = false) =>
      deliveredTakesPlace({ currentQuality, incomingQuality, isSameValue });
    expect([
      ask(estimatedLinear, raw),
      ask(estimatedLinear, raw, true),
      ask(raw, estimatedLinear),
      ask(validated, raw),
      ask(validated, raw, true),
      ask(editedManually, raw),
    ]).toEqual([true, true, false, true, false, false]);
  });
});
