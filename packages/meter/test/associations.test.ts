import { generateEllipticKeyPair, readCertificateRequest } from "@amity/crypto";
import {
  connectDlms,
  data,
  memoryCounter,
  parseObis,
  wrapperLink,
  type Authentication,
  type DlmsClient,
  type DlmsData,
  type SecurityOptions,
  type SecuritySuite,
} from "@amity/dlms";
import { describe, expect, it } from "vitest";
import { certify, curveOfSuite, deriveAuthority, deriveKeyPair, masterSecretFrom, parseMeterType } from "../src/index.ts";
import { openBench, text, type MeterBench } from "./bench/meter-bench.ts";

const startMs = Date.UTC(2026, 0, 20, 1);
const TITLE = new TextEncoder().encode("HESHES01");
const DONE = { kind: "done" };
const master = masterSecretFrom("bench");
let counter = 150_000;

interface Asked {
  readonly clientSap: number;
  readonly serverSap?: number;
  readonly authentication: Authentication;
  readonly security?: SecurityOptions;
  readonly shortNames?: boolean;
}

function connect(bench: MeterBench, { clientSap, serverSap = 1, authentication, security, shortNames }: Asked): Promise<DlmsClient> {
  const options = {
    clientSap,
    serverSap,
    authentication,
    ...(security === undefined ? {} : { security }),
    ...(shortNames === undefined ? {} : { shortNames }),
  };
  const link = bench.headEnd.network.connect({ host: "street", port: 4_059 });
  return bench.simulation.runFor(link.then((connection) => connectDlms(wrapperLink(connection, "client"), options, bench.headEnd)));
}

const ciphered = (bench: MeterBench, suite: SecuritySuite = 0, elliptic?: SecurityOptions["keys"]["elliptic"]): SecurityOptions => {
  const { encryptionKey, authenticationKey } = bench.fleet.keys(bench.target.meterId);
  counter += 1_000;
  return {
    suite,
    systemTitle: TITLE,
    keys: { encryptionKey, authenticationKey, ...(elliptic === undefined ? {} : { elliptic }) },
    protection: "authenticated-encrypted",
    ciphering: "global",
    sent: memoryCounter(counter),
  };
};

async function read(bench: MeterBench, client: DlmsClient, classId: number, name: string, attributeId = 2): Promise<DlmsData | string> {
  const outcome = await bench.simulation.runFor(client.get({ classId, instanceId: parseObis(name), attributeId }));
  return outcome.kind === "data" ? outcome.data : outcome.result;
}

const invoke = (bench: MeterBench, client: DlmsClient, [classId, name, methodId]: readonly [number, string, number], parameter: DlmsData) =>
  bench.simulation.runFor(client.action({ classId, instanceId: parseObis(name), methodId }, parameter));

const password = (octets: Uint8Array): Authentication => ({ mechanism: "lls", password: octets });

describe("logical devices", () => {
  it("are two: the meter, and its account by itself, each with its name", async () => {
    const bench = await openBench({ startMs });
    const list = await bench.get(17, "0-0:41.0.0", 2);
    const serial = String(bench.target.serial);
    expect(list).toEqual(
      data.array(
        data.structure(data.longUnsigned(1), text(`AMT${serial.padStart(13, "0")}`)),
        data.structure(data.longUnsigned(17), text(`AMT17${serial.padStart(11, "0")}`)),
      ),
    );
    const { readingPassword } = bench.fleet.keys(bench.target.meterId);
    const account = await connect(bench, { clientSap: 2, serverSap: 17, authentication: password(readingPassword) });
    expect(await read(bench, account, 1, "0-0:42.0.0")).toEqual(text(`AMT17${serial.padStart(11, "0")}`));
    expect(await read(bench, account, 111, "0-0:19.0.0", 5)).toEqual(data.doubleLong(0));
    expect(await read(bench, account, 3, "1-0:1.8.0")).toBe("object-undefined");
    await expect(connect(bench, { clientSap: 3, serverSap: 17, authentication: { mechanism: "none" } })).rejects.toThrow();
  });

  it("share the meter behind them: credit given at one is there at the other", async () => {
    const bench = await openBench({ startMs });
    const account = await connect(bench, {
      clientSap: 1,
      serverSap: 17,
      authentication: { mechanism: "hls-gmac" },
      security: ciphered(bench),
    });
    expect(await invoke(bench, account, [112, "0-0:19.10.0", 2], data.doubleLong(7_000))).toEqual(DONE);
    await bench.later(startMs + 60_000);
    // The counter of a client is one for all logical devices: the bench's own associates above it.
    expect(await bench.number(112, "0-0:19.10.0", 2)).toBe(7_000);
  }, 20_000);
});

