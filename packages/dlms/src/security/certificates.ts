import { SecurityError, fromHex } from "@amity/bytes";
import { checkCertificate, type Certificate } from "@amity/crypto";

/** The device that a certificate is of: its common name is the system title as 16 hex digits. @throws SecurityError `system-title`. */
export function systemTitleOfCertificate({ commonName }: Certificate): Uint8Array {
  if (!/^[0-9A-Fa-f]{16}$/.test(commonName)) {
    throw new SecurityError(`"${commonName}" is no system title of 16 hex digits`, {
      code: "system-title",
      advice: "issue the certificate for the device's system title",
    });
  }
  return fromHex(commonName);
}

/**
 * The public key of a device out of its certificate, checked: signed by the authority, valid now, and of that device.
 * @throws SecurityError `bad-signature`, `expired`, `system-title`; DecodeError.
 */
export function publicKeyFromCertificate(
  der: Uint8Array,
  expected: { authority: Certificate; systemTitle: Uint8Array; nowMs: number },
): Uint8Array {
  const certificate = checkCertificate(der, expected.authority, expected.nowMs);
  const title = systemTitleOfCertificate(certificate);
  if (!title.every((octet, index) => octet === expected.systemTitle[index])) {
    throw new SecurityError(`the certificate is of ${certificate.commonName}, another device`, { code: "system-title" });
  }
  return certificate.publicPoint;
}
