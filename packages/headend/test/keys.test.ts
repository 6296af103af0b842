import { fromHex, toHex } from "@amity/bytes";
import { generateEllipticKeyPair, wrapKey } from "@amity/crypto";
import {
  authorityCertificate,
  certify,
  createFleet,
  curveOfSuite,
  deriveAuthority,
  masterSecretFrom,
  MeterFleet,
  parseMeterType,
  type FleetAuthority,
} from "@amity/meter";
import type { EndDeviceControl } from "@amity/model";
import { Simulation, type Connection, type ConnectionHandlers } from "@amity/runtime";
import { describe, expect, it } from "vitest";
import {
  createHeadEnd,
  dlmsDriver,
  InvocationCounters,
  memoryCounterStore,
  memoryRegistry,
  memorySealedStore,
  sealedKeyVault,
  type CertificationAuthority,
  type CommandRecord,
  type KeyVault,
  type MeterDriver,
} from "../src/index.ts";
import { TestSink } from "./test-sink.ts";

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
const SECRET = masterSecretFrom("keys");
const START_MS = Date.UTC(2026, 0, 20, 1);
const TITLE = new TextEncoder().encode("AMTHES01");
const terms = { validFromMs: START_MS - DAY_MS, validToMs: START_MS + 365 * DAY_MS };

interface Utility {
  readonly fleet: MeterFleet;
  readonly meterId: string;
  readonly keys: KeyVault;
  readonly command: (control: EndDeviceControl) => Promise<CommandRecord | undefined>;
  readonly key: (purpose: string) => Promise<Uint8Array>;
}

function authorityOf(authority: FleetAuthority): CertificationAuthority {
  let serial = 100;
  return {
    certificate: authorityCertificate(authority),
    issue: (subject) => Promise.resolve(certify(authority, subject, { ...terms, serial: serial++ })),
  };
}

/** The driver over lines on which the answers to the first so many changes of keys are lost. */
function losingAnswers(driver: MeterDriver, changes: () => number, lost: number): MeterDriver {
  const isDeaf = (before: number): boolean => changes() > before && before < lost;
  const deafened = (connection: Connection): Connection => {
    const before = changes();
    const hears = (handlers: ConnectionHandlers): ConnectionHandlers => ({
      ...handlers,
      data: (octets) => {
        if (!isDeaf(before)) handlers.data(octets);
      },
    });
    return {
      remote: connection.remote,
      get backlog() {
        return connection.backlog;
      },
      bind: (handlers) => connection.bind(hears(handlers)),
      send: (octets) => connection.send(octets),
      drained: () => connection.drained(),
      close: () => connection.close(),
      abort: () => connection.abort(),
    };
  };
  return {
    ...driver,
    open: (link, request) => driver.open(link.kind === "stream" ? { ...link, connection: deafened(link.connection) } : link, request),
  };
}

/** One meter of a suite behind a head-end that knows its factory keys. `lost`: the answers to so many changes of keys are lost. */
async function utility(suite: 0 | 1 | 2, lost = 0): Promise<Utility> {
  const simulation = new Simulation({ seed: 1, startMs: START_MS });
  const plan = createFleet({ seed: 1, meters: 1, feeders: 1, concentrators: 1, directShare: 1, startMs: START_MS, installedDays: [5, 9] });
  const { meterId } = plan.meters[0]!;
  const { world } = simulation.node("field");
  const type = parseMeterType(JSON.stringify({ securitySuite: suite }));
  const fleet = await MeterFleet.open({ plan, masterSecret: SECRET, clock: world.clock, type });
  const served = await fleet.serve(world, { host: "field" });
  const keys = sealedKeyVault(new Uint8Array(32), memorySealedStore(), simulation.random.fork("vault"));
  const registry = memoryRegistry();
  const address = served.addresses.get(meterId) ?? { host: "nowhere", port: 1 };
  await registry.registerDevices([
    { meterId, protocol: "dlms", settings: { suite }, status: "active", route: { kind: "direct", address } },
  ]);
  const { encryptionKey, authenticationKey, masterKey } = fleet.keys(meterId);
  const secrets = { guek: encryptionKey, gak: authenticationKey, master: masterKey };
  await keys.store(Object.entries(secrets).map(([purpose, secret]) => ({ ref: { owner: meterId, purpose }, secret })));
  const authority = suite === 0 ? undefined : deriveAuthority(SECRET, curveOfSuite(suite));
  if (authority !== undefined) {
    const pair = generateEllipticKeyPair(authority.key.curve);
    const subject = { systemTitle: TITLE, publicPoint: pair.publicPoint, usage: "digital-signature" } as const;
    await keys.store([
      { ref: { owner: "headend", purpose: "sign" }, secret: pair.privateScalar },
      { ref: { owner: "headend", purpose: "sign-certificate" }, secret: certify(authority, subject, { ...terms, serial: 1 }) },
    ]);
  }
  const driver = dlmsDriver({ systemTitle: TITLE, ...(authority === undefined ? {} : { authority: authorityOf(authority) }) });
  const headEnd = createHeadEnd(
    {
      world: simulation.node("headend").world,
      registry,
      keys,
      counters: new InvocationCounters(memoryCounterStore()),
      sink: new TestSink(),
      drivers: [losingAnswers(driver, () => fleet.device(meterId).meter.keyTransfers.length, lost)],
    },
    { historyMs: 60 * MINUTE_MS },
  );
  await headEnd.start();
  await simulation.runUntil(START_MS + MINUTE_MS);
  let commands = 0;
  return {
    fleet,
    meterId,
    keys,
    key: (purpose) => keys.secret({ owner: meterId, purpose }),
    async command(control) {
      const nowMs = simulation.nowMs;
      const commandId = `c${++commands}`;
      await headEnd.submit({ commandId, meterId, control, requestedBy: "anna", requestedAtMs: nowMs, expiresAtMs: nowMs + 60 * MINUTE_MS });
      await simulation.runUntil(nowMs + 10 * MINUTE_MS);
      return registry.command(commandId);
    },
  };
}

