import { DecodeError, UsageError } from "@amity/bytes";
import { realTimers, seededRandom, Simulation } from "@amity/runtime";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  acquireLease,
  CopyReader,
  CopyRow,
  dayOf,
  instantOf,
  instantParam,
  int2Of,
  int4Of,
  isUniqueViolation,
  leaseMigrations,
  migrate,
  openScratchStore,
  releaseLease,
  requireLease,
  type ScratchStore,
  type Store,
} from "../src/index.ts";

let scratch: ScratchStore;
let store: Store;

beforeAll(async () => {
  scratch = await openScratchStore({ timers: realTimers, random: seededRandom("store") });
  store = scratch.store;
  await migrate(store, [leaseMigrations]);
});

afterAll(() => scratch.close());

describe("statements", () => {
  test("give instants as UTC milliseconds, int8 as bigint, octets as Uint8Array", async () => {
    const atMs = Date.UTC(2026, 2, 29, 1, 0, 0, 250);
    const { rows } = await store.query(
      "select $1::timestamptz as at, $2::bigint as big, $3::bytea as octets, date '2026-03-29' as day, 'infinity'::timestamptz as never",
      [instantParam(atMs), 2n ** 62n, Uint8Array.of(0, 255, 7)],
    );
    expect(rows).toEqual([{ at: atMs, big: 2n ** 62n, octets: Uint8Array.of(0, 255, 7), day: "2026-03-29", never: Infinity }]);
  });

  test("fail with the SQLSTATE as code and the place in the text", async () => {
    await store.query("create table once (id integer primary key)");
    await store.query("insert into once values (1)");
    const failure: unknown = await store.query("insert into once values (1)").catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(UsageError);
    expect(failure).toMatchObject({ code: "sql-23505" });
    expect((failure as Error).message).toContain("once_pkey");
    expect(isUniqueViolation(failure)).toBe(true);
  });
});

describe("a transaction", () => {
  test("leaves nothing behind when its work fails", async () => {
    await store.query("create table attempts (id integer)");
    await expect(
      store.transaction(async (transaction) => {
        await transaction.query("insert into attempts values (1)");
        throw new RangeError("the work gave up");
      }),
    ).rejects.toThrow(new RangeError("the work gave up"));
    expect((await store.query("select * from attempts")).rowCount).toBe(0);
  });

  test("runs again after a deadlock, so both writers succeed", async () => {
    await store.query("create table pair (id integer primary key, hits integer)");
    await store.query("insert into pair values (1, 0), (2, 0)");
    let arrived = 0;
    let release = (): void => {};
    const both = new Promise<void>((resolve) => (release = resolve));
    const hit = (first: number, second: number): Promise<void> =>
      store.transaction(async (transaction) => {
        await transaction.query("update pair set hits = hits + 1 where id = $1", [first]);
        if (++arrived === 2) release();
        await both;
        await transaction.query("update pair set hits = hits + 1 where id = $1", [second]);
      });
    await Promise.all([hit(1, 2), hit(2, 1)]);
    expect((await store.query("select hits from pair")).rows).toEqual([{ hits: 2 }, { hits: 2 }]);
  });

  test("is one operation to the scheduler, and never begins if its node crashed before", async () => {
    const simulation = new Simulation({ seed: 1, startMs: 0 });
    const node = simulation.node("mdm");
    const scheduled = store.scheduledBy((operation) => node.external(operation));
    await store.query("create table seen (id integer)");
    const done = scheduled.transaction(async (transaction) => {
      await transaction.query("insert into seen values (1)");
      return (await transaction.query("insert into seen values (2)")).rowCount;
    });
    expect(await simulation.runFor(done)).toBe(1);
    void scheduled.query("insert into seen values (3)");
    node.crash();
    await simulation.runUntil(simulation.nowMs + 1000);
    expect((await store.query("select id from seen order by id")).rows).toEqual([{ id: 1 }, { id: 2 }]);
  });
});

