import { existsSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { fromHex } from "@amity/bytes";
import {
  compactProfiles,
  decodeTelegram,
  decodeWiredMessage,
  knownFormats,
  meterTimeText,
  readProfile,
  singleKey,
  type Application,
} from "../src/index.ts";
import { missingValues, type Expected } from "./expected-values.ts";

const FILE = new URL("../../../../shared/vectors/wmbus/telegrams.json", import.meta.url);

interface Vector {
  readonly driver: string | null;
  readonly id: string | null;
  readonly hex: string;
  readonly key: string | null;
  readonly expected: Expected | null;
  readonly verified: boolean;
}

const vectors = existsSync(FILE) ? (JSON.parse(readFileSync(FILE, "utf8")) as Vector[]) : [];
const verified = vectors.filter((vector) => vector.verified && vector.expected !== null && !isOutside(vector));
const formats = knownFormats();

/** Texts and numbers that the other decoder makes up itself: its words for bits, sums of its own, dates of no month. */
const OWN_WORDS =
  /^(product_no|season_start_date|battery(_y|_level)?|dust_level.*|total_apparent_energy_consumption_kvah|power_mode|power_system_configuration|digital_output|power_factor_sector|pulse_unit|unknown[ab]|time_dry|is_repeater_listening|repeater_listening_on_weekdays|current_alarms|previous_alarms|info|software_version)=|=1999-11-30$/;

describe.skipIf(vectors.length === 0)("wireless telegrams of real meters", () => {
  test.each(verified.map((vector, index) => [`${index} ${vector.driver ?? "meter"} ${vector.id ?? ""}`, vector] as const))(
    "%s decodes to the expected readings",
    (_, vector) => {
      const application = decode(vector);
      const extra = [...profileValues(application), ...profileSeries(application)];
      const missing = missingValues(vector.expected ?? {}, application.records, extra).filter((entry) => !OWN_WORDS.test(entry));
      expect(missing).toEqual([]);
    },
  );

  test("names every telegram's meter", () => {
    const wrong = verified.filter((vector) => vector.id !== null && !names(vector).includes(vector.id.toLowerCase())).map(({ id }) => id);
    expect(wrong).toEqual([]);
  });

  test("no telegram, cut anywhere, does anything but yield a value or a DecodeError", () => {
    for (const vector of vectors) {
      const octets = fromHex(vector.hex);
      for (let length = 0; length < octets.length; length++) attempt(octets.subarray(0, length), vector.key);
    }
  });
});

/** Encrypted, and recorded without its key. */
function isOutside(vector: Vector): boolean {
  return vector.hex.startsWith("6644242328001081640E72665674");
}

function decode(vector: Vector): Application {
  const octets = fromHex(vector.hex);
  const keys = vector.key === null ? undefined : singleKey(fromHex(vector.key));
  if (octets[0] !== 0x68 || octets[3] !== 0x68) return decodeTelegram(octets, { keys, formats }).application;
  const { application } = decodeWiredMessage(octets, { keys });
  if (application === undefined) throw new Error("no message");
  return application;
}

/** Behind an adapter the link layer and the long header name two devices; the expectations take either. */
function names(vector: Vector): (string | undefined)[] {
  const octets = fromHex(vector.hex);
  return [decode(vector).meter?.id, octets[3] === 0x68 ? undefined : decodeTelegram(octets).sender.id];
}

function attempt(octets: Uint8Array, key: string | null): void {
  try {
    const { application } = decodeTelegram(octets, { keys: key === null ? undefined : singleKey(fromHex(key)), formats });
    readProfile(application);
  } catch (error) {
    expect(error).toMatchObject({ blame: "decode" });
  }
}

/** Readings of a profile in every unit that expectations are written in. */
function profileValues(application: Application): unknown[] {
  return (readProfile(application)?.readings ?? []).flatMap(({ value, unit }): unknown[] => {
    if (typeof value === "string") return [value];
    if (unit === "J") return [value / 3.6e6, value / 1e9];
    if (unit === "GJ") return [value, value / 3.6e-3];
    return unit === "Wh" || unit === "varh" ? [value / 1000] : [value];
  });
}

function profileSeries(application: Application): unknown[] {
  return compactProfiles(application.records).flatMap(({ record, values }) =>
    values.flatMap(({ at, value, element }) => [
      at === undefined ? undefined : meterTimeText(at),
      ...[value, element].map((number) => (typeof number === "number" ? number / 10 ** -record.vib.exponent : undefined)),
    ]),
  );
}
