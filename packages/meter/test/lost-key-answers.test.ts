import { LinkError } from "@amity/bytes";
import { generateEllipticKeyPair } from "@amity/crypto";
import {
  SecuritySetupClient,
  connectDlms,
  memoryCounter,
  parseObis,
  wrapperLink,
  type DlmsClient,
  type PduLink,
  type PduLinkHandlers,
  type SecurityKeyName,
  type SecurityKeys,
} from "@amity/dlms";
import { describe, expect, it } from "vitest";
import { certify, curveOfSuite, deriveAuthority, masterSecretFrom, parseMeterType, type MeterKeys } from "../src/index.ts";
import { openBench, type MeterBench } from "./bench/meter-bench.ts";

const START_MS = Date.UTC(2026, 0, 20, 1);
const DAY_MS = 86_400_000;
const TITLE = new TextEncoder().encode("HESHES01");
const METER_ID = { classId: 1, instanceId: parseObis("0-0:96.1.0"), attributeId: 2 };

/** A link that can go deaf: what is said arrives, what is answered does not. */
function losingLink(link: PduLink): { readonly link: PduLink; readonly goDeaf: () => void } {
  let isDeaf = false;
  const hears = (handlers: PduLinkHandlers): PduLinkHandlers => ({
    ...handlers,
    apdu: (apdu, saps) => {
      if (!isDeaf) handlers.apdu(apdu, saps);
    },
  });
  const losing: PduLink = Object.create(link, { bind: { value: (handlers: PduLinkHandlers) => link.bind(hears(handlers)) } });
  return { link: losing, goDeaf: () => void (isDeaf = true) };
}

class Field {
  readonly bench: MeterBench;
  #counter = 1_000_000;

  constructor(bench: MeterBench) {
    this.bench = bench;
  }

  run<T>(work: Promise<T>): Promise<T> {
    return this.bench.simulation.runFor(work);
  }

