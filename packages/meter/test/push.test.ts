import { digest } from "@amity/crypto";
import { data, obisToOctets, parseObis, PushReceiver, WrapperReader, type DlmsData, type Push } from "@amity/dlms";
import { beforeEach, describe, expect, it } from "vitest";
import { networkCarrier } from "../src/index.ts";
import { executionTime, openBench, script, text, utc, type MeterBench } from "./bench/meter-bench.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const startMs = Date.UTC(2026, 0, 20, 1);
const ALARM_SETUP = [40, "0-4:25.9.0"] as const;
const INTERVAL_SETUP = [40, "0-0:25.9.0"] as const;
const PORT = 4_061;

let bench: MeterBench;
let received: { readonly atMs: number; readonly push: Push; readonly destination: number }[];
let lost: string[];

/** The head-end's side: a TCP port with the wrapper. */
async function receive(): Promise<void> {
  const { encryptionKey, authenticationKey } = bench.fleet.keys(bench.target.meterId);
  const receiver = new PushReceiver({ senderOf: () => ({ keys: { encryptionKey, authenticationKey } }) });
  await bench.simulation.runFor(
    bench.headEnd.network.listen({ host: "head-end", port: PORT }, (connection) => {
      const reader = new WrapperReader();
      connection.bind({
        data(chunk) {
          for (const { apdu, destination } of reader.push(chunk)) {
            const push = receiver.receive(apdu);
            if (push !== undefined) received.push({ atMs: bench.headEnd.clock.nowMs(), push, destination });
          }
        },
        closed() {},
      });
    }),
  );
}

beforeEach(async () => {
  bench = await openBench({ startMs });
  received = [];
  lost = [];
  const world = bench.simulation.node("street").world;
  bench.fleet.act(world, networkCarrier(world.network, { localHost: "street", timers: world.timers }), (_meterId, error) =>
    lost.push(String(error)),
  );
});

const destination = (address: string): DlmsData => data.structure(data.enumerated(0), text(address), data.enumerated(0));
const TO_HEAD_END = destination(`head-end:${PORT}`);
const bodyOf = ({ push }: { push: Push }): readonly DlmsData[] => {
  const body = push.notification?.body;
  return body?.type === "structure" ? body.value : [];
};
const setup = (n: number): DlmsData => data.octets(obisToOctets(parseObis(`0-${n}:25.9.0`)));

