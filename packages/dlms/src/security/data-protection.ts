import { decodeAll, DecodeError, joinedOctets, sameOctets, SecurityError } from "@amity/bytes";
import { GENERAL_CIPHERING_TAG, GENERAL_SIGNING_TAG, generalCiphering, generalSigning } from "../apdu/ciphered.ts";
import { encodeApdu } from "../apdu/exchange.ts";
import type { protectionParameters } from "../cosem/classes/access-classes.ts";
import type { ShapeValue } from "../cosem/shape.ts";
import { data, type DlmsData } from "../data/dlms-data.ts";
import { checkCounter } from "./counters.ts";
import { protectGeneral, transactionIdOf, unprotectGeneral, type GeneralHeader } from "./general-ciphering.ts";
import { signGeneral, verifyGeneral } from "./general-signing.ts";
import { curveOf } from "./key-agreement.ts";
import { ASKED_KEY_INFORMATION, keyInfoKindOf, keyInfoOf, keyInformation } from "./key-information.ts";
import type { InvocationCounter, KeyInfoKind, Protection, ReceivedCounter, SecurityKeys, SecuritySuite } from "./security-options.ts";

/** protection_parameters_element of class 30: what was done to the data, by whom, for whom, with which key. */
export type ProtectionParameters = ShapeValue<typeof protectionParameters>;

/** One protection of COSEM data. */
export type DataLayer =
  | { readonly kind: "ciphered"; readonly protection: Protection; readonly keyInfo: KeyInfoKind }
  | { readonly kind: "signed" };

/** Protected data, and the parameters by which its receiver opens it: the first was applied first. */
export interface ProtectedData {
  readonly parameters: readonly ProtectionParameters[];
  readonly octets: Uint8Array;
}

/** Data without its protections. */
export interface OpenedData {
  readonly plain: Uint8Array;
  readonly layers: readonly DataLayer[];
  /** System title of who protected it. */
  readonly originator: Uint8Array;
}

/** Who protects and opens data. */
export interface DataGuardParts {
  readonly suite: SecuritySuite;
  /** Own, eight octets. */
  readonly systemTitle: Uint8Array;
  /** Keys towards a peer by its system title. @throws SecurityError `no-key`. */
  keysOf(peerTitle: Uint8Array): SecurityKeys;
  readonly sent: InvocationCounter;
  /**
   * The last counter taken of a peer, and apart from it the last transaction id of data that was signed only. It is a counter of its own:
   * data are protected before the APDU that carries them takes the next one. @throws SecurityError for a peer too many.
   */
  received(peerTitle: Uint8Array, of: "ciphered" | "signed"): ReceivedCounter;
}

/** A cipher and a signature, in either order: more is refused. */
const LAYERS_MAX = 2;
const TITLE_OCTETS = 8;
const TRANSACTION_OCTETS_MAX = 32;
const NONE = new Uint8Array(0);

/**
 * Protection of COSEM data (class 30; IEC 62056-5-3, 5.7.5). Data are ciphered as the content of a general-ciphering APDU without date-time is,
 * and signed as that of a general-signing APDU: the octets of the signature follow those of the data. Keys, titles and transaction id travel in
 * the protection parameters.
 */
export class DataGuard {
  readonly #parts: DataGuardParts;

  constructor(parts: DataGuardParts) {
    this.#parts = parts;
  }

  /** Applies layers in order, for a peer; without `transactionId` each layer gets one of its own. @throws SecurityError `no-key`, `counter-exhausted`. */
  protect(plain: Uint8Array, layers: readonly DataLayer[], recipientSystemTitle: Uint8Array, transactionId?: Uint8Array): ProtectedData {
    checkLayers(layers);
    const { systemTitle } = this.#parts;
    const parameters: ProtectionParameters[] = [];
    let octets = plain;
    for (const layer of layers) {
      const invocationCounter = this.#parts.sent.next();
      const header = {
        transactionId: transactionId ?? transactionIdOf(invocationCounter),
        originatorSystemTitle: systemTitle,
        recipientSystemTitle,
        dateTime: NONE,
        otherInformation: NONE,
      };
      const one = layer.kind === "signed" ? this.#sign(octets, header) : this.#cipher(octets, layer, header, invocationCounter);
      parameters.push(one.parameters);
      octets = one.octets;
    }
    return { parameters, octets };
  }

