import { describe, expect, test } from "vitest";
import type { AmityError } from "@amity/bytes";
import { generateEllipticKeyPair, issueCertificate, nodeTls, type Certificate, type TlsCredentials } from "@amity/crypto";
import { VirtualTimers, seededRandom } from "@amity/runtime";
import {
  MeterKey,
  TLS_SESSION_MAX_MS,
  WIRELESS_CONTROL,
  decodeTelegram,
  findVif,
  newGatewayState,
  newMeterState,
  readRecords,
  stepGateway,
  stepMeter,
  tlsChannel,
  writeRecords,
  type TlsChannel,
  type TlsLinkOptions,
} from "../src/index.ts";

const METER = { id: "12345678", manufacturer: "AMT", version: 1, deviceType: 7 };
const GATEWAY = { id: "00000001", manufacturer: "AMC", version: 1, deviceType: 0x31 };
const STRANGER = { ...METER, id: "66666666" };
const NOW_MS = Date.UTC(2026, 10, 21);
const YEAR_MS = 365 * 86_400_000;
const KEY = new MeterKey(Uint8Array.from({ length: 16 }, (_, index) => index));

function identity(commonName: string, validToMs = NOW_MS + YEAR_MS): Pick<TlsCredentials, "key" | "certificate"> {
  const key = generateEllipticKeyPair("P-256");
  const subject = { commonName, curve: key.curve, publicPoint: key.publicPoint, usage: "digital-signature" } as const;
  const terms = { serialNumber: Uint8Array.of(1), validFromMs: NOW_MS - YEAR_MS, validToMs };
  return { key, certificate: issueCertificate({ key, commonName }, subject, terms) };
}

const meterIdentity = identity("meter");
const gatewayIdentity = identity("gateway");

interface Air {
  readonly loss: number;
  /** Telegrams come up to this much late, and so in another order (ms). */
  readonly delayMs: number;
  /** Part of the telegrams that come twice. */
  readonly doubled: number;
}
const CLEAR: Air = { loss: 0, delayMs: 5, doubled: 0 };

/** Both ends over an air. */
class Pair {
  readonly timers = new VirtualTimers();
  readonly log: { from: "gateway" | "meter"; octets: Uint8Array }[] = [];
  readonly told: string[] = [];
  readonly contents: { at: "gateway" | "meter"; octets: Uint8Array; controlInformation: number }[] = [];
  readonly errors: Partial<Record<"gateway" | "meter", AmityError>> = {};
  readonly gateway: TlsChannel;
  readonly meter: TlsChannel;
  #wake: (() => void)[] = [];

  constructor(
    air: Air,
    more: { seed?: number; link?: Partial<TlsLinkOptions>; meter?: Partial<TlsCredentials>; gateway?: Partial<TlsCredentials> } = {},
  ) {
    const random = seededRandom(more.seed ?? 1);
    const trust = (certificate: Uint8Array) => ({ pinned: [certificate], nowMs: () => NOW_MS });
    const build = (side: "gateway" | "meter", credentials: TlsCredentials): TlsChannel => {
      const peer = side === "gateway" ? "meter" : "gateway";
      return tlsChannel(
        { gateway: GATEWAY, meter: METER, ...more.link, side },
        {
          engine: nodeTls,
          credentials,
          timers: this.timers,
          transmit: (octets) => {
            this.log.push({ from: side, octets });
            for (let copies = random.float() < air.doubled ? 2 : 1; copies > 0; copies--) {
              if (random.float() < air.loss) continue;
              this.timers.after(5 + random.float() * air.delayMs, () => {
                this[peer].receive(octets);
              });
            }
          },
        },
        {
          opened: (certificate: Certificate) => this.#tell(`${side} knows ${certificate.commonName}`),
          content: (octets, controlInformation) => {
            this.contents.push({ at: side, octets, controlInformation });
            this.#tell(`${side} reads`);
          },
          ended: (error) => {
            if (error !== undefined) this.errors[side] = error;
            this.#tell(`${side} ended ${error?.code ?? ""}`.trim());
          },
        },
      );
    };
    this.gateway = build("gateway", { ...gatewayIdentity, trust: trust(meterIdentity.certificate), ...more.gateway });
    this.meter = build("meter", { ...meterIdentity, trust: trust(gatewayIdentity.certificate), ...more.meter });
  }

  #tell(what: string): void {
    this.told.push(what);
    for (const wake of this.#wake.splice(0)) wake();
  }

