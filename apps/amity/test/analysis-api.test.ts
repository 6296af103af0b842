import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  BackTestResult,
  BillComparison,
  CandidateDetail,
  DryRunBillsPage,
  DryRunDifferencesPage,
  DryRunResult,
  EstimationPlanDetail,
  Job,
  JobsPage,
  Problem,
  RehearsalPointsPage,
  RehearsalResult,
  RuleSetDetail,
  RuleSetsPage,
  TariffCandidatesPage,
  TariffDetail,
  TariffsPage,
} from "@amity/api";
import { STANDARD_ESTIMATION_PLAN, STANDARD_RULE_SET } from "@amity/mdm";
import { openStoredUtility, type StoredUtility } from "./stored-utility/stored-utility.ts";

/** What a new utility starts with, and the version that is drafted here. */
const FIRST = STANDARD_RULE_SET.version;
const DRAFT = FIRST + 1;
const SPAN = { from: "2026-10-16", to: "2026-11-20" };

describe("what an analyst tries on stored history", () => {
  let stored: StoredUtility;

  beforeAll(async () => {
    stored = await openStoredUtility();
  });
  afterAll(() => stored.close());

  const ended = async (answer: Response): Promise<Job> => {
    expect(answer.status).toBe(202);
    const { id } = Job.parse(await answer.json());
    expect(answer.headers.get("location")).toBe(`/api/v1/jobs/${id}`);
    const job = async () => Job.parse(await stored.json(`/api/v1/jobs/${id}`));
    await expect.poll(async () => (await job()).state, { timeout: 60_000 }).not.toMatch(/waiting|running/);
    return job();
  };

  it("drafts a changed rule set, tells faults at their fields, and shows what became of each version", async () => {
    const [set] = RuleSetsPage.parse(await stored.json("/api/v1/rule-sets")).items;
    expect(set).toMatchObject({ id: "standard", versions: [{ version: FIRST, state: "inForce", effectiveFrom: "1970-01-01" }] });
    const first = RuleSetDetail.parse(await stored.json(`/api/v1/rule-sets/standard/versions/${FIRST}`));
    expect(first.kinds.find(({ kind }) => kind === "spike")?.defaults["ratio"]).toBeTypeOf("number");

    const broken = first.rules.map((rule) => (rule.id === "spike" ? { ...rule, parameters: { ratio: "high", nothing: 1 } } : rule));
    const refused = await stored.write("POST", "/api/v1/rule-sets/standard/versions", { rules: broken });
    expect(refused.status).toBe(400);
    const at = first.rules.findIndex(({ id }) => id === "spike");
    expect(Problem.parse(await refused.json()).errors?.map(({ pointer }) => pointer)).toEqual([
      `/rules/${at}/parameters/ratio`,
      `/rules/${at}/parameters/nothing`,
    ]);

    const rules = first.rules.map((rule) =>
      rule.id === "spike" ? { ...rule, eligibility: { kinds: ["energy"] } } : rule.id === "negative" ? { ...rule, enabled: false } : rule,
    );
    const draft = await stored.write("POST", "/api/v1/rule-sets/standard/versions", { description: "spikes at homes", rules });
    expect(RuleSetDetail.parse(await draft.json()).about).toMatchObject({ version: DRAFT, state: "draft", author: "operator" });
    expect((await stored.write("POST", "/api/v1/rule-sets/none/versions", { rules })).status).toBe(404);
  });

  it("runs a draft over the history: what it would flag newly and no more, by rule and meter, and which bills change", async () => {
    const job = await ended(await stored.write("POST", "/api/v1/dry-runs", { ruleSet: "standard", version: DRAFT, ...SPAN }));
    expect(job).toMatchObject({ state: "done", kind: "dryRun", done: 12, total: 12, by: "operator" });
    const result = DryRunResult.parse(await stored.json(`/api/v1/dry-runs/${job.id}`));
    expect(result).toMatchObject({ candidate: `standard v${DRAFT}`, current: `standard v${FIRST}`, channels: 12, billsTried: 12 });
    expect(result.rules.find(({ rule }) => rule === "negative")).toMatchObject({ current: 1, candidate: 0, new: 0, gone: 1 });
    expect(result.rules.find(({ rule }) => rule === "spike")?.new).toBeGreaterThan(0);
    const spike = result.newExamples.find(({ meterId }) => meterId === stored.plan.meters[2]!.meterId);
    expect(spike?.numbers.map(({ name }) => name)).toContain("highestInUnit");

    const bills = DryRunBillsPage.parse(await stored.json(`/api/v1/dry-runs/${job.id}/bills?limit=1`));
    expect(bills.items).toHaveLength(1);
    expect(bills.total).toBe(result.billsChanged);
    // Without the rule the negative value stands on the bill; the home of the spike was estimated under both.
    expect(bills.items[0]).toMatchObject({ meterId: stored.plan.meters[3]!.meterId });
    expect(Number(bills.items[0]!.difference)).toBeLessThan(0);
    const rows = DryRunDifferencesPage.parse(await stored.json(`/api/v1/dry-runs/${job.id}/differences?rule=negative`));
    expect(rows.items).toEqual([{ meterId: stored.plan.meters[3]!.meterId, channel: "1-0:1.8.0", rule: "negative", new: 0, gone: 1 }]);
    expect(JobsPage.parse(await stored.json("/api/v1/jobs?kind=dryRun")).items.map(({ id }) => id)).toEqual([job.id]);
  });

  it("lets a version rule from a day on, with a reason that is kept", async () => {
    const path = `/api/v1/rule-sets/standard/versions/${DRAFT}/activation`;
    expect((await stored.write("POST", path, { effectiveFrom: "2026-11-20", reason: " " })).status).toBe(400);
    const soon = await stored.write("POST", path, { effectiveFrom: "2026-12-01", reason: "agreed in November" });
    expect(RuleSetDetail.parse(await soon.json()).about).toMatchObject({ state: "scheduled", reason: "agreed in November" });
    const now = await stored.write("POST", path, { effectiveFrom: "2026-11-20", reason: "at once" });
    expect(RuleSetDetail.parse(await now.json()).about).toMatchObject({
      state: "inForce",
      activatedBy: "operator",
      effectiveFrom: "2026-11-20",
    });
    const versions = RuleSetsPage.parse(await stored.json("/api/v1/rule-sets")).items[0]?.versions;
    expect(versions?.map(({ version, state }) => [version, state])).toEqual([
      [DRAFT, "inForce"],
      [FIRST, "past"],
    ]);
    const [early, late] = (await stored.utility.mdm.review.inForce?.forInstants([Date.UTC(2026, 10, 19), Date.UTC(2026, 10, 20)])) ?? [];
    expect([early?.ruleSet.version, late?.ruleSet.version]).toEqual([FIRST, DRAFT]);
  });

  it("checks a candidate tariff by path, rehearses it, and compares one bill line by line", async () => {
    const { document } = TariffDetail.parse(await stored.json("/api/v1/tariffs/home-tou"));
    const dearer = structuredClone(document) as { versions: { charges: Record<string, unknown>[] }[] };
    dearer.versions[0]!.charges[1]!["rate"] = 0.6;
    const refused = await stored.write("POST", "/api/v1/tariff-candidates", { document: dearer });
    expect(Problem.parse(await refused.json()).errors?.[0]).toMatchObject({ pointer: "/document/versions/0/charges/1/rate" });
    dearer.versions[0]!.charges[1]!["rate"] = "0.6412";
    const kept = CandidateDetail.parse(await (await stored.write("POST", "/api/v1/tariff-candidates", { document: dearer })).json());
    expect(TariffCandidatesPage.parse(await stored.json("/api/v1/tariff-candidates")).items).toEqual([kept.candidate]);

    const ask = { tariff: "home-tou", candidate: kept.candidate.id, from: "2026-10-20", to: "2026-11-17" };
    const job = await ended(await stored.write("POST", "/api/v1/rehearsals", ask));
    const result = RehearsalResult.parse(await stored.json(`/api/v1/rehearsals/${job.id}`));
    expect(result).toMatchObject({ points: 12, more: 12, less: 0, same: 0, failedCount: 0, currency: "AUD" });
    expect(result.distribution.reduce((sum, { points }) => sum + points, 0)).toBe(12);
    const page = RehearsalPointsPage.parse(await stored.json(`/api/v1/rehearsals/${job.id}/points?limit=5`));
    expect([page.items.length, page.total, page.next === undefined]).toEqual([5, 12, false]);
    const [worst] = page.items;
    const bill = BillComparison.parse(await stored.json(`/api/v1/rehearsals/${job.id}/points/${worst!.usagePoint}`));
    expect(bill).toMatchObject({ current: worst!.current, candidate: worst!.candidate, difference: worst!.difference });
    const peak = bill.lines.find(({ title }) => title === "Peak energy");
    expect([peak?.current?.rate, peak?.candidate?.rate]).toEqual(["0.5412 per kWh", "0.6412 per kWh"]);
    const gst = bill.lines.find(({ title }) => title === "GST");
    expect(gst?.candidate).toMatchObject({ rate: "10 %" });
    expect(gst?.candidate?.quantity).toMatch(/^of \d+\.\d\d$/);
    // The lines explain the whole difference.
    const sum = bill.lines.reduce((total, { difference }) => total + Math.round(100 * Number(difference)), 0);
    expect(sum).toBe(Math.round(100 * Number(bill.difference)));

    const conflict = await stored.write("POST", `/api/v1/tariff-candidates/${kept.candidate.id}/publication`, { reason: "now" });
    expect(conflict.status).toBe(409);
    expect(Problem.parse(await conflict.json()).detail).toContain("is published and cannot change");
  });

  it("publishes a candidate that adds a version, by name and with its reason", async () => {
    const { document } = TariffDetail.parse(await stored.json("/api/v1/tariffs/home-tou"));
    const next = structuredClone(document) as { versions: Record<string, unknown>[] };
    next.versions.push({ ...next.versions[0], version: 2, effectiveFrom: "2027-01-01" });
    const kept = CandidateDetail.parse(await (await stored.write("POST", "/api/v1/tariff-candidates", { document: next })).json());
    const published = await stored.write("POST", `/api/v1/tariff-candidates/${kept.candidate.id}/publication`, { reason: "price review" });
    const { info } = TariffDetail.parse(await published.json());
    expect(info.versions[1]).toMatchObject({ version: 2, publishedBy: "operator", reason: "price review" });
    expect(TariffsPage.parse(await stored.json("/api/v1/tariffs")).items.map(({ id }) => id)).toEqual(["home-tou"]);
    expect((await stored.write("DELETE", `/api/v1/tariff-candidates/${kept.candidate.id}`)).status).toBe(200);
    expect((await stored.ask(`/api/v1/tariff-candidates/${kept.candidate.id}`)).status).toBe(404);
  });

  it("scores the estimators and takes their order over as the next plan", async () => {
    const job = await ended(await stored.write("POST", "/api/v1/back-tests", { plan: "standard", ...SPAN, meters: 6, holesEach: 4 }));
    const result = BackTestResult.parse(await stored.json(`/api/v1/back-tests/${job.id}`));
    expect(result.classes.map(({ commodity, unit }) => [commodity, unit])).toContainEqual(["electricity", "Wh"]);
    const scores = result.classes.flatMap((entry) => entry.scores);
    expect(new Set(scores.map(({ holeMinutes }) => holeMinutes))).toEqual(new Set([15, 60, 240, 720, 1440]));
    // A day is alike the next here: like days must do better over a day than a line.
    expect(scores.find(({ holeMinutes, isBest }) => holeMinutes === 1440 && isBest)?.estimator).not.toBe("linear");
    const adoption = { jobId: job.id, effectiveFrom: "2026-11-20", reason: "back-test of November" };
    const plan = EstimationPlanDetail.parse(
      await (await stored.write("POST", "/api/v1/estimation-plans/standard/adoption", adoption)).json(),
    );
    const next = STANDARD_ESTIMATION_PLAN.version + 1;
    expect(plan).toMatchObject({
      inForce: next,
      versions: [{ version: next, state: "inForce", reason: "back-test of November" }, { version: next - 1 }],
    });
    expect(plan.steps).toEqual(result.recommended);
  });

  it("has no result of a job that is cancelled, and says what it does not have", async () => {
    const first = await stored.write("POST", "/api/v1/back-tests", { plan: "standard", ...SPAN, holesEach: 50 });
    const second = await stored.write("POST", "/api/v1/dry-runs", { ruleSet: "standard", version: FIRST, ...SPAN });
    const { id } = Job.parse(await second.json());
    expect((await stored.write("POST", `/api/v1/jobs/${id}/cancellation`, {})).status).toBe(200);
    await expect.poll(async () => Job.parse(await stored.json(`/api/v1/jobs/${id}`)).state, { timeout: 30_000 }).toBe("cancelled");
    expect((await stored.ask(`/api/v1/dry-runs/${id}`)).status).toBe(404);
    expect((await stored.write("POST", `/api/v1/jobs/${id}/cancellation`, {})).status).toBe(409);
    await stored.write("POST", `/api/v1/jobs/${Job.parse(await first.json()).id}/cancellation`, {});
    expect((await stored.ask("/api/v1/jobs/none")).status).toBe(404);
    expect((await stored.write("POST", "/api/v1/dry-runs", { ruleSet: "standard", version: 99, ...SPAN })).status).toBe(404);
    const empty = { ruleSet: "standard", version: FIRST, from: SPAN.to, to: SPAN.from };
    expect((await stored.write("POST", "/api/v1/dry-runs", empty)).status).toBe(400);
  });
});
