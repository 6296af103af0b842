import { LinkError, SecurityError } from "@amity/bytes";
import { realWorld } from "@amity/runtime";
import { afterAll, describe, expect, test } from "vitest";
import { actionRequest } from "../src/apdu/action.ts";
import {
  SecureChannel,
  ServerAssociation,
  connectDlms,
  data,
  encodeApdu,
  listenDlms,
  memoryCounter,
  wrapperLink,
  type ApduTraceEntry,
  type AssociationDefinition,
  type Authentication,
  type Ciphering,
  type ClientOptions,
  type MechanismName,
  type Protection,
  type SecurityOptions,
} from "../src/index.ts";
import {
  CLIENT_TITLE,
  DISCONNECT,
  ECHO,
  ENERGY,
  KEYS,
  NAME,
  PROFILE,
  RELAY,
  SECRET,
  SERVER_TITLE,
  TEXT,
  fixtureMeter,
  profileBuffer,
  type FixtureOptions,
} from "./fixture-meter.ts";

const world = realWorld({ filesRoot: "unused" });
const closing: (() => Promise<void>)[] = [];
afterAll(async () => {
  for (const close of closing) await close();
});

async function open(meter: FixtureOptions, options: Partial<ClientOptions> & Pick<ClientOptions, "clientSap" | "authentication">) {
  const device = fixtureMeter(meter);
  const faults: unknown[] = [];
  const listener = await listenDlms(world, { host: "127.0.0.1", port: 0 }, device, { onFault: (error) => faults.push(error) });
  closing.push(() => listener.close());
  const connection = await world.network.connect(listener.address);
  const client = await connectDlms(wrapperLink(connection, "client"), { timeoutMs: 3000, ...options }, world);
  return { client, device, faults, address: listener.address };
}

function suite0(overrides: Partial<SecurityOptions> = {}): SecurityOptions {
  return {
    suite: 0,
    systemTitle: CLIENT_TITLE,
    keys: KEYS,
    protection: "authenticated-encrypted",
    ciphering: "global",
    sent: memoryCounter(),
    ...overrides,
  };
}

const manager = (security: SecurityOptions): Pick<ClientOptions, "clientSap" | "authentication" | "security"> => ({
  clientSap: 1,
  authentication: { mechanism: "hls-gmac" },
  security,
});

describe("a public association", () => {
  test("reads what is public and is refused the rest", async () => {
    const { client } = await open({}, { clientSap: 16, authentication: { mechanism: "none" } });
    expect(await client.get(NAME)).toEqual({ kind: "data", data: data.octets(new TextEncoder().encode("AMY0000000000001")) });
    expect(await client.get(ENERGY)).toEqual({ kind: "refused", result: "read-write-denied" });
    expect(await client.get({ ...NAME, classId: 3 })).toEqual({ kind: "refused", result: "object-class-inconsistent" });
    expect(await client.get({ ...NAME, attributeId: 9 })).toEqual({ kind: "refused", result: "object-undefined" });
    expect(await client.set(TEXT, data.unsigned(1))).toBe("read-write-denied");
    await client.release();
    await expect(client.get(NAME)).rejects.toThrow(LinkError);
  });

  test("sees the association object with its object list", async () => {
    const { client } = await open({}, { clientSap: 16, authentication: { mechanism: "none" } });
    const list = await client.get({ classId: 15, instanceId: "0-0:40.0.0.255" as never, attributeId: 2 });
    expect(list.kind === "data" && list.data.type === "array" && list.data.value.length).toBe(2);
  });
});

