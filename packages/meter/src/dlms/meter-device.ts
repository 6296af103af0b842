import {
  SecureChannel,
  obisToOctets,
  data,
  type AccessSelection,
  type AssociationSecurity,
  type AttributeDescriptor,
  type CompiledModel,
  type CosemDevice,
  type DlmsData,
  type DataAccessResult,
  type InvokeOutcome,
  type LogicalDevice,
  type MethodDescriptor,
  type ReadOutcome,
  type ReceivedCounter,
  type RequestContext,
} from "@amity/dlms";
import type { Clock } from "@amity/runtime";
import type { MeterKeys } from "../keys.ts";
import { readToken } from "../payment-token.ts";
import { KEY_IDS, opensKeys, withTransferred } from "../key-transfer.ts";
import type { MeterOperation } from "../metrology/operations.ts";
import type { SimulatedMeter } from "../simulated-meter.ts";
import type { TimeBase } from "./civil-time.ts";
import { ImageTransfer } from "./image-transfer.ts";
import type { ObjectContext } from "./meter-object.ts";
import { systemTitleOf } from "./identity.ts";
import type { MeterModel } from "./meter-model.ts";
import { pushMessage } from "./push-message.ts";
import { pushSettings } from "./push-objects.ts";
import { timeBaseOf } from "./time-base.ts";

export interface MeterDeviceParts {
  readonly meter: SimulatedMeter;
  readonly model: MeterModel;
  /** Asked for when a session begins: a fleet derives them rather than hold them. */
  readonly keys: () => MeterKeys;
  readonly clock: Pick<Clock, "nowMs">;
  /** Called with everything that changes the meter, before it is answered: a journal may make it last. */
  readonly remember?: (operation: MeterOperation) => void | Promise<void>;
}

/** The DLMS face of one meter: one logical device (SAP 1) that answers from the meter's state. Holds a few dozen octets of its own. */
export class MeterDevice implements CosemDevice, LogicalDevice {
  readonly meter: SimulatedMeter;
  readonly model: CompiledModel;
  readonly systemTitle: Uint8Array;
  readonly #parts: MeterDeviceParts;
  readonly #base: TimeBase;
  #sentCounter: number | undefined;
  /** Counter of the management client. */
  #received = new LastCounter();
  #image: ImageTransfer | undefined;
  #pushes = 0;

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
    return serverSap === MANAGEMENT_LOGICAL_DEVICE ? this : undefined;
  }

  secret(clientSap: number): Uint8Array | undefined {
    return clientSap === this.#parts.model.type.clients.reading ? this.keys().readingPassword : undefined;
  }

  security(clientSap: number): AssociationSecurity | undefined {
    if (clientSap !== this.#parts.model.type.clients.management) return undefined;
    const { encryptionKey, authenticationKey, masterKey } = this.keys();
    return {
      suite: 0,
      keys: { encryptionKey, authenticationKey, masterKey },
      sent: { next: () => this.#nextCounter() },
      received: this.#received,
    };
  }

  /** The keys of now: the factory's, and what was transferred since. */
  keys(): MeterKeys {
    return this.meter.keyTransfers.reduce(withTransferred, this.#parts.keys());
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
    return (await object?.invoke?.(method.methodId, parameters, this.#context(context))) ?? { kind: "refused", result: "object-undefined" };
  }

  /** Lets something happen to the meter and remembers it. @returns false where the meter's state does not allow it. */
  async perform(operation: MeterOperation): Promise<boolean> {
    if (!this.meter.apply(operation)) return false;
    // Counters belong to a key. Sessions that are open keep theirs, with the old key.
    if (operation.kind === "transferKeys" && operation.keys.some(({ keyId }) => keyId === KEY_IDS.encryptionKey))
      this.#received = new LastCounter();
    await this.#parts.remember?.(operation);
    return true;
  }

  /** Whether the meter does things that are noticed outside, in its own time. */
  get actsByItself(): boolean {
    return this.#parts.model.behaviour.actsOutside(this.meter);
  }

  /** The Data-Notification of push setup n (0-n:25.9.0) as its objects read at an instant, in the clear. */
  pushMessage(setup: number, atMs: number): Uint8Array {
    this.#pushes = (this.#pushes + 1) & 0x00ff_ffff;
    return pushMessage(this.#parts.model, this.meter, { setup, atMs, invokeId: this.#pushes });
  }

  /** A push as its setup wants it protected. */
  protectPush(setup: number, plain: Uint8Array): Uint8Array {
    const { protection } = pushSettings(this.meter, setup);
    if (protection === "plain") return plain;
    const { encryptionKey, authenticationKey } = this.keys();
    const sent = { next: () => this.#nextCounter() };
    const channel = new SecureChannel({ suite: 0, systemTitle: this.systemTitle, keys: { encryptionKey, authenticationKey }, sent });
    return channel.protect(plain, { ciphering: protection, protection: "authenticated-encrypted" });
  }

  /** The time now; what the meter had to do by itself until then is done. A wall clock that was set back must not bring operations out of order. */
  advance(): number {
    const nowMs = Math.max(this.#parts.clock.nowMs(), this.meter.lastOperationMs);
    this.meter.advance(nowMs);
    return nowMs;
  }

  #context({ clientSap }: RequestContext): ObjectContext {
    return {
      meter: this.meter,
      base: this.#base,
      nowMs: this.advance(),
      clientSap,
      systemTitle: this.systemTitle,
      receivedCounter: Math.max(0, this.#received.last),
      readToken: (entered) => readToken(this.keys().vendingKey, this.meter.plan.meterId, entered),
      opensKeys: (keys) => opensKeys(this.keys(), keys),
      image: (this.#image ??= new ImageTransfer()),
      perform: (operation) => this.perform(operation),
    };
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

const MANAGEMENT_LOGICAL_DEVICE = 1;
const COUNTER_EPOCH_MS = Date.UTC(2020, 0, 1);
