import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { BrowserContext, Page } from "playwright-core";
import { Registry } from "prom-client";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { realTimers, scaledClock, silentLog } from "@amity/runtime";
import { createHttpApp, ensureConsoleBuilt, loadStaticConsole, planAccess, startHttpServer, type HttpServer } from "../src/http/index.ts";
import { createFixtureUtility } from "./fixture-utility/utility.ts";

/** An installed chromium, else the one of `@sparticuz/chromium`; undefined where neither starts here. */
async function chromiumPath(): Promise<string | undefined> {
  const installed = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find((path) => existsSync(path));
  if (installed !== undefined) return installed;
  const packaged = await import("@sparticuz/chromium").catch(() => undefined);
  return packaged?.default.executablePath().catch(() => undefined);
}

const executablePath = await chromiumPath();
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];
const PAGES = ["/", "/meters", "/exceptions", "/bills", "/completeness"];

describe.skipIf(executablePath === undefined)("the console in a browser, on fixture data", () => {
  const profile = mkdtempSync(join(tmpdir(), "amity-console-"));
  const errors: string[] = [];
  let server: HttpServer;
  let context: BrowserContext;
  let page: Page;
  let ticking: NodeJS.Timeout;

  beforeAll(async () => {
    const clock = scaledClock(realTimers, { speed: 300, startMs: Date.UTC(2026, 10, 21, 6, 42) });
    const utility = createFixtureUtility({ clock, timers: realTimers }, { meters: 240 });
    const files = await loadStaticConsole((await ensureConsoleBuilt()).folder);
    const plan = planAccess({ host: "127.0.0.1", users: 0, demo: true });
    server = await startHttpServer(
      createHttpApp({
        utility,
        world: { clock, timers: realTimers },
        log: silentLog,
        users: [],
        plan,
        metrics: new Registry(),
        console: files,
      }),
      { host: "127.0.0.1", port: 0 },
    );
    ticking = setInterval(() => utility.tick(), 400);
    const { chromium } = await import("playwright-core");
    context = await chromium.launchPersistentContext(profile, {
      executablePath: executablePath!,
      headless: true,
      args: FLAGS,
      viewport: { width: 1280, height: 860 },
    });
    page = context.pages()[0] ?? (await context.newPage());
    page.on("pageerror", (error) => errors.push(error.message));
    page.on("console", (message) => {
      if (message.type() === "error") errors.push(message.text());
    });
  });

  afterAll(async () => {
    clearInterval(ticking);
    await context?.close();
    await server?.close();
    rmSync(profile, { recursive: true, force: true });
  });

  it("shows a load that changes by itself", async () => {
    await page.goto(server.url);
    const figure = page.locator("[data-live=load]");
    const before = await figure.innerText();
    await expect.poll(() => figure.innerText(), { timeout: 20_000 }).not.toBe(before);
    expect(await page.getByText("Simulated").count()).toBeGreaterThan(0);
  });

  it("cuts a feeder, shows the outage, and restores it", async () => {
    await page.goto(server.url);
    await page.getByRole("button", { name: "Cut feeder Orchard" }).click();
    await page.getByRole("button", { name: "Cut feeder", exact: true }).click();
    const row = page.locator("tr[data-out=true]");
    await row.waitFor();
    expect(await row.innerText()).toContain("Orchard");
    await expect.poll(() => page.locator(".notices").innerText(), { timeout: 10_000 }).toContain("Orchard is out");
    await row.getByRole("button", { name: "Restore" }).click();
    await row.waitFor({ state: "detached" });
  });

  it("opens a meter from the list by keys, and switches its supply only after its id is typed", async () => {
    await page.goto(`${server.url}/meters`);
    await page.locator("[data-index='0']").focus();
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("Enter");
    await page.waitForURL(/\/meters\/AMTY/);
    const id = new URL(page.url()).pathname.split("/").at(-1)!;
    await page.getByRole("button", { name: "Disconnect supply" }).click();
    const confirm = page.getByRole("button", { name: "Disconnect", exact: true });
    expect(await confirm.isDisabled()).toBe(true);
    await page.getByLabel(/^Type/).fill(id);
    await confirm.click();
    await page.getByText("Output state read back: disconnected").first().waitFor();
  });

  it("speaks the chart's values along the arrow keys", async () => {
    await page.goto(`${server.url}/bills`);
    const chart = page.getByRole("application").first();
    await chart.focus();
    await page.keyboard.press("Home");
    await page.keyboard.press("ArrowRight");
    await expect.poll(() => page.locator(".plot-readout").first().innerText()).toMatch(/\d\d:\d\d–\d\d:\d\d: .*Wh, measured|no value/);
  });

  it("saves the readings that a meter's page shows as a file, on a phone too", async () => {
    await page.goto(server.url);
    const meter = await page.evaluate(
      async () => ((await (await fetch("/api/v1/meters?limit=1")).json()) as { items: { id: string }[] }).items[0]!.id,
    );
    await page.goto(`${server.url}/meters/${meter}`);
    await page.getByLabel("Download").selectOption("espi");
    await page.setViewportSize({ width: 390, height: 844 });
    expect(await page.evaluate("document.documentElement.scrollWidth - innerWidth")).toBeLessThanOrEqual(0);
    const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("link", { name: "Save" }).click()]);
    expect(download.suggestedFilename()).toContain(meter);
    expect(readFileSync(await download.path(), "utf8")).toContain("<IntervalBlock");
    await page.setViewportSize({ width: 1280, height: 860 });
  });

  it.each(["light", "dark"])("has no accessibility violation on any page in the %s theme", async (theme) => {
    await page.goto(server.url);
    await page.evaluate(`localStorage.setItem("amity-theme", "${theme}")`);
    const meter = await page.evaluate(
      async () => ((await (await fetch("/api/v1/meters?limit=1")).json()) as { items: { id: string }[] }).items[0]!.id,
    );
    for (const path of [...PAGES, `/meters/${meter}`]) {
      await page.goto(server.url + path);
      await page.getByRole("heading", { level: 1 }).waitFor();
      await page.waitForLoadState("load");
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

  it("fits a phone without scrolling sideways, and logs no error anywhere", async () => {
    await page.setViewportSize({ width: 390, height: 844 });
    for (const path of PAGES) {
      await page.goto(server.url + path);
      await page.getByRole("heading", { level: 1 }).waitFor();
      expect(await page.evaluate("document.documentElement.scrollWidth - innerWidth"), path).toBeLessThanOrEqual(0);
    }
    expect(errors).toEqual([]);
  });
});
