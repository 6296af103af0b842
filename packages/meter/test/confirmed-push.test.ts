import { generateEllipticKeyPair, type EllipticKeyPair } from "@amity/crypto";
import {
  PushReceiver,
  WrapperReader,
  data,
  encodeWrapper,
  memoryCounter,
  memoryReceivedCounter,
  obisToOctets,
  parseObis,
  SecuritySetupClient,
  type DlmsData,
  type Push,
  type SecuritySuite,
} from "@amity/dlms";
import type { Connection } from "@amity/runtime";
import { beforeEach, describe, expect, it } from "vitest";
import { dateTimeOctets } from "../src/dlms/civil-time.ts";
import { timeBaseOf } from "../src/dlms/time-base.ts";
import { certify, curveOfSuite, deriveAuthority, masterSecretFrom, networkCarrier, parseMeterType } from "../src/index.ts";
import { openBench, text, type MeterBench } from "./bench/meter-bench.ts";

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
const startMs = Date.UTC(2026, 0, 20, 1);
const PORT = 4_061;
const SETUP = [40, "0-0:25.9.0"] as const;
const TITLE = new TextEncoder().encode("HESHES01");
const NONE = data.octets(new Uint8Array(0));
const DONE = { kind: "done" };

let bench: MeterBench;
let received: { readonly atMs: number; readonly push: Push }[];
let refused: string[];
let lost: string[];
/** What the receiver does with a push that it has opened. */
let answer: (push: Push, connection: Connection) => void;

async function open(suite: SecuritySuite, version: 2 | 3): Promise<void> {
  const type = parseMeterType(JSON.stringify({ pushSetupVersion: version, securitySuite: suite }));
  bench = await openBench({ startMs, parts: { type } });
  act();
  const send = data.structure(data.enumerated(0), text(`head-end:${PORT}`), data.enumerated(0));
  expect(await bench.set(...SETUP, 3, send)).toBe("success");
}

function act(): void {
  const { world } = bench.simulation.node("street");
  const carry = networkCarrier(world.network, { localHost: "street", timers: world.timers });
  bench.fleet.act(world, carry, (_meterId, error) => lost.push(String(error)));
}

/** The head-end's side: a TCP port with the wrapper. `elliptic` are its keys of suites 1 and 2. */
async function receive(elliptic?: { readonly signing: EllipticKeyPair; readonly agreement: EllipticKeyPair }): Promise<void> {
  const device = bench.fleet.device(bench.target.meterId);
  const peer = (usage: "digital-signature" | "key-agreement") => device.keyPair(usage)!.publicPoint;
  const pairs =
    elliptic === undefined
      ? {}
      : {
          elliptic: {
            signingPrivate: elliptic.signing.privateScalar,
            agreementPrivate: elliptic.agreement.privateScalar,
            peerSigningPublic: peer("digital-signature"),
            peerAgreementPublic: peer("key-agreement"),
          },
        };
  const { encryptionKey, authenticationKey, masterKey } = device.keys();
  const sender = {
    keys: { encryptionKey, authenticationKey, masterKey, ...pairs },
    received: memoryReceivedCounter(),
    sent: memoryCounter(9_000_000),
  };
  const receiver = new PushReceiver({ senderOf: () => sender, systemTitle: TITLE });
  await bench.simulation.runFor(
    bench.headEnd.network.listen({ host: "head-end", port: PORT }, (connection) => {
      const reader = new WrapperReader();
      connection.bind({
        data(chunk) {
          for (const { apdu } of reader.push(chunk)) {
            try {
              const push = receiver.receive(apdu);
              if (push === undefined) continue;
              received.push({ atMs: bench.headEnd.clock.nowMs(), push });
              answer(push, connection);
            } catch (error) {
              refused.push(String(error));
            }
          }
        },
        closed() {},
      });
    }),
  );
}

const confirm = ({ confirmation }: Push, connection: Connection): void => {
  if (confirmation !== undefined) connection.send(encodeWrapper(64, 1, confirmation));
};
const layer = (type: number, key: DlmsData, title = NONE): DlmsData =>
  data.structure(data.enumerated(type), data.structure(NONE, NONE, title, NONE, key));
const identified = data.structure(data.enumerated(0), data.enumerated(0));
const bodyOf = ({ push }: { push: Push }): readonly DlmsData[] =>
  push.notification?.body.type === "structure" ? push.notification.body.value : [];

beforeEach(() => {
  received = [];
  refused = [];
  lost = [];
  answer = confirm;
});

