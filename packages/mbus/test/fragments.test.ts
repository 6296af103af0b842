import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { fromHex } from "@amity/bytes";
import {
  FRAGMENT_LIMITS,
  MeterKey,
  NO_FRAGMENTS,
  WIRELESS_CONTROL,
  WirelessReceiver,
  decodeTelegram,
  encodeFragments,
  encodeTelegram,
  fragmentOf,
  singleKey,
  stepFragments,
  writeRecords,
  type FragmentLimits,
  type FragmentOutcome,
  type MeterAddress,
  type RecordInput,
  type TelegramInput,
} from "../src/index.ts";

const METER: MeterAddress = { id: "12345678", manufacturer: "AMT", version: 1, deviceType: 7 };
const STRANGER: MeterAddress = { ...METER, id: "87654321" };
const KEY = Uint8Array.from({ length: 16 }, (_, index) => index);
const counterOf = (number: number) => Uint8Array.of(number & 0xff, number >> 8, 0, 0);

function content(records: number, from = 0): Uint8Array {
  return writeRecords(
    Array.from({ length: records }, (_, index): RecordInput => ({ coding: "int32", codes: [0x13], storage: index, value: from + index })),
  ).finish();
}

/** Security mode 7, MAC over the whole. */
function sealed(records: number, options: { sender?: MeterAddress; counter?: number; from?: number } = {}): TelegramInput {
  const { sender = METER, counter = 1, from = 0 } = options;
  const key = new MeterKey(KEY);
  return {
    control: WIRELESS_CONTROL.sndNr,
    sender,
    format: "a",
    extendedLink: { communicationControl: 0x20, accessNumber: 10 },
    authentication: { key, counter: counterOf(counter) },
    message: {
      meter: sender,
      header: "short",
      accessNumber: 10,
      content: content(records, from),
      security: { mode: 7, key, counter: counterOf(counter) },
    },
  };
}

const plain = (records: number): TelegramInput => {
  const { authentication: _, ...rest } = sealed(0);
  return { ...rest, message: { meter: METER, header: "short", accessNumber: 1, content: content(records) } };
};

function outcomes(frames: readonly Uint8Array[], limits: FragmentLimits = FRAGMENT_LIMITS, stepMs = 10): FragmentOutcome[] {
  let state = NO_FRAGMENTS;
  return frames.map((frame, index) => {
    const fragment = fragmentOf(decodeTelegram(frame));
    if (fragment === undefined) throw new Error("no fragment");
    const next = stepFragments(state, fragment, index * stepMs, limits);
    state = next.state;
    return next.outcome;
  });
}

function valuesOf(frames: readonly Uint8Array[]): { mac: string; values: unknown[] } | undefined {
  const receiver = new WirelessReceiver({ keys: singleKey(KEY) });
  for (const [index, frame] of frames.entries()) {
    const reception = receiver.receive(frame, index);
    if (reception.kind !== "telegram") continue;
    const { application } = reception.telegram;
    return { mac: application.security.mac, values: application.records.map(({ value }) => value) };
  }
  return undefined;
}

describe("a message longer than a telegram", () => {
  test("is split behind AFLs: length and counter in the first, the MAC over the whole in the last", () => {
    const frames = encodeFragments(sealed(32));
    const layers = frames.map((frame) => decodeTelegram(frame).authentication);
    expect(layers.map((layer) => [layer?.fragmentId, layer?.moreFragments])).toEqual([
      [1, true],
      [2, false],
    ]);
    expect(layers[0]).toMatchObject({ messageControl: 0x65, counter: counterOf(1), messageLength: 224 + 6, mac: undefined });
    expect(layers[1]).toMatchObject({ messageControl: undefined, counter: undefined, messageLength: undefined });
    expect(layers[1]?.mac).toHaveLength(8);
    expect(valuesOf(frames)).toEqual({ mac: "matches", values: Array.from({ length: 32 }, (_, index) => index) });
  });

  test("goes in one telegram where it fits", () => {
    const small = sealed(3);
    expect(encodeFragments(small)).toEqual([encodeTelegram(small)]);
    expect(fragmentOf(decodeTelegram(encodeTelegram(small)))).toBeUndefined();
  });

  test("comes together whatever the order and however often each fragment comes, and is whole once", () => {
    const frames = encodeFragments(plain(150), 100);
    fc.assert(
      fc.property(fc.shuffledSubarray([...frames, ...frames], { minLength: 2 * frames.length }), (order) => {
        const seen = outcomes(order);
        expect(seen.filter(({ kind }) => kind === "complete").length).toBeGreaterThanOrEqual(1);
        const first = seen.findIndex(({ kind }) => kind === "complete");
        const there = new Set(order.slice(0, first + 1));
        expect(there.size).toBe(frames.length);
      }),
      { numRuns: 50 },
    );
  });

  test("never comes together while a fragment is lost, and the one missing is named", () => {
    const frames = encodeFragments(plain(150), 100);
    for (let lost = 0; lost < frames.length; lost++) {
      const seen = outcomes(frames.filter((_, index) => index !== lost));
      expect(seen.every(({ kind }) => kind === "pending")).toBe(true);
      expect(seen.at(-1)).toEqual({ kind: "pending", missing: lost + 1 });
    }
  });

  test("does not take fragments of another meter", () => {
    const own = encodeFragments(sealed(32));
    const foreign = encodeFragments(sealed(32, { sender: STRANGER }));
    const [first, second] = own;
    const [foreignFirst, foreignSecond] = foreign;
    if (first === undefined || second === undefined || foreignFirst === undefined || foreignSecond === undefined) throw new Error("short");
    expect(outcomes([first, foreignSecond, foreignFirst, second]).map(({ kind }) => kind)).toEqual([
      "pending",
      "pending",
      "complete",
      "complete",
    ]);
  });

  test("made of two messages, as after a loss, has a MAC that differs and gives no records", () => {
    const [first] = encodeFragments(sealed(32));
    const [, second] = encodeFragments(sealed(32, { counter: 2, from: 500 }));
    if (first === undefined || second === undefined) throw new Error("short");
    expect(valuesOf([first, second])).toEqual({ mac: "differs", values: [] });
  });

  test("begins anew where a fragment contradicts what is there", () => {
    const [first] = encodeFragments(sealed(32));
    const [newFirst, newSecond] = encodeFragments(sealed(32, { counter: 2, from: 500 }));
    if (first === undefined || newFirst === undefined || newSecond === undefined) throw new Error("short");
    expect(valuesOf([first, newFirst, newSecond])).toMatchObject({ mac: "matches", values: expect.arrayContaining([500, 531]) as unknown });
  });

  test("that is sent again is a duplicate, and later a replay, though its octets differ on air", () => {
    const receiver = new WirelessReceiver({ keys: singleKey(KEY) });
    const again = { ...sealed(32), extendedLink: { communicationControl: 0x20, accessNumber: 90 } };
    const kinds = [...encodeFragments(sealed(32)), ...encodeFragments(again)].map((frame, index) => receiver.receive(frame, index).kind);
    expect(kinds).toEqual(["fragment", "telegram", "fragment", "duplicate"]);
    const later = encodeFragments(again).map((frame) => receiver.receive(frame, 70_000).kind);
    expect(later).toEqual(["fragment", "replay"]);
  });

  test("is authenticated towards a meter under the key of that direction", () => {
    const base = sealed(32, { counter: 9 });
    const message = { ...base.message, header: "long", controlInformation: 0x5b, direction: "toMeter" } as TelegramInput["message"];
    if (message === undefined) throw new Error("no message");
    const frames = encodeFragments({ ...base, sender: STRANGER, control: WIRELESS_CONTROL.sndUd, message });
    expect(valuesOf(frames)).toMatchObject({ mac: "matches" });
  });
});

