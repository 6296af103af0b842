import {
  connectDlms,
  data,
  memoryCounter,
  obisToOctets,
  parseObis,
  parseObjectList,
  wrapperLink,
  type Authentication,
  type ClientOptions,
  type DlmsClient,
  type DlmsData,
} from "@amity/dlms";
import { beforeEach, describe, expect, it } from "vitest";
import { parseMeterType } from "../src/index.ts";
import { openBench, text, type MeterBench } from "./bench/meter-bench.ts";

const startMs = Date.UTC(2026, 0, 20, 1);
const DONE = { kind: "done" };
const DENIED = { kind: "refused", result: "read-write-denied" };
const READING = "0-0:40.0.2";
const SERIAL = { classId: 1, instanceId: parseObis("0-0:96.1.1"), attributeId: 2 };

let bench: MeterBench;

beforeEach(async () => {
  bench = await openBench({ startMs, parts: { type: parseMeterType(JSON.stringify({ associationVersion: 3 })) } });
});

const run = <T>(work: Promise<T>): Promise<T> => bench.simulation.runFor(work);

function reading(more: Partial<ClientOptions> = {}): Promise<DlmsClient> {
  const authentication: Authentication = { mechanism: "lls", password: bench.fleet.keys(bench.target.meterId).readingPassword };
  const link = bench.headEnd.network.connect({ host: "street", port: 4_059 });
  return run(
    link.then((connection) => connectDlms(wrapperLink(connection, "client"), { clientSap: 2, authentication, ...more }, bench.headEnd)),
  );
}

const name = (obis: string): DlmsData => data.octets(obisToOctets(parseObis(obis)));
const part = (id: number, mode: number, ...more: DlmsData[]): DlmsData => data.structure(data.integer(id), data.enumerated(mode), ...more);
const element = (classId: number, obis: string, attributes: DlmsData[], methods: DlmsData[] = []): DlmsData =>
  data.structure(
    data.longUnsigned(classId),
    data.unsigned(0),
    name(obis),
    data.structure(data.array(...attributes), data.array(...methods)),
  );
const user = (id: number, who: string): DlmsData => data.structure(data.unsigned(id), text(who));

async function listOf(client: DlmsClient): Promise<string[]> {
  const outcome = await run(client.get({ classId: 15, instanceId: parseObis("0-0:40.0.0"), attributeId: 2 }));
  if (outcome.kind !== "data") throw new Error(outcome.result);
  return parseObjectList(outcome.data).map(({ instanceId }) => instanceId);
}

