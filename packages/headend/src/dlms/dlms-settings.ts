import { fromHex, UsageError } from "@amity/bytes";
import type { DlmsClient, MechanismName, SecuritySuite } from "@amity/dlms";
import type { SessionPurpose } from "../driver.ts";
import type { Device, DriverSettings } from "../registry.ts";

/**
 * Settings of a DLMS meter in the registry. Secrets are in the key vault under the meter's id: `guek`, `gak`, `password`
 * (LLS password or HLS secret).
 */
export interface DlmsSettings {
  /** Server SAP of the logical device. */
  readonly serverSap: number;
  readonly read: AssociationSettings;
  readonly manage: AssociationSettings;
  readonly suite: SecuritySuite;
  readonly ciphering: "global" | "general-global";
  /** What is spoken on a direct line. */
  readonly transport: "wrapper" | "hdlc";
  /** Lower HDLC address on a multidrop line. */
  readonly physicalDevice: number | undefined;
}

export interface AssociationSettings {
  readonly clientSap: number;
  readonly mechanism: MechanismName;
}

const MECHANISMS: ReadonlySet<string> = new Set<MechanismName>([
  "none",
  "lls",
  "hls-manufacturer",
  "hls-md5",
  "hls-sha1",
  "hls-gmac",
  "hls-sha256",
  "hls-ecdsa",
]);

/**
 * Reads the settings of a device: `serverSap` (1), `readClient` (1), `readAuth` (`hls-gmac`), `manageClient` (1), `manageAuth`
 * (`hls-gmac`), `suite` (0), `ciphering` (`global`), `transport` (`wrapper`), `physicalDevice`, `concentratorAuth` (`hls-gmac`; `lls` where its
 * concentrator collects by password, so that its keys may change). @throws UsageError `bad-settings`.
 */
export function dlmsSettingsOf(device: Device): DlmsSettings {
  const { settings } = device;
  const suite = numberOf(settings, "suite", 0);
  if (suite !== 0 && suite !== 1 && suite !== 2) throw bad(device, "suite", "is 0, 1 or 2");
  const ciphering = settings["ciphering"] ?? "global";
  if (ciphering !== "global" && ciphering !== "general-global") throw bad(device, "ciphering", "is global or general-global");
  const transport = settings["transport"] ?? "wrapper";
  if (transport !== "wrapper" && transport !== "hdlc") throw bad(device, "transport", "is wrapper or hdlc");
  const concentratorAuth = settings["concentratorAuth"] ?? "hls-gmac";
  if (concentratorAuth !== "lls" && concentratorAuth !== "hls-gmac") throw bad(device, "concentratorAuth", "is lls or hls-gmac");
  const physicalDevice = settings["physicalDevice"];
  return {
    serverSap: numberOf(settings, "serverSap", 1),
    read: associationOf(device, "read"),
    manage: associationOf(device, "manage"),
    suite,
    ciphering,
    transport,
    physicalDevice: typeof physicalDevice === "number" ? physicalDevice : undefined,
  };
}

/** Which association serves a purpose. */
export function associationFor(settings: DlmsSettings, purpose: SessionPurpose): AssociationSettings {
  return purpose === "manage" ? settings.manage : settings.read;
}

/** A session's client with what it was opened for. */
export interface OpenedClient {
  readonly client: DlmsClient;
  readonly settings: DlmsSettings;
}

/** The system title of the head-end. @throws UsageError unless it is 16 hex digits. */
export function systemTitleOf(text: string): Uint8Array {
  const octets = fromHex(text);
  if (octets.length !== 8) throw new UsageError(`a system title has 8 octets, not ${octets.length}`, { code: "bad-settings" });
  return octets;
}

function associationOf(device: Device, purpose: "read" | "manage"): AssociationSettings {
  const mechanism = device.settings[`${purpose}Auth`] ?? "hls-gmac";
  if (typeof mechanism !== "string" || !MECHANISMS.has(mechanism)) {
    throw bad(device, `${purpose}Auth`, `is one of ${[...MECHANISMS].join(", ")}`);
  }
  return { clientSap: numberOf(device.settings, `${purpose}Client`, 1), mechanism: mechanism as MechanismName };
}

function numberOf(settings: DriverSettings, name: string, standard: number): number {
  const value = settings[name];
  return typeof value === "number" ? value : standard;
}

function bad(device: Device, name: string, what: string): UsageError {
  return new UsageError(`${device.meterId}: setting ${name} ${what}`, { code: "bad-settings" });
}
