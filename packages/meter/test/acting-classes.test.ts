import { connectDlms, data, decodeData, obisToOctets, openHdlcLink, parseObis, wrapperLink, type DlmsData } from "@amity/dlms";
import { beforeEach, describe, expect, it } from "vitest";
import type { LocalPortDevice } from "@amity/iec62056-21";
import { METER_MODELS, localPortFace } from "../src/index.ts";
import { openBench, script, text, utc, type MeterBench } from "./bench/meter-bench.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
/** Tuesday noon in Sydney. */
const startMs = Date.UTC(2026, 0, 20, 1);
const DONE = { kind: "done" };
const REFUSED = (result: string) => ({ kind: "refused", result });
const name = (obis: string): DlmsData => data.octets(obisToOctets(parseObis(obis)));
const state = (): Promise<number> => bench.number(70, "0-0:96.3.10", 3);
const capture = (classId: number, obis: string, attribute = 2): DlmsData =>
  data.structure(data.longUnsigned(classId), name(obis), data.integer(attribute), data.longUnsigned(0));

let bench: MeterBench;

beforeEach(async () => {
  bench = await openBench({ startMs, parts: { type: METER_MODELS.conformance } });
});

describe("the schedule", () => {
  const SCHEDULE = [10, "0-0:12.0.0"] as const;
  const ANY_DATE = data.octets(Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0xff));
  const weekdays = (...days: number[]): DlmsData => data.bits(7, Uint8Array.of(days.reduce((bits, day) => bits | (0x80 >> (day - 1)), 0)));
  interface Asked {
    readonly hour: number;
    readonly id?: number;
    readonly days?: DlmsData;
    readonly special?: DlmsData;
    readonly window?: number;
    readonly isOn?: boolean;
    readonly end?: DlmsData;
  }
  const entry = (index: number, asked: Asked): DlmsData =>
    data.structure(
      data.longUnsigned(index),
      data.boolean(asked.isOn ?? true),
      name("0-0:10.0.106"),
      data.longUnsigned(asked.id ?? 1),
      data.octets(Uint8Array.of(asked.hour, 0, 0, 0)),
      data.longUnsigned(asked.window ?? 0xffff),
      asked.days ?? weekdays(1, 2, 3, 4, 5, 6, 7),
      asked.special ?? data.bits(8, Uint8Array.of(0)),
      ANY_DATE,
      asked.end ?? ANY_DATE,
    );

  it("runs scripts at their time of their days of the week, in order, and not after its end", async () => {
    const until = data.octets(Uint8Array.of(0x07, 0xea, 1, 21, 0xff));
    // Wednesday 13:00 open, 14:00 close; Tuesday is not among the days.
    const entries = [entry(1, { hour: 13, days: weekdays(3), end: until }), entry(2, { hour: 14, id: 2, days: weekdays(3, 4) })];
    expect(await bench.set(...SCHEDULE, 2, data.array(...entries))).toBe("success");
    await bench.later(startMs + 90 * MINUTE_MS);
    expect(await state()).toBe(1);
    await bench.later(startMs + DAY_MS + 90 * MINUTE_MS);
    expect(await state()).toBe(0);
    await bench.later(startMs + DAY_MS + 150 * MINUTE_MS);
    expect(await state()).toBe(1);
    await bench.later(startMs + 8 * DAY_MS + 90 * MINUTE_MS);
    expect(await state()).toBe(1);
  });

  it("keeps to the special days: their bit decides, whatever day of the week it is", async () => {
    const day = data.structure(data.longUnsigned(1), data.octets(Uint8Array.of(0x07, 0xea, 1, 20, 0xff)), data.unsigned(2));
    expect(await bench.set(11, "0-0:11.0.0", 2, data.array(day))).toBe("success");
    expect(await bench.act(...SCHEDULE, 2, entry(1, { hour: 13 }))).toEqual(DONE);
    expect(await bench.act(...SCHEDULE, 2, entry(2, { hour: 14, special: data.bits(8, Uint8Array.of(0x20)), days: weekdays() }))).toEqual(
      DONE,
    );
    await bench.later(startMs + 90 * MINUTE_MS);
    expect(await state()).toBe(1);
    await bench.later(startMs + 150 * MINUTE_MS);
    expect(await state()).toBe(0);
  });

  it("makes up for what was missed without power within its window, and lets go of the rest", async () => {
    expect(await bench.act(...SCHEDULE, 2, entry(1, { hour: 13, window: 30 }))).toEqual(DONE);
    const powerless = async (fromMs: number, toMs: number): Promise<void> => {
      await bench.simulation.runUntil(fromMs);
      await bench.simulation.runFor(bench.fleet.setFeederPower(bench.target.feederId, false));
      await bench.simulation.runUntil(toMs);
      await bench.simulation.runFor(bench.fleet.setFeederPower(bench.target.feederId, true));
      await bench.later(toMs + MINUTE_MS);
    };
    await powerless(startMs + 50 * MINUTE_MS, startMs + 100 * MINUTE_MS);
    expect(await state()).toBe(1);
    await powerless(startMs + DAY_MS + 50 * MINUTE_MS, startMs + DAY_MS + 80 * MINUTE_MS);
    expect(await state()).toBe(0);
  });

  it("enables, disables and deletes ranges of entries, and refuses what it could not carry out", async () => {
    for (const index of [1, 2, 3]) expect(await bench.act(...SCHEDULE, 2, entry(index, { hour: 13 }))).toEqual(DONE);
    const range = (...indices: number[]): DlmsData => data.structure(...indices.map((index) => data.longUnsigned(index)));
    expect(await bench.act(...SCHEDULE, 1, range(1, 3, 3, 3))).toEqual(DONE);
    expect(await bench.act(...SCHEDULE, 3, range(2, 2))).toEqual(DONE);
    expect(await bench.act(...SCHEDULE, 3, range(2, 2))).toEqual(REFUSED("other-reason"));
    const expected = [entry(1, { hour: 13, isOn: false }), entry(3, { hour: 13 })];
    expect(await bench.get(...SCHEDULE, 2)).toEqual(data.array(...expected));
    expect(await bench.set(...SCHEDULE, 2, data.array(entry(1, { hour: 13 }), entry(1, { hour: 14 })))).toBe("other-reason");
    expect(await bench.act(...SCHEDULE, 2, entry(4, { hour: 13, id: 9 }))).toEqual(REFUSED("other-reason"));
    expect(await bench.act(...SCHEDULE, 2, data.nothing)).toEqual(REFUSED("type-unmatched"));
  });
});

