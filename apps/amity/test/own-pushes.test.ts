import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { toHex } from "@amity/bytes";
import { headEndMigrations } from "@amity/headend";
import { mdmMigrations, mdmRulesMigrations } from "@amity/mdm";
import { createFleet, logicalDeviceName, MeterFleet, masterSecretFrom, networkCarrier, STANDARD_METER } from "@amity/meter";
import { realFiles, realNetwork, realRandom, realTimers, scaledClock, silentLog, type World } from "@amity/runtime";
import { leaseMigrations, migrate, openScratchStore, type ScratchStore } from "@amity/store";
import { afterAll, beforeAll, expect, it } from "vitest";
import { receiveOwnPushes } from "../src/compose/own-pushes.ts";
import { composeUtility } from "../src/compose/utility.ts";

/** Civil seconds in a machine second: a schedule's times come soon. */
const SPEED = 120;

let scratch: ScratchStore;
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "amity-pushes-"));
  scratch = await openScratchStore({ timers: realTimers, random: realRandom() });
  await migrate(scratch.store, [leaseMigrations, headEndMigrations, mdmMigrations, mdmRulesMigrations]);
}, 120_000);
afterAll(async () => {
  await scratch.close();
  await rm(folder, { recursive: true, force: true });
});

it("what a meter of an own fleet pushes by a schedule that was sent to it reaches the ledger, ciphered, on real sockets", async () => {
  const world: World = {
    clock: scaledClock(realTimers, { speed: SPEED, startMs: Date.now() }),
    timers: realTimers,
    random: realRandom(),
    network: realNetwork,
    files: realFiles(join(folder, "head-end")),
    log: silentLog,
  };
  const utility = composeUtility({
    world,
    store: scratch.store,
    masterKey: new Uint8Array(32).fill(5),
    zone: "UTC",
    name: "Pushed",
    version: "0",
    headEnd: { historyMs: 3_600_000 },
  });
  await utility.start();
  const plan = createFleet({ seed: 3, meters: 1, feeders: 1, concentrators: 1, directShare: 1, startMs: world.clock.nowMs() });
  const { meterId, serial } = plan.meters[0]!;
  const fleet = await MeterFleet.open({ plan, masterSecret: masterSecretFrom("own pushes"), clock: world.clock });
  const served = await fleet.serve(world);
  fleet.act(world, networkCarrier(realNetwork, { timers: realTimers }));
  const { encryptionKey, authenticationKey } = fleet.keys(meterId);
  const settings = {
    logicalDeviceName: logicalDeviceName(STANDARD_METER, serial),
    systemTitle: toHex(fleet.device(meterId).systemTitle),
  };
  const device = {
    meterId,
    protocol: "dlms",
    route: { kind: "direct", ...served.addresses.get(meterId) },
    settings,
    keys: { guek: toHex(encryptionKey), gak: toHex(authenticationKey) },
    usagePoint: "UP-1",
  };
  expect(await utility.api.registerFleet({ devices: [device], concentrators: [] })).toMatchObject({ added: 1, problems: [] });
  const pushes = await receiveOwnPushes({ utility, world, store: scratch.store }, { host: "127.0.0.1", port: 0 });
  try {
    const schedule = {
      setup: 0,
      registers: ["1-0:1.8.0"],
      transport: "tcp" as const,
      destination: `127.0.0.1:${pushes.address.port}`,
      times: Array.from({ length: 20 }, (_, index) => `*:${String(index * 3 + 1).padStart(2, "0")}`),
      spreadSeconds: 0,
    };
    const control = { kind: "setPushSchedule", schedule } as const;
    const by = { user: "anna", role: "operator" } as const;
    await utility.api.requestCommand({ commandId: "p1", meterId, control, expiresInSeconds: 86_400, dryRun: false }, by);
    await expect.poll(async () => (await utility.api.command("p1"))?.state, { timeout: 60_000 }).toBe("done");
    // Only a push brings registers of minutes that are no quarter of an hour.
    const pushed = async (): Promise<number> => {
      const { rows } = await scratch.store.query<{ count: bigint }>(
        "select count(*) as count from mdm.register_reading where extract(minute from read_at)::int % 3 = 1 and extract(second from read_at) < 1",
      );
      return Number(rows[0]?.count);
    };
    await expect.poll(pushed, { timeout: 60_000, interval: 200 }).toBeGreaterThanOrEqual(2);
  } finally {
    await pushes.close();
    await utility.stop();
    await served.close();
  }
}, 180_000);
