import { SecurityError } from "@amity/bytes";
import { generateEllipticKeyPair } from "@amity/crypto";
import { describe, expect, test } from "vitest";
import {
  PushReceiver,
  data,
  encodeDataNotification,
  memoryCounter,
  memoryReceivedCounter,
  protectPush,
  senderOfPush,
  type KeyInfoKind,
  type PushLayer,
  type PushSender,
  type SecurityKeys,
  type SecuritySuite,
} from "../src/index.ts";
import { CLIENT_TITLE, SERVER_TITLE } from "./fixture-meter.ts";

const push = encodeDataNotification({ invokeId: 7, body: data.unsigned(3), isConfirmed: true });
const SIGNED: PushLayer = { kind: "signed" };

function parties(suite: SecuritySuite): { meter: SecurityKeys; receiver: SecurityKeys } {
  const octets = suite === 2 ? 32 : 16;
  const shared = {
    encryptionKey: new Uint8Array(octets).fill(1),
    authenticationKey: new Uint8Array(octets).fill(2),
    masterKey: new Uint8Array(octets).fill(3),
  };
  if (suite === 0) return { meter: shared, receiver: shared };
  const [ms, ma, rs, ra] = [0, 1, 2, 3].map(() => generateEllipticKeyPair(suite === 2 ? "P-384" : "P-256"));
  const halves = (signing = ms!, agreement = ma!, peerSigning = rs!, peerAgreement = ra!) => ({
    signingPrivate: signing.privateScalar,
    agreementPrivate: agreement.privateScalar,
    peerSigningPublic: peerSigning.publicPoint,
    peerAgreementPublic: peerAgreement.publicPoint,
  });
  return { meter: { ...shared, elliptic: halves() }, receiver: { ...shared, elliptic: halves(rs, ra, ms, ma) } };
}

function bench(suite: SecuritySuite, demands: Partial<PushSender> = {}) {
  const { meter, receiver: keys } = parties(suite);
  const sender: PushSender = { keys, received: memoryReceivedCounter(), sent: memoryCounter(50), ...demands };
  const receiver = new PushReceiver({ senderOf: () => sender, systemTitle: CLIENT_TITLE });
  const sent = memoryCounter();
  const protector = { suite, systemTitle: SERVER_TITLE, keys: meter, sent, recipientTitle: CLIENT_TITLE };
  return { receiver, protect: (layers: readonly PushLayer[]) => protectPush(push, layers, protector) };
}

const ciphered = (ciphering: "general-global" | "general-ciphering", keyInfo?: KeyInfoKind): PushLayer => ({
  kind: "ciphered",
  form: { ciphering, protection: "authenticated-encrypted", ...(keyInfo === undefined ? {} : { keyInfo }) },
});

describe.each([0, 1, 2] as const)("a push of suite %i", (suite) => {
  const kinds: KeyInfoKind[] = suite === 0 ? ["identified", "wrapped"] : ["identified", "wrapped", "one-pass", "static-unified"];

  test.each(kinds)("opens under general-ciphering with a key %s, once", (keyInfo) => {
    const { receiver, protect } = bench(suite);
    const apdu = protect([ciphered("general-ciphering", keyInfo)]);
    expect(senderOfPush(apdu)).toEqual(SERVER_TITLE);
    const opened = receiver.receive(apdu);
    expect(opened).toMatchObject({ plain: push, systemTitle: SERVER_TITLE, protection: "authenticated-encrypted" });
    expect(opened?.confirmation?.[0]).toBe(0xdd);
    expect(() => receiver.receive(apdu)).toThrow("not greater");
  });

  test("opens under general-glo-ciphering, and is refused with any octet changed", () => {
    const { receiver, protect } = bench(suite);
    const apdu = protect([ciphered("general-global")]);
    for (let index = 1; index < apdu.length; index++) {
      const changed = apdu.slice();
      changed[index] = (changed[index] ?? 0) ^ 1;
      expect(() => receiver.receive(changed)).toThrow();
    }
    expect(receiver.receive(apdu)).toMatchObject({ plain: push });
  });
});

describe.each([1, 2] as const)("a signed push of suite %i", (suite) => {
  test.each([
    ["outside a cipher", [ciphered("general-ciphering", "one-pass"), SIGNED]],
    ["inside a cipher", [SIGNED, ciphered("general-global")]],
    ["by itself", [SIGNED]],
  ] as const)("is verified: the signature %s", (_where, layers) => {
    const { receiver, protect } = bench(suite, { mustSign: true });
    expect(receiver.receive(protect(layers))).toMatchObject({ plain: push, isSigned: true });
  });

  test("is demanded of a sender whose pushes must be signed or ciphered", () => {
    const { receiver, protect } = bench(suite, { mustSign: true, protection: "authenticated-encrypted" });
    expect(() => receiver.receive(protect([SIGNED]))).toThrow(SecurityError);
    expect(() => receiver.receive(protect([ciphered("general-global")]))).toThrow("less protected");
    expect(receiver.receive(protect([ciphered("general-global"), SIGNED]))).toMatchObject({ isSigned: true });
  });

  test("is refused with a signature of somebody else, and with more layers than a cipher and a signature", () => {
    const { receiver, protect } = bench(suite);
    const stranger = bench(suite);
    expect(() => receiver.receive(stranger.protect([SIGNED]))).toThrow("signature");
    const wrapped = protect([ciphered("general-global"), ciphered("general-global")]);
    expect(() => receiver.receive(wrapped)).toThrow("twice");
  });
});

test("a push for another receiver, or of a sender that is not known, is refused", () => {
  const { meter } = parties(0);
  const protector = { suite: 0, systemTitle: SERVER_TITLE, keys: meter, sent: memoryCounter(), recipientTitle: SERVER_TITLE } as const;
  const apdu = protectPush(push, [ciphered("general-ciphering")], protector);
  const receiver = new PushReceiver({ senderOf: () => ({ keys: meter }), systemTitle: CLIENT_TITLE });
  expect(() => receiver.receive(apdu)).toThrow("somebody else");
  expect(() => new PushReceiver({ senderOf: () => undefined }).receive(apdu)).toThrow("not known");
});