describe("a value that does not fit one APDU", () => {
  const options = { clientSap: 2, authentication: { mechanism: "lls", password: SECRET } as const, maxPduOctets: 256 };

  test("comes in blocks", async () => {
    const { client } = await open({}, options);
    const outcome = await client.get(PROFILE);
    expect(outcome).toEqual({ kind: "data", data: profileBuffer(96) });
  });

  test("comes in blocks within a list", async () => {
    const { client } = await open({ isSlow: true }, options);
    const outcomes = await client.getList([{ attribute: PROFILE }, { attribute: ENERGY }, { attribute: { ...ENERGY, attributeId: 3 } }]);
    expect(outcomes).toEqual([
      { kind: "data", data: profileBuffer(96) },
      { kind: "data", data: data.doubleLongUnsigned(123_456) },
      { kind: "refused", result: "object-unavailable" },
    ]);
  });

  test("goes in blocks with SET, lists and ACTION, ciphered", async () => {
    const associations: AssociationDefinition[] = [
      { clientSap: 1, role: "manager", mechanism: "hls-gmac", ciphered: true, maxPduOctets: 200 },
    ];
    const { client, device } = await open({ associations }, { ...manager(suite0()), maxPduOctets: 128 });
    const long = data.octets(Uint8Array.from({ length: 3000 }, (_, index) => index & 0xff));
    expect(await client.set(TEXT, long)).toBe("success");
    expect(device.state.get(TEXT.instanceId)).toEqual(long);
    expect(
      await client.setList([
        { attribute: TEXT, value: data.nothing },
        { attribute: TEXT, value: long },
        { attribute: NAME, value: long },
      ]),
    ).toEqual(["success", "success", "success"]);
    expect(await client.action(ECHO, long)).toEqual({ kind: "done", data: long });
    expect(await client.get(TEXT)).toEqual({ kind: "data", data: long });
  });
});

describe("selective access", () => {
  test("by entry gives the rows asked for", async () => {
    const { client } = await open({}, { clientSap: 2, authentication: { mechanism: "lls", password: SECRET } });
    const parameters = data.structure(data.doubleLongUnsigned(3), data.doubleLongUnsigned(5), data.longUnsigned(1), data.longUnsigned(0));
    const outcome = await client.get(PROFILE, { selector: 2, parameters });
    const whole = profileBuffer(96);
    expect(outcome).toEqual({ kind: "data", data: { type: "array", value: whole.type === "array" ? whole.value.slice(2, 5) : [] } });
    expect(await client.get(ENERGY, { selector: 2, parameters })).toEqual({ kind: "refused", result: "scope-of-access-violated" });
  });
});

const HLS: { mechanism: MechanismName; authentication: Authentication }[] = [
  { mechanism: "none", authentication: { mechanism: "none" } },
  { mechanism: "lls", authentication: { mechanism: "lls", password: SECRET } },
  { mechanism: "hls-manufacturer", authentication: { mechanism: "hls-manufacturer", secret: SECRET } },
  { mechanism: "hls-md5", authentication: { mechanism: "hls-md5", secret: SECRET } },
  { mechanism: "hls-sha1", authentication: { mechanism: "hls-sha1", secret: SECRET } },
  { mechanism: "hls-gmac", authentication: { mechanism: "hls-gmac" } },
  { mechanism: "hls-sha256", authentication: { mechanism: "hls-sha256", secret: SECRET } },
];
const CIPHERINGS: Ciphering[] = ["global", "dedicated", "general-global", "general-dedicated", "general-ciphering"];
const PROTECTIONS: Protection[] = ["authenticated", "encrypted", "authenticated-encrypted"];

describe.each(HLS)("mechanism $mechanism", ({ mechanism, authentication }) => {
  test("opens a ciphered association and serves", async () => {
    const associations: AssociationDefinition[] = [{ clientSap: 1, role: "manager", mechanism }];
    const { client } = await open({ associations }, { clientSap: 1, authentication, security: suite0() });
    expect((await client.get(ENERGY)).kind).toBe("data");
    await client.release();
  });

  test.skipIf(mechanism === "none" || mechanism === "hls-gmac")("refuses another secret", async () => {
    const associations: AssociationDefinition[] = [{ clientSap: 1, role: "manager", mechanism }];
    const wrong = new TextEncoder().encode("Xurug");
    const bad = "password" in authentication ? { ...authentication, password: wrong } : { ...authentication, secret: wrong };
    await expect(
      open(
        { associations },
        { clientSap: 1, authentication: bad as Authentication, ...(mechanism === "hls-sha256" ? { security: suite0() } : {}) },
      ),
    ).rejects.toThrow(SecurityError);
  });
});

