import { AmityError, DecodeError, decodeAll } from "@amity/bytes";
import { realWorld } from "@amity/runtime";
import { afterAll, describe, expect, test } from "vitest";
import { SN_SERVICES } from "../src/acse/conformance.ts";
import { readRequest, readResponse, writeRequest } from "../src/apdu/short-name.ts";
import type { ServiceContext } from "../src/client/service-context.ts";
import { shortGetExchange } from "../src/client/short-name-exchange.ts";
import {
  ServerAssociation,
  connectDlms,
  data,
  encodeApdu,
  encodeData,
  entrySelection,
  listenDlms,
  memoryCounter,
  obisToOctets,
  parseObis,
  wrapperLink,
  type AssociationDefinition,
  type ClientOptions,
  type DlmsClient,
  type DlmsData,
  type PduLink,
  type SapPair,
} from "../src/index.ts";
import {
  CLIENT_TITLE,
  DISCONNECT,
  ECHO,
  ENERGY,
  KEYS,
  NAME,
  OBJECTS,
  PROFILE,
  RELAY,
  SECRET,
  TEXT,
  fixtureMeter,
  profileBuffer,
} from "./fixture-meter.ts";

const world = realWorld({ filesRoot: "unused" });
const closing: (() => Promise<void>)[] = [];
afterAll(async () => {
  for (const close of closing) await close();
});

const objects = OBJECTS.map((object, index) => ({ ...object, baseName: 0x1000 + index * 0x100 }));

const CONTEXT: ServiceContext = {
  conformance: new Set(SN_SERVICES),
  sendOctetsMax: 1024,
  hasGeneralBlocks: false,
  valueOctetsMax: 10_000,
  nextInvokeId: () => 0xc1,
};

async function open(association: AssociationDefinition, options: ClientOptions) {
  const device = fixtureMeter({ associations: [association], objects });
  const listener = await listenDlms(world, { host: "127.0.0.1", port: 0 }, device);
  closing.push(() => listener.close());
  const connection = await world.network.connect(listener.address);
  return { device, client: await connectDlms(wrapperLink(connection, "client"), { timeoutMs: 3000, ...options }, world) };
}

