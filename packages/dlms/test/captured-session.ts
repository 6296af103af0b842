import { ByteReader, decodeAll, fromHex, toHex } from "@amity/bytes";
import { realTimers } from "@amity/runtime";
import {
  SecureChannel,
  WrapperReader,
  aarq,
  apdu,
  applicationContextOf,
  connectDlms,
  initiateRequest,
  mechanismIdOf,
  memoryCounter,
  type Apdu,
  type Authentication,
  type Ciphering,
  type ClientOptions,
  type DlmsClient,
  type InvocationCounter,
  type PduLink,
  type PduLinkHandlers,
  type SecurityKeys,
  type SecurityOptions,
  ACCESS,
  MECHANISM_IDS,
  memoryReceivedCounter,
  securityHeaderOf,
  type AccessOutcome,
  type ActionOutcome,
  type AssociationDefinition,
  type CompiledModel,
  type DataAccessRefusal,
  type DataAccessResult,
  type LogicalDevice,
  type Obis,
  type RawGetOutcome,
  type ReadOutcome,
} from "../src/index.ts";
import { SECRET } from "./fixture-meter.ts";
import { decodeFrame, FLAG } from "../src/hdlc/frame.ts";
import { withoutLlc } from "../src/hdlc/llc.ts";
import type { Exchange } from "./vectors.ts";

/** One APDU of a capture. */
export interface Step {
  readonly direction: "C>S" | "S>C";
  readonly apdu: Uint8Array;
  readonly clientSap: number;
  readonly serverSap: number;
}

/** The associations of a capture, over the wrapper or over HDLC: each from its AARQ to what ends it. */
export function associationsOf(frames: Exchange["frames"]): Step[][] {
  const groups: Step[][] = [];
  for (const step of frames.some(({ octets }) => octets[0] === FLAG) ? hdlcSteps(frames) : wrapperSteps(frames)) {
    if (step.apdu[0] === 0x60) groups.push([]);
    groups.at(-1)?.push(step);
  }
  return groups;
}

function wrapperSteps(frames: Exchange["frames"]): Step[] {
  const readers = { "C>S": new WrapperReader(), "S>C": new WrapperReader() };
  return frames.flatMap(({ direction, octets }) =>
    readers[direction].push(octets).map(({ apdu: body, source, destination }) => ({
      direction,
      apdu: body,
      clientSap: direction === "C>S" ? source : destination,
      serverSap: direction === "C>S" ? destination : source,
    })),
  );
}

/** The APDUs in the I frames, put together from their segments. */
function hdlcSteps(frames: Exchange["frames"]): Step[] {
  const pieces: Record<Step["direction"], Uint8Array[]> = { "C>S": [], "S>C": [] };
  // Mode E begins with lines of text.
  const framed = frames.filter(({ octets }) => octets[0] === FLAG);
  return framed.flatMap(({ direction, octets }) => {
    const { control, information, segmented, source, destination } = decodeFrame(octets);
    if (control.kind !== "i") return [];
    pieces[direction].push(information);
    if (segmented) return [];
    const message = Uint8Array.from(Buffer.concat(pieces[direction]));
    pieces[direction] = [];
    const [client, server] = direction === "C>S" ? [source, destination] : [destination, source];
    return [{ direction, apdu: withoutLlc(message), clientSap: client.upper, serverSap: server.upper }];
  });
}

/** Says what the capture said and holds what it hears against it. */
class ReplayLink implements PduLink {
  readonly backlog = 0;
  readonly sent: string[] = [];
  readonly #steps: Step[];
  #handlers: PduLinkHandlers | undefined;
  #at = 0;

  constructor(steps: Step[]) {
    this.#steps = steps;
  }

  bind(handlers: PduLinkHandlers): void {
    this.#handlers = handlers;
  }

