import { ByteReader, DecodeError, SecurityError, decodeAll, encodeAll, type CodecValue } from "@amity/bytes";
import { equalInConstantTime } from "@amity/crypto";
import { ASSOCIATION_RESULTS, aare, aarq, applicationContextOf, mechanismIdOf, mechanismOid } from "../acse/acse.ts";
import { CONFORMANCE_BITS, LN_SERVICES, SN_SERVICES, type ConformanceBit } from "../acse/conformance.ts";
import { DLMS_VERSION, initiateRequest, initiateResponse } from "../acse/initiate.ts";
import { confirmedServiceError } from "../apdu/exceptions.ts";
import { encodeApdu } from "../apdu/exchange.ts";
import { SecureChannel, type ProtectionForm } from "../security/secure-channel.ts";
import { MECHANISM_IDS } from "../security/security-options.ts";
import type { HlsChallenges, OpenAssociation } from "./association-state.ts";
import type { AssociationDefinition, LogicalDevice } from "./cosem-device.ts";
import { leastProtection } from "./protection-demand.ts";

const AARE = 0x61;
const INITIATE_REQUEST = 0x01;
const INITIATE_RESPONSE = 0x08;
const CONFIRMED_SERVICE_ERROR = 0x0e;
const DEFAULT_MAX_PDU_OCTETS = 1024;
const CLIENT_PDU_OCTETS_MIN = 12;
const LN_VAA = 0x0007;
const SN_VAA = 0xfa00;
const AUTHENTICATION_REQUIREMENT = { bitLength: 1, octets: Uint8Array.of(0x80) };

/** Diagnostics of the ACSE service user. */
const DIAGNOSTIC = {
  none: 0,
  noReason: 1,
  context: 2,
  callingTitle: 3,
  user: 6,
  mechanism: 11,
  mechanismRequired: 12,
  failure: 13,
  required: 14,
} as const;

/** What a server speaks beside the services of `LN_SERVICES` and `SN_SERVICES`. */
const PROTECTION: readonly ConformanceBit[] = ["general-protection", "general-block-transfer"];
const ALL_ATTRIBUTES: readonly ConformanceBit[] = ["attribute0-supported-with-get", "attribute0-supported-with-set"];
/** Devices send differences to nobody who did not ask for them. */
const DELTAS: readonly ConformanceBit[] = ["delta-value-encoding"];

/** Services that this server speaks. */
export const SERVER_CONFORMANCE: readonly ConformanceBit[] = [...PROTECTION, ...DELTAS, ...ALL_ATTRIBUTES, ...LN_SERVICES];

/** The same with short names. */
const SHORT_NAME_CONFORMANCE: readonly ConformanceBit[] = [...PROTECTION, ...DELTAS, ...SN_SERVICES];

/** An AARQ answered: the AARE, and the association where it was accepted. */
export interface AarqOutcome {
  readonly aare: Uint8Array;
  readonly opened: OpenAssociation | undefined;
}

interface Refusal {
  readonly diagnostic: number;
  /** Body of the user information, where the xDLMS part was at fault. */
  readonly initiateError?: "dlms-version-too-low" | "incompatible-conformance" | "pdu-size-too-short";
}

/**
 * Judges an AARQ (Green Book 9.4.4). `challenge` is the server-to-client challenge should HLS be asked for.
 * @throws SecurityError when the ciphered part cannot be opened (the answer is then an exception-response); DecodeError.
 */
