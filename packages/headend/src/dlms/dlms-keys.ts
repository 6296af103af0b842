import { SecurityError } from "@amity/bytes";
import { readCertificateRequest, type Certificate, type KeyUsage } from "@amity/crypto";
import {
  SecuritySetupClient,
  publicKeyFromCertificate,
  systemTitleOfCertificate,
  type SecurityKeyName,
  type SecuritySuite,
} from "@amity/dlms";
import type { KeyControl, MeterId } from "@amity/model";
import type { Random } from "@amity/runtime";
import type { MeterAnswer, MeterKeyring } from "../driver.ts";
import type { KeyVault } from "../key-vault.ts";
import type { DlmsExchange } from "./dlms-exchange.ts";
import { currentKeys, storeNextKeys } from "./key-sets.ts";
import { certificatePurpose, HEAD_END_KEYS, storeIssued } from "./signing-keys.ts";

/** The utility's certification authority, as far as the head-end needs it. */
export interface CertificationAuthority {
  readonly certificate: Certificate;
  /** A certificate (DER) for a device. */
  issue(subject: { readonly systemTitle: Uint8Array; readonly publicPoint: Uint8Array; readonly usage: KeyUsage }): Promise<Uint8Array>;
}

export interface DlmsKeysParts {
  readonly exchange: DlmsExchange;
  readonly meterId: MeterId;
  readonly vault: KeyVault;
  readonly random: Random;
  readonly suite: SecuritySuite;
  /** Of the head-end. */
  readonly systemTitle: Uint8Array;
  readonly authority: CertificationAuthority | undefined;
  /** The association was opened under keys that were sent before, without an answer. */
  readonly isOpenedWithNext: boolean;
  /** Told when new keys are on their way, or agreed on: they are to be tried first. */
  readonly sent: () => void;
}

const CHANGED = ["encryptionKey", "authenticationKey"] as const satisfies readonly SecurityKeyName[];

/**
 * New keys and certificates of a meter (class 64). Keys that are transferred are in the vault before they are sent, so that whatever happens to
 * the answer one of two sets opens the meter. Keys that are agreed on come into being with the answer: where that is lost, those of before go
 * on opening a meter which keeps them until the new ones were used (ours do). New keys replace those of before once they have opened the meter.
 */
export class DlmsKeys implements MeterKeyring {
  readonly #parts: DlmsKeysParts;
  readonly #setup: SecuritySetupClient;
  #isChanged = false;

