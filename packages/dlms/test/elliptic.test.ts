import { SecurityError, decodeAll, fromHex, toHex } from "@amity/bytes";
import {
  createCertificateRequest,
  generateEllipticKeyPair,
  issueCertificate,
  readCertificate,
  readCertificateRequest,
} from "@amity/crypto";
import { realWorld } from "@amity/runtime";
import { afterAll, describe, expect, test } from "vitest";
import {
  SecureChannel,
  WrapperReader,
  agreeEphemeral,
  apdu,
  connectDlms,
  data,
  deriveKey,
  listenDlms,
  memoryCounter,
  publicKeyFromCertificate,
  signEphemeral,
  systemTitleOfCertificate,
  verifyEphemeral,
  verifyGeneral,
  wrapperLink,
  type AssociationDefinition,
  type DlmsData,
  type KeyInfoKind,
  type ProtectionForm,
  type SecurityKeys,
  type SecurityOptions,
  type SecuritySuite,
} from "../src/index.ts";
import { checkHlsAnswer } from "../src/security/hls.ts";
import { CLIENT_TITLE, ENERGY, SERVER_TITLE, TEXT, fixtureMeter } from "./fixture-meter.ts";
import { exchanges, hasVectors, readJson } from "./vectors.ts";

const world = realWorld({ filesRoot: "unused" });
const closing: (() => Promise<void>)[] = [];
afterAll(async () => {
  for (const close of closing) await close();
});

/** Keys of both sides: what one signs or agrees with, the other knows the public half of. */
function keysOf(suite: SecuritySuite): { client: SecurityKeys; server: SecurityKeys } {
  const curve = suite === 2 ? "P-384" : "P-256";
  const octets = suite === 2 ? 32 : 16;
  const [cs, ca, ss, sa] = [0, 1, 2, 3].map(() => generateEllipticKeyPair(curve));
  const shared = {
    encryptionKey: new Uint8Array(octets).fill(1),
    authenticationKey: new Uint8Array(octets).fill(2),
    masterKey: new Uint8Array(octets).fill(3),
  };
  return {
    client: {
      ...shared,
      elliptic: {
        signingPrivate: cs!.privateScalar,
        agreementPrivate: ca!.privateScalar,
        peerSigningPublic: ss!.publicPoint,
        peerAgreementPublic: sa!.publicPoint,
      },
    },
    server: {
      ...shared,
      elliptic: {
        signingPrivate: ss!.privateScalar,
        agreementPrivate: sa!.privateScalar,
        peerSigningPublic: cs!.publicPoint,
        peerAgreementPublic: ca!.publicPoint,
      },
    },
  };
}

/** A world whose client draws challenges of at most so many octets. */
function drawingAtMost(octetsMax: number): typeof world {
  return { ...world, random: { ...world.random, bytes: (octets) => world.random.bytes(Math.min(octets, octetsMax)) } };
}

async function open(suite: SecuritySuite, security: Partial<SecurityOptions>, clientWorld = world) {
  const keys = keysOf(suite);
  const associations: AssociationDefinition[] = [{ clientSap: 1, role: "manager", mechanism: "hls-ecdsa", ciphered: true }];
  const device = fixtureMeter({ associations, suite, keys: keys.server });
  const listener = await listenDlms(world, { host: "127.0.0.1", port: 0 }, device);
  closing.push(() => listener.close());
  const connection = await world.network.connect(listener.address);
  const options: SecurityOptions = {
    suite,
    systemTitle: CLIENT_TITLE,
    keys: keys.client,
    protection: "authenticated-encrypted",
    ciphering: "general-global",
    sent: memoryCounter(),
    ...security,
  };
  return connectDlms(
    wrapperLink(connection, "client"),
    { clientSap: 1, authentication: { mechanism: "hls-ecdsa" }, security: options, timeoutMs: 3000, maxPduOctets: 600 },
    clientWorld,
  );
}

describe.each([1, 2] as const)("suite %i", (suite) => {
  const kinds: KeyInfoKind[] = ["identified", "wrapped", "one-pass", "static-unified"];

  test.each(kinds)("HLS with ECDSA, then general-ciphering with a key %s, signed", async (keyInfo) => {
    const client = await open(suite, { ciphering: "general-ciphering", keyInfo, signing: true });
    expect(await client.get(ENERGY)).toEqual({ kind: "data", data: data.doubleLongUnsigned(123_456) });
    const long = data.octets(new Uint8Array(1500).fill(9));
    expect(await client.set(TEXT, long)).toBe("success");
    expect(await client.get(TEXT)).toEqual({ kind: "data", data: long });
    await client.release();
  });

  test("refuses a client whose signature is another's", async () => {
    await expect(open(suite, { keys: keysOf(suite).client })).rejects.toThrow(SecurityError);
  });

  test("takes the challenge of 16 octets that some clients send with ECDSA, none shorter than 8", async () => {
    const client = await open(suite, {}, drawingAtMost(16));
    expect(await client.get(ENERGY)).toMatchObject({ kind: "data" });
    await client.release();
    await expect(open(suite, {}, drawingAtMost(7))).rejects.toThrow("authentication-failure");
  });
});

