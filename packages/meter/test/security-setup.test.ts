import { generateEllipticKeyPair, readCertificateRequest, type EllipticKeyPair } from "@amity/crypto";
import {
  SecuritySetupClient,
  connectDlms,
  data,
  memoryCounter,
  parseObis,
  wrapperLink,
  type AgreementParties,
  type Authentication,
  type DlmsClient,
  type SecurityOptions,
  type SecuritySuite,
} from "@amity/dlms";
import { beforeEach, describe, expect, it } from "vitest";
import { certify, curveOfSuite, deriveAuthority, masterSecretFrom, parseMeterType, type MeterTypeOptions } from "../src/index.ts";
import { openBench, type MeterBench } from "./bench/meter-bench.ts";

const startMs = Date.UTC(2026, 0, 20, 1);
const DAY_MS = 86_400_000;
const TITLE = new TextEncoder().encode("HESHES01");
const DONE = { kind: "done" };
const FIRMWARE_SETUP = parseObis("0-0:43.0.1");
const METER_ID = { classId: 1, instanceId: parseObis("0-0:96.1.0"), attributeId: 2 };
const terms = { serial: 5, validFromMs: startMs - DAY_MS, validToMs: startMs + DAY_MS };

let counter = 500_000;
let bench: MeterBench;

interface Asked {
  readonly clientSap?: number;
  readonly authentication?: Authentication;
  readonly systemTitle?: Uint8Array;
  readonly security: Partial<SecurityOptions> & Pick<SecurityOptions, "keys">;
}

function connect(suite: SecuritySuite, { clientSap = 1, authentication, systemTitle = TITLE, security }: Asked): Promise<DlmsClient> {
  counter += 10_000;
  const options = {
    clientSap,
    authentication: authentication ?? ({ mechanism: "hls-gmac" } as const),
    security: {
      suite,
      systemTitle,
      protection: "authenticated-encrypted",
      ciphering: "global",
      sent: memoryCounter(counter),
      ...security,
    } as const,
  };
  const link = bench.headEnd.network.connect({ host: "street", port: 4_059 });
  return bench.simulation.runFor(link.then((connection) => connectDlms(wrapperLink(connection, "client"), options, bench.headEnd)));
}

const typeOf = (profile: Partial<MeterTypeOptions>): MeterTypeOptions => parseMeterType(JSON.stringify(profile));
const setupOf = (client: DlmsClient, name?: typeof FIRMWARE_SETUP): SecuritySetupClient => new SecuritySetupClient(client, name);
const run = <T>(work: Promise<T>): Promise<T> => bench.simulation.runFor(work);

describe("the security policy", () => {
  beforeEach(async () => {
    bench = await openBench({ startMs, parts: { type: typeOf({ securityPolicy: 0b0010_0100 }) } });
  });

  it("goes up for the next request, never down, and is kept over a crash", async () => {
    const keys = bench.fleet.keys(bench.target.meterId);
    const client = await connect(0, { security: { keys, protection: "authenticated" } });
    expect(await run(client.get(METER_ID))).toMatchObject({ kind: "data" });
    expect(await run(setupOf(client).activatePolicy(0b0100_1000))).toEqual({ kind: "refused", result: "other-reason" });
    expect(await run(setupOf(client).activatePolicy(0b0011_0100))).toEqual({ kind: "refused", result: "other-reason" });
    expect(await run(setupOf(client).activatePolicy(0b0110_1100))).toEqual(DONE);
    await expect(run(client.get(METER_ID))).rejects.toThrow();
    await expect(connect(0, { security: { keys, protection: "authenticated" } })).rejects.toThrow();
    const again = await connect(0, { security: { keys } });
    expect(await run(setupOf(again).activatePolicy(0b0010_0100))).toEqual({ kind: "refused", result: "other-reason" });
    await bench.crash();
    expect(await bench.get(64, "0-0:43.0.0", 2)).toEqual(data.enumerated(0b0110_1100));
    await expect(connect(0, { security: { keys, protection: "authenticated" } })).rejects.toThrow();
  });

  it("is one for each setup: the firmware client's stays as it was", async () => {
    const keys = bench.fleet.keys(bench.target.meterId);
    expect(await bench.act(64, "0-0:43.0.0", 1, data.enumerated(0b0110_1100))).toEqual(DONE);
    const authentication = { mechanism: "hls-sha256", secret: keys.firmwareSecret } as const;
    const client = await connect(0, { clientSap: 3, authentication, security: { keys, protection: "authenticated" } });
    const own = { classId: 64, instanceId: FIRMWARE_SETUP, attributeId: 2 };
    expect(await run(client.get(own))).toEqual({ kind: "data", data: data.enumerated(0b0010_0100) });
  });

  it("raises answers to what it demands of responses", async () => {
    bench = await openBench({ startMs, parts: { type: typeOf({ securityPolicy: 0b0110_0100 }) } });
    const keys = bench.fleet.keys(bench.target.meterId);
    const answers: number[] = [];
    counter += 10_000;
    const security = {
      suite: 0,
      systemTitle: TITLE,
      keys,
      protection: "authenticated",
      ciphering: "global",
      sent: memoryCounter(counter),
    } as const;
    const connection = await run(bench.headEnd.network.connect({ host: "street", port: 4_059 }));
    const options = {
      clientSap: 1,
      authentication: { mechanism: "hls-gmac" },
      security,
      trace: (entry: { direction: string; ciphered?: Uint8Array }) => {
        if (entry.direction === "received" && entry.ciphered?.[0] === 0xcc) answers.push(entry.ciphered[2] ?? 0);
      },
    } as const;
    const client = await run(connectDlms(wrapperLink(connection, "client"), options, bench.headEnd));
    expect(await run(client.get(METER_ID))).toMatchObject({ kind: "data" });
    expect(answers).toEqual([0x30]);
  });
});