  constructor(parts: DlmsKeysParts) {
    this.#parts = parts;
    const { exchange } = parts;
    this.#setup = new SecuritySetupClient({
      async action(method, parameters) {
        await exchange.reserve();
        return exchange.client.action(method, parameters);
      },
    });
  }

  async change(control: KeyControl): Promise<MeterAnswer<void>> {
    if (control.kind === "renewCertificate") return this.#renew(control.usage);
    return control.by === "transfer" ? this.#transfer() : this.#agree();
  }

  async check(control: KeyControl): ReturnType<MeterKeyring["check"]> {
    if (control.kind === "renewCertificate") return this.#checkCertificate(control.usage);
    const isWanted = this.#isChanged || this.#parts.isOpenedWithNext;
    const text = isWanted ? "the meter took the new keys" : "the meter still has the keys of before";
    return { kind: "done", value: { isAsWanted: isWanted, text } };
  }

  async #transfer(): Promise<MeterAnswer<void>> {
    const { vault, meterId, random, suite } = this.#parts;
    const master = { owner: meterId, purpose: "master" };
    if (!(await vault.has(master))) return { kind: "refused", reason: "the head-end has no master key of this meter" };
    const masterKey = await vault.secret(master);
    const octets = suite === 2 ? 32 : 16;
    const keys = { encryptionKey: random.bytes(octets), authenticationKey: random.bytes(octets) };
    await storeNextKeys(vault, meterId, keys);
    this.#parts.sent();
    const outcome = await this.#setup.transferKeys(masterKey, new Map(CHANGED.map((name) => [name, keys[name]])));
    if (outcome.kind === "refused") {
      await storeNextKeys(vault, meterId, await currentKeys(vault, meterId));
      return { kind: "refused", reason: outcome.result };
    }
    this.#isChanged = true;
    return DONE;
  }

  async #agree(): Promise<MeterAnswer<void>> {
    const { vault, meterId, suite, systemTitle, exchange, authority } = this.#parts;
    const serverTitle = exchange.client.association.serverSystemTitle;
    if (suite === 0 || serverTitle === undefined || authority === undefined)
      return { kind: "refused", reason: "keys are agreed on in security suites 1 and 2, with an authority for certificates" };
    if (
      !(await vault.has({ owner: HEAD_END_KEYS, purpose: "sign" })) ||
      !(await vault.has({ owner: HEAD_END_KEYS, purpose: "sign-certificate" }))
    )
      return { kind: "refused", reason: "the head-end has no signing key with a certificate" };
    const imported = await this.#setup.importCertificate(await vault.secret({ owner: HEAD_END_KEYS, purpose: "sign-certificate" }));
    if (imported.kind === "refused")
      return { kind: "refused", reason: `the meter does not take the head-end's certificate: ${imported.result}` };
    const identity = { by: "entity", entity: "server", usage: "digital-signature", systemTitle: serverTitle } as const;
    const own = await this.#setup.exportCertificate(identity);
    if (own.kind === "refused") return { kind: "refused", reason: "the meter has no certificate yet: renew it first" };
    const serverSigningPublic = publicKeyFromCertificate(own.der, {
      authority: authority.certificate,
      systemTitle: serverTitle,
      nowMs: exchange.nowMs(),
    });
    const signingPrivate = await vault.secret({ owner: HEAD_END_KEYS, purpose: "sign" });
    const agreed = await this.#setup.agreeKeys(
      { suite, clientTitle: systemTitle, serverTitle, signingPrivate, serverSigningPublic },
      CHANGED,
    );
    if (agreed.kind === "refused") return { kind: "refused", reason: agreed.result };
    const [encryptionKey, authenticationKey] = CHANGED.map((name) => agreed.keys.get(name));
    if (encryptionKey === undefined || authenticationKey === undefined) return { kind: "refused", reason: "not all keys were agreed on" };
    await storeNextKeys(vault, meterId, { encryptionKey, authenticationKey });
    this.#parts.sent();
    this.#isChanged = true;
    return DONE;
  }

  async #renew(usage: KeyUsage): Promise<MeterAnswer<void>> {
    const { vault, meterId, authority, exchange } = this.#parts;
    const title = exchange.client.association.serverSystemTitle;
    if (authority === undefined || title === undefined)
      return { kind: "refused", reason: "the head-end has no authority for certificates" };
    const made = await this.#setup.generateKeyPair(usage);
    if (made.kind === "refused") return { kind: "refused", reason: made.result };
    const request = await this.#setup.requestCertificate(usage);
    if (request.kind === "refused") return { kind: "refused", reason: request.result };
    const { commonName, publicPoint } = readCertificateRequest(request.der);
    const asked = systemTitleOfCertificate({ ...authority.certificate, commonName });
    if (!asked.every((octet, index) => octet === title[index]))
      throw new SecurityError(`the meter asks for a certificate of ${commonName}`, { code: "system-title" });
    const der = await authority.issue({ systemTitle: title, publicPoint, usage });
    // Kept before it is sent: a read-back compares with it.
    await storeIssued(vault, meterId, usage, der);
    const taken = await this.#setup.importCertificate(der);
    return taken.kind === "done" ? DONE : { kind: "refused", reason: taken.result };
  }

  async #checkCertificate(usage: KeyUsage): ReturnType<MeterKeyring["check"]> {
    const { vault, meterId, exchange } = this.#parts;
    const title = exchange.client.association.serverSystemTitle;
    const ref = { owner: meterId, purpose: certificatePurpose(usage) };
    if (title === undefined || !(await vault.has(ref)))
      return { kind: "done", value: { isAsWanted: false, text: "no certificate was issued" } };
    const held = await this.#setup.exportCertificate({ by: "entity", entity: "server", usage, systemTitle: title });
    const issued = await vault.secret(ref);
    const isHeld = held.kind === "done" && held.der.length === issued.length && held.der.every((octet, index) => octet === issued[index]);
    const text = isHeld ? "the meter holds the new certificate" : "the meter does not hold the certificate that was issued";
    return { kind: "done", value: { isAsWanted: isHeld, text } };
  }
}

const DONE = { kind: "done", value: undefined } as const;
