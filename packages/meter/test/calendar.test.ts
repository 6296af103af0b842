import {
  data,
  memoryCounter,
  connectDlms,
  parseObis,
  wrapperLink,
  type ActionOutcome,
  type DlmsClient,
  type DlmsData,
  type DataAccessResult,
} from "@amity/dlms";
import { Simulation, type World } from "@amity/runtime";
import { beforeEach, describe, expect, it } from "vitest";
import { createFleet, FleetJournal, masterSecretFrom, MeterFleet, type FleetPlan, type PlannedMeter } from "../src/index.ts";

const HOUR_MS = 3_600_000;
const startMs = Date.UTC(2026, 0, 20, 1);
const CALENDAR = { classId: 20, instanceId: parseObis("0-0:13.0.0") };
const SPECIAL_DAYS = { classId: 11, instanceId: parseObis("0-0:11.0.0") };

let simulation: Simulation;
let here: World;
let street: ReturnType<Simulation["node"]>;
let plan: FleetPlan;
let target: PlannedMeter;
let fleet: MeterFleet;
let client: DlmsClient;

beforeEach(async () => {
  simulation = new Simulation({ seed: 3, startMs });
  here = simulation.node("head-end").world;
  street = simulation.node("street");
  plan = createFleet({ seed: 8, meters: 2, feeders: 1, concentrators: 1, directShare: 1, firstPort: 4_059, startMs });
  target = plan.meters[0]!;
  await open(street.world);
  client = await associate("management", 1);
});

async function open(world: World): Promise<void> {
  const journal = new FleetJournal(world.files);
  fleet = await simulation.runFor(MeterFleet.open({ plan, masterSecret: masterSecretFrom("calendar"), clock: world.clock, journal }));
  await fleet.serve(world, { host: "street", onFault: (_meterId, error) => expect.fail(String(error)) });
}

function associate(role: "reading" | "management", counter: number): Promise<DlmsClient> {
  const { readingPassword, encryptionKey, authenticationKey } = fleet.keys(target.meterId);
  const systemTitle = new TextEncoder().encode("HESHES01");
  const options =
    role === "reading"
      ? ({ clientSap: 2, authentication: { mechanism: "lls", password: readingPassword } } as const)
      : ({
          clientSap: 1,
          authentication: { mechanism: "hls-gmac" },
          security: {
            suite: 0,
            systemTitle,
            keys: { encryptionKey, authenticationKey },
            protection: "authenticated-encrypted",
            ciphering: "global",
            sent: memoryCounter(counter),
          },
        } as const);
  return simulation.runFor(
    here.network
      .connect({ host: "street", port: 4_059 })
      .then((connection) => connectDlms(wrapperLink(connection, "client"), options, here)),
  );
}

type ObjectName = typeof CALENDAR | typeof SPECIAL_DAYS;

async function get(object: ObjectName, attributeId: number): Promise<DlmsData> {
  const outcome = await simulation.runFor(client.get({ ...object, attributeId }));
  if (outcome.kind !== "data") throw new Error(outcome.result);
  return outcome.data;
}

const set = (attributeId: number, value: DlmsData, object: ObjectName = CALENDAR, by = client): Promise<DataAccessResult> =>
  simulation.runFor(by.set({ ...object, attributeId }, value));
const act = (object: ObjectName, methodId: number, value: DlmsData, by = client): Promise<ActionOutcome> =>
  simulation.runFor(by.action({ ...object, methodId }, value));

const text = (value: string): DlmsData => data.octets(new TextEncoder().encode(value));
const ANY_DATE = data.octets(Uint8Array.of(0xff, 0xff, 1, 1, 0xff, 0, 0, 0, 0, 0x80, 0, 0xff));
const SCRIPTS = data.octets(Uint8Array.of(0, 0, 10, 0, 100, 255));
const seasons = data.array(data.structure(text("YEAR"), ANY_DATE, text("WEEK")));
const weeks = (day: number): DlmsData => data.array(data.structure(text("WEEK"), ...Array.from({ length: 7 }, () => data.unsigned(day))));
const days = data.array(
  data.structure(data.unsigned(1), data.array(data.structure(data.octets(Uint8Array.of(7, 0, 0, 0)), SCRIPTS, data.longUnsigned(2)))),
);

async function writePassive(day = 1): Promise<void> {
  expect(await set(6, text("TOU2"))).toBe("success");
  expect(await set(7, seasons)).toBe("success");
  expect(await set(8, weeks(day))).toBe("success");
  expect(await set(9, days)).toBe("success");
}

