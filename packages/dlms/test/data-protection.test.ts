import { AmityError } from "@amity/bytes";
import { generateEllipticKeyPair } from "@amity/crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  DataGuard,
  accessClasses,
  askedParameters,
  data,
  dataLayersOf,
  decodeData,
  encodeData,
  memoryCounter,
  memoryReceivedCounter,
  sameLayers,
  type DataLayer,
  type ProtectedData,
  type ReceivedCounter,
  type SecurityKeys,
  type SecuritySuite,
} from "../src/index.ts";

const { protectionParametersGet: parameterList } = accessClasses.dataProtection.attributes;
const TITLES = { client: new TextEncoder().encode("CLIENT01"), meter: new TextEncoder().encode("METER001") };
const PLAIN = encodeData(data.structure(data.doubleLongUnsigned(42), data.visible("protected")));

const cipher = (
  protection: "authenticated" | "encrypted" | "authenticated-encrypted",
  keyInfo: "identified" | "wrapped" | "one-pass" | "static-unified",
): DataLayer => ({ kind: "ciphered", protection, keyInfo });
const SIGNED: DataLayer = { kind: "signed" };

/** Both ends of one suite, each with the public keys of the other. */
function ends(suite: SecuritySuite): { client: DataGuard; meter: DataGuard } {
  const octets = suite === 2 ? 32 : 16;
  const shared = {
    encryptionKey: new Uint8Array(octets).fill(1),
    authenticationKey: new Uint8Array(octets).fill(2),
    masterKey: new Uint8Array(octets).fill(3),
  };
  const curve = suite === 2 ? "P-384" : "P-256";
  const pairs = suite === 0 ? undefined : [0, 1, 2, 3].map(() => generateEllipticKeyPair(curve));
  const elliptic = (own: number, peer: number): Partial<SecurityKeys> =>
    pairs === undefined
      ? {}
      : {
          elliptic: {
            signingPrivate: pairs[own]!.privateScalar,
            agreementPrivate: pairs[own + 1]!.privateScalar,
            peerSigningPublic: pairs[peer]!.publicPoint,
            peerAgreementPublic: pairs[peer + 1]!.publicPoint,
          },
        };
  const guard = (systemTitle: Uint8Array, keys: SecurityKeys): DataGuard => {
    const counters = new Map<string, ReceivedCounter>();
    const received = (_peer: Uint8Array, of: string): ReceivedCounter => {
      const counter = counters.get(of) ?? memoryReceivedCounter();
      counters.set(of, counter);
      return counter;
    };
    return new DataGuard({ suite, systemTitle, keysOf: () => keys, sent: memoryCounter(1), received });
  };
  return {
    client: guard(TITLES.client, { ...shared, ...elliptic(0, 2) }),
    meter: guard(TITLES.meter, { ...shared, ...elliptic(2, 0) }),
  };
}

/** As it travels: parameters in A-XDR and back. */
const travelled = ({ parameters, octets }: ProtectedData): ProtectedData => ({
  parameters: parameterList.decode(decodeData(encodeData(parameterList.encode([...parameters])))),
  octets,
});

const SUITE_0: readonly (readonly DataLayer[])[] = [
  [],
  [cipher("authenticated", "identified")],
  [cipher("encrypted", "wrapped")],
  [cipher("authenticated-encrypted", "identified")],
];
const ELLIPTIC: readonly (readonly DataLayer[])[] = [
  [SIGNED],
  [cipher("authenticated-encrypted", "one-pass")],
  [cipher("authenticated", "static-unified"), SIGNED],
  [SIGNED, cipher("authenticated-encrypted", "wrapped")],
];