describe.each(CIPHERINGS)("%s ciphering", (ciphering) => {
  test.each(PROTECTIONS)("%s", async (protection) => {
    const associations: AssociationDefinition[] = [{ clientSap: 1, role: "manager", mechanism: "hls-gmac", ciphered: true, protection }];
    const seen: ApduTraceEntry[] = [];
    const security = suite0({
      ciphering,
      protection,
      ...(ciphering.endsWith("dedicated") ? { dedicatedKey: Uint8Array.from({ length: 16 }, (_, index) => index * 3) } : {}),
    });
    const { client } = await open({ associations }, { ...manager(security), trace: (entry) => seen.push(entry) });
    expect(await client.get(RELAY)).toEqual({ kind: "data", data: data.boolean(true) });
    expect(await client.action(DISCONNECT, data.integer(0))).toEqual({ kind: "done" });
    expect(await client.get(RELAY)).toEqual({ kind: "data", data: data.boolean(false) });
    const tags = { global: 0xcc, dedicated: 0xd4, "general-global": 0xdb, "general-dedicated": 0xdc, "general-ciphering": 0xdd };
    expect(seen.at(-1)?.ciphered?.[0]).toBe(tags[ciphering]);
    await client.release();
  });
});

describe("a ciphered association", () => {
  test("refuses a wrong encryption key with advice", async () => {
    const keys = { ...KEYS, encryptionKey: KEYS.encryptionKey.map((octet) => octet ^ 1) };
    await expect(open({}, manager(suite0({ keys })))).rejects.toThrow("deciphering-error");
  });

  test("refuses a counter that does not rise and says which it expects", async () => {
    await expect(open({ receivedCounter: 500 }, manager(suite0({ sent: memoryCounter(500) })))).rejects.toThrow("its counter is 501");
  });

  test("refuses requests below the policy of the association", async () => {
    await expect(open({}, manager(suite0({ protection: "authenticated" })))).rejects.toThrow("operation-not-possible");
  });
});

test("a server SAP where nothing answers runs into the time-out", async () => {
  await expect(open({}, { clientSap: 16, serverSap: 7, authentication: { mechanism: "none" }, timeoutMs: 100 })).rejects.toMatchObject({
    code: "timeout",
  });
});

describe("general block transfer", () => {
  test("carries long requests and answers of every service", async () => {
    const associations: AssociationDefinition[] = [
      { clientSap: 1, role: "manager", mechanism: "hls-gmac", ciphered: true, maxPduOctets: 200 },
    ];
    const { client, device } = await open(
      { associations },
      {
        ...manager(suite0({ ciphering: "general-global" })),
        maxPduOctets: 150,
        conformance: ["general-protection", "general-block-transfer", "get", "set", "action", "access", "selective-access"],
      },
    );
    expect(client.association.conformance.has("general-block-transfer")).toBe(true);
    expect(await client.get(PROFILE)).toEqual({ kind: "data", data: profileBuffer(96) });
    const long = data.octets(new Uint8Array(2000).fill(3));
    expect(await client.set(TEXT, long)).toBe("success");
    expect(device.state.get(TEXT.instanceId)).toEqual(long);
    expect(await client.action(ECHO, long)).toEqual({ kind: "done", data: long });
    expect(
      await client.access([
        { kind: "get", attribute: TEXT },
        { kind: "set", attribute: TEXT, value: data.nothing },
        { kind: "get", attribute: TEXT },
        { kind: "action", method: DISCONNECT, parameters: data.integer(0) },
      ]),
    ).toEqual([{ kind: "data", data: long }, { kind: "done" }, { kind: "data", data: data.nothing }, { kind: "done" }]);
    await client.release();
  });
});

test("an APDU that is only encrypted does not move the counter where more is demanded", () => {
  const attacker = new SecureChannel({
    suite: 0,
    systemTitle: CLIENT_TITLE,
    keys: { ...KEYS, encryptionKey: new Uint8Array(16) },
    sent: memoryCounter(0xffff_fff0),
  });
  const genuine = new SecureChannel({ suite: 0, systemTitle: CLIENT_TITLE, keys: KEYS, sent: memoryCounter(7) });
  const meter = new SecureChannel({
    suite: 0,
    systemTitle: SERVER_TITLE,
    keys: KEYS,
    sent: memoryCounter(),
    demanded: "authenticated-encrypted",
  });
  meter.peerSystemTitle = CLIENT_TITLE;
  const request = Uint8Array.of(0xc0, 1, 0xc1, 0, 1, 0, 0, 42, 0, 0, 255, 2, 0);
  expect(() => meter.unprotect(attacker.protect(request, { ciphering: "global", protection: "encrypted" }))).toThrow("only encrypted");
  expect(meter.unprotect(genuine.protect(request, { ciphering: "global", protection: "authenticated-encrypted" })).plain).toEqual(request);
});