  /** Runs until all of this was told. */
  async until(...what: string[]): Promise<void> {
    const wait = async (): Promise<void> => {
      while (!what.every((each) => this.told.includes(each))) {
        // What ended is not going to be told: fail at once, and say what was.
        if (this.told.some((each) => each.includes("ended") && !what.some((wanted) => wanted.includes("ended"))))
          throw new Error(this.told.join(", "));
        await new Promise<void>((resolve) => this.#wake.push(resolve));
      }
    };
    await this.timers.run(wait());
  }

  async opened(): Promise<void> {
    this.gateway.open();
    await this.until("gateway knows meter", "meter knows gateway");
  }
}

const reading = writeRecords([{ coding: "int32", codes: findVif("volume", "m³", -3), value: 42 }]).finish();

describe("security mode 13", () => {
  test.each([
    ["a clear air, the meter the client", CLEAR, {}],
    ["a clear air, the gateway the client", CLEAR, { client: "gateway" }],
    ["an air that loses a third", { loss: 0.33, delayMs: 5, doubled: 0 }, { limits: { attemptsMax: 30 } }],
    ["an air that delays, reorders and doubles", { loss: 0.1, delayMs: 900, doubled: 0.3 }, { limits: { attemptsMax: 30 } }],
    ["requests proved by the meter's key", { loss: 0.2, delayMs: 300, doubled: 0.2 }, { channelKey: KEY, limits: { attemptsMax: 30 } }],
  ] as [string, Air, Partial<TlsLinkOptions>][])("both ends prove themselves and exchange content over %s", async (_, air, link) => {
    for (const seed of [1, 2, 3]) {
      const pair = new Pair(air, { seed, link });
      await pair.opened();
      pair.meter.send(reading);
      pair.gateway.poll();
      await pair.until("gateway reads");
      pair.gateway.send(Uint8Array.of(1, 2, 3));
      await pair.until("meter reads");
      expect(pair.contents.map(({ at, controlInformation }) => [at, controlInformation])).toEqual([
        ["gateway", 0x7a],
        ["meter", 0x5b],
      ]);
      expect(readRecords(pair.contents[0]?.octets ?? new Uint8Array(0)).records[0]?.value).toBe(42);
      expect(pair.errors).toEqual({});
    }
  });

  test("handshake messages go in fragments, content in security mode 13, nothing in clear", async () => {
    const pair = new Pair(CLEAR);
    await pair.opened();
    pair.meter.send(reading);
    pair.gateway.poll();
    await pair.until("gateway reads");
    const telegrams = pair.log.map(({ octets }) => decodeTelegram(octets));
    expect(telegrams.some(({ authentication }) => (authentication?.fragmentId ?? 0) > 1)).toBe(true);
    const modes = telegrams.flatMap(({ application: { header } }) => (header === undefined ? [] : [header.securityMode]));
    expect(new Set(modes)).toEqual(new Set([13]));
    expect(pair.log.some(({ octets }) => Buffer.from(octets).includes(Buffer.from(reading)))).toBe(false);
  });

  test.each([
    ["a meter that it does not know", { meter: identity("other") }, "unknown-peer"],
    ["a meter whose certificate has expired", { meter: identity("meter", NOW_MS - 1) }, "unknown-peer"],
  ] as const)("a gateway refuses %s", async (_, more, code) => {
    const pair = new Pair(CLEAR, more);
    pair.gateway.open();
    await pair.until(`gateway ended ${code}`);
    expect(pair.errors.gateway).toMatchObject({ blame: "security" });
    expect(pair.told).not.toContain("gateway knows meter");
  });

  test("a gateway refuses a known certificate whose time is over", async () => {
    const old = identity("meter", NOW_MS - 1);
    const pair = new Pair(CLEAR, { meter: old, gateway: { trust: { pinned: [old.certificate], nowMs: () => NOW_MS } } });
    pair.gateway.open();
    await pair.until("gateway ended expired");
  });

  test("a meter refuses a gateway that it does not know", async () => {
    const pair = new Pair(CLEAR, { gateway: identity("other gateway") });
    pair.gateway.open();
    await pair.until("meter ended unknown-peer");
    expect(pair.told).not.toContain("meter knows gateway");
  });

  test("a recording of a session is played back to nobody's gain", async () => {
    const pair = new Pair(CLEAR, { link: { channelKey: KEY } });
    await pair.opened();
    pair.meter.send(reading);
    pair.gateway.poll();
    await pair.until("gateway reads");
    const before = pair.contents.length;
    const recording = pair.log.slice();
    for (const { from, octets } of recording) pair[from === "gateway" ? "meter" : "gateway"].receive(octets);
    pair.gateway.send(Uint8Array.of(9));
    await pair.until("meter reads");
    expect(pair.contents.length).toBe(before + 1);
    expect(pair.errors).toEqual({});
  });

  test("an air that goes dumb ends the handshake, and says so", async () => {
    const pair = new Pair({ loss: 1, delayMs: 0, doubled: 0 });
    pair.gateway.open();
    await pair.until("gateway ended no-answer");
    expect(pair.errors.gateway).toMatchObject({ blame: "link" });
    expect(pair.gateway.phase).toBe("ended");
  });

  test("a session ends at the end of its life, and a new one is made whole", async () => {
    const pair = new Pair(CLEAR, { link: { limits: { sessionMs: 3_600_000 } } });
    await pair.opened();
    await pair.until("gateway ended session-expired", "meter ended session-expired");
    expect(pair.timers.elapsedMs()).toBeGreaterThanOrEqual(3_600_000);
    expect(() => {
      pair.gateway.send(reading);
    }).toThrow(expect.objectContaining({ code: "closed" }) as Error);
    pair.told.length = 0;
    await pair.opened();
    expect(pair.gateway.phase).toBe("open");
  });
});

describe("the link of security mode 13, step by step", () => {
  const options = { gateway: GATEWAY, meter: METER } as const;
  const gatewayOptions = { ...options, side: "gateway" } as const;
  const meterOptions = { ...options, side: "meter" } as const;

  /** A request for a channel, as the gateway sends it. */
  function request(more: Partial<TlsLinkOptions> = {}) {
    const step = stepGateway(newGatewayState({ ...gatewayOptions, ...more }), { kind: "open" }, 0, { ...gatewayOptions, ...more });
    const sent = step.effects.find((effect) => effect.kind === "transmit");
    if (sent?.kind !== "transmit") throw new Error("nothing sent");
    return { state: step.state, octets: sent.octets };
  }

  test("lets no session last longer than 31 days", () => {
    const asked = { ...meterOptions, limits: { sessionMs: 2 * TLS_SESSION_MAX_MS } };
    let { state } = stepMeter(newMeterState(asked), { kind: "telegram", octets: request().octets }, 0, asked);
    ({ state } = stepMeter(state, { kind: "secured" }, 1, asked));
    expect(stepMeter(state, { kind: "tick" }, TLS_SESSION_MAX_MS, asked).state.phase).toBe("open");
    expect(stepMeter(state, { kind: "tick" }, TLS_SESSION_MAX_MS + 1, asked).state.phase).toBe("ended");
  });

  test("answers the same telegram by the same octets, and begins one session only", () => {
    const { octets } = request();
    const first = stepMeter(newMeterState(meterOptions), { kind: "telegram", octets }, 0, meterOptions);
    const second = stepMeter(first.state, { kind: "telegram", octets }, 10, meterOptions);
    expect(first.effects.map(({ kind }) => kind)).toEqual(["transmit", "start"]);
    expect(second.effects).toEqual([first.effects[0]]);
  });

  test("leaves telegrams for others, of others and of no format alone", () => {
    const foreign = { ...gatewayOptions, meter: STRANGER };
    const telegrams = [
      stepGateway(newGatewayState(foreign), { kind: "open" }, 0, foreign).effects.flatMap((effect) =>
        effect.kind === "transmit" ? [effect.octets] : [],
      ),
      [Uint8Array.of(1, 2, 3)],
    ].flat();
    const fresh = newMeterState(meterOptions);
    for (const octets of telegrams)
      expect(stepMeter(fresh, { kind: "telegram", octets }, 0, meterOptions)).toEqual({ state: fresh, effects: [] });
  });

  test("believes a request under the key once, and none without", () => {
    const keyed = { ...meterOptions, channelKey: KEY };
    const fresh = newMeterState(keyed);
    expect(stepMeter(fresh, { kind: "telegram", octets: request().octets }, 0, keyed).effects).toEqual([]);
    const { octets } = request({ channelKey: KEY });
    const begun = stepMeter(fresh, { kind: "telegram", octets }, 0, keyed);
    expect(begun.effects.map(({ kind }) => kind)).toEqual(["transmit", "start"]);
    const moved = { ...begun.state, accessNumber: 77 };
    expect(stepMeter(moved, { kind: "telegram", octets }, 10, keyed)).toEqual({ state: moved, effects: [] });
    const later = request({ channelKey: KEY, channelCounter: 1 });
    expect(stepMeter(moved, { kind: "telegram", octets: later.octets }, 20, keyed).effects.map(({ kind }) => kind)).toContain("start");
  });

  test("gives up what is more than may wait", () => {
    const { state } = request();
    const step = stepGateway(state, { kind: "records", octets: new Uint8Array(6000) }, 0, {
      ...gatewayOptions,
      limits: { queueOctetsMax: 5000 },
    });
    expect(step.effects).toMatchObject([{ kind: "end", error: { code: "limit" } }]);
    expect(step.state.phase).toBe("ended");
  });

  test("sends what is not answered again, a stated number of times", () => {
    const limited = { ...gatewayOptions, limits: { retryMs: 100, attemptsMax: 3 } };
    let { state } = request({ limits: limited.limits });
    const kinds: string[] = [];
    for (let nowMs = 100; nowMs <= 300; nowMs += 100) {
      const step = stepGateway(state, { kind: "tick" }, nowMs, limited);
      state = step.state;
      kinds.push(...step.effects.map(({ kind }) => kind));
    }
    expect(kinds).toEqual(["transmit", "transmit", "end"]);
    expect(decodeTelegram(request().octets).control).toBe(WIRELESS_CONTROL.sndUd2);
  });
});