describe("a general-ciphering or signed APDU", () => {
  function channels(): [SecureChannel, SecureChannel] {
    const keys = keysOf(1);
    const client = new SecureChannel({ suite: 1, systemTitle: CLIENT_TITLE, keys: keys.client, sent: memoryCounter() });
    const server = new SecureChannel({ suite: 1, systemTitle: SERVER_TITLE, keys: keys.server, sent: memoryCounter() });
    client.peerSystemTitle = SERVER_TITLE;
    server.peerSystemTitle = CLIENT_TITLE;
    return [client, server];
  }
  const plain = fromHex("C001C1000100002A0000FF0200");

  test.each(["authenticated", "encrypted", "authenticated-encrypted"] as const)("opens once, %s", (protection) => {
    const [client, server] = channels();
    const sealed = client.protect(plain, { ciphering: "general-ciphering", protection, keyInfo: "one-pass", signed: true });
    expect(server.unprotect(sealed)).toEqual({
      plain,
      form: { ciphering: "general-ciphering", protection, keyInfo: "one-pass", signed: true },
    });
    expect(() => server.unprotect(sealed)).toThrow("not greater");
    expect(() => client.unprotect(sealed)).toThrow(SecurityError);
  });

  test.each(["authenticated", "authenticated-encrypted"] as const)(
    "may have the tag of annex C, %s, and is answered with one",
    (protection) => {
      const [client, server] = channels();
      const form: ProtectionForm = { ciphering: "general-ciphering", protection, keyInfo: "identified", authenticatesIv: true };
      const opened = server.unprotect(client.protect(plain, form));
      expect(opened).toEqual({ plain, form });
      expect(client.unprotect(server.protect(plain, opened.form ?? form))).toEqual({ plain, form });
    },
  );

  test("with any octet changed is refused", () => {
    const [client, server] = channels();
    const sealed = client.protect(plain, {
      ciphering: "general-ciphering",
      protection: "authenticated-encrypted",
      keyInfo: "static-unified",
      signed: true,
    });
    for (let index = 1; index < sealed.length; index++) {
      const changed = sealed.slice();
      changed[index] = (changed[index] ?? 0) ^ 1;
      expect(() => server.unprotect(changed)).toThrow();
    }
    expect(server.unprotect(sealed).plain).toEqual(plain);
  });
});

test("the key of a device comes out of its certificate, and of no other device's", () => {
  const authority = { key: generateEllipticKeyPair("P-256"), commonName: "4142434445464748" };
  const meter = generateEllipticKeyPair("P-256");
  const terms = { serialNumber: Uint8Array.of(1), validFromMs: 0, validToMs: 1e12 };
  const root = readCertificate(
    issueCertificate(
      authority,
      { ...authority, curve: "P-256", publicPoint: authority.key.publicPoint, usage: "digital-signature" },
      terms,
    ),
  );
  const request = readCertificateRequest(createCertificateRequest(meter, toHex(SERVER_TITLE).toUpperCase()));
  const der = issueCertificate(authority, { ...request, usage: "key-agreement" }, terms);
  expect(publicKeyFromCertificate(der, { authority: root, systemTitle: SERVER_TITLE, nowMs: 1e11 })).toEqual(meter.publicPoint);
  expect(() => publicKeyFromCertificate(der, { authority: root, systemTitle: CLIENT_TITLE, nowMs: 1e11 })).toThrow("another device");
  expect(() => publicKeyFromCertificate(der, { authority: root, systemTitle: SERVER_TITLE, nowMs: 2e12 })).toThrow("not valid now");
});

test("two sides agree on a key with ephemeral keys that they signed", () => {
  const [signer, one, two] = [0, 1, 2].map(() => generateEllipticKeyPair("P-256"));
  const carried = signEphemeral(1, signer!.privateScalar, 0, one!.publicPoint);
  const received = verifyEphemeral(1, signer!.publicPoint, 0, carried);
  const titles = { originatorTitle: CLIENT_TITLE, recipientTitle: SERVER_TITLE };
  const ours = agreeEphemeral({ suite: 1, ephemeralPrivate: one!.privateScalar, peerEphemeralPublic: two!.publicPoint, ...titles });
  expect(agreeEphemeral({ suite: 1, ephemeralPrivate: two!.privateScalar, peerEphemeralPublic: received, ...titles })).toEqual(ours);
  expect(() => verifyEphemeral(1, signer!.publicPoint, 1, carried)).toThrow(SecurityError);
});

