import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { AmityError, SecurityError, UsageError } from "@amity/bytes";
import { certificateFromPem, privateKeyFromPem, readCertificate, type Certificate, type KeyUsage } from "@amity/crypto";
import { publicKeyFromCertificate, systemTitleOfCertificate, type EllipticKeys } from "@amity/dlms";

/** The files of a folder of certificates (PEM): what a client of suite 1 or 2 needs to talk to one meter. */
export const CERTIFICATE_FILES = {
  authority: "authority.pem",
  clientKey: { "digital-signature": "client-signing.key.pem", "key-agreement": "client-agreement.key.pem" },
  client: { "digital-signature": "client-signing.pem", "key-agreement": "client-agreement.pem" },
  meter: { "digital-signature": "meter-signing.pem", "key-agreement": "meter-agreement.pem" },
} as const satisfies Record<string, string | Readonly<Record<KeyUsage, string>>>;

/** What a folder of certificates says. Files that are not there leave their part out. */
export interface CertificateFolder {
  readonly elliptic: EllipticKeys;
  /** The client's system title, out of its certificate. */
  readonly clientTitle: Uint8Array | undefined;
  /** The meter's. */
  readonly meterTitle: Uint8Array | undefined;
}

/**
 * Reads the keys and certificates of a client and its meter. With `authority.pem` among them the certificates must be signed by it and be valid now.
 * @throws UsageError for a folder without any of the files, or a file of other octets; SecurityError for a certificate that the authority did not sign.
 */
export async function readCertificateFolder(folder: string, nowMs: number): Promise<CertificateFolder> {
  const authority = await parsed(folder, CERTIFICATE_FILES.authority, (text) => readCertificate(certificateFromPem(text)));
  const check = (text: string): Certificate => checked(certificateFromPem(text), authority, nowMs);
  const [signing, agreement] = ["digital-signature", "key-agreement"] as const;
  const [signingKey, agreementKey] = await Promise.all(
    [signing, agreement].map((usage) => parsed(folder, CERTIFICATE_FILES.clientKey[usage], privateKeyFromPem)),
  );
  const [client, meterSigning, meterAgreement] = await Promise.all(
    [CERTIFICATE_FILES.client[signing], CERTIFICATE_FILES.meter[signing], CERTIFICATE_FILES.meter[agreement]].map((name) =>
      parsed(folder, name, check),
    ),
  );
  const elliptic: EllipticKeys = {
    ...(signingKey === undefined ? {} : { signingPrivate: signingKey.privateScalar }),
    ...(agreementKey === undefined ? {} : { agreementPrivate: agreementKey.privateScalar }),
    ...(meterSigning === undefined ? {} : { peerSigningPublic: meterSigning.publicPoint }),
    ...(meterAgreement === undefined ? {} : { peerAgreementPublic: meterAgreement.publicPoint }),
  };
  if (Object.keys(elliptic).length === 0) {
    const { clientKey, meter } = CERTIFICATE_FILES;
    const names = [...Object.values(clientKey), ...Object.values(meter)].join(", ");
    throw new UsageError(`${folder} holds no certificates`, { code: "certificates", advice: `any of ${names}` });
  }
  const meterCertificate = meterSigning ?? meterAgreement;
  return {
    elliptic,
    clientTitle: client === undefined ? undefined : systemTitleOfCertificate(client),
    meterTitle: meterCertificate === undefined ? undefined : systemTitleOfCertificate(meterCertificate),
  };
}

function checked(der: Uint8Array, authority: Certificate | undefined, nowMs: number): Certificate {
  const certificate = readCertificate(der);
  if (authority !== undefined) publicKeyFromCertificate(der, { authority, systemTitle: systemTitleOfCertificate(certificate), nowMs });
  return certificate;
}

/** `undefined`: there is no such file. */
async function parsed<T>(folder: string, name: string, parse: (text: string) => T): Promise<T | undefined> {
  const text = await readFile(join(folder, name), "utf8").catch(() => undefined);
  if (text === undefined) return undefined;
  try {
    return parse(text);
  } catch (error) {
    if (error instanceof SecurityError || !(error instanceof AmityError)) throw error;
    throw new UsageError(`${join(folder, name)}: ${error.message}`, { code: "certificates", cause: error });
  }
}