describe("what is kept of fragments is bounded", () => {
  const frames = encodeFragments(plain(150), 100);
  const [first, ...rest] = frames;

  test("in time: fragments that are too old are forgotten", () => {
    const seen = outcomes(frames, { ...FRAGMENT_LIMITS, ageMsMax: 15 });
    expect(seen.some(({ kind }) => kind === "complete")).toBe(false);
  });

  test("in octets and fragments: what is beyond the limit is refused and given up", () => {
    expect(outcomes(frames, { ...FRAGMENT_LIMITS, messageOctetsMax: 250 })[2]).toMatchObject({
      kind: "refused",
      error: { code: "length" },
    });
    expect(outcomes(frames, { ...FRAGMENT_LIMITS, fragmentsMax: 3 })[3]).toMatchObject({ kind: "refused", error: { code: "limit" } });
    expect(() => encodeFragments(plain(150), 10)).toThrow(expect.objectContaining({ code: "too-long" }) as Error);
  });

  test("in senders: who began first is forgotten first", () => {
    if (first === undefined) throw new Error("short");
    const others = ["00000001", "00000002"].map((id) => encodeFragments({ ...plain(150), sender: { ...METER, id } }, 100)[0] as Uint8Array);
    const seen = outcomes([first, ...others, ...rest], { ...FRAGMENT_LIMITS, sendersMax: 2 });
    expect(seen.at(-1)).toEqual({ kind: "pending", missing: 1 });
  });

  test("in what was announced: fragments with fewer or more octets than that are refused", () => {
    const bare = encodeFragments({ ...plain(150), format: "none" }, 100);
    const last = bare.at(-1) ?? new Uint8Array(0);
    expect(outcomes([...bare.slice(0, -1), resized(last, -2)]).at(-1)).toMatchObject({ kind: "refused", error: { code: "truncated" } });
    expect(outcomes([...bare.slice(0, -1), resized(last, 2)]).at(-1)).toMatchObject({ kind: "refused", error: { code: "length" } });
  });
});

/** The telegram with octets more or less at its end. */
function resized(frame: Uint8Array, by: number): Uint8Array {
  const out = new Uint8Array(frame.length + by);
  out.set(frame.subarray(0, out.length));
  out[0] = out.length - 1;
  return out;
}

describe("a MAC without octets", () => {
  const bare = encodeFragments({ ...sealed(32), format: "none" });

  test("proves nothing of a fragmented message", () => {
    const [first, second] = bare;
    if (first === undefined || second === undefined) throw new Error("short");
    // CI of the AFL stands behind ten octets of link layer and three of ELL: its length shrinks by the MAC.
    const cut = Uint8Array.of(...second.subarray(0, 17), ...second.subarray(25));
    cut[0] = cut.length - 1;
    cut[14] = 2;
    expect(valuesOf([first, cut])).toEqual({ mac: "differs", values: [] });
  });

  test("is none where the authentication type is none", () => {
    const link = fromHex("0044b4057856341201077a".slice(0, 20));
    const frame = Uint8Array.of(...link, ...fromHex("9003002400"), ...fromHex("78041301000000"));
    frame[0] = frame.length - 1;
    expect(decodeTelegram(frame, { format: "none", keys: singleKey(KEY) }).application).toMatchObject({ security: { mac: "none" } });
  });
});
