import { LinkError, SecurityError, UsageError } from "@amity/bytes";
import type { AccessSelection, AttributeDescriptor, MethodDescriptor } from "../apdu/descriptors.ts";
import type { Exchange } from "../apdu/exchange.ts";
import type { DataAccessResult } from "../apdu/results.ts";
import { decodeData, encodeData } from "../data/axdr.ts";
import type { DlmsData } from "../data/dlms-data.ts";
import type { PduLink } from "../link/pdu-link.ts";
import { SecureChannel, protectionOverhead, type ProtectionForm } from "../security/secure-channel.ts";
import { accessExchange } from "./access-exchange.ts";
import type { SecurityOptions } from "../security/security-options.ts";
import { actionExchange } from "./action-exchange.ts";
import { LN_SERVICES } from "../acse/conformance.ts";
import { associateExchange, releaseExchange } from "./associate-exchange.ts";
import { ClientTransport } from "./client-transport.ts";
import { Turns } from "./turns.ts";
import type {
  AccessItem,
  AccessOptions,
  AccessOutcome,
  ActionOutcome,
  AssociationInfo,
  ClientOptions,
  ClientWorld,
  DlmsClient,
  GetOutcome,
  GetRequestItem,
  Notification,
  RawGetOutcome,
  SetRequestItem,
} from "./dlms-client.ts";
import { getExchange, getListExchange } from "./get-exchange.ts";
import { CONFIRMED_HIGH_PRIORITY, notGranted, type ServiceContext } from "./service-context.ts";
import { setExchange, setListExchange } from "./set-exchange.ts";
import {
  OWN_SHORT_NAME,
  hasName,
  shortActionExchange,
  shortGetExchange,
  shortNamesExchange,
  shortSetExchange,
  type NamedTarget,
  type ShortNames,
} from "./short-name-exchange.ts";

/** Invoke ids in turn: 1 to 15. */
const INVOKE_IDS = 15;

const DEFAULTS = {
  timeoutMs: 10_000,
  valueOctetsMax: 4 * 1024 * 1024,
  challengeOctets: 16,
  ecdsaChallengeOctets: 32,
  blockWindow: 8,
} as const;

/**
 * Opens an association over a link and returns the client.
 * @throws SecurityError when authentication, keys or counters do not fit; PeerError when the server refuses or breaks the
 * protocol; LinkError when the link fails or the server does not answer. The link is aborted then.
 */
export async function connectDlms(link: PduLink, options: ClientOptions, world: ClientWorld): Promise<DlmsClient> {
  const client = new AssociationClient(link, options, world);
  try {
    await client.open();
    return client;
  } catch (error) {
    client.abort();
    throw error;
  }
}

class AssociationClient implements DlmsClient {
  readonly #options: ClientOptions;
  readonly #world: ClientWorld;
  readonly #channel: SecureChannel | undefined;
  readonly #transport: ClientTransport;
  #association: AssociationInfo;
  #context: ServiceContext;
  #shortNames: ShortNames | undefined;
  #invokeId = 0;
  /** More than one at a time from the association on, where the caller asks for it. */
  readonly #turns = new Turns(1);

