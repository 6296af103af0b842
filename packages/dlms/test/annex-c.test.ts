import { fromHex, toHex } from "@amity/bytes";
import { ecdh, gcmEncryptOnly } from "@amity/crypto";
import { describe, expect, test } from "vitest";
import { decodeAll } from "@amity/bytes";
import { apdu, deriveKey, encodeApdu } from "../src/index.ts";
import { generalCiphering } from "../src/apdu/ciphered.ts";
import { protectGeneral, unprotectGeneral } from "../src/security/general-ciphering.ts";
import { initializationVector } from "../src/security/protect.ts";
import { hasVectors, readJson } from "./vectors.ts";

/** Keys and titles that annex C of the Green Book prints for all its examples. */
const CLIENT_TITLE = fromHex("4D4D4D0000BC614E");
const SERVER_TITLE = fromHex("4D4D4D0000000001");
const TRANSACTION = fromHex("0102030405060708");
const CLIENT_AGREEMENT = fromHex("A51C16FF5C498FCC89323D4A9267CD71BF81FD6F6A891CD240DA7F3D6F283E65");
const SERVER_AGREEMENT = fromHex("AAD3FD0732E991CF52A74C66C1F2827DDC53522A2E0A169D7C4FFCC0FB5D6A4D");
const SERVER_AGREEMENT_PUBLIC = fromHex(
  "A653565B0E06070BAE9FBE140A5D2156812AEE2DD525053E3EFC850BF13BFDFFCB240BC7B77BFF5883344E7275908D2287BEFA3725017295A096989D2338290B",
);
const SERVER_EPHEMERAL = fromHex("34A8C23A34DBB519D09B245754C85A6CFE05D14A063EFA5AA41545AA8241EFAE");
const CLIENT_EPHEMERAL_PUBLIC = fromHex(
  "2914D60E10AB705F62ED6CC349D7CB99B9AB3F3978E59278C7AF595B3AF987941372DAB6D5AF1FA867E134167E6F23DE664A6693E05F43414611058D1B48F894",
);

interface Vector {
  readonly [field: string]: string | undefined;
}

