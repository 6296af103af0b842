import { fromHex } from "@amity/bytes";
import {
  ACCESS,
  compileModel,
  connectDlms,
  data,
  memoryCounter,
  memoryReceivedCounter,
  openHdlcLink,
  parseObis,
  serveDlms,
  serveHdlcLink,
  wrapperLink,
  type Ciphering,
  type CosemDevice,
  type DlmsClient,
  type LogicalDevice,
} from "@amity/dlms";
import { realNetwork, realRandom, realTimers, type Listener } from "@amity/runtime";
import fc from "fast-check";
import { afterEach, describe, expect, it } from "vitest";
import { openSniffProxy, type SniffEvent } from "../src/laboratory/sniff-proxy.ts";
import { SniffedSession, type SniffedItem } from "../src/laboratory/sniffed-session.ts";

const KEYS = {
  encryptionKey: fromHex("000102030405060708090A0B0C0D0E0F"),
  authenticationKey: fromHex("D0D1D2D3D4D5D6D7D8D9DADBDCDDDEDF"),
};
const KEY = { label: "the given key", ...KEYS };
const DEDICATED = fromHex("F0E1D2C3B4A5968778695A4B3C2D1E0F");
const ENERGY = { classId: 3, instanceId: parseObis("1-0:1.8.0"), attributeId: 2 };
const WORLD = { timers: realTimers, random: realRandom() };

const open: Listener[] = [];
afterEach(() => Promise.all(open.splice(0).map((listener) => listener.close())));

/** A meter with one register, behind a password and behind GMAC. */
function device(): CosemDevice {
  const access = { reading: ACCESS.read, management: ACCESS.read };
  const model = compileModel({
    associations: [
      { clientSap: 2, role: "reading", mechanism: "lls" },
      { clientSap: 1, role: "management", mechanism: "hls-gmac", ciphered: true },
    ],
    objects: [{ classId: 3, version: 0, instanceId: ENERGY.instanceId, attributes: [{ id: 2, access }] }],
  });
  const security = { suite: 0, keys: KEYS, sent: memoryCounter(1), received: memoryReceivedCounter() } as const;
  const meter: LogicalDevice = {
    model,
    systemTitle: new TextEncoder().encode("AMT00001"),
    secret: () => new TextEncoder().encode("12345678"),
    security: () => security,
    read: () => ({ kind: "data", data: data.doubleLongUnsigned(4_711) }),
    write: () => "read-write-denied",
    invoke: () => ({ kind: "refused", result: "object-undefined" }),
  };
  return { logicalDevice: (sap) => (sap === 1 ? meter : undefined) };
}

/** A meter, a proxy before it, and what the proxy told. */
async function sniffed(
  transport: "wrapper" | "hdlc",
  keys = [KEY],
): Promise<{ port: number; events: SniffEvent[]; said: () => SniffedItem[] }> {
  const meter = await realNetwork.listen({ host: "127.0.0.1", port: 0 }, (connection) => {
    const link = transport === "hdlc" ? serveHdlcLink(connection, realTimers) : wrapperLink(connection, "server");
    serveDlms(link, device(), WORLD);
  });
  const events: SniffEvent[] = [];
  const options = { transport, keys, systemTitles: [], listen: { host: "127.0.0.1", port: 0 }, to: meter.address };
  const proxy = await openSniffProxy(realNetwork, options, (event) => events.push(event));
  open.push(proxy, meter);
  return { port: proxy.address.port, events, said: () => events.flatMap((event) => (event.kind === "said" ? [event.item] : [])) };
}

async function manager(port: number, ciphering: Ciphering): Promise<DlmsClient> {
  const security = {
    suite: 0,
    systemTitle: new TextEncoder().encode("HESHES01"),
    keys: KEYS,
    protection: "authenticated-encrypted",
    ciphering,
    sent: memoryCounter(100),
    ...(ciphering === "dedicated" ? { dedicatedKey: DEDICATED } : {}),
  } as const;
  const link = wrapperLink(await realNetwork.connect({ host: "127.0.0.1", port }), "client");
  return connectDlms(link, { clientSap: 1, authentication: { mechanism: "hls-gmac" }, security }, WORLD);
}

const summaries = (items: readonly SniffedItem[]): string[] => items.map(({ from, summary }) => `${from}: ${summary}`);