describe("the association object", () => {
  const OWN = { classId: 15, instanceId: "0-0:40.0.0.255" as never };

  test("lets a client change its own secret where it may", async () => {
    const secrets: string[] = [];
    const associations: AssociationDefinition[] = [{ clientSap: 2, role: "reader", mechanism: "lls", mayChangeSecret: true }];
    const meter = fixtureMeter({ associations });
    const device = { ...meter.device, changeSecret: (_: number, secret: Uint8Array) => secrets.push(new TextDecoder().decode(secret)) > 0 };
    const listener = await listenDlms(world, { host: "127.0.0.1", port: 0 }, { logicalDevice: () => device });
    closing.push(() => listener.close());
    const connection = await world.network.connect(listener.address);
    const client = await connectDlms(
      wrapperLink(connection, "client"),
      { timeoutMs: 3000, clientSap: 2, authentication: { mechanism: "lls", password: SECRET } },
      world,
    );
    expect(await client.set({ ...OWN, attributeId: 7 }, data.octets(new TextEncoder().encode("new")))).toBe("success");
    expect(await client.action({ ...OWN, methodId: 2 }, data.octets(new TextEncoder().encode("newer")))).toEqual({ kind: "done" });
    expect(await client.set({ ...OWN, attributeId: 2 }, data.nothing)).toBe("read-write-denied");
    expect(secrets).toEqual(["new", "newer"]);
  });

  test("says the agreed context and who is associated", async () => {
    const { client } = await open({}, manager(suite0()));
    const values = await client.getList([1, 3, 4, 6, 8].map((attributeId) => ({ attribute: { ...OWN, attributeId } })));
    expect(values.map((value) => (value.kind === "data" && "value" in value.data ? value.data.value : undefined))).toEqual([
      Uint8Array.of(0, 0, 40, 0, 3, 255),
      [data.integer(1), data.longUnsigned(1)],
      Uint8Array.of(0x60, 0x85, 0x74, 0x05, 0x08, 1, 3),
      Uint8Array.of(0x60, 0x85, 0x74, 0x05, 0x08, 2, 5),
      2,
    ]);
  });
});

describe("a pre-established association", () => {
  test("serves ciphered requests without an AARQ", async () => {
    const associations: AssociationDefinition[] = [
      { clientSap: 102, role: "reader", mechanism: "none", ciphered: true, preEstablished: true, protection: "authenticated-encrypted" },
    ];
    const { client } = await open(
      { associations },
      {
        clientSap: 102,
        authentication: { mechanism: "none" },
        preEstablished: true,
        security: suite0({ ciphering: "general-global", peerSystemTitle: SERVER_TITLE }),
      },
    );
    expect(await client.get(ENERGY)).toEqual({ kind: "data", data: data.doubleLongUnsigned(123_456) });
    await client.release();
  });

  test("carries out a broadcast and keeps silent", async () => {
    const associations: AssociationDefinition[] = [
      { clientSap: 102, role: "manager", mechanism: "none", ciphered: true, preEstablished: true },
    ];
    const keys = { ...KEYS, broadcastKey: new Uint8Array(16).fill(7) };
    const meter = fixtureMeter({ associations, keys });
    const server = new ServerAssociation(meter.device, { clientSap: 102, serverSap: 1, randomBytes: (length) => new Uint8Array(length) });
    const sender = new SecureChannel({ suite: 0, systemTitle: CLIENT_TITLE, keys, sent: memoryCounter() });
    const disconnect = encodeApdu(0xc3, actionRequest, {
      kind: "normal",
      value: { invokeIdAndPriority: 0x81, method: DISCONNECT, parameters: data.integer(0) },
    });
    const served = await server.handle(
      sender.protect(disconnect, { ciphering: "general-global", protection: "authenticated-encrypted", broadcast: true }),
    );
    expect(served.answer).toBeUndefined();
    expect(meter.state.get(RELAY.instanceId)).toEqual(data.boolean(false));
  });
});
