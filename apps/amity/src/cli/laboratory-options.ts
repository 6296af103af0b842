import { readFile } from "node:fs/promises";
import { UsageError } from "@amity/bytes";
import type { MechanismName } from "@amity/dlms";
import { METER_MODELS, parseMeterType, type MeterKeys, type MeterTypeOptions } from "@amity/meter";
import type { LaboratoryAccess } from "../laboratory/laboratory-device.ts";
import { keyOption } from "./key-options.ts";

/** What `amity meter serve` is told of its meters' associations. */
export interface LaboratoryOptions {
  readonly auth: string;
  readonly password: string;
  readonly suite?: number;
  readonly referencing?: string;
  readonly ek?: string;
  readonly ak?: string;
  readonly kek?: string;
  readonly profile?: string;
  /** A model by name, where no profile file describes one. */
  readonly model?: string;
}

/** The keys of a laboratory: given, or known to everybody. */
export type LaboratoryKeys = Pick<MeterKeys, "encryptionKey" | "authenticationKey" | "masterKey">;

const MECHANISMS: Readonly<Record<string, MechanismName>> = {
  none: "none",
  lls: "lls",
  hls2: "hls-manufacturer",
  hls3: "hls-md5",
  hls4: "hls-sha1",
  hls5: "hls-gmac",
  hls6: "hls-sha256",
  hls7: "hls-ecdsa",
};

/** First octets of the keys that are used where none are given: the others count up from them. */
const KEYS_FROM = { ek: 0x00, ak: 0xd0, kek: 0x40 } as const;

/** @throws UsageError for a mechanism that is not known, or one that the suite does not have. */
export function accessOf({ auth, password }: LaboratoryOptions, { securitySuite }: MeterTypeOptions): LaboratoryAccess {
  const mechanism = Object.hasOwn(MECHANISMS, auth.toLowerCase()) ? MECHANISMS[auth.toLowerCase()] : undefined;
  if (mechanism === undefined)
    throw new UsageError(`"${auth}" is no authentication`, { code: "auth", advice: `one of: ${Object.keys(MECHANISMS).join(", ")}` });
  if (mechanism === "hls-ecdsa" && securitySuite === 0)
    throw new UsageError("suite 0 has no signatures", { code: "suite", advice: "--auth hls7 with --suite 1 or --suite 2" });
  return { mechanism, secret: new TextEncoder().encode(password) };
}

/** The model of meter: the profile file's, or the standard one; options outdo both. @throws UsageError. */
export async function meterTypeOf({ profile, model, suite, referencing }: LaboratoryOptions): Promise<MeterTypeOptions> {
  const type = profile === undefined ? modelOf(model ?? "standard") : parseMeterType(await readProfile(profile));
  if (suite !== undefined && suite !== 0 && suite !== 1 && suite !== 2)
    throw new UsageError(`there is no security suite ${suite}`, { code: "suite", advice: "--suite 0, 1 or 2" });
  if (referencing !== undefined && referencing !== "ln" && referencing !== "sn")
    throw new UsageError(`"${referencing}" is no referencing`, { code: "referencing", advice: "--referencing ln or sn" });
  return { ...type, ...(suite === undefined ? {} : { securitySuite: suite }), ...(referencing === undefined ? {} : { referencing }) };
}

function modelOf(name: string): MeterTypeOptions {
  const found = Object.entries<MeterTypeOptions>(METER_MODELS).find(([known]) => known === name)?.[1];
  if (found !== undefined) return found;
  throw new UsageError(`there is no model "${name}"`, { code: "model", advice: `one of: ${Object.keys(METER_MODELS).join(", ")}` });
}

/** @throws UsageError naming the option whose key has not the length of the suite. */
export function keysOf(options: LaboratoryOptions, { securitySuite }: MeterTypeOptions): LaboratoryKeys {
  const octets = securitySuite === 2 ? 32 : 16;
  const key = (name: keyof typeof KEYS_FROM): Uint8Array => {
    const hex = options[name];
    if (hex === undefined) return Uint8Array.from({ length: octets }, (_, index) => KEYS_FROM[name] + index);
    const given = keyOption(hex, `--${name}`);
    if (given.length === octets) return given;
    throw new UsageError(`--${name} has ${given.length} octets, ${octets} are needed in suite ${securitySuite}`, { code: "key-length" });
  };
  return { encryptionKey: key("ek"), authenticationKey: key("ak"), masterKey: key("kek") };
}

async function readProfile(file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    throw new UsageError(`the meter profile ${file} cannot be read`, { code: "no-file", cause: error });
  }
}
