import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { DAY_MS, zoneOf } from "@amity/intervals";
import { QUALITY, unpackQuality, type EndDeviceEvent, type IntervalSeries } from "@amity/model";
import { realTimers, seededRandom } from "@amity/runtime";
import { leaseMigrations, migrate, openStore, type Store } from "@amity/store";
import {
  changesOf,
  compileRuleSet,
  createBilling,
  createDecisions,
  createExceptionQueue,
  createLedger,
  createLedgerSink,
  createRegistry,
  mdmMigrations,
  reviewDays,
  STANDARD_DECISION_POLICY,
  STANDARD_ESTIMATION_PLAN,
  STANDARD_RULE_SET,
  type ChannelDay,
  type ReviewParts,
} from "../src/index.ts";

const START = Date.UTC(2026, 5, 1);
const DAYS = 20;

/** A household's day, the same shape each weekday: quarter-hours in Wh. */
function dayOf(day: number): number[] {
  const weekend = (day + 1) % 7 >= 5 ? 1.4 : 1;
  return Array.from({ length: 96 }, (_, slot) => Math.round((60 + 200 * Math.exp(-(((slot - 76) / 10) ** 2))) * weekend + (slot % 3)));
}

function seriesOf(meterId: string, fromDay: number, days: number, change: (values: number[]) => void = () => {}): IntervalSeries {
  const values = Array.from({ length: days }, (_, index) => dayOf(fromDay + index)).flat();
  change(values);
  return {
    meterId,
    channel: "1-0:1.8.0",
    unit: "Wh",
    scaler: 0,
    intervalSeconds: 900,
    startMs: START + fromDay * DAY_MS,
    values: Float64Array.from(values),
    qualities: new Uint16Array(values.length).fill(QUALITY.raw),
  };
}

