import { UsageError } from "@amity/bytes";
import type { ProfileCompression } from "@amity/dlms";
import { CONTROL_MODES, type ControlMode } from "./metrology/operations.ts";

/** The energy registers that a profile may capture, in the order of the register array. */
export const ENERGY_REGISTERS = ["1-0:1.8.0.255", "1-0:2.8.0.255", "1-0:3.8.0.255", "1-0:4.8.0.255"] as const;

/** A model of meter: what a profile file (`--profile FILE`, JSON) may say. Shared by all meters of the model. */
export interface MeterTypeOptions {
  readonly name: string;
  /** Three upper-case letters (FLAG id): the first octets of the system title. */
  readonly manufacturer: string;
  readonly model: string;
  readonly firmware: string;
  /** Whether stamps are the zone's wall clock or UTC. */
  readonly timeBase: "local" | "utc";
  readonly loadProfile: { readonly periodSeconds: number; readonly depthDays: number; readonly channels: readonly string[] };
  /** How rows are sent; differences only to clients that agreed to them (`delta-value-encoding`). */
  readonly profileEncoding: "plain" | ProfileCompression;
  readonly dailyProfile: { readonly depthDays: number; readonly channels: readonly string[] };
  readonly eventLogDepth: number;
  readonly controlMode: ControlMode;
  readonly clockDriftPpm: number;
  /** Largest APDU that the meter takes (octets). */
  readonly maxPduOctets: number;
  /** Security suite of the ciphered associations: 1 and 2 add a management client (5) that signs. */
  readonly securitySuite: 0 | 1 | 2;
  /** Security policy of the security setups (bits 2 to 7 of class 64 version 1) as the factory set it; clients can only raise it. */
  readonly securityPolicy: number;
  /** Whether clients name objects by logical names only, or by short names, too. */
  readonly referencing: "ln" | "sn";
  /** Version of the association objects: 1 and 2 show rights as modes, 3 as bits; user lists since 2. */
  readonly associationVersion: 1 | 2 | 3;
  /** Version of the push setups: from 2 on pushes can be confirmed. */
  readonly pushSetupVersion: 1 | 2 | 3;
  /** Shows an object of every interface class, beside what a meter of this kind has: for conformance tests of clients. */
  readonly everyClass: boolean;
  /** Let the public client (16, no authentication) read everything: for a laboratory, not for a fleet. */
  readonly publicReadsAll: boolean;
  readonly clients: { readonly public: number; readonly reading: number; readonly management: number };
}

const PROFILE_ENCODINGS = ["plain", "null-data", "delta", "compact-array"] as const;

/** The meter that Amity's demonstration is built of. */
export const STANDARD_METER: MeterTypeOptions = {
  name: "amity-e1",
  manufacturer: "AMT",
  model: "E1",
  firmware: "E1-1.4.2",
  timeBase: "local",
  loadProfile: { periodSeconds: 900, depthDays: 64, channels: ENERGY_REGISTERS },
  profileEncoding: "plain",
  dailyProfile: { depthDays: 370, channels: ENERGY_REGISTERS },
  eventLogDepth: 100,
  controlMode: 1,
  clockDriftPpm: 0,
  maxPduOctets: 1_024,
  securitySuite: 0,
  securityPolicy: 0b0110_1100,
  referencing: "ln",
  associationVersion: 1,
  pushSetupVersion: 1,
  everyClass: false,
  publicReadsAll: false,
  clients: { public: 16, reading: 2, management: 1 },
};

/** Models of meters by name; profile files describe others. */
export const METER_MODELS = {
  standard: STANDARD_METER,
  /** Every interface class, the newest versions of associations and push setups. */
  conformance: {
    ...STANDARD_METER,
    name: "amity-conformance",
    model: "CONFORMANCE",
    everyClass: true,
    associationVersion: 3,
    pushSetupVersion: 3,
  },
} as const satisfies Readonly<Record<string, MeterTypeOptions>>;

/**
 * Reads a profile file: a JSON object with any of the fields of `MeterTypeOptions`; what it leaves out is as in `STANDARD_METER`.
 * @throws UsageError `bad-profile` naming the field.
 */
