import { AmityError, DecodeError, fromHex, toHex } from "@amity/bytes";
import { checkCertificate, createCertificateRequest, keyUsageOf, readCertificate, type Certificate, type KeyUsage } from "@amity/crypto";
import { accessClasses, data, type DlmsData, type InvokeOutcome } from "@amity/dlms";
import type { WrappedKey } from "../metrology/operations.ts";
import type { SimulatedMeter } from "../simulated-meter.ts";
import { DONE, configuredObject, refused } from "./configured-object.ts";
import { RIGHTS, type MeterObject, type ObjectContext } from "./meter-object.ts";

const NAME = "0-0:43.0.0";
const { securitySetup } = accessClasses;
const KEYS_MAX = 4;
const CERTIFICATES_MAX = 16;
const CERTIFICATE_OCTETS_MAX = 2_048;
const KEY_IDS: Readonly<Record<string, WrappedKey["keyId"]>> = {
  "global-unicast-encryption": 0,
  "global-broadcast-encryption": 1,
  authentication: 2,
  master: 3,
};
/** Requests and responses authenticated and encrypted (bits 2, 3, 5, 6): what the ciphered associations demand. */
const SECURITY_POLICY = 0b0110_1100;
const USAGES: readonly (KeyUsage | undefined)[] = ["digital-signature", "key-agreement"];
const ENTITY = { server: 0, client: 1 } as const;

/**
 * Class 64 Security setup version 1, 0-0:43.0.0. Keys are not to be read; new ones come wrapped by the master key and count
 * from the next association on. The policy is that of the associations and does not go down. With suite 1 or 2: key pairs, certificate requests,
 * and certificates of the meter and of its clients, each checked against the utility's authority.
 */
export function securitySetupObject(): MeterObject {
  return configuredObject({
    class: securitySetup,
    name: NAME,
    readers: Object.keys(RIGHTS.clientsRead),
    values: {
      securityPolicy: data.enumerated(SECURITY_POLICY),
      securitySuite: ({ meter }) => data.enumerated(meter.surroundings.type.securitySuite),
      clientSystemTitle: data.octets(new Uint8Array(0)),
      serverSystemTitle: ({ systemTitle }) => data.octets(systemTitle),
      certificates: (context) => data.array(...storedCertificates(context).map((one) => certificateInfo(one, context))),
    },
    methods: {
      securityActivate: (policy) => Promise.resolve(activatePolicy(policy)),
      keyTransfer: transferKeys,
      generateKeyPair: (kind, context) => withUsage(kind, context, (usage) => generate(usage, context)),
      generateCertificateRequest: (kind, context) => withUsage(kind, context, (usage) => Promise.resolve(request(usage, context))),
      importCertificate,
      exportCertificate: (parameter, context) => {
        const found = findCertificate(parameter, context);
        return Promise.resolve(found === undefined ? refused("other-reason") : { kind: "done", data: data.octets(found.der) });
      },
      removeCertificate: async (parameter, context) => {
        const found = findCertificate(parameter, context);
        if (found === undefined) return refused("other-reason");
        return perform(context, { kind: "dropCertificate", atMs: context.nowMs, certificate: toHex(found.der) });
      },
    },
  });
}

/** A certificate that the meter holds. */
export interface StoredCertificate {
  readonly der: Uint8Array;
  readonly certificate: Certificate;
  readonly usage: KeyUsage;
}

/** The certificates that were imported, oldest first. */
export function storedCertificates({ meter }: Pick<ObjectContext, "meter">): StoredCertificate[] {
  return (meter.functionsIfAny?.certificates ?? []).map((hex) => {
    const der = fromHex(hex);
    return { der, certificate: readCertificate(der), usage: keyUsageOf(der) ?? "digital-signature" };
  });
}

/** A client's public key by its use: out of the newest certificate that is not the meter's own. */
export function clientKey(meter: SimulatedMeter, own: Uint8Array, usage: KeyUsage): Uint8Array | undefined {
  const title = toHex(own).toUpperCase();
  return storedCertificates({ meter }).findLast((one) => one.usage === usage && one.certificate.commonName.toUpperCase() !== title)
    ?.certificate.publicPoint;
}

function activatePolicy(parameter: DlmsData): InvokeOutcome {
  if (parameter.type !== "enum") return refused("type-unmatched");
  // The factory's policy is the strictest that the associations enforce; it does not go down.
  return parameter.value === SECURITY_POLICY ? DONE : refused("other-reason");
}

async function transferKeys(parameters: DlmsData, context: ObjectContext): Promise<InvokeOutcome> {
  const keys = wrappedKeys(parameters);
  if (keys === undefined) return refused("type-unmatched");
  // All or nothing: one key that does not open changes none.
  if (!context.opensKeys(keys)) return refused("other-reason");
  return perform(context, { kind: "transferKeys", atMs: context.nowMs, keys });
}

