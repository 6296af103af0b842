import { existsSync, readdirSync, readFileSync } from "node:fs";
import { packQuality, QUALITY } from "@amity/model";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readCim, readCimControls, writeCimControls, writeCimEvents, writeCimReadings, type InterchangeRecord } from "../src/index.ts";
import { asidesIn, chunksOf, collect, recordsOf, registersIn, textOf, VECTORS } from "./reading.ts";

const VALID = packQuality({ source: "mdms", category: "valid", method: "validated", final: false });
const ESTIMATED = packQuality({ source: "mdms", category: "estimated", method: "none", final: false });

function series(values: readonly number[]): InterchangeRecord {
  const qualities = Uint16Array.from(values, (_, index) => [VALID, ESTIMATED, QUALITY.raw, QUALITY.missing][index % 4] ?? 0);
  const startMs = Date.UTC(2024, 0, 1);
  const quantity = { meterId: "M<1>", channel: "1-0:1.8.0", unit: "Wh", scaler: -3, intervalSeconds: 900 } as const;
  return { kind: "intervals", usagePointId: "UP&1", series: { ...quantity, startMs, values: Float64Array.from(values), qualities } };
}

const REGISTER: InterchangeRecord = {
  kind: "register",
  usagePointId: "UP&1",
  reading: {
    meterId: "M<1>",
    channel: "1-0:2.8.0",
    unit: "Wh",
    scaler: -3,
    atMs: Date.UTC(2024, 0, 1) + 5,
    value: 10n ** 17n + 1n,
    quality: VALID,
  },
};

describe("CIM MeterReadings", () => {
  it("come back unchanged from their own writer, whatever the values and the chunks", async () => {
    const numbers = fc.array(fc.integer({ min: -1e14, max: 1e14 }), { minLength: 1, maxLength: 30 });
    await fc.assert(
      fc.asyncProperty(numbers, fc.integer({ min: 1, max: 200 }), async (values, size) => {
        const records = [series(values), REGISTER];
        const written = await textOf(writeCimReadings(recordsOf(records)));
        expect(await collect(readCim(chunksOf(written, size)))).toEqual(records);
      }),
      { numRuns: 40 },
    );
  });

  it("keep a reading type that is no plain energy as the channel's name, and write it again", async () => {
    const ref = "0.0.2.4.1.1.12.0.0.0.0.0.0.0.128.0.72.0";
    const written = (await textOf(writeCimReadings(recordsOf([series([5000])])))).replace(/ref="0\.0[^"]*"/, `ref="${ref}"`);
    const records = await collect(readCim(chunksOf(written)));
    expect(records[0]).toMatchObject({ series: { channel: ref, intervalSeconds: 900 } });
    expect(await textOf(writeCimReadings(recordsOf(records)))).toBe(written);
  });

  it("of a rate have its number as their time of use", async () => {
    const rate = series([5000]);
    if (rate.kind !== "intervals") throw new Error("no intervals");
    const records = [{ ...rate, series: { ...rate.series, channel: "1-0:2.8.12" } }];
    const written = await textOf(writeCimReadings(recordsOf(records)));
    expect(written).toContain('ref="0.0.2.4.19.1.12.0.0.0.0.12.0.0.0.0.72.0"');
    expect(await collect(readCim(chunksOf(written)))).toEqual(records);
  });

  it("of two channels that would come back as one are refused", async () => {
    const of = (channel: string): InterchangeRecord => {
      const record = series([1]);
      if (record.kind !== "intervals") throw new Error("no intervals");
      return { ...record, series: { ...record.series, channel, unit: "V" } };
    };
    await expect(textOf(writeCimReadings(recordsOf([of("1-0:32.7.0"), of("1-0:52.7.0")])))).rejects.toMatchObject({
      code: "not-representable",
    });
    await expect(textOf(writeCimReadings(recordsOf([of("1-0:32.7.0"), of("1-0:32.7.0")])))).resolves.toContain("IntervalBlocks");
  });

  it("that are cut off are refused", async () => {
    const written = await textOf(writeCimReadings(recordsOf([series([1, 2])])));
    for (let length = 0; length < written.length - 17; length += 11) {
      await expect(collect(readCim(chunksOf(written.slice(0, length)))), `after ${length}`).rejects.toMatchObject({ blame: "decode" });
    }
  });

  it("put single readings aside by line and field", async () => {
    const written = await textOf(writeCimReadings(recordsOf([series([1000, 2000, 3000])])));
    const broken = written.replace("<value>2<", "<value>two<").replace("00:45:00Z", "00:44:00Z");
    expect(asidesIn(await collect(readCim(chunksOf(broken)))).map(({ line, field }) => [line, field])).toEqual([
      [6, "value"],
      [7, "timeStamp"],
    ]);
  });

  it("refuse intervals that no reading type names", async () => {
    const odd = series([1]);
    if (odd.kind !== "intervals") throw new Error("no intervals");
    const record = { ...odd, series: { ...odd.series, intervalSeconds: 77 } };
    await expect(textOf(writeCimReadings(recordsOf([record])))).rejects.toMatchObject({ code: "not-representable" });
  });
});