export function openAssociation(device: LogicalDevice, clientSap: number, request: Uint8Array, challenge: Uint8Array): AarqOutcome {
  const asked = decodeAll(aarq, request.subarray(1), "AARQ");
  const definition = device.model.association(clientSap);
  const refusal = judge(definition, asked, device);
  if (definition === undefined || refusal !== undefined) return refused(asked, refusal ?? { diagnostic: DIAGNOSTIC.noReason });
  const applicationContext = applicationContextOf(asked.applicationContextName) ?? "ln";
  const channel = applicationContext.endsWith("ciphered") ? channelFor(device, definition, asked) : undefined;
  if (channel === undefined && applicationContext.endsWith("ciphered")) return refused(asked, { diagnostic: DIAGNOSTIC.context });
  const { initiate, protection } = readInitiate(asked.userInformation, channel);
  const offered = new Set<ConformanceBit>(
    definition.conformance ?? (applicationContext.startsWith("sn") ? SHORT_NAME_CONFORMANCE : SERVER_CONFORMANCE),
  );
  const conformance = initiate.conformance.filter((bit) => offered.has(bit));
  const initiateError = judgeInitiate(initiate, conformance);
  if (initiateError !== undefined) return refused(asked, { diagnostic: DIAGNOSTIC.noReason, initiateError });
  if (channel !== undefined && initiate.dedicatedKey !== undefined && initiate.dedicatedKey.length !== channel.keys.encryptionKey.length) {
    throw new SecurityError("the dedicated key has not the length of the suite", { code: "key-length" });
  }
  channel?.useDedicatedKey(initiate.dedicatedKey);
  const hls = isHls(definition) ? challengesOf(asked, challenge) : undefined;
  const opened: OpenAssociation = {
    definition,
    context: {
      clientSap,
      role: definition.role,
      association: definition,
      conformance: new Set(conformance),
      ...(asked.callingAeInvocationId === undefined ? {} : { userId: asked.callingAeInvocationId }),
      ...(asked.callingApTitle === undefined ? {} : { clientSystemTitle: asked.callingApTitle }),
    },
    applicationContext,
    conformance: new Set(conformance),
    clientMaxPduOctets: initiate.clientMaxReceivePduOctets,
    channel,
    clientSystemTitle: asked.callingApTitle,
    hls,
  };
  return { aare: accepted(device, opened, protection), opened };
}

type Asked = CodecValue<typeof aarq>;

function judge(definition: AssociationDefinition | undefined, asked: Asked, device: LogicalDevice): Refusal | undefined {
  const context = applicationContextOf(asked.applicationContextName);
  if (definition === undefined) return { diagnostic: DIAGNOSTIC.noReason };
  if (context === undefined) return { diagnostic: DIAGNOSTIC.context };
  if (definition.ciphered !== undefined && definition.ciphered !== context.endsWith("ciphered")) return { diagnostic: DIAGNOSTIC.context };
  if (context.startsWith("sn") && !device.model.objects.some((object) => object.baseName !== undefined))
    return { diagnostic: DIAGNOSTIC.context };
  // Once there is a list of users, who is not on it does not get in (Blue Book 4.4.4, user_list).
  const users = device.associationChanges?.(definition.clientSap)?.users ?? [];
  if (users.length > 0 && !users.some(({ id }) => id === asked.callingAeInvocationId)) return { diagnostic: DIAGNOSTIC.user };
  return judgeAuthentication(definition, asked, device);
}

function judgeAuthentication(definition: AssociationDefinition, asked: Asked, device: LogicalDevice): Refusal | undefined {
  const wanted = MECHANISM_IDS[definition.mechanism];
  const found = asked.mechanismName === undefined ? 0 : mechanismIdOf(asked.mechanismName);
  if (found !== wanted) return { diagnostic: found === 0 ? DIAGNOSTIC.mechanismRequired : DIAGNOSTIC.mechanism };
  if (wanted === 0) return undefined;
  const value = asked.callingAuthenticationValue;
  if (value === undefined) return { diagnostic: DIAGNOSTIC.failure };
  if (definition.mechanism === "lls") {
    const secret = device.secret?.(definition.clientSap);
    return secret !== undefined && equalInConstantTime(secret, value) ? undefined : { diagnostic: DIAGNOSTIC.failure };
  }
  // IEC 62056-5-3, 5.3.4: a challenge has 8 to 64 octets. Clients in the field send 16 with ECDSA too, where the standard wants 32:
  // theirs protects them alone, ours has 32.
  if (value.length < 8 || value.length > 64) return { diagnostic: DIAGNOSTIC.failure };
  const needsTitle = definition.mechanism === "hls-gmac" || definition.mechanism === "hls-sha256" || definition.mechanism === "hls-ecdsa";
  return needsTitle && asked.callingApTitle?.length !== 8 ? { diagnostic: DIAGNOSTIC.callingTitle } : undefined;
}

function channelFor(device: LogicalDevice, definition: AssociationDefinition, asked: Asked): SecureChannel | undefined {
  if (asked.callingApTitle?.length !== 8) return undefined;
  const channel = serverChannel(device, definition, asked.callingApTitle);
  if (channel === undefined) return undefined;
  channel.peerSystemTitle = asked.callingApTitle;
  return channel;
}

/** The server's channel of an association; `undefined` where this client cannot cipher. */
export function serverChannel(
  device: LogicalDevice,
  { clientSap, protection }: AssociationDefinition,
  clientSystemTitle?: Uint8Array,
): SecureChannel | undefined {
  const security = device.security?.(clientSap, clientSystemTitle);
  if (security === undefined) return undefined;
  const demanded = () => leastProtection(protection, device.securityPolicy?.(clientSap) ?? 0);
  return new SecureChannel({ ...security, systemTitle: device.systemTitle, demanded });
}

