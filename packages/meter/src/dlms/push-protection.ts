import { DecodeError } from "@amity/bytes";
import { portClasses, type DlmsData, type KeyInfoKind, type Protection, type PushLayer } from "@amity/dlms";

const { pushProtectionParameters } = portClasses.pushSetup1.attributes;
type LayerSetting = ReturnType<typeof pushProtectionParameters.decode>[number];

const CIPHERS: Readonly<Record<string, Protection>> = {
  authentication: "authenticated",
  encryption: "encrypted",
  "authentication-encryption": "authenticated-encrypted",
};
/** Key-info of general-ciphering: known to both, wrapped by the master key, or agreed by the scheme that the options name. */
const KEY_INFO = { identified: 0, wrapped: 1, agreed: 2 } as const;
const AGREEMENTS: Readonly<Record<number, KeyInfoKind>> = { 1: "one-pass", 2: "static-unified" };
const TITLE_OCTETS = 8;

/** How the pushes of a setup are protected. */
export interface PushProtection {
  /** The first applied first; none: they go out in the clear. */
  readonly layers: readonly PushLayer[];
  /** Of the receiver, where the setup names one. */
  readonly recipientTitle: Uint8Array | undefined;
}

/**
 * push_protection_parameters (attribute 10): a cipher, a signature, or both in either order. Without key information the cipher is
 * general-glo-ciphering, else general-ciphering. @throws DecodeError for what this meter does not offer.
 */
export function pushProtectionOf(value: DlmsData): PushProtection {
  const settings = pushProtectionParameters.decode(value);
  const layers = settings.map(layerOf);
  const ciphers = layers.filter(({ kind }) => kind === "ciphered").length;
  if (ciphers > 1 || layers.length - ciphers > 1) throw notOffered("a push takes one cipher and one signature");
  const recipientTitle = settings.map(({ protectionOptions }) => protectionOptions.recipientSystemTitle).find(({ length }) => length > 0);
  if (recipientTitle !== undefined && recipientTitle.length !== TITLE_OCTETS) throw notOffered("a system title has eight octets");
  if (recipientTitle === undefined && layers.some(needsRecipient)) throw notOffered("an agreed key needs the receiver's title");
  return { layers, recipientTitle };
}

/** Whether a protection needs the key pairs of suites 1 and 2. */
export function needsKeyPairs({ layers }: PushProtection): boolean {
  return layers.some((layer) => layer.kind === "signed" || needsRecipient(layer));
}

function needsRecipient(layer: PushLayer): boolean {
  return layer.kind === "ciphered" && (layer.form.keyInfo === "one-pass" || layer.form.keyInfo === "static-unified");
}

function layerOf({ protectionType, protectionOptions }: LayerSetting): PushLayer {
  if (protectionType === "digital-signature") return { kind: "signed" };
  const protection = CIPHERS[protectionType];
  if (protection === undefined) throw notOffered("a protection of pushes that is not known");
  const { keyInformation } = protectionOptions;
  if (keyInformation.type === "null-data") return { kind: "ciphered", form: { ciphering: "general-global", protection } };
  return { kind: "ciphered", form: { ciphering: "general-ciphering", protection, keyInfo: keyInfoOf(keyInformation) } };
}

/** `{ kind, options }`: the agreed kind names its scheme in the first octet of its parameters. */
function keyInfoOf(value: DlmsData): KeyInfoKind {
  const [kind, options] = value.type === "structure" ? value.value : [];
  if (kind?.type !== "enum") throw notOffered("key information is a kind and its options");
  if (kind.value === KEY_INFO.identified) return "identified";
  if (kind.value === KEY_INFO.wrapped) return "wrapped";
  const parameters = options?.type === "structure" ? options.value[0] : options;
  const scheme = parameters?.type === "octet-string" ? AGREEMENTS[parameters.value[0] ?? 0] : undefined;
  if (kind.value !== KEY_INFO.agreed || scheme === undefined) throw notOffered("this kind of key");
  return scheme;
}

function notOffered(what: string): DecodeError {
  return new DecodeError(`${what}: not offered for pushes`, { offset: -1, code: "not-supported" });
}