describe.skipIf(!hasVectors)("the examples of annex C", () => {
  const vectors = hasVectors ? readJson<{ vectors: Vector[] }>("greenbook-security.json").vectors : [];
  const named = (part: string): Vector => vectors.find(({ name }) => name?.includes(part)) ?? {};
  const octets = (vector: Vector, field: string): Uint8Array => fromHex(vector[field] ?? "");
  const onePass = named("one-pass DH: general-ciphering");
  const staticUnified = named("static unified model: general-ciphering");
  const ephemeral = named("signature of ephemeral public key (client)");

  test("C.1, ephemeral unified: both sides' ephemeral keys give the printed secret", () => {
    const secret = ecdh("P-256", SERVER_EPHEMERAL, CLIENT_EPHEMERAL_PUBLIC);
    expect(toHex(secret)).toBe("c1cf8fe7891aef3617d7190795e61fe6c24efc3cca2e08469bad1a225ce6ea08");
  });

  test("C.2, one-pass: the client's ephemeral key and the server's static one give the printed key", () => {
    const secret = ecdh("P-256", SERVER_AGREEMENT, octets(ephemeral, "message"));
    expect(deriveKey(1, secret, CLIENT_TITLE, SERVER_TITLE)).toEqual(octets(onePass, "key"));
  });

  test("C.3, static unified: the transaction id with its length is the nonce behind the originator's title", () => {
    const secret = ecdh("P-256", CLIENT_AGREEMENT, SERVER_AGREEMENT_PUBLIC);
    const partyU = Uint8Array.of(...CLIENT_TITLE, TRANSACTION.length, ...TRANSACTION);
    expect(deriveKey(1, secret, partyU, SERVER_TITLE)).toEqual(octets(staticUnified, "key"));
  });

  test.each([onePass, staticUnified])("$name deciphers to an ACCESS request", (vector) => {
    const ciphertext = octets(vector, "ciphertext_tag").subarray(0, -12);
    const plain = gcmEncryptOnly({ key: octets(vector, "key"), iv: initializationVector(CLIENT_TITLE, 0) }, ciphertext);
    expect(plain).toEqual(octets(vector, "plaintext"));
    expect(decodeAll(apdu, plain).kind).toBe("access-request");
  });

  /*
   * The book's text authenticates SC, AK, then each field of the header with its length (5.3.7.2.5). Its printed tags are over the
   * initialization vector too, between AK and the fields: found by solving for up to 16 unknown octets anywhere between the beginning
   * and the end of the known ones, which two tags under two keys allow because a GCM tag is linear in what it authenticates.
   */
  test.each([
    [
      onePass,
      { parameters: Uint8Array.of(1), cipheredData: new Uint8Array([...octets(ephemeral, "message"), ...octets(ephemeral, "signature")]) },
    ],
    [staticUnified, { parameters: Uint8Array.of(2), cipheredData: new Uint8Array(0) }],
  ])("the APDU of $name is opened, its tag is over the initialization vector too", (vector, value) => {
    const content = Uint8Array.of(0x31, 0, 0, 0, 0, ...octets(vector, "ciphertext_tag"));
    const none = new Uint8Array(0);
    const octetsOfApdu = encodeApdu(0xdd, generalCiphering, {
      transactionId: TRANSACTION,
      originatorSystemTitle: CLIENT_TITLE,
      recipientSystemTitle: SERVER_TITLE,
      dateTime: none,
      otherInformation: none,
      keyInfo: { kind: "agreed", value },
      content,
    });
    const keys = {
      encryptionKey: new Uint8Array(16),
      authenticationKey: octets(vector, "ak"),
      elliptic: {
        agreementPrivate: SERVER_AGREEMENT,
        peerSigningPublic: octets(ephemeral, "public_key"),
        peerAgreementPublic: fromHex(
          "07C56DE2DCAF0FD793EF29F019C89B4A0CC1E001CE94F4FFBE10BC05E7E66F7671A13FBCF9E662B9826FFF6A6938546D524ED6D3405F020296BDE16B04F7A7C2",
        ),
      },
    };
    const opened = unprotectGeneral(1, keys, octetsOfApdu);
    expect(opened).toMatchObject({ authenticatesIv: true, protection: "authenticated-encrypted" });
    expect(opened.plain).toEqual(octets(vector, "plaintext"));
    const forged = octetsOfApdu.with(-1, (octetsOfApdu.at(-1) ?? 0) ^ 1);
    expect(() => unprotectGeneral(1, keys, forged)).toThrow(expect.objectContaining({ code: "bad-tag" }));
  });

  test("C.3: who computes tags as the annex does gets the printed octets", () => {
    const vector = staticUnified;
    const header = {
      transactionId: TRANSACTION,
      originatorSystemTitle: CLIENT_TITLE,
      recipientSystemTitle: SERVER_TITLE,
      dateTime: new Uint8Array(0),
      otherInformation: new Uint8Array(0),
    };
    const elliptic = { agreementPrivate: CLIENT_AGREEMENT, peerAgreementPublic: SERVER_AGREEMENT_PUBLIC };
    const keys = { encryptionKey: new Uint8Array(16), authenticationKey: octets(vector, "ak"), elliptic };
    const input = {
      suite: 1,
      keys,
      header,
      protection: "authenticated-encrypted",
      invocationCounter: 0,
      keyInfo: "static-unified",
    } as const;
    const sent = decodeAll(generalCiphering, protectGeneral({ ...input, authenticatesIv: true }, octets(vector, "plaintext")).subarray(1));
    expect(sent.content).toEqual(Uint8Array.of(0x31, 0, 0, 0, 0, ...octets(vector, "ciphertext_tag")));
    const ours = decodeAll(generalCiphering, protectGeneral(input, octets(vector, "plaintext")).subarray(1));
    expect(ours.content.subarray(0, -12)).toEqual(sent.content.subarray(0, -12));
    expect(ours.content).not.toEqual(sent.content);
  });
});