export function parseMeterType(text: string): MeterTypeOptions {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new UsageError(`the meter profile is not JSON: ${error instanceof Error ? error.message : String(error)}`, {
      code: "bad-profile",
    });
  }
  const stated = section(json, "the profile");
  const known = new Set<string>(Object.keys(STANDARD_METER));
  for (const field of Object.keys(stated)) if (!known.has(field)) throw bad(field, `is not a field; known are ${[...known].join(", ")}`);
  const given = { ...STANDARD_METER, ...stated };
  return {
    name: textOf(given["name"], "name", /^[\x20-\x7e]{1,32}$/),
    manufacturer: textOf(given["manufacturer"], "manufacturer", /^[A-Z]{3}$/),
    model: textOf(given["model"], "model", /^[\x20-\x7e]{1,32}$/),
    firmware: textOf(given["firmware"], "firmware", /^[\x20-\x7e]{1,32}$/),
    timeBase: oneOf(given["timeBase"], "timeBase", ["local", "utc"]),
    loadProfile: parseLoadProfile(section(stated["loadProfile"] ?? {}, "loadProfile")),
    profileEncoding: oneOf(given["profileEncoding"], "profileEncoding", PROFILE_ENCODINGS),
    dailyProfile: parseDailyProfile(section(stated["dailyProfile"] ?? {}, "dailyProfile")),
    eventLogDepth: integer(given["eventLogDepth"], "eventLogDepth", [1, 1_000]),
    controlMode: oneOf(given["controlMode"], "controlMode", CONTROL_MODES),
    clockDriftPpm: number(given["clockDriftPpm"], "clockDriftPpm", [-500, 500]),
    maxPduOctets: integer(given["maxPduOctets"], "maxPduOctets", [64, 65_535]),
    ...parseAssociations(given),
    pushSetupVersion: oneOf(given["pushSetupVersion"], "pushSetupVersion", [1, 2, 3]),
    everyClass: oneOf(given["everyClass"], "everyClass", [true, false]),
    publicReadsAll: oneOf(given["publicReadsAll"], "publicReadsAll", [true, false]),
    clients: parseClients(section(stated["clients"] ?? {}, "clients")),
  };
}

function parseAssociations(
  given: Section,
): Pick<MeterTypeOptions, "securitySuite" | "securityPolicy" | "referencing" | "associationVersion"> {
  const policy = integer(given["securityPolicy"], "securityPolicy", [0, 0xff]);
  if ((policy & 0b11) !== 0) throw bad("securityPolicy", "has bits 0 and 1 clear: they mean nothing");
  return {
    securityPolicy: policy,
    securitySuite: oneOf(given["securitySuite"], "securitySuite", [0, 1, 2]),
    referencing: oneOf(given["referencing"], "referencing", ["ln", "sn"]),
    associationVersion: oneOf(given["associationVersion"], "associationVersion", [1, 2, 3]),
  };
}

type Section = Readonly<Record<string, unknown>>;

function parseLoadProfile(given: Section): MeterTypeOptions["loadProfile"] {
  const period = integer(given["periodSeconds"] ?? 900, "loadProfile.periodSeconds", [60, 3_600]);
  if (3_600 % period !== 0) throw bad("loadProfile.periodSeconds", `must divide an hour, ${period} does not`);
  return {
    periodSeconds: period,
    depthDays: integer(given["depthDays"] ?? STANDARD_METER.loadProfile.depthDays, "loadProfile.depthDays", [1, 400]),
    channels: channelList(given["channels"], "loadProfile.channels"),
  };
}

function parseDailyProfile(given: Section): MeterTypeOptions["dailyProfile"] {
  return {
    depthDays: integer(given["depthDays"] ?? STANDARD_METER.dailyProfile.depthDays, "dailyProfile.depthDays", [1, 1_500]),
    channels: channelList(given["channels"], "dailyProfile.channels"),
  };
}

function parseClients(given: Section): MeterTypeOptions["clients"] {
  const clients = {
    public: integer(given["public"] ?? 16, "clients.public", [1, 127]),
    reading: integer(given["reading"] ?? 2, "clients.reading", [1, 127]),
    management: integer(given["management"] ?? 1, "clients.management", [1, 127]),
  };
  if (new Set(Object.values(clients)).size !== 3) throw bad("clients", "must be three different numbers");
  return clients;
}

function section(value: unknown, field: string): Section {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw bad(field, "must be an object");
  return value as Section;
}

function textOf(value: unknown, field: string, form: RegExp): string {
  if (typeof value !== "string" || !form.test(value)) throw bad(field, `must be text of the form ${form.source}`);
  return value;
}

function number(value: unknown, field: string, [low, high]: readonly [number, number]): number {
  if (typeof value !== "number" || !(value >= low && value <= high)) throw bad(field, `must be a number from ${low} to ${high}`);
  return value;
}

function integer(value: unknown, field: string, range: readonly [number, number]): number {
  const found = number(value, field, range);
  if (!Number.isInteger(found)) throw bad(field, "must be a whole number");
  return found;
}

function oneOf<T>(value: unknown, field: string, choices: readonly T[]): T {
  const found = choices.find((choice) => choice === value);
  if (found === undefined) throw bad(field, `must be one of ${choices.join(", ")}`);
  return found;
}

function channelList(value: unknown, field: string): readonly string[] {
  if (value === undefined) return ENERGY_REGISTERS;
  if (!Array.isArray(value) || value.length === 0) throw bad(field, "must be a list of energy registers");
  const channels = value.map((entry) => oneOf(entry, field, ENERGY_REGISTERS));
  if (new Set(channels).size !== channels.length) throw bad(field, "names a register twice");
  return channels;
}

function bad(field: string, reason: string): UsageError {
  return new UsageError(`meter profile: ${field} ${reason}`, { code: "bad-profile" });
}