  send(octets: Uint8Array): void {
    this.sent.push(toHex(octets));
    this.#at++;
    while (this.#steps[this.#at]?.direction === "S>C") {
      const { apdu: answer, clientSap, serverSap } = this.#steps[this.#at++] as Step;
      queueMicrotask(() => this.#handlers?.apdu(answer, { clientSap, serverSap }));
    }
  }

  close(): void {}
  abort(): void {}
  drained(): Promise<void> {
    return Promise.resolve();
  }
}

const KEYS_128: SecurityKeys = {
  encryptionKey: fromHex("000102030405060708090A0B0C0D0E0F"),
  authenticationKey: fromHex("D0D1D2D3D4D5D6D7D8D9DADBDCDDDEDF"),
};
const KEYS_256: SecurityKeys = {
  encryptionKey: Uint8Array.from({ length: 32 }, (_, index) => index),
  authenticationKey: Uint8Array.from({ length: 32 }, (_, index) => 0xd0 + index),
};

/** The options with which a client says what this capture's client said; and its challenge. */
function optionsFrom(steps: Step[]): { options: ClientOptions; challenge: Uint8Array; channel: SecureChannel | undefined } {
  const first = steps[0] as Step;
  const asked = decodeAll(aarq, first.apdu.subarray(1));
  const context = applicationContextOf(asked.applicationContextName);
  const id = asked.mechanismName === undefined ? 0 : mechanismIdOf(asked.mechanismName);
  const mechanism = Object.entries(MECHANISM_IDS).find(([, value]) => value === id)?.[0];
  const info = asked.userInformation as Uint8Array;
  let security: SecurityOptions | undefined;
  let channel: SecureChannel | undefined;
  let plain = info;
  if (context?.endsWith("ciphered") === true) {
    const header = securityHeaderOf(info.subarray(2));
    const keys = header.suite === 2 ? KEYS_256 : KEYS_128;
    const suite = header.suite as 0 | 1 | 2;
    channel = new SecureChannel({ suite, systemTitle: new Uint8Array(8), keys, sent: memoryCounter() });
    channel.peerSystemTitle = asked.callingApTitle;
    plain = channel.unprotect(info).plain;
    security = {
      suite,
      systemTitle: asked.callingApTitle as Uint8Array,
      keys,
      protection: header.protection ?? "authenticated",
      ciphering: cipheringOf(steps),
      sent: recordedCounters(steps, channel),
    };
  }
  const initiate = initiateRequest.decode(new ByteReader(plain, { start: 1 }));
  if (security !== undefined && initiate.dedicatedKey !== undefined) security = { ...security, dedicatedKey: initiate.dedicatedKey };
  channel?.useDedicatedKey(initiate.dedicatedKey);
  const authentication = mechanism === "lls" ? { mechanism, password: asked.callingAuthenticationValue } : { mechanism, secret: SECRET };
  return {
    options: {
      clientSap: first.clientSap,
      serverSap: first.serverSap,
      authentication: authentication as Authentication,
      ...(security === undefined ? (asked.callingApTitle === undefined ? {} : { systemTitle: asked.callingApTitle }) : { security }),
      conformance: initiate.conformance,
      maxPduOctets: initiate.clientMaxReceivePduOctets,
      fixedInvokeId: 1,
      timeoutMs: 2000,
    },
    challenge: asked.callingAuthenticationValue ?? new Uint8Array(16),
    channel,
  };
}

/** The counters that the captured client used, its GMAC answer's included: some draw one where others draw two. */
function recordedCounters(steps: Step[], opened: SecureChannel): InvocationCounter {
  const counters: number[] = [];
  const reader = new SecureChannel({ suite: opened.suite, systemTitle: new Uint8Array(8), keys: opened.keys, sent: memoryCounter() });
  reader.peerSystemTitle = opened.peerSystemTitle;
  for (const { direction, apdu: octets } of steps) {
    if (direction !== "C>S") continue;
    const request = decodeAll(apdu, octets);
    if (request.kind === "glo-action-request" && counters.length === 1) {
      const plain = decodeAll(apdu, reader.unprotect(octets).plain);
      const parameters = plain.kind === "action-request" && plain.value.kind === "normal" ? plain.value.value.parameters : undefined;
      if (parameters?.type === "octet-string" && parameters.value.length === 17)
        counters.push(securityHeaderOf(parameters.value).invocationCounter);
    }
    const content = contentOf(request);
    if (content !== undefined) counters.push(securityHeaderOf(content).invocationCounter);
  }
  return { next: () => counters.shift() ?? 0xffff_0000 };
}

function contentOf(request: Apdu): Uint8Array | undefined {
  if (request.value instanceof Uint8Array) return request.value;
  if (request.kind === "general-glo-ciphering" || request.kind === "general-ded-ciphering") return request.value.content;
  const information =
    request.kind === "aarq" || request.kind === "aare" || request.kind === "rlrq" ? request.value.userInformation : undefined;
  return information !== undefined && (information[0] === 0x21 || information[0] === 0x28) ? information.subarray(2) : undefined;
}

/** From the first request after the association itself. */
function cipheringOf(steps: Step[]): Ciphering {
  const tags = steps.filter((step) => step.direction === "C>S").map((step) => step.apdu[0] ?? 0);
  const tag = tags.find((candidate) => candidate !== 0x60 && candidate !== 0xcb);
  if (tag === 0xdb) return "general-global";
  if (tag === 0xdc) return "general-dedicated";
  return tag !== undefined && tag >= 0xd0 && tag <= 0xd7 ? "dedicated" : "global";
}

type Recorded = RawGetOutcome | ActionOutcome | DataAccessResult | AccessOutcome;

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
  if (kind === "rlrq") await client.release();
  else if (!(kind === "get-request" && value.kind === "next")) throw new Error(`no service starts with ${kind}`);
  return [];
}

