import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Command, CommandsPage } from "@amity/api";
import { hashPassword } from "@amity/crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runAmity, type CommandResult } from "./running-command.ts";
import { openWireUtility, type WireUtility } from "./wire-utility/wire-utility.ts";

const CALENDAR = {
  name: "CLI 1",
  seasons: [{ name: "YEAR", month: 1, day: 1, week: "ALL" }],
  weeks: [{ name: "ALL", days: [1, 1, 1, 1, 1, 1, 1] }],
  days: [{ id: 1, switches: [{ at: "06:00", tariff: 2 }] }],
};

let folder: string;
let wire: WireUtility;
let meterId: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "amity-command-"));
  writeFileSync(join(folder, "calendar.json"), JSON.stringify(CALENDAR));
  wire = await openWireUtility({ approvalFor: ["disconnect"] });
  meterId = wire.plan.meters[0]?.meterId ?? "";
}, 120_000);
afterAll(async () => {
  await wire.close();
  rmSync(folder, { recursive: true, force: true });
});

const ask = (...args: readonly string[]): Promise<CommandResult> => runAmity([...args, "--url", wire.server.url]);
const json = <T>({ stdout }: CommandResult): T => JSON.parse(stdout) as T;
const meter = () => {
  const device = wire.fleet.device(meterId);
  device.advance();
  return device.meter;
};

describe("amity command, against a running utility", () => {
  it("limits a supply, tells each step, and exits 0 once it was read back", { timeout: 60_000 }, async () => {
    const { code, stdout, stderr } = await ask("command", meterId, "limit", "--watts", "3000", "--reason", "weak line");
    expect({ code, stderr }).toMatchObject({
      code: 0,
      stderr: expect.stringMatching(/requested: limit \(weak line\)[^]*read back: limit 3000 W/),
    });
    expect(stdout).toMatch(/Limit the supply to 3,000 W.* \(weak line\), asked by operator: done, read back/);
    expect(meter().configured("0-0:17.0.0", 4)).toBe("0600000bb8");
  });

  it("sends a calendar from a file, as JSON alone on stdout, the same command under the same id", { timeout: 60_000 }, async () => {
    const line = ["command", meterId, "tariff", "--calendar", join(folder, "calendar.json"), "--id", "cli-tariff", "--json"];
    const first = await ask(...line);
    expect(first.code).toBe(0);
    expect(json<Command>(first)).toMatchObject({
      commandId: "cli-tariff",
      state: "done",
      outcome: "read back: calendar CLI 1 is in force",
    });
    const again = await ask(...line);
    expect(json<Command>(again)).toMatchObject({ commandId: "cli-tariff", requestedAt: json<Command>(first).requestedAt });
    expect((await ask("command", meterId, "ping", "--id", "cli-tariff")).code).toBe(1);
  });

  it("only checks with --dry-run, and says why something would be refused", { timeout: 60_000 }, async () => {
    const fits = await ask("command", meterId, "message", "--text", "Hello", "--dry-run");
    expect(fits).toMatchObject({ code: 0, stdout: 'Show "Hello" on the customer\'s display: would be sent\n' });
    const gas = wire.plan.subMeters[0]?.meterId ?? "";
    const refused = await ask("command", gas, "limit", "--lift", "--dry-run", "--json");
    expect(refused.code).toBe(1);
    expect(json(refused)).toMatchObject({ error: { code: "not-supported", message: expect.stringContaining("cannot limit") } });
    const { items } = await wire.json<CommandsPage>(`/api/v1/commands?meterId=${gas}`);
    expect(items).toEqual([]);
  });

  it("exits 6 for what waits for a second person, who approves or refuses it by its id", { timeout: 90_000 }, async () => {
    for (const [id, verdict] of [
      ["cut-1", "refuse"],
      ["cut-2", "approve"],
    ] as const) {
      const asked = await ask("command", meterId, "disconnect", "--id", id, "--wait", "0");
      expect({ code: asked.code, stdout: asked.stdout }).toMatchObject({
        code: 6,
        stdout: expect.stringContaining("waits for a second person"),
      });
      expect((await ask("commands", "list", "--waiting")).stdout).toContain(id);
      const own = await ask("commands", "approve", id);
      expect(own).toMatchObject({ code: 1, stderr: expect.stringContaining("nobody approves his own command") });
      const said = await ask("commands", verdict, id, "--note", "seen on site", "--as", "supervisor", "--json");
      expect(said.code).toBe(0);
    }
    expect(json<Command>(await ask("commands", "show", "cut-1", "--json"))).toMatchObject({
      state: "cancelled",
      outcome: "cancelled by supervisor: seen on site",
    });
    const state = async (): Promise<string> => json<Command>(await ask("commands", "show", "cut-2", "--json")).state;
    await expect.poll(state, { timeout: 30_000, interval: 500 }).toBe("done");
    expect(meter().controlState).toBe("disconnected");
  });

  it("gives a meter new keys, under which it is read from then on", { timeout: 60_000 }, async () => {
    const other = wire.plan.meters[1]?.meterId ?? "";
    const before = await wire.utility.keys.secret({ owner: other, purpose: "guek" });
    const changed = await ask("command", other, "change-keys", "--by", "transfer", "--json");
    expect(json<Command>(changed)).toMatchObject({ state: "done", control: { kind: "changeKeys", by: "transfer" } });
    expect((await ask("command", other, "ping")).code).toBe(0);
    expect(await wire.utility.keys.secret({ owner: other, purpose: "guek" })).not.toEqual(before);
  });

  it("lists commands newest first, page by page", { timeout: 30_000 }, async () => {
    const first = json<CommandsPage>(await ask("commands", "list", "--meter", meterId, "--limit", "1", "--json"));
    expect(first.items.map(({ commandId }) => commandId)).toEqual(["cut-2"]);
    const second = await ask("commands", "list", "--meter", meterId, "--limit", "1", "--after", first.next ?? "");
    expect(second.stdout).toMatch(/^cut-1 .*cancelled by supervisor/);
  });
});