describe("new keys", () => {
  it("are sent under the master key, and the meter is read under them from then on", async () => {
    const { fleet, meterId, key, command } = await utility(0);
    const before = await key("guek");
    expect(await command({ kind: "changeKeys", by: "transfer" })).toMatchObject({
      state: "done",
      outcome: "checked: the meter took the new keys",
    });
    // Until somebody has used the new ones, the meter sends what it sends under those of before.
    expect(await key("guek")).toEqual(before);
    expect(await command({ kind: "ping" })).toMatchObject({ state: "done" });
    expect(await key("guek")).not.toEqual(before);
    expect(fleet.device(meterId).keys().encryptionKey).toEqual(await key("guek"));
    expect(fleet.device(meterId).keys().authenticationKey).toEqual(await key("gak"));
    expect(await command({ kind: "changeKeys", by: "agreement" })).toMatchObject({ state: "failed" });
    expect(await command({ kind: "ping" })).toMatchObject({ state: "done" });
  });

  it("are found to be the meter's where its answer was lost", async () => {
    const { fleet, meterId, keys, key, command } = await utility(0);
    const fresh = new Uint8Array(16).fill(9);
    await keys.store(["guek-next", "gak-next"].map((purpose) => ({ ref: { owner: meterId, purpose }, secret: fresh })));
    const wrapped = toHex(wrapKey(fleet.keys(meterId).masterKey, fresh));
    await fleet.happen([meterId], (atMs) => ({
      kind: "transferKeys",
      atMs,
      keys: [
        { keyId: 0, wrapped },
        { keyId: 2, wrapped },
      ],
    }));
    expect(await command({ kind: "ping" })).toMatchObject({ state: "done" });
    expect(await key("guek")).toEqual(fresh);
    expect(await key("gak")).toEqual(fresh);
  });

  it("hold although the meter's answer to them was lost: the next session uses them", async () => {
    const { fleet, meterId, key, command } = await utility(0, 1);
    const before = await key("guek");
    expect(await command({ kind: "changeKeys", by: "transfer" })).toMatchObject({
      state: "done",
      outcome: expect.stringContaining("the meter took the new keys"),
    });
    expect(await key("guek")).not.toEqual(before);
    expect(fleet.device(meterId).keys().encryptionKey).toEqual(await key("guek"));
    expect(fleet.device(meterId).meter.keyTransfers).toMatchObject([{ isProved: true }]);
    expect(await command({ kind: "ping" })).toMatchObject({ state: "done" });
  });

  it("leave those of before where they never arrived", async () => {
    const { meterId, keys, key, command } = await utility(0);
    const before = await key("guek");
    await keys.store(["guek-next", "gak-next"].map((purpose) => ({ ref: { owner: meterId, purpose }, secret: fromHex("09".repeat(16)) })));
    expect(await command({ kind: "ping" })).toMatchObject({ state: "done" });
    expect(await key("guek")).toEqual(before);
  });
});

describe.each([1, 2] as const)("suite %i", (suite) => {
  it("renews the meter's certificate, and agrees with it on keys that nobody else knows", async () => {
    const { fleet, meterId, key, command } = await utility(suite);
    expect(await command({ kind: "changeKeys", by: "agreement" })).toMatchObject({ state: "failed" });
    const factory = fleet.device(meterId).keyPair("digital-signature")!.publicPoint;
    const renewed = await command({ kind: "renewCertificate", usage: "digital-signature" });
    expect(renewed).toMatchObject({ state: "done", outcome: "checked: the meter holds the new certificate" });
    expect(fleet.device(meterId).keyPair("digital-signature")!.publicPoint).not.toEqual(factory);
    const before = await key("guek");
    expect(await command({ kind: "changeKeys", by: "agreement" })).toMatchObject({ state: "done" });
    expect(await command({ kind: "ping" })).toMatchObject({ state: "done" });
    expect(await key("guek")).not.toEqual(before);
    expect(fleet.device(meterId).keys().encryptionKey).toEqual(await key("guek"));
    expect(fleet.device(meterId).meter.keyTransfers).toMatchObject([{ isProved: true }]);
    expect(await command({ kind: "renewCertificate", usage: "digital-signature" })).toMatchObject({ state: "done" });
    expect(await command({ kind: "changeKeys", by: "transfer" })).toMatchObject({ state: "done" });
    expect(await command({ kind: "ping" })).toMatchObject({ state: "done" });
  }, 30_000);

  it("reads on under the keys of before where the answer to an agreement was lost, and agrees anew", async () => {
    const { fleet, meterId, key, command } = await utility(suite, 1);
    expect(await command({ kind: "renewCertificate", usage: "digital-signature" })).toMatchObject({ state: "done" });
    const before = await key("guek");
    const lost = await command({ kind: "changeKeys", by: "agreement" });
    expect(lost).toMatchObject({ outcome: expect.stringContaining("the meter still has the keys of before") });
    expect(lost?.state).not.toBe("done");
    expect(fleet.device(meterId).keys().encryptionKey).not.toEqual(before);
    expect(await command({ kind: "ping" })).toMatchObject({ state: "done" });
    expect(await key("guek")).toEqual(before);
    expect(await command({ kind: "changeKeys", by: "agreement" })).toMatchObject({ state: "done" });
    expect(await command({ kind: "ping" })).toMatchObject({ state: "done" });
    expect(await key("guek")).not.toEqual(before);
    expect(fleet.device(meterId).keys().encryptionKey).toEqual(await key("guek"));
  }, 30_000);
});