/** The association's own object lists what our server has, not what the captured one had. */
function isAssociationObject({ kind, value }: Apdu): boolean {
  return kind === "get-request" && value.kind === "normal" && value.value.attribute.classId === 15;
}

/** Has our client hold the captured conversation. */
export async function replayClient(steps: Step[]) {
  const { options, challenge, channel } = optionsFrom(steps);
  const requests = steps.filter((step) => step.direction === "C>S");
  const link = new ReplayLink(steps);
  const client = await connectDlms(link, options, { timers: realTimers, random: { bytes: () => challenge } as never });
  const isHls = MECHANISM_IDS[options.authentication.mechanism] >= 2;
  const recorded: Recorded[] = [];
  const steady: Step[] = steps.slice(0, isHls ? 4 : 2);
  let isOwnObject = false;
  for (const request of requests.slice(isHls ? 2 : 1)) {
    const plain = request.apdu[0] === 0x62 || channel === undefined ? request.apdu : channel.unprotect(request.apdu).plain;
    const asked = decodeAll(apdu, plain);
    const outcomes = await perform(client, asked);
    isOwnObject = isAssociationObject(asked) || (isOwnObject && asked.kind === "get-request" && asked.value.kind === "next");
    if (isOwnObject) continue;
    recorded.push(...outcomes);
    steady.push(...steps.slice(steps.indexOf(request), steps.indexOf(request) + 2));
  }
  return { options, requests, sent: link.sent, recorded, steady, association: client.association };
}

/** The counters of the captured server, that of its GMAC answer included. */
function serverCounters(steps: Step[], keys: SecurityKeys, suite: 0 | 1 | 2, clientTitle: Uint8Array): InvocationCounter {
  const counters: number[] = [];
  const reader = new SecureChannel({ suite, systemTitle: clientTitle, keys, sent: memoryCounter() });
  for (const { direction, apdu: octets } of steps) {
    if (direction !== "S>C" || octets[0] === 0x63) continue;
    const answer = decodeAll(apdu, octets);
    if (answer.kind === "aare") reader.peerSystemTitle = answer.value.respondingApTitle;
    if (answer.kind === "glo-action-response" && counters.length === 1) {
      const plain = decodeAll(apdu, reader.unprotect(octets).plain);
      const item = plain.kind === "action-response" && plain.value.kind === "normal" ? plain.value.value.response.returned : undefined;
      if (item?.kind === "data" && item.value.type === "octet-string" && item.value.value.length === 17) {
        counters.push(securityHeaderOf(item.value.value).invocationCounter);
      }
    }
    const content = contentOf(answer);
    if (content !== undefined) counters.push(securityHeaderOf(content).invocationCounter);
  }
  return { next: () => counters.shift() ?? 0xffff_0000 };
}

