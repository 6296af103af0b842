import { generateEllipticKeyPair, type EllipticKeyPair } from "@amity/crypto";
import {
  DataGuard,
  DataProtectionClient,
  SecuritySetupClient,
  accessClasses,
  data,
  decodeData,
  memoryCounter,
  memoryReceivedCounter,
  obisToOctets,
  parseObis,
  type DataLayer,
  type DlmsClient,
  type DlmsData,
  type ReceivedCounter,
  type SecurityKeys,
  type SecuritySuite,
} from "@amity/dlms";
import { beforeEach, describe, expect, it } from "vitest";
import { METER_MODELS, certify, curveOfSuite, deriveAuthority, masterSecretFrom } from "../src/index.ts";
import { openBench, type MeterBench } from "./bench/meter-bench.ts";

const startMs = Date.UTC(2026, 0, 20, 1);
const DAY_MS = 86_400_000;
const TITLE = new TextEncoder().encode("HESHES01");
const DONE = { kind: "done" };
const PROTECTION = [30, "0-0:43.2.0"] as const;
const METER_ID = { classId: 1, instanceId: parseObis("0-0:96.1.0"), attributeId: 2 };
const LIMIT = { classId: 71, instanceId: parseObis("0-0:17.0.0"), attributeId: 4 };
const OPEN_SUPPLY = { classId: 70, instanceId: parseObis("0-0:96.3.10"), methodId: 1 };
const REFUSED = (result: string) => ({ kind: "refused", result });

const sealed = (keyInfo: "identified" | "wrapped" | "one-pass" | "static-unified"): DataLayer => ({
  kind: "ciphered",
  protection: "authenticated-encrypted",
  keyInfo,
});
const SIGNED: DataLayer = { kind: "signed" };

let bench: MeterBench;
const run = <T>(work: Promise<T>): Promise<T> => bench.simulation.runFor(work);

/** A guard of the utility's, and the client that uses it. */
function guarded(keys: SecurityKeys, suite: SecuritySuite, first = 900_000): { client: DataProtectionClient; guard: DataGuard } {
  const meter = bench.fleet.device(bench.target.meterId).systemTitle;
  const received: Record<string, ReceivedCounter> = {};
  const parts = { suite, systemTitle: TITLE, keysOf: () => keys, sent: memoryCounter(first) };
  const guard = new DataGuard({ ...parts, received: (_peer, of) => (received[of] ??= memoryReceivedCounter()) });
  const action: DlmsClient["action"] = (method, parameters) => bench.client.action(method, parameters);
  return { guard, client: new DataProtectionClient({ action }, guard, { own: TITLE, meter }) };
}