describe("compact data captured by method", () => {
  const COMPACT = [62, "0-0:66.0.0"] as const;

  it("holds what was captured until the next capture, a reset, or other objects", async () => {
    const EMPTY = data.octets(new Uint8Array(0));
    expect(await bench.set(...COMPACT, 6, data.enumerated(0))).toBe("success");
    expect(await bench.get(...COMPACT, 2)).toEqual(EMPTY);
    expect(await bench.act(...COMPACT, 2)).toEqual(DONE);
    const first = await bench.get(...COMPACT, 2);
    const description = await bench.get(...COMPACT, 5);
    if (first.type !== "octet-string" || description.type !== "octet-string") throw new Error("no octets");
    const content = first.value.slice(1);
    expect(decodeData(Uint8Array.of(0x13, ...description.value, content.length, ...content))).toMatchObject({ type: "compact-array" });
    await bench.later(startMs + DAY_MS);
    expect(await bench.get(...COMPACT, 2)).toEqual(first);
    await bench.crash();
    expect(await bench.get(...COMPACT, 2)).toEqual(first);
    expect(await bench.act(...COMPACT, 2)).toEqual(DONE);
    expect(await bench.get(...COMPACT, 2)).not.toEqual(first);
    expect(await bench.act(...COMPACT, 1)).toEqual(DONE);
    expect(await bench.get(...COMPACT, 2)).toEqual(EMPTY);
    expect(await bench.act(...COMPACT, 2)).toEqual(DONE);
    const none = data.structure(data.enumerated(0), data.nothing);
    const other = data.structure(data.longUnsigned(1), name("0-0:42.0.0"), data.integer(2), data.longUnsigned(0), none, data.array());
    expect(await bench.set(...COMPACT, 3, data.array(other))).toBe("success");
    expect(await bench.get(...COMPACT, 2)).toEqual(EMPTY);
    expect(await bench.set(...COMPACT, 3, data.array(capture(1, "0-0:42.0.0")))).toBe("type-unmatched");
  });
});

