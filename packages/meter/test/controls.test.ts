import { data, obisToOctets, parseObis, type DlmsData } from "@amity/dlms";
import { beforeEach, describe, expect, it } from "vitest";
import { METER_MODELS } from "../src/index.ts";
import { executionTime, openBench, script, text, type MeterBench } from "./bench/meter-bench.ts";

const MINUTE_MS = 60_000;
const startMs = Date.UTC(2026, 0, 20, 1);
const DONE = { kind: "done" };
const REFUSED = (result: string) => ({ kind: "refused", result });
const name = (obis: string): DlmsData => data.octets(obisToOctets(parseObis(obis)));
const state = (): Promise<number> => bench.number(70, "0-0:96.3.10", 3);

let bench: MeterBench;

beforeEach(async () => {
  bench = await openBench({ startMs, parts: { type: METER_MODELS.conformance } });
});

describe("the arbitrator", () => {
  const ARBITRATOR = [68, "0-0:96.3.20"] as const;
  const OPEN = 0x80;
  const CLOSE = 0x40;
  const request = (actor: number, wishes: number, bits = 2) =>
    bench.act(...ARBITRATOR, 1, data.structure(data.unsigned(actor), data.bits(bits, Uint8Array.of(wishes))));

  it("carries out the action whose requesters weigh most, and remembers who asked for what", async () => {
    expect(await bench.set(70, "0-0:96.3.10", 4, data.enumerated(3))).toBe("success");
    // The limiter (2) wants it open, then the customer (1) closed: open weighs more, and goes on to do so.
    expect(await request(3, OPEN)).toEqual(DONE);
    expect(await state()).toBe(0);
    expect(await request(2, CLOSE)).toEqual(DONE);
    expect(await state()).toBe(0);
    expect(await bench.number(...ARBITRATOR, 6)).toBe(1);
    // The utility (4) outweighs both.
    expect(await request(1, CLOSE)).toEqual(DONE);
    expect(await state()).toBe(1);
    expect(await bench.number(...ARBITRATOR, 6)).toBe(2);
    const table = [CLOSE, CLOSE, OPEN].map((octet) => data.bits(2, Uint8Array.of(octet)));
    expect(await bench.get(...ARBITRATOR, 5)).toEqual(data.array(...table));
    await bench.crash();
    expect(await bench.get(...ARBITRATOR, 5)).toEqual(data.array(...table));
    expect(await bench.act(...ARBITRATOR, 2)).toEqual(DONE);
    expect(await bench.get(...ARBITRATOR, 5)).toEqual(data.array());
    expect(await bench.number(...ARBITRATOR, 6)).toBe(0);
  });

  it("does nothing where two actions weigh the same", async () => {
    const weights = data.array(...[1, 2].map(() => data.array(data.longUnsigned(3), data.longUnsigned(3))));
    expect(await bench.set(...ARBITRATOR, 4, weights)).toBe("success");
    expect(await request(1, OPEN)).toEqual(DONE);
    expect(await state()).not.toBe(1);
    expect(await bench.act(70, "0-0:96.3.10", 2)).toEqual(DONE);
    const before = await state();
    expect(await request(2, CLOSE)).toEqual(DONE);
    expect(await state()).toBe(before);
    expect(await bench.number(...ARBITRATOR, 6)).toBe(1);
  });

  it("refuses actors and requests without permission, and what is no request", async () => {
    expect(await request(3, CLOSE)).toEqual(REFUSED("read-write-denied"));
    expect(await request(4, OPEN)).toEqual(REFUSED("other-reason"));
    expect(await request(0, OPEN)).toEqual(REFUSED("other-reason"));
    expect(await request(1, OPEN, 3)).toEqual(REFUSED("other-reason"));
    expect(await bench.act(...ARBITRATOR, 1, data.unsigned(1))).toEqual(REFUSED("type-unmatched"));
    expect(await bench.set(...ARBITRATOR, 2, data.array(script(99, 1)))).toBe("other-reason");
    expect(await state()).toBe(1);
  });
});