describe("data protection, suite 0", () => {
  let keys: SecurityKeys;

  beforeEach(async () => {
    bench = await openBench({ startMs, parts: { type: METER_MODELS.conformance } });
    keys = bench.fleet.keys(bench.target.meterId);
  });

  it.each(["identified", "wrapped"] as const)("reads, writes and invokes under a key that is %s", async (keyInfo) => {
    const { client } = guarded(keys, 0);
    const layers = [sealed(keyInfo)];
    const read = await run(client.get([METER_ID, LIMIT], layers));
    expect(read).toEqual({ kind: "values", values: [await bench.get(1, "0-0:96.1.0", 2), await bench.get(71, "0-0:17.0.0", 4)] });
    expect(await run(client.set([{ attribute: LIMIT, value: data.doubleLongUnsigned(7_000) }], layers))).toEqual(DONE);
    expect(await bench.number(71, "0-0:17.0.0", 4)).toBe(7_000);
    expect(await run(client.invoke(OPEN_SUPPLY, data.integer(0), layers))).toEqual(DONE);
    expect(bench.meter.controlState).not.toBe("connected");
  });

  it("refuses what is less protected than it requires, to read, to write and to invoke", async () => {
    const { client } = guarded(keys, 0);
    const weak: DataLayer[] = [{ kind: "ciphered", protection: "authenticated", keyInfo: "identified" }];
    expect(await run(client.get([METER_ID], weak))).toEqual(REFUSED("read-write-denied"));
    expect(await run(client.get([METER_ID], []))).toEqual(REFUSED("read-write-denied"));
    expect(await run(client.set([{ attribute: LIMIT, value: data.doubleLongUnsigned(1) }], weak))).toEqual(REFUSED("read-write-denied"));
    expect(await run(client.invoke(OPEN_SUPPLY, data.integer(0), weak))).toEqual(REFUSED("read-write-denied"));
    expect(await bench.set(...PROTECTION, 6, data.enumerated(0b0010_0100))).toBe("success");
    expect(await run(client.get([METER_ID], weak))).toMatchObject({ kind: "values" });
    // Signatures need a suite with key pairs; bits 0 and 1 mean nothing.
    expect(await bench.set(...PROTECTION, 6, data.enumerated(0b1001_0000))).toBe("other-reason");
    expect(await bench.set(...PROTECTION, 6, data.enumerated(1))).toBe("other-reason");
  });

  it("refuses a wrong key, data played again, and data that somebody else protected, and changes nothing", async () => {
    const wrong = guarded({ ...keys, encryptionKey: new Uint8Array(16) }, 0);
    const item = { attribute: LIMIT, value: data.doubleLongUnsigned(5) };
    expect(await run(wrong.client.set([item], [sealed("identified")]))).toEqual(REFUSED("other-reason"));
    const { client } = guarded(keys, 0);
    expect(await run(client.set([{ ...item, value: data.doubleLongUnsigned(6) }], [sealed("identified")]))).toEqual(DONE);
    const late = guarded(keys, 0, 800_000);
    expect(await run(late.client.set([item], [sealed("identified")]))).toEqual(REFUSED("other-reason"));
    expect(await bench.number(71, "0-0:17.0.0", 4)).toBe(6);
  });

  it("keeps to the rights of the client and says what is not of the right form", async () => {
    const { client } = guarded(keys, 0);
    const layers = [sealed("identified")];
    const hidden = { classId: 46, instanceId: parseObis("0-0:25.5.0"), attributeId: 4 };
    expect(await run(client.get([hidden], layers))).toEqual(REFUSED("read-write-denied"));
    expect(await run(client.get([{ ...METER_ID, classId: 3 }], layers))).toEqual(REFUSED("object-undefined"));
    expect(await run(client.get([], layers))).toEqual(REFUSED("other-reason"));
    const itself = { classId: 30, instanceId: parseObis("0-0:43.2.0"), attributeId: 2 };
    expect(await run(client.get([itself], layers))).toEqual(REFUSED("scope-of-access-violated"));
    expect(await run(client.set([{ attribute: METER_ID, value: data.nothing }], layers))).toEqual(REFUSED("read-write-denied"));
    expect(await run(client.set([{ attribute: LIMIT, value: data.octets(new Uint8Array(1)) }], layers))).toEqual(REFUSED("type-unmatched"));
    expect(await run(client.invoke({ ...OPEN_SUPPLY, methodId: 7 }, data.nothing, layers))).toEqual(REFUSED("read-write-denied"));
    expect(await bench.act(...PROTECTION, 1, data.structure())).toEqual(REFUSED("type-unmatched"));
    expect(await bench.act(...PROTECTION, 2, data.nothing)).toEqual(REFUSED("type-unmatched"));
  });

  it("shows what its object list reads in the buffer, protected, and sets what is written into it", async () => {
    const name = (obis: string): DlmsData => data.octets(obisToOctets(parseObis(obis)));
    const listed = data.structure(
      data.longUnsigned(71),
      name("0-0:17.0.0"),
      data.integer(4),
      data.longUnsigned(0),
      data.structure(data.enumerated(0), data.nothing),
    );
    expect(await bench.get(...PROTECTION, 2)).toEqual(data.octets(new Uint8Array(0)));
    expect(await bench.set(...PROTECTION, 3, data.array(listed))).toBe("success");
    const { guard } = guarded(keys, 0);
    const shape = accessClasses.dataProtection.attributes.protectionParametersGet;
    const meter = bench.fleet.device(bench.target.meterId).systemTitle;
    const parameters = guard.protect(new Uint8Array(1), [sealed("identified")], TITLE).parameters;
    const asServer = parameters.map((one) => ({ ...one, protectionOptions: { ...one.protectionOptions, originatorSystemTitle: meter } }));
    expect(await bench.set(...PROTECTION, 4, shape.encode(asServer))).toBe("success");
    const buffer = await bench.get(...PROTECTION, 2);
    if (buffer.type !== "octet-string") throw new Error("no octets");
    const opened = guard.open({ parameters: asServer, octets: buffer.value });
    expect(decodeData(opened.plain)).toEqual(data.structure(await bench.get(71, "0-0:17.0.0", 4)));
    const wrapped = guard.protect(new Uint8Array(1), [sealed("wrapped")], TITLE).parameters;
    expect(await bench.set(...PROTECTION, 4, shape.encode([...wrapped]))).toBe("other-reason");

    const plain = Uint8Array.of(0x02, 0x01, 0x06, 0, 0, 0x10, 0);
    const sent = guard.protect(plain, [sealed("wrapped")], meter);
    expect(await bench.set(...PROTECTION, 2, data.octets(sent.octets))).toBe("object-unavailable");
    expect(await bench.set(...PROTECTION, 5, shape.encode([...sent.parameters]))).toBe("success");
    expect(await bench.set(...PROTECTION, 2, data.octets(sent.octets))).toBe("success");
    expect(await bench.number(71, "0-0:17.0.0", 4)).toBe(0x1000);
    expect(await bench.set(...PROTECTION, 2, data.octets(sent.octets))).toBe("other-reason");
  });
});