describe("a confirmed push", () => {
  beforeEach(async () => {
    await open(0, 2);
    expect(await bench.set(...SETUP, 11, data.enumerated(2))).toBe("success");
    expect(await bench.set(...SETUP, 6, data.unsigned(4))).toBe("success");
    const delay = data.structure(data.longUnsigned(60), data.longUnsigned(200), data.longUnsigned(150));
    expect(await bench.set(...SETUP, 7, delay)).toBe("success");
  });

  it("is sent once where it is confirmed, and the meter keeps when that was, over a crash", async () => {
    await receive();
    expect(await bench.act(...SETUP, 1)).toEqual(DONE);
    await bench.later(startMs + 30 * MINUTE_MS);
    expect(received).toHaveLength(1);
    expect(received[0]?.push.notification).toMatchObject({ isConfirmed: true });
    const confirmed = await bench.get(...SETUP, 13);
    expect(confirmed).toMatchObject({ type: "octet-string" });
    expect(confirmed.type === "octet-string" && confirmed.value[0]).toBe(0x07);
    await bench.crash();
    expect(await bench.get(...SETUP, 13)).toEqual(confirmed);
    expect(await bench.act(...SETUP, 2)).toEqual(DONE);
    const cleared = await bench.get(...SETUP, 13);
    expect(cleared.type === "octet-string" && cleared.value[0]).toBe(0xff);
  });

  it("is said again, after longer and longer, while its confirmation is lost; then it is given up", async () => {
    await receive();
    let silent = 3;
    answer = (push, connection) => (silent-- > 0 ? connection.abort() : confirm(push, connection));
    expect(await bench.act(...SETUP, 1)).toEqual(DONE);
    await bench.later(startMs + 60 * MINUTE_MS);
    expect(received).toHaveLength(4);
    const delays = received.map(({ atMs }) => Math.round((atMs - received[0]!.atMs) / 1000));
    expect(delays).toEqual([0, 60, 180, 330]);
    // It is the same push: the receiver sees its number.
    expect(new Set(received.map(({ push }) => push.notification?.invokeId)).size).toBe(1);
    expect(lost).toEqual([]);
    answer = () => {};
    expect(await bench.act(...SETUP, 1)).toEqual(DONE);
    await bench.later(startMs + 120 * MINUTE_MS);
    expect(received).toHaveLength(4 + 5);
    expect(lost).toEqual([expect.stringContaining("not confirmed")]);
  });

  it("is asked for from the start date on, and once an interval", async () => {
    await receive();
    const inAnHour = dateTimeOctets(bench.meter.clockAt(startMs) + 60 * MINUTE_MS, timeBaseOf(bench.meter));
    const parameters = data.structure(data.octets(inAnHour), data.doubleLongUnsigned(30 * 60));
    expect(await bench.set(...SETUP, 12, parameters)).toBe("success");
    let nowMs = startMs;
    const askedAfter = async (minutes: number): Promise<boolean> => {
      expect(await bench.act(...SETUP, 1)).toEqual(DONE);
      nowMs += minutes * MINUTE_MS;
      await bench.later(nowMs);
      return received.at(-1)?.push.notification?.isConfirmed === true;
    };
    // Before the start; then the first of each half hour.
    expect(await askedAfter(61)).toBe(false);
    expect(await askedAfter(10)).toBe(true);
    expect(await askedAfter(10)).toBe(false);
    expect(await askedAfter(10)).toBe(false);
    expect(await askedAfter(5)).toBe(true);
    expect(await askedAfter(5)).toBe(false);
    expect(received).toHaveLength(6);
    expect(lost).toEqual([]);
  });

  it("is not said again once its setup is reset", async () => {
    await receive();
    answer = () => {};
    expect(await bench.act(...SETUP, 1)).toEqual(DONE);
    await bench.later(startMs + MINUTE_MS);
    expect(await bench.act(...SETUP, 2)).toEqual(DONE);
    await bench.later(startMs + 60 * MINUTE_MS);
    expect(received).toHaveLength(1);
  });

  it("under a cipher takes no confirmation in the clear, nor one of another push", async () => {
    expect(await bench.set(...SETUP, 10, data.array(layer(2, data.nothing)))).toBe("success");
    await receive();
    let answers = 0;
    let first: Uint8Array | undefined;
    answer = ({ confirmation, notification }, connection) => {
      expect(confirmation?.[0]).toBe(0xdb);
      first ??= confirmation;
      const id = notification?.invokeId ?? 0;
      const clear = Uint8Array.of(0x10, 0x40, id >> 16, (id >> 8) & 0xff, id & 0xff, 0);
      if (answers++ === 0) connection.send(encodeWrapper(64, 1, clear));
      else if (first !== undefined) connection.send(encodeWrapper(64, 1, first));
    };
    expect(await bench.act(...SETUP, 1)).toEqual(DONE);
    await bench.later(startMs + 2 * MINUTE_MS);
    expect(received).toHaveLength(2);
    expect(await bench.act(...SETUP, 1)).toEqual(DONE);
    await bench.later(startMs + 2 * MINUTE_MS + 5_000);
    expect(received).toHaveLength(3);
    const [, second, third] = received;
    expect(second?.push.notification?.invokeId).not.toBe(third?.push.notification?.invokeId);
    await bench.later(startMs + 6 * MINUTE_MS);
    // The old confirmation did for its own push, and never for the other.
    expect(received.length).toBeGreaterThan(3);
  });
});

