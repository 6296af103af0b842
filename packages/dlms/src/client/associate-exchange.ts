import { ByteReader, PeerError, SecurityError, type CodecValue } from "@amity/bytes";
import { aare, aarq, applicationContextOid, mechanismOid, USER_DIAGNOSTICS, release } from "../acse/acse.ts";
import { CONFORMANCE_BITS, LN_SERVICES, SN_SERVICES, type ConformanceBit } from "../acse/conformance.ts";
import { DLMS_VERSION, initiateRequest, initiateResponse } from "../acse/initiate.ts";
import { confirmedServiceError } from "../apdu/exceptions.ts";
import { decodeAnswer, encodeApdu, type Exchange } from "../apdu/exchange.ts";
import { data } from "../data/dlms-data.ts";
import { parseObis } from "../data/obis.ts";
import { checkHlsAnswer, hlsAnswer, type HlsInput } from "../security/hls.ts";
import type { SecureChannel } from "../security/secure-channel.ts";
import { MECHANISM_IDS, type Authentication, type SecurityOptions } from "../security/security-options.ts";
import { actionExchange } from "./action-exchange.ts";
import type { AssociationInfo, ClientOptions } from "./dlms-client.ts";
import { shortReplyToHls } from "./short-name-exchange.ts";
import type { ServiceContext } from "./service-context.ts";

const AARQ = 0x60;
const AARE = 0x61;
const RLRQ = 0x62;
const INITIATE_REQUEST = 0x01;
const INITIATE_RESPONSE = 0x08;

/** One bit set of one: "authentication" in the ACSE requirements. */
const AUTHENTICATION_REQUIREMENT = { bitLength: 1, octets: Uint8Array.of(0x80) };

/** The current association, whatever its own name (Association LN, reply_to_HLS_authentication). */
const REPLY_TO_HLS = { classId: 15, instanceId: parseObis("0-0:40.0.0.255"), methodId: 1 } as const;

/** What the association exchange is given. */
export interface AssociateInput {
  readonly options: ClientOptions;
  readonly channel: SecureChannel | undefined;
  /** Client-to-server challenge of HLS, 8 to 64 octets. */
  readonly challenge: Uint8Array;
}

/** AARQ, AARE and, for HLS, the two passes of reply_to_HLS. @throws SecurityError, PeerError when the server refuses. */
export function* associateExchange(input: AssociateInput, contextOf: (info: AssociationInfo) => ServiceContext): Exchange<AssociationInfo> {
  const { options, channel } = input;
  const answer = decodeAnswer(yield encodeAarq(input), AARE, aare);
  checkAccepted(answer, options.authentication);
  if (channel !== undefined) channel.peerSystemTitle = answer.respondingApTitle ?? channel.peerSystemTitle;
  const response = readInitiateResponse(answer.userInformation, channel);
  const info: AssociationInfo = {
    conformance: new Set(response.conformance),
    serverMaxPduOctets: response.serverMaxReceivePduOctets,
    serverSystemTitle: answer.respondingApTitle,
  };
  if (isHls(options.authentication)) yield* proveEachOther(input, answer, contextOf(info));
  return info;
}

/** Whether the mechanism has the two further passes. */
export function isHls(authentication: Authentication): boolean {
  return MECHANISM_IDS[authentication.mechanism] >= 2;
}

function encodeAarq({ options, channel, challenge }: AssociateInput): Uint8Array {
  const { authentication, security } = options;
  const id = MECHANISM_IDS[authentication.mechanism];
  const context = `${options.shortNames === true ? "sn" : "ln"}${channel === undefined ? "" : "-ciphered"}` as const;
  // Mechanisms that mix in the system titles need ours even without ciphering.
  const title = security?.systemTitle ?? options.systemTitle;
  return encodeApdu(AARQ, aarq, {
    applicationContextName: applicationContextOid(context),
    ...(title === undefined ? {} : { callingApTitle: title }),
    ...(options.userId === undefined ? {} : { callingAeInvocationId: options.userId }),
    ...(id === 0
      ? {}
      : {
          senderAcseRequirements: AUTHENTICATION_REQUIREMENT,
          mechanismName: mechanismOid(id),
          callingAuthenticationValue: authentication.mechanism === "lls" ? authentication.password : challenge,
        }),
    userInformation: protectInitiate(encodeInitiate(options), channel, security),
  });
}

/** The InitiateRequest in the clear. */
export function encodeInitiate(options: ClientOptions): Uint8Array {
  return encodeApdu(INITIATE_REQUEST, initiateRequest, {
    dedicatedKey: options.security?.dedicatedKey,
    responseAllowed: true,
    qualityOfService: undefined,
    dlmsVersion: DLMS_VERSION,
    conformance: [...(options.conformance ?? defaultConformance(options))],
    clientMaxReceivePduOctets: options.maxPduOctets ?? 0xffff,
  });
}

function defaultConformance(options: ClientOptions): ConformanceBit[] {
  const general = options.security?.ciphering.startsWith("general") === true || options.security?.signing === true;
  const names = new Set<ConformanceBit>(options.shortNames === true ? SN_SERVICES : LN_SERVICES);
  if (general) names.add("general-protection");
  return (Object.keys(CONFORMANCE_BITS) as ConformanceBit[]).filter((name) => names.has(name));
}