describe.skipIf(!hasVectors)("vectors", () => {
  interface Vector {
    readonly [field: string]: string;
  }
  const all = hasVectors ? readJson<Vector[] | { vectors: Vector[] }>("greenbook-security.json") : [];
  const vectors = Array.isArray(all) ? all : all.vectors;
  const { keys } = hasVectors
    ? readJson<{ keys: Record<string, { public_point_hex: string; certificate_der_hex: string }> }>("exchanges/keys.json")
    : { keys: {} };
  const point = (name: string): Uint8Array => fromHex(keys[name]?.public_point_hex ?? "").subarray(1);

  test.each(vectors.filter((vector) => vector["party_u"] !== undefined))("$name", (vector) => {
    const key = deriveKey(1, fromHex(vector["z"] ?? ""), fromHex(vector["party_u"] ?? ""), fromHex(vector["party_v"] ?? ""));
    expect(toHex(key).toUpperCase()).toBe(vector["key"]);
  });

  test("a captured general-signing APDU verifies", () => {
    const octets = fromHex(readJson<{ apdu: string }>("gurux-general-signing.json").apdu);
    expect(toHex(verifyGeneral(1, point("client-sign-256"), octets).content)).toMatch(/^c81e31/);
    octets[octets.length - 1] = (octets.at(-1) ?? 0) ^ 1;
    expect(() => verifyGeneral(1, point("client-sign-256"), octets)).toThrow("signature");
  });

  test("certificates of the captures give their keys", () => {
    for (const [name, key] of Object.entries(keys)) {
      const certificate = readCertificate(fromHex(key.certificate_der_hex));
      expect(certificate.publicPoint).toEqual(point(name));
      expect(systemTitleOfCertificate(certificate)).toEqual(name.startsWith("client") ? CLIENT_TITLE : SERVER_TITLE);
    }
  });

  test("captured ECDSA answers of both sides verify", () => {
    const [capture] = exchanges(/^gx-w-ecdsa-s1\.txt/);
    const reader = { "C>S": new WrapperReader(), "S>C": new WrapperReader() };
    const apdus = (capture?.frames ?? [])
      .slice(0, 2)
      .flatMap(({ direction, octets }) => reader[direction].push(octets).map((pdu) => decodeAll(apdu, pdu.apdu)));
    const [asked, answered] = apdus;
    const [signedByClient, signedByServer] = (capture?.plain ?? []).slice(0, 2).map((hex) => decodeAll(apdu, fromHex(hex)));
    if (
      asked?.kind !== "aarq" ||
      answered?.kind !== "aare" ||
      signedByClient?.kind !== "action-request" ||
      signedByServer?.kind !== "action-response"
    ) {
      throw new Error("not the capture that it was");
    }
    const clientChallenge = asked.value.callingAuthenticationValue ?? new Uint8Array(0);
    const serverChallenge = answered.value.respondingAuthenticationValue ?? new Uint8Array(0);
    const toServer = {
      mechanism: "hls-ecdsa",
      challenge: serverChallenge,
      ownChallenge: clientChallenge,
      systemTitle: CLIENT_TITLE,
      peerSystemTitle: SERVER_TITLE,
      suite: 1,
    } as const;
    const toClient = {
      ...toServer,
      challenge: clientChallenge,
      ownChallenge: serverChallenge,
      systemTitle: SERVER_TITLE,
      peerSystemTitle: CLIENT_TITLE,
    };
    const parameters = signedByClient.value.kind === "normal" ? signedByClient.value.value.parameters : undefined;
    const returned = signedByServer.value.kind === "normal" ? signedByServer.value.value.response.returned : undefined;
    const octetsOf = (value: DlmsData | undefined): Uint8Array => (value?.type === "octet-string" ? value.value : new Uint8Array(0));
    checkHlsAnswer(toServer, octetsOf(parameters), { peerSigningPublic: point("client-sign-256") });
    checkHlsAnswer(toClient, octetsOf(returned?.kind === "data" ? returned.value : undefined), {
      peerSigningPublic: point("server-sign-256"),
    });
    expect(() => checkHlsAnswer(toClient, octetsOf(parameters), { peerSigningPublic: point("client-sign-256") })).toThrow("wrong");
  });
});