describe("pushes", () => {
  it("go out on alarm: only bits that the filter lets through, once, until the descriptor is cleared", async () => {
    await receive();
    expect(await bench.set(...ALARM_SETUP, 3, TO_HEAD_END)).toBe("success");
    expect(await bench.set(1, "0-0:97.98.10", 2, data.doubleLongUnsigned(0x2000))).toBe("success");
    const happen = async (kind: "openCover" | "loseClock"): Promise<void> => {
      await bench.simulation.runFor(bench.fleet.happen([bench.target.meterId], (atMs) => ({ kind, atMs })));
    };
    await happen("openCover");
    await happen("loseClock");
    await happen("openCover");
    await bench.later(startMs + MINUTE_MS);
    expect(received).toHaveLength(1);
    const [first] = received;
    expect(bodyOf(first!)[0]).toEqual(setup(4));
    expect(bodyOf(first!)[3]).toEqual(data.doubleLongUnsigned(0x2000));
    expect(first).toMatchObject({ destination: 64 });
    expect(await bench.number(1, "0-0:97.98.0", 2)).toBe(0x2001);
    expect(await bench.set(1, "0-0:97.98.20", 2, data.doubleLongUnsigned(0))).toBe("success");
    expect(await bench.number(1, "0-0:97.98.20", 2)).toBe(0);
    await happen("openCover");
    await bench.later(startMs + 2 * MINUTE_MS);
    expect(received).toHaveLength(2);
    expect(await bench.set(1, "0-0:97.98.0", 2, data.doubleLongUnsigned(1))).toBe("success");
    expect(await bench.number(1, "0-0:97.98.0", 2)).toBe(1);
  });

  it("go out by schedule with what the object list names, as it reads then", async () => {
    await receive();
    const name = (text_: string): DlmsData => data.octets(obisToOctets(parseObis(text_)));
    const objects = data.array(
      data.structure(data.longUnsigned(3), name("1-0:1.8.0"), data.integer(2), data.longUnsigned(0)),
      data.structure(data.longUnsigned(3), name("1-0:1.8.0"), data.integer(3), data.longUnsigned(2)),
      data.structure(data.longUnsigned(3), name("1-0:99.99.0"), data.integer(2), data.longUnsigned(0)),
    );
    expect(await bench.set(...INTERVAL_SETUP, 2, objects)).toBe("success");
    expect(await bench.set(...INTERVAL_SETUP, 3, TO_HEAD_END)).toBe("success");
    expect(await bench.set(22, "0-0:15.0.4", 4, executionTime(13, 0))).toBe("success");
    await bench.later(startMs + 26 * HOUR_MS);
    expect(received).toHaveLength(2);
    const atMs = startMs + HOUR_MS;
    expect(received[0]!.atMs - atMs).toBeLessThan(5_000);
    const wh = bench.meter.registersAt(atMs)[0] ?? 0;
    expect(bodyOf(received[0]!)).toEqual([data.doubleLongUnsigned(wh), data.enumerated(30), data.nothing]);
    expect(received[0]!.push.protection).toBeUndefined();
  });

  it("are ciphered as the setup says: under general-glo-ciphering or general-ciphering", async () => {
    await receive();
    const protection = (key: DlmsData): DlmsData => {
      const none = data.octets(new Uint8Array(0));
      return data.array(data.structure(data.enumerated(2), data.structure(none, none, none, none, key)));
    };
    expect(await bench.set(...INTERVAL_SETUP, 3, TO_HEAD_END)).toBe("success");
    expect(await bench.set(...INTERVAL_SETUP, 10, protection(data.nothing))).toBe("success");
    expect(await bench.act(...INTERVAL_SETUP, 1)).toEqual({ kind: "done" });
    await bench.later(startMs + MINUTE_MS);
    expect(received.at(-1)?.push).toMatchObject({ protection: "authenticated-encrypted" });
    expect(received.at(-1)?.push.systemTitle).toEqual(bench.fleet.device(bench.target.meterId).systemTitle);
    expect(await bench.set(...INTERVAL_SETUP, 10, protection(data.structure(data.enumerated(2))))).toBe("other-reason");
    const sent: Uint8Array[] = [];
    bench.fleet.act(bench.simulation.node("street").world, ({ apdu }) => Promise.resolve(void sent.push(apdu)));
    expect(await bench.set(...INTERVAL_SETUP, 10, protection(data.structure(data.enumerated(0), data.nothing)))).toBe("success");
    expect(await bench.act(9, "0-0:10.0.108", 1, data.longUnsigned(1))).toEqual({ kind: "done" });
    await bench.later(startMs + 2 * MINUTE_MS);
    expect(sent.map((apdu) => apdu[0])).toEqual([0xdd]);
  });

  it("are tried again where nobody listens, within their number, and start within the random interval", async () => {
    expect(await bench.set(...INTERVAL_SETUP, 3, TO_HEAD_END)).toBe("success");
    expect(await bench.set(...INTERVAL_SETUP, 6, data.unsigned(2))).toBe("success");
    expect(await bench.set(...INTERVAL_SETUP, 7, data.longUnsigned(120))).toBe("success");
    expect(await bench.act(...INTERVAL_SETUP, 1)).toEqual({ kind: "done" });
    await bench.later(startMs + 90_000);
    await receive();
    await bench.later(startMs + 10 * MINUTE_MS);
    expect(received).toHaveLength(1);
    expect(await bench.set(...INTERVAL_SETUP, 3, destination("nowhere:1"))).toBe("success");
    expect(await bench.act(...INTERVAL_SETUP, 1)).toEqual({ kind: "done" });
    await bench.later(startMs + 30 * MINUTE_MS);
    expect(lost).toHaveLength(1);
    expect(await bench.set(...INTERVAL_SETUP, 3, TO_HEAD_END)).toBe("success");
    expect(await bench.set(...INTERVAL_SETUP, 5, data.longUnsigned(600))).toBe("success");
    const [from, to] = [bench.simulation.nowMs, bench.simulation.nowMs + 11 * MINUTE_MS];
    expect(await bench.act(...INTERVAL_SETUP, 1)).toEqual({ kind: "done" });
    await bench.later(to);
    expect(received).toHaveLength(2);
    expect(received[1]!.atMs).toBeGreaterThan(from + 1_000);
  });

  it("wait for their communication window", async () => {
    await receive();
    const window = data.array(data.structure(utc(startMs + HOUR_MS), utc(startMs + 2 * HOUR_MS)));
    expect(await bench.set(...INTERVAL_SETUP, 3, TO_HEAD_END)).toBe("success");
    expect(await bench.set(...INTERVAL_SETUP, 4, window)).toBe("success");
    expect(await bench.act(...INTERVAL_SETUP, 1)).toEqual({ kind: "done" });
    await bench.later(startMs + 3 * HOUR_MS);
    expect(received).toHaveLength(1);
    expect(received[0]!.atMs).toBeGreaterThanOrEqual(startMs + HOUR_MS);
    expect(received[0]!.atMs).toBeLessThan(startMs + HOUR_MS + MINUTE_MS);
  });

  it("refuse a destination that is none", async () => {
    expect(await bench.set(...INTERVAL_SETUP, 3, destination("no port"))).toBe("other-reason");
    expect(await bench.set(...INTERVAL_SETUP, 3, data.structure(data.enumerated(4), text(""), data.enumerated(0)))).toBe("other-reason");
  });
});

