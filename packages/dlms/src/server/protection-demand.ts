import type { ProtectionForm } from "../security/secure-channel.ts";
import type { Protection } from "../security/security-options.ts";
import { ACCESS } from "./cosem-device.ts";

/** How well an APDU is protected. */
export interface ApduProtection {
  readonly protection: Protection | undefined;
  readonly isSigned: boolean;
}

/** How well the request in hand was protected, and how its answer will be. */
export interface RequestProtection extends ApduProtection {
  readonly answer: ApduProtection;
}

const UNPROTECTED: ApduProtection = { protection: undefined, isSigned: false };
/** Made once: most requests of most meters on a bench are in the clear. */
const IN_THE_CLEAR: RequestProtection = { protection: undefined, isSigned: false, answer: UNPROTECTED };

/** What the forms of a request and of its answer give; none: nothing. */
export function requestProtection(form: ProtectionForm | undefined, answersWith: ProtectionForm | undefined): RequestProtection {
  if (form === undefined) return IN_THE_CLEAR;
  return { protection: form.protection, isSigned: form.signed === true, answer: protectionOf(answersWith) };
}

function protectionOf(form: ProtectionForm | undefined): ApduProtection {
  return form === undefined ? UNPROTECTED : { protection: form.protection, isSigned: form.signed === true };
}

/**
 * Whether a request is protected as these bits demand. They stand alike in access rights (Association LN version 3) and in the security
 * policy (Security setup version 1): 2 authenticated, 3 encrypted, 4 signed.
 */
export function isProtectedEnough(demanded: number, { protection, isSigned }: ApduProtection): boolean {
  // Asked several times a request, and mostly nothing is demanded.
  if (demanded === 0) return true;
  const isAuthenticated = protection === "authenticated" || protection === "authenticated-encrypted";
  const isEncrypted = protection === "encrypted" || protection === "authenticated-encrypted";
  if ((demanded & ACCESS.authenticatedRequest) !== 0 && !isAuthenticated) return false;
  if ((demanded & ACCESS.encryptedRequest) !== 0 && !isEncrypted) return false;
  return (demanded & ACCESS.signedRequest) === 0 || isSigned;
}

/** Bits 5, 6 and 7 say of responses what 2, 3 and 4 say of requests. */
const RESPONSE_SHIFT = 3;

/** Whether request and answer are both protected as the rights demand: what may only go out encrypted is not sent otherwise. */
export function isExchangeProtectedEnough(rights: number, protection: RequestProtection): boolean {
  return isProtectedEnough(rights, protection) && isProtectedEnough(rights >> RESPONSE_SHIFT, protection.answer);
}

/** How an answer is protected: in the family of the request, raised to what bits 5 (authenticated), 6 (encrypted) and 7 (signed) demand. */
export function answerForm(form: ProtectionForm, demanded: number): ProtectionForm {
  const { protection } = form;
  const isAuthenticated = protection !== "encrypted" || (demanded & ACCESS.authenticatedResponse) !== 0;
  const isEncrypted = protection !== "authenticated" || (demanded & ACCESS.encryptedResponse) !== 0;
  return {
    ...form,
    protection: isAuthenticated && isEncrypted ? "authenticated-encrypted" : isEncrypted ? "encrypted" : "authenticated",
    ...((demanded & ACCESS.signedResponse) === 0 ? {} : { signed: true }),
  };
}

/** The least protection that an association takes: what its definition says, raised to what the security policy demands of requests. */
export function leastProtection(defined: Protection | undefined, policy: number): Protection | undefined {
  const authenticated = defined?.startsWith("authenticated") === true || (policy & ACCESS.authenticatedRequest) !== 0;
  const encrypted = defined?.endsWith("encrypted") === true || (policy & ACCESS.encryptedRequest) !== 0;
  if (authenticated && encrypted) return "authenticated-encrypted";
  return authenticated ? "authenticated" : encrypted ? "encrypted" : undefined;
}
