import { ByteReader, decodeAll, fromHex } from "@amity/bytes";
import { realTimers } from "@amity/runtime";
import {
  MECHANISM_IDS,
  SecureChannel,
  aarq,
  apdu,
  applicationContextOf,
  connectDlms,
  initiateRequest,
  mechanismIdOf,
  memoryCounter,
  parseObis,
  securityHeaderOf,
  type AccessOutcome,
  type ActionOutcome,
  type Apdu,
  type AssociationInfo,
  type Authentication,
  type Ciphering,
  type ClientOptions,
  type DataAccessResult,
  type DlmsClient,
  type RawGetOutcome,
  type SecurityKeys,
  type SecurityOptions,
  type SecuritySuite,
} from "../src/index.ts";
import { generalSigning } from "../src/apdu/ciphered.ts";
import { OBJECT_LIST_NAME } from "../src/apdu/short-name-map.ts";
import { encodeReleaseRequest } from "../src/client/associate-exchange.ts";
import { ReplayLink, type Step } from "./captured-session.ts";
import { SECRET } from "./fixture-meter.ts";
import { capturedElliptic, drawnBy, recordedCounters, recordedSigner } from "./recorded-secrets.ts";

/** Of the current association by short names. */
const ASSOCIATION_OBJECT_LIST = { classId: 12, instanceId: parseObis("0-0:40.0.0"), attributeId: 2 } as const;
/** The symmetric keys of every capture of suites 0 and 1. */
export const CAPTURE_KEYS: SecurityKeys = {
  encryptionKey: fromHex("000102030405060708090A0B0C0D0E0F"),
  authenticationKey: fromHex("D0D1D2D3D4D5D6D7D8D9DADBDCDDDEDF"),
};
const KEYS_256: SecurityKeys = {
  encryptionKey: Uint8Array.from({ length: 32 }, (_, index) => index),
  authenticationKey: Uint8Array.from({ length: 32 }, (_, index) => 0xd0 + index),
};

/** What there is to say with, read off what a captured client said first. */
interface CapturedOptions {
  readonly options: ClientOptions;
  readonly challenge: Uint8Array;
  /** Reads what the client said; `undefined`: it ciphered nothing. */
  readonly channel: SecureChannel | undefined;
}

/** The options with which a client says what this capture's client said. `keys`: other than those of all captures. */
export function optionsFrom(steps: readonly Step[], keys?: SecurityKeys): CapturedOptions {
  const first = steps[0] as Step;
  const asked = decodeAll(aarq, first.apdu.subarray(1));
  const context = applicationContextOf(asked.applicationContextName);
  const id = asked.mechanismName === undefined ? 0 : mechanismIdOf(asked.mechanismName);
  const mechanism = Object.entries(MECHANISM_IDS).find(([, value]) => value === id)?.[0];
  const title = asked.callingApTitle;
  const info = asked.userInformation as Uint8Array;
  const isCiphered = context?.endsWith("ciphered") === true;
  const channel = isCiphered ? readerOf(info, title as Uint8Array, keys) : undefined;
  const initiate = initiateRequest.decode(new ByteReader(channel?.unprotect(info).plain ?? info, { start: 1 }));
  const security = channel === undefined ? undefined : securityFrom(steps, channel, initiate.dedicatedKey);
  channel?.useDedicatedKey(initiate.dedicatedKey);
  const authentication = mechanism === "lls" ? { mechanism, password: asked.callingAuthenticationValue } : { mechanism, secret: SECRET };
  const options: ClientOptions = {
    clientSap: first.clientSap,
    serverSap: first.serverSap,
    authentication: authentication as Authentication,
    ...(security === undefined ? (title === undefined ? {} : { systemTitle: title }) : { security }),
    ...(context?.startsWith("sn") === true ? { shortNames: true } : {}),
    conformance: initiate.conformance,
    maxPduOctets: initiate.clientMaxReceivePduOctets,
    fixedInvokeId: 1,
    timeoutMs: 2000,
  };
  return { options, challenge: asked.callingAuthenticationValue ?? new Uint8Array(16), channel };
}

function readerOf(info: Uint8Array, clientTitle: Uint8Array, given: SecurityKeys | undefined): SecureChannel {
  const suite = securityHeaderOf(info.subarray(2)).suite as SecuritySuite;
  const keys = { ...(given ?? (suite === 2 ? KEYS_256 : CAPTURE_KEYS)), elliptic: capturedElliptic("S>C", suite) };
  const channel = new SecureChannel({ suite, systemTitle: new Uint8Array(8), keys, sent: memoryCounter() });
  channel.peerSystemTitle = clientTitle;
  return channel;
}

function securityFrom(steps: readonly Step[], { suite, keys, peerSystemTitle }: SecureChannel, dedicatedKey?: Uint8Array): SecurityOptions {
  const [{ apdu: first }] = steps as [Step];
  const info = decodeAll(aarq, first.subarray(1)).userInformation as Uint8Array;
  const systemTitle = peerSystemTitle as Uint8Array;
  const drawn = drawnBy("C>S", steps, { suite, keys, title: systemTitle });
  return {
    suite,
    systemTitle,
    keys: { ...keys, elliptic: { ...capturedElliptic("C>S", suite), sign: recordedSigner("C>S", suite, drawn) } },
    protection: securityHeaderOf(info.subarray(2)).protection ?? "authenticated",
    ...cipheringOf(steps),
    sent: recordedCounters(drawn),
    ...(dedicatedKey === undefined ? {} : { dedicatedKey }),
  };
}

