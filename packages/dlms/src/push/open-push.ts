import { decodeAll, sameOctets, SecurityError } from "@amity/bytes";
import {
  GENERAL_CIPHERING_TAG,
  GENERAL_GLOBAL_TAG,
  GENERAL_SIGNING_TAG,
  generalCiphered,
  generalCiphering,
  generalSigning,
} from "../apdu/ciphered.ts";
import { checkCounter } from "../security/counters.ts";
import { unprotectGeneral } from "../security/general-ciphering.ts";
import { verifyGeneral } from "../security/general-signing.ts";
import { encryptionKeyOf, isEnough, securityHeaderOf, unprotect } from "../security/protect.ts";
import type { ProtectionForm } from "../security/secure-channel.ts";
import type { InvocationCounter, Protection, ReceivedCounter, SecurityKeys, SecuritySuite } from "../security/security-options.ts";

/** What a receiver knows of one sender. */
export interface PushSender {
  readonly keys: SecurityKeys;
  /** The last counter taken from this sender; without it a replay is not noticed. */
  readonly received?: ReceivedCounter;
  /** What its pushes must have; absent: any. Many consumer ports only encrypt, which proves nothing about the sender. */
  readonly protection?: Protection;
  /** Its pushes must be signed, too. */
  readonly mustSign?: boolean;
  /** Our counter under its key: with it, and the receiver's own title, confirmations go out protected as the push was. */
  readonly sent?: InvocationCounter;
}

/** A push without its protection. */
export interface OpenedPush {
  readonly plain: Uint8Array;
  readonly sender: PushSender;
  readonly systemTitle: Uint8Array;
  /** How it was ciphered; `undefined`: it was signed only. */
  readonly form: ProtectionForm | undefined;
  readonly isSigned: boolean;
  readonly suite: SecuritySuite;
}

const PROTECTED: ReadonlySet<number | undefined> = new Set([GENERAL_GLOBAL_TAG, GENERAL_CIPHERING_TAG, GENERAL_SIGNING_TAG]);
/** A cipher and a signature, in either order. */
const LAYERS_MAX = 2;

/** Whether an APDU is under general-glo-ciphering, general-ciphering or general-signing. */
export function isProtectedPush(apdu: Uint8Array): boolean {
  return PROTECTED.has(apdu[0]);
}

/**
 * Takes the protection off a push: general-glo-ciphering, general-ciphering, general-signing, a cipher inside a signature or the other way
 * round. Its counter counts once every layer has proved right. `own` is the receiver's title, where it has one.
 * @throws SecurityError `no-key`, `bad-tag`, `bad-signature`, `replay`, `downgrade`, `system-title`; DecodeError.
 */
export function openPush(apdu: Uint8Array, senderOf: (systemTitle: Uint8Array) => PushSender | undefined, own?: Uint8Array): OpenedPush {
  const systemTitle = originatorOf(apdu);
  const sender = senderOf(systemTitle);
  if (sender === undefined)
    throw new SecurityError("a push from a sender that is not known", { code: "no-key", advice: "enter the meter's key" });
  let layer: Layer = { plain: apdu, suite: 0 };
  let form: ProtectionForm | undefined;
  let counter: number | undefined;
  let isSigned = false;
  for (let depth = 0; PROTECTED.has(layer.plain[0]); depth++) {
    if (depth >= LAYERS_MAX)
      throw new SecurityError("a push has more layers of protection than a cipher and a signature", { code: "layers" });
    if (!sameOctets(originatorOf(layer.plain), systemTitle))
      throw new SecurityError("the layers of a push name different senders", { code: "system-title" });
    const isSignature = layer.plain[0] === GENERAL_SIGNING_TAG;
    if (isSignature ? isSigned : form !== undefined) throw new SecurityError("a push is protected the same way twice", { code: "layers" });
    layer = openLayer(layer.plain, sender, own);
    isSigned ||= isSignature;
    form = layer.form ?? form;
    counter = layer.counter ?? counter;
  }
  demand(sender, form?.protection, isSigned);
  if (counter !== undefined && sender.received !== undefined) {
    checkCounter(sender.received, counter);
    sender.received.accept(counter);
  }
  return { plain: layer.plain, sender, systemTitle, form, isSigned, suite: layer.suite };
}

