import { realWorld } from "@amity/runtime";
import { afterAll, describe, expect, test } from "vitest";
import {
  connectDlms,
  data,
  entrySelection,
  listenDlms,
  memoryCounter,
  wrapperLink,
  type AssociationDefinition,
  type ClientOptions,
} from "../src/index.ts";
import {
  CLIENT_TITLE,
  DISCONNECT,
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

  test("show a client no more than its rights", async () => {
    const { client } = await open(
      { clientSap: 16, role: "public", mechanism: "none" },
      { clientSap: 16, shortNames: true, authentication: { mechanism: "none" } },
    );
    expect((await client.get(NAME)).kind).toBe("data");
    expect(await client.get(ENERGY)).toEqual({ kind: "refused", result: "object-undefined" });
  });
});