describe.each([1, 2] as const)("data protection, suite %i", (suite) => {
  const curve = curveOfSuite(suite);
  const authority = deriveAuthority(masterSecretFrom("bench"), curve);
  const terms = { serial: 5, validFromMs: startMs - DAY_MS, validToMs: startMs + DAY_MS };
  let pairs: Record<"digital-signature" | "key-agreement", EllipticKeyPair>;
  let keys: SecurityKeys;

  beforeEach(async () => {
    bench = await openBench({ startMs, parts: { type: { ...METER_MODELS.conformance, securitySuite: suite } } });
    pairs = { "digital-signature": generateEllipticKeyPair(curve), "key-agreement": generateEllipticKeyPair(curve) };
    for (const usage of ["digital-signature", "key-agreement"] as const) {
      const { publicPoint } = pairs[usage];
      const der = certify(authority, { systemTitle: TITLE, publicPoint, usage }, terms);
      expect(await run(new SecuritySetupClient(bench.client).importCertificate(der))).toEqual(DONE);
    }
    const device = bench.fleet.device(bench.target.meterId);
    const elliptic = {
      signingPrivate: pairs["digital-signature"].privateScalar,
      agreementPrivate: pairs["key-agreement"].privateScalar,
      peerSigningPublic: device.keyPair("digital-signature")!.publicPoint,
      peerAgreementPublic: device.keyPair("key-agreement")!.publicPoint,
    };
    keys = { ...bench.fleet.keys(bench.target.meterId), elliptic };
  });

  it.each([
    ["a one-pass key", [sealed("one-pass")]],
    ["a static key", [sealed("static-unified")]],
    ["a cipher and a signature around it", [sealed("identified"), SIGNED]],
    ["a signature and a cipher around it", [SIGNED, sealed("wrapped")]],
  ] as const)(
    "reads, writes and invokes under %s",
    async (_name, layers) => {
      const { client } = guarded(keys, suite);
      expect(await run(client.get([METER_ID], layers))).toEqual({ kind: "values", values: [await bench.get(1, "0-0:96.1.0", 2)] });
      expect(await run(client.set([{ attribute: LIMIT, value: data.doubleLongUnsigned(7_000) }], layers))).toEqual(DONE);
      expect(await bench.number(71, "0-0:17.0.0", 4)).toBe(7_000);
      expect(await run(client.invoke(OPEN_SUPPLY, data.integer(0), layers))).toEqual(DONE);
      expect(bench.meter.controlState).not.toBe("connected");
    },
    20_000,
  );

  it("demands signatures where that is set, and takes one that is not the client's for none", async () => {
    expect(await bench.set(...PROTECTION, 6, data.enumerated(0b1001_0000))).toBe("success");
    const { client } = guarded(keys, suite);
    const item = { attribute: LIMIT, value: data.doubleLongUnsigned(3) };
    expect(await run(client.set([item], [sealed("identified")]))).toEqual(REFUSED("read-write-denied"));
    expect(await run(client.set([item], [SIGNED]))).toEqual(DONE);
    // The same octets again: the transaction id has been there.
    expect(await run(guarded(keys, suite, 900_000).client.set([item], [SIGNED]))).toEqual(REFUSED("other-reason"));
    const stranger = { ...keys, elliptic: { ...keys.elliptic, signingPrivate: generateEllipticKeyPair(curve).privateScalar } };
    expect(await run(guarded(stranger, suite, 950_000).client.set([item], [SIGNED]))).toEqual(REFUSED("other-reason"));
  }, 20_000);
});
