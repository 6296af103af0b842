import { SecurityError, toHex } from "@amity/bytes";
import { readCertificate, type Certificate, type KeyUsage } from "@amity/crypto";
import { publicKeyFromCertificate, systemTitleOfCertificate, type EllipticKeys } from "@amity/dlms";
import type { MeterId } from "@amity/model";
import type { KeyRef, KeyVault } from "../key-vault.ts";

/** Owner of the head-end's own keys in the vault: `sign` (private scalar) and `sign-certificate` (DER). */
export const HEAD_END_KEYS = "headend";
/** The certificate that a meter had before the one that was last issued: it counts until that arrives. */
const BEFORE = "-before";

/** What an association by signatures needs (HLS 7, Green Book 9.2.7.4.5). */
export interface SigningKeys {
  readonly elliptic: EllipticKeys;
  /** Of the meter, out of its certificate. */
  readonly systemTitle: Uint8Array;
}

/** Where a meter's certificate is in the vault. */
export function certificatePurpose(usage: KeyUsage): string {
  return `certificate-${usage}`;
}

/** Keeps a certificate that a meter is to have beside the one that it has. */
export async function storeIssued(vault: KeyVault, owner: MeterId, usage: KeyUsage, der: Uint8Array): Promise<void> {
  const ref = { owner, purpose: certificatePurpose(usage) };
  const before = (await vault.has(ref)) ? [{ ref: { owner, purpose: ref.purpose + BEFORE }, secret: await vault.secret(ref) }] : [];
  await vault.store([...before, { ref, secret: der }]);
}

/** Chooses between the certificate that was issued last and the one before it: the other one after a failure, as long as the process lives. */
export class SigningTrials {
  readonly #triesBefore = new Set<MeterId>();

  /**
   * Our signing key, and the meter's out of its certificate. @throws SecurityError `no-authority`, `unknown-key`, and what a certificate that
   * the authority did not sign, or that is not valid now, is refused with.
   */
  async choose(
    vault: KeyVault,
    owner: MeterId,
    { authority, nowMs }: { readonly authority: Certificate | undefined; readonly nowMs: number },
  ): Promise<SigningKeys> {
    if (authority === undefined)
      throw new SecurityError("certificates cannot be checked: there is no authority", {
        code: "no-authority",
        advice: "give the head-end the utility's authority, or use hls-gmac for this meter",
      });
    const { now, before } = refsOf(owner);
    const der = await vault.secret(this.#triesBefore.has(owner) ? before : now);
    const systemTitle = systemTitleOfCertificate(readCertificate(der));
    const peerSigningPublic = publicKeyFromCertificate(der, { authority, systemTitle, nowMs });
    const signingPrivate = await vault.secret({ owner: HEAD_END_KEYS, purpose: "sign" });
    return { elliptic: { signingPrivate, peerSigningPublic }, systemTitle };
  }

  /** The association stands: the certificate that it was opened with is the meter's, the other one is forgotten. */
  async opened(vault: KeyVault, owner: MeterId): Promise<void> {
    const { now, before } = refsOf(owner);
    if (!(await hasOther(vault, owner))) return;
    const isBefore = this.#triesBefore.delete(owner);
    await vault.store([{ ref: isBefore ? now : before, secret: await vault.secret(isBefore ? before : now) }]);
  }

  /** The association failed: the other certificate is tried next time, where there is one. @returns whether all there are have failed. */
  async failed(vault: KeyVault, owner: MeterId): Promise<boolean> {
    if (this.#triesBefore.delete(owner) || !(await hasOther(vault, owner))) return true;
    this.#triesBefore.add(owner);
    return false;
  }
}

function refsOf(owner: MeterId): { readonly now: KeyRef; readonly before: KeyRef } {
  const purpose = certificatePurpose("digital-signature");
  return { now: { owner, purpose }, before: { owner, purpose: purpose + BEFORE } };
}

async function hasOther(vault: KeyVault, owner: MeterId): Promise<boolean> {
  const { now, before } = refsOf(owner);
  return (await vault.has(before)) && toHex(await vault.secret(now)) !== toHex(await vault.secret(before));
}

/** Whoever opened the association must be whose certificate it was checked with. @throws SecurityError `system-title`. */
export function checkSystemTitle(told: Uint8Array | undefined, { systemTitle }: SigningKeys): void {
  if (told !== undefined && told.length === systemTitle.length && told.every((octet, index) => octet === systemTitle[index])) return;
  throw new SecurityError("the meter's system title is not that of its certificate", { code: "system-title" });
}