describe("an object list", () => {
  it("loses an object, for one association only, and gets it back with less rights, over a crash too", async () => {
    const client = await reading();
    expect(await run(client.get(SERIAL))).toMatchObject({ kind: "data" });
    expect(await bench.act(15, READING, 4, element(1, "0-0:96.1.1", []))).toEqual(DONE);
    expect(await run(client.get(SERIAL))).toEqual({ kind: "refused", result: "object-undefined" });
    expect(await listOf(client)).not.toContain("0-0:96.1.1.255");
    expect(await bench.get(1, "0-0:96.1.1", 2)).toMatchObject({ type: "octet-string" });
    await bench.crash();
    const again = await reading();
    expect(await run(again.get(SERIAL))).toEqual({ kind: "refused", result: "object-undefined" });
    // The name may be read again, the value not.
    expect(await bench.act(15, READING, 3, element(1, "0-0:96.1.1", [part(1, 1, data.nothing)]))).toEqual(DONE);
    expect(await run(again.get({ ...SERIAL, attributeId: 1 }))).toMatchObject({ kind: "data" });
    expect(await run(again.get(SERIAL))).toEqual(DENIED);
    expect(await listOf(again)).toContain("0-0:96.1.1.255");
  });

  it("takes rights that the client which gives them has itself, no more, and no object that is not there", async () => {
    const client = await reading();
    const relay = element(
      70,
      "0-0:96.3.10",
      [2, 3, 4].map((id) => part(id, 3, data.nothing)),
      [part(1, 1), part(2, 1)],
    );
    expect(await run(client.action({ classId: 70, instanceId: parseObis("0-0:96.3.10"), methodId: 1 }, data.integer(0)))).toEqual(DENIED);
    expect(await bench.act(15, READING, 3, relay)).toEqual(DONE);
    expect(await run(client.action({ classId: 70, instanceId: parseObis("0-0:96.3.10"), methodId: 1 }, data.integer(0)))).toEqual(DONE);
    // Nobody may write the output state: no list can change that.
    expect(await run(client.set({ classId: 70, instanceId: parseObis("0-0:96.3.10"), attributeId: 2 }, data.boolean(true)))).toBe(
      "read-write-denied",
    );
    expect(await bench.act(15, READING, 3, element(1, "0-0:96.99.99", []))).toEqual({ kind: "refused", result: "object-undefined" });
    expect(await bench.act(15, READING, 3, data.nothing)).toEqual({ kind: "refused", result: "type-unmatched" });
    expect(await run(client.action({ classId: 15, instanceId: parseObis("0-0:40.0.0"), methodId: 3 }, relay))).toEqual(DENIED);
    expect(await run(client.action({ classId: 15, instanceId: parseObis("0-0:40.0.3"), methodId: 3 }, relay))).toMatchObject({
      kind: "refused",
    });
  });

  it("is read by class, by objects, and without rights", async () => {
    const select = (selector: number, parameters: DlmsData) => bench.get(15, "0-0:40.0.0", 2, { selector, parameters });
    const all = await bench.get(15, "0-0:40.0.0", 2);
    const count = all.type === "array" ? all.value.length : 0;
    const elementsOf = (value: DlmsData): readonly (readonly DlmsData[])[] =>
      value.type === "array" ? value.value.map((one) => (one.type === "structure" ? one.value : [])) : [];
    const named = elementsOf(await select(1, data.nothing));
    expect(named).toHaveLength(count);
    expect(new Set(named.map(({ length }) => length))).toEqual(new Set([3]));
    const clocks = elementsOf(await select(2, data.array(data.longUnsigned(8), data.longUnsigned(70))));
    expect(clocks.map(([classId]) => classId)).toEqual([data.longUnsigned(8), data.longUnsigned(70)]);
    const reference = (classId: number, obis: string): DlmsData => data.structure(data.longUnsigned(classId), name(obis));
    const chosen = await select(3, data.array(reference(8, "0-0:1.0.0"), reference(3, "1-0:1.8.0"), reference(3, "1-0:9.9.9")));
    const names = parseObjectList(chosen).map(({ instanceId }) => instanceId);
    expect(new Set(names)).toEqual(new Set(["1-0:1.8.0.255", "0-0:1.0.0.255"]));
    expect(parseObjectList(await select(4, reference(8, "0-0:1.0.0")))).toHaveLength(1);
    await expect(select(4, reference(8, "0-0:1.0.9"))).rejects.toThrow("object-undefined");
    await expect(select(2, data.nothing)).rejects.toThrow("type-unmatched");
    await expect(select(9, data.nothing)).rejects.toThrow("scope-of-access-violated");
  });
});

describe("a user list", () => {
  it("lets in who is on it, and tells who is there", async () => {
    const own = { classId: 15, instanceId: parseObis("0-0:40.0.0"), attributeId: 11 };
    expect(await run((await reading()).get(own))).toEqual({ kind: "data", data: user(0, "") });
    expect(await bench.act(15, READING, 5, user(7, "field crew"))).toEqual(DONE);
    expect(await bench.act(15, READING, 5, user(7, "somebody else"))).toEqual({ kind: "refused", result: "other-reason" });
    await expect(reading()).rejects.toThrow("calling-AE-invocation");
    await expect(reading({ userId: 8 })).rejects.toThrow("calling-AE-invocation");
    const client = await reading({ userId: 7 });
    expect(await run(client.get(own))).toEqual({ kind: "data", data: user(7, "field crew") });
    expect(await run(client.get({ ...own, attributeId: 10 }))).toEqual({ kind: "data", data: data.array(user(7, "field crew")) });
    await bench.crash();
    await expect(reading()).rejects.toThrow("calling-AE-invocation");
    expect(await bench.act(15, READING, 6, user(7, ""))).toEqual(DONE);
    expect(await bench.act(15, READING, 6, user(7, ""))).toEqual({ kind: "refused", result: "other-reason" });
    expect(await run((await reading()).get(own))).toEqual({ kind: "data", data: user(0, "") });
  });
});

