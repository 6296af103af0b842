import { AmityError, toHex } from "@amity/bytes";
import type { Certificate, EllipticKeyPair, KeyUsage } from "@amity/crypto";
import {
  SecureChannel,
  confirmationOf,
  objectOf,
  protectPush,
  readNotification,
  obisToOctets,
  parseObis,
  data,
  type AccessSelection,
  type AssociationChange,
  type AssociationChanges,
  type AssociationSecurity,
  type AttributeDescriptor,
  type CompiledModel,
  type CosemDevice,
  type DataGuard,
  type DlmsData,
  type EllipticKeys,
  type DataAccessResult,
  type InvokeOutcome,
  type KeyCandidate,
  type LogicalDevice,
  type MethodDescriptor,
  type ReadOutcome,
  type ReceivedCounter,
  type RequestContext,
  type SecurityKeys,
} from "@amity/dlms";
import type { Address, Clock } from "@amity/runtime";
import type { MeterKeys } from "../keys.ts";
import { readToken } from "../payment-token.ts";
import { keySets, masterKeys, type KeySet } from "../key-transfer.ts";
import type { MeterOperation } from "../metrology/operations.ts";
import type { SimulatedMeter } from "../simulated-meter.ts";
import type { TimeBase } from "./civil-time.ts";
import { switchedOff } from "./function-control.ts";
import { meterDataGuard } from "./data-guard.ts";
import { ImageTransfer } from "./image-transfer.ts";
import type { ObjectContext } from "./meter-object.ts";
import { EXTRA_CLIENTS, LOGICAL_DEVICES, SECURITY_SETUPS, securitySetupOf } from "./associations.ts";
import { logicalDeviceName, systemTitleOf } from "./identity.ts";
import type { MeterModel } from "./meter-model.ts";
import { pushMessage } from "./push-message.ts";
import { pushSettings } from "./push-settings.ts";
import { changesOfAssociation, keptChange } from "./changed-associations.ts";
import { openSecret, sealSecret } from "./client-secrets.ts";
import { logicalDeviceAt } from "./sap-assignment-object.ts";
import { securityPolicyOf } from "./security-setup-object.ts";
import { clientKey } from "./stored-certificates.ts";
import { timeBaseOf } from "./time-base.ts";

export interface MeterDeviceParts {
  readonly meter: SimulatedMeter;
  readonly model: MeterModel;
  /** Asked for when a session begins: a fleet derives them rather than hold them. */
  readonly keys: () => MeterKeys;
  /** With suite 1 or 2: the meter's key pair of that generation, and whose signature it trusts. */
  readonly keyPair?: (usage: KeyUsage | "ephemeral", generation: number) => EllipticKeyPair;
  readonly authority?: () => Certificate;
  readonly clock: Pick<Clock, "nowMs">;
  readonly servedAt?: () => Address | undefined;
  /** Called with everything that changes the meter, before it is answered: a journal may make it last. */
  readonly remember?: (operation: MeterOperation) => void | Promise<void>;
}

/** The DLMS face of one meter: its logical devices (SAP 1, and the account at 17) answer from the meter's state. Holds a few dozen octets of its own. */
export class MeterDevice implements CosemDevice, LogicalDevice {
  readonly meter: SimulatedMeter;
  readonly model: CompiledModel;
  readonly systemTitle: Uint8Array;
  readonly #parts: MeterDeviceParts;
  readonly #base: TimeBase;
  #sentCounter: number | undefined;
  /** Counters of the clients that cipher. */
  #received: Map<number, LastCounter> | undefined;
  #image: ImageTransfer | undefined;
  #pushes = 0;
  /** The last counter of a confirmed push: the receiver's counter has its own way here, beside its associations. */
  #confirmations: LastCounter | undefined;
  #dataGuard: DataGuard | undefined;

