import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { fromHex } from "@amity/bytes";
import { readNotification, type DlmsData } from "@amity/dlms";
import { readHanList } from "../src/index.ts";

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