  constructor(link: PduLink, options: ClientOptions, world: ClientWorld) {
    this.#options = options;
    this.#world = world;
    this.#channel = options.security === undefined ? undefined : channelOf(options);
    this.#transport = new ClientTransport(link, {
      saps: { clientSap: options.clientSap, serverSap: options.serverSap ?? 1 },
      timers: world.timers,
      timeoutMs: options.timeoutMs ?? DEFAULTS.timeoutMs,
      channel: this.#channel,
      trace: options.trace,
      hasFixedInvokeId: options.fixedInvokeId !== undefined,
    });
    this.#association = {
      conformance: new Set(options.conformance ?? LN_SERVICES),
      serverMaxPduOctets: 0,
      serverSystemTitle: this.#channel?.peerSystemTitle,
    };
    this.#context = this.#contextOf(this.#association, undefined);
  }

  get association(): AssociationInfo {
    return this.#association;
  }

  get isOpen(): boolean {
    return this.#transport.isOpen;
  }

  async open(): Promise<void> {
    const { security, authentication } = this.#options;
    if (this.#options.preEstablished !== true) {
      const octets = authentication.mechanism === "hls-ecdsa" ? DEFAULTS.ecdsaChallengeOctets : DEFAULTS.challengeOctets;
      // The passes of HLS use the global key whatever comes after: the dedicated one counts from the association on.
      this.#transport.form = security === undefined ? undefined : proofFormOf(security);
      const input = { options: this.#options, channel: this.#channel, challenge: this.#world.random.bytes(octets) };
      this.#association = await this.#run(associateExchange(input, (info) => this.#contextOf(info, this.#transport.form)));
    }
    this.#transport.form = security === undefined ? undefined : formOf(security);
    this.#context = this.#contextOf(this.#association, this.#transport.form);
    if (!this.#association.conformance.has("general-block-transfer")) {
      // Short names have no invoke ids to tell answers apart, and general blocks carry one message at a time.
      if (this.#options.shortNames !== true) this.#turns.atATime = Math.min(this.#options.requestsAtATime ?? 1, INVOKE_IDS);
      return;
    }
    const { serverMaxPduOctets } = this.#association;
    this.#transport.blockTransfer = {
      sendOctetsMax: serverMaxPduOctets === 0 ? 0xffff : serverMaxPduOctets,
      window: this.#options.blockWindow ?? DEFAULTS.blockWindow,
      messageOctetsMax: this.#context.valueOctetsMax,
    };
  }

  async get(attribute: AttributeDescriptor, selection?: AccessSelection): Promise<GetOutcome> {
    const outcome = await this.getRaw(attribute, selection);
    return outcome.kind === "data" ? { kind: "data", data: decodeData(outcome.octets) } : outcome;
  }

  getRaw(attribute: AttributeDescriptor, selection?: AccessSelection): Promise<RawGetOutcome> {
    if (this.#options.shortNames === true) return this.#shortGetRaw(attribute, selection);
    return this.#run(getExchange(this.#context, { attribute, selection }));
  }

  async #shortGetRaw(attribute: AttributeDescriptor, selection: AccessSelection | undefined): Promise<RawGetOutcome> {
    const [outcome] = await this.getList([selection === undefined ? { attribute } : { attribute, selection }]);
    if (outcome === undefined) return { kind: "refused", result: "other-reason" };
    return outcome.kind === "data" ? { kind: "data", octets: encodeData(outcome.data) } : outcome;
  }

  async getList(items: readonly GetRequestItem[]): Promise<GetOutcome[]> {
    if (this.#options.shortNames === true) {
      const targets = items.map(({ attribute }) => attribute);
      return this.#withShortNames(targets, (names) => shortGetExchange(this.#context, names, items));
    }
    if (this.#context.conformance.has("multiple-references") && items.length > 1) {
      return this.#run(getListExchange(this.#context, items));
    }
    const outcomes: GetOutcome[] = [];
    for (const item of items) outcomes.push(await this.get(item.attribute, item.selection));
    return outcomes;
  }

  async set(attribute: AttributeDescriptor, value: DlmsData, selection?: AccessSelection): Promise<DataAccessResult> {
    const item = selection === undefined ? { attribute, value } : { attribute, value, selection };
    if (this.#options.shortNames === true) return (await this.setList([item]))[0] ?? "other-reason";
    return this.#run(setExchange(this.#context, item));
  }

  async setList(items: readonly SetRequestItem[]): Promise<DataAccessResult[]> {
    if (this.#options.shortNames === true) {
      const targets = items.map(({ attribute }) => attribute);
      return this.#withShortNames(targets, (names) => shortSetExchange(this.#context, names, items));
    }
    if (this.#context.conformance.has("multiple-references") && items.length > 1) {
      return this.#run(setListExchange(this.#context, items));
    }
    const results: DataAccessResult[] = [];
    for (const item of items) results.push(await this.set(item.attribute, item.value, item.selection));
    return results;
  }

  action(method: MethodDescriptor, parameters?: DlmsData): Promise<ActionOutcome> {
    if (this.#options.shortNames === true)
      return this.#withShortNames([method], (names) => shortActionExchange(this.#context, names, method, parameters));
    if (!this.#context.conformance.has("action")) return Promise.reject(notGranted("action"));
    return this.#run(actionExchange(this.#context, method, parameters));
  }

  access(items: readonly AccessItem[], options?: AccessOptions): Promise<AccessOutcome[]> {
    if (!this.#context.conformance.has("access")) return Promise.reject(notGranted("access"));
    return this.#run(accessExchange(this.#context, items, options));
  }

  onNotification(listener: (notification: Notification) => void): void {
    this.#transport.onNotification = listener;
  }

  async release(): Promise<void> {
    if (this.#transport.isOpen && this.#options.preEstablished !== true) {
      // Some servers answer an RLRQ with octets that nobody can read: any answer ends the association.
      this.#turns.atATime = 1;
      await this.#run(releaseExchange(this.#options, this.#channel)).catch(() => undefined);
    }
    this.#transport.close();
  }

  abort(): void {
    this.#transport.abort();
  }

  /** The names are read once, with the first service that needs them. */
  #withShortNames<T>(targets: readonly NamedTarget[], exchange: (names: ShortNames) => Exchange<T>): Promise<T> {
    return this.#run(this.#namedExchange(targets, exchange));
  }

  *#namedExchange<T>(targets: readonly NamedTarget[], exchange: (names: ShortNames) => Exchange<T>): Exchange<T> {
    if (targets.every((target) => hasName(OWN_SHORT_NAME, target))) return yield* exchange(OWN_SHORT_NAME);
    this.#shortNames ??= yield* shortNamesExchange(this.#context);
    return yield* exchange(this.#shortNames);
  }

  /** Holds the conversation when its turn has come. */
  async #run<T>(exchange: Exchange<T>): Promise<T> {
    const turn = this.#turns.take();
    if (turn !== undefined) await turn;
    try {
      let step = exchange.next();
      while (step.done !== true) step = exchange.next(await this.#transport.exchange(step.value));
      return step.value;
    } catch (error) {
      // After a refused counter or a broken answer nobody knows what the peer thinks: the link goes with it.
      if (error instanceof SecurityError) this.#transport.fail(error);
      throw error;
    } finally {
      this.#turns.pass();
    }
  }

  #contextOf(info: AssociationInfo, form: ProtectionForm | undefined): ServiceContext {
    // 0 stands for no limit; what the link below carries still has one.
    const limit = info.serverMaxPduOctets === 0 ? 0xffff : info.serverMaxPduOctets;
    return {
      conformance: info.conformance,
      sendOctetsMax: limit - protectionOverhead(form),
      hasGeneralBlocks: info.conformance.has("general-block-transfer"),
      valueOctetsMax: this.#options.valueOctetsMax ?? DEFAULTS.valueOctetsMax,
      nextInvokeId: () => {
        if (!this.#transport.isOpen) throw new LinkError("the association is closed", { code: "closed" });
        this.#invokeId = this.#options.fixedInvokeId ?? (this.#invokeId % INVOKE_IDS) + 1;
        return CONFIRMED_HIGH_PRIORITY | this.#invokeId;
      },
    };
  }
}

function proofFormOf({ proofCiphering, protection }: SecurityOptions): ProtectionForm {
  return { ciphering: proofCiphering ?? "global", protection };
}

function formOf({ ciphering, protection, keyInfo, authenticatesIv, signing }: SecurityOptions): ProtectionForm {
  return {
    ciphering,
    protection,
    ...(keyInfo === undefined ? {} : { keyInfo }),
    ...(authenticatesIv === true ? { authenticatesIv } : {}),
    ...(signing === true ? { signed: true } : {}),
  };
}

function channelOf(options: ClientOptions): SecureChannel {
  const { security } = options;
  if (security === undefined) throw new UsageError("no security options", { code: "security" });
  const dedicated = security.ciphering === "dedicated" || security.ciphering === "general-dedicated";
  if (dedicated && security.dedicatedKey === undefined) {
    throw new UsageError(`${security.ciphering} ciphering needs a dedicated key`, { code: "security" });
  }
  const channel = new SecureChannel({ ...security, demanded: security.protection });
  channel.peerSystemTitle = security.peerSystemTitle;
  channel.useDedicatedKey(security.dedicatedKey);
  return channel;
}