  constructor(parts: MeterDeviceParts) {
    const { meter, model } = parts;
    const { type } = meter.surroundings;
    this.#parts = parts;
    this.meter = meter;
    this.model = model.compiled;
    this.systemTitle = systemTitleOf(type, meter.plan.serial);
    this.#base = timeBaseOf(meter);
  }

  logicalDevice(serverSap: number): LogicalDevice | undefined {
    const device = logicalDeviceAt(this.meter, serverSap);
    if (device === LOGICAL_DEVICES.management) return this;
    const model = device === undefined ? undefined : this.#parts.model.logicalDevices.get(device);
    return device === undefined || model === undefined ? undefined : this.#beside(device, model);
  }

  /** Another logical device over the same meter: its own name, objects and associations, the same keys and counters. */
  #beside(serverSap: number, model: CompiledModel): LogicalDevice {
    const { type } = this.meter.surroundings;
    const name = data.octets(new TextEncoder().encode(logicalDeviceName(type, this.meter.plan.serial, serverSap)));
    return {
      model,
      systemTitle: this.systemTitle,
      secret: (clientSap) => this.secret(clientSap),
      security: (clientSap, clientSystemTitle) => this.security(clientSap, clientSystemTitle),
      securityPolicy: (clientSap) => this.securityPolicy(clientSap),
      changeSecret: (clientSap, secret) => this.changeSecret(clientSap, secret),
      associationChanges: (clientSap) => changesOfAssociation(this.meter, serverSap, clientSap),
      changeAssociation: (clientSap, change) => this.#changeAssociation({ serverSap, clientSap, change }),
      read: (attribute, selection, context) =>
        attribute.instanceId === DEVICE_NAME && attribute.attributeId === 2
          ? { kind: "data", data: name }
          : this.read(attribute, selection, context),
      write: (attribute, value, selection, context) => this.write(attribute, value, selection, context),
      invoke: (method, parameters, context) => this.invoke(method, parameters, context),
    };
  }

  secret(clientSap: number): Uint8Array | undefined {
    const changed = this.meter.functionsIfAny?.secrets?.get(clientSap);
    const keys = this.keys();
    if (changed !== undefined) return openSecret(keys.storageKey, changed);
    if (clientSap === this.#parts.model.type.clients.reading) return keys.readingPassword;
    return clientSap === EXTRA_CLIENTS.firmware ? keys.firmwareSecret : undefined;
  }

  async changeSecret(clientSap: number, secret: Uint8Array): Promise<boolean> {
    if (secret.length < SECRET_OCTETS.least || secret.length > SECRET_OCTETS.most) return false;
    const wrapped = sealSecret(this.keys().storageKey, secret);
    return this.perform({ kind: "changeSecret", atMs: this.advance(), clientSap, wrapped });
  }

  associationChanges(clientSap: number): AssociationChanges | undefined {
    return changesOfAssociation(this.meter, LOGICAL_DEVICES.management, clientSap);
  }

  changeAssociation(clientSap: number, change: AssociationChange): Promise<boolean> {
    return this.#changeAssociation({ serverSap: LOGICAL_DEVICES.management, clientSap, change });
  }

  async #changeAssociation(asked: { serverSap: number; clientSap: number; change: AssociationChange }): Promise<boolean> {
    const { serverSap, clientSap } = asked;
    const change = keptChange(this.meter, asked);
    if (change === undefined) return false;
    return this.perform({ kind: "changeAssociation", atMs: this.advance(), clientSap, serverSap, change });
  }

  securityPolicy(clientSap: number): number {
    return securityPolicyOf(this.meter, securitySetupOf(this.model.association(clientSap)));
  }

  security(clientSap: number, clientSystemTitle?: Uint8Array): AssociationSecurity | undefined {
    const definition = this.model.association(clientSap);
    if (definition?.ciphered !== true) return undefined;
    const { securitySuite: suite } = this.meter.surroundings.type;
    const setup = securitySetupOf(definition);
    const elliptic = this.ellipticKeys(clientSystemTitle);
    const candidate = ({ keys: { encryptionKey, authenticationKey, masterKey }, generation, settles }: KeySet): KeyCandidate => ({
      keys: { encryptionKey, authenticationKey, masterKey, ...(elliptic === undefined ? {} : { elliptic }) },
      received: this.#receivedOf(clientSap, generation),
      ...(settles === undefined ? {} : { proved: () => this.#settleKeys(setup, settles) }),
    });
    const [newest, ...before] = this.#keySets(setup);
    const others = before.length === 0 ? {} : { others: before.map(candidate) };
    return { suite, ...candidate(newest), ...others, sent: { next: () => this.#nextCounter() } };
  }

  /** Own private keys, and the public ones of this client, or of the one whose certificate came last; `undefined` in suite 0. */
  ellipticKeys(clientSystemTitle?: Uint8Array): EllipticKeys | undefined {
    if (this.meter.surroundings.type.securitySuite === 0) return undefined;
    const [signing, agreement] = [this.keyPair("digital-signature"), this.keyPair("key-agreement")];
    const peerSigningPublic = clientKey(this.meter, this.systemTitle, { usage: "digital-signature", clientSystemTitle });
    const peerAgreementPublic = clientKey(this.meter, this.systemTitle, { usage: "key-agreement", clientSystemTitle });
    return {
      ...(signing === undefined ? {} : { signingPrivate: signing.privateScalar }),
      ...(agreement === undefined ? {} : { agreementPrivate: agreement.privateScalar }),
      ...(peerSigningPublic === undefined ? {} : { peerSigningPublic }),
      ...(peerAgreementPublic === undefined ? {} : { peerAgreementPublic }),
    };
  }

  /** The meter's own key pair that counts, or the newest; `undefined` in suite 0. */
  keyPair(usage: KeyUsage, which: "active" | "newest" = "active"): EllipticKeyPair | undefined {
    return this.#parts.keyPair?.(usage, this.meter.functionsIfAny?.keyGenerations[usage][which] ?? 0);
  }

  /** Counters belong to a key: each generation has its own. */
  #receivedOf(clientSap: number, generation: number): LastCounter {
    this.#received ??= new Map();
    const place = generation * CLIENT_SAPS + clientSap;
    const known = this.#received.get(place);
    if (known !== undefined) return known;
    const counter = new LastCounter();
    this.#received.set(place, counter);
    return counter;
  }

  /** The newest keys of security setup n: the factory's, and what was transferred or agreed on since. */
  keys(setup: number = SECURITY_SETUPS.management): MeterKeys {
    return this.#keySets(setup)[0].keys;
  }

  /** Those that a client has shown to have: what the meter sends of itself goes under them. */
  #provedKeys(): MeterKeys {
    const sets = this.#keySets(SECURITY_SETUPS.management);
    return (sets.at(-1) ?? sets[0]).keys;
  }

  #keySets(setup: number): readonly [KeySet, ...KeySet[]] {
    const factory = this.#parts.keys();
    const transfers = this.meter.keyTransfers.filter((transfer) => transfer.setup === setup);
    return transfers.length === 0 ? [{ keys: factory, generation: 0 }] : keySets(factory, transfers);
  }

  /** A crash before it is on disk leaves both sets valid: the next proof settles it again. */
  #settleKeys(setup: number, settles: { readonly proved: readonly number[]; readonly dropped: readonly number[] }): void {
    this.perform({ kind: "settleKeys", atMs: this.advance(), setup, ...settles }).catch(() => undefined);
    const generations = new Set(this.#keySets(setup).map(({ generation }) => generation));
    for (const place of this.#received?.keys() ?? []) {
      const isOfSetup = securitySetupOf(this.model.association(place % CLIENT_SAPS)) === setup;
      if (isOfSetup && !generations.has(Math.floor(place / CLIENT_SAPS))) this.#received?.delete(place);
    }
  }

  read(attribute: AttributeDescriptor, selection: AccessSelection | undefined, context: RequestContext): ReadOutcome {
    const object = this.#parts.model.object(attribute.instanceId);
    if (object === undefined) return { kind: "refused", result: "object-undefined" };
    if (attribute.attributeId === 1) return { kind: "data", data: data.octets(obisToOctets(attribute.instanceId)) };
    return object.read(attribute.attributeId, this.#context(context), selection);
  }

  async write(
    attribute: AttributeDescriptor,
    value: DlmsData,
    _selection: AccessSelection | undefined,
    context: RequestContext,
  ): Promise<DataAccessResult> {
    const object = this.#parts.model.object(attribute.instanceId);
    return (await object?.write?.(attribute.attributeId, value, this.#context(context))) ?? "read-write-denied";
  }

  async invoke(method: MethodDescriptor, parameters: DlmsData | undefined, context: RequestContext): Promise<InvokeOutcome> {
    const object = this.#parts.model.object(method.instanceId);
    if (switchedOff(this.meter).has(method.instanceId)) return { kind: "refused", result: "object-unavailable" };
    return (await object?.invoke?.(method.methodId, parameters, this.#context(context))) ?? { kind: "refused", result: "object-undefined" };
  }

  /** Lets something happen to the meter and remembers it. @returns false where the meter's state does not allow it. */
  async perform(operation: MeterOperation): Promise<boolean> {
    if (!this.meter.apply(operation)) return false;
    await this.#parts.remember?.(operation);
    return true;
  }

  /** Whether the meter does things that are noticed outside, in its own time. */
  get actsByItself(): boolean {
    return this.#parts.model.behaviour.actsOutside(this.meter);
  }

  /** The Data-Notification of push setup n (0-n:25.9.0) as its objects read at an instant, in the clear. */
  pushMessage(setup: number, atMs: number, isConfirmed: boolean): Uint8Array {
    this.#pushes = (this.#pushes + 1) & 0x00ff_ffff;
    return pushMessage(this.#parts.model, this.meter, { setup, atMs, invokeId: this.#pushes, isConfirmed });
  }

  /** A push as its setup wants it protected. @throws SecurityError `no-key` where it wants a key that the meter has not. */
  protectPush(setup: number, plain: Uint8Array): Uint8Array {
    const { layers, recipientTitle } = pushSettings(this.meter, setup).protection;
    const sent = { next: () => this.#nextCounter() };
    const protector = { suite: this.meter.surroundings.type.securitySuite, systemTitle: this.systemTitle, sent };
    return protectPush(plain, layers, {
      ...protector,
      keys: this.#keysToward(recipientTitle),
      ...(recipientTitle === undefined ? {} : { recipientTitle }),
    });
  }

  /**
   * Whether what came back confirms a push (its data-notification before it was protected): under a protection, where the push has one,
   * or anybody could make the meter believe that it was heard.
   */
  confirmsPush(setup: number, plain: Uint8Array, answer: Uint8Array): boolean {
    const expected = confirmationOf(readNotification(plain));
    const { layers, recipientTitle } = pushSettings(this.meter, setup).protection;
    try {
      const opened = layers.some(({ kind }) => kind === "ciphered") ? this.#openConfirmation(answer, recipientTitle) : answer;
      return opened !== undefined && expected !== undefined && toHex(opened) === toHex(expected);
    } catch (error) {
      if (error instanceof AmityError) return false;
      throw error;
    }
  }

  #openConfirmation(answer: Uint8Array, recipientTitle: Uint8Array | undefined): Uint8Array | undefined {
    this.#confirmations ??= new LastCounter();
    const channel = new SecureChannel({
      suite: this.meter.surroundings.type.securitySuite,
      systemTitle: this.systemTitle,
      keys: this.#keysToward(recipientTitle),
      sent: { next: () => this.#nextCounter() },
      received: this.#confirmations,
      demanded: "authenticated",
    });
    channel.peerSystemTitle = recipientTitle;
    const { plain, form } = channel.unprotect(answer);
    return form === undefined ? undefined : plain;
  }

  #keysToward(peerTitle: Uint8Array | undefined): SecurityKeys {
    const { encryptionKey, authenticationKey, masterKey } = this.#provedKeys();
    const elliptic = this.ellipticKeys(peerTitle);
    return { encryptionKey, authenticationKey, masterKey, ...(elliptic === undefined ? {} : { elliptic }) };
  }

  #guard(): DataGuard {
    return (this.#dataGuard ??= meterDataGuard({
      suite: this.meter.surroundings.type.securitySuite,
      systemTitle: this.systemTitle,
      keysOf: (peerTitle) => this.#keysToward(peerTitle),
      sent: { next: () => this.#nextCounter() },
    }));
  }

  /** The time now; what the meter had to do by itself until then is done. A wall clock that was set back must not bring operations out of order. */
  advance(): number {
    const nowMs = Math.max(this.#parts.clock.nowMs(), this.meter.lastOperationMs);
    this.meter.advance(nowMs);
    return nowMs;
  }

  #context({ clientSap, clientSystemTitle, conformance, role, association }: RequestContext): ObjectContext {
    return {
      meter: this.meter,
      base: this.#base,
      nowMs: this.advance(),
      clientSap,
      role,
      seen: (name) => objectOf(this, association, name),
      servedAt: this.#parts.servedAt?.(),
      clientSystemTitle,
      takesDeltas: conformance.has("delta-value-encoding"),
      systemTitle: this.systemTitle,
      receivedCounter: (setup) => this.#lastCounter(setup),
      readToken: (entered) => readToken(this.keys().vendingKey, this.meter.plan.meterId, entered),
      keyPair: (usage, which) => this.keyPair(usage, which),
      ephemeralKeyPair: (number) => this.#parts.keyPair?.("ephemeral", number),
      authority: this.#parts.authority?.(),
      keysOf: (setup) => this.keys(setup),
      masterKeysOf: (setup) =>
        masterKeys(
          this.#parts.keys(),
          this.meter.keyTransfers.filter((transfer) => transfer.setup === setup),
        ),
      dataGuard: () => this.#guard(),
      image: (this.#image ??= new ImageTransfer()),
      perform: (operation) => this.perform(operation),
    };
  }

  #lastCounter(setup: number): number {
    const client = setup === SECURITY_SETUPS.firmware ? EXTRA_CLIENTS.firmware : this.#parts.model.type.clients.management;
    const counters = this.#keySets(setup).map(({ generation }) => this.#received?.get(generation * CLIENT_SAPS + client));
    return Math.max(0, counters.find((one) => one !== undefined)?.last ?? 0);
  }

  /**
   * Starts from the civil seconds since 2020 at first use, then counts: a meter that is started again goes on above what it used, as long as it sent
   * less than one frame a second on average, without a counter on disk. 32 bits last until 2156.
   */
  #nextCounter(): number {
    this.#sentCounter ??= Math.max(1, Math.floor((this.#parts.clock.nowMs() - COUNTER_EPOCH_MS) / 1000));
    return ++this.#sentCounter;
  }
}

/** The last counter taken from a client. Lives as long as the process: a meter that is started again accepts any counter first. */
class LastCounter implements ReceivedCounter {
  last = -1;

  accept(counter: number): void {
    this.last = counter;
  }
}

const DEVICE_NAME = parseObis("0-0:42.0.0");
const SECRET_OCTETS = { least: 8, most: 64 } as const;
/** SAPs have 16 bits at most. */
const CLIENT_SAPS = 0x10000;
const COUNTER_EPOCH_MS = Date.UTC(2020, 0, 1);