describe("amity command, used wrongly", () => {
  it.each([
    [["fly"], "fly is no command"],
    [["limit"], "limit takes --watts N, or --lift"],
    [["ping", "--watts", "5"], "ping takes no --watts"],
    [["limit", "--watts", "0"], "--watts"],
    [["change-keys", "--by", "post"], "--by"],
    [["token"], "--token"],
    [["read-profile", "--from", "yesterday"], '--from "yesterday" is no instant'],
    [["tariff", "--calendar", "/no/such.json"], "/no/such.json cannot be read"],
    [["ping", "--user", "anna"], "--user and --password-file go together"],
  ])("exits 2 and says what is wrong with %j", async (args, words) => {
    const { code, stderr } = await ask("command", meterId, ...args);
    expect({ code, stderr }).toMatchObject({ code: 2, stderr: expect.stringContaining(words) });
  });

  it("exits 1 and says so where nobody answers", async () => {
    const { code, stderr } = await runAmity(["command", "M1", "ping", "--url", "http://127.0.0.1:9"]);
    expect({ code, stderr }).toMatchObject({ code: 1, stderr: expect.stringContaining("nobody answers at http://127.0.0.1:9") });
  });
});

describe("amity command, where people sign in", () => {
  it("lets those ask who may, and nobody without a password", { timeout: 120_000 }, async () => {
    const passwordHash = hashPassword("correct horse");
    const users = [
      { name: "anna", role: "operator", passwordHash },
      { name: "vera", role: "viewer", passwordHash },
    ] as const;
    const locked = await openWireUtility({ users });
    const [home] = locked.plan.meters;
    const ping = (args: readonly string[], password?: string): Promise<CommandResult> =>
      runAmity(["command", home?.meterId ?? "", "ping", "--url", locked.server.url, ...args], password);
    try {
      expect(await ping([])).toMatchObject({ code: 1, stderr: expect.stringContaining("--user NAME --password-file FILE signs in") });
      const as = (name: string) => ["--user", name, "--password-file", "-"];
      expect(await ping(as("anna"), "wrong")).toMatchObject({ code: 1, stderr: expect.stringContaining("password is wrong") });
      expect(await ping(as("vera"), "correct horse\n")).toMatchObject({ code: 1, stderr: expect.stringContaining("role viewer") });
      expect(await ping(as("anna"), "correct horse\n")).toMatchObject({ code: 0, stdout: expect.stringContaining("asked by anna: done") });
    } finally {
      await locked.close();
    }
  });
});
