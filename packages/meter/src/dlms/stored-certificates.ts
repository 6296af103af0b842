import { AmityError, fromHex, toHex } from "@amity/bytes";
import { checkCertificate, keyUsageOf, readCertificate, type Certificate, type KeyUsage } from "@amity/crypto";
import { data, type DlmsData, type InvokeOutcome } from "@amity/dlms";
import type { SimulatedMeter } from "../simulated-meter.ts";
import { DONE, refused } from "./configured-object.ts";
import type { ObjectContext } from "./meter-object.ts";

const CERTIFICATES_MAX = 16;
const CERTIFICATE_OCTETS_MAX = 2_048;
/** certificate_type by usage; there are none for TLS. */
export const USAGES: readonly (KeyUsage | undefined)[] = ["digital-signature", "key-agreement"];
const ENTITY = { server: 0, client: 1 } as const;

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

/** A client's public key by its use: out of its newest certificate; of any client where it is not known which one asks. */
export function clientKey(
  meter: SimulatedMeter,
  own: Uint8Array,
  { usage, clientSystemTitle }: { readonly usage: KeyUsage; readonly clientSystemTitle: Uint8Array | undefined },
): Uint8Array | undefined {
  const wanted = clientSystemTitle === undefined ? undefined : titleText(clientSystemTitle);
  const isOfClient = (commonName: string): boolean =>
    wanted === undefined ? commonName.toUpperCase() !== titleText(own) : commonName.toUpperCase() === wanted;
  return storedCertificates({ meter }).findLast((one) => one.usage === usage && isOfClient(one.certificate.commonName))?.certificate
    .publicPoint;
}

/** import_certificate: takes what the utility's authority signed, for a key that the meter has, or for a client. */
export async function importCertificate(parameter: DlmsData, context: ObjectContext): Promise<InvokeOutcome> {
  if (parameter.type !== "octet-string") return refused("type-unmatched");
  const { authority, nowMs, meter } = context;
  const der = parameter.value;
  const held = meter.functionsIfAny?.certificates ?? [];
  const isKnown = held.includes(toHex(der));
  if (authority === undefined || der.length > CERTIFICATE_OCTETS_MAX || (held.length >= CERTIFICATES_MAX && !isKnown))
    return refused("other-reason");
  try {
    const certificate = checkCertificate(der, authority, meter.clockAt(nowMs));
    const usage = keyUsageOf(der);
    if (usage === undefined) return refused("other-reason");
    const isOwn = entityOf(certificate, context) === ENTITY.server;
    const which = isOwn ? ownKeyOf(certificate, usage, context) : undefined;
    if (isOwn && which === undefined) return refused("other-reason");
    const kept = { kind: "keepCertificate", atMs: nowMs, certificate: toHex(der) } as const;
    return (await context.perform(which === "newest" ? { ...kept, activates: usage } : kept)) ? DONE : refused("temporary-failure");
  } catch (error) {
    if (error instanceof AmityError) return refused("other-reason");
    throw error;
  }
}

/** Which of the meter's key pairs a certificate is for; the one that counts where both are the same. */
function ownKeyOf(certificate: Certificate, usage: KeyUsage, context: ObjectContext): "active" | "newest" | undefined {
  const point = toHex(certificate.publicPoint);
  return (["active", "newest"] as const).find((which) => {
    const pair = context.keyPair(usage, which);
    return pair !== undefined && toHex(pair.publicPoint) === point;
  });
}

/** One entry of attribute 6. */
export function certificateInfo({ certificate, usage }: StoredCertificate, context: ObjectContext): DlmsData {
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
  return commonName.toUpperCase() === titleText(systemTitle) ? ENTITY.server : ENTITY.client;
}

/** By entity, kind and system title, or by serial number and issuer (Blue Book, certificate identification). */
export function findCertificate(parameter: DlmsData, context: ObjectContext): StoredCertificate | undefined {
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
      certificate.commonName.toUpperCase() === titleText(title.value),
  );
}

/** A system title as a certificate's common name has it. */
export function titleText(systemTitle: Uint8Array): string {
  return toHex(systemTitle).toUpperCase();
}
