import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect as connectTcp, createServer as createTcpServer, type AddressInfo, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setImmediate as turn } from "node:timers/promises";
import { afterAll, describe, expect, test } from "vitest";
import type { AmityError } from "@amity/bytes";
import {
  certificateToPem,
  generateEllipticKeyPair,
  issueCertificate,
  nodeTls,
  privateKeyToPem,
  readCertificate,
  type Certificate,
  type TlsEndpoint,
  type TlsOptions,
  type TlsTrust,
} from "../src/index.ts";

const NOW_MS = Date.UTC(2026, 10, 21);
const DAY_MS = 86_400_000;
const TERMS = { serialNumber: Uint8Array.of(7), validFromMs: NOW_MS - DAY_MS, validToMs: NOW_MS + 365 * DAY_MS };

interface Identity {
  readonly key: ReturnType<typeof generateEllipticKeyPair>;
  readonly certificate: Uint8Array;
}

function selfSigned(commonName: string, terms = TERMS): Identity {
  const key = generateEllipticKeyPair("P-256");
  const subject = { commonName, curve: key.curve, publicPoint: key.publicPoint, usage: "digital-signature" } as const;
  return { key, certificate: issueCertificate({ key, commonName }, subject, terms) };
}

const meter = selfSigned("meter");
const gateway = selfSigned("gateway");
const trusting = (...pinned: Uint8Array[]): TlsTrust => ({ pinned, nowMs: () => NOW_MS });

/** What an end told. */
class Told {
  readonly out: Uint8Array[] = [];
  text = "";
  secured: Certificate | undefined;
  error: AmityError | undefined;
  closed = false;
}

/** An end and what it told; `onTold` is called after each telling. */
function end(options: TlsOptions, onTold: (told: Told) => void = () => undefined) {
  const told = new Told();
  const tell = (change: () => void): void => {
    change();
    onTold(told);
  };
  const endpoint = nodeTls(options, {
    transmit: (octets) => tell(() => told.out.push(octets)),
    secured: (peer) => tell(() => (told.secured = peer)),
    plaintext: (octets) => tell(() => (told.text += new TextDecoder().decode(octets))),
    failed: (error) => tell(() => (told.error = error)),
    closed: () => tell(() => (told.closed = true)),
  });
  return { endpoint, told };
}
type End = ReturnType<typeof end>;

/** Carries octets both ways until nobody has any more, cut into pieces. */
async function carry(left: End, right: End, spoil: (octets: Uint8Array) => Uint8Array = (octets) => octets): Promise<void> {
  for (let quiet = 0; quiet < 20;) {
    const before = left.told.out.length + right.told.out.length;
    pass(left, right.endpoint, spoil);
    pass(right, left.endpoint, spoil);
    await turn();
    quiet = before === 0 ? quiet + 1 : 0;
  }
}

function pass(from: End, to: TlsEndpoint, spoil: (octets: Uint8Array) => Uint8Array): void {
  for (const octets of from.told.out.splice(0)) {
    const sent = spoil(octets);
    for (let at = 0; at < sent.length; at += 90) to.receive(sent.subarray(at, at + 90));
  }
}

function pair(more: { client?: Partial<TlsOptions>; server?: Partial<TlsOptions> } = {}): { client: End; server: End } {
  return {
    client: end({ role: "client", ...meter, trust: trusting(gateway.certificate), ...more.client }),
    server: end({ role: "server", ...gateway, trust: trusting(meter.certificate), ...more.server }),
  };
}