describe("the firmware client", () => {
  it("proves itself by SHA-256 and may only see to firmware", async () => {
    const bench = await openBench({ startMs });
    const { firmwareSecret } = bench.fleet.keys(bench.target.meterId);
    const asked = (secret: Uint8Array): Asked => ({
      clientSap: 3,
      authentication: { mechanism: "hls-sha256", secret },
      security: ciphered(bench),
    });
    const client = await connect(bench, asked(firmwareSecret));
    expect(await read(bench, client, 18, "0-0:44.0.0", 6)).toEqual(data.enumerated(0));
    const image = data.structure(text("E1-9"), data.doubleLongUnsigned(100));
    expect(await invoke(bench, client, [18, "0-0:44.0.0", 1], image)).toEqual(DONE);
    expect(await read(bench, client, 3, "1-0:1.8.0")).toBe("read-write-denied");
    expect(await invoke(bench, client, [70, "0-0:96.3.10", 1], data.integer(0))).toEqual({ kind: "refused", result: "read-write-denied" });
    const fresh = new TextEncoder().encode("0123456789abcdef");
    expect(await invoke(bench, client, [15, "0-0:40.0.0", 2], data.octets(fresh))).toEqual(DONE);
    await expect(connect(bench, asked(firmwareSecret))).rejects.toThrow();
    await expect(connect(bench, asked(new Uint8Array(16)))).rejects.toThrow();
    const again = await connect(bench, asked(fresh));
    expect(await read(bench, again, 18, "0-0:44.0.0", 6)).toEqual(data.enumerated(1));
  });
});

describe("a profile with short names", () => {
  it("lets a client read by short names, and by logical names as well", async () => {
    const type = parseMeterType(JSON.stringify({ referencing: "sn", associationVersion: 3 }));
    const bench = await openBench({ startMs, parts: { type } });
    const { readingPassword } = bench.fleet.keys(bench.target.meterId);
    const client = await connect(bench, { clientSap: 2, authentication: password(readingPassword), shortNames: true });
    expect(await read(bench, client, 1, "0-0:96.1.0")).toEqual(text(bench.target.meterId));
    expect(await bench.number(3, "1-0:1.8.0", 2)).toBeGreaterThan(0);
  });
});

describe("secrets", () => {
  it("of the reading client are changed by itself, kept over a crash, and old ones refused", async () => {
    const bench = await openBench({ startMs });
    const { readingPassword } = bench.fleet.keys(bench.target.meterId);
    const client = await connect(bench, { clientSap: 2, authentication: password(readingPassword) });
    const own = { classId: 15, instanceId: parseObis("0-0:40.0.0"), attributeId: 7 };
    expect(await bench.simulation.runFor(client.set(own, text("short")))).toBe("type-unmatched");
    expect(await bench.simulation.runFor(client.set(own, text("a better password")))).toBe("success");
    await expect(connect(bench, { clientSap: 2, authentication: password(readingPassword) })).rejects.toThrow();
    await bench.crash();
    const again = await connect(bench, { clientSap: 2, authentication: password(new TextEncoder().encode("a better password")) });
    expect(await read(bench, again, 1, "0-0:96.1.0")).toEqual(text(bench.target.meterId));
    expect(bench.codes("standard")).toContain(48);
  });
});