describe("binary COPY", () => {
  const columns = ["a", "b", "c", "d", "e", "f", "g", "h"];

  test("brings every type in and out again unchanged", async () => {
    await store.query("create table copied (n serial, a smallint, b integer, c bigint, d bytea, e timestamptz, f date, g text, h boolean)");
    const row = fc.record({
      a: fc.integer({ min: -0x8000, max: 0x7fff }),
      b: fc.integer(),
      c: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
      d: fc.option(fc.uint8Array({ maxLength: 400 })),
      e: fc.integer({ min: Date.UTC(1900, 0), max: Date.UTC(2200, 0) }),
      f: fc.integer({ min: 0, max: 60_000 }),
      g: fc.string({ unit: "grapheme" }).map((text) => text.replaceAll("\0", "")),
      h: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(row, { maxLength: 60 }), async (rows) => {
        const back: unknown[] = [];
        await store.transaction(async (transaction) => {
          await transaction.query("truncate copied");
          let index = 0;
          const count = await transaction.copyIn({ table: "copied", columns }, (out) => {
            const next = rows[index++];
            if (next === undefined) return false;
            out.int2(next.a).int4(next.b).int8(next.c);
            if (next.d === null) out.null();
            else out.bytes(next.d);
            out
              .instant(next.e)
              .date(next.f * 86_400_000)
              .text(next.g)
              .bool(next.h);
            return true;
          });
          expect(count).toBe(rows.length);
          await transaction.copyOut("select a, b, c, d, e, f, g, h from copied order by n", ([a, b, c, d, e, f, g, h]) => {
            back.push({
              a: int2Of(a),
              b: int4Of(b),
              c: c === undefined ? undefined : new DataView(c.buffer, c.byteOffset).getBigInt64(0),
              d: d === undefined ? null : d.slice(),
              e: instantOf(e),
              f: dayOf(f) / 86_400_000,
              g: new TextDecoder().decode(g),
              h: h?.[0] === 1,
            });
          });
        });
        expect(back.map((entry) => ({ ...(entry as { d: Uint8Array | null }), d: octets((entry as { d: Uint8Array | null }).d) }))).toEqual(
          rows.map((entry) => ({ ...entry, d: octets(entry.d) })),
        );
      }),
      { numRuns: 25 },
    );
  });

  test("streams far more than its buffer", async () => {
    await store.query("create table many (a integer, d bytea)");
    const total = 200_000;
    let sum = 0;
    await store.transaction(async (transaction) => {
      let index = 0;
      await transaction.copyIn({ table: "many", columns: ["a", "d"] }, (row) => {
        if (index === total) return false;
        row.int4(index++).bytes(new Uint8Array(index % 100));
        return true;
      });
      expect(await transaction.copyOut("select a from many", ([a]) => (sum += int4Of(a)))).toBe(total);
    });
    expect(sum).toBe((total * (total - 1)) / 2);
  });

  test("ends the transaction cleanly when the row source fails, and the connection lives on", async () => {
    const failing = store.transaction((transaction) =>
      transaction.copyIn({ table: "many", columns: ["a", "d"] }, () => {
        throw new RangeError("source broke");
      }),
    );
    await expect(failing).rejects.toThrow();
    expect((await store.query("select 1 as one")).rows).toEqual([{ one: 1 }]);
  });

  test("refuses a row with too few fields", () => {
    const row = new CopyRow(2, 64);
    row.int4(1);
    expect(() => row.finish()).toThrow(/got 1 fields/);
  });

  test("is cut into rows whatever the chunks, and an unfinished stream is an error", () => {
    const out = new CopyRow(2, 64);
    for (let index = 0; index < 5; index++) out.int4(index).bytes(new Uint8Array(index));
    const stream = out.finish().slice();
    for (let size = 1; size <= stream.length; size++) {
      const seen: number[] = [];
      const reader = new CopyReader(([a]) => seen.push(int4Of(a)));
      for (let at = 0; at < stream.length; at += size) reader.push(stream.subarray(at, at + size));
      reader.end();
      expect(seen).toEqual([0, 1, 2, 3, 4]);
    }
    for (let length = 0; length < stream.length; length++) {
      const reader = new CopyReader(() => {});
      expect(() => {
        reader.push(stream.subarray(0, length));
        reader.end();
      }).toThrow(DecodeError);
    }
  });

  test("turns any octets into rows or a DecodeError", () => {
    const header = new CopyRow(1, 64).finish().slice(0, 19);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.boolean(), (noise, withHeader) => {
        try {
          const reader = new CopyReader(() => {});
          if (withHeader) reader.push(header);
          reader.push(noise);
          reader.end();
        } catch (error) {
          expect(error).toBeInstanceOf(DecodeError);
        }
      }),
    );
  });
});