describe("a proxy between a client and a meter", () => {
  it("passes a session on unchanged and says what was asked and answered", async () => {
    const { port, events, said } = await sniffed("wrapper");
    const link = wrapperLink(await realNetwork.connect({ host: "127.0.0.1", port }), "client");
    const authentication = { mechanism: "lls", password: new TextEncoder().encode("12345678") } as const;
    const client = await connectDlms(link, { clientSap: 2, authentication }, WORLD);
    expect(await client.get(ENERGY)).toEqual({ kind: "data", data: data.doubleLongUnsigned(4_711) });
    expect(await client.get({ ...ENERGY, instanceId: parseObis("1-0:9.9.9") })).toMatchObject({ kind: "refused" });
    await client.release();
    const lines = summaries(said());
    expect(lines.map((line) => line.split(" ").slice(0, 2).join(" "))).toEqual([
      "client: aarq",
      "meter: aare",
      "client: get-request",
      "meter: get-response",
      "client: get-request",
      "meter: get-response",
      "client: rlrq",
      "meter: rlre",
    ]);
    expect(lines[2]).toContain("1-0:1.8.0.255");
    expect(lines[2]).toContain("attribute 2");
    expect(lines[3]).toContain("double-long-unsigned 4711");
    expect(lines[5]).toContain("object-undefined");
    expect(events[0]).toMatchObject({ kind: "opened", connection: 1 });
  });

  it("opens a ciphered session with the given key, naming key and counter, and learns the titles by itself", async () => {
    const { port, said } = await sniffed("wrapper");
    const client = await manager(port, "global");
    await client.get(ENERGY);
    await client.release();
    expect(summaries(said())[0]).toMatch(/^client: aarq initiate-request \(with the given key/);
    const request = summaries(said()).find((line) => line.includes("get-request"));
    expect(request).toMatch(
      /get-request 1-0:1\.8\.0\.255 .*attribute 2 \(with the given key, sent by 4845534845533031, invocation counter 10\d\)/,
    );
    const answer = summaries(said()).find((line) => line.includes("get-response"));
    expect(answer).toMatch(/4711 \(with the given key, sent by 414d543030303031, invocation counter \d+\)/);
  });

  it("follows a dedicated key that the association brings, and shows neither it nor the given one", async () => {
    const { port, said } = await sniffed("wrapper");
    const client = await manager(port, "dedicated");
    await client.get(ENERGY);
    await client.release();
    expect(summaries(said()).find((line) => line.includes("get-response"))).toMatch(/4711 \(with the dedicated key of the association/);
    const everything = JSON.stringify(said()).toLowerCase();
    expect(everything).not.toContain("f0e1d2c3b4a5968778695a4b3c2d1e0f");
    expect(everything).not.toContain("000102030405060708090a0b0c0d0e0f");
  });

  it("says so where the key does not fit, and the session goes on", async () => {
    const { port, said } = await sniffed("wrapper", [{ ...KEY, encryptionKey: DEDICATED }]);
    const client = await manager(port, "global");
    expect(await client.get(ENERGY)).toMatchObject({ kind: "data" });
    await client.release();
    expect(summaries(said()).filter((line) => line.includes("no key given fits")).length).toBeGreaterThan(3);
  });

  it("says why an association was refused", async () => {
    const { port, said } = await sniffed("wrapper");
    const connection = await realNetwork.connect({ host: "127.0.0.1", port });
    const authentication = { mechanism: "lls", password: new TextEncoder().encode("wrong") } as const;
    await expect(connectDlms(wrapperLink(connection, "client"), { clientSap: 2, authentication }, WORLD)).rejects.toThrow("refused");
    expect(summaries(said())).toContain("meter: aare rejected-permanent, authentication-failure");
  });

  it("says suite, protection and counter of what it has no key for", async () => {
    const { port, said } = await sniffed("wrapper", []);
    const client = await manager(port, "global");
    await client.get(ENERGY);
    await client.release();
    expect(summaries(said()).find((line) => line.includes("get-request"))).toMatch(
      /glo-get-request \(suite 0, authenticated-encrypted, invocation counter 10\d, no key given\)/,
    );
  });

  it("explains HDLC: frames, and the APDUs that they carry", async () => {
    const { port, said } = await sniffed("hdlc");
    const connection = await realNetwork.connect({ host: "127.0.0.1", port });
    const link = await openHdlcLink(connection, realTimers, { clientSap: 2, serverSap: 1 });
    const authentication = { mechanism: "lls", password: new TextEncoder().encode("12345678") } as const;
    const client = await connectDlms(link, { clientSap: 2, authentication }, WORLD);
    await client.get(ENERGY);
    await client.release();
    const lines = summaries(said());
    expect(lines[0]).toBe("client: SNRM");
    expect(lines[1]).toBe("meter: UA");
    expect(lines.some((line) => line.includes("get-response") && line.includes("4711"))).toBe(true);
  });

  it("tells that the meter cannot be reached, and lets the client go", async () => {
    const gone = await realNetwork.listen({ host: "127.0.0.1", port: 0 }, () => {});
    await gone.close();
    const events: SniffEvent[] = [];
    const options = { transport: "wrapper", keys: [], systemTitles: [], listen: { host: "127.0.0.1", port: 0 }, to: gone.address } as const;
    const proxy = await openSniffProxy(realNetwork, options, (event) => events.push(event));
    open.push(proxy);
    const connection = await realNetwork.connect(proxy.address);
    await new Promise<void>((resolve) => connection.bind({ data: () => {}, closed: () => resolve() }));
    expect(events.at(-1)).toMatchObject({ kind: "closed", by: "meter", error: expect.stringContaining("refused") });
  });
});

describe("listening", () => {
  it("takes any octets from either side, cut anywhere", () => {
    const side = fc.constantFrom("client" as const, "meter" as const);
    for (const transport of ["wrapper", "hdlc"] as const) {
      fc.assert(
        fc.property(fc.array(fc.tuple(side, fc.uint8Array({ maxLength: 60 })), { maxLength: 8 }), (chunks) => {
          const session = new SniffedSession({ transport, keys: [KEY], systemTitles: [] });
          for (const [from, chunk] of chunks) for (const item of session.feed(from, chunk)) expect(item.from).toBe(from);
        }),
        { numRuns: 500 },
      );
    }
  });

  it("says once that a stream is no wrapper stream", () => {
    const session = new SniffedSession({ transport: "wrapper", keys: [], systemTitles: [] });
    expect(session.feed("client", fromHex("7EA00703211393E60E7E"))).toMatchObject([{ kind: "unreadable" }]);
    expect(session.feed("client", fromHex("0001001000010000"))).toEqual([]);
  });
});