/** Everybody may do everything: what was refused in the capture is refused by what was recorded. */
function openModel(association: AssociationDefinition): CompiledModel {
  const everything = { everybody: ACCESS.readWrite };
  const objectOf = (classId: number, instanceId: Obis) => ({
    classId,
    version: 0,
    instanceId,
    attributes: Array.from({ length: 20 }, (_, index) => ({ id: index + 1, access: everything, selectors: [1, 2] })),
    methods: Array.from({ length: 10 }, (_, index) => ({ id: index + 1, access: everything })),
  });
  let last: ReturnType<typeof objectOf> | undefined;
  const byName = (instanceId: Obis) => (last?.instanceId === instanceId ? last : undefined);
  return {
    associations: [association],
    objects: [],
    association: () => association,
    object: (classId, instanceId) => objectOf(classId, instanceId),
    byName: (instanceId) => byName(instanceId) ?? (last = objectOf(CLASS_OF[instanceId] ?? 1, instanceId)),
  };
}

const CLASS_OF: Record<string, number> = {
  "0-0:1.0.0.255": 8,
  "1-0:99.1.0.255": 7,
  "1-0:1.8.0.255": 3,
  "0-0:96.3.10.255": 70,
  "0-0:44.0.0.255": 18,
};

function readOutcome(recorded: Recorded | undefined): ReadOutcome {
  if (typeof recorded !== "object") throw new Error("a read where the capture had none");
  if (recorded.kind === "refused") return { kind: "refused", result: recorded.result as DataAccessRefusal };
  if (recorded.kind === "data") return "octets" in recorded ? { kind: "encoded", octets: recorded.octets } : recorded;
  return recorded.data === undefined ? { kind: "data", data: { type: "null-data" } } : { kind: "data", data: recorded.data };
}

function resultOf(recorded: Recorded | undefined): DataAccessResult {
  if (typeof recorded === "string") return recorded;
  return recorded?.kind === "done" ? "success" : "other-reason";
}

/** A meter that answers what the captured one answered, with its counters and its challenge. */
export function capturedMeter(replayed: Awaited<ReturnType<typeof replayClient>>): { device: LogicalDevice; challenge: Uint8Array } {
  const { options, recorded, association: agreed, steady: steps } = replayed;
  const aareStep = steps[1] as Step;
  const answered = decodeAll(apdu, aareStep.apdu);
  if (answered.kind !== "aare") throw new Error("no AARE");
  const { security } = options;
  const general = security?.ciphering.startsWith("general") === true;
  const association: AssociationDefinition = {
    clientSap: options.clientSap,
    role: "everybody",
    mechanism: options.authentication.mechanism,
    conformance: [...agreed.conformance],
    maxPduOctets: agreed.serverMaxPduOctets,
    // The captured server cut its blocks a little short when ciphering.
    sendPduOctetsMax: security === undefined ? 1024 : security.protection === "encrypted" ? 1011 : general ? 1032 : 1023,
  };
  const queue = [...recorded];
  const device: LogicalDevice = {
    model: openModel(association),
    systemTitle: answered.value.respondingApTitle ?? new Uint8Array(8),
    secret: () => ("password" in options.authentication ? options.authentication.password : SECRET),
    security: () =>
      security === undefined
        ? undefined
        : {
            suite: security.suite,
            keys: security.keys,
            sent: serverCounters(steps, security.keys, security.suite, security.systemTitle),
            received: memoryReceivedCounter(),
          },
    read: () => readOutcome(queue.shift()),
    write: () => resultOf(queue.shift()),
    invoke: () => {
      const outcome = queue.shift();
      return typeof outcome === "object" && outcome.kind === "done" ? outcome : { kind: "refused", result: "other-reason" };
    },
  };
  const shared = device.security?.(options.clientSap);
  const steady = shared === undefined ? device : { ...device, security: () => shared };
  const challenge = answered.value.respondingAuthenticationValue ?? new Uint8Array(16);
  return { device: steady, challenge };
}
