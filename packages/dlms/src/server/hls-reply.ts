import { SecurityError, decodeAll } from "@amity/bytes";
import { actionRequest, actionResponse } from "../apdu/action.ts";
import type { MethodDescriptor } from "../apdu/descriptors.ts";
import { encodeApdu } from "../apdu/exchange.ts";
import { readRequest, readResponse, writeRequest, writeResponse } from "../apdu/short-name.ts";
import { ASSOCIATION_SN, ASSOCIATION_SN_BASE, methodName } from "../apdu/short-name-map.ts";
import { data, type DlmsData } from "../data/dlms-data.ts";
import { checkHlsAnswer, hlsAnswer, type HlsInput } from "../security/hls.ts";
import type { HlsChallenges, OpenAssociation } from "./association-state.ts";
import type { LogicalDevice } from "./cosem-device.ts";

const ACTION = 0xc3;
const ACTION_RESPONSE = 0xc7;
const READ = 0x05;
const WRITE = 0x06;
const READ_RESPONSE = 0x0c;
const WRITE_RESPONSE = 0x0d;
const REPLY_METHOD_LN = 1;
const REPLY_METHOD_SN = 8;

/** A client's call of reply_to_HLS_authentication, and how to answer it in the same service. */
export interface HlsReply {
  readonly answer: DlmsData | undefined;
  accept(proof: Uint8Array): Uint8Array;
  refuse(): Uint8Array;
}

/** `undefined`: the APDU is something else, which is not served before the client has proved itself. @throws DecodeError */
export function readHlsReply(plain: Uint8Array, isOwnAssociation: (method: MethodDescriptor) => boolean): HlsReply | undefined {
  if (plain[0] === ACTION) return readAction(plain, isOwnAssociation);
  return shortNameReply(plain);
}

function readAction(plain: Uint8Array, isOwnAssociation: (method: MethodDescriptor) => boolean): HlsReply | undefined {
  const request = decodeAll(actionRequest, plain.subarray(1), "action-request");
  if (request.kind !== "normal" || request.value.method.methodId !== REPLY_METHOD_LN || !isOwnAssociation(request.value.method))
    return undefined;
  const { invokeIdAndPriority, parameters } = request.value;
  return {
    answer: parameters,
    accept(proof) {
      const response = { result: "success", returned: { kind: "data", value: data.octets(proof) } } as const;
      return encodeApdu(ACTION_RESPONSE, actionResponse, { kind: "normal", value: { invokeIdAndPriority, response } });
    },
    refuse() {
      const response = { result: "read-write-denied", returned: undefined } as const;
      return encodeApdu(ACTION_RESPONSE, actionResponse, { kind: "normal", value: { invokeIdAndPriority, response } });
    },
  };
}

/**
 * By short names the method is a READ with its parameter. Some clients (Gurux) WRITE the parameter instead, and take our proof in the form of a
 * READ's answer: a WRITE's answer has no room for it.
 */
function shortNameReply(plain: Uint8Array): HlsReply | undefined {
  const found = plain[0] === READ ? readParameter(plain) : plain[0] === WRITE ? writtenParameter(plain) : undefined;
  if (found === undefined || found.variableName !== methodName(ASSOCIATION_SN_BASE, ASSOCIATION_SN, REPLY_METHOD_SN)) return undefined;
  const refusal = { kind: "refused", value: "read-write-denied" } as const;
  return {
    answer: found.parameter,
    accept: (proof) => encodeApdu(READ_RESPONSE, readResponse, [{ kind: "data", value: data.octets(proof) }]),
    refuse: () =>
      plain[0] === READ ? encodeApdu(READ_RESPONSE, readResponse, [refusal]) : encodeApdu(WRITE_RESPONSE, writeResponse, [refusal]),
  };
}

interface NamedParameter {
  readonly variableName: number;
  readonly parameter: DlmsData;
}

function readParameter(plain: Uint8Array): NamedParameter | undefined {
  const variables = decodeAll(readRequest, plain.subarray(1), "read-request");
  const [variable] = variables;
  return variables.length === 1 && variable?.kind === "parameterized" ? variable.value : undefined;
}

function writtenParameter(plain: Uint8Array): NamedParameter | undefined {
  const { variables, values } = decodeAll(writeRequest, plain.subarray(1), "write-request");
  const [[variable], [parameter]] = [variables, values];
  if (variables.length !== 1 || values.length !== 1 || variable?.kind !== "variable-name" || parameter === undefined) return undefined;
  return { variableName: variable.value, parameter };
}

/** Checks the client's answer and gives ours. @throws SecurityError where the client's is wrong. */
export function proveEachOther(
  device: LogicalDevice,
  opened: OpenAssociation,
  hls: HlsChallenges,
  answer: DlmsData | undefined,
): Uint8Array {
  const { clientSap, mechanism } = opened.definition;
  const security = device.security?.(clientSap, opened.clientSystemTitle);
  const shared = {
    mechanism,
    secret: device.secret?.(clientSap),
    transform: device.challengeTransform,
    suite: security?.suite,
    // Where there are several sets, the association is under the one that the client has shown to have.
    keys: opened.channel?.keys ?? security?.keys,
    encryption: opened.channel?.encryption,
  };
  const client: HlsInput = {
    ...shared,
    challenge: hls.serverToClient,
    ownChallenge: hls.clientToServer,
    systemTitle: opened.clientSystemTitle,
    peerSystemTitle: device.systemTitle,
  };
  if (answer?.type !== "octet-string") throw new SecurityError("no answer to the challenge", { code: "authentication-failure" });
  checkHlsAnswer(client, answer.value, shared.keys?.elliptic);
  const server: HlsInput = {
    ...shared,
    challenge: hls.clientToServer,
    ownChallenge: hls.serverToClient,
    systemTitle: device.systemTitle,
    peerSystemTitle: opened.clientSystemTitle,
  };
  return hlsAnswer(server, () => {
    const sent = opened.channel?.sent ?? security?.sent;
    if (sent === undefined) throw new SecurityError("HLS with GMAC needs a counter", { code: "no-key" });
    return sent.next();
  });
}
