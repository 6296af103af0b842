import { SecurityError, decodeAll } from "@amity/bytes";
import { describe, expect, test } from "vitest";
import { aare, aarq } from "../src/acse/acse.ts";
import { initiateRequest } from "../src/acse/initiate.ts";
import { confirmedServiceError, exceptionResponse } from "../src/apdu/exceptions.ts";
import {
  PushReceiver,
  SecureChannel,
  ServerAssociation,
  encodeApdu,
  encodeDataNotification,
  data,
  memoryCounter,
  type AssociationDefinition,
  type Ciphering,
  type ConformanceBit,
} from "../src/index.ts";
import { CLIENT_TITLE, KEYS, SERVER_TITLE, fixtureMeter } from "./fixture-meter.ts";

const random = { randomBytes: (length: number) => new Uint8Array(length) };
const GET = Uint8Array.of(0xc0, 1, 0xc1, 0, 3, 1, 0, 1, 8, 0, 255, 2, 0);

function serverOf(association: AssociationDefinition): ServerAssociation {
  return new ServerAssociation(fixtureMeter({ associations: [association] }).device, { clientSap: 1, serverSap: 1, ...random });
}

describe("an InitiateRequest that cannot be agreed to", () => {
  interface Initiate {
    readonly dlmsVersion?: number;
    readonly conformance?: readonly ConformanceBit[];
    readonly clientMaxReceivePduOctets?: number;
  }

  const asked = ({ dlmsVersion = 6, conformance = ["get"], clientMaxReceivePduOctets = 500 }: Initiate): Uint8Array =>
    encodeApdu(0x60, aarq, {
      applicationContextName: "2.16.756.5.8.1.1",
      userInformation: encodeApdu(0x01, initiateRequest, {
        dedicatedKey: undefined,
        responseAllowed: true,
        qualityOfService: undefined,
        dlmsVersion,
        conformance: [...conformance],
        clientMaxReceivePduOctets,
      }),
    });

  test.each([
    ["an old version of DLMS", { dlmsVersion: 5 }, "dlms-version-too-low"],
    ["no service in common", { conformance: ["read"] }, "incompatible-conformance"],
    ["an APDU size that holds nothing", { clientMaxReceivePduOctets: 5 }, "pdu-size-too-short"],
  ] as const)("for %s is refused with a confirmed-service-error that says so", async (_what, initiate, value) => {
    const server = serverOf({ clientSap: 1, role: "manager", mechanism: "none" });
    const { answer } = await server.handle(asked(initiate));
    expect(answer?.[0]).toBe(0x61);
    const { result, userInformation } = decodeAll(aare, answer!.subarray(1));
    expect(result).toBe(1);
    expect(userInformation?.[0]).toBe(0x0e);
    expect(decodeAll(confirmedServiceError, userInformation!.subarray(1))).toEqual({
      service: "initiate",
      error: { kind: "initiate", value },
    });
    expect(server.isOpen).toBe(false);
  });
});

describe("a request out of place", () => {
  const answerTo = async (association: AssociationDefinition, apdu: Uint8Array) => {
    const { answer } = await serverOf(association).handle(apdu);
    return answer?.[0] === 0xd8 ? decodeAll(exceptionResponse, answer.subarray(1)) : answer;
  };
  const OPEN: AssociationDefinition = { clientSap: 1, role: "manager", mechanism: "none", preEstablished: true, conformance: ["set"] };

  test("is answered with the exception that fits", async () => {
    const closed: AssociationDefinition = { clientSap: 1, role: "manager", mechanism: "none" };
    expect(await answerTo(closed, GET)).toMatchObject({ stateError: "service-not-allowed", serviceError: "operation-not-possible" });
    expect(await answerTo(OPEN, GET)).toMatchObject({ stateError: "service-not-allowed", serviceError: "service-not-supported" });
    expect(await answerTo(OPEN, Uint8Array.of(0x7a, 1, 2))).toMatchObject({
      stateError: "service-unknown",
      serviceError: "service-not-supported",
    });
    expect(await answerTo(OPEN, Uint8Array.of(0xc1, 1, 0xc1))).toMatchObject({
      stateError: "service-unknown",
      serviceError: "other-reason",
    });
  });
});

describe("a compressed APDU", () => {
  const COMPRESSED = 0x80;
  /** The security control octet stands where the content begins. */
  const controlAt: Readonly<Record<string, number>> = { global: 2, "general-global": 11 };

  test.each(["global", "general-global"] as const)("is recognised and refused: %s", (ciphering: Ciphering) => {
    const client = new SecureChannel({ suite: 0, systemTitle: CLIENT_TITLE, keys: KEYS, sent: memoryCounter() });
    const server = new SecureChannel({ suite: 0, systemTitle: SERVER_TITLE, keys: KEYS, sent: memoryCounter() });
    client.peerSystemTitle = SERVER_TITLE;
    server.peerSystemTitle = CLIENT_TITLE;
    const apdu = client.protect(GET, { ciphering, protection: "authenticated-encrypted" }).slice();
    const at = controlAt[ciphering] ?? 0;
    expect(apdu[at]).toBe(0x30);
    apdu[at] = 0x30 | COMPRESSED;
    expect(() => server.unprotect(apdu)).toThrow(expect.objectContaining({ code: "compressed" }));
  });

  test("is refused by a server with an exception, and by a receiver of pushes", async () => {
    const association = { clientSap: 1, role: "manager", mechanism: "none", ciphered: true, preEstablished: true } as const;
    const client = new SecureChannel({ suite: 0, systemTitle: CLIENT_TITLE, keys: KEYS, sent: memoryCounter() });
    const apdu = client.protect(GET, { ciphering: "general-global", protection: "authenticated-encrypted" }).slice();
    apdu[11] = 0x30 | COMPRESSED;
    const { answer } = await serverOf(association).handle(apdu);
    expect(decodeAll(exceptionResponse, answer!.subarray(1))).toMatchObject({ serviceError: "deciphering-error" });
    const push = client.protect(encodeDataNotification({ invokeId: 1, body: data.unsigned(1) }), {
      ciphering: "general-ciphering",
      protection: "authenticated-encrypted",
    });
    const control = push.indexOf(0x30, 20);
    const changed = push.slice();
    changed[control] = 0x30 | COMPRESSED;
    expect(() => new PushReceiver({ senderOf: () => ({ keys: KEYS }) }).receive(changed)).toThrow(SecurityError);
  });
});
