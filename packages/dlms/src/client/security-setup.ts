import { PeerError, UsageError } from "@amity/bytes";
import { generateEllipticKeyPair, wrapKey, type KeyUsage } from "@amity/crypto";
import { securitySetup } from "../cosem/classes/access-classes.ts";
import { methodId } from "../cosem/interface-class.ts";
import { data, type DlmsData } from "../data/dlms-data.ts";
import { parseObis, type Obis } from "../data/obis.ts";
import { agreeEphemeral, curveOf, signEphemeral, verifyEphemeral } from "../security/key-agreement.ts";
import type { SecuritySuite } from "../security/security-options.ts";
import type { ActionOutcome, DlmsClient } from "./dlms-client.ts";

/** Keys by their number in key_transfer and key_agreement (class 64). */
export const SECURITY_KEY_IDS = { encryptionKey: 0, broadcastKey: 1, authenticationKey: 2, masterKey: 3 } as const;
export type SecurityKeyName = keyof typeof SECURITY_KEY_IDS;

const USAGE_IDS: Readonly<Record<KeyUsage, number>> = { "digital-signature": 0, "key-agreement": 1 };
const DEFAULT_SETUP = parseObis("0-0:43.0.0");

/** Which certificate of those that the meter holds. */
export type CertificateIdentity =
  | { readonly by: "entity"; readonly entity: "server" | "client"; readonly usage: KeyUsage; readonly systemTitle: Uint8Array }
  | { readonly by: "serial"; readonly serialNumber: Uint8Array; readonly issuer: string };

/** What key_agreement needs to know of both sides. */
export interface AgreementParties {
  readonly suite: SecuritySuite;
  readonly clientTitle: Uint8Array;
  readonly serverTitle: Uint8Array;
  readonly signingPrivate: Uint8Array;
  readonly serverSigningPublic: Uint8Array;
}

export type AgreedKeys =
  | { readonly kind: "done"; readonly keys: ReadonlyMap<SecurityKeyName, Uint8Array> }
  | Extract<ActionOutcome, { kind: "refused" }>;

/** A certificate or a request for one (DER), or why there is none. */
export type DerOutcome = { readonly kind: "done"; readonly der: Uint8Array } | Extract<ActionOutcome, { kind: "refused" }>;

/**
 * The methods of a meter's security setup (class 64 version 1) as a client calls them. Refusals are values. New keys count from the next
 * association on; where an answer is lost, associate with either key to see which one holds: our servers take both until the new ones were used.
 */
export class SecuritySetupClient {
  readonly #client: Pick<DlmsClient, "action">;
  readonly #setup: Obis;

  /** `setup` is the logical name, by default 0-0:43.0.0. */
  constructor(client: Pick<DlmsClient, "action">, setup: Obis = DEFAULT_SETUP) {
    this.#client = client;
    this.#setup = setup;
  }

  /** Raises the security policy: bits 2 authenticated, 3 encrypted, 4 signed request; 5, 6, 7 the same for responses. */
  activatePolicy(policy: number): Promise<ActionOutcome> {
    return this.#call("securityActivate", data.enumerated(policy));
  }

  /** Sends new keys, wrapped by the master key (RFC 3394). */
  transferKeys(masterKey: Uint8Array, keys: ReadonlyMap<SecurityKeyName, Uint8Array>): Promise<ActionOutcome> {
    const entries = Array.from(keys, ([name, key]) =>
      data.structure(data.enumerated(SECURITY_KEY_IDS[name]), data.octets(wrapKey(masterKey, key))),
    );
    return this.#call("keyTransfer", data.array(...entries));
  }

  /**
   * Agrees on new keys by the ephemeral unified model C(2e, 0s): nobody else, not even the master key, tells what they are.
   * @throws SecurityError `bad-signature` where the meter's ephemeral key is not signed by it; PeerError for an answer of another form.
   */
  async agreeKeys(parties: AgreementParties, names: readonly SecurityKeyName[]): Promise<AgreedKeys> {
    if (names.length === 0) throw new UsageError("key agreement needs at least one key", { code: "malformed" });
    const { suite, clientTitle, serverTitle, signingPrivate, serverSigningPublic } = parties;
    const ours = names.map((name) => ({ name, keyId: SECURITY_KEY_IDS[name], pair: generateEllipticKeyPair(curveOf(suite)) }));
    const offered = ours.map(({ keyId, pair }) =>
      data.structure(data.enumerated(keyId), data.octets(signEphemeral(suite, signingPrivate, keyId, pair.publicPoint))),
    );
    const outcome = await this.#call("keyAgreement", data.array(...offered));
    if (outcome.kind === "refused") return outcome;
    const answered = outcome.data === undefined ? [] : securitySetup.methods.keyAgreement.decode(outcome.data);
    const keys = new Map<SecurityKeyName, Uint8Array>();
    for (const { name, keyId, pair } of ours) {
      const theirs = answered.find((one) => one.keyId === keyId);
      if (theirs === undefined) throw new PeerError(`the meter did not answer for the ${name}`, { code: "malformed" });
      const peerEphemeralPublic = verifyEphemeral(suite, serverSigningPublic, keyId, theirs.keyData);
      const agreed = { suite, ephemeralPrivate: pair.privateScalar, peerEphemeralPublic };
      keys.set(name, agreeEphemeral({ ...agreed, originatorTitle: clientTitle, recipientTitle: serverTitle }));
    }
    return { kind: "done", keys };
  }

  /** The meter makes a new key pair; it counts once its certificate is imported. */
  generateKeyPair(usage: KeyUsage): Promise<ActionOutcome> {
    return this.#call("generateKeyPair", data.enumerated(USAGE_IDS[usage]));
  }

  /** The request (PKCS#10) for a certificate of the meter's newest key pair. */
  async requestCertificate(usage: KeyUsage): Promise<DerOutcome> {
    return derOf(await this.#call("generateCertificateRequest", data.enumerated(USAGE_IDS[usage])));
  }

  importCertificate(der: Uint8Array): Promise<ActionOutcome> {
    return this.#call("importCertificate", data.octets(der));
  }

  async exportCertificate(which: CertificateIdentity): Promise<DerOutcome> {
    return derOf(await this.#call("exportCertificate", identification(which)));
  }

  removeCertificate(which: CertificateIdentity): Promise<ActionOutcome> {
    return this.#call("removeCertificate", identification(which));
  }

  #call(name: keyof typeof securitySetup.methods, parameters: DlmsData): Promise<ActionOutcome> {
    const { id: classId } = securitySetup;
    return this.#client.action({ classId, instanceId: this.#setup, methodId: methodId(securitySetup, name) ?? 0 }, parameters);
  }
}

/** certificate_identification of export_certificate and remove_certificate. */
function identification(which: CertificateIdentity): DlmsData {
  if (which.by === "serial") {
    const issuer = data.octets(new TextEncoder().encode(which.issuer));
    return data.structure(data.enumerated(1), data.structure(data.octets(which.serialNumber), issuer));
  }
  const entity = data.enumerated(which.entity === "server" ? 0 : 1);
  return data.structure(
    data.enumerated(0),
    data.structure(entity, data.enumerated(USAGE_IDS[which.usage]), data.octets(which.systemTitle)),
  );
}

function derOf(outcome: ActionOutcome): DerOutcome {
  if (outcome.kind === "refused") return outcome;
  if (outcome.data?.type === "octet-string") return { kind: "done", der: outcome.data.value };
  throw new PeerError("the meter answered with no octets of a certificate", { code: "malformed" });
}
