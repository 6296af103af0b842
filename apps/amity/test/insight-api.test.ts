import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  Bill,
  BilledIntervalsPage,
  BillsPage,
  IntervalReason,
  Intervals,
  LossesPage,
  MeterCompletenessPage,
  Problem,
  UsagePointDetail,
  VirtualChannel,
  VirtualChannelsPage,
} from "@amity/api";
import { DAY_MS, startOfLocalDayMs, zoneOf } from "@amity/intervals";
import { openStoredUtility, storedDays, type StoredUtility } from "./stored-utility/stored-utility.ts";

const ZONE = zoneOf("Australia/Sydney");
/** The local day ten days before the last, on which the homes two to four have their trouble. */
const TROUBLE_MS = startOfLocalDayMs(ZONE, storedDays().toDay - 10);
const instant = (atMs: number): string => encodeURIComponent(new Date(atMs).toISOString());

describe("what stands behind the numbers", () => {
  let stored: StoredUtility;
  const meterId = (home: number): string => stored.plan.meters[home]!.meterId;

  beforeAll(async () => {
    stored = await openStoredUtility();
  });
  afterAll(() => stored.close());

  it("says why an estimated value is what it is: versions, rule, numbers compared, estimator, error bar", async () => {
    const at = TROUBLE_MS + 50 * 900_000;
    const reason = IntervalReason.parse(await stored.json(`/api/v1/meters/${meterId(3)}/interval-reason?at=${instant(at + 60_000)}`));
    expect(reason).toMatchObject({ from: new Date(at).toISOString(), unit: "Wh", quality: "estimated" });
    expect(reason.versions.map(({ version, value }) => [version, value])).toEqual([
      [2, reason.value],
      [1, -700],
    ]);
    expect(reason.versions[0]).toMatchObject({ by: "vee", qualityText: reason.qualityText, isChange: true });
    expect(reason.versions[1]).toMatchObject({ source: "headend", qualityText: "measured, not yet validated" });
    const [finding] = reason.findings;
    expect(finding).toMatchObject({ rule: "negative", severity: "warning" });
    expect(finding?.numbers.length).toBeGreaterThan(0);
    expect(finding?.estimate?.standardError).toBeGreaterThan(0);
    expect(reason.summary).toMatch(
      /estimated .*Version 2 of the day says so, written by vee, by rules standard v\d.*Before it, version 1 had -700 Wh\./,
    );
  });

  it("tells what was known as of an earlier instant, and refuses what has no interval", async () => {
    const at = TROUBLE_MS + 50 * 900_000;
    const { versions } = IntervalReason.parse(await stored.json(`/api/v1/meters/${meterId(3)}/interval-reason?at=${instant(at)}`));
    const path = `/api/v1/meters/${meterId(3)}/interval-reason?at=${instant(at)}&as_of=${encodeURIComponent(versions[1]!.knownAt)}`;
    const before = IntervalReason.parse(await stored.json(path));
    expect([before.value, before.findings]).toEqual([-700, []]);
    expect((await stored.ask(`/api/v1/meters/${meterId(3)}/interval-reason?at=${instant(TROUBLE_MS - 900 * DAY_MS)}`)).status).toBe(404);
    expect((await stored.ask(`/api/v1/meters/none/interval-reason?at=${instant(at)}`)).status).toBe(404);
  });

  it("shows a usage point whole, a meter exchange with its multiplier included", async () => {
    const id = (await stored.json<{ meter: { usagePoint: string } }>(`/api/v1/meters/${meterId(3)}`)).meter.usagePoint;
    await stored.utility.mdm.registry.install({
      usagePointId: id,
      meterId: "SPARE1",
      installedAtMs: Date.UTC(2026, 10, 20, 13),
      multiplier: "40",
    });
    const point = UsagePointDetail.parse(await stored.json(`/api/v1/usage-points/${id}`));
    expect(point.installations.map(({ meterId: meter, multiplier, to }) => [meter, multiplier, to !== undefined])).toEqual([
      ["SPARE1", "40", false],
      [meterId(3), "1", true],
    ]);
    expect(point).toMatchObject({ commodity: "electricity", tariff: { id: "home-tou", name: "Home Time of Use" } });
    expect(point.bills).toHaveLength(1);
    expect(point.openExceptions).toBeGreaterThan(0);
    expect((await stored.ask("/api/v1/usage-points/none")).status).toBe(404);
  });

  it("follows a time-of-use line to its quarter-hours and versions, and reads a tax as a percentage", async () => {
    const [summary] = BillsPage.parse(await stored.json(`/api/v1/bills?meterId=${meterId(1)}`)).items;
    const bill = Bill.parse(await stored.json(`/api/v1/bills/${summary!.id}`));
    const gst = bill.lines.find(({ title }) => title === "GST");
    expect(gst).toMatchObject({ unit: "percent", rate: "10", rateText: "10 %", isTax: true });
    expect(gst?.quantityText).toBe(`of ${Number(gst?.quantity).toFixed(2)}`);
    expect(gst?.intervals).toBeUndefined();
    const supply = bill.lines.find(({ title }) => title === "Daily supply charge");
    expect(supply).toMatchObject({ quantityText: "28 days", rateText: "0.92 per day" });

    const peak = bill.lines.find(({ title }) => title === "Peak energy")!;
    // Twenty working days from 14:00 to 20:00: no window is longer than that.
    expect(peak.intervals).toBe(20 * 24);
    expect(peak.windows!.map(({ from, to }) => Date.parse(to) - Date.parse(from))).toEqual(Array.from({ length: 20 }, () => 6 * 3_600_000));
    expect(peak.parts).toEqual([expect.objectContaining({ meterId: meterId(1), channel: "1-0:1.8.0" })]);
    const pages: BilledIntervalsPage[] = [];
    let next: string | undefined = "";
    while (next !== undefined) {
      const path: string = `/api/v1/bills/${bill.summary.id}/lines/${peak.id}/intervals?limit=200${next === "" ? "" : `&cursor=${next}`}`;
      pages.push(BilledIntervalsPage.parse(await stored.json(path)));
      next = pages.at(-1)!.next;
    }
    const intervals = pages.flatMap(({ items }) => items);
    expect([pages.length, intervals.length, pages[0]!.total]).toEqual([3, 480, 480]);
    // What the line bills is the sum of what it leads to.
    expect(intervals.reduce((sum, { value, multiplier }) => sum + value * multiplier, 0) / 1000).toBeCloseTo(Number(peak.quantity), 9);
    expect(intervals.every(({ version }) => version === 1 || version === 2)).toBe(true);
    expect(intervals.find(({ quality }) => quality === "valid")?.qualityText).toBe("measured, found valid");
    const all = await Promise.all(
      bill.lines
        .filter(({ windows }) => windows !== undefined)
        .map(
          async ({ id }) =>
            BilledIntervalsPage.parse(await stored.json(`/api/v1/bills/${bill.summary.id}/lines/${id}/intervals?limit=1`)).total!,
        ),
    );
    expect(all.reduce((sum, total) => sum + total, 0)).toBe(28 * 96);
    expect((await stored.ask(`/api/v1/bills/${bill.summary.id}/lines/99/intervals`)).status).toBe(404);
  });

  it("names the meters that lack something on a day, those first that lack most", async () => {
    const day = new Date(TROUBLE_MS + DAY_MS / 2).toISOString().slice(0, 10);
    const path = `/api/v1/completeness/meters?day=${day}`;
    const page = MeterCompletenessPage.parse(await stored.json(`${path}&limit=4`));
    expect([page.total, page.items.length, page.next === undefined]).toEqual([12, 4, false]);
    // The hole of three hours was estimated: nothing is missing any more, and the estimates say where to look.
    expect(page.items[0]).toMatchObject({ meterId: meterId(1), expected: 96, received: 96, estimated: 12, missing: [] });
    const direct = MeterCompletenessPage.parse(await stored.json(`${path}&concentrator=direct`));
    const planned = stored.plan.meters.filter(({ concentratorId }) => concentratorId === undefined);
    expect(direct.items.map((row) => row.meterId).toSorted()).toEqual(planned.map((meter) => meter.meterId).toSorted());
    const before = MeterCompletenessPage.parse(await stored.json("/api/v1/completeness/meters?day=2026-01-10&limit=1"));
    expect(before.items[0]).toMatchObject({ expected: 96, received: 0 });
    expect(before.items[0]?.missing).toHaveLength(1);
    expect((await stored.ask("/api/v1/completeness/meters?day=2026-02-30")).status).toBe(400);
  });

  it("balances transformers with a supply meter, and loads all of them against their nameplate", async () => {
    const page = LossesPage.parse(await stored.json("/api/v1/losses?from=2026-11-01&to=2026-11-08"));
    expect(page.items.map(({ kind }) => kind)).toEqual(["feeder", "feeder", "transformer", "transformer"]);
    const [feeder, , transformer] = page.items;
    expect(transformer).toMatchObject({ coverage: 1, loading: { nameplateKva: 50, hoursOver100: 0 } });
    expect(transformer?.balance).toBeUndefined();
    expect(transformer!.loading!.peakPercent).toBeGreaterThan(1);
    expect(feeder!.importWh).toBe(
      page.items.filter(({ parent }) => parent === feeder!.id).reduce((sum, { importWh }) => sum + importWh, 0),
    );

    // The spare meter measures what flows into the first transformer: all of it and two percent more.
    const { mdm } = stored.utility;
    const startMs = startOfLocalDayMs(ZONE, storedDays().toDay - 19);
    const on = stored.plan.meters.filter(({ transformerId }) => transformerId === transformer!.id);
    const terms = on.map((meter) => ({ meterId: meter.meterId, channel: "1-0:1.8.0", factor: 1 }));
    const draft = { id: "sum-t", name: "Behind the transformer", terms, reason: "losses" };
    expect(VirtualChannel.parse(await (await stored.write("POST", "/api/v1/virtual-channels", draft)).json())).toMatchObject({
      version: 1,
    });
    const span = `from=${instant(startMs)}&to=${instant(startMs + 7 * DAY_MS)}`;
    const sum = Intervals.parse(await stored.json(`/api/v1/virtual-channels/sum-t/intervals?${span}`));
    await mdm.registry.addUsagePoint({ usagePointId: "HEAD1", commodity: "electricity", timeZone: ZONE.name, channelClass: "transformer" });
    const values = Float64Array.from(sum.v, (value) => Math.round((value ?? 0) * 1.02));
    const series = { meterId: "HEAD1", channel: "1-0:1.8.0", unit: "Wh", scaler: 0, intervalSeconds: 900, startMs } as const;
    await mdm.sink.accept([
      { intervals: [{ ...series, values, qualities: new Uint16Array(values.length) }], registers: [], events: [], source: "headend" },
    ]);
    await mdm.topology.declare({ nodes: [], links: [{ usagePointId: "HEAD1", nodeId: transformer!.id, role: "supply" }] }, startMs);
    const day = (offset: number): string => new Date(startMs + offset * DAY_MS + DAY_MS / 2).toISOString().slice(0, 10);
    const after = LossesPage.parse(await stored.json(`/api/v1/losses?from=${day(0)}&to=${day(7)}&kind=transformer`));
    const balance = after.items.find(({ id }) => id === transformer!.id)?.balance;
    expect(balance?.intervalsUsed).toBe(7 * 96);
    expect(balance!.suppliedWh / balance!.deliveredWh).toBeCloseTo(1.02, 3);
    expect(balance!.suppliedWh - balance!.deliveredWh - balance!.technicalWh).toBeCloseTo(balance!.unaccountedWh, 3);
    expect((await stored.ask(`/api/v1/losses?from=${day(7)}&to=${day(0)}`)).status).toBe(400);
  });

  it("refuses a formula whose channel is not there, at its field, and keeps the next version of one that is", async () => {
    const terms = [{ meterId: meterId(0), channel: "1-0:1.8.0", factor: 1 }];
    const draft = { id: "total", name: "Total", terms, reason: "first" };
    const bad = await stored.write("POST", "/api/v1/virtual-channels", { ...draft, terms: [{ ...terms[0], meterId: "NOBODY" }] });
    expect([bad.status, Problem.parse(await bad.json()).errors?.[0]?.pointer]).toEqual([400, "/terms"]);
    await stored.write("POST", "/api/v1/virtual-channels", draft);
    const second = await stored.write("POST", "/api/v1/virtual-channels", { ...draft, reason: "again" });
    expect(VirtualChannel.parse(await second.json())).toMatchObject({ version: 2, author: "operator", reason: "again" });
    expect(VirtualChannelsPage.parse(await stored.json("/api/v1/virtual-channels")).items.map(({ id }) => id)).toContain("total");
    expect((await stored.ask("/api/v1/virtual-channels/none/intervals?from=2026-11-01T00:00:00Z&to=2026-11-02T00:00:00Z")).status).toBe(
      404,
    );
  });
});
