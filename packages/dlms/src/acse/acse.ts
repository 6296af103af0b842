import { berLength, mapped, sized, type Codec } from "@amity/bytes";
import { choice } from "../codec/traced.ts";
import { berBits, berFields, berInteger, berOctets, berOid, inside } from "./ber-fields.ts";

/** The ACSE APDUs of DLMS (ISO/IEC 15954 as profiled by IEC 62056-5-3, 7.2). One table a message, both directions. */
const OCTET_STRING = 0x04;
const INTEGER = 0x02;
const OID = 0x06;

/** Authentication-value: a character string of any octets (LLS passwords, challenges) or the rarer forms. */
const authenticationValue: Codec<Uint8Array> = mapped(
  sized(berLength, choice({ charstring: { tag: 0x80, codec: berOctets }, bitstring: { tag: 0x81, codec: berOctets } })),
  (form) => form.value,
  (value) => ({ kind: "charstring" as const, value }),
);

const integerInside = inside(INTEGER, berInteger);
const octetsInside = inside(OCTET_STRING, berOctets);

/** AARQ, tag 60. */
export const aarq = berFields({
  protocolVersion: { tag: 0x80, codec: berBits },
  applicationContextName: { tag: 0xa1, codec: inside(OID, berOid) },
  calledApTitle: { tag: 0xa2, codec: octetsInside },
  calledAeQualifier: { tag: 0xa3, codec: octetsInside },
  calledApInvocationId: { tag: 0xa4, codec: integerInside },
  calledAeInvocationId: { tag: 0xa5, codec: integerInside },
  callingApTitle: { tag: 0xa6, codec: octetsInside },
  callingAeQualifier: { tag: 0xa7, codec: octetsInside },
  callingApInvocationId: { tag: 0xa8, codec: integerInside },
  callingAeInvocationId: { tag: 0xa9, codec: integerInside },
  senderAcseRequirements: { tag: 0x8a, codec: berBits },
  mechanismName: { tag: 0x8b, codec: berOid },
  callingAuthenticationValue: { tag: 0xac, codec: authenticationValue },
  implementationInformation: { tag: 0xbd, codec: octetsInside },
  userInformation: { tag: 0xbe, codec: octetsInside },
});

/** Who refused, and why: 1 the ACSE user (the meter's application), 2 the provider. */
const resultSourceDiagnostic = sized(
  berLength,
  choice({ user: { tag: 0xa1, codec: integerInside }, provider: { tag: 0xa2, codec: integerInside } }),
);

/** AARE, tag 61. */
export const aare = berFields({
  protocolVersion: { tag: 0x80, codec: berBits },
  applicationContextName: { tag: 0xa1, codec: inside(OID, berOid) },
  result: { tag: 0xa2, codec: integerInside },
  resultSourceDiagnostic: { tag: 0xa3, codec: resultSourceDiagnostic },
  respondingApTitle: { tag: 0xa4, codec: octetsInside },
  respondingAeQualifier: { tag: 0xa5, codec: octetsInside },
  respondingApInvocationId: { tag: 0xa6, codec: integerInside },
  respondingAeInvocationId: { tag: 0xa7, codec: integerInside },
  responderAcseRequirements: { tag: 0x88, codec: berBits },
  mechanismName: { tag: 0x89, codec: berOid },
  respondingAuthenticationValue: { tag: 0xaa, codec: authenticationValue },
  implementationInformation: { tag: 0xbd, codec: octetsInside },
  userInformation: { tag: 0xbe, codec: octetsInside },
});

/** RLRQ (tag 62) and RLRE (tag 63). Reason 0 is normal. */
export const release = berFields({
  reason: { tag: 0x80, codec: berInteger },
  userInformation: { tag: 0xbe, codec: octetsInside },
});

/** ABRT, tag 64. */
export const abort = berFields({
  source: { tag: 0x80, codec: berInteger },
  userInformation: { tag: 0xbe, codec: octetsInside },
});

/** Application contexts 2.16.756.5.8.1.n. */
export const APPLICATION_CONTEXTS = { ln: 1, sn: 2, "ln-ciphered": 3, "sn-ciphered": 4 } as const;
export type ApplicationContext = keyof typeof APPLICATION_CONTEXTS;

const CONTEXT_ARC = "2.16.756.5.8.1.";
const MECHANISM_ARC = "2.16.756.5.8.2.";

export function applicationContextOid(context: ApplicationContext): string {
  return CONTEXT_ARC + APPLICATION_CONTEXTS[context];
}

/** `undefined` for a context that DLMS does not define. */
export function applicationContextOf(oid: string | undefined): ApplicationContext | undefined {
  const found = Object.entries(APPLICATION_CONTEXTS).find(([, id]) => oid === CONTEXT_ARC + id);
  return found === undefined ? undefined : (found[0] as ApplicationContext);
}

export function mechanismOid(id: number): string {
  return MECHANISM_ARC + id;
}

/** The last arc of a mechanism name; `undefined` for one that DLMS does not define. */
export function mechanismIdOf(oid: string): number | undefined {
  return oid.startsWith(MECHANISM_ARC) ? Number(oid.slice(MECHANISM_ARC.length)) : undefined;
}

/** Results of the AARE. */
export const ASSOCIATION_RESULTS = { accepted: 0, "rejected-permanent": 1, "rejected-transient": 2 } as const;

/** Diagnostics of the ACSE service user, by code. */
export const USER_DIAGNOSTICS: readonly string[] = [
  "null",
  "no-reason-given",
  "application-context-name-not-supported",
  "calling-AP-title-not-recognized",
  "calling-AP-invocation-identifier-not-recognized",
  "calling-AE-qualifier-not-recognized",
  "calling-AE-invocation-identifier-not-recognized",
  "called-AP-title-not-recognized",
  "called-AP-invocation-identifier-not-recognized",
  "called-AE-qualifier-not-recognized",
  "called-AE-invocation-identifier-not-recognized",
  "authentication-mechanism-name-not-recognised",
  "authentication-mechanism-name-required",
  "authentication-failure",
  "authentication-required",
];