describe.each([1, 2] as const)("pushes of suite %i", (suite) => {
  const curve = curveOfSuite(suite);
  const authority = deriveAuthority(masterSecretFrom("bench"), curve);
  const agreed = (scheme: number): DlmsData => data.structure(data.enumerated(2), data.octets(Uint8Array.of(scheme)));
  const title = data.octets(TITLE);

  it("go out under every protection that a setup may name, and are confirmed under it", async () => {
    await open(suite, 3);
    const [signing, agreement] = [generateEllipticKeyPair(curve), generateEllipticKeyPair(curve)];
    const terms = { serial: 5, validFromMs: startMs - DAY_MS, validToMs: startMs + DAY_MS };
    const setup = new SecuritySetupClient(bench.client);
    for (const [pair, usage] of [
      [signing, "digital-signature"],
      [agreement, "key-agreement"],
    ] as const) {
      const der = certify(authority, { systemTitle: TITLE, publicPoint: pair.publicPoint, usage }, terms);
      expect(await bench.simulation.runFor(setup.importCertificate(der))).toEqual(DONE);
    }
    await receive({ signing, agreement });
    expect(await bench.set(...SETUP, 11, data.enumerated(2))).toBe("success");
    const protections: readonly (readonly DlmsData[])[] = [
      [layer(2, data.nothing)],
      [layer(0, identified)],
      [layer(2, identified, title)],
      [layer(2, data.structure(data.enumerated(1), data.enumerated(0)), title)],
      [layer(2, agreed(1), title)],
      [layer(2, agreed(2), title)],
      [layer(2, agreed(1), title), layer(3, data.nothing)],
      [layer(3, data.nothing), layer(2, data.nothing)],
    ];
    let nowMs = startMs;
    for (const [index, layers] of protections.entries()) {
      expect(await bench.set(...SETUP, 10, data.array(...layers))).toBe("success");
      expect(await bench.act(...SETUP, 1)).toEqual(DONE);
      nowMs += 10 * MINUTE_MS;
      await bench.later(nowMs);
      expect([index, refused, lost, received.length]).toEqual([index, [], [], index + 1]);
    }
    expect(received.map(({ push }) => push.isSigned === true)).toEqual([false, false, false, false, false, false, true, true]);
    expect(await bench.set(...SETUP, 10, data.array(layer(2, agreed(1))))).toBe("other-reason");
    expect(await bench.set(...SETUP, 10, data.array(layer(3, data.nothing), layer(3, data.nothing)))).toBe("other-reason");
  }, 30_000);
});

describe("a push of rows", () => {
  it("takes the entries and columns that its list asks for", async () => {
    await open(0, 3);
    await receive();
    const name = (obis: string): DlmsData => data.octets(obisToOctets(parseObis(obis)));
    const captured = (classId: number, obis: string): DlmsData[] => [
      data.longUnsigned(classId),
      name(obis),
      data.integer(2),
      data.longUnsigned(0),
    ];
    const used = await bench.number(7, "1-0:99.1.0", 7);
    const entries = data.structure(data.doubleLongUnsigned(used - 3), data.doubleLongUnsigned(used));
    const columns = data.array(data.structure(...captured(8, "0-0:1.0.0")), data.structure(...captured(3, "1-0:1.8.0")));
    const rows = data.structure(...captured(7, "1-0:99.1.0"), data.structure(data.enumerated(2), entries), columns);
    expect(await bench.set(...SETUP, 2, data.array(rows))).toBe("success");
    expect(await bench.act(...SETUP, 1)).toEqual(DONE);
    await bench.later(startMs + MINUTE_MS);
    const [pushed] = bodyOf(received[0]!);
    expect(
      pushed?.type === "array" && pushed.value.map((row) => (row.type === "structure" ? row.value.map(({ type }) => type) : [])),
    ).toEqual(Array.from({ length: 4 }, () => ["octet-string", "double-long-unsigned"]));
  });
});

it("a setup in suite 0 takes no signature and no agreed key", async () => {
  await open(0, 2);
  expect(await bench.set(...SETUP, 10, data.array(layer(3, data.nothing)))).toBe("other-reason");
});
