import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ensureConsoleBuilt, loadStaticConsole } from "../src/http/index.ts";
import { findChromium, violations, withPage } from "./browser.ts";
import { openStoredUtility, type StoredUtility } from "./stored-utility/stored-utility.ts";

const executable = await findChromium();

describe.skipIf(executable === undefined)("decisions in a real browser, on a ledger in PostgreSQL", () => {
  let stored: StoredUtility;

  beforeAll(async () => {
    stored = await openStoredUtility({ console: await loadStaticConsole((await ensureConsoleBuilt()).folder) });
  });
  afterAll(() => stored.close());

  const walk = (work: (page: Page) => Promise<void>): Promise<void> =>
    withPage(executable ?? "", async (page) => {
      const failed: string[] = [];
      page.on("console", (message) => message.type() === "error" && failed.push(message.text()));
      await work(page);
      expect(failed).toEqual([]);
    });
  const openExceptions = async (): Promise<number> =>
    ((await stored.json("/api/v1/overview")) as { exceptions: { open: number } }).exceptions.open;

  it("goes from a cause to its preview, decides and undoes it, with keys alone", async () => {
    await walk(async (page) => {
      const before = await openExceptions();
      await page.goto(`${stored.server.url}/exceptions`);
      await page.getByRole("heading", { name: "Limit", level: 2 }).waitFor();
      await page.keyboard.press("j");
      await page.getByRole("heading", { name: "Gap", level: 2 }).waitFor();
      await page.keyboard.press("k");
      await page.getByRole("heading", { name: "Limit", level: 2 }).waitFor();
      await page.keyboard.press("a");
      const dialog = page.getByRole("dialog");
      await dialog.getByRole("heading", { name: "Accept as measured: 1 exception" }).waitFor();
      await dialog.getByRole("cell", { name: "issued" }).waitFor();
      expect(await dialog.getByRole("button", { name: "Decide" }).isDisabled()).toBe(true);
      await page.keyboard.type("the workshop was in use");
      await page.keyboard.press("Enter");
      await page.getByText("Accept as measured 1 exception: done. 1 bill made again.").waitFor();
      await expect.poll(openExceptions).toBe(before - 1);
      await page.keyboard.press("u");
      await page.getByRole("dialog").getByRole("cell", { name: "issued" }).waitFor();
      await page.keyboard.type("the wrong meter");
      await page.keyboard.press("Enter");
      await page.getByText(/^Undo .*: done\./).waitFor();
      await expect.poll(openExceptions).toBe(before);
      await page.getByRole("heading", { name: "Limit", level: 2 }).waitFor();
    });
  });

  it("edits intervals beside the present curve, waits above the limit, and is approved by somebody else", async () => {
    const meterId = stored.plan.meters[5]?.meterId ?? "";
    await walk(async (page) => {
      await page.goto(`${stored.server.url}/meters/${meterId}/edit?channel=1-0:1.8.0&from=2026-11-12T01:00:00Z&to=2026-11-12T03:00:00Z`);
      await page.getByText("8 intervals, times of Australia/Sydney").waitFor();
      await page.getByText("Set a value").click();
      await page.getByLabel("Each interval, Wh").fill("30000");
      await page.getByText("Needs a second person.").waitFor();
      await page.getByLabel("Reason").fill("read on site");
      await page.getByRole("button", { name: "Ask for approval" }).click();
      await page.getByRole("link", { name: "See what waits" }).click();
      const waiting = page.getByRole("article", { name: new RegExp(`Edit ${meterId}`) });
      await waiting.getByText("It is your own: somebody else approves it.").waitFor();
      expect(await waiting.getByRole("button", { name: "Approve" }).count()).toBe(0);
      await page.getByLabel("Who you are in this demo").selectOption("analyst");
      await waiting.getByLabel(/^Note on/).fill("the photo shows it");
      await waiting.getByRole("button", { name: "Approve" }).click();
      await page.getByText(/set each interval to 30000: done\./).waitFor();
      await page
        .getByRole("row", { name: /read on site/ })
        .getByRole("link", { name: "Versions of the day" })
        .click();
      await page.getByRole("row", { name: /operator approved by analyst.*read on site/ }).waitFor();
    });
  });

  it("types values one by one and scales nothing that it was not told to", async () => {
    const meterId = stored.plan.meters[6]?.meterId ?? "";
    await walk(async (page) => {
      await page.goto(`${stored.server.url}/meters/${meterId}/edit?channel=1-0:1.8.0&from=2026-11-13T01:00:00Z&to=2026-11-13T02:00:00Z`);
      await page.getByText("Each interval").first().click();
      await page.getByLabel("New value of Fri 13 Nov 12:15").fill("7");
      await page.getByText("1 on one day").waitFor();
      await page.getByLabel("Reason").fill("the display said so");
      await page.getByRole("button", { name: "Make the edit" }).click();
      await page.getByText(/set 1 values: done\./).waitFor();
      const path = `/api/v1/meters/${meterId}/intervals?from=2026-11-13T01:00:00Z&to=2026-11-13T02:00:00Z`;
      const { v, q } = await stored.json<{ v: number[]; q: number[] }>(path);
      expect(v[1]).toBe(7);
      expect(q.filter((quality) => quality === 3)).toHaveLength(1);
    });
  });

  it("assigns to oneself, and finds it again by that", async () => {
    await walk(async (page) => {
      await page.goto(`${stored.server.url}/exceptions`);
      await page.getByRole("heading", { name: "Limit", level: 2 }).waitFor();
      await page.getByRole("combobox", { name: "Assign", exact: true }).selectOption("operator");
      await page.getByRole("definition").filter({ hasText: "operator" }).waitFor();
      await page.getByLabel("Assigned to").selectOption("operator");
      await page.getByText("1 cause, 1 exception waits for a decision").waitFor();
    });
  });

  it.each(["light", "dark"])("has no accessibility violation on its pages in the %s theme", async (theme) => {
    const meterId = stored.plan.meters[3]?.meterId ?? "";
    await walk(async (page) => {
      await page.goto(stored.server.url);
      await page.evaluate(`localStorage.setItem("amity-theme", "${theme}")`);
      for (const path of [
        "/exceptions",
        "/exceptions?view=list",
        "/exceptions?view=decisions",
        `/meters/${meterId}/edit?from=2026-11-12T01:00:00Z&to=2026-11-12T03:00:00Z`,
        `/meters/${meterId}/versions?day=2026-11-12`,
      ]) {
        await page.goto(stored.server.url + path);
        await page.getByRole("heading", { level: 2 }).or(page.getByRole("application")).first().waitFor();
        expect(await violations(page), path).toEqual([]);
      }
      await page.goto(`${stored.server.url}/exceptions`);
      await page.getByRole("heading", { level: 2 }).first().waitFor();
      await page.keyboard.press("x");
      await page.getByRole("dialog").getByText("At stake").waitFor();
      expect(await violations(page), "dialog").toEqual([]);
    });
  });

  it("fits a phone without scrolling sideways", async () => {
    const meterId = stored.plan.meters[3]?.meterId ?? "";
    await walk(async (page) => {
      await page.setViewportSize({ width: 390, height: 844 });
      for (const path of ["/exceptions", "/exceptions?view=decisions", `/meters/${meterId}/edit`, `/meters/${meterId}/versions`]) {
        await page.goto(stored.server.url + path);
        await page.getByRole("heading", { level: 1 }).waitFor();
        expect(await page.evaluate("document.documentElement.scrollWidth - innerWidth"), path).toBeLessThanOrEqual(0);
      }
    });
  });
});
