import { DAY_MS, isMissingSlot } from "@amity/intervals";
import { QUALITY } from "@amity/model";
import type { ScratchStore } from "@amity/store";
import { afterAll, beforeAll, expect, test } from "vitest";
import { channelIdOf, createEdits, createLedger, meterKeyOf, type Edits, type Ledger } from "../src/index.ts";
import { blockOf, DAY, handClock, openLedgerScratch } from "./ledger-fixture.ts";

const DELIVERED = { author: "ingest", reason: "", source: "headend", ruleSet: "" };
let scratch: ScratchStore;
let ledger: Ledger;
let edits: Edits;
let nextMeter = 1;
const freshChannel = (): number => channelIdOf(nextMeter++, 2);

beforeAll(async () => {
  scratch = await openLedgerScratch();
  ledger = createLedger(scratch.store, handClock());
  edits = createEdits({ store: scratch.store, ledger, clock: handClock(), policy: { approvalAbove: 1000 } });
});

afterAll(() => scratch.close());

function editedBlock(dayStartMs: number, by: number) {
  const block = blockOf(dayStartMs, () => 10);
  block.values[5] = 10 + by;
  block.qualities[5] = QUALITY.editedManually;
  return block;
}

async function current(channelId: number, day = DAY): Promise<number | undefined> {
  return (await ledger.blocks({ channelIds: [channelId], fromDayMs: day, toDayMs: day + DAY_MS }))[0]?.block.values[5];
}

test("an edit makes new versions, is made once, and is undone by a further version", async () => {
  const channelId = freshChannel();
  await ledger.write([{ channelId, block: blockOf(DAY, () => 10) }], DELIVERED);
  const warrant = { editId: "E1", author: "kim", reason: "register slipped" };
  const day = { channelId, block: editedBlock(DAY, 40), expectedVersion: 1 };
  expect(await edits.apply(warrant, [day])).toEqual({ kind: "done", days: [{ channelId, dayStartMs: DAY, version: 2 }] });
  expect(await edits.apply(warrant, [day])).toEqual({ kind: "repeated" });
  expect(await current(channelId)).toBe(50);
  const undone = await edits.undo(
    { editId: "E2", author: "lee", reason: "wrong meter" },
    { editId: "E1", meterKey: meterKeyOf(channelId) },
  );
  expect(undone).toEqual({ kind: "done", days: [{ channelId, dayStartMs: DAY, version: 3 }] });
  const versions = await ledger.versions({ channelId, dayStartMs: DAY });
  expect(versions.map(({ block }) => block.values[5])).toEqual([10, 50, 10]);
  expect(versions[2]?.block).toEqual(versions[0]?.block);
});

test("an edit of many days is all or nothing where one of them has moved on", async () => {
  const channelId = freshChannel();
  const days = [DAY, DAY + DAY_MS];
  for (const day of days) await ledger.write([{ channelId, block: blockOf(day, () => 10) }], DELIVERED);
  await ledger.write([{ channelId, block: blockOf(DAY + DAY_MS, () => 11) }], DELIVERED);
  const outcome = await edits.apply(
    { editId: "E3", author: "kim", reason: "spike" },
    days.map((day) => ({ channelId, block: editedBlock(day, 1), expectedVersion: 1 })),
  );
  expect(outcome).toEqual({ kind: "superseded", days: [{ channelId, dayStartMs: DAY + DAY_MS, version: 2 }] });
  expect(await current(channelId)).toBe(10);
});

test("an edit needs a reason, and above the limit a second person", async () => {
  const channelId = freshChannel();
  await ledger.write([{ channelId, block: blockOf(DAY, () => 10) }], DELIVERED);
  const day = { channelId, block: editedBlock(DAY, 1001), expectedVersion: 1 };
  const warrant = { editId: "E4", author: "kim", reason: "found in the cellar" };
  await expect(edits.apply({ ...warrant, reason: " " }, [day])).rejects.toMatchObject({ code: "edit-reason" });
  await expect(edits.apply(warrant, [day])).rejects.toMatchObject({ code: "approval-required", blame: "security" });
  await expect(edits.apply({ ...warrant, approvedBy: "kim" }, [day])).rejects.toMatchObject({ code: "approval-required" });
  expect((await edits.apply({ ...warrant, approvedBy: "lee" }, [day])).kind).toBe("done");
  await expect(edits.undo({ ...warrant, editId: "E5" }, { editId: "none", meterKey: 1 })).rejects.toMatchObject({ code: "edit-unknown" });
});

test("undoing an edit that made a day from nothing leaves the day empty, not wrong", async () => {
  const channelId = freshChannel();
  await edits.apply({ editId: "E6", author: "kim", reason: "read by hand" }, [
    { channelId, block: editedBlock(DAY, 1), expectedVersion: 0 },
  ]);
  await edits.undo({ editId: "E7", author: "kim", reason: "misread" }, { editId: "E6", meterKey: meterKeyOf(channelId) });
  const versions = await ledger.versions({ channelId, dayStartMs: DAY });
  expect(versions).toHaveLength(2);
  expect([...(versions[1]?.block.qualities ?? [])].every(isMissingSlot)).toBe(true);
});
