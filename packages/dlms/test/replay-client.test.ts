import { ByteReader, decodeAll, fromHex, toHex } from "@amity/bytes";
import { realTimers } from "@amity/runtime";
import { describe, expect, test } from "vitest";
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
  MECHANISM_IDS,
  securityHeaderOf,
} from "../src/index.ts";
import { SECRET } from "./fixture-meter.ts";
import { exchanges, hasVectors } from "./vectors.ts";

/** Captures whose client does what ours never would, with the reason. */
const LEFT_OUT: Record<string, string> = {
  "gx-w-ecdsa-s1-general-signing": "signatures are drawn at random",
  "gx-w-ecdsa-s1-py": "signatures are drawn at random",
  "gx-w-ecdsa-s1": "signatures are drawn at random",
  "gx-w-ic-replay": "goes on after an exception-response to the AARQ",
  "gx-w-wrong-key": "goes on after an exception-response to the AARQ",
  "gx-w-wrong-password": "goes on after a refused association",
  "gx-w-sn": "short names: replayed elsewhere",
  "gxc-w-gmac-s0": "the server sends an APDU twice in one",
  "gxc-w-high": "the server sends an APDU twice in one",
  "gxc-w-low": "the server sends an APDU twice in one",
  "gxc-w-none": "the server sends an APDU twice in one",
};

interface Step {
  readonly direction: "C>S" | "S>C";
  readonly apdu: Uint8Array;
  readonly clientSap: number;
  readonly serverSap: number;
}

/** One association of a capture: from its AARQ to what ends it. */
function associationsOf(frames: { direction: "C>S" | "S>C"; octets: Uint8Array }[]): Step[][] {
  const readers = { "C>S": new WrapperReader(), "S>C": new WrapperReader() };
  const steps = frames.flatMap(({ direction, octets }) =>
    readers[direction].push(octets).map(({ apdu: body, source, destination }) => ({
      direction,
      apdu: body,
      clientSap: direction === "C>S" ? source : destination,
      serverSap: direction === "C>S" ? destination : source,
    })),
  );
  const groups: Step[][] = [];
  for (const step of steps) {
    if (step.apdu[0] === 0x60) groups.push([]);
    groups.at(-1)?.push(step);
  }
  return groups;
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
  const information = request.kind === "aarq" || request.kind === "rlrq" ? request.value.userInformation : undefined;
  return information !== undefined && (information[0] === 0x21 || information[0] === 0x41) ? information.subarray(2) : undefined;
}

/** From the first request after the association itself. */
function cipheringOf(steps: Step[]): Ciphering {
  const tags = steps.filter((step) => step.direction === "C>S").map((step) => step.apdu[0] ?? 0);
  const tag = tags.find((candidate) => candidate !== 0x60 && candidate !== 0xcb);
  if (tag === 0xdb) return "general-global";
  if (tag === 0xdc) return "general-dedicated";
  return tag !== undefined && tag >= 0xd0 && tag <= 0xd7 ? "dedicated" : "global";
}

/** Starts the service that a captured request starts; requests that only go on with one are the client's own doing. */
async function perform(client: DlmsClient, { kind, value }: Apdu): Promise<void> {
  if (kind === "get-request" && value.kind === "normal") await client.get(value.value.attribute, value.value.selection);
  else if (kind === "get-request" && value.kind === "withList") {
    await client.getList(
      value.value.items.map(({ attribute, selection }) => (selection === undefined ? { attribute } : { attribute, selection })),
    );
  } else if (kind === "set-request" && value.kind === "normal")
    await client.set(value.value.attribute, value.value.value, value.value.selection);
  else if (kind === "action-request" && value.kind === "normal") await client.action(value.value.method, value.value.parameters);
  else if (kind === "access-request") {
    await client.access(
      value.specifications.map((specification, index) => {
        if (specification.kind === "get") return { kind: "get", attribute: specification.value } as const;
        if (specification.kind === "set")
          return { kind: "set", attribute: specification.value, value: value.values[index] ?? { type: "null-data" } } as const;
        throw new Error(`not in the captures: ${specification.kind}`);
      }),
      value.dateTime,
    );
  } else if (kind === "rlrq") await client.release();
  else if (!(kind === "get-request" && value.kind === "next")) throw new Error(`no service starts with ${kind}`);
}

describe.skipIf(!hasVectors)("the client says octet for octet what captured clients said", () => {
  const captures = exchanges(/^gxc?-w-/).filter(({ name }) => LEFT_OUT[name] === undefined);

  test.each(captures)("$name", async ({ frames }) => {
    for (const steps of associationsOf(frames)) {
      const { options, challenge, channel } = optionsFrom(steps);
      const requests = steps.filter((step) => step.direction === "C>S");
      const link = new ReplayLink(steps);
      const client = await connectDlms(link, options, { timers: realTimers, random: { bytes: () => challenge } as never });
      const isHls = MECHANISM_IDS[options.authentication.mechanism] >= 2;
      for (const request of requests.slice(isHls ? 2 : 1)) {
        const plain = request.apdu[0] === 0x62 || channel === undefined ? request.apdu : channel.unprotect(request.apdu).plain;
        await perform(client, decodeAll(apdu, plain));
      }
      const wanted = requests.map((request) => toHex(request.apdu));
      // Some clients release in the clear what we release protected: the rest must be the same.
      const compared = wanted.at(-1)?.startsWith("6203") === true && options.security !== undefined ? wanted.length - 1 : wanted.length;
      expect(link.sent.slice(0, compared)).toEqual(wanted.slice(0, compared));
    }
  });
});