interface Initiate {
  readonly initiate: CodecValue<typeof initiateRequest>;
  /** How the request was protected: the response is alike. */
  readonly protection: ProtectionForm | undefined;
}

function readInitiate(userInformation: Uint8Array | undefined, channel: SecureChannel | undefined): Initiate {
  if (userInformation === undefined) throw new DecodeError("the AARQ carries no InitiateRequest", { offset: 0, code: "malformed" });
  const { plain, form } = channel === undefined ? { plain: userInformation, form: undefined } : channel.unprotect(userInformation);
  if (channel !== undefined && form === undefined) {
    throw new SecurityError("the InitiateRequest of a ciphered association is in the clear", { code: "downgrade" });
  }
  const reader = new ByteReader(plain);
  if (reader.u8() !== INITIATE_REQUEST) throw new DecodeError("no InitiateRequest in the AARQ", { offset: 0, code: "malformed" });
  const initiate = initiateRequest.decode(reader);
  reader.expectEnd("InitiateRequest");
  return { initiate, protection: form };
}

function judgeInitiate(initiate: CodecValue<typeof initiateRequest>, conformance: readonly ConformanceBit[]): Refusal["initiateError"] {
  if (initiate.dlmsVersion < DLMS_VERSION) return "dlms-version-too-low";
  if (conformance.length === 0) return "incompatible-conformance";
  const size = initiate.clientMaxReceivePduOctets;
  return size !== 0 && size < CLIENT_PDU_OCTETS_MIN ? "pdu-size-too-short" : undefined;
}

function isHls(definition: AssociationDefinition): boolean {
  return MECHANISM_IDS[definition.mechanism] >= 2;
}

function challengesOf(asked: Asked, serverToClient: Uint8Array): HlsChallenges {
  return { clientToServer: asked.callingAuthenticationValue ?? new Uint8Array(0), serverToClient };
}

function accepted(device: LogicalDevice, opened: OpenAssociation, protection: ProtectionForm | undefined): Uint8Array {
  const { definition, channel, hls, applicationContext } = opened;
  const plain = encodeApdu(INITIATE_RESPONSE, initiateResponse, {
    qualityOfService: undefined,
    dlmsVersion: DLMS_VERSION,
    conformance: (Object.keys(CONFORMANCE_BITS) as ConformanceBit[]).filter((bit) => opened.conformance.has(bit)),
    serverMaxReceivePduOctets: definition.maxPduOctets ?? DEFAULT_MAX_PDU_OCTETS,
    vaaName: applicationContext.startsWith("sn") ? SN_VAA : LN_VAA,
  });
  const needsTitle = channel !== undefined || opened.clientSystemTitle !== undefined;
  return encodeApdu(AARE, aare, {
    applicationContextName: `2.16.756.5.8.1.${{ ln: 1, sn: 2, "ln-ciphered": 3, "sn-ciphered": 4 }[applicationContext]}`,
    result: ASSOCIATION_RESULTS.accepted,
    resultSourceDiagnostic: { kind: "user", value: hls === undefined ? DIAGNOSTIC.none : DIAGNOSTIC.required },
    ...(needsTitle ? { respondingApTitle: device.systemTitle } : {}),
    ...(hls === undefined
      ? {}
      : {
          responderAcseRequirements: AUTHENTICATION_REQUIREMENT,
          mechanismName: mechanismOid(MECHANISM_IDS[definition.mechanism]),
          respondingAuthenticationValue: hls.serverToClient,
        }),
    userInformation: channel === undefined || protection === undefined ? plain : channel.protect(plain, protection),
  });
}

function refused(asked: Asked, refusal: Refusal): AarqOutcome {
  const userInformation =
    refusal.initiateError === undefined
      ? undefined
      : encodeApdu(CONFIRMED_SERVICE_ERROR, confirmedServiceError, {
          service: "initiate",
          error: { kind: "initiate", value: refusal.initiateError },
        });
  const response = encodeAll(aare, {
    applicationContextName: asked.applicationContextName ?? "2.16.756.5.8.1.1",
    result: ASSOCIATION_RESULTS["rejected-permanent"],
    resultSourceDiagnostic: { kind: "user", value: refusal.diagnostic },
    ...(userInformation === undefined ? {} : { userInformation }),
  });
  return { aare: Uint8Array.of(AARE, ...response), opened: undefined };
}