/** From the first requests: some clients change over to the general form behind the proof of HLS. */
function cipheringOf(steps: readonly Step[]): Pick<SecurityOptions, "ciphering" | "proofCiphering" | "signing"> {
  const requests = steps.filter((step) => step.direction === "C>S" && step.apdu[0] !== 0x60);
  const first = requests.find(({ apdu: octets }) => octets[0] !== 0xcb)?.apdu ?? new Uint8Array(0);
  if (first[0] === 0xdf) return { ...cipheringOfTag(decodeAll(generalSigning, first.subarray(1)).content[0]), signing: true };
  const proofTag = requests[0]?.apdu[0];
  return { ...cipheringOfTag(first[0]), ...(proofTag === 0xdb ? { proofCiphering: "general-global" } : {}) };
}

function cipheringOfTag(tag: number | undefined): { ciphering: Ciphering } {
  if (tag === 0xdb) return { ciphering: "general-global" };
  if (tag === 0xdc) return { ciphering: "general-dedicated" };
  return { ciphering: tag !== undefined && tag >= 0xd0 && tag <= 0xd7 ? "dedicated" : "global" };
}

/** What came of a service in a capture. */
export type Recorded = RawGetOutcome | ActionOutcome | DataAccessResult | AccessOutcome;

/** Starts the service that a captured request starts and gives what came of it; requests that only go on are the client's own doing. */
async function perform(client: DlmsClient, { kind, value }: Apdu): Promise<Recorded[]> {
  if (kind === "get-request" && value.kind === "normal") return [await client.getRaw(value.value.attribute, value.value.selection)];
  if (kind === "get-request" && value.kind === "withList") {
    return client.getList(
      value.value.items.map(({ attribute, selection }) => (selection === undefined ? { attribute } : { attribute, selection })),
    );
  }
  if (kind === "set-request" && value.kind === "normal")
    return [await client.set(value.value.attribute, value.value.value, value.value.selection)];
  if (kind === "action-request" && value.kind === "normal") return [await client.action(value.value.method, value.value.parameters)];
  if (kind === "access-request") {
    return client.access(
      value.specifications.map((specification, index) => {
        if (specification.kind === "get") return { kind: "get", attribute: specification.value } as const;
        if (specification.kind === "set")
          return { kind: "set", attribute: specification.value, value: value.values[index] ?? { type: "null-data" } } as const;
        throw new Error(`not in the captures: ${specification.kind}`);
      }),
      { dateTime: value.dateTime },
    );
  }
  if (kind === "read-request") {
    const [variable] = value;
    if (value.length !== 1 || variable?.kind !== "variable-name" || variable.value !== OBJECT_LIST_NAME)
      throw new Error("a READ that is not in the captures");
    return [await client.getRaw(ASSOCIATION_OBJECT_LIST)];
  }
  if (kind === "rlrq") await client.release();
  else if (!isContinuing({ kind, value } as Apdu)) throw new Error(`no service starts with ${kind}`);
  return [];
}

function isContinuing({ kind, value }: Apdu): boolean {
  return kind === "get-request" && value.kind === "next";
}

/** The association's own object lists what our server has, not what the captured one had. */
function isAssociationObject({ kind, value }: Apdu): boolean {
  return kind === "get-request" && value.kind === "normal" && value.value.attribute.classId === 15;
}

/** What our client did in a captured client's place. */
export interface ReplayedClient {
  readonly options: ClientOptions;
  readonly requests: readonly Step[];
  /** What it sent, in hexadecimal. */
  readonly sent: readonly string[];
  /** What came of each service, those about the association's own objects left out. */
  readonly recorded: readonly Recorded[];
  /** The steps of these services. */
  readonly steady: readonly Step[];
  /** What came of each request; nothing of one that asks for the next block of what another began. */
  readonly outcomes: ReadonlyMap<Step, readonly Recorded[]>;
  readonly association: AssociationInfo;
}

/** Has our client hold the captured conversation. */
export async function replayClient(steps: readonly Step[]): Promise<ReplayedClient> {
  const { options, challenge, channel } = optionsFrom(steps);
  const requests = steps.filter((step) => step.direction === "C>S");
  const link = new ReplayLink(steps);
  const client = await connectDlms(link, options, { timers: realTimers, random: { bytes: () => challenge } as never });
  const isHls = MECHANISM_IDS[options.authentication.mechanism] >= 2;
  const recorded: Recorded[] = [];
  const steady: Step[] = steps.slice(0, isHls ? 4 : 2);
  const heard = new Map<Step, readonly Recorded[]>();
  let isOwnObject = false;
  for (const request of requests.slice(isHls ? 2 : 1)) {
    const plain = request.apdu[0] === 0x62 || channel === undefined ? request.apdu : channel.unprotect(request.apdu).plain;
    const asked = decodeAll(apdu, plain);
    const answer = steps[steps.indexOf(request) + 1];
    if (answer?.direction !== "S>C") {
      sayWithoutAnswer(client, link, asked, options);
      continue;
    }
    const outcomes = await perform(client, asked);
    isOwnObject = isAssociationObject(asked) || (isOwnObject && isContinuing(asked));
    if (isOwnObject) continue;
    recorded.push(...outcomes);
    heard.set(request, outcomes);
    steady.push(request, answer);
  }
  return { options, requests, sent: link.sent, recorded, steady, outcomes: heard, association: client.association };
}

/** The captured server was silent, and its client went on: ours would give the link up, so it is asked for the octets alone. */
function sayWithoutAnswer(client: DlmsClient, link: ReplayLink, asked: Apdu, { security, ...options }: ClientOptions): void {
  if (asked.kind !== "rlrq" || security === undefined) {
    perform(client, asked).catch(() => undefined);
    return;
  }
  link.send(encodeReleaseRequest({ ...options, security }, new SecureChannel(security)));
}
