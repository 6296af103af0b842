import type { Page } from "playwright-core";
import type { Command } from "@amity/api";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ensureConsoleBuilt, loadStaticConsole } from "../src/http/index.ts";
import { findChromium, violations, withPage } from "./browser.ts";
import { openWireUtility, type WireUtility } from "./wire-utility/wire-utility.ts";

const executable = await findChromium();

describe.skipIf(executable === undefined)("the page of all commands in a real browser", () => {
  let wire: WireUtility;

  beforeAll(async () => {
    const files = await loadStaticConsole((await ensureConsoleBuilt()).folder);
    wire = await openWireUtility({ console: files, approvalFor: [] });
  }, 120_000);
  afterAll(() => wire.close());

  const walk = (work: (page: Page) => Promise<void>): Promise<void> => withPage(executable ?? "", work);

  /** Asks, and waits until nothing more will happen. */
  const order = async (meterId: string, kind: "ping" | "setClock"): Promise<void> => {
    const commandId = crypto.randomUUID();
    const headers = { "content-type": "application/json", "idempotency-key": commandId };
    const body = JSON.stringify({ commandId, meterId, control: { kind } });
    await fetch(`${wire.server.url}/api/v1/commands`, { method: "POST", headers, body });
    await expect.poll(() => wire.json<Command>(`/api/v1/commands/${commandId}`), { timeout: 30_000 }).toMatchObject({ state: "done" });
  };

  it("lists what was asked of every meter, narrows it, and leads to the meter", { timeout: 90_000 }, async () => {
    const [first = "", second = ""] = wire.plan.meters.map(({ meterId }) => meterId);
    await order(first, "ping");
    await order(second, "ping");
    await order(second, "setClock");
    await walk(async (page) => {
      await page.goto(wire.server.url);
      await page.getByRole("link", { name: "Commands", exact: true }).click();
      await page.getByText("3 commands", { exact: true }).first().waitFor();
      await page.getByRole("heading", { name: `Set clock ${second}` }).waitFor();
      await page.getByText("requested: setClock").waitFor();
      await page.getByLabel("Kind").selectOption("ping");
      await page.getByText("2 commands", { exact: true }).first().waitFor();
      expect(await violations(page)).toEqual([]);
      await page.getByLabel("State").selectOption("failed");
      await page.getByText("No command: they are asked for at the page of a meter.").waitFor();
      await page.getByRole("button", { name: "Clear" }).click();
      await page.getByLabel("From").fill("2031-01-01");
      await page.getByText("No command: they are asked for at the page of a meter.").waitFor();
      await page.getByLabel("From").fill("2020-01-01");
      const list = page.getByRole("list", { name: "Commands" });
      await list.getByRole("button", { name: new RegExp(`Ping.*${first}`) }).click();
      await page.getByRole("article").getByRole("link", { name: first }).click();
      await page.getByRole("heading", { level: 1 }).getByText(first).waitFor();
    });
  });
});
