import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium, type BrowserContext, type Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startOfLocalDayMs, zoneOf } from "@amity/intervals";
import { STANDARD_RULE_SET } from "@amity/mdm";
import { ensureConsoleBuilt, loadStaticConsole } from "../src/http/index.ts";
import { findChromium } from "./browser.ts";
import { openStoredUtility, storedDays, type StoredUtility } from "./stored-utility/stored-utility.ts";

const executablePath = await findChromium();
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"];
const TROUBLE_DAY = storedDays().toDay - 10;
const TROUBLE_MS = startOfLocalDayMs(zoneOf("Australia/Sydney"), TROUBLE_DAY);
const troubleDay = new Date(TROUBLE_DAY * 86_400_000).toISOString().slice(0, 10);

describe.skipIf(executablePath === undefined)("the analyst's pages in a browser, over PostgreSQL", () => {
  const profile = mkdtempSync(join(tmpdir(), "amity-analysis-"));
  const errors: string[] = [];
  let stored: StoredUtility;
  let context: BrowserContext;
  let page: Page;
  let rehearsed = "/analysis/tariffs";
  const meterId = (home: number): string => stored.plan.meters[home]!.meterId;
  const open = (path: string) => page.goto(stored.server.url + path);

  beforeAll(async () => {
    stored = await openStoredUtility({ console: await loadStaticConsole((await ensureConsoleBuilt()).folder) });
    const viewport = { width: 1280, height: 860 };
    context = await chromium.launchPersistentContext(profile, { executablePath: executablePath!, headless: true, args: FLAGS, viewport });
    page = context.pages()[0] ?? (await context.newPage());
    page.on("pageerror", (error) => errors.push(error.message));
  });
  afterAll(async () => {
    await context?.close();
    await stored?.close();
    rmSync(profile, { recursive: true, force: true });
  });

  it("changes a copy of the rules with faults told at their fields, runs it over the history, and lets it rule", async () => {
    await open("/analysis/rules");
    await page.getByRole("button", { name: "Change a copy" }).click();
    const spike = page.getByRole("group", { name: "spike" });
    await spike.getByLabel("Ratio").fill("high");
    await page.getByRole("button", { name: "Keep as the next version" }).click();
    await spike.getByText("parameter ratio must be a number").waitFor();
    await spike.getByLabel("Ratio").fill("1.5");
    await spike.getByLabel("Channel classes (empty: all)").fill("residential");
    await page.getByRole("group", { name: "negative", exact: true }).getByLabel("on", { exact: true }).uncheck();
    await page.getByLabel("What this version is for").fill("spikes at homes");
    await page.getByRole("button", { name: "Keep as the next version" }).click();
    const version = STANDARD_RULE_SET.version + 1;
    await page.getByRole("heading", { name: `standard v${version} draft` }).waitFor();

    await page.getByRole("button", { name: `Run v${version}` }).click();
    const row = page.getByRole("region", { name: "Findings by rule" }).getByRole("row", { name: /^negative/ });
    await row.waitFor();
    expect((await row.getByRole("cell").allInnerTexts()).slice(1)).toEqual(["1", "0", "0", "1"]);
    await row.getByRole("button", { name: "negative" }).click();
    const byMeter = page.getByRole("region", { name: "Differences by meter" });
    await expect.poll(() => byMeter.getByRole("row").count()).toBe(2);
    expect(await byMeter.getByRole("link").innerText()).toBe(meterId(3));
    await page
      .getByRole("region", { name: "Bills that change, table" })
      .getByRole("row", { name: new RegExp(meterId(3)) })
      .waitFor();

    await page.getByLabel("Reason, kept with your name").fill("agreed on Friday");
    await page.getByRole("button", { name: `Let v${version} rule` }).click();
    await page.getByRole("heading", { name: `standard v${version} in force` }).waitFor();
    const versions = page.getByRole("list", { name: "Versions of standard" });
    await expect.poll(() => versions.innerText()).toContain("agreed on Friday");
  });

  it("makes a candidate of a tariff, tells its fault by path, rehearses it, and compares one bill line by line", async () => {
    await open("/analysis/tariffs?tariff=home-tou");
    await page.getByRole("button", { name: "Make a candidate of it" }).click();
    const editor = page.getByRole("textbox", { name: "Tariff document (JSON)" });
    const text = await editor.inputValue();
    await editor.fill(text.replace('"rate": "0.5412"', '"rate": 0.6'));
    await page.getByRole("button", { name: "Check and keep" }).click();
    await page.getByText("/versions/0/charges/1/rate").waitFor();
    await editor.fill(text.replace('"rate": "0.5412"', '"rate": "0.4412"').replace('"amount": "0.92"', '"amount": "1.50"'));
    await page.getByRole("button", { name: "Check and keep" }).click();
    await page.getByRole("heading", { name: "Candidate: Home Time of Use" }).waitFor();
    await page.getByRole("button", { name: "Rehearse" }).click();
    const points = page.getByRole("region", { name: "Usage points by the change of their bill" });
    await points.getByRole("button").first().click();
    const bills = page.getByRole("region", { name: /^Lines of the two bills of UP/ });
    await bills.waitFor();
    const supply = await bills
      .getByRole("row", { name: /^Daily supply charge/ })
      .getByRole("cell")
      .allInnerTexts();
    expect(supply.slice(1, 5)).toEqual(["28 days at 0.92 per day", "25.76", "28 days at 1.5 per day", "42.00"]);
    expect(await bills.getByRole("row", { name: /^GST/ }).innerText()).toContain("10 % of");
    const { pathname, search } = new URL(page.url());
    rehearsed = pathname + search;
  });

  it("scores the estimators and takes their order over", async () => {
    await open("/analysis/estimation");
    await page.getByRole("form", { name: "Back-test" }).getByRole("button", { name: "Run" }).click();
    await page.getByRole("heading", { name: /^electricity, residential, 15 min/ }).waitFor();
    const form = page.getByRole("form", { name: "Take the plan over" });
    await form.getByLabel("Reason, kept with your name").fill("November");
    await form.getByRole("button", { name: "Take it over" }).click();
    await page.getByRole("heading", { name: "standard v2 in force" }).waitFor();
  });

  it("explains a value by Enter on the chart: versions, rule, numbers, estimator and error bar; and by click from a bill's interval", async () => {
    await open(`/meters/${meterId(3)}?span=day&day=${troubleDay}`);
    const chart = page.getByRole("application", { name: /^Intervals of/ });
    await chart.focus();
    await page.keyboard.press("Home");
    for (let step = 0; step < 50; step++) await page.keyboard.press("ArrowRight");
    await page.keyboard.press("Enter");
    const box = page.getByRole("region", { name: /^Why this value/ });
    await box.getByText(/Before it, version 1 had -700 Wh/).waitFor();
    const words = await box.innerText();
    for (const part of ["estimated", "rule negative", "Compared:", "one standard error is", "from headend"]) expect(words).toContain(part);
    await box.getByRole("button", { name: "Interval after" }).click();
    await box.getByText("Validation found nothing over this interval.").waitFor();

    await open("/bills");
    await page.getByRole("button", { name: "Peak energy", exact: true }).click();
    await page.getByText("Each interval with its version").click();
    const table = page.getByRole("region", { name: "Each interval behind Peak energy" });
    await expect.poll(() => table.getByRole("row").count()).toBe(51);
    await page.getByRole("button", { name: "Show more" }).last().click();
    await expect.poll(() => table.getByRole("row").count()).toBe(101);
    await table.getByRole("link").first().click();
    await page
      .getByRole("region", { name: /^Why this value/ })
      .getByText(/found valid/)
      .first()
      .waitFor();
  });

  it("leads from a day of a concentrator to the meters that lack", async () => {
    await open("/completeness");
    const place = stored.plan.meters[1]!;
    const row = page.getByRole("row", { name: new RegExp(place.concentratorId ?? "Direct TCP") });
    await row.getByRole("button", { name: new RegExp(`${troubleDay}.*1[2-4] estimated`) }).click();
    const meters = page.getByRole("region", { name: "Meters of the day" });
    expect(await meters.getByRole("row").nth(1).innerText()).toContain(meterId(1));
  });

  it("adds up losses and draws a virtual channel", async () => {
    await open("/analysis/losses");
    await page.getByRole("region", { name: "Transformers, table" }).getByText("T001").waitFor();
    await page.getByText("New formula, or the next version of one").click();
    const form = page.getByRole("form", { name: "Formula" });
    await form.getByLabel("Identifier").fill("both");
    await form.getByLabel("Name", { exact: true }).fill("Two homes");
    await form.getByLabel("One part a line: factor, meter, channel").fill(`1 ${meterId(4)}\n1 ${meterId(5)}`);
    await form.getByLabel("Reason, kept with your name").fill("a total");
    await form.getByRole("button", { name: "Keep the formula" }).click();
    await page.getByRole("application", { name: /^Two homes/ }).waitFor();
  });

  const paths = (): string[] => [
    "/analysis/rules",
    rehearsed,
    "/analysis/estimation",
    "/analysis/losses",
    `/completeness?day=${troubleDay}&concentrator=direct`,
    "/bills",
    `/meters/${meterId(3)}?span=day&day=${troubleDay}&why=${encodeURIComponent(new Date(TROUBLE_MS + 50 * 900_000).toISOString())}`,
    `/usage-points/UP${stored.plan.meters[3]!.serial}`,
  ];

  it.each(["light", "dark"])("has no accessibility violation on any of these pages in the %s theme", async (theme) => {
    await open("/");
    await page.evaluate(`localStorage.setItem("amity-theme", "${theme}")`);
    for (const path of paths()) {
      await open(path);
      await page.getByRole("heading", { level: 1 }).waitFor();
      await page.waitForLoadState("networkidle").catch(() => undefined);
      await page.evaluate(axe);
      const found = await page.evaluate(async () => {
        const { axe: checker } = globalThis as unknown as {
          axe: { run(): Promise<{ violations: { id: string; nodes: { html: string }[] }[] }> };
        };
        return (await checker.run()).violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`);
      });
      expect(found, path).toEqual([]);
    }
  });

  it("fits a phone without scrolling sideways, and no script fails anywhere", async () => {
    await page.setViewportSize({ width: 390, height: 844 });
    for (const path of paths()) {
      await open(path);
      await page.getByRole("heading", { level: 1 }).waitFor();
      expect(await page.evaluate("document.documentElement.scrollWidth - innerWidth"), path).toBeLessThanOrEqual(0);
    }
    expect(errors).toEqual([]);
  });
});
