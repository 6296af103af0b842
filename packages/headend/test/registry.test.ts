import { realTimers, seededRandom } from "@amity/runtime";
import { migrate, openScratchStore, type ScratchStore } from "@amity/store";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import {
  counterStoreOn,
  firmwareOf,
  headEndMigrations,
  memoryCounterStore,
  memoryRegistry,
  memorySealedStore,
  sealedKeyVault,
  sealedStoreOn,
  storeRegistry,
  type CommandQuery,
  type CommandRecord,
  type CounterStore,
  type Device,
  type Registry,
  type SealedStore,
} from "../src/index.ts";

interface Backend {
  readonly registry: Registry;
  readonly counters: CounterStore;
  readonly secrets: SealedStore;
}

const direct = (meterId: string): Device => ({
  meterId,
  protocol: "dlms",
  route: { kind: "direct", address: { host: "127.0.0.1", port: 4059 } },
  settings: { readClient: 2, readAuth: "lls", flag: true },
  status: "active",
});
const relayed = (meterId: string): Device => ({
  ...direct(meterId),
  route: { kind: "concentrator", concentratorId: "C1", meterAddress: "17" },
  settings: {},
});
const nothing = { coverage: [], health: [], events: [] };

function command(commandId: string, requestedAtMs: number, meterId = "M1"): CommandRecord {
  const request = {
    commandId,
    meterId,
    control: { kind: "disconnect" } as const,
    requestedBy: "anna",
    requestedAtMs,
    expiresAtMs: requestedAtMs + 1e6,
  };
  return { request, state: "waiting", changedAtMs: requestedAtMs, outcome: undefined, attempts: 0 };
}
const audit = (commandId: string, note: string) => ({ commandId, atMs: 5, state: "waiting" as const, by: "anna", note });