/** The InitiateRequest of AARQ and RLRQ always goes under the global key: there is no dedicated one yet, or none any more. */
function protectInitiate(plain: Uint8Array, channel: SecureChannel | undefined, security: SecurityOptions | undefined): Uint8Array {
  if (channel === undefined || security === undefined) return plain;
  return channel.protect(plain, { ciphering: "global", protection: security.protection });
}

function checkAccepted(answer: CodecValue<typeof aare>, authentication: Authentication): void {
  if (answer.result === 0) return;
  const diagnostic = answer.resultSourceDiagnostic;
  const reason =
    diagnostic === undefined
      ? "no reason given"
      : diagnostic.kind === "user"
        ? (USER_DIAGNOSTICS[diagnostic.value] ?? `diagnostic ${diagnostic.value}`)
        : `provider diagnostic ${diagnostic.value}`;
  const text = `the server refused the association (${answer.result === 2 ? "for now" : "for good"}): ${reason}`;
  // 11 to 14 of the user's diagnostics are about the authentication.
  if (diagnostic?.kind === "user" && diagnostic.value >= 11) {
    throw new SecurityError(text, {
      code: "authentication-failure",
      advice: `check mechanism (${authentication.mechanism}), client SAP and secret`,
    });
  }
  throw new PeerError(text, { code: "association-refused", advice: "check client SAP, server SAP and application context" });
}

function readInitiateResponse(
  userInformation: Uint8Array | undefined,
  channel: SecureChannel | undefined,
): CodecValue<typeof initiateResponse> {
  if (userInformation === undefined) throw new PeerError("the AARE carries no InitiateResponse", { code: "unexpected-apdu" });
  let plain = userInformation;
  if (channel !== undefined) {
    const opened = channel.unprotect(userInformation);
    plain = opened.plain;
    if (opened.form === undefined && plain[0] !== 0x0e) {
      throw new SecurityError("the server answered a ciphered association in the clear", { code: "downgrade" });
    }
  }
  const reader = new ByteReader(plain);
  const tag = reader.u8();
  if (tag === 0x0e) {
    const { error } = confirmedServiceError.decode(reader);
    throw new PeerError(`the server refused the association: ${error.kind}, ${error.value}`, { code: "association-refused" });
  }
  if (tag !== INITIATE_RESPONSE) throw new PeerError(`APDU ${tag} where an InitiateResponse was expected`, { code: "unexpected-apdu" });
  return initiateResponse.decode(reader);
}

function* proveEachOther(input: AssociateInput, answer: CodecValue<typeof aare>, context: ServiceContext): Exchange<void> {
  const { options, channel, challenge } = input;
  const serverChallenge = answer.respondingAuthenticationValue;
  if (serverChallenge === undefined) throw new PeerError("the AARE carries no challenge", { code: "unexpected-apdu" });
  // A mirrored challenge would let the peer prove itself with our own answer.
  if (serverChallenge.length === challenge.length && serverChallenge.every((octet, index) => octet === challenge[index])) {
    throw new SecurityError("the server sent our own challenge back", { code: "reflection" });
  }
  const shared = {
    mechanism: options.authentication.mechanism,
    ...("secret" in options.authentication ? { secret: options.authentication.secret } : {}),
    ...("transform" in options.authentication ? { transform: options.authentication.transform } : {}),
    suite: options.security?.suite,
    keys: options.security?.keys,
    encryption: channel?.encryption,
  };
  const ours: HlsInput = {
    ...shared,
    challenge: serverChallenge,
    ownChallenge: challenge,
    systemTitle: options.security?.systemTitle ?? options.systemTitle,
    peerSystemTitle: answer.respondingApTitle,
  };
  const reply = data.octets(hlsAnswer(ours, () => nextCounter(channel)));
  const outcome = yield* options.shortNames === true ? shortReplyToHls(context, reply) : actionExchange(context, REPLY_TO_HLS, reply);
  if (outcome.kind === "refused" || outcome.data?.type !== "octet-string") {
    throw new SecurityError("the server did not accept our answer to its challenge", {
      code: "authentication-failure",
      advice: "check the secret or keys of this meter",
    });
  }
  const theirs: HlsInput = {
    ...shared,
    challenge,
    ownChallenge: serverChallenge,
    systemTitle: answer.respondingApTitle,
    peerSystemTitle: options.security?.systemTitle ?? options.systemTitle,
  };
  checkHlsAnswer(theirs, outcome.data.value, options.security?.keys.elliptic);
}

function nextCounter(channel: SecureChannel | undefined): number {
  if (channel === undefined) throw new SecurityError("HLS with GMAC needs security options", { code: "no-key" });
  return channel.sent.next();
}

/** RLRQ; what comes back to it ends the association, whatever it says. */
export function* releaseExchange(options: ClientOptions, channel: SecureChannel | undefined): Exchange<void> {
  yield encodeReleaseRequest(options, channel);
}

/** RLRQ, with a protected InitiateRequest where the association was ciphered. */
export function encodeReleaseRequest(options: ClientOptions, channel: SecureChannel | undefined): Uint8Array {
  const protectedInitiate =
    channel === undefined ? {} : { userInformation: protectInitiate(encodeInitiate(options), channel, options.security) };
  return encodeApdu(RLRQ, release, { reason: 0, ...protectedInitiate });
}