  #sign(content: Uint8Array, header: GeneralHeader): { parameters: ProtectionParameters; octets: Uint8Array } {
    const { suite } = this.#parts;
    const apdu = signGeneral(suite, this.#parts.keysOf(header.recipientSystemTitle).elliptic, header, content);
    const { signature } = decodeAll(generalSigning, apdu.subarray(1), "general-signing");
    return { parameters: parametersOf("digital-signature", header, data.nothing), octets: joinedOctets(content, signature) };
  }

  #cipher(
    plain: Uint8Array,
    { protection, keyInfo }: Extract<DataLayer, { kind: "ciphered" }>,
    header: GeneralHeader,
    invocationCounter: number,
  ): { parameters: ProtectionParameters; octets: Uint8Array } {
    const { suite } = this.#parts;
    const keys = this.#parts.keysOf(header.recipientSystemTitle);
    const apdu = protectGeneral({ suite, keys, header, protection, keyInfo, invocationCounter }, plain);
    const { keyInfo: sent, content } = decodeAll(generalCiphering, apdu.subarray(1), "general-ciphering");
    return { parameters: parametersOf(TYPE_OF[protection], header, keyInformation(sent)), octets: content };
  }

  /** Undoes the protections and checks every one. @throws SecurityError `bad-tag`, `bad-signature`, `replay`, `reflection` ...; DecodeError for parameters of another form. */
  open({ parameters, octets }: ProtectedData): OpenedData {
    const layers = dataLayersOf(parameters);
    const originator = parameters[0]?.protectionOptions.originatorSystemTitle ?? NONE;
    let plain = octets;
    for (const one of parameters.toReversed()) {
      const header = headerOf(one);
      this.#checkParties(header, originator);
      const isSignature = one.protectionType === "digital-signature";
      plain = isSignature ? this.#verify(plain, header) : this.#decipher(plain, one, header);
    }
    if (layers.length > 0 && layers.every(({ kind }) => kind === "signed")) this.#checkTransaction(parameters[0], originator);
    return { plain, layers, originator };
  }

  #checkParties({ originatorSystemTitle, recipientSystemTitle }: GeneralHeader, originator: Uint8Array): void {
    const { systemTitle } = this.#parts;
    if (originatorSystemTitle.length !== TITLE_OCTETS) throw malformed("originator_system_title has eight octets");
    if (!sameOctets(originatorSystemTitle, originator))
      throw new SecurityError("the protections are of two originators", { code: "system-title" });
    if (sameOctets(originator, systemTitle)) throw new SecurityError("data under our own system title came back", { code: "reflection" });
    if (recipientSystemTitle.length > 0 && !sameOctets(recipientSystemTitle, systemTitle))
      throw new SecurityError("the data are for somebody else", { code: "system-title" });
  }

  #verify(octets: Uint8Array, header: GeneralHeader): Uint8Array {
    const { suite } = this.#parts;
    const key = this.#parts.keysOf(header.originatorSystemTitle).elliptic?.peerSigningPublic;
    if (key === undefined) throw new SecurityError("no public signing key of the originator", { code: "no-key" });
    const signatureOctets = curveOf(suite) === "P-384" ? 96 : 64;
    const split = octets.length - signatureOctets;
    if (split < 0) throw new SecurityError("the data are shorter than their signature", { code: "truncated" });
    const content = octets.subarray(0, split);
    const signed = { ...header, content, signature: octets.subarray(split) };
    return verifyGeneral(suite, key, encodeApdu(GENERAL_SIGNING_TAG, generalSigning, signed)).content;
  }

  #decipher(content: Uint8Array, { protectionOptions }: ProtectionParameters, header: GeneralHeader): Uint8Array {
    const keyInfo = keyInfoOf(protectionOptions.keyInformation);
    const apdu = encodeApdu(GENERAL_CIPHERING_TAG, generalCiphering, { ...header, keyInfo, content });
    const opened = unprotectGeneral(this.#parts.suite, this.#parts.keysOf(header.originatorSystemTitle), apdu);
    const received = this.#parts.received(header.originatorSystemTitle, "ciphered");
    checkCounter(received, opened.invocationCounter);
    received.accept(opened.invocationCounter);
    return opened.plain;
  }

  /** A signature alone has no counter: its transaction id, as a number, must rise, or it could be played again. */
  #checkTransaction(parameters: ProtectionParameters | undefined, originator: Uint8Array): void {
    const id = (parameters?.protectionOptions.transactionId ?? NONE).reduce((number, octet) => number * 256 + octet, 0);
    if (!Number.isSafeInteger(id)) throw malformed("the transaction id of data that are signed only is a number of at most 53 bits");
    const received = this.#parts.received(originator, "signed");
    checkCounter(received, id);
    received.accept(id);
  }
}