describe("the array manager", () => {
  const MANAGER = [123, "0-0:18.0.0"] as const;
  const day = (index: number): DlmsData =>
    data.structure(data.longUnsigned(index), data.octets(Uint8Array.of(7, 0xea, 5, index, 0xff)), data.unsigned(1));
  const range = (from: number, to: number, id = 1): DlmsData =>
    data.structure(data.unsigned(id), data.structure(data.longUnsigned(from), data.longUnsigned(to)));
  const entry = (index: number, value: DlmsData, id = 1): DlmsData =>
    data.structure(data.unsigned(id), data.structure(data.longUnsigned(index), value));

  it("counts, shows, inserts, changes and removes entries of an array of the meter", async () => {
    expect(await bench.set(11, "0-0:11.0.0", 2, data.array(day(1), day(2)))).toBe("success");
    expect(await bench.act(...MANAGER, 1, data.unsigned(1))).toEqual({ kind: "done", data: data.longUnsigned(2) });
    expect(await bench.act(...MANAGER, 3, entry(1, day(3)))).toEqual(DONE);
    expect(await bench.act(...MANAGER, 3, entry(0, day(4)))).toEqual(DONE);
    expect(await bench.act(...MANAGER, 3, entry(99, day(5)))).toEqual(DONE);
    expect(await bench.get(11, "0-0:11.0.0", 2)).toEqual(data.array(day(4), day(1), day(3), day(2), day(5)));
    expect(await bench.act(...MANAGER, 2, range(2, 3))).toEqual({ kind: "done", data: data.array(day(1), day(3)) });
    expect(await bench.act(...MANAGER, 4, entry(2, day(6)))).toEqual(DONE);
    expect(await bench.act(...MANAGER, 5, range(3, 5))).toEqual(DONE);
    expect(await bench.get(11, "0-0:11.0.0", 2)).toEqual(data.array(day(4), day(6)));
  });

  it("takes no entry that the array does not take, none that is not there, and keeps to the rights in it", async () => {
    expect(await bench.set(11, "0-0:11.0.0", 2, data.array(day(1)))).toBe("success");
    expect(await bench.act(...MANAGER, 3, entry(1, data.unsigned(1)))).toEqual(REFUSED("type-unmatched"));
    expect(await bench.act(...MANAGER, 4, entry(2, day(2)))).toEqual(REFUSED("other-reason"));
    expect(await bench.act(...MANAGER, 2, range(1, 2))).toEqual(REFUSED("other-reason"));
    expect(await bench.act(...MANAGER, 1, data.unsigned(9))).toEqual(REFUSED("other-reason"));
    expect(await bench.act(...MANAGER, 2, data.nothing)).toEqual(REFUSED("type-unmatched"));
    const target = data.structure(data.longUnsigned(9), name("0-0:10.0.106"), data.integer(2));
    expect(await bench.set(...MANAGER, 2, data.array(data.structure(data.unsigned(7), target)))).toBe("success");
    expect(await bench.act(...MANAGER, 1, data.unsigned(7))).toEqual({ kind: "done", data: data.longUnsigned(2) });
    expect(await bench.act(...MANAGER, 5, range(1, 1, 7))).toEqual(REFUSED("read-write-denied"));
    expect(await bench.get(11, "0-0:11.0.0", 2)).toEqual(data.array(day(1)));
  });
});

