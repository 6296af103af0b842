import { decodeAll } from "@amity/bytes";
import { describe, expect, test } from "vitest";
import { SN_SERVICES } from "../src/acse/conformance.ts";
import { getRequest } from "../src/apdu/get.ts";
import { readRequest, readResponse, writeRequest, writeResponse } from "../src/apdu/short-name.ts";
import {
  ACCESS,
  SecureChannel,
  ServerAssociation,
  compileModel,
  data,
  encodeApdu,
  memoryCounter,
  memoryReceivedCounter,
  parseObis,
  type AssociationDefinition,
  type DlmsData,
  type LogicalDevice,
  type Protection,
} from "../src/index.ts";
import { CLIENT_TITLE, ENERGY, KEYS, OBJECTS, SECRET, SERVER_TITLE, fixtureMeter } from "./fixture-meter.ts";

const OPEN: AssociationDefinition = { clientSap: 1, role: "manager", mechanism: "none", ciphered: true, preEstablished: true };

/** A device whose energy register has these rights, and a pre-established ciphered association with it. */
function deviceWith(rights: number, policy = 0): LogicalDevice {
  const { device } = fixtureMeter({ associations: [OPEN] });
  const attributes = [1, 2, 3].map((id) => ({ id, access: { manager: id === 2 ? rights : ACCESS.read } }));
  const model = compileModel({ associations: [OPEN], objects: [{ classId: 3, version: 0, instanceId: ENERGY.instanceId, attributes }] });
  const security = { suite: 0, keys: KEYS, sent: memoryCounter(), received: memoryReceivedCounter() } as const;
  return { ...device, model, security: () => security, securityPolicy: () => policy };
}

/** Tag of the plain answer to a GET under a protection, its result, and how it came. */
async function ask(device: LogicalDevice, protection: Protection) {
  const server = new ServerAssociation(device, { clientSap: 1, serverSap: 1, randomBytes: (length) => new Uint8Array(length) });
  const client = new SecureChannel({ suite: 0, systemTitle: CLIENT_TITLE, keys: KEYS, sent: memoryCounter() });
  client.peerSystemTitle = SERVER_TITLE;
  const get = encodeApdu(0xc0, getRequest, {
    kind: "normal",
    value: { invokeIdAndPriority: 0xc1, attribute: ENERGY, selection: undefined },
  });
  const { answer } = await server.handle(client.protect(get, { ciphering: "general-global", protection }));
  if (answer === undefined || answer[0] === 0xd8) return { isRefused: true } as const;
  const { plain, form } = client.unprotect(answer);
  return { isRefused: plain[3] === 1, protection: form?.protection };
}

describe("access rights", () => {
  test("that demand an encrypted answer are not met by one that would only be authenticated", async () => {
    const rights = ACCESS.read | ACCESS.encryptedResponse;
    expect(await ask(deviceWith(rights), "authenticated")).toMatchObject({ isRefused: true });
    expect(await ask(deviceWith(rights), "authenticated-encrypted")).toEqual({ isRefused: false, protection: "authenticated-encrypted" });
    // Where the policy raises the answer, the rights are met.
    expect(await ask(deviceWith(rights, ACCESS.encryptedResponse), "authenticated")).toEqual({
      isRefused: false,
      protection: "authenticated-encrypted",
    });
  });

  test.each([
    ["authenticated", ACCESS.authenticatedRequest, "encrypted"],
    ["encrypted", ACCESS.encryptedRequest, "authenticated"],
  ] as const)("that demand an %s request refuse another", async (_name, bit, other) => {
    expect(await ask(deviceWith(ACCESS.read | bit), other)).toMatchObject({ isRefused: true });
    expect(await ask(deviceWith(ACCESS.read | bit), "authenticated-encrypted")).toMatchObject({ isRefused: false });
    expect(await ask(deviceWith(ACCESS.read | ACCESS.signedRequest), "authenticated-encrypted")).toMatchObject({ isRefused: true });
  });

  test("of a security policy refuse every request that is less protected, before it is carried out", async () => {
    const policy = ACCESS.authenticatedRequest | ACCESS.encryptedRequest;
    expect(await ask(deviceWith(ACCESS.read, policy), "authenticated")).toEqual({ isRefused: true });
    expect(await ask(deviceWith(ACCESS.read, policy), "encrypted")).toEqual({ isRefused: true });
    expect(await ask(deviceWith(ACCESS.read, policy), "authenticated-encrypted")).toMatchObject({ isRefused: false });
  });
});

describe("the association by short names", () => {
  const objects = OBJECTS.map((object, index) => ({ ...object, baseName: 0x1000 + index * 0x100 }));
  const association: AssociationDefinition = {
    clientSap: 1,
    role: "manager",
    mechanism: "none",
    preEstablished: true,
    conformance: SN_SERVICES,
    mayChangeSecret: true,
    securitySetupId: parseObis("0-0:43.0.0"),
  };

  async function read(server: ServerAssociation, variableName: number): Promise<DlmsData | undefined> {
    const request = encodeApdu(0x05, readRequest, [{ kind: "variable-name", value: variableName }]);
    const { answer } = await server.handle(request);
    const [result] = decodeAll(readResponse, answer!.subarray(1));
    return result?.kind === "data" ? result.value : undefined;
  }

  test("tells the rights in each object, and its security setup", async () => {
    const meter = fixtureMeter({ associations: [association], objects });
    const server = new ServerAssociation(meter.device, { clientSap: 1, serverSap: 1, randomBytes: (length) => new Uint8Array(length) });
    const rights = await read(server, 0xfa10);
    const [first] = rights?.type === "array" ? rights.value : [];
    expect(rights?.type === "array" && rights.value).toHaveLength(objects.length);
    expect(first).toEqual(
      data.structure(
        data.long(0x1000),
        data.array(...[1, 2].map((id) => data.structure(data.integer(id), data.enumerated(3), data.nothing))),
        data.array(),
      ),
    );
    expect(await read(server, 0xfa18)).toEqual(data.octets(Uint8Array.of(0, 0, 43, 0, 0, 255)));
    expect(await read(server, 0xfa70)).toBeUndefined();
  });

  test("takes a new secret, written to its method", async () => {
    const { device } = fixtureMeter({ associations: [association], objects });
    const secrets: Uint8Array[] = [];
    const changing: LogicalDevice = { ...device, changeSecret: (_clientSap, secret) => secrets.push(secret) > 0 };
    const server = new ServerAssociation(changing, { clientSap: 1, serverSap: 1, randomBytes: (length) => new Uint8Array(length) });
    const write = (variableName: number) =>
      encodeApdu(0x06, writeRequest, { variables: [{ kind: "variable-name", value: variableName }], values: [data.octets(SECRET)] });
    for (const variableName of [0xfa40, 0xfa48]) {
      const { answer } = await server.handle(write(variableName));
      expect(decodeAll(writeResponse, answer!.subarray(1))).toEqual([{ kind: "success", value: {} }]);
    }
    expect(secrets).toEqual([SECRET, SECRET]);
  });
});