describe("two ends of a TLS session in memory", () => {
  test("prove themselves to each other and exchange content, whatever pieces it comes in", async () => {
    const { client, server } = pair();
    client.endpoint.send(new TextEncoder().encode("said before the handshake, "));
    await carry(client, server);
    expect([client.told.secured?.commonName, server.told.secured?.commonName]).toEqual(["gateway", "meter"]);
    client.endpoint.send(new TextEncoder().encode("up"));
    server.endpoint.send(new TextEncoder().encode("down"));
    await carry(client, server);
    expect([server.told.text, client.told.text]).toEqual(["said before the handshake, up", "down"]);
    client.endpoint.close();
    await carry(client, server);
    expect(server.told).toMatchObject({ closed: true, error: undefined });
    expect(() => {
      client.endpoint.send(Uint8Array.of(1));
    }).toThrow(expect.objectContaining({ code: "closed" }) as Error);
  });

  test("believe what a common authority issued", async () => {
    const authority = selfSigned("authority");
    const issued = (commonName: string): Identity => {
      const key = generateEllipticKeyPair("P-256");
      const subject = { commonName, curve: key.curve, publicPoint: key.publicPoint, usage: "digital-signature" } as const;
      return { key, certificate: issueCertificate({ key: authority.key, commonName: "authority" }, subject, TERMS) };
    };
    const trust = { issuers: [readCertificate(authority.certificate)], nowMs: () => NOW_MS };
    const { client, server } = pair({ client: { ...issued("m1"), trust }, server: { ...issued("g1"), trust } });
    await carry(client, server);
    expect([client.told.secured?.commonName, server.told.secured?.commonName]).toEqual(["g1", "m1"]);
  });

  test.each([
    ["a certificate that nobody knows", { client: selfSigned("meter") }, "unknown-peer"],
    ["an expired certificate", { expired: true }, "expired"],
    ["a certificate issued by a pinned one, which is no authority", { client: "issued by gateway" }, "unknown-peer"],
  ] as const)("refuse %s", async (_, how, code) => {
    let own: Identity = meter;
    let trust = trusting(meter.certificate);
    if ("expired" in how) {
      own = selfSigned("old", { ...TERMS, validToMs: NOW_MS - 1 });
      trust = trusting(own.certificate);
    } else if (how.client === "issued by gateway") {
      const key = generateEllipticKeyPair("P-256");
      const subject = { commonName: "child", curve: key.curve, publicPoint: key.publicPoint, usage: "digital-signature" } as const;
      own = { key, certificate: issueCertificate({ key: meter.key, commonName: "meter" }, subject, TERMS) };
    } else own = how.client;
    const { client, server } = pair({ client: own, server: { trust } });
    await carry(client, server);
    expect(server.told.error).toMatchObject({ blame: "security", code });
    expect(server.told.secured).toBeUndefined();
  });

  test("cannot be made with a key that is not the certificate's", () => {
    const stolen = { certificate: meter.certificate, key: generateEllipticKeyPair("P-256") };
    expect(() => end({ role: "client", ...stolen, trust: trusting() })).toThrow(/key values mismatch/);
  });

  test("refuse a record that was changed, one that comes twice, and one that is missing", async () => {
    const spoilers: ((octets: Uint8Array) => Uint8Array)[] = [
      (octets) => octets.map((octet, index) => (index === octets.length - 1 ? octet ^ 1 : octet)),
      (octets) => Uint8Array.of(...octets, ...octets),
    ];
    for (const spoil of spoilers) {
      const { client, server } = pair();
      await carry(client, server);
      client.endpoint.send(new TextEncoder().encode("42"));
      await turn();
      await turn();
      await carry(client, server, spoil);
      expect(server.told.error).toMatchObject({ code: "bad-record" });
      expect(["", "42"]).toContain(server.told.text);
    }
    const { client, server } = pair();
    await carry(client, server);
    for (const text of ["1", "2"]) {
      client.endpoint.send(new TextEncoder().encode(text));
      for (let count = 0; client.told.out.length === 0 && count < 100; count++) await turn();
      if (text === "1") client.told.out.length = 0;
    }
    await carry(client, server);
    expect(server.told).toMatchObject({ text: "", error: { code: "bad-record" } });
  });

  test("say that content may be truncated where the link ends without a goodbye", async () => {
    const { client, server } = pair();
    await carry(client, server);
    server.endpoint.linkEnded();
    expect(server.told.error).toMatchObject({ blame: "link", code: "truncated" });
  });

  test("refuse versions of TLS below 1.2", async () => {
    const server = end({ role: "server", ...gateway, trust: trusting(meter.certificate) });
    server.endpoint.receive(clientHello(0x0302));
    for (let count = 0; server.told.error === undefined && count < 200; count++) await turn();
    expect(server.told.error).toMatchObject({ code: "tls-version" });
  });

  test("take octets that are no TLS for what they are", async () => {
    const server = end({ role: "server", ...gateway, trust: trusting(meter.certificate) });
    server.endpoint.receive(new TextEncoder().encode("GET / HTTP/1.1\r\n\r\n"));
    for (let count = 0; server.told.error === undefined && count < 200; count++) await turn();
    expect(server.told.error).toMatchObject({ blame: "security" });
  });
});

/** A ClientHello that offers this version at most (RFC 5246, 7.4.1.2), with one suite of ours. */
function clientHello(version: number): Uint8Array {
  const body = [version >> 8, version & 0xff, ...new Uint8Array(32).fill(5), 0, 0, 2, 0xc0, 0x09, 1, 0];
  const handshake = [1, 0, 0, body.length, ...body];
  return Uint8Array.of(22, 3, 1, 0, handshake.length, ...handshake);
}