/** `undefined`: not of the method's form, none, too many, unknown, or a key twice. */
function wrappedKeys(parameters: DlmsData): WrappedKey[] | undefined {
  if (parameters.type !== "array" || parameters.value.length === 0 || parameters.value.length > KEYS_MAX) return undefined;
  try {
    const keys = securitySetup.methods.keyTransfer.decode(parameters).flatMap(({ keyId, keyWrapped }): WrappedKey[] => {
      const id = KEY_IDS[keyId];
      return id === undefined ? [] : [{ keyId: id, wrapped: toHex(keyWrapped) }];
    });
    return new Set(keys.map(({ keyId }) => keyId)).size === parameters.value.length ? keys : undefined;
  } catch (error) {
    if (error instanceof DecodeError) return undefined;
    throw error;
  }
}

async function withUsage(kind: DlmsData, context: ObjectContext, act: (usage: KeyUsage) => Promise<InvokeOutcome>): Promise<InvokeOutcome> {
  if (kind.type !== "enum") return refused("type-unmatched");
  const usage = USAGES[kind.value];
  return usage === undefined || context.meter.surroundings.type.securitySuite === 0 ? refused("other-reason") : act(usage);
}

function generate(usage: KeyUsage, context: ObjectContext): Promise<InvokeOutcome> {
  return perform(context, { kind: "generateKeyPair", atMs: context.nowMs, usage });
}

function request(usage: KeyUsage, context: ObjectContext): InvokeOutcome {
  const key = context.keyPair(usage);
  if (key === undefined) return refused("other-reason");
  return { kind: "done", data: data.octets(createCertificateRequest(key, toHex(context.systemTitle).toUpperCase())) };
}

/** Takes what the utility's authority signed: for a key that the meter has, or for a client. */
async function importCertificate(parameter: DlmsData, context: ObjectContext): Promise<InvokeOutcome> {
  if (parameter.type !== "octet-string") return refused("type-unmatched");
  const { authority, systemTitle, nowMs, meter } = context;
  const der = parameter.value;
  const held = meter.functionsIfAny?.certificates ?? [];
  if (authority === undefined || der.length > CERTIFICATE_OCTETS_MAX || held.length >= CERTIFICATES_MAX) return refused("other-reason");
  try {
    const certificate = checkCertificate(der, authority, meter.clockAt(nowMs));
    const usage = keyUsageOf(der);
    const isOwn = certificate.commonName.toUpperCase() === toHex(systemTitle).toUpperCase();
    const own = usage === undefined ? undefined : context.keyPair(usage);
    if (usage === undefined || (isOwn && toHex(own?.publicPoint ?? new Uint8Array(0)) !== toHex(certificate.publicPoint)))
      return refused("other-reason");
    return await perform(context, { kind: "keepCertificate", atMs: nowMs, certificate: toHex(der) });
  } catch (error) {
    if (error instanceof AmityError) return refused("other-reason");
    throw error;
  }
}

/** One entry of attribute 6. */
function certificateInfo({ certificate, usage }: StoredCertificate, context: ObjectContext): DlmsData {
  const text = (value: string): DlmsData => data.octets(new TextEncoder().encode(value));
  return data.structure(
    data.enumerated(entityOf(certificate, context)),
    data.enumerated(USAGES.indexOf(usage)),
    data.octets(certificate.serialNumber),
    text(certificate.issuerCommonName),
    text(certificate.commonName),
    text(""),
  );
}

function entityOf({ commonName }: Certificate, { systemTitle }: ObjectContext): number {
  return commonName.toUpperCase() === toHex(systemTitle).toUpperCase() ? ENTITY.server : ENTITY.client;
}

/** By entity, kind and system title, or by serial number and issuer (Blue Book, certificate identification). */
function findCertificate(parameter: DlmsData, context: ObjectContext): StoredCertificate | undefined {
  const [kind, options] = parameter.type === "structure" ? parameter.value : [];
  const fields = options?.type === "structure" ? options.value : [];
  const held = storedCertificates(context);
  if (kind?.type !== "enum") return undefined;
  if (kind.value === 1) {
    const [serial, issuer] = fields.map((field) => (field.type === "octet-string" ? field.value : new Uint8Array(0)));
    return held.findLast(
      ({ certificate }) =>
        toHex(certificate.serialNumber) === toHex(serial ?? new Uint8Array(0)) &&
        certificate.issuerCommonName === new TextDecoder().decode(issuer),
    );
  }
  const [entity, type, title] = fields;
  if (kind.value !== 0 || entity?.type !== "enum" || type?.type !== "enum" || title?.type !== "octet-string") return undefined;
  return held.findLast(
    ({ certificate, usage }) =>
      entityOf(certificate, context) === entity.value &&
      USAGES[type.value] === usage &&
      certificate.commonName.toUpperCase() === toHex(title.value).toUpperCase(),
  );
}

async function perform(context: ObjectContext, operation: Parameters<ObjectContext["perform"]>[0]): Promise<InvokeOutcome> {
  return (await context.perform(operation)) ? DONE : refused("temporary-failure");
}
