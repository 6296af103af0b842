import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { fromHex } from "@amity/bytes";
import { linePair, VirtualTimers } from "@amity/runtime";
import { decodeDateTime, decodeFrame, instantOf, readNotification, type DlmsData } from "@amity/dlms";
import { encodeHanPush, HAN_FORMS, HAN_LISTS, readHanList, serveHan, type HanFormName, type HanList, type P1Meter } from "../src/index.ts";

const FILE = fileURLToPath(new URL("../../../../shared/vectors/dlms/push-hdlc-real-meters.json", import.meta.url));
const hasVectors = existsSync(FILE);

interface Push {
  readonly meter: string;
  readonly apdu: string;
  readonly apdu_tag: string;
  readonly segmented: boolean;
}

const pushes = hasVectors ? (JSON.parse(readFileSync(FILE, "utf8")) as { vectors: Push[] }).vectors : [];
const clear = pushes.filter(({ apdu_tag: tag, segmented }) => tag === "0F" && !segmented);

describe.skipIf(!hasVectors)("pushes of real meters", () => {
  test.each(clear)("$meter says what it imports", ({ apdu }) => {
    const values = readHanList(readNotification(fromHex(apdu)).body);
    const power = values.find(({ obis }) => /^1-[01]:1\.[78]\.0\*255$/.test(obis));
    expect(power?.number).toBeDefined();
    // Some Landis+Gyr lists carry neither scaler nor unit: then none is made up.
    expect(power?.unit ?? "W").toMatch(/^(W|Wh)$/);
    // Voltages tell whether scaler and unit are right.
    for (const { obis, number, unit } of values) {
      if (!/:(32|52|72)\.7\.0/.test(obis) || number === undefined || unit === undefined || number.value === 0n) continue;
      expect(Number(number.value) * 10 ** number.scaler).toBeGreaterThan(90);
      expect(Number(number.value) * 10 ** number.scaler).toBeLessThan(270);
    }
  });
});

const octets = (...value: number[]): DlmsData => ({ type: "octet-string", value: Uint8Array.from(value) });
const number = (value: number): DlmsData => ({ type: "double-long-unsigned", value });

test("codes, scalers and units make a value, in whatever structure they stand", () => {
  const scaled: DlmsData = {
    type: "structure",
    value: [
      { type: "integer", value: -1 },
      { type: "enum", value: 35 },
    ],
  };
  const list: DlmsData = { type: "array", value: [{ type: "structure", value: [octets(1, 0, 32, 7, 0, 255), number(2301), scaled] }] };
  expect(readHanList(list)).toEqual([{ obis: "1-0:32.7.0*255", number: { value: 2301n, scaler: -1 }, text: "2301e-1", unit: "V" }]);
});

test("Kamstrup's values get the units that it leaves out, Kaifa's the codes", () => {
  const kamstrup: DlmsData = {
    type: "structure",
    value: [{ type: "visible-string", value: "Kamstrup_V0001" }, octets(1, 1, 31, 7, 0, 255), number(123)],
  };
  expect(readHanList(kamstrup)).toMatchObject([{ obis: "1-1:31.7.0*255", number: { value: 123n, scaler: -2 }, unit: "A" }]);
  expect(readHanList({ type: "structure", value: [number(1500)] })).toMatchObject([{ obis: "1-0:1.7.0*255", unit: "W" }]);
  expect(readHanList({ type: "structure", value: [number(1), number(2)] })).toEqual([]);
});

test("lists told by their places are told apart by what stands there, not by their number alone", () => {
  const word = (value: number): DlmsData => ({ type: "long-unsigned", value });
  const name = octets(...Array.from("ISK1030", (letter) => letter.charCodeAt(0)));
  // A list of Iskra has as many values as one of Kaifa.
  const powers = [1_393, 0, 0, 738].map(number);
  const volts = [2_379, 2_379, 2_296].map(word);
  const amperes = [103, 125, 597].map(word);
  const ofPhases = [16, 51, 1_325, 0, 0, 0].map(number);
  const values = readHanList({ type: "structure", value: [name, name, ...powers, ...volts, ...amperes, ...ofPhases] });
  expect(values.filter(({ obis }) => /^1-0:(1|32|71|61)\./.test(obis)).map(({ obis, text, unit }) => `${obis} ${text} ${unit}`)).toEqual([
    "1-0:1.7.0*255 1393 W",
    "1-0:32.7.0*255 2379e-1 V",
    "1-0:71.7.0*255 597e-2 A",
    "1-0:61.7.0*255 1325 W",
  ]);
  expect(readHanList({ type: "structure", value: Array.from({ length: 18 }, (_, at) => number(at)) })).toEqual([]);
});