const hasOpenssl = spawnSync("openssl", ["version"]).status === 0;

describe.skipIf(!hasOpenssl)("OpenSSL's own programs as the other side", () => {
  const folder = mkdtempSync(join(tmpdir(), "amity-tls-"));
  const path = (name: string): string => join(folder, name);
  for (const [name, { key, certificate }] of Object.entries({ meter, gateway })) {
    writeFileSync(path(`${name}.key`), privateKeyToPem(key));
    writeFileSync(path(`${name}.pem`), certificateToPem(certificate));
  }
  const running: ChildProcess[] = [];
  afterAll(() => {
    for (const child of running) child.kill();
    rmSync(folder, { recursive: true });
  });

  /** Ties an end of ours to a socket; `until` waits for what it tells. */
  function tie(socket: Socket, options: TlsOptions) {
    const waiting: { isThere: (told: Told) => boolean; resolve: () => void }[] = [];
    const ours = end(options, (told) => {
      for (const octets of told.out.splice(0)) socket.write(octets);
      for (const { isThere, resolve } of waiting) if (isThere(told)) resolve();
    });
    for (const octets of ours.told.out.splice(0)) socket.write(octets);
    socket.on("data", (data) => {
      ours.endpoint.receive(new Uint8Array(data));
    });
    socket.on("error", () => undefined);
    const until = (isThere: (told: Told) => boolean): Promise<void> =>
      isThere(ours.told) ? Promise.resolve() : new Promise((resolve) => waiting.push({ isThere, resolve }));
    return { ...ours, until };
  }

  /** Runs a program of OpenSSL's; `said` waits for a word on its output. */
  function openssl(...words: string[]) {
    const child = spawn("openssl", words);
    running.push(child);
    let heard = "";
    const waiting: { word: string; resolve: () => void }[] = [];
    child.stdout.on("data", (data: Buffer) => {
      heard += data.toString();
      for (const { word, resolve } of waiting) if (heard.includes(word)) resolve();
    });
    const said = (word: string): Promise<void> =>
      heard.includes(word) ? Promise.resolve() : new Promise((resolve) => waiting.push({ word, resolve }));
    return { child, said };
  }

  const identity = (own: string, peer: string): string[] => {
    return ["-cert", path(`${own}.pem`), "-key", path(`${own}.key`), "-CAfile", path(`${peer}.pem`), "-partial_chain", "-tls1_2"];
  };

  test("s_client is a meter that proves itself to our gateway", async () => {
    const server = createTcpServer();
    const accepted = new Promise<Socket>((resolve) => server.once("connection", resolve));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    const { child, said } = openssl(
      "s_client",
      "-connect",
      `127.0.0.1:${port}`,
      ...identity("meter", "gateway"),
      "-verify_return_error",
      "-quiet",
    );
    const ours = tie(await accepted, { role: "server", ...gateway, trust: trusting(meter.certificate) });
    child.stdin.write("volume 42\n");
    await ours.until(({ text }) => text === "volume 42\n");
    expect(ours.told.secured?.commonName).toBe("meter");
    ours.endpoint.send(new TextEncoder().encode("close the valve\n"));
    await said("close the valve");
    child.kill();
    server.close();
  });

  test("s_server is a gateway that asks our meter for its certificate", async () => {
    const { child, said } = openssl(
      "s_server",
      "-accept",
      "127.0.0.1:0",
      ...identity("gateway", "meter"),
      "-Verify",
      "1",
      "-verify_return_error",
    );
    const port = await new Promise<number>((resolve) => {
      child.stdout.on("data", (data: Buffer) => {
        const found = /ACCEPT 127\.0\.0\.1:(\d+)/.exec(data.toString());
        if (found !== null) resolve(Number(found[1]));
      });
    });
    const socket = connectTcp(port, "127.0.0.1");
    await new Promise((resolve) => socket.once("connect", resolve));
    const ours = tie(socket, { role: "client", ...meter, trust: trusting(gateway.certificate) });
    await ours.until(({ secured }) => secured !== undefined);
    expect(ours.told.secured?.commonName).toBe("gateway");
    ours.endpoint.send(new TextEncoder().encode("volume 42\n"));
    await said("volume 42");
    child.stdin.write("close the valve\n");
    await ours.until(({ text }) => text.includes("close the valve"));
    socket.destroy();
    child.kill();
  });
});