describe("CIM EndDeviceEvents", () => {
  it("come back unchanged, by their type", async () => {
    const event = { meterId: "M1", atMs: Date.UTC(2024, 0, 1), kind: "powerDown", log: "3.26.0.85", code: 85, detail: "a < b" } as const;
    const written = await textOf(writeCimEvents(recordsOf([{ kind: "event", event }])));
    expect(await collect(readCim(chunksOf(written, 9)))).toEqual([{ kind: "event", event }]);
  });

  it("of every kind that has a type come back as that kind", async () => {
    const kinds = [
      "powerDown",
      "powerUp",
      "coverOpened",
      "clockInvalid",
      "clockSet",
      "batteryLow",
      "supplyDisconnected",
      "supplyConnected",
    ] as const;
    for (const kind of [...kinds, "voltageSag", "voltageSwell", "configurationChanged"] as const) {
      const event = { meterId: "M1", atMs: Date.UTC(2024, 2, 31, 1), kind, log: "0-0:99.98.0", code: 1 } as const;
      const written = await textOf(writeCimEvents(recordsOf([{ kind: "event", event }])));
      const [again] = await collect(readCim(chunksOf(written)));
      expect(again, kind).toMatchObject({ event: { meterId: "M1", atMs: event.atMs, kind } });
      expect(await textOf(writeCimEvents(recordsOf(again === undefined ? [] : [again])))).toBe(written);
    }
  });

  it("of a kind without a type are refused", async () => {
    const event = { meterId: "M1", atMs: 0, kind: "other", log: "0-0:99.98.0", code: 1 } as const;
    await expect(textOf(writeCimEvents(recordsOf([{ kind: "event", event }])))).rejects.toMatchObject({ code: "not-representable" });
  });
});

describe("CIM EndDeviceControls", () => {
  it("come back unchanged, and one without a type is put aside", async () => {
    const control = {
      kind: "control",
      mRid: "c1",
      type: "3.31.0.23",
      action: "disconnect",
      meterIds: ["M1", "M&2"],
      groupIds: ["G"],
    } as const;
    const written = writeCimControls([control, { ...control, type: "2.31.0.18", action: "other", mRid: "" }]);
    expect(await collect(readCimControls(chunksOf(written, 5)))).toEqual([
      control,
      { ...control, type: "2.31.0.18", action: "other", mRid: "" },
    ]);
    const broken = new TextDecoder().decode(written).replace("3.31.0.23", "?");
    expect((await collect(readCimControls(chunksOf(broken))))[0]).toMatchObject({
      kind: "putAside",
      line: 3,
      field: "EndDeviceControlType",
    });
  });
});

const folder = `${VECTORS}cim-61968-9/messages/`;
describe.skipIf(!existsSync(folder))("public samples of CIM messages", () => {
  const read = (name: string): Promise<InterchangeRecord[]> => collect(readCim(chunksOf(readFileSync(folder + name))));

  it("each yield records, put-asides or a decode error, never a crash", async () => {
    const outcomes = await Promise.all(
      readdirSync(folder).map((name) =>
        read(name).then(
          (records) => records.length > 0,
          (error: unknown) => (error as { blame?: string }).blame === "decode",
        ),
      ),
    );
    expect(outcomes.length).toBeGreaterThan(90);
    expect(outcomes.every(Boolean)).toBe(true);
  });

  it("of a head-end with a reading type of 4 numbers is put aside for that reason", async () => {
    const records = await read("hes_MeterReadings_clock_reply.xml");
    expect(registersIn(records)).toEqual([]);
    expect(asidesIn(records)).toMatchObject([{ field: "ReadingType", reason: '"3.0.129.160" is no reading type of 18 numbers' }]);
  });

  it("of a control of a group names the group", async () => {
    const controls = await collect(readCimControls(chunksOf(readFileSync(`${folder}cim4_CreateEndDeviceControls_request.xml`))));
    expect(controls).toMatchObject([{ kind: "control", type: "2.31.0.18", groupIds: ["DG2"], meterIds: [] }]);
  });

  it("of a power failure in an older edition gives the event with its own code", async () => {
    expect(await read("landisgyr_EndDeviceEvents_powerfail_SOAP.xml")).toEqual([
      {
        kind: "event",
        event: {
          meterId: "abcde",
          atMs: Date.parse("2017-10-11T19:19:12.155Z"),
          kind: "other",
          log: "6.20.1.185",
          code: 185,
          detail: "POWER_FAIL",
        },
      },
    ]);
  });
});