test("a list that begins with its objects gives each value to the object at its place", () => {
  const object = (classId: number, attribute: number, ...code: number[]): DlmsData => ({
    type: "structure",
    value: [
      { type: "long-unsigned", value: classId },
      octets(...code),
      { type: "integer", value: attribute },
      { type: "long-unsigned", value: 0 },
    ],
  });
  const objects: DlmsData = {
    type: "array",
    value: [object(40, 2, 0, 8, 25, 9, 0, 255), object(40, 1, 0, 8, 25, 9, 0, 255), object(3, 2, 1, 0, 1, 7, 0, 255)],
  };
  const body: DlmsData = { type: "structure", value: [objects, octets(0, 8, 25, 9, 0, 255), number(362)] };
  expect(readHanList(body)).toEqual([{ obis: "1-0:1.7.0*255", number: { value: 362n, scaler: 0 }, text: "362" }]);
});

const METER: P1Meter = {
  manufacturer: "AMT",
  identifier: "E1",
  equipmentId: "7359992892587665",
  instantMs: Date.UTC(2027, 9, 31, 0, 30),
  isSummer: true,
  tariff: 1,
  importedWh: [1_234_561, 89],
  exportedWh: [0, 4_242],
  importedVarh: 555,
  exportedVarh: 0,
  importW: 0,
  exportW: 2_601,
  importVar: 17,
  exportVar: 0,
  phases: [1, 2, 3].map((phase) => ({ voltageDv: 2_300 + phase, currentCa: 123 * phase, importW: 0, exportW: 867 })),
};

describe.each(Object.keys(HAN_FORMS) as HanFormName[])("what a meter of form %s pushes", (form) => {
  const pushed = (list: HanList) => {
    const frame = decodeFrame(encodeHanPush(METER, form, list, 7));
    return readNotification(frame.information.subarray(3));
  };

  test.each(HAN_LISTS)("reads back: list %s", (list) => {
    const values = new Map(readHanList(pushed(list).body).map((value) => [value.obis.replace(/^.*:(.*)\*255$/, "$1"), value]));
    const of = (quantity: string): [number, string | undefined] => {
      const { number = { value: -1n, scaler: 0 }, unit } = values.get(quantity) ?? {};
      return [Math.round(Number(number.value) * 10 ** number.scaler * 1_000) / 1_000, unit];
    };
    expect(of("1.7.0")).toEqual([0, "W"]);
    const isAll = list === "hour" || form === "at" || form.startsWith("se");
    if (!isAll) return;
    expect(of("1.8.0")).toEqual([1_234_650, "Wh"]);
    expect(of("2.7.0")).toEqual([2_601, "W"]);
    expect([
      [2.46, "A"],
      [2.5, "A"],
    ]).toContainEqual(of("51.7.0"));
  });

  test("tells summer from winter", () => {
    const told = [METER, { ...METER, instantMs: METER.instantMs + 3_600_000, isSummer: false }].map((meter) => {
      const { dateTime } = readNotification(decodeFrame(encodeHanPush(meter, form, "hour", 1)).information.subarray(3));
      return dateTime === undefined ? undefined : instantOf(decodeDateTime(dateTime));
    });
    expect(told).toEqual([METER.instantMs, METER.instantMs + 3_600_000]);
  });
});

test("the first list is that of the hour, then come those of now", async () => {
  const timers = new VirtualTimers();
  const [near, far] = linePair();
  const counts: number[] = [];
  serveHan(far, () => METER, { timers, form: "kaifa" });
  near.bind({
    data: (octets) => void counts.push(readHanList(readNotification(decodeFrame(octets).information.subarray(3)).body).length),
    closed() {},
  });
  await timers.run(timers.sleep(10_100));
  expect(counts).toEqual([18, 1, 1, 1, 13]);
});