describe("key transfer", () => {
  it("changes the keys of one setup and leaves those of the other, over a crash too", async () => {
    bench = await openBench({ startMs });
    const factory = bench.fleet.keys(bench.target.meterId);
    const fresh = { ...factory, encryptionKey: new Uint8Array(16).fill(7), authenticationKey: new Uint8Array(16).fill(8) };
    const changed = new Map([
      ["encryptionKey", fresh.encryptionKey],
      ["authenticationKey", fresh.authenticationKey],
    ] as const);
    expect(await run(setupOf(bench.client, FIRMWARE_SETUP).transferKeys(factory.masterKey, changed))).toEqual(DONE);
    await bench.crash();
    const authentication = { mechanism: "hls-sha256", secret: factory.firmwareSecret } as const;
    const firmware = await connect(0, { clientSap: 3, authentication, security: { keys: fresh } });
    await expect(connect(0, { clientSap: 3, authentication, security: { keys: factory } })).rejects.toThrow();
    expect(await run(firmware.get(METER_ID))).toMatchObject({ kind: "data" });
    const management = await connect(0, { security: { keys: factory } });
    expect(await run(setupOf(management).transferKeys(new Uint8Array(16), changed))).toEqual({ kind: "refused", result: "other-reason" });
  });
});

describe.each([1, 2] as const)("suite %i", (suite) => {
  const curve = curveOfSuite(suite);
  const authority = deriveAuthority(masterSecretFrom("bench"), curve);
  let own: EllipticKeyPair;
  let serverTitle: Uint8Array;

  beforeEach(async () => {
    bench = await openBench({ startMs, parts: { type: typeOf({ securitySuite: suite }) } });
    own = generateEllipticKeyPair(curve);
    serverTitle = bench.fleet.device(bench.target.meterId).systemTitle;
    const der = certify(authority, { systemTitle: TITLE, publicPoint: own.publicPoint, usage: "digital-signature" }, terms);
    expect(await run(setupOf(bench.client).importCertificate(der))).toEqual(DONE);
  });

  const parties = (): AgreementParties => ({
    suite,
    clientTitle: TITLE,
    serverTitle,
    signingPrivate: own.privateScalar,
    serverSigningPublic: bench.fleet.device(bench.target.meterId).keyPair("digital-signature")!.publicPoint,
  });

  it("agrees on new keys, which count from the next association on and outlive a crash", async () => {
    const factory = bench.fleet.keys(bench.target.meterId);
    const agreed = await run(setupOf(bench.client).agreeKeys(parties(), ["encryptionKey", "authenticationKey", "masterKey"]));
    if (agreed.kind !== "done") throw new Error(agreed.result);
    const keys = { ...factory, ...Object.fromEntries(agreed.keys) };
    expect(keys.encryptionKey).toHaveLength(suite === 2 ? 32 : 16);
    expect(keys.encryptionKey).not.toEqual(keys.authenticationKey);
    // The association goes on under the old keys; the first under the agreed ones is the end of them.
    expect(await bench.number(1, "0-0:96.7.21", 2)).toBeGreaterThanOrEqual(0);
    expect(await run((await connect(suite, { security: { keys } })).get(METER_ID))).toMatchObject({ kind: "data" });
    await expect(connect(suite, { security: { keys: factory } })).rejects.toThrow();
    await expect(bench.crash()).rejects.toThrow();
    const again = await connect(suite, { security: { keys } });
    expect(await run(again.get(METER_ID))).toMatchObject({ kind: "data" });
    const wrapped = new Map([["encryptionKey", new Uint8Array(suite === 2 ? 32 : 16).fill(4)]] as const);
    // All the keys of an agreement arrived, or none.
    expect(await run(setupOf(again).transferKeys(factory.masterKey, wrapped))).toMatchObject({ kind: "refused" });
    expect(await run(setupOf(again).transferKeys(keys.masterKey, wrapped))).toEqual(DONE);
  }, 20_000);

  it("agrees with nobody whose signature is another's, or who has no certificate there", async () => {
    const stranger = { ...parties(), signingPrivate: generateEllipticKeyPair(curve).privateScalar };
    const refused = { kind: "refused", result: "other-reason" };
    expect(await run(setupOf(bench.client).agreeKeys(stranger, ["encryptionKey"]))).toEqual(refused);
    const keys = bench.fleet.keys(bench.target.meterId);
    const title = new TextEncoder().encode("HESHES02");
    const other = await connect(suite, { systemTitle: title, security: { keys } });
    expect(await run(setupOf(other).agreeKeys({ ...parties(), clientTitle: title }, ["encryptionKey"]))).toEqual(refused);
    const wrongMeter = { ...parties(), serverSigningPublic: own.publicPoint };
    const right = await connect(suite, { security: { keys } });
    await expect(run(setupOf(right).agreeKeys(wrongMeter, ["authenticationKey"]))).rejects.toThrow("signature");
  }, 20_000);

  it("rolls the meter's certificate over: the old key pair counts until the new one's certificate is there", async () => {
    const setup = setupOf(bench.client);
    const before = parties();
    expect(await run(setup.generateKeyPair("digital-signature"))).toEqual(DONE);
    expect(parties().serverSigningPublic).toEqual(before.serverSigningPublic);
    const signing = { clientSap: 5, authentication: { mechanism: "hls-ecdsa" } } as const;
    const elliptic = { signingPrivate: own.privateScalar, peerSigningPublic: before.serverSigningPublic };
    const keys = { ...bench.fleet.keys(bench.target.meterId), elliptic };
    expect(await run((await connect(suite, { ...signing, security: { keys } })).get(METER_ID))).toMatchObject({ kind: "data" });
    await bench.crash();
    const request = await run(setupOf(bench.client).requestCertificate("digital-signature"));
    if (request.kind !== "done") throw new Error(request.result);
    const { publicPoint } = readCertificateRequest(request.der);
    const der = certify(authority, { systemTitle: serverTitle, publicPoint, usage: "digital-signature" }, { ...terms, serial: 9 });
    expect(await run(setupOf(bench.client).importCertificate(der))).toEqual(DONE);
    expect(parties().serverSigningPublic).toEqual(publicPoint);
    await expect(connect(suite, { ...signing, security: { keys } })).rejects.toThrow();
    const rolled = { ...keys, elliptic: { ...elliptic, peerSigningPublic: publicPoint } };
    expect(await run((await connect(suite, { ...signing, security: { keys: rolled } })).get(METER_ID))).toMatchObject({ kind: "data" });
    const identity = { by: "entity", entity: "server", usage: "digital-signature", systemTitle: serverTitle } as const;
    expect(await run(setupOf(bench.client).exportCertificate(identity))).toEqual({ kind: "done", der });
    expect(await run(setupOf(bench.client).removeCertificate(identity))).toEqual(DONE);
    expect(await run(setupOf(bench.client).exportCertificate(identity))).toMatchObject({ kind: "refused" });
  }, 20_000);

  it("demands signatures once the policy says so, and signs its answers", async () => {
    const { serverSigningPublic, signingPrivate } = parties();
    const keys = { ...bench.fleet.keys(bench.target.meterId), elliptic: { signingPrivate, peerSigningPublic: serverSigningPublic } };
    expect(await run(setupOf(bench.client).activatePolicy(0b1111_1100))).toEqual(DONE);
    const unsigned = await connect(suite, { security: { keys } });
    await expect(run(unsigned.get(METER_ID))).rejects.toThrow("operation-not-possible");
    const client = await connect(suite, { security: { keys, signing: true } });
    expect(await run(client.get(METER_ID))).toMatchObject({ kind: "data" });
  }, 20_000);
});
