import { compileModel, parseObis, type AssociationDefinition, type CompiledModel, type Obis, type ObjectDefinition } from "@amity/dlms";
import type { MeterTypeOptions } from "../meter-type.ts";

/** Clients beside those of the profile file: firmware only, and management by signature (suites 1 and 2). */
export const EXTRA_CLIENTS = { firmware: 3, signing: 5 } as const;
/** Logical devices by their service access point: the meter, and its account by itself. */
export const LOGICAL_DEVICES = { management: 1, payment: 17 } as const;

/** Security setups 0-0:43.0.n: that of the management clients, and that of the firmware client, with the same keys from the factory. */
export const SECURITY_SETUPS = { management: 0, firmware: 1 } as const;
/** What the second logical device shows of the meter: who it is, its clock, the account. */
const PAYMENT_DEVICE = /^(0-0:42\.0\.0|0-0:41\.0\.0|0-0:1\.0\.0|0-0:96\.1\.0|0-0:43\.[01]\.0|0-0:19\.|0-0:128\.19\.)/;
/** Names of an object take less than this; base names are multiples of it, below those of the association (FA00). */
const BASE_NAME_STEP = 0x100;
const BASE_NAME_MAX = 0xf900;

/**
 * Who may associate with the meter: public without authentication, reading by password, management by HLS with GMAC and
 * ciphered, firmware by HLS with SHA-256, ciphered too; with suite 1 or 2 management by ECDSA too. A client that the profile file gives
 * another's number takes its place.
 */
function associations(type: MeterTypeOptions): AssociationDefinition[] {
  const { maxPduOctets, clients } = type;
  const ciphered = { ciphered: true, maxPduOctets, securitySetupId: securitySetupName(SECURITY_SETUPS.management) } as const;
  const usual: AssociationDefinition[] = [
    { clientSap: clients.public, role: type.publicReadsAll ? "reading" : "public", mechanism: "none", ciphered: false, maxPduOctets },
    { clientSap: clients.reading, role: "reading", mechanism: "lls", ciphered: false, maxPduOctets, mayChangeSecret: true },
    { clientSap: clients.management, role: "management", mechanism: "hls-gmac", ...ciphered, administers: true },
  ];
  const extra: AssociationDefinition[] = [
    {
      clientSap: EXTRA_CLIENTS.firmware,
      role: "firmware",
      mechanism: "hls-sha256",
      ...ciphered,
      securitySetupId: FIRMWARE_SETUP,
      mayChangeSecret: true,
    },
    ...(type.securitySuite === 0
      ? []
      : [{ clientSap: EXTRA_CLIENTS.signing, role: "management", mechanism: "hls-ecdsa", ...ciphered, administers: true } as const]),
  ];
  return [...usual, ...extra.filter(({ clientSap }) => usual.every((other) => other.clientSap !== clientSap))];
}

export function securitySetupName(setup: number): Obis {
  return parseObis(`0-0:43.0.${setup}`);
}

/** The security setup n of an association; that of the management clients where it names none. */
export function securitySetupOf(definition: AssociationDefinition | undefined): number {
  return definition?.securitySetupId === FIRMWARE_SETUP ? SECURITY_SETUPS.firmware : SECURITY_SETUPS.management;
}

const FIRMWARE_SETUP = securitySetupName(SECURITY_SETUPS.firmware);

/** The model of each logical device, over the same objects. */
export function logicalDeviceModels(type: MeterTypeOptions, objects: readonly ObjectDefinition[]): ReadonlyMap<number, CompiledModel> {
  const named = type.referencing === "sn" ? objects.map(withBaseName) : objects;
  const shared = { associationVersion: type.associationVersion, associations: associations(type) };
  const account = named.filter(({ instanceId }) => PAYMENT_DEVICE.test(instanceId));
  return new Map([
    [LOGICAL_DEVICES.management, compileModel({ ...shared, objects: named })],
    [
      LOGICAL_DEVICES.payment,
      compileModel({ ...shared, associations: shared.associations.filter(({ role }) => role !== "firmware"), objects: account }),
    ],
  ]);
}

/** Short names in the order of the objects; those that find none left have no short name. */
function withBaseName(object: ObjectDefinition, index: number): ObjectDefinition {
  const baseName = (index + 1) * BASE_NAME_STEP;
  return baseName > BASE_NAME_MAX ? object : { ...object, baseName };
}