describe("review of stored days", () => {
  let folder = "";
  let store: Store;
  let parts: ReviewParts;
  const changed: ChannelDay[] = [];
  let nowMs = START + DAYS * DAY_MS + 6 * 3_600_000;
  const clock = { nowMs: () => nowMs };

  const deliver = async (intervals: IntervalSeries[], events: EndDeviceEvent[] = []): Promise<void> => {
    const registry = createRegistry(store, clock);
    const sink = createLedgerSink({
      store,
      ledger: parts.ledger,
      registry,
      clock,
      onStored: (summary) => changed.push(...summary.changed),
    });
    await sink.accept([{ source: "test", intervals, registers: [], events }]);
  };
  const decisions = () =>
    createDecisions({
      store,
      ledger: parts.ledger,
      billing: createBilling({ store, ledger: parts.ledger, registry: createRegistry(store, clock), clock }),
      clock,
      zone: parts.zone,
      policy: STANDARD_DECISION_POLICY,
    });
  const channelOf = async (meterId: string): Promise<number> => {
    const [channel] = await createRegistry(store, clock).channelsOf([meterId]);
    return channel?.channelId ?? -1;
  };
  const readDay = async (meterId: string, day: number, asOfMs?: number) => {
    const dayStartMs = START + day * DAY_MS;
    const selection = { channelIds: [await channelOf(meterId)], fromDayMs: dayStartMs, toDayMs: dayStartMs + DAY_MS };
    const [stored] = await parts.ledger.blocks(asOfMs === undefined ? selection : { ...selection, asOfMs });
    if (stored === undefined) throw new Error("no block");
    return stored;
  };

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "amity-pipeline-"));
    // An unprivileged database server must be able to pass.
    await chmod(folder, 0o755);
    store = await openStore({ embedded: { folder, timers: realTimers, random: seededRandom(folder) } });
    await migrate(store, [leaseMigrations, mdmMigrations]);
    parts = {
      store,
      ledger: createLedger(store, clock),
      exceptions: createExceptionQueue(store, clock),
      clock,
      ruleSet: compileRuleSet(STANDARD_RULE_SET),
      plan: STANDARD_ESTIMATION_PLAN,
      zone: zoneOf("UTC"),
    };
  });
  afterAll(async () => {
    await store.close();
    await rm(folder, { recursive: true, force: true });
  });

  it("validates what is sound, fills a short gap by a line and a long one by like days, and says so", async () => {
    const long = seriesOf("GAP", 16, 1);
    await deliver([
      seriesOf("GAP", 0, 15),
      seriesOf("GAP", 15, 1, (values) => values.splice(40)),
      { ...long, startMs: long.startMs + 44 * 900_000, values: long.values.slice(44), qualities: long.qualities.slice(44) },
    ]);
    const summary = await reviewDays(parts, changed.splice(0));
    expect(summary.channels).toBe(1);
    const sound = await readDay("GAP", 3);
    expect(sound.block.qualities.every((quality) => quality === QUALITY.validated)).toBe(true);
    const filled = await readDay("GAP", 16);
    expect(unpackQuality(filled.block.qualities[10] ?? 0)).toMatchObject({ category: "estimated", source: "mdms" });
    expect(filled.block.values[10]).toBeGreaterThan(0);
    const open = await parts.exceptions.list({ meterId: "GAP", limit: 50 });
    expect(open.map((exception) => exception.ruleId)).toContain("gap");
    expect(open.find((exception) => exception.ruleId === "gap")?.estimate?.reason).toBeTypeOf("string");
  });

  it("is the same again when nothing has changed", async () => {
    const days = Array.from({ length: 17 }, (_, day) => day);
    const channelId = await channelOf("GAP");
    const before = await readDay("GAP", 16);
    const summary = await reviewDays(
      parts,
      days.map((day) => ({ channelId, dayStartMs: START + day * DAY_MS })),
    );
    expect(summary.blocksWritten).toBe(0);
    expect((await readDay("GAP", 16)).version).toBe(before.version);
  });

  it("lets a late reading take the place of its estimate, and keeps what was known before", async () => {
    const knownBeforeMs = nowMs;
    nowMs += 3_600_000;
    const estimated = await readDay("GAP", 16);
    const openBefore = await parts.exceptions.list({ meterId: "GAP", state: "open", limit: 50 });
    expect(openBefore.some(({ ruleId, toMs }) => ruleId === "gap" && toMs > START + 16 * DAY_MS)).toBe(true);
    await deliver([seriesOf("GAP", 15, 1), seriesOf("GAP", 16, 1)]);
    await reviewDays(parts, changed.splice(0));
    expect(await parts.exceptions.list({ meterId: "GAP", state: "open", limit: 50 })).toEqual([]);
    const actual = await readDay("GAP", 16);
    expect([...actual.block.values]).toEqual(dayOf(16));
    expect(actual.block.qualities.every((quality) => quality === QUALITY.validated)).toBe(true);
    expect((await readDay("GAP", 16, knownBeforeMs)).block.values).toEqual(estimated.block.values);
  });

  it("puts zero, not a guess, where the meter was without power", async () => {
    const gap = seriesOf("OUT", 10, 1);
    const down = START + 10 * DAY_MS + 20 * 900_000;
    await deliver(
      [
        seriesOf("OUT", 0, 10),
        { ...gap, values: gap.values.slice(0, 20), qualities: gap.qualities.slice(0, 20) },
        { ...gap, startMs: gap.startMs + 32 * 900_000, values: gap.values.slice(32), qualities: gap.qualities.slice(32) },
      ],
      [
        { meterId: "OUT", atMs: down, kind: "powerDown", log: "0-0:99.98.0", code: 1 },
        { meterId: "OUT", atMs: down + 12 * 900_000, kind: "powerUp", log: "0-0:99.98.0", code: 2 },
      ],
    );
    await reviewDays(parts, changed.splice(0));
    const { block } = await readDay("OUT", 10);
    expect([...block.values.subarray(20, 32)]).toEqual(Array.from({ length: 12 }, () => 0));
    expect(unpackQuality(block.qualities[25] ?? 0)).toMatchObject({ category: "estimated", method: "zero" });
    expect((await parts.exceptions.list({ meterId: "OUT", limit: 10 })).map(({ ruleId, state }) => [ruleId, state])).toEqual([
      ["gap", "estimated"],
    ]);
  });

  it("puts the delivered values back where a person accepts them, and leaves them alone afterwards", async () => {
    await deliver([seriesOf("ACC", 0, 12), seriesOf("ACC", 12, 1, (values) => void (values[50] = -500))]);
    await reviewDays(parts, changed.splice(0));
    const [exception] = await parts.exceptions.list({ meterId: "ACC", state: "open", limit: 10 });
    if (exception === undefined) throw new Error("no exception");
    const warrant = { decisionId: "ACC-1", author: "ann", reason: "solar without export register" };
    const ask = { kind: "exceptions", exceptionIds: [exception.exceptionId], action: "accept" } as const;
    expect(await decisions().request(ask, warrant)).toMatchObject({ decision: { state: "done", effect: { intervals: 1 } } });
    const accepted = await readDay("ACC", 12);
    expect(accepted.block.values[50]).toBe(-500);
    await reviewDays(parts, [{ channelId: await channelOf("ACC"), dayStartMs: START + 12 * DAY_MS }]);
    expect((await readDay("ACC", 12)).version).toBe(accepted.version);
    expect(
      (await changesOf(store, { meterId: "ACC", fromMs: 0, toMs: nowMs + 1, limit: 10 })).map(({ author }) => author).toSorted(),
    ).toEqual(["ann", "ingest", "vee"]);
  });

  it("queues a negative value, replaces it by an estimate, and lets a person decide with a reason", async () => {
    await deliver([seriesOf("NEG", 0, 12), seriesOf("NEG", 12, 1, (values) => void (values[50] = -500))]);
    await reviewDays(parts, changed.splice(0));
    const [exception] = await parts.exceptions.list({ meterId: "NEG", state: "open", limit: 10 });
    if (exception === undefined) throw new Error("no exception");
    expect(exception).toMatchObject({ ruleId: "negative", severity: "issue", fromMs: START + 12 * DAY_MS + 50 * 900_000 });
    expect((await readDay("NEG", 12)).block.values[50]).toBeGreaterThan(0);
    const ask = { kind: "exceptions", exceptionIds: [exception.exceptionId], action: "dismiss" } as const;
    await expect(decisions().request(ask, { decisionId: "NEG-1", author: "ann", reason: " " })).rejects.toMatchObject({
      code: "reason-missing",
    });
    await decisions().request(ask, { decisionId: "NEG-1", author: "ann", reason: "meter test" });
    expect(await parts.exceptions.find(exception.exceptionId)).toMatchObject({ state: "dismissed", changedBy: "ann" });
    expect((await parts.exceptions.history(exception.exceptionId)).map(({ kind, by }) => [kind, by])).toEqual([
      ["raised", "vee"],
      ["decided", "ann"],
    ]);
    expect(await parts.exceptions.list({ meterId: "NEG", state: "open", limit: 10 })).toEqual([]);
  });
});