describe("the sensor manager", () => {
  it("shows the raw value of the voltage sensor and runs the script of a threshold", async () => {
    const SENSOR = [67, "7-0:0.15.0"] as const;
    const volts = await bench.number(3, "1-0:32.7.0", 2);
    expect(Math.abs((await bench.number(...SENSOR, 7)) - volts)).toBeLessThan(100);
    expect(await bench.set(...SENSOR, 11, data.array(text("x")))).toBe("type-unmatched");
    expect(await bench.set(...SENSOR, 12, data.array(data.structure(script(106, 1), script(106, 2))))).toBe("success");
    expect(await bench.set(...SENSOR, 11, data.array(data.longUnsigned(1_000)))).toBe("success");
    await bench.later(startMs + 5 * MINUTE_MS);
    expect(await state()).not.toBe(1);
  });
});

describe("measurement data monitoring", () => {
  const MONITORING = [66, "0-0:16.3.0"] as const;

  it("samples the voltage around a trigger, once it is told how many samples to take", async () => {
    expect(await bench.act(...MONITORING, 2)).toEqual(REFUSED("other-reason"));
    expect(await bench.set(...MONITORING, 7, data.doubleLongUnsigned(40))).toBe("success");
    expect(await bench.set(...MONITORING, 8, data.doubleLongUnsigned(40))).toBe("success");
    expect(await bench.act(...MONITORING, 2)).toEqual(DONE);
    await bench.simulation.runUntil(bench.simulation.nowMs + 1_000);
    expect(await bench.number(...MONITORING, 5)).toBe(2);
    const waveform = await bench.get(...MONITORING, 2);
    const samples = waveform.type === "compact-array" ? waveform.value.map((one) => ("value" in one ? Number(one.value) : 0)) : [];
    expect(samples).toHaveLength(80);
    // Two periods at 2,000 samples a second: the root of the mean square is the voltage.
    const effective = Math.sqrt(samples.reduce((sum, one) => sum + one * one, 0) / samples.length);
    expect(Math.abs(effective - (await bench.number(3, "1-0:32.7.0", 2)))).toBeLessThan(100);
    expect(await bench.set(...MONITORING, 6, data.doubleLongUnsigned(1_000))).toBe("success");
    expect(await bench.number(...MONITORING, 5)).toBe(0);
    expect(await bench.set(...MONITORING, 8, data.doubleLongUnsigned(100_000))).toBe("other-reason");
  });
});

describe("NTP setup", () => {
  it("sets the clock where it is on, has a server, and a key where it needs one", async () => {
    const NTP = [100, "0-0:25.10.0"] as const;
    expect(await bench.act(...NTP, 1)).toEqual(REFUSED("object-unavailable"));
    expect(await bench.set(8, "0-0:1.0.0", 2, utc(startMs + HOUR_MS))).toBe("success");
    expect(await bench.set(...NTP, 2, data.boolean(true))).toBe("success");
    expect(await bench.set(...NTP, 3, text("192.0.2.123"))).toBe("success");
    expect(await bench.set(...NTP, 5, data.enumerated(1))).toBe("success");
    expect(await bench.act(...NTP, 1)).toEqual(REFUSED("other-reason"));
    const key = data.structure(data.doubleLongUnsigned(1), data.octets(new Uint8Array(16)));
    expect(await bench.act(...NTP, 2, key)).toEqual(DONE);
    await expect(bench.get(...NTP, 6)).rejects.toThrow("read-write-denied");
    expect(await bench.act(...NTP, 1)).toEqual(DONE);
    expect(Math.abs(bench.meter.clockAt(bench.simulation.nowMs) - bench.simulation.nowMs)).toBeLessThan(1_000);
    expect(await bench.act(...NTP, 3, data.doubleLongUnsigned(2))).toEqual(REFUSED("other-reason"));
    expect(await bench.act(...NTP, 3, data.doubleLongUnsigned(1))).toEqual(DONE);
  });
});