describe("security suites 1 and 2", () => {
  for (const suite of [1, 2] as const) {
    it(`suite ${suite}: certificates are asked for, imported, exported and removed, and the signing client associates by ECDSA`, async () => {
      const type = parseMeterType(JSON.stringify({ securitySuite: suite }));
      const bench = await openBench({ startMs, parts: { type } });
      const curve = curveOfSuite(suite);
      const SETUP = "0-0:43.0.0";
      const meterTitle = bench.fleet.device(bench.target.meterId).systemTitle;
      const authority = deriveAuthority(master, curve);
      const terms = { serial: 5, validFromMs: startMs - 86_400_000, validToMs: startMs + 86_400_000 };
      const act = (method: number, parameter: DlmsData) => bench.act(64, SETUP, method, parameter);
      expect(await bench.get(64, SETUP, 3)).toEqual(data.enumerated(suite));
      // The meter makes a new key pair, asks for a certificate, and takes the one that the authority gives.
      const before = deriveKeyPair(master, bench.target.meterId, { usage: "digital-signature", generation: 0, curve });
      expect(await act(4, data.enumerated(0))).toEqual(DONE);
      const request = await act(5, data.enumerated(0));
      if (request.kind !== "done" || request.data?.type !== "octet-string") throw new Error("no request");
      const asked = readCertificateRequest(request.data.value);
      expect(asked.commonName).toBe(Buffer.from(meterTitle).toString("hex").toUpperCase());
      expect(asked.publicPoint).not.toEqual(before.publicPoint);
      const own = certify(authority, { systemTitle: meterTitle, publicPoint: asked.publicPoint, usage: "digital-signature" }, terms);
      expect(await act(6, data.octets(own))).toEqual(DONE);
      const wrongKey = certify(authority, { systemTitle: meterTitle, publicPoint: before.publicPoint, usage: "digital-signature" }, terms);
      expect(await act(6, data.octets(wrongKey))).toEqual({ kind: "refused", result: "other-reason" });
      const client = generateEllipticKeyPair(curve);
      const stranger = { key: generateEllipticKeyPair(curve), commonName: "somebody else" };
      const subject = { systemTitle: TITLE, publicPoint: client.publicPoint, usage: "digital-signature" } as const;
      expect(await act(6, data.octets(certify(stranger, subject, terms)))).toEqual({ kind: "refused", result: "other-reason" });
      expect(await act(6, data.octets(certify(authority, subject, { ...terms, validToMs: startMs - 1_000 })))).toMatchObject({
        kind: "refused",
      });
      expect(await act(6, data.octets(certify(authority, subject, terms)))).toEqual(DONE);
      const held = await bench.get(64, SETUP, 6);
      expect(held.type === "array" && held.value.map((entry) => (entry.type === "structure" ? entry.value[0] : undefined))).toEqual([
        data.enumerated(0),
        data.enumerated(1),
      ]);
      // The signing client associates, proves itself by ECDSA, and reads under the suite's ciphering.
      const elliptic = { signingPrivate: client.privateScalar, peerSigningPublic: asked.publicPoint };
      const signing = { clientSap: 5, authentication: { mechanism: "hls-ecdsa" }, security: ciphered(bench, suite, elliptic) } as const;
      const associated = await connect(bench, signing);
      expect(await read(bench, associated, 1, "0-0:96.1.0")).toEqual(text(bench.target.meterId));
      const wrong = generateEllipticKeyPair(curve);
      const forged = ciphered(bench, suite, { ...elliptic, signingPrivate: wrong.privateScalar });
      await expect(connect(bench, { ...signing, security: forged })).rejects.toThrow();
      // By entity, kind and title.
      const which = (entity: number, title: Uint8Array): DlmsData =>
        data.structure(data.enumerated(0), data.structure(data.enumerated(entity), data.enumerated(0), data.octets(title)));
      expect(await act(7, which(0, meterTitle))).toEqual({ kind: "done", data: data.octets(own) });
      expect(await act(8, which(1, TITLE))).toEqual(DONE);
      expect(await act(8, which(1, TITLE))).toEqual({ kind: "refused", result: "other-reason" });
      await expect(connect(bench, { ...signing, security: ciphered(bench, suite, elliptic) })).rejects.toThrow();
      await bench.crash();
      const kept = await bench.get(64, SETUP, 6);
      expect(kept.type === "array" && kept.value).toHaveLength(1);
    }, 20_000);
  }
});