describe("a limit that acts in time", () => {
  it("opens the disconnector when it is due and tells by push, without anybody reading the meter", async () => {
    await receive();
    expect(await bench.set(...ALARM_SETUP, 3, TO_HEAD_END)).toBe("success");
    expect(await bench.set(1, "0-0:97.98.10", 2, data.doubleLongUnsigned(0x2_0000))).toBe("success");
    expect(await bench.set(71, "0-0:17.0.0", 4, data.doubleLongUnsigned(20))).toBe("success");
    await bench.simulation.runUntil(startMs + 30 * MINUTE_MS);
    expect(received).toHaveLength(1);
    expect(bodyOf(received[0]!)[3]).toEqual(data.doubleLongUnsigned(0x2_0000));
    expect(bench.fleet.device(bench.target.meterId).meter.controlState).toBe("readyForReconnection");
    expect(received[0]!.atMs - startMs).toBeLessThan(5 * MINUTE_MS);
  });
});

describe("an image that waits", () => {
  it("is activated by its schedule", async () => {
    const content = new TextEncoder().encode("a firmware of no great length");
    const image = Uint8Array.of(...content, ...digest("sha256", content));
    const IMAGE = [18, "0-0:44.0.0"] as const;
    expect(await bench.act(...IMAGE, 1, data.structure(text("E1-2.0.0"), data.doubleLongUnsigned(image.length)))).toEqual({ kind: "done" });
    expect(await bench.act(...IMAGE, 2, data.structure(data.doubleLongUnsigned(0), data.octets(image)))).toEqual({ kind: "done" });
    expect(await bench.act(...IMAGE, 3)).toEqual({ kind: "done" });
    expect(await bench.get(22, "0-0:15.0.2", 2)).toEqual(script(107, 1));
    expect(await bench.set(22, "0-0:15.0.2", 4, executionTime(14, 0))).toBe("success");
    expect(await bench.get(1, "1-0:0.2.0", 2)).toEqual(text("E1-1.4.2"));
    await bench.later(startMs + 3 * HOUR_MS);
    expect(await bench.get(1, "1-0:0.2.0", 2)).toEqual(text("E1-2.0.0"));
    expect(await bench.get(...IMAGE, 6)).toEqual(data.enumerated(6));
    expect(bench.codes("standard")).toEqual(expect.arrayContaining([17, 18]));
  });
});