/** A date-time in UTC. */
function utc(atMs: number): DlmsData {
  const date = new Date(atMs);
  const [year, month] = [date.getUTCFullYear(), date.getUTCMonth() + 1];
  const time = [date.getUTCHours(), date.getUTCMinutes(), date.getUTCSeconds()];
  return data.octets(Uint8Array.of(year >> 8, year & 0xff, month, date.getUTCDate(), 0xff, ...time, 0, 0, 0, 0));
}

describe("the activity calendar", () => {
  it("takes a passive calendar and activates it at once, and keeps it over a crash", async () => {
    await writePassive();
    expect(await get(CALENDAR, 2)).toEqual(text(""));
    expect(await act(CALENDAR, 1, data.integer(0))).toEqual({ kind: "done" });
    await open(street.crash());
    client = await associate("management", 1_000);
    expect(await get(CALENDAR, 2)).toEqual(text("TOU2"));
    expect(await get(CALENDAR, 3)).toEqual(seasons);
    expect(await get(CALENDAR, 4)).toEqual(weeks(1));
    expect(await get(CALENDAR, 5)).toEqual(days);
  });

  it("activates at the time that was set, and what is written afterwards stays passive", async () => {
    await writePassive();
    expect(await set(10, utc(startMs + HOUR_MS))).toBe("success");
    expect(await get(CALENDAR, 2)).toEqual(text(""));
    await simulation.runUntil(startMs + 2 * HOUR_MS);
    client = await associate("management", 1_000);
    expect(await get(CALENDAR, 2)).toEqual(text("TOU2"));
    expect(await set(6, text("TOU3"))).toBe("success");
    expect(await get(CALENDAR, 2)).toEqual(text("TOU2"));
    expect(await get(CALENDAR, 6)).toEqual(text("TOU3"));
    expect(await get(CALENDAR, 10)).toEqual(data.octets(new Uint8Array(12).fill(0xff)));
  });

  it("does not activate a calendar that is empty, or whose week has days that are missing", async () => {
    expect(await act(CALENDAR, 1, data.integer(0))).toEqual({ kind: "refused", result: "other-reason" });
    await writePassive(7);
    expect(await act(CALENDAR, 1, data.integer(0))).toEqual({ kind: "refused", result: "other-reason" });
    expect(await set(10, utc(startMs - HOUR_MS))).toBe("success");
    expect(await get(CALENDAR, 2)).toEqual(text(""));
  });

  it("refuses another form, the active calendar, and other clients", async () => {
    expect(await set(9, seasons)).toBe("type-unmatched");
    expect(await set(7, data.unsigned(1))).toBe("type-unmatched");
    expect(await set(6, data.octets(new Uint8Array(9_000)))).toBe("other-reason");
    expect(await set(2, text("TOU2"))).toBe("read-write-denied");
    const reader = await associate("reading", 1);
    expect(await set(6, text("TOU2"), CALENDAR, reader)).toBe("read-write-denied");
    expect(await act(CALENDAR, 1, data.integer(0), reader)).toEqual({ kind: "refused", result: "read-write-denied" });
  });
});

describe("the special days table", () => {
  const day = (index: number, dayOfMonth: number): DlmsData =>
    data.structure(data.longUnsigned(index), data.octets(Uint8Array.of(0xff, 0xff, 12, dayOfMonth, 0xff)), data.unsigned(1));

  it("is written whole, and by entry: inserting replaces, deleting removes", async () => {
    expect(await set(2, data.array(day(1, 25)), SPECIAL_DAYS)).toBe("success");
    expect(await act(SPECIAL_DAYS, 1, day(2, 26))).toEqual({ kind: "done" });
    expect(await act(SPECIAL_DAYS, 1, day(1, 24))).toEqual({ kind: "done" });
    expect(await get(SPECIAL_DAYS, 2)).toEqual(data.array(day(2, 26), day(1, 24)));
    expect(await act(SPECIAL_DAYS, 2, data.longUnsigned(2))).toEqual({ kind: "done" });
    expect(await get(SPECIAL_DAYS, 2)).toEqual(data.array(day(1, 24)));
    expect(await act(SPECIAL_DAYS, 2, data.longUnsigned(2))).toEqual({ kind: "refused", result: "other-reason" });
  });

  it("refuses two of one index, another form, and more than it holds", async () => {
    expect(await set(2, data.array(day(1, 25), day(1, 26)), SPECIAL_DAYS)).toBe("other-reason");
    expect(await set(2, data.array(data.unsigned(1)), SPECIAL_DAYS)).toBe("type-unmatched");
    expect(await act(SPECIAL_DAYS, 1, data.unsigned(1))).toEqual({ kind: "refused", result: "type-unmatched" });
    expect(await set(2, data.array(...Array.from({ length: 101 }, (_, index) => day(index, 1))), SPECIAL_DAYS)).toBe("other-reason");
    expect(await get(SPECIAL_DAYS, 2)).toEqual(data.array());
  });
});