interface Layer {
  readonly plain: Uint8Array;
  readonly suite: SecuritySuite;
  readonly form?: ProtectionForm;
  readonly counter?: number;
}

function openLayer(apdu: Uint8Array, sender: PushSender, own: Uint8Array | undefined): Layer {
  if (apdu[0] === GENERAL_SIGNING_TAG) return openSigned(apdu, sender);
  return apdu[0] === GENERAL_CIPHERING_TAG ? openGeneral(apdu, sender, own) : openGlobal(apdu, sender);
}

function openGlobal(apdu: Uint8Array, { keys, protection }: PushSender): Layer {
  const { systemTitle, content } = decodeAll(generalCiphered, apdu.subarray(1), "general-glo-ciphering");
  const header = securityHeaderOf(content);
  const suite = suiteOf(header.suite);
  // What is less protected than it must be is refused before a key is tried.
  if (header.protection !== undefined && !isEnough(header.protection, protection)) throw downgraded();
  const encryptionKey = encryptionKeyOf(keys, header.broadcast);
  const plain = unprotect({ suite, encryptionKey, authenticationKey: keys.authenticationKey, systemTitle }, content);
  const form: ProtectionForm = { ciphering: "general-global", protection: header.protection ?? "authenticated-encrypted" };
  return { plain, suite, form, counter: header.invocationCounter };
}

function openGeneral(apdu: Uint8Array, { keys }: PushSender, own: Uint8Array | undefined): Layer {
  const { content, recipientSystemTitle } = decodeAll(generalCiphering, apdu.subarray(1), "general-ciphering");
  const suite = suiteOf(securityHeaderOf(content).suite);
  if (own !== undefined && recipientSystemTitle.length > 0 && !sameOctets(recipientSystemTitle, own))
    throw new SecurityError("the push is for somebody else", { code: "system-title" });
  const { plain, protection, keyInfo, invocationCounter, authenticatesIv } = unprotectGeneral(suite, keys, apdu);
  const form: ProtectionForm = { ciphering: "general-ciphering", protection, keyInfo, ...(authenticatesIv ? { authenticatesIv } : {}) };
  return { plain, suite, form, counter: invocationCounter };
}

function openSigned(apdu: Uint8Array, { keys }: PushSender): Layer {
  const { signature } = decodeAll(generalSigning, apdu.subarray(1), "general-signing");
  const key = keys.elliptic?.peerSigningPublic;
  if (key === undefined) throw new SecurityError("a signed push from a sender whose public key is not known", { code: "no-key" });
  // Two coordinates of 32 or 48 octets.
  const suite: SecuritySuite = signature.length > 64 ? 2 : 1;
  return { plain: verifyGeneral(suite, key, apdu).content, suite };
}

/** The sender as the outermost layer names it: no key is needed to read it. */
function originatorOf(apdu: Uint8Array): Uint8Array {
  const body = apdu.subarray(1);
  if (apdu[0] === GENERAL_GLOBAL_TAG) return decodeAll(generalCiphered, body, "general-glo-ciphering").systemTitle;
  if (apdu[0] === GENERAL_CIPHERING_TAG) return decodeAll(generalCiphering, body, "general-ciphering").originatorSystemTitle;
  return decodeAll(generalSigning, body, "general-signing").originatorSystemTitle;
}

/** The sender of a push by its system title; `undefined` for one in the clear. @throws DecodeError */
export function senderOfPush(apdu: Uint8Array): Uint8Array | undefined {
  return isProtectedPush(apdu) ? originatorOf(apdu) : undefined;
}

function demand({ protection, mustSign }: PushSender, found: Protection | undefined, isSigned: boolean): void {
  if (protection !== undefined && !isEnough(found, protection)) throw downgraded();
  if (mustSign === true && !isSigned) throw downgraded();
}

function downgraded(): SecurityError {
  return new SecurityError("the push is less protected than this sender's must be", { code: "downgrade" });
}

function suiteOf(found: number): SecuritySuite {
  if (found === 0 || found === 1 || found === 2) return found;
  throw new SecurityError(`security suite ${found} is not known`, { code: "wrong-suite" });
}
