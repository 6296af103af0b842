import { mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { toHex } from "@amity/bytes";
import { certificateToPem, checkCertificate, issueCertificate, privateKeyToPem, readCertificate } from "@amity/crypto";
import { HEAD_END_KEYS, headEndMigrations, sealedKeyVault, sealedStoreOn } from "@amity/headend";
import { mdmMigrations, mdmRulesMigrations } from "@amity/mdm";
import { certify, createFleet, deriveAuthority, MeterFleet, masterSecretFrom, parseMeterType } from "@amity/meter";
import { realFiles, realNetwork, realRandom, realTimers, scaledClock, silentLog, type World } from "@amity/runtime";
import { leaseMigrations, migrate, openScratchStore, type ScratchStore } from "@amity/store";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { AUTHORITY_FILES, loadAuthority } from "../src/compose/authority.ts";
import { composeUtility } from "../src/compose/utility.ts";

const MASTER_KEY = new Uint8Array(32).fill(5);
const SECRET = masterSecretFrom("authority");
const DAY_MS = 86_400_000;
const USAGE = "digital-signature";
const nowMs = Date.now;

let scratch: ScratchStore;
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "amity-authority-"));
  scratch = await openScratchStore({ timers: realTimers, random: realRandom() });
  await migrate(scratch.store, [leaseMigrations, headEndMigrations, mdmMigrations, mdmRulesMigrations]);
}, 120_000);
afterAll(async () => {
  await scratch.close();
  await rm(folder, { recursive: true, force: true });
});

describe("the utility's certification authority", () => {
  it("is made once, for its owner's eyes only, and is the same the next time", async () => {
    const own = join(folder, "own");
    const first = await loadAuthority(own, { nowMs, isOwn: true });
    const second = await loadAuthority(own, { nowMs, isOwn: true });
    expect(second.certificate).toEqual(first.certificate);
    expect((await stat(join(own, AUTHORITY_FILES.key))).mode & 0o777).toBe(0o600);
    const systemTitle = new TextEncoder().encode("AMTmeter");
    const der = await second.issue({ systemTitle, publicPoint: first.certificate.publicPoint, usage: USAGE });
    expect(checkCertificate(der, first.certificate, nowMs()).commonName).toBe(toHex(systemTitle).toUpperCase());
  });

  it("is refused where a part of it is not there, or belongs to another", async () => {
    await expect(loadAuthority(join(folder, "none"), { nowMs, isOwn: false })).rejects.toMatchObject({ code: "authority" });
    const mixed = join(folder, "mixed");
    await loadAuthority(mixed, { nowMs, isOwn: true });
    await writeFile(join(mixed, AUTHORITY_FILES.key), privateKeyToPem(deriveAuthority(SECRET, "P-256").key));
    await expect(loadAuthority(mixed, { nowMs, isOwn: true })).rejects.toThrow(/its key is not the one that it certifies/);
    await writeFile(join(mixed, AUTHORITY_FILES.certificate), "nothing");
    await expect(loadAuthority(mixed, { nowMs, isOwn: true })).rejects.toMatchObject({ code: "authority" });
  });

  it("lets the head-end command a meter by signature that was registered with its certificate, on real sockets", async () => {
    const world: World = {
      clock: scaledClock(realTimers, { speed: 1 }),
      timers: realTimers,
      random: realRandom(),
      network: realNetwork,
      files: realFiles(join(folder, "head-end")),
      log: silentLog,
    };
    const { key, commonName } = deriveAuthority(SECRET, "P-256");
    const terms = { validFromMs: nowMs() - DAY_MS, validToMs: nowMs() + 365 * DAY_MS };
    const subject = { commonName, curve: key.curve, publicPoint: key.publicPoint, usage: USAGE } as const;
    const root = issueCertificate({ key, commonName }, subject, { ...terms, serialNumber: Uint8Array.of(1) });
    await writeFile(join(folder, AUTHORITY_FILES.certificate), certificateToPem(root));
    await writeFile(join(folder, AUTHORITY_FILES.key), privateKeyToPem(key));
    const authority = await loadAuthority(folder, { nowMs, isOwn: false });
    const utility = composeUtility({
      world,
      store: scratch.store,
      masterKey: MASTER_KEY,
      authority,
      zone: "UTC",
      name: "Signed",
      version: "0",
      headEnd: { historyMs: DAY_MS },
    });
    await utility.start();
    const plan = createFleet({ seed: 3, meters: 1, feeders: 1, concentrators: 1, directShare: 1, startMs: nowMs() });
    const [{ meterId } = { meterId: "" }] = plan.meters;
    const type = parseMeterType(JSON.stringify({ securitySuite: 1 }));
    const fleet = await MeterFleet.open({ plan, masterSecret: SECRET, clock: world.clock, type });
    const served = await fleet.serve(world);
    try {
      const vault = sealedKeyVault(MASTER_KEY, sealedStoreOn(scratch.store), world.random);
      const ours = await vault.secret({ owner: HEAD_END_KEYS, purpose: "sign-certificate" });
      expect(readCertificate(ours).issuerCommonName).toBe(commonName);
      const device = fleet.device(meterId);
      await device.perform({ kind: "keepCertificate", atMs: device.advance(), certificate: toHex(ours) });
      const { systemTitle } = device;
      const { publicPoint } = device.keyPair(USAGE)!;
      const certificate = toHex(certify({ key, commonName }, { systemTitle, publicPoint, usage: USAGE }, { ...terms, serial: 2 }));
      const { encryptionKey, authenticationKey, masterKey } = fleet.keys(meterId);
      const keys = { guek: toHex(encryptionKey), gak: toHex(authenticationKey), master: toHex(masterKey), certificate };
      const route = { kind: "direct", ...served.addresses.get(meterId) };
      const settings = { suite: 1, manageAuth: "hls-ecdsa", manageClient: 5 };
      const report = await utility.api.registerFleet({
        devices: [{ meterId, protocol: "dlms", route, settings, keys }],
        concentrators: [],
      });
      expect(report).toMatchObject({ added: 1, keysStored: 4, problems: [] });
      const by = { user: "anna", role: "operator" } as const;
      const control = { kind: "disconnect" } as const;
      await utility.api.requestCommand({ commandId: "s1", meterId, control, expiresInSeconds: 900, dryRun: false }, by);
      await expect.poll(async () => (await utility.api.command("s1"))?.state, { timeout: 60_000 }).toBe("done");
      expect(device.meter.controlState).toBe("disconnected");
    } finally {
      await utility.stop();
      await served.close();
    }
  }, 120_000);
});
