import type { Locator, Page } from "playwright-core";
import type { Command, CommandsPage } from "@amity/api";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ensureConsoleBuilt, loadStaticConsole } from "../src/http/index.ts";
import { findChromium, violations, withPage } from "./browser.ts";
import { openWireUtility, type WireUtility } from "./wire-utility/wire-utility.ts";

const executable = await findChromium();

describe.skipIf(executable === undefined)("commands in a real browser, to meters on real sockets", () => {
  let wire: WireUtility;

  beforeAll(async () => {
    const files = await loadStaticConsole((await ensureConsoleBuilt()).folder);
    wire = await openWireUtility({ console: files, approvalFor: ["limit"] });
  }, 120_000);
  afterAll(() => wire.close());

  const walk = (work: (page: Page) => Promise<void>): Promise<void> => withPage(executable ?? "", work);
  const meterOf = (home: number): string => wire.plan.meters[home]?.meterId ?? "";
  const truthOf = (meterId: string) => {
    const device = wire.fleet.device(meterId);
    device.advance();
    return device.meter;
  };
  const choose = async (page: Page, kind: string): Promise<Locator> => {
    await page.locator("summary", { hasText: "More commands" }).click();
    await page.getByRole("button", { name: kind, exact: true }).click();
    return page.getByRole("dialog");
  };
  const last = async (meterId: string): Promise<Command | undefined> =>
    (await wire.json<CommandsPage>(`/api/v1/commands?meterId=${meterId}`)).items[0];

  it("limits a supply only once a second person approved it, and reads the limit back", { timeout: 90_000 }, async () => {
    const meterId = meterOf(0);
    await walk(async (page) => {
      await page.goto(`${wire.server.url}/meters/${meterId}`);
      const dialog = await choose(page, "Limit");
      await dialog.getByLabel("At most, W").fill("2000");
      await dialog.getByText("Limit the supply to 2,000 W; more than that for 60 s disconnects it.").waitFor();
      await dialog.getByText("Needs a second person.").waitFor();
      expect(await dialog.getByRole("button", { name: "Ask for approval" }).isDisabled()).toBe(true);
      await dialog.getByLabel("Reason").fill("the service line is weak");
      await page.keyboard.press("Enter");
      await page.getByText(/: Waits for a second person$/).waitFor();
      expect(await last(meterId)).toMatchObject({ state: "waiting", reason: "the service line is weak", approval: {} });
      await page.getByRole("link", { name: "What waits for a second person" }).click();
      const waiting = page.getByRole("article", { name: `Limit ${meterId}` });
      await waiting.getByText("It is your own: somebody else approves it.").waitFor();
      await waiting.getByText("Reason: the service line is weak").waitFor();
      expect(await violations(page)).toEqual([]);
      await page.getByLabel("Who you are in this demo").selectOption("supervisor");
      await waiting.getByLabel(/^Note on/).fill("seen on site");
      await waiting.getByRole("button", { name: "Approve and send" }).click();
      await expect.poll(async () => (await last(meterId))?.state, { timeout: 30_000 }).toBe("done");
      await page.goto(`${wire.server.url}/meters/${meterId}`);
      await page
        .getByText(/read back: limit 2000 W/)
        .first()
        .waitFor();
    });
    expect(await last(meterId)).toMatchObject({ approval: { by: "supervisor", note: "seen on site" } });
    // Class 71, attribute 4: double-long-unsigned.
    expect(truthOf(meterId).configured("0-0:17.0.0", 4)).toBe("06000007d0");
  });

  it("sends a tariff calendar that was changed by hand, by keys alone from the menu on", { timeout: 90_000 }, async () => {
    const meterId = meterOf(1);
    await walk(async (page) => {
      await page.goto(`${wire.server.url}/meters/${meterId}`);
      const menu = page.locator("summary", { hasText: "More commands" });
      await menu.focus();
      await page.keyboard.press("Enter");
      for (let tabs = 0; tabs < 10 && (await focused(page)) !== "Tariff calendar"; tabs++) await page.keyboard.press("Tab");
      await page.keyboard.press("Enter");
      const dialog = page.getByRole("dialog");
      await dialog.getByLabel("Begin with").selectOption({ label: "Peak on working days" });
      await dialog.getByLabel("Name of the calendar").fill("HAND 1");
      await dialog.getByLabel("Day 1, switch 2: from").fill("17:00");
      await dialog.getByText("Weeks, seasons and special days").click();
      await dialog.getByLabel("Date").first().fill("05-01");
      await dialog.getByText('Count by the calendar "HAND 1" at once.').waitFor();
      expect(await violations(page)).toEqual([]);
      await dialog.getByLabel("Reason").focus();
      await page.keyboard.press("Enter");
      await page.getByText("read back: calendar HAND 1 is in force").first().waitFor();
      expect(await focused(page)).toBe("More commands");
    });
    const name = truthOf(meterId).configured("0-0:13.0.0", 2) ?? "";
    expect(Buffer.from(name, "hex").subarray(2).toString()).toBe("HAND 1");
    expect((await last(meterId))?.control).toMatchObject({ calendar: { specialDays: [{ date: "05-01", day: 2 }, { date: "12-25" }] } });
  });

  it("says in the head-end's own words why a command is refused, before it is sent", async () => {
    const meterId = meterOf(2);
    await walk(async (page) => {
      await page.goto(`${wire.server.url}/meters/${meterId}`);
      const dialog = await choose(page, "Tariff calendar");
      await dialog.getByLabel("Begin with").selectOption({ label: "Peak on working days" });
      await dialog.getByRole("button", { name: "Remove day 2" }).click();
      await dialog.getByText("week ALL needs seven days that are there.").waitFor();
      expect(await dialog.getByRole("button", { name: "Send calendar" }).isDisabled()).toBe(true);
      await page.keyboard.press("Escape");
      await dialog.waitFor({ state: "detached" });
    });
    expect(await last(meterId)).toBeUndefined();
  });

  it("brings a message, and lists each step that led there", { timeout: 60_000 }, async () => {
    const meterId = meterOf(2);
    await walk(async (page) => {
      await page.goto(`${wire.server.url}/meters/${meterId}`);
      const dialog = await choose(page, "Message");
      await dialog.getByLabel("Text").fill("Work on your line on Friday");
      await dialog.getByRole("button", { name: "Send message" }).click();
      await page.getByText("read back: the message is in the meter").first().waitFor();
      await page.getByText("Each step").click();
      await page.getByRole("listitem").filter({ hasText: "requested: message" }).waitFor();
    });
  });

  it("offers a meter behind another what that can do", async () => {
    const gas = wire.plan.subMeters.find(({ medium }) => medium === "gas")?.meterId ?? "";
    await walk(async (page) => {
      await page.goto(`${wire.server.url}/meters/${gas}`);
      await page.getByRole("button", { name: "Read registers" }).waitFor();
      expect(await page.getByRole("button", { name: "Ping" }).count()).toBe(0);
      await page.locator("summary", { hasText: "More commands" }).click();
      expect(await page.locator(".menu li").allInnerTexts()).toEqual(["Read profile"]);
    });
  });

  it.each(["light", "dark"])(
    "has no accessibility violation and fits a phone in the %s theme, form by form",
    { timeout: 90_000 },
    async (theme) => {
      await walk(async (page) => {
        await page.goto(wire.server.url);
        await page.evaluate(`localStorage.setItem("amity-theme", "${theme}")`);
        await page.setViewportSize({ width: 390, height: 844 });
        await page.goto(`${wire.server.url}/meters/${meterOf(3)}`);
        for (const kind of [
          "Limit",
          "Message",
          "Read profile",
          "Set clock",
          "Tariff calendar",
          "Change keys",
          "Renew certificate",
          "Reset demand",
          "Prepayment token",
        ]) {
          const dialog = await choose(page, kind);
          await dialog.getByRole("heading", { name: kind }).waitFor();
          if (kind === "Limit") await dialog.getByLabel("At most, W").fill("500");
          if (kind === "Prepayment token") await dialog.getByLabel(/^Token/).fill("0000 1111 2222 3333");
          await dialog.getByText("Sent once, then read back").waitFor();
          for (const parts of await dialog.locator("details > summary").all()) await parts.click();
          expect(await violations(page), kind).toEqual([]);
          for (const element of ["document.documentElement", "document.querySelector('dialog[open]')"])
            expect(await page.evaluate(`${element}.scrollWidth - ${element}.clientWidth`), kind).toBeLessThanOrEqual(0);
          await page.keyboard.press("Escape");
          await dialog.waitFor({ state: "detached" });
        }
      });
    },
  );
});

/** The words of what has the focus. */
function focused(page: Page): Promise<unknown> {
  return page.evaluate("document.activeElement?.textContent");
}
