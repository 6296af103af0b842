import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { AmityError, toHex, UsageError } from "@amity/bytes";
import {
  certificateFromPem,
  certificateToPem,
  generateEllipticKeyPair,
  issueCertificate,
  privateKeyFromPem,
  privateKeyToPem,
  readCertificate,
  secureRandomBytes,
  type Certificate,
  type EllipticKeyPair,
} from "@amity/crypto";
import { HEAD_END_KEYS, type CertificationAuthority, type KeyVault } from "@amity/headend";

/** The files of an authority in its folder. */
export const AUTHORITY_FILES = { certificate: "authority.pem", key: "authority.key.pem" } as const;

const YEAR_MS = 365 * 86_400_000;
const AUTHORITY_YEARS = 30;
const DEVICE_YEARS = 20;
/** Clocks of meters may be behind ours. */
const EARLIER_MS = 86_400_000;
const SERIAL_OCTETS = 16;

/**
 * The utility's certification authority (PEM: P-256 for suite 1, P-384 for suite 2). Where `isOwn`, one that is not there is made, on P-256, readable by its
 * owner alone. @throws UsageError `authority` for files that are not there, not of one another, or no keys.
 */
export async function loadAuthority(
  folder: string,
  { nowMs, isOwn }: { readonly nowMs: () => number; readonly isOwn: boolean },
): Promise<CertificationAuthority> {
  const [certificateFile, keyFile] = [join(folder, AUTHORITY_FILES.certificate), join(folder, AUTHORITY_FILES.key)];
  const [certificateText, keyText] = await Promise.all([textOf(certificateFile), textOf(keyFile)]);
  if (certificateText === undefined && keyText === undefined && isOwn) await makeAuthority(folder, nowMs());
  else if (certificateText === undefined || keyText === undefined)
    throw unusable(`${certificateText === undefined ? certificateFile : keyFile} is not there`);
  try {
    const certificate = readCertificate(certificateFromPem(certificateText ?? (await readFile(certificateFile, "utf8"))));
    const key = privateKeyFromPem(keyText ?? (await readFile(keyFile, "utf8")));
    if (toHex(key.publicPoint) !== toHex(certificate.publicPoint)) throw unusable("its key is not the one that it certifies");
    return authorityOf(certificate, key, nowMs);
  } catch (error) {
    if (error instanceof AmityError && error.code !== "authority") throw unusable(error.message);
    throw error;
  }
}

/** Gives the head-end a key pair to sign with, and its certificate, where the vault has none of this authority's curve. */
export async function ensureSigningKey(keys: KeyVault, authority: CertificationAuthority, systemTitle: Uint8Array): Promise<void> {
  const [sign, certificate] = ["sign", "sign-certificate"].map((purpose) => ({ owner: HEAD_END_KEYS, purpose }));
  if (sign === undefined || certificate === undefined) return;
  const { curve, commonName } = authority.certificate;
  if ((await keys.has(sign)) && (await keys.has(certificate))) {
    const held = readCertificate(await keys.secret(certificate));
    if (held.curve === curve && held.issuerCommonName === commonName) return;
  }
  const pair = generateEllipticKeyPair(curve);
  const issued = await authority.issue({ systemTitle, publicPoint: pair.publicPoint, usage: "digital-signature" });
  await keys.store([
    { ref: sign, secret: pair.privateScalar },
    { ref: certificate, secret: issued },
  ]);
}

function authorityOf(certificate: Certificate, key: EllipticKeyPair, nowMs: () => number): CertificationAuthority {
  const { commonName, curve } = certificate;
  return {
    certificate,
    issue: ({ systemTitle, publicPoint, usage }) => {
      const subject = { commonName: toHex(systemTitle).toUpperCase(), curve, publicPoint, usage };
      const [validFromMs, validToMs] = [nowMs() - EARLIER_MS, nowMs() + DEVICE_YEARS * YEAR_MS];
      return Promise.resolve(issueCertificate({ key, commonName }, subject, { serialNumber: serialNumber(), validFromMs, validToMs }));
    },
  };
}

async function makeAuthority(folder: string, nowMs: number): Promise<void> {
  const key = generateEllipticKeyPair("P-256");
  const commonName = "Amity utility CA";
  const subject = { commonName, curve: key.curve, publicPoint: key.publicPoint, usage: "digital-signature" } as const;
  const terms = { serialNumber: serialNumber(), validFromMs: nowMs - EARLIER_MS, validToMs: nowMs + AUTHORITY_YEARS * YEAR_MS };
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, AUTHORITY_FILES.key), privateKeyToPem(key), { mode: 0o600, flag: "wx" });
  await writeFile(join(folder, AUTHORITY_FILES.certificate), certificateToPem(issueCertificate({ key, commonName }, subject, terms)), {
    flag: "wx",
  });
}

/** Positive, as DER wants it. */
function serialNumber(): Uint8Array {
  const octets = secureRandomBytes(SERIAL_OCTETS);
  octets[0] = ((octets[0] ?? 0) & 0x7f) | 0x01;
  return octets;
}

function textOf(file: string): Promise<string | undefined> {
  return readFile(file, "utf8").catch(() => undefined);
}

function unusable(reason: string): UsageError {
  const { certificate, key } = AUTHORITY_FILES;
  return new UsageError(`the authority cannot be used: ${reason}`, {
    code: "authority",
    advice: `a folder with ${certificate} (a certificate) and ${key} (its private key), both PEM, on P-256 or P-384`,
  });
}