describe("function control", () => {
  const CONTROL = [122, "0-0:44.1.0"] as const;
  const status = (of: string, isOn: boolean): DlmsData => data.array(data.structure(text(of), data.boolean(isOn)));
  const supply = data.structure(text("SUPPLY"), data.array(data.structure(data.longUnsigned(70), name("0-0:96.3.10"))));

  it("adds a function over objects of the meter, whose methods are refused while it is off", async () => {
    expect(await bench.act(...CONTROL, 2, supply)).toEqual(DONE);
    expect(await bench.act(...CONTROL, 2, supply)).toEqual(REFUSED("other-reason"));
    expect(await bench.act(...CONTROL, 1, status("SUPPLY", false))).toEqual(DONE);
    expect(await bench.act(70, "0-0:96.3.10", 1)).toEqual(REFUSED("object-unavailable"));
    await bench.crash();
    expect(await bench.act(70, "0-0:96.3.10", 1)).toEqual(REFUSED("object-unavailable"));
    expect(await bench.act(...CONTROL, 3, text("SUPPLY"))).toEqual(DONE);
    expect(await bench.act(...CONTROL, 3, text("SUPPLY"))).toEqual(REFUSED("other-reason"));
    expect(await bench.act(70, "0-0:96.3.10", 1)).toEqual(DONE);
  });

  it("switches one schedule off and leaves the others, where the function says so", async () => {
    const one = data.structure(text("OPENING"), data.array(data.structure(data.longUnsigned(22), name("0-0:15.0.1"))));
    expect(await bench.act(...CONTROL, 2, one)).toEqual(DONE);
    expect(await bench.act(...CONTROL, 1, status("OPENING", false))).toEqual(DONE);
    expect(await bench.set(22, "0-0:15.0.1", 4, executionTime(13, 0))).toBe("success");
    await bench.later(startMs + 90 * MINUTE_MS);
    expect(await state()).toBe(1);
  });

  it("adds nothing over objects that are not there, nor over itself, and says what is not of its form", async () => {
    const over = (classId: number, obis: string): DlmsData =>
      data.structure(text("X"), data.array(data.structure(data.longUnsigned(classId), name(obis))));
    expect(await bench.act(...CONTROL, 2, over(3, "1-0:99.99.99"))).toEqual(REFUSED("object-undefined"));
    expect(await bench.act(...CONTROL, 2, over(122, "0-0:44.1.0"))).toEqual(REFUSED("other-reason"));
    expect(await bench.act(...CONTROL, 2, data.nothing)).toEqual(REFUSED("type-unmatched"));
    expect(await bench.act(...CONTROL, 1, data.unsigned(1))).toEqual(REFUSED("type-unmatched"));
    expect(await bench.act(...CONTROL, 3, data.nothing)).toEqual(REFUSED("type-unmatched"));
  });
});

describe("the parameter monitor of version 1", () => {
  const MONITOR = [65, "0-0:16.2.0"] as const;

  it("shows the values on its list and a digest that changes with them, and only with them", async () => {
    const threshold = data.structure(data.longUnsigned(71), name("0-0:17.0.0"), data.integer(4));
    expect(await bench.act(...MONITOR, 1, threshold)).toEqual(DONE);
    expect(await bench.set(...MONITOR, 5, text("limits"))).toBe("success");
    const before = await bench.get(...MONITOR, 7);
    expect(await bench.set(71, "0-0:17.0.0", 6, data.doubleLongUnsigned(90))).toBe("success");
    expect(await bench.get(...MONITOR, 7)).toEqual(before);
    expect(await bench.set(71, "0-0:17.0.0", 4, data.doubleLongUnsigned(8_000))).toBe("success");
    expect(await bench.get(...MONITOR, 7)).not.toEqual(before);
    expect(await bench.get(...MONITOR, 8)).toEqual(data.structure(data.doubleLongUnsigned(8_000)));
    const itself = data.structure(data.longUnsigned(65), name("0-0:16.2.0"), data.integer(8));
    expect(await bench.act(...MONITOR, 1, itself)).toEqual(DONE);
    expect(await bench.get(...MONITOR, 8)).toEqual(data.structure(data.doubleLongUnsigned(8_000), data.nothing));
  });
});

describe("status mapping", () => {
  it("is set bit by bit or from the first bit on, for as many bits as the word has", async () => {
    const table = (mapping: DlmsData): DlmsData => data.structure(data.unsigned(2), mapping);
    const entries = (count: number): DlmsData => data.array(...Array.from({ length: count }, (_, bit) => data.longUnsigned(bit)));
    expect(await bench.set(63, "0-0:96.5.0", 3, table(entries(8)))).toBe("success");
    expect(await bench.get(63, "0-0:96.5.0", 3)).toEqual(table(entries(8)));
    expect(await bench.set(63, "0-0:96.5.0", 3, table(data.longUnsigned(64)))).toBe("success");
    expect(await bench.set(63, "0-0:96.5.0", 3, table(entries(7)))).toBe("other-reason");
    expect(await bench.set(63, "0-0:96.5.0", 3, table(text("x")))).toBe("type-unmatched");
  });
});