describe("protected COSEM data", () => {
  it.each([0, 1, 2] as const)("come back under every protection of suite %i, with what was done to them", (suite) => {
    const { client, meter } = ends(suite);
    for (const layers of suite === 0 ? SUITE_0 : [...SUITE_0, ...ELLIPTIC]) {
      const opened = meter.open(travelled(client.protect(PLAIN, layers, TITLES.meter)));
      expect(opened.plain).toEqual(PLAIN);
      expect(sameLayers(opened.layers, layers)).toBe(true);
      expect(opened.originator).toEqual(layers.length === 0 ? new Uint8Array(0) : TITLES.client);
    }
  });

  it("are taken once, by whom they are for, and not from oneself", () => {
    const { client, meter } = ends(0);
    const sent = client.protect(PLAIN, [cipher("authenticated-encrypted", "identified")], TITLES.meter);
    expect(() => client.open(sent)).toThrow("own system title");
    meter.open(sent);
    expect(() => meter.open(sent)).toThrow("not greater");
    const other = client.protect(PLAIN, [cipher("authenticated-encrypted", "identified")], new TextEncoder().encode("METER002"));
    expect(() => meter.open(other)).toThrow("somebody else");
  });

  it("that are only signed are taken once as well", () => {
    const { client, meter } = ends(1);
    const sent = client.protect(PLAIN, [SIGNED], TITLES.meter);
    meter.open(sent);
    expect(() => meter.open(sent)).toThrow("not greater");
  });

  it.each([0, 1] as const)("do not survive a change of any octet or a cut anywhere, suite %i", (suite) => {
    const { client, meter } = ends(suite);
    const layers = suite === 0 ? [cipher("authenticated-encrypted", "wrapped")] : [SIGNED];
    fc.assert(
      fc.property(fc.nat(), fc.integer({ min: 1, max: 255 }), fc.boolean(), (at, change, isCut) => {
        const sent = client.protect(PLAIN, layers, TITLES.meter);
        const place = at % sent.octets.length;
        const octets = isCut ? sent.octets.slice(0, place) : sent.octets.with(place, (sent.octets[place] ?? 0) ^ change);
        expect(() => meter.open({ ...sent, octets })).toThrow(AmityError);
      }),
      { numRuns: 60 },
    );
  });

  it("of any form give data or a named error, never another", () => {
    const { meter } = ends(1);
    const title = fc.uint8Array({ maxLength: 10 });
    const keyInformation = fc.constantFrom(
      data.nothing,
      data.unsigned(1),
      data.structure(),
      data.structure(data.enumerated(0), data.enumerated(1)),
      data.structure(data.enumerated(1), data.structure(data.enumerated(0), data.octets(new Uint8Array(24)))),
      data.structure(data.enumerated(2), data.structure(data.octets(Uint8Array.of(1)), data.octets(new Uint8Array(128)))),
      data.structure(data.enumerated(2), data.structure(data.octets(Uint8Array.of(2)), data.octets(new Uint8Array(0)))),
      data.structure(data.enumerated(9), data.nothing),
    );
    const parameters = fc.record({
      protectionType: fc.constantFrom("authentication", "encryption", "authentication-encryption", "digital-signature"),
      protectionOptions: fc.record({
        transactionId: fc.uint8Array({ maxLength: 40 }),
        originatorSystemTitle: fc.oneof(fc.constant(TITLES.client), title),
        recipientSystemTitle: fc.oneof(fc.constant(TITLES.meter), fc.constant(new Uint8Array(0)), title),
        otherInformation: fc.uint8Array({ maxLength: 4 }),
        keyInformation,
      }),
    });
    const arbitrary = fc.array(parameters, { maxLength: 3 });
    fc.assert(
      fc.property(arbitrary, fc.uint8Array({ maxLength: 200 }), (list, octets) => {
        try {
          meter.open({ parameters: list as ProtectedData["parameters"], octets });
        } catch (error) {
          expect(error).toBeInstanceOf(AmityError);
        }
      }),
    );
  });

  it("are asked for by parameters without keys", () => {
    const layers = [cipher("authenticated-encrypted", "static-unified"), SIGNED];
    const asked = parameterList.decode(decodeData(encodeData(parameterList.encode(askedParameters(layers, TITLES.meter, TITLES.client)))));
    expect(dataLayersOf(asked)).toEqual(layers);
    expect(() => dataLayersOf([...asked, ...asked])).toThrow("one cipher and one signature");
  });
});