describe("secrets of other clients", () => {
  it("are changed by the one that sees to them", async () => {
    expect(await bench.set(15, READING, 7, text("another password"))).toBe("success");
    await expect(reading()).rejects.toThrow();
    const authentication: Authentication = { mechanism: "lls", password: new TextEncoder().encode("another password") };
    expect(await run((await reading({ authentication })).get(SERIAL))).toMatchObject({ kind: "data" });
    expect(await bench.act(15, "0-0:40.0.4", 2, text("a secret for firmware"))).toEqual(DONE);
    const { encryptionKey, authenticationKey } = bench.fleet.keys(bench.target.meterId);
    const security = {
      suite: 0,
      systemTitle: new TextEncoder().encode("HESHES01"),
      keys: { encryptionKey, authenticationKey },
      protection: "authenticated-encrypted",
      ciphering: "global",
      sent: memoryCounter(5_000),
    } as const;
    const secret = new TextEncoder().encode("a secret for firmware");
    const firmware = await reading({ clientSap: 3, authentication: { mechanism: "hls-sha256", secret }, security });
    expect(await run(firmware.get({ classId: 18, instanceId: parseObis("0-0:44.0.0"), attributeId: 6 }))).toMatchObject({ kind: "data" });
  });
});

describe("attribute 0", () => {
  it("gives every attribute at once, nothing for those that may not be read, and sets those that are given", async () => {
    const conformance = ["get", "set", "action", "attribute0-supported-with-get", "attribute0-supported-with-set"] as const;
    const client = await reading({ conformance });
    const register = await run(client.get({ classId: 3, instanceId: parseObis("1-0:1.8.0"), attributeId: 0 }));
    expect(register).toMatchObject({
      kind: "data",
      data: { type: "structure", value: [{ type: "octet-string" }, {}, { type: "structure" }] },
    });
    const port = await run(client.get({ classId: 19, instanceId: parseObis("0-0:20.0.0"), attributeId: 0 }));
    expect(port.kind === "data" && port.data.type === "structure" && port.data.value.slice(-3)).toEqual([
      data.nothing,
      data.nothing,
      data.nothing,
    ]);
    expect(await run(client.get({ classId: 4, instanceId: parseObis("1-0:1.8.0"), attributeId: 0 }))).toEqual({
      kind: "refused",
      result: "object-class-inconsistent",
    });
    const message = { classId: 1, instanceId: parseObis("0-0:96.13.0"), attributeId: 0 };
    expect(await run(client.set(message, data.structure(data.nothing, text("hello"))))).toBe("read-write-denied");
    const { encryptionKey, authenticationKey } = bench.fleet.keys(bench.target.meterId);
    const security = {
      suite: 0,
      systemTitle: new TextEncoder().encode("HESHES01"),
      keys: { encryptionKey, authenticationKey },
      protection: "authenticated-encrypted",
      ciphering: "global",
      sent: memoryCounter(900_000),
    } as const;
    const manager = await reading({ clientSap: 1, authentication: { mechanism: "hls-gmac" }, security, conformance });
    expect(await run(manager.set(message, data.structure(data.nothing, text("hello"))))).toBe("success");
    expect(await run(manager.set(message, text("hello")))).toBe("type-unmatched");
    expect(await run(manager.get({ ...message, attributeId: 2 }))).toEqual({ kind: "data", data: text("hello") });
    const plain = await reading();
    expect(await run(plain.get({ classId: 3, instanceId: parseObis("1-0:1.8.0"), attributeId: 0 }))).toMatchObject({ kind: "refused" });
  });
});