describe("migrations", () => {
  const step = (number: number, sql: string) => ({ number, name: `step-${number}`, sql });

  test("are applied once each, in order, even by programs that start together", async () => {
    const set = { owner: "demo", migrations: [step(1, "create table demo (a integer)"), step(2, "alter table demo add b integer")] };
    const runs = await Promise.all([migrate(store, [set]), migrate(store, [set]), migrate(store, [set])]);
    expect(runs.flat().map(({ number }) => number)).toEqual([1, 2]);
    expect(await migrate(store, [set])).toEqual([]);
  });

  test("leave nothing of a step that fails", async () => {
    const set = { owner: "broken", migrations: [step(1, "create table half (a integer); select 1 / 0")] };
    await expect(migrate(store, [set])).rejects.toMatchObject({ code: "sql-22012" });
    expect((await store.query("select to_regclass('half') as half")).rows).toEqual([{ half: null }]);
  });

  test("refuse a changed step, a gap and a database from the future", async () => {
    const set = { owner: "strict", migrations: [step(1, "select 1"), step(2, "select 2")] };
    await migrate(store, [set]);
    await expect(migrate(store, [{ owner: "strict", migrations: [step(1, "select 11"), step(2, "select 2")] }])).rejects.toMatchObject({
      code: "migration-changed",
    });
    await expect(migrate(store, [{ owner: "strict", migrations: [step(1, "select 1")] }])).rejects.toMatchObject({
      code: "migration-unknown",
    });
    await expect(migrate(store, [{ owner: "strict", migrations: [step(2, "select 2")] }])).rejects.toMatchObject({
      code: "migration-order",
    });
  });
});

describe("a lease", () => {
  test("belongs to one holder until it runs out, and its fencing token only grows", async () => {
    const request = { name: "collect", ttlMs: 1000 };
    const first = await acquireLease(store, { ...request, holder: "a", nowMs: 0 });
    expect(first?.fencingToken).toBe(1n);
    expect(await acquireLease(store, { ...request, holder: "b", nowMs: 999 })).toBeUndefined();
    expect((await acquireLease(store, { ...request, holder: "a", nowMs: 900 }))?.fencingToken).toBe(1n);
    expect((await acquireLease(store, { ...request, holder: "b", nowMs: 1900 }))?.fencingToken).toBe(2n);
    expect((await acquireLease(store, { ...request, holder: "b", nowMs: 5000 }))?.fencingToken).toBe(3n);
  });

  test("lost to another stops the writes of whoever held it, however late they come", async () => {
    const lost = await acquireLease(store, { name: "bill", holder: "a", ttlMs: 1000, nowMs: 0 });
    const held = await acquireLease(store, { name: "bill", holder: "b", ttlMs: 1000, nowMs: 2000 });
    if (lost === undefined || held === undefined) throw new Error("both must have held it");
    await store.query("create table billed (who text)");
    const bill = (lease: typeof lost) =>
      store.transaction(async (transaction) => {
        await requireLease(transaction, lease);
        await transaction.query("insert into billed values ($1)", [lease.holder]);
      });
    await expect(bill(lost)).rejects.toMatchObject({ code: "lease-lost" });
    await bill(held);
    expect((await store.query("select who from billed")).rows).toEqual([{ who: "b" }]);
    await releaseLease(store, held);
    expect((await acquireLease(store, { name: "bill", holder: "c", ttlMs: 1000, nowMs: 2001 }))?.fencingToken).toBe(3n);
  });
});

function octets(value: Uint8Array | null): number[] | null {
  return value === null ? null : Array.from(value);
}