/** What protection parameters ask for, or say was done. @throws DecodeError for what there is not, or too much of it. */
export function dataLayersOf(parameters: readonly ProtectionParameters[]): DataLayer[] {
  const layers = parameters.map(dataLayerOf);
  checkLayers(layers);
  return layers;
}

/** A layer of one element; `agreed` keys name their scheme in the first octet of key_parameters. */
export function dataLayerOf({ protectionType, protectionOptions }: ProtectionParameters): DataLayer {
  if (protectionType === "digital-signature") return { kind: "signed" };
  const protection = PROTECTION_OF[protectionType];
  if (protection === undefined) throw malformed("a protection that is not known");
  return { kind: "ciphered", protection, keyInfo: keyInfoKindOf(protectionOptions.keyInformation) };
}

/** Protection parameters as a request for them: the answer's protector fills in keys and transaction id. */
export function askedParameters(layers: readonly DataLayer[], originator: Uint8Array, recipient: Uint8Array): ProtectionParameters[] {
  const header = {
    transactionId: NONE,
    originatorSystemTitle: originator,
    recipientSystemTitle: recipient,
    dateTime: NONE,
    otherInformation: NONE,
  };
  return layers.map((layer) =>
    layer.kind === "signed"
      ? parametersOf("digital-signature", header, data.nothing)
      : parametersOf(TYPE_OF[layer.protection], header, ASKED_KEY_INFORMATION[layer.keyInfo]),
  );
}

/** Whether two lists of layers are the same, in the same order. */
export function sameLayers(left: readonly DataLayer[], right: readonly DataLayer[]): boolean {
  return left.length === right.length && left.every((layer, index) => nameOf(layer) === nameOf(right[index]));
}

function nameOf(layer: DataLayer | undefined): string {
  return layer?.kind === "ciphered" ? `${layer.protection}/${layer.keyInfo}` : String(layer?.kind);
}

function checkLayers(layers: readonly DataLayer[]): void {
  const ciphers = layers.filter(({ kind }) => kind === "ciphered").length;
  if (layers.length > LAYERS_MAX || ciphers > 1 || layers.length - ciphers > 1) throw malformed("data take one cipher and one signature");
}

const PROTECTION_OF: Readonly<Record<string, Protection>> = {
  authentication: "authenticated",
  encryption: "encrypted",
  "authentication-encryption": "authenticated-encrypted",
};
const TYPE_OF = {
  authenticated: "authentication",
  encrypted: "encryption",
  "authenticated-encrypted": "authentication-encryption",
} as const satisfies Record<Protection, ProtectionParameters["protectionType"]>;

function parametersOf(
  protectionType: ProtectionParameters["protectionType"],
  { transactionId, originatorSystemTitle, recipientSystemTitle, otherInformation }: GeneralHeader,
  key: DlmsData,
): ProtectionParameters {
  const protectionOptions = { transactionId, originatorSystemTitle, recipientSystemTitle, otherInformation, keyInformation: key };
  return { protectionType, protectionOptions };
}

function headerOf({ protectionOptions }: ProtectionParameters): GeneralHeader {
  const { transactionId, originatorSystemTitle, recipientSystemTitle, otherInformation } = protectionOptions;
  if (transactionId.length > TRANSACTION_OCTETS_MAX) throw malformed(`a transaction id has at most ${TRANSACTION_OCTETS_MAX} octets`);
  return { transactionId, originatorSystemTitle, recipientSystemTitle, dateTime: NONE, otherInformation };
}

function malformed(what: string): DecodeError {
  return new DecodeError(what, { offset: -1, code: "not-supported" });
}
