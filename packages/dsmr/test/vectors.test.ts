import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { fromHex } from "@amity/bytes";
import { toOctets } from "@amity/iec62056-21";
import { TelegramAssembler, decodeTelegram, encodeTelegram, explainDsmr, isDsmr, openCiphered, readTelegram } from "../src/index.ts";

const FOLDER = fileURLToPath(new URL("../../../../shared/vectors/", import.meta.url));
const hasVectors = existsSync(FOLDER);
const read = <T>(file: string): T[] => {
  if (!hasVectors) return [];
  const content = JSON.parse(readFileSync(FOLDER + file, "utf8")) as T[] | { vectors: T[] };
  return Array.isArray(content) ? content : content.vectors;
};

interface Recorded {
  readonly name: string;
  readonly telegram: string;
  readonly crc: string | null;
}

describe.skipIf(!hasVectors)("recorded telegrams", () => {
  const recorded = read<Recorded>("dsmr/telegrams.json");

  test.each(recorded)("$name decodes whole, its CRC is as expected", ({ telegram, crc }) => {
    const octets = toOctets(telegram);
    const decoded = decodeTelegram(octets);
    expect(decoded.problems).toEqual([]);
    expect(decoded.crc).toBe(crc === null ? "absent" : "right");
    // Every opening parenthesis before the end is a value.
    const values = decoded.dataSets.flatMap((dataSet) => dataSet.values);
    expect(values).toHaveLength(telegram.slice(0, decoded.endOffset).split("(").length - 1);
    expect(isDsmr(octets)).toBe(true);
    expect(JSON.stringify(explainDsmr(octets))).not.toContain('"error"');
  });

  test.each(recorded)("$name comes back as it was, where its form is the standard's", ({ telegram, crc }) => {
    const octets = toOctets(telegram);
    const { manufacturer, rateCharacter, identifier, dataSets } = decodeTelegram(octets);
    const again = encodeTelegram({ manufacturer, rateCharacter, identifier, dataSets, hasCrc: crc !== null });
    const isStandard = (crc === null || crc.length === 4) && telegram.trimEnd().length - telegram.indexOf("\r\n!") < 8;
    if (isStandard) expect(again).toEqual(octets);
    expect(decodeTelegram(again).dataSets.map(({ address }) => address)).toEqual(dataSets.map(({ address }) => address));
  });

  test("are found in one stream", () => {
    const stream = toOctets(recorded.map(({ telegram }) => telegram).join(""));
    const parts = new TelegramAssembler().push(stream);
    expect(parts.map(({ kind }) => kind)).toEqual(recorded.map(() => "telegram"));
  });

  test.each([
    ["TELEGRAM_V2_2", 1, "gas", "1.001", "m3"],
    ["TELEGRAM_V3", 1, "gas", "1.001", "m3"],
    ["TELEGRAM_V4_2", 1, "gas", "981.443", "m3"],
    ["TELEGRAM_V5", 1, "gas", "0.107", "m3"],
    ["TELEGRAM_V5_TWO_MBUS", 2, "gas", "246.138", "m3"],
    ["TELEGRAM_UNPADDED_CRC", 1, "heat", "240.860", "GJ"],
    ["TELEGRAM_FLUVIUS_V171", 1, "gas", "112.384", "m3"],
    ["TELEGRAM_FLUVIUS_V171", 2, "water", "872.234", "m3"],
  ])("%s: channel %i is %s, %s %s", (name, channel, medium, value, unit) => {
    const telegram = recorded.find((one) => one.name === name)?.telegram ?? "";
    const found = readTelegram(decodeTelegram(toOctets(telegram))).channels.find((one) => one.channel === channel);
    expect(found).toMatchObject({ medium, reading: { unit } });
    expect(Number(found?.reading?.text)).toBe(Number(value));
  });

  test("say what else they say", () => {
    const of = (name: string) => readTelegram(decodeTelegram(toOctets(recorded.find((one) => one.name === name)?.telegram ?? "")));
    expect(of("TELEGRAM_V4_2")).toMatchObject({
      version: "42",
      time: { local: "2016-11-13T20:57:57", isSummer: false },
      tariff: "0002",
      powerFailures: [{ end: { local: "2000-01-04T18:03:20" }, durationS: 237126 }, { durationS: 2147583646 }, { durationS: 2317482647 }],
    });
    expect(of("TELEGRAM_V3")).toMatchObject({
      equipmentId: "K8EG004046395507",
      message: expect.stringContaining("0123456789:;<=>?") as string,
    });
    expect(of("TELEGRAM_FLUVIUS_V171").peaks).toMatchObject([
      { obis: "1-0:1.6.0", time: { local: "2020-04-23T19:25:38" }, text: "03.695", unit: "kW" },
      { text: "05.980" },
      { text: "04.318" },
    ]);
    // A month without a peak has a time that is none.
    expect(of("TELEGRAM_FLUVIUS_V171_ALT").peaks).toHaveLength(4);
    expect(of("TELEGRAM_SAGEMCOM_T210_D_R").registers.find(({ obis }) => obis === "1-0:1.8.0")).toMatchObject({
      number: { value: 6545766n, scaler: 0 },
      unit: "Wh",
    });
  });
});

describe.skipIf(!hasVectors)("ciphered telegrams", () => {
  const ciphered = read<{ name: string; transport: string; apdu_ciphered: string; key: string; ak?: string; plain_text?: string }>(
    "dlms/push-ciphered-real-meters.json",
  ).filter(({ transport }) => transport.startsWith("serial P1"));

  test.each(ciphered)("$name", ({ apdu_ciphered, key, plain_text }) => {
    const octets = fromHex(apdu_ciphered);
    const opened = openCiphered(octets, { encryptionKey: fromHex(key) });
    expect(opened.isAuthenticated).toBe(false);
    expect(decodeTelegram(opened.telegram)).toMatchObject({ crc: "right", problems: [] });
    if (plain_text !== undefined) expect(String.fromCharCode(...opened.telegram)).toContain(plain_text.slice(0, 40));
    expect(new TelegramAssembler().push(octets)).toEqual([{ kind: "ciphered", octets }]);
    expect(JSON.stringify(explainDsmr(octets, { keys: [{ label: "port", encryptionKey: fromHex(key) }] }))).toContain("1-0:1.8.0");
  });
});
