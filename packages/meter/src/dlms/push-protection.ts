import { DecodeError } from "@amity/bytes";
import { dataLayerOf, portClasses, type DlmsData, type PushLayer } from "@amity/dlms";

const { pushProtectionParameters } = portClasses.pushSetup1.attributes;
type LayerSetting = ReturnType<typeof pushProtectionParameters.decode>[number];

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

function layerOf(setting: LayerSetting): PushLayer {
  const layer = dataLayerOf(setting);
  if (layer.kind === "signed") return layer;
  const { protection, keyInfo } = layer;
  const isKnownKey = setting.protectionOptions.keyInformation.type === "null-data";
  return isKnownKey
    ? { kind: "ciphered", form: { ciphering: "general-global", protection } }
    : { kind: "ciphered", form: { ciphering: "general-ciphering", protection, keyInfo } };
}

function notOffered(what: string): DecodeError {
  return new DecodeError(`${what}: not offered for pushes`, { offset: -1, code: "not-supported" });
}
