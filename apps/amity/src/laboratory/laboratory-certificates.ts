import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { UsageError, fromHex, toHex } from "@amity/bytes";
import { certificateToPem, issueCertificate, privateKeyToPem, type KeyUsage } from "@amity/crypto";
import { certify, curveOfSuite, deriveAuthority, deriveKeyPair, type FleetAuthority, type MeterDevice } from "@amity/meter";
import { CERTIFICATE_FILES } from "./certificate-files.ts";

/** System title of the laboratory's client: what `amity read` takes where its URL names none. */
export const LABORATORY_CLIENT_TITLE = "414D490000000001";

const YEAR_MS = 365 * 86_400_000;
const USAGES: readonly KeyUsage[] = ["digital-signature", "key-agreement"];

/** Who signs and who is trusted in a laboratory of suite 1 or 2: everything follows from its master secret. */
export interface LaboratoryAuthority {
  readonly suite: 1 | 2;
  readonly masterSecret: Uint8Array;
  readonly nowMs: number;
}

/**
 * Gives a meter its own certificates and those of the laboratory's client (`LABORATORY_CLIENT_TITLE`), as its
 * commissioning would.
 * @returns PEM texts by file name (`CERTIFICATE_FILES`), the client's private keys among them.
 */
export async function commission(device: MeterDevice, laboratory: LaboratoryAuthority): Promise<Readonly<Record<string, string>>> {
  const { suite, masterSecret, nowMs } = laboratory;
  const curve = curveOfSuite(suite);
  const authority = deriveAuthority(masterSecret, curve);
  const terms = { validFromMs: nowMs - YEAR_MS, validToMs: nowMs + 30 * YEAR_MS };
  const files: Record<string, string> = { [CERTIFICATE_FILES.authority]: certificateToPem(ownCertificate(authority, terms)) };
  for (const [index, usage] of USAGES.entries()) {
    const client = deriveKeyPair(masterSecret, "laboratory client", { usage, generation: 0, curve });
    const meter = device.keyPair(usage);
    if (meter === undefined) throw new UsageError("a meter of suite 0 has no key pairs", { code: "suite" });
    const certificates = {
      client: certify(
        authority,
        { systemTitle: fromHex(LABORATORY_CLIENT_TITLE), publicPoint: client.publicPoint, usage },
        { serial: 16 + index, ...terms },
      ),
      meter: certify(
        authority,
        { systemTitle: device.systemTitle, publicPoint: meter.publicPoint, usage },
        { serial: 32 + index, ...terms },
      ),
    };
    for (const der of Object.values(certificates)) await keep(device, der);
    files[CERTIFICATE_FILES.clientKey[usage]] = privateKeyToPem(client);
    files[CERTIFICATE_FILES.client[usage]] = certificateToPem(certificates.client);
    files[CERTIFICATE_FILES.meter[usage]] = certificateToPem(certificates.meter);
  }
  return files;
}

/** Writes the files so that only their owner reads them. @throws UsageError where the folder cannot be written. */
export async function writeCertificates(folder: string, files: Readonly<Record<string, string>>): Promise<void> {
  try {
    await mkdir(folder, { recursive: true });
    for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text, { mode: 0o600 });
  } catch (error) {
    throw new UsageError(`certificates cannot be written to ${folder}`, {
      code: "no-folder",
      advice: "--certificates FOLDER",
      cause: error,
    });
  }
}

/** The authority's own certificate, by which the others are checked. */
function ownCertificate({ key, commonName }: FleetAuthority, terms: { validFromMs: number; validToMs: number }): Uint8Array {
  const subject = { commonName, curve: key.curve, publicPoint: key.publicPoint, usage: "digital-signature" } as const;
  return issueCertificate({ key, commonName }, subject, { ...terms, serialNumber: Uint8Array.of(1) });
}

function keep(device: MeterDevice, der: Uint8Array): Promise<boolean> {
  return device.perform({ kind: "keepCertificate", atMs: device.advance(), certificate: toHex(der) });
}
