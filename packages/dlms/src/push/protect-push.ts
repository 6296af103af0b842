import { SecurityError } from "@amity/bytes";
import { GENERAL_SIGNING_TAG } from "../apdu/ciphered.ts";
import { signGeneral } from "../security/general-signing.ts";
import { SecureChannel, type ProtectionForm } from "../security/secure-channel.ts";
import type { InvocationCounter, SecurityKeys, SecuritySuite } from "../security/security-options.ts";

/** One protection of a push, the first applied first (push_protection_parameters of a push setup). */
export type PushLayer = { readonly kind: "ciphered"; readonly form: ProtectionForm } | { readonly kind: "signed" };

/** Who protects a push, and for whom. */
export interface PushProtector {
  readonly suite: SecuritySuite;
  readonly systemTitle: Uint8Array;
  readonly keys: SecurityKeys;
  readonly sent: InvocationCounter;
  /** Of the receiver, where it is named; agreed keys need it. */
  readonly recipientTitle?: Uint8Array;
}

/** A push with its protections, in order. @throws SecurityError `no-key` where a key is missing for one of them. */
export function protectPush(plain: Uint8Array, layers: readonly PushLayer[], protector: PushProtector): Uint8Array {
  const { suite, systemTitle, keys, sent, recipientTitle } = protector;
  const channel = new SecureChannel({ suite, systemTitle, keys, sent });
  channel.peerSystemTitle = recipientTitle;
  return layers.reduce((apdu, layer) => {
    if (layer.kind === "ciphered") return channel.protect(apdu, layer.form);
    if (apdu[0] === GENERAL_SIGNING_TAG) throw new SecurityError("a signed push is not signed again", { code: "not-supported" });
    const none = new Uint8Array(0);
    const header = {
      transactionId: none,
      originatorSystemTitle: systemTitle,
      recipientSystemTitle: recipientTitle ?? none,
      dateTime: none,
      otherInformation: none,
    };
    return signGeneral(suite, keys.elliptic, header, apdu);
  }, plain);
}