  async connect(keys: SecurityKeys): Promise<{ readonly client: DlmsClient; readonly goDeaf: () => void }> {
    this.#counter += 10_000;
    const { headEnd, fleet, target } = this.bench;
    const { securitySuite: suite } = fleet.device(target.meterId).meter.surroundings.type;
    const { link, goDeaf } = losingLink(wrapperLink(await this.run(headEnd.network.connect({ host: "street", port: 4_059 })), "client"));
    const client = await this.run(
      connectDlms(
        link,
        {
          clientSap: 1,
          authentication: { mechanism: "hls-gmac" },
          security: {
            suite,
            systemTitle: TITLE,
            keys,
            protection: "authenticated-encrypted",
            ciphering: "global",
            sent: memoryCounter(this.#counter),
          },
        },
        headEnd,
      ),
    );
    return { client, goDeaf };
  }

  /** Whether the meter lets itself be read under these keys. */
  async opens(keys: SecurityKeys): Promise<boolean> {
    const opened = await this.connect(keys).catch(() => undefined);
    return opened !== undefined && (await this.run(opened.client.get(METER_ID))).kind === "data";
  }
}

async function fieldOf(suite: 0 | 1 | 2): Promise<{ field: Field; factory: MeterKeys }> {
  const type = parseMeterType(JSON.stringify({ securitySuite: suite }));
  const bench = await openBench({ startMs: START_MS, parts: { type } });
  return { field: new Field(bench), factory: bench.fleet.keys(bench.target.meterId) };
}

const keysOf = (fill: number): Map<SecurityKeyName, Uint8Array> =>
  new Map([
    ["encryptionKey", new Uint8Array(16).fill(fill)],
    ["authenticationKey", new Uint8Array(16).fill(fill + 1)],
  ]);
const withKeys = (before: MeterKeys, changed: ReadonlyMap<SecurityKeyName, Uint8Array>): MeterKeys => ({
  ...before,
  ...Object.fromEntries(changed),
});

describe("keys whose answer was lost", () => {
  it.each([1, 2] as const)(
    "do not shut a client out that agreed on them without hearing with what: suite %i",
    async (suite) => {
      const { field, factory } = await fieldOf(suite);
      const { bench } = field;
      const curve = curveOfSuite(suite);
      const own = generateEllipticKeyPair(curve);
      const authority = deriveAuthority(masterSecretFrom("bench"), curve);
      const terms = { serial: 5, validFromMs: START_MS - DAY_MS, validToMs: START_MS + DAY_MS };
      const device = bench.fleet.device(bench.target.meterId);
      const parties = {
        suite,
        clientTitle: TITLE,
        serverTitle: device.systemTitle,
        signingPrivate: own.privateScalar,
        serverSigningPublic: device.keyPair("digital-signature")!.publicPoint,
      };
      const { client, goDeaf } = await field.connect(factory);
      const setup = new SecuritySetupClient(client);
      const subject = { systemTitle: TITLE, publicPoint: own.publicPoint, usage: "digital-signature" } as const;
      expect(await field.run(setup.importCertificate(certify(authority, subject, terms)))).toEqual({ kind: "done" });
      goDeaf();
      await expect(field.run(setup.agreeKeys(parties, ["encryptionKey", "authenticationKey"]))).rejects.toThrow(LinkError);
      expect(bench.fleet.device(bench.target.meterId).keys().encryptionKey).not.toEqual(factory.encryptionKey);

      // The old ones go on, over a crash of the meter too, and what it sends of itself is under them.
      expect(await field.opens(factory)).toBe(true);
      await bench.crash();
      expect(await field.opens(factory)).toBe(true);

      // A second try that is heard ends both.
      const again = await field.connect(factory);
      const agreed = await field.run(new SecuritySetupClient(again.client).agreeKeys(parties, ["encryptionKey", "authenticationKey"]));
      if (agreed.kind !== "done") throw new Error(agreed.result);
      expect(await field.opens(withKeys(factory, agreed.keys))).toBe(true);
      expect(await field.opens(factory)).toBe(false);
      await expect(bench.crash()).rejects.toThrow();
      expect(await field.opens(withKeys(factory, agreed.keys))).toBe(true);
    },
    30_000,
  );

  it("count as soon as the client shows that it has them, and those of before no more", async () => {
    const { field, factory } = await fieldOf(0);
    const { client, goDeaf } = await field.connect(factory);
    goDeaf();
    await expect(field.run(new SecuritySetupClient(client).transferKeys(factory.masterKey, keysOf(7)))).rejects.toThrow(LinkError);
    expect(await field.opens(factory)).toBe(true);
    expect(await field.opens(withKeys(factory, keysOf(7)))).toBe(true);
    expect(await field.opens(factory)).toBe(false);
  });

  it("count each with those that the client has had besides, where several answers were lost", async () => {
    const { field, factory } = await fieldOf(0);
    const lose = async (keys: MeterKeys, changed: ReadonlyMap<SecurityKeyName, Uint8Array>): Promise<void> => {
      const { client, goDeaf } = await field.connect(keys);
      goDeaf();
      await expect(field.run(new SecuritySetupClient(client).transferKeys(factory.masterKey, changed))).rejects.toThrow(LinkError);
    };
    await lose(factory, new Map([["encryptionKey", new Uint8Array(16).fill(1)]]));
    await lose(factory, new Map([["authenticationKey", new Uint8Array(16).fill(2)]]));
    const second = withKeys(factory, new Map([["authenticationKey", new Uint8Array(16).fill(2)]]));
    const both = withKeys(second, new Map([["encryptionKey", new Uint8Array(16).fill(1)]]));
    expect(await field.opens(factory)).toBe(true);
    expect(await field.opens(second)).toBe(true);
    // The first was left behind by a client that did not have it.
    expect(await field.opens(both)).toBe(false);
    expect(await field.opens(factory)).toBe(false);
    expect(await field.opens(second)).toBe(true);
  });

  it("leave the master key of before open transfers until the new one has opened one", async () => {
    const { field, factory } = await fieldOf(0);
    const { client, goDeaf } = await field.connect(factory);
    const masterKey = new Uint8Array(16).fill(9);
    goDeaf();
    const changed = new Map([["masterKey", masterKey]] as const);
    await expect(field.run(new SecuritySetupClient(client).transferKeys(factory.masterKey, changed))).rejects.toThrow(LinkError);
    const transfer = async (keys: MeterKeys, master: Uint8Array, fill: number) =>
      field.run(new SecuritySetupClient((await field.connect(keys)).client).transferKeys(master, keysOf(fill)));
    expect(await transfer(factory, factory.masterKey, 3)).toEqual({ kind: "done" });
    const third = withKeys(factory, keysOf(3));
    expect(await transfer(third, masterKey, 5)).toEqual({ kind: "done" });
    const fifth = withKeys(factory, keysOf(5));
    expect(await transfer(fifth, factory.masterKey, 7)).toEqual({ kind: "refused", result: "other-reason" });
    expect(await transfer(fifth, masterKey, 7)).toEqual({ kind: "done" });
  });

  it("are not settled by a client that has neither set", async () => {
    const { field, factory } = await fieldOf(0);
    const fresh = keysOf(7);
    const { client } = await field.connect(factory);
    expect(await field.run(new SecuritySetupClient(client).transferKeys(factory.masterKey, fresh))).toEqual({ kind: "done" });
    const wrong = withKeys(factory, keysOf(40));
    expect(await field.opens(wrong)).toBe(false);
    expect(await field.opens(factory)).toBe(true);
  });
});
