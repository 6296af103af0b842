import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { findChromium, withPage } from "./browser.ts";
import { startProgram, type RunningProgram } from "./running-program.ts";

const executable = await findChromium();
if (executable === undefined) console.warn("no Chromium here: the tests in a real browser are skipped");

describe.skipIf(executable === undefined)("the console in a real browser", () => {
  let data = "";
  let program: RunningProgram;

  beforeAll(async () => {
    data = await mkdtemp(join(tmpdir(), "amity-browser-"));
    // An unprivileged database server must be able to pass.
    await chmod(data, 0o755);
    program = await startProgram(["--meters", "90", "--history", "2", "--data", data]);
    await program.until(({ event, percent }) => event === "backfill" && Number(percent) >= 60);
  });
  afterAll(async () => {
    await program?.end("SIGTERM");
    await rm(data, { recursive: true, force: true });
  });

  it("opens by itself on loopback, says that it is simulated, and shows a live value that changes", async () => {
    await withPage(executable ?? "", async (page) => {
      await page.goto(program.url);
      await page.getByText("Simulated", { exact: false }).first().waitFor();
      const clock = page.locator("header time").first();
      const first = await clock.textContent();
      await expect.poll(() => clock.textContent(), { timeout: 10_000 }).not.toBe(first);
      expect(await page.getByText("Meters reporting").isVisible()).toBe(true);
    });
  });

  it("opens a meter: chart with its table, timeline, and the decoded messages of the last session", async () => {
    await withPage(executable ?? "", async (page) => {
      await page.goto(`${program.url}/meters?concentrator=direct`);
      const link = page.getByRole("link", { name: /^AMTY\d+$/ }).first();
      await link.waitFor();
      const meterId = (await link.textContent()) ?? "";
      await link.click();
      await page.getByRole("heading", { name: meterId }).waitFor();
      await page.getByRole("button", { name: /^Reads/ }).click();
      await page.locator("text=/Load profile read/ >> visible=true").first().waitFor();
      await page.locator("text=/get-request|aarq/i >> visible=true").first().waitFor();
    });
  });

  it("cuts a feeder and sees the outage, then restores it", async () => {
    await withPage(executable ?? "", async (page) => {
      await page.goto(program.url);
      await page.getByRole("button", { name: /Cut feeder Harbour/ }).click();
      await page.getByRole("dialog").getByRole("button", { name: "Cut feeder" }).click();
      const row = page.locator("tr", { hasText: "Harbour" });
      await row.getByText(/^Out/).waitFor();
      await expect.poll(async () => (await overview(program.url)).meters.outage, { timeout: 30_000 }).toBeGreaterThan(0);
      await row.getByRole("button", { name: "Restore" }).click();
      await expect
        .poll(async () => (await overview(program.url)).feeders.every(({ state }) => state === "live"), { timeout: 30_000 })
        .toBe(true);
      await expect.poll(async () => (await overview(program.url)).meters.outage, { timeout: 60_000 }).toBe(0);
    });
  });
});

async function overview(url: string): Promise<{ meters: { outage: number }; feeders: { state: string }[] }> {
  return (await (await fetch(`${url}/api/v1/overview`)).json()) as { meters: { outage: number }; feeders: { state: string }[] };
}