describe("setup of the ports", () => {
  const TCP = [41, "0-0:25.0.0"] as const;
  const HDLC = [23, "0-0:22.0.0"] as const;
  const SERIAL_PORT = 4_001;
  const connection = () => bench.headEnd.network.connect({ host: "street", port: 4_059 });
  const isOpenAfter = (ms: number): Promise<boolean> =>
    bench.simulation.runFor(
      (async () => {
        const link = wrapperLink(await connection(), "client");
        const client = await connectDlms(link, { clientSap: 16, authentication: { mechanism: "none" } }, bench.headEnd);
        await new Promise<void>((resolve) => bench.headEnd.timers.after(ms, resolve));
        return client.isOpen;
      })(),
    );

  it("tell the port at which the meter is served; what they are set to holds from the next connection on", async () => {
    expect(await bench.number(...TCP, 2)).toBe(4_059);
    expect(await isOpenAfter(60_000)).toBe(true);
    expect(await bench.set(...TCP, 6, data.longUnsigned(30))).toBe("success");
    expect(await isOpenAfter(60_000)).toBe(false);
    expect(await isOpenAfter(20_000)).toBe(true);
    expect(await bench.set(...TCP, 5, data.unsigned(0))).toBe("other-reason");
    expect(await bench.set(...TCP, 5, data.unsigned(1))).toBe("success");
    // The bench's own connection is the one.
    await expect(isOpenAfter(0)).rejects.toThrow();
  });

  it("give the HDLC port its address and lengths", async () => {
    const serial = bench.simulation.node("serial").world;
    await bench.simulation.runFor(
      serial.network.listen({ host: "serial", port: SERIAL_PORT }, (line) =>
        bench.fleet.attach(bench.target.meterId, line, serial, { transport: "hdlc" }),
      ),
    );
    const associate = (physicalDevice: number): Promise<unknown> =>
      bench.simulation.runFor(
        (async () => {
          const line = await bench.headEnd.network.connect({ host: "serial", port: SERIAL_PORT });
          const link = await openHdlcLink(line, bench.headEnd.timers, { clientSap: 16, serverSap: 1, physicalDevice });
          const client = await connectDlms(link, { clientSap: 16, authentication: { mechanism: "none" } }, bench.headEnd);
          return client.isOpen;
        })(),
      );
    expect(await associate(77)).toBe(true);
    expect(await bench.set(...HDLC, 9, data.longUnsigned(5))).toBe("other-reason");
    expect(await bench.set(...HDLC, 9, data.longUnsigned(40))).toBe("success");
    expect(await bench.set(...HDLC, 5, data.longUnsigned(256))).toBe("success");
    expect(await associate(40)).toBe(true);
    await expect(associate(77)).rejects.toThrow();
    expect(await bench.set(124, "0-0:44.2.1", 2, data.enumerated(0))).toBe("success");
    await expect(associate(40)).rejects.toThrow();
    expect(await bench.number(124, "0-0:44.2.1", 8)).toBe(2);
    expect(await bench.set(124, "0-0:44.2.1", 2, data.enumerated(2))).toBe("success");
    expect(await associate(40)).toBe(true);
  });

  it("give the local port its address and password", async () => {
    const face = (): LocalPortDevice => localPortFace(bench.fleet.device(bench.target.meterId), { mode: "C", password: "secret" });
    expect(face().authenticate("P1", "secret", "")).toBe(1);
    expect(await bench.set(19, "0-0:20.0.0", 6, text("77001"))).toBe("success");
    expect(await bench.set(19, "0-0:20.0.0", 7, text("other"))).toBe("success");
    expect(await bench.set(19, "0-0:20.0.0", 7, text("a)b"))).toBe("other-reason");
    expect(face().address).toBe("77001");
    expect(face().authenticate("P1", "secret", "")).toBeUndefined();
    expect(face().authenticate("P1", "other", "")).toBe(1);
  });

  it("move a logical device to another access point, or to none, but never the one for management", async () => {
    const SAP = [17, "0-0:41.0.0"] as const;
    const listed = await bench.get(...SAP, 2);
    const names = (listed.type === "array" ? listed.value : []).map((one) => (one.type === "structure" ? one.value[1]! : data.nothing));
    const assignment = (sap: number, of: DlmsData): DlmsData => data.structure(data.longUnsigned(sap), of);
    const answersAt = (serverSap: number): Promise<boolean> =>
      bench.simulation.runFor(
        (async () => {
          const link = wrapperLink(await connection(), "client");
          const asked = { clientSap: 16, serverSap, authentication: { mechanism: "none" }, timeoutMs: 2_000 } as const;
          return connectDlms(link, asked, bench.headEnd).then(
            () => true,
            () => false,
          );
        })(),
      );
    expect(await answersAt(17)).toBe(true);
    expect(await bench.act(...SAP, 1, assignment(20, names[1]!))).toEqual(DONE);
    expect(await bench.get(...SAP, 2)).toEqual(data.array(assignment(1, names[0]!), assignment(20, names[1]!)));
    expect([await answersAt(17), await answersAt(20)]).toEqual([false, true]);
    expect(await bench.act(...SAP, 1, assignment(1, names[1]!))).toEqual(REFUSED("other-reason"));
    expect(await bench.act(...SAP, 1, assignment(30, names[0]!))).toEqual(REFUSED("other-reason"));
    expect(await bench.act(...SAP, 1, assignment(30, text("nobody")))).toEqual(REFUSED("other-reason"));
    expect(await bench.act(...SAP, 1, data.nothing)).toEqual(REFUSED("type-unmatched"));
    expect(await bench.act(...SAP, 1, assignment(0, names[1]!))).toEqual(DONE);
    expect(await answersAt(20)).toBe(false);
    expect(await bench.act(...SAP, 1, assignment(17, names[1]!))).toEqual(DONE);
    expect(await answersAt(17)).toBe(true);
  });

  it("keep the multicast addresses that methods add and delete", async () => {
    const IPV4 = [42, "0-0:25.1.0"] as const;
    const group = data.doubleLongUnsigned(0xe000_0001);
    expect(await bench.act(...IPV4, 1, group)).toEqual(DONE);
    expect(await bench.act(...IPV4, 1, group)).toEqual(REFUSED("other-reason"));
    expect(await bench.act(...IPV4, 3)).toEqual({ kind: "done", data: data.unsigned(1) });
    expect(await bench.get(...IPV4, 4)).toEqual(data.array(group));
    expect(await bench.act(...IPV4, 2, group)).toEqual(DONE);
    expect(await bench.act(...IPV4, 2, group)).toEqual(REFUSED("other-reason"));
  });

  it("keep IPv6 addresses of each kind", async () => {
    const IPV6 = [48, "0-0:25.7.0"] as const;
    const address = (kind: number, last: number, octets = 16): DlmsData =>
      data.structure(data.enumerated(kind), data.octets(new Uint8Array(octets).fill(last)));
    expect(await bench.act(...IPV6, 1, address(0, 1))).toEqual(DONE);
    expect(await bench.act(...IPV6, 1, address(2, 2))).toEqual(DONE);
    expect(await bench.get(...IPV6, 4)).toEqual(data.array(data.octets(new Uint8Array(16).fill(1))));
    expect(await bench.get(...IPV6, 6)).toEqual(data.array(data.octets(new Uint8Array(16).fill(2))));
    expect(await bench.act(...IPV6, 1, address(0, 1))).toEqual(REFUSED("other-reason"));
    expect(await bench.act(...IPV6, 1, address(3, 1))).toEqual(REFUSED("other-reason"));
    expect(await bench.act(...IPV6, 1, address(0, 1, 4))).toEqual(REFUSED("other-reason"));
    expect(await bench.act(...IPV6, 2, address(0, 9))).toEqual(REFUSED("other-reason"));
    expect(await bench.act(...IPV6, 2, address(0, 1))).toEqual(DONE);
    expect(await bench.get(...IPV6, 4)).toEqual(data.array());
    expect(await bench.set(...IPV6, 4, data.array(data.octets(new Uint8Array(3))))).toBe("other-reason");
  });
});