describe("short names", () => {
  test("read, write and invoke what logical names name", async () => {
    const { client, device } = await open(
      { clientSap: 1, role: "manager", mechanism: "lls" },
      { clientSap: 1, shortNames: true, authentication: { mechanism: "lls", password: SECRET }, maxPduOctets: 200 },
    );
    expect(await client.get(ENERGY)).toEqual({ kind: "data", data: data.doubleLongUnsigned(123_456) });
    expect(await client.get(PROFILE)).toEqual({ kind: "data", data: profileBuffer(96) });
    const rows = await client.get(PROFILE, entrySelection(2, 3));
    expect(rows.kind === "data" && rows.data.type === "array" && rows.data.value.length).toBe(2);
    expect(await client.getList([{ attribute: NAME }, { attribute: { ...NAME, classId: 99 } }, { attribute: RELAY }])).toEqual([
      { kind: "data", data: data.octets(new TextEncoder().encode("AMY0000000000001")) },
      { kind: "refused", result: "object-undefined" },
      { kind: "data", data: data.boolean(true) },
    ]);
    expect(await client.set(TEXT, data.octets(Uint8Array.of(1, 2)))).toBe("success");
    expect(device.state.get(TEXT.instanceId)).toEqual(data.octets(Uint8Array.of(1, 2)));
    expect(await client.action(DISCONNECT, data.integer(0))).toEqual({ kind: "done" });
    expect(await client.get(RELAY)).toEqual({ kind: "data", data: data.boolean(false) });
    await client.release();
  });

  test("find an object's short name in the list of the association, by its class or by class and name", async () => {
    const { client } = await open(
      { clientSap: 1, role: "manager", mechanism: "lls" },
      { clientSap: 1, shortNames: true, authentication: { mechanism: "lls", password: SECRET } },
    );
    const list = { classId: 12, instanceId: parseObis("0-0:40.0.0"), attributeId: 2 };
    const energy = objects.find(({ instanceId }) => instanceId === ENERGY.instanceId);
    const found = data.structure(
      data.long(energy?.baseName ?? 0),
      data.longUnsigned(3),
      data.unsigned(0),
      data.octets(obisToOctets(ENERGY.instanceId)),
    );
    const named = (classId: number): DlmsData => data.structure(data.longUnsigned(classId), data.octets(obisToOctets(ENERGY.instanceId)));
    expect(await client.get(list, { selector: 2, parameters: named(3) })).toEqual({ kind: "data", data: found });
    expect(await client.get(list, { selector: 2, parameters: named(4) })).toEqual({ kind: "refused", result: "object-undefined" });
    const registers = await client.get(list, { selector: 1, parameters: data.longUnsigned(3) });
    expect(registers.kind === "data" && registers.data.type === "array" && registers.data.value).toContainEqual(found);
    expect(await client.get(list, { selector: 1, parameters: named(3) })).toEqual({ kind: "refused", result: "type-unmatched" });
    expect(await client.get(list, { selector: 9, parameters: data.nothing })).toEqual({
      kind: "refused",
      result: "scope-of-access-violated",
    });
    await client.release();
  });

  test("take and give what is too long in blocks", async () => {
    const { client, device } = await open(
      { clientSap: 1, role: "manager", mechanism: "lls", maxPduOctets: 64 },
      { clientSap: 1, shortNames: true, authentication: { mechanism: "lls", password: SECRET }, maxPduOctets: 64 },
    );
    const long = data.octets(Uint8Array.from({ length: 700 }, (_, index) => index & 0xff));
    expect(await client.set(TEXT, long)).toBe("success");
    expect(device.state.get(TEXT.instanceId)).toEqual(long);
    expect(await client.get(TEXT)).toEqual({ kind: "data", data: long });
    // A READ of many variables is longer than the server takes, and so is a method's parameter.
    const many = Array.from({ length: 40 }, () => ({ attribute: ENERGY }));
    expect(await client.getList(many)).toEqual(many.map(() => ({ kind: "data", data: data.doubleLongUnsigned(123_456) })));
    expect(await client.action(ECHO, long)).toEqual({ kind: "done", data: long });
  });

  test("a block out of turn is refused, and the next request is served", async () => {
    const meter = fixtureMeter({
      associations: [{ clientSap: 1, role: "manager", mechanism: "none", preEstablished: true, conformance: SN_SERVICES }],
      objects,
    });
    const server = new ServerAssociation(meter.device, { clientSap: 1, serverSap: 1, randomBytes: (length) => new Uint8Array(length) });
    const block = (blockNumber: number): Uint8Array =>
      encodeApdu(0x06, writeRequest, {
        variables: [{ kind: "write-data-block", value: { lastBlock: false, blockNumber } }],
        values: [data.octets(Uint8Array.of(1, 2, 3))],
      });
    expect((await server.handle(block(2))).answer).toEqual(Uint8Array.of(0x0d, 1, 1, 18));
    expect((await server.handle(block(1))).answer).toEqual(Uint8Array.of(0x0d, 1, 2, 0, 1));
    expect((await server.handle(block(3))).answer).toEqual(Uint8Array.of(0x0d, 1, 1, 19));
    expect((await server.handle(block(2))).answer).toEqual(Uint8Array.of(0x0d, 1, 1, 18));
    const energy = encodeApdu(0x05, readRequest, [{ kind: "variable-name", value: (objects[1]?.baseName ?? 0) + 8 }]);
    expect((await server.handle(energy)).answer?.[0]).toBe(0x0c);
  });

  test("go ciphered, with HLS over the association's short name", async () => {
    const { client } = await open(
      { clientSap: 1, role: "manager", mechanism: "hls-gmac", ciphered: true },
      {
        clientSap: 1,
        shortNames: true,
        authentication: { mechanism: "hls-gmac" },
        security: {
          suite: 0,
          systemTitle: CLIENT_TITLE,
          keys: KEYS,
          protection: "authenticated-encrypted",
          ciphering: "global",
          sent: memoryCounter(),
        },
      },
    );
    expect(await client.get(ENERGY)).toEqual({ kind: "data", data: data.doubleLongUnsigned(123_456) });
    await client.release();
  });

  test("take the answer to the challenge in a WRITE as well, and prove the server in the way of READ", async () => {
    const meter = fixtureMeter({ associations: [{ clientSap: 1, role: "manager", mechanism: "hls-sha1" }], objects });
    const listener = await listenDlms(world, { host: "127.0.0.1", port: 0 }, meter);
    closing.push(() => listener.close());
    const asWrite = (apdu: Uint8Array): Uint8Array => {
      const [variable] = apdu[0] === 0x05 ? decodeAll(readRequest, apdu.subarray(1), "read-request") : [];
      if (variable?.kind !== "parameterized" || variable.value.variableName !== 0xfa58) return apdu;
      const { variableName, parameter } = variable.value;
      return encodeApdu(0x06, writeRequest, { variables: [{ kind: "variable-name", value: variableName }], values: [parameter] });
    };
    const open = async (secret: Uint8Array): Promise<DlmsClient> => {
      const link = wrapperLink(await world.network.connect(listener.address), "client");
      const writing: PduLink = Object.create(link, {
        send: { value: (apdu: Uint8Array, saps: SapPair) => link.send(asWrite(apdu), saps) },
      });
      const authentication = { mechanism: "hls-sha1", secret } as const;
      return connectDlms(writing, { clientSap: 1, shortNames: true, timeoutMs: 3000, authentication }, world);
    };
    const client = await open(SECRET);
    expect(await client.get(ENERGY)).toEqual({ kind: "data", data: data.doubleLongUnsigned(123_456) });
    await client.release();
    await expect(open(Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8))).rejects.toBeInstanceOf(AmityError);
  });

  test("read a value that comes in blocks without the list around it, as Gurux sends it", async () => {
    const value = data.octets(Uint8Array.from({ length: 300 }, (_, index) => index & 0xff));
    const raw = encodeData(value);
    const blocks = [raw.subarray(0, 200), raw.subarray(200)].map((rawData, index) =>
      encodeApdu(0x0c, readResponse, [{ kind: "block", value: { lastBlock: index === 1, blockNumber: index + 1, rawData } }]),
    );
    const read = shortGetExchange(CONTEXT, new Map([[`1 ${NAME.instanceId}`, 0x1000]]), [{ attribute: NAME }]);
    read.next();
    expect(read.next(blocks[0]!).done).toBe(false);
    expect(read.next(blocks[1]!)).toEqual({ done: true, value: [{ kind: "data", data: value }] });

    const broken = shortGetExchange(CONTEXT, new Map([[`1 ${NAME.instanceId}`, 0x1000]]), [{ attribute: NAME }]);
    broken.next();
    const last = { lastBlock: true, blockNumber: 1, rawData: Uint8Array.of(0x81, 0x09) };
    expect(() => broken.next(encodeApdu(0x0c, readResponse, [{ kind: "block", value: last }]))).toThrow(DecodeError);
  });

  test("show a client no more than its rights", async () => {
    const { client } = await open(
      { clientSap: 16, role: "public", mechanism: "none" },
      { clientSap: 16, shortNames: true, authentication: { mechanism: "none" } },
    );
    expect((await client.get(NAME)).kind).toBe("data");
    expect(await client.get(ENERGY)).toEqual({ kind: "refused", result: "object-undefined" });
  });
});
