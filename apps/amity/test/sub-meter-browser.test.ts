import type { Page } from "playwright-core";
import { toHex } from "@amity/bytes";
import { addressText } from "@amity/mbus";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ensureConsoleBuilt, loadStaticConsole } from "../src/http/index.ts";
import { findChromium, violations, withPage } from "./browser.ts";
import { openWireUtility, type WireUtility } from "./wire-utility/wire-utility.ts";

const HOUR_MS = 3_600_000;
const executable = await findChromium();

describe.skipIf(executable === undefined)("gas, water and heat meters in a real browser", () => {
  let wire: WireUtility;

  beforeAll(async () => {
    wire = await openWireUtility({
      console: await loadStaticConsole((await ensureConsoleBuilt()).folder),
      before: (fleet, plan) =>
        fleet.happenToSubMeters(
          plan.subMeters.filter(({ medium }) => medium === "water").map(({ meterId }) => meterId),
          (atMs) => ({ kind: "batteryLow", atMs: atMs - 3 * HOUR_MS }),
        ),
    });
  }, 120_000);
  afterAll(() => wire.close());

  const walk = (work: (page: Page) => Promise<void>): Promise<void> => withPage(executable ?? "", work);
  const behind = (medium: string, hasValve: boolean) =>
    wire.plan.subMeters.find((meter) => meter.medium === medium && meter.reach.kind === "channel" && meter.hasValve === hasValve);

  it("tell how they are reached, close their valve through the gate, and show what it says then", { timeout: 90_000 }, async () => {
    const gas = behind("gas", true);
    const meterId = gas?.meterId ?? "";
    await walk(async (page) => {
      await page.goto(`${wire.server.url}/meters/${meterId}`);
      const facts = page.getByLabel("At a glance");
      await facts.getByRole("link", { name: gas?.homeMeterId ?? "" }).waitFor();
      await page.getByRole("button", { name: "Close valve" }).click();
      await page.getByText("The home behind this meter is without gas at once.").waitFor();
      await page.getByLabel(/^Type/).fill(meterId);
      await page.getByRole("button", { name: "Disconnect", exact: true }).click();
      await page.getByText(/Close the valve: Done/).waitFor({ timeout: 30_000 });
      await facts.getByText("closed").waitFor();
    });
    expect(wire.fleet.subMeter(meterId).meter.valve.state).toBe("disconnected");
  });

  it("without a valve offer none, and tell their battery on their page and at their place", { timeout: 90_000 }, async () => {
    const water = behind("water", false);
    const home = wire.plan.meters.find(({ meterId }) => meterId === water?.homeMeterId);
    const conditions = async (): Promise<number> =>
      (await wire.json<{ conditions: unknown[] }>(`/api/v1/meters/${water?.meterId}`)).conditions.length;
    await expect.poll(conditions, { timeout: 60_000 }).toBe(1);
    await walk(async (page) => {
      await page.goto(`${wire.server.url}/meters/${water?.meterId}`);
      await page.getByLabel("What the meter says is wrong").getByText("Battery low").waitFor();
      await page.getByText("none that can be switched from here").waitFor();
      expect(await page.getByRole("button", { name: /valve/ }).count()).toBe(0);
      await page.goto(`${wire.server.url}/usage-points/UP${home?.serial}`);
      const trouble = page.getByRole("region", { name: "At this place" });
      await trouble.getByRole("link", { name: water?.meterId ?? "" }).waitFor();
      await trouble.getByText("Battery low").waitFor();
      expect(await violations(page)).toEqual([]);
    });
  });

  it("that are heard and registered nowhere are bound from the list, their key sealed", { timeout: 120_000 }, async () => {
    const stranger = wire.stranger;
    const address = stranger === undefined ? "" : addressText(stranger.address);
    const heard = async (): Promise<string[]> =>
      (await wire.json<{ items: { address: string }[] }>("/api/v1/wireless-strangers")).items.map((one) => one.address);
    await expect.poll(heard, { timeout: 90_000, interval: 1_000 }).toEqual([address]);
    await walk(async (page) => {
      await page.goto(`${wire.server.url}/meters`);
      await page.getByRole("link", { name: "1 wireless meter is heard and not registered" }).click();
      await page.getByRole("button", { name: `Bind ${address}` }).click();
      const dialog = page.getByRole("dialog");
      await dialog.getByLabel("Meter id").fill("BOUND-1");
      await dialog.getByLabel(/^Usage point/).fill("UP-BOUND-1");
      await dialog.getByLabel(/^Key/).fill(toHex(wire.fleet.subMeterKeys(stranger?.meterId ?? "").userKey));
      expect(await violations(page)).toEqual([]);
      await dialog.getByRole("button", { name: /^Bind to/ }).click();
      await page.getByRole("link", { name: "BOUND-1" }).click();
      await page.getByLabel("At a glance").getByText(address).waitFor();
    });
    await expect.poll(heard, { timeout: 30_000 }).toEqual([]);
    expect(await wire.utility.keys.has({ owner: "BOUND-1", purpose: "mbus" })).toBe(true);
  });

  it.each(["light", "dark"])(
    "have pages without accessibility violations that fit a phone in the %s theme",
    { timeout: 90_000 },
    async (theme) => {
      const heat = wire.plan.subMeters.find(({ medium }) => medium === "heat")?.meterId ?? "";
      await walk(async (page) => {
        await page.goto(wire.server.url);
        await page.evaluate(`localStorage.setItem("amity-theme", "${theme}")`);
        await page.setViewportSize({ width: 390, height: 844 });
        for (const path of [`/meters/${behind("gas", true)?.meterId}`, `/meters/${heat}`, "/meters/heard"]) {
          await page.goto(wire.server.url + path);
          await page.getByRole("heading", { level: 1 }).waitFor();
          expect(await violations(page), path).toEqual([]);
          expect(await page.evaluate("document.documentElement.scrollWidth - innerWidth"), path).toBeLessThanOrEqual(0);
        }
      });
    },
  );
});