function contract(backend: () => Backend): void {
  it("lists commands by kind and by when they were asked for", async () => {
    const { registry } = backend();
    for (const [index, kind] of (["ping", "disconnect", "ping"] as const).entries()) {
      const record = command(`K${index}`, 1_000 * (index + 1));
      await registry.addCommand({ ...record, request: { ...record.request, control: { kind } } }, audit(`K${index}`, "asked"));
    }
    const idsOf = async (query: Omit<CommandQuery, "limit">): Promise<string[]> =>
      (await registry.commands({ ...query, limit: 1 })).items.map(({ request }) => request.commandId);
    expect(await idsOf({ kind: "ping" })).toEqual(["K2"]);
    expect(await idsOf({ kind: "disconnect", fromMs: 2_000, toMs: 2_001 })).toEqual(["K1"]);
    expect(await idsOf({ kind: "disconnect", toMs: 2_000 })).toEqual([]);
    const first = await registry.commands({ kind: "ping", limit: 1 });
    expect((await registry.commands({ kind: "ping", limit: 1, cursor: first.next ?? "" })).items[0]?.request.commandId).toBe("K0");
  });

  it("keeps a firmware image under its identification, and gives that to no other", async () => {
    const { registry } = backend();
    const octets = Uint8Array.from({ length: 300 }, (_, index) => index & 0xff);
    const image = firmwareOf({ identification: "AMT-1", octets, signature: "AB12", note: "for all" }, { by: "anna", atMs: 5 });
    expect(await registry.addFirmware(image)).toBe("added");
    expect(await registry.addFirmware({ ...image, addedBy: "ben", addedAtMs: 6 })).toBe("known");
    const other = firmwareOf({ identification: "AMT-1", octets: octets.slice(1) }, { by: "anna", atMs: 7 });
    expect(await registry.addFirmware(other)).toBe("different");
    const second = firmwareOf({ identification: "0x0102", firmware: "two", octets }, { by: "ben", atMs: 9 });
    expect(await registry.addFirmware(second)).toBe("added");
    const kept = await registry.firmware("AMT-1");
    expect({ ...kept, octets: [...(kept?.octets ?? [])] }).toEqual({ ...image, octets: [...octets] });
    expect(await registry.firmware("AMT-2")).toBeUndefined();
    const { octets: _first, ...entry } = image;
    const { octets: _second, ...newest } = second;
    expect(await registry.firmwares()).toEqual([newest, entry]);
  });

  it("gives devices back as they were registered, by both kinds of route", async () => {
    const { registry } = backend();
    await registry.registerDevices([direct("M1"), relayed("M2")]);
    expect((await registry.device("M1"))?.device).toEqual(direct("M1"));
    expect((await registry.device("M2"))?.device).toEqual(relayed("M2"));
    expect(await registry.device("M3")).toBeUndefined();
    expect((await registry.device("M1"))?.health).toEqual((await registry.device("M2"))?.health);
  });

  it("gives routes of every kind back, and finds what hangs behind a meter or is heard by a concentrator", async () => {
    const { registry } = backend();
    const routes: Device["route"][] = [
      { kind: "behind", hostMeterId: "M1", channel: 2 },
      { kind: "listen", address: { host: "10.0.0.9", port: 8088 } },
      { kind: "wireless", concentratorId: "C1", address: "KAM-76348799-1b-16" },
    ];
    const devices = routes.map((route, index): Device => ({ ...direct(`S${index}`), route }));
    await registry.registerDevices([direct("M1"), ...devices]);
    for (const device of devices) expect((await registry.device(device.meterId))?.device).toEqual(device);
    const ids = async (query: Omit<Parameters<Registry["devices"]>[0], "limit">) =>
      (await registry.devices({ limit: 10, ...query })).items.map(({ device }) => device.meterId);
    expect(await ids({ hostMeterId: "M1" })).toEqual(["S0"]);
    expect(await ids({ concentratorId: "C1" })).toEqual(["S2"]);
  });

  it("keeps a device's health when it is registered anew", async () => {
    const { registry } = backend();
    await registry.registerDevices([direct("M1")]);
    await registry.recordCollection(
      { ...nothing, health: [{ meterId: "M1", change: { lastSeenMs: 77, lastError: { atMs: 1, code: "timeout", message: "x" } } }] },
      80,
    );
    await registry.recordCollection({ ...nothing, health: [{ meterId: "M1", change: { lastError: undefined, firmware: "1.2" } }] }, 81);
    await registry.registerDevices([relayed("M1")]);
    const record = await registry.device("M1");
    expect(record?.device.route.kind).toBe("concentrator");
    expect(record?.health).toMatchObject({ lastSeenMs: 77, lastError: undefined, firmware: "1.2", consecutiveFailures: 0 });
  });

  it("pages through devices by id and by last seen, with filters", async () => {
    const { registry } = backend();
    const ids = Array.from({ length: 25 }, (_, index) => `M${String(index).padStart(2, "0")}`);
    await registry.registerDevices(ids.map((id, index) => (index % 5 === 0 ? relayed(id) : direct(id))));
    await registry.recordCollection(
      {
        ...nothing,
        health: ids.map((meterId, index) => ({ meterId, change: { lastSeenMs: (index * 7) % 25, consecutiveFailures: index % 2 } })),
      },
      1,
    );
    const all = async (query: Omit<Parameters<Registry["devices"]>[0], "limit">): Promise<string[]> => {
      const found: string[] = [];
      let cursor: string | undefined;
      do {
        const page = await registry.devices({ ...query, limit: 4, ...(cursor === undefined ? {} : { cursor }) });
        found.push(...page.items.map(({ device }) => device.meterId));
        cursor = page.next;
      } while (cursor !== undefined);
      return found;
    };
    expect(await all({})).toEqual(ids);
    const bySeen = ids.toSorted((left, right) => ((ids.indexOf(left) * 7) % 25) - ((ids.indexOf(right) * 7) % 25));
    expect(await all({ sort: "lastSeen" })).toEqual(bySeen);
    expect(await all({ sort: "-lastSeen" })).toEqual(bySeen.toReversed());
    expect(await all({ concentratorId: "C1" })).toEqual(ids.filter((_, index) => index % 5 === 0));
    expect(await all({ failing: true })).toEqual(ids.filter((_, index) => index % 2 === 1));
    expect(await all({ text: "m1" })).toEqual(ids.filter((id) => id.startsWith("M1")));
    await expect(registry.devices({ limit: 4, cursor: "nonsense" })).rejects.toMatchObject({ code: "bad-cursor" });
  });

  it("leaves suspended devices out of collection", async () => {
    const { registry } = backend();
    await registry.registerDevices([direct("M1"), direct("M2")]);
    expect(await registry.setDeviceStatus("M1", "suspended")).toBe(true);
    expect(await registry.setDeviceStatus("M9", "suspended")).toBe(false);
    expect((await registry.activeDevices()).map(({ device }) => device.meterId)).toEqual(["M2"]);
  });

  it("replaces coverage and tells new events once, in order", async () => {
    const { registry } = backend();
    await registry.registerDevices([direct("M1")]);
    const event = (atMs: number) => ({ meterId: "M1", atMs, kind: "coverOpened" as const, log: "0-0:99.98.1", code: 40 });
    const coverage = [
      {
        meterId: "M1",
        profile: "p",
        covered: [
          { fromMs: 0, toMs: 900 },
          { fromMs: 1800, toMs: 2700 },
        ],
      },
    ];
    const first = await registry.recordCollection({ coverage, health: [], events: [event(1), { ...event(2), detail: "x" }] }, 10);
    expect(first.map(({ event: { atMs } }) => atMs)).toEqual([1, 2]);
    const second = await registry.recordCollection(
      { coverage: [{ meterId: "M1", profile: "p", covered: [{ fromMs: 0, toMs: 2700 }] }], health: [], events: [event(2), event(3)] },
      11,
    );
    expect(second.map(({ event: { atMs } }) => atMs)).toEqual([3]);
    expect(await registry.coverage("M1")).toEqual([{ meterId: "M1", profile: "p", covered: [{ fromMs: 0, toMs: 2700 }] }]);
    const since = await registry.events({ afterCursor: first[0]?.cursor ?? 0, limit: 10 });
    expect(since.map(({ event: { atMs } }) => atMs)).toEqual([2, 3]);
    expect(since[0]?.event.detail).toBe("x");
    expect((await registry.events({ meterId: "M1", limit: 2 })).map(({ event: { atMs } }) => atMs)).toEqual([3, 2]);
    expect(await registry.events({ meterId: "M2", limit: 2 })).toEqual([]);
  });

  it("records concentrators and what became of them", async () => {
    const { registry } = backend();
    const entry = { concentratorId: "C1", address: { host: "h", port: 1 }, settings: {}, sessionsMax: 3, status: "active" as const };
    await registry.registerConcentrators([entry]);
    await registry.recordConcentrator("C1", { lastError: "refused" });
    expect(await registry.concentrators()).toEqual([{ entry, lastSeenMs: undefined, lastError: "refused" }]);
    await registry.recordConcentrator("C1", { lastSeenMs: 9, lastError: undefined });
    await registry.registerConcentrators([{ ...entry, sessionsMax: 4 }]);
    expect(await registry.concentrators()).toEqual([{ entry: { ...entry, sessionsMax: 4 }, lastSeenMs: 9, lastError: undefined }]);
  });

  it("holds deliveries in quarantine until they are released", async () => {
    const { registry } = backend();
    const delivery = {
      meterId: "X",
      object: "1-0:99.1.0",
      collectedAtMs: 5,
      span: { fromMs: 1, toMs: 2 },
      payload: Uint8Array.of(0, 255, 3),
    };
    const held = { concentratorId: "C1", sequence: 7, delivery, reason: "the meter is not registered", atMs: 6 };
    await registry.quarantine([held]);
    await registry.quarantine([held]);
    expect(await registry.quarantined()).toEqual([held]);
    await registry.release([held]);
    expect(await registry.quarantined()).toEqual([]);
  });

  it("adds a command once and moves it only from the state it is in", async () => {
    const { registry } = backend();
    const waiting = command("c1", 100);
    expect(await registry.addCommand(waiting, audit("c1", "requested"))).toBe(true);
    expect(await registry.addCommand(waiting, audit("c1", "again"))).toBe(false);
    const dispatched: CommandRecord = { ...waiting, state: "dispatched", changedAtMs: 101, attempts: 1 };
    expect(await registry.moveCommand("waiting", dispatched, audit("c1", "dispatched"))).toBe(true);
    expect(await registry.moveCommand("waiting", { ...dispatched, state: "cancelled" }, audit("c1", "cancelled"))).toBe(false);
    expect(await registry.command("c1")).toEqual(dispatched);
    expect((await registry.openCommands()).map(({ request }) => request.commandId)).toEqual(["c1"]);
    expect(await registry.moveCommand("dispatched", { ...dispatched, state: "done", outcome: "read back" }, audit("c1", "read back"))).toBe(
      true,
    );
    expect(await registry.openCommands()).toEqual([]);
    expect((await registry.audit("c1")).map(({ note }) => note)).toEqual(["requested", "dispatched", "read back"]);
  });

  it("keeps why a command was asked for", async () => {
    const { registry } = backend();
    const asked = command("c1", 100);
    const withReason: CommandRecord = { ...asked, request: { ...asked.request, reason: "moved out" } };
    await registry.addCommand(withReason, audit("c1", "requested"));
    expect(await registry.command("c1")).toEqual(withReason);
  });

  it("takes one second person's yes to a command that needs one, while it waits, and keeps it through its moves", async () => {
    const { registry } = backend();
    await registry.addCommand(command("free", 100), audit("free", "requested"));
    const asked: CommandRecord = { ...command("asked", 101), approval: {} };
    await registry.addCommand(asked, audit("asked", "requested"));
    const yes = { by: "ben", note: "moved out" };
    expect(await registry.approveCommand("free", yes, audit("free", "approved"))).toBe(false);
    expect(await registry.approveCommand("none", yes, audit("none", "approved"))).toBe(false);
    expect(await registry.approveCommand("asked", yes, audit("asked", "approved"))).toBe(true);
    expect(await registry.approveCommand("asked", { by: "carl", note: "" }, audit("asked", "again"))).toBe(false);
    const approved: CommandRecord = { ...asked, approval: yes };
    expect(await registry.command("asked")).toEqual(approved);
    const dispatched: CommandRecord = { ...approved, state: "dispatched", attempts: 1 };
    await registry.moveCommand("waiting", dispatched, audit("asked", "dispatched"));
    expect(await registry.command("asked")).toEqual(dispatched);
    expect((await registry.audit("asked")).map(({ note }) => note)).toEqual(["requested", "approved", "dispatched"]);
  });

  it("pages through commands, newest first", async () => {
    const { registry } = backend();
    for (const [index, id] of ["a", "b", "c", "d", "e"].entries())
      await registry.addCommand(command(id, 100 + index, index === 2 ? "M2" : "M1"), audit(id, "r"));
    const first = await registry.commands({ limit: 2 });
    expect(first.items.map(({ request }) => request.commandId)).toEqual(["e", "d"]);
    const second = await registry.commands({ limit: 9, cursor: first.next ?? "" });
    expect(second.items.map(({ request }) => request.commandId)).toEqual(["c", "b", "a"]);
    expect(second.next).toBeUndefined();
    expect((await registry.commands({ limit: 9, meterId: "M2" })).items).toHaveLength(1);
    expect((await registry.commands({ limit: 9, state: "done" })).items).toHaveLength(0);
  });

  it("reserves counters that never repeat and never go down", async () => {
    const { counters } = backend();
    expect(await counters.reserve("k", 10)).toBe(1);
    expect(await counters.reserve("k", 5)).toBe(11);
    await counters.raise("k", 1000);
    await counters.raise("k", 3);
    expect(await counters.reserve("k", 1)).toBe(1000);
    const firsts = await Promise.all(Array.from({ length: 20 }, () => counters.reserve("p", 7)));
    expect(new Set(firsts).size).toBe(20);
  });

  it("keeps secrets sealed, bound to their name and to the master key", async () => {
    const { secrets } = backend();
    const random = seededRandom("vault");
    const vault = sealedKeyVault(new Uint8Array(32).fill(1), secrets, random);
    const ref = { owner: "M1", purpose: "guek" };
    const secret = Uint8Array.from({ length: 16 }, (_, index) => index);
    await vault.store([{ ref, secret }]);
    const [row] = await secrets.load("M1");
    expect(row?.sealed).toHaveLength(12 + 16 + 16);
    expect(await sealedKeyVault(new Uint8Array(32).fill(1), secrets, random).secret(ref)).toEqual(secret);
    await expect(sealedKeyVault(new Uint8Array(32).fill(2), secrets, random).secret(ref)).rejects.toMatchObject({ code: "bad-tag" });
    await secrets.save([{ owner: "M2", purpose: "guek", sealed: row?.sealed ?? new Uint8Array() }]);
    await expect(vault.secret({ owner: "M2", purpose: "guek" })).rejects.toMatchObject({ code: "bad-tag" });
    await expect(vault.secret({ owner: "M9", purpose: "guek" })).rejects.toMatchObject({ code: "unknown-key" });
  });
}

describe("the registry in memory", () => {
  let backend: Backend;
  beforeEach(() => {
    backend = { registry: memoryRegistry(), counters: memoryCounterStore(), secrets: memorySealedStore() };
  });
  contract(() => backend);
});

describe("the registry on PostgreSQL", () => {
  let scratch: ScratchStore;
  beforeAll(async () => {
    scratch = await openScratchStore({ timers: realTimers, random: seededRandom("headend registry") });
    await migrate(scratch.store, [headEndMigrations]);
  });
  afterAll(() => scratch.close());
  beforeEach(async () => {
    const tables = [
      "device",
      "concentrator",
      "coverage",
      "event",
      "quarantine",
      "command",
      "command_audit",
      "secret",
      "counter",
      "firmware",
    ];
    await scratch.store.query(`truncate ${tables.map((table) => `headend.${table}`).join(", ")}`);
  });
  contract(() => ({
    registry: storeRegistry(scratch.store),
    counters: counterStoreOn(scratch.store),
    secrets: sealedStoreOn(scratch.store),
  }));
});
