import { DecodeError } from "@amity/bytes";
import { clockRange, COSEM_CLASS, describeProfile, type TimeSpan } from "@amity/concentrator";
import {
  data,
  parseObis,
  type AccessSelection,
  type AttributeDescriptor,
  type DlmsClient,
  type DlmsData,
  type GetOutcome,
  type Obis,
} from "@amity/dlms";
import type { MeterId } from "@amity/model";
import type { Clock } from "@amity/runtime";
import type { MeterAnswer, SupplyState } from "../driver.ts";
import type { CounterLease } from "../invocation-counters.ts";
import type { LayoutCache } from "./layout-cache.ts";
import { readProfileBuffer } from "./profile-buffer.ts";
import { layoutOfDescription, type ProfileLayout } from "./profile-layout.ts";
import type { ProfileRows } from "./profile-rows.ts";

export interface DlmsExchangeParts {
  readonly client: DlmsClient;
  /** The meter that holds the objects: of a meter behind another, its host. */
  readonly holder: MeterId;
  readonly clock: Clock;
  readonly layouts: LayoutCache;
  /** Absent where nothing is ciphered. */
  readonly lease: CounterLease | undefined;
}

/** Numbers in hand before a call: a long profile comes in some hundred blocks, each asked for by a ciphered APDU. */
const COUNTERS_FOR_CALL = 512;

/** States of the disconnect control, attribute 3 (Blue Book 4.5.8). */
const CONTROL_STATES: Readonly<Record<number, SupplyState["control"]>> = { 0: "disconnected", 1: "connected", 2: "readyForReconnection" };

/** Questions to the objects of one association, each with its counters in hand: what a meter's own session and those behind it share. */
export class DlmsExchange {
  readonly #parts: DlmsExchangeParts;

  constructor(parts: DlmsExchangeParts) {
    this.#parts = parts;
  }

  get client(): DlmsClient {
    return this.#parts.client;
  }

  /** Whether what is said in this association is ciphered: then the meter and we share keys. */
  get isCiphered(): boolean {
    return this.#parts.lease !== undefined;
  }

  nowMs(): number {
    return this.#parts.clock.nowMs();
  }

  async get(attribute: AttributeDescriptor): Promise<MeterAnswer<DlmsData>> {
    await this.reserve();
    const outcome = await this.client.get(attribute);
    return outcome.kind === "data" ? { kind: "done", value: outcome.data } : { kind: "refused", reason: outcome.result };
  }

  async getList(attributes: readonly AttributeDescriptor[]): Promise<readonly GetOutcome[]> {
    await this.reserve();
    return this.client.getList(attributes.map((attribute) => ({ attribute })));
  }

  async getRaw(attribute: AttributeDescriptor, selection: AccessSelection): Promise<MeterAnswer<Uint8Array>> {
    await this.reserve();
    const outcome = await this.client.getRaw(attribute, selection);
    return outcome.kind === "data" ? { kind: "done", value: outcome.octets } : { kind: "refused", reason: outcome.result };
  }

  /** Rows of a profile over a span, in columns. */
  async profileRows(profile: string, span: TimeSpan): Promise<MeterAnswer<ProfileRows>> {
    const { layouts, holder } = this.#parts;
    const name = parseObis(profile);
    const known = layouts.find(holder, profile, this.nowMs());
    const layout = known ?? (await this.#describe(profile, name));
    if (layout === undefined) return { kind: "refused", reason: `the meter has no profile ${profile}, or does not show it` };
    const raw = await this.getRaw(valueOf(COSEM_CLASS.profile, name), clockRange(span));
    if (raw.kind === "refused") return raw;
    try {
      return { kind: "done", value: readProfileBuffer(raw.value, layout) };
    } catch (error) {
      // The profile may have been configured anew since its layout was read: ask once more before giving up.
      layouts.forget(holder, profile);
      if (known === undefined || !(error instanceof DecodeError)) throw error;
      const fresh = await this.#describe(profile, name);
      if (fresh === undefined) throw error;
      return { kind: "done", value: readProfileBuffer(raw.value, fresh) };
    }
  }

  /** Moves a contact or valve of class 70 by its method (Blue Book 4.5.8). */
  async switchContact(instanceId: Obis, to: "disconnect" | "connect"): Promise<MeterAnswer<void>> {
    await this.reserve();
    const method = { classId: COSEM_CLASS.disconnectControl, instanceId, methodId: to === "disconnect" ? 1 : 2 };
    const outcome = await this.client.action(method, data.integer(0));
    return outcome.kind === "done" ? { kind: "done", value: undefined } : { kind: "refused", reason: outcome.result };
  }

  /** Reads a contact or valve of class 70. */
  async readContact(instanceId: Obis): Promise<MeterAnswer<SupplyState>> {
    const object = valueOf(COSEM_CLASS.disconnectControl, instanceId);
    const [output, control] = await this.getList([object, { ...object, attributeId: 3 }]);
    if (output?.kind !== "data") return { kind: "refused", reason: output?.result ?? "no answer" };
    if (control?.kind !== "data") return { kind: "refused", reason: control?.result ?? "no answer" };
    if (output.data.type !== "boolean" || control.data.type !== "enum")
      return { kind: "refused", reason: "the disconnect control is not class 70" };
    const state = CONTROL_STATES[control.data.value];
    if (state === undefined) return { kind: "refused", reason: `control state ${control.data.value} is not of the standard` };
    return { kind: "done", value: { outputOn: output.data.value, control: state } };
  }

  /** Takes counters in hand for one call. */
  async reserve(): Promise<void> {
    await this.#parts.lease?.ensure(COUNTERS_FOR_CALL);
  }

  async #describe(profile: string, name: Obis): Promise<ProfileLayout | undefined> {
    await this.reserve();
    const description = await describeProfile(this.client, name);
    if (description === undefined) return undefined;
    const layout = layoutOfDescription(description);
    this.#parts.layouts.keep(this.#parts.holder, profile, layout, this.nowMs());
    return layout;
  }
}

/** Attribute 2 of an object: its value, buffer or state. */
export function valueOf(classId: number, instanceId: Obis): AttributeDescriptor {
  return { classId, instanceId, attributeId: 2 };
}

/** A register's value. @throws DecodeError `type` for what is no integer. */
export function integerOf(value: DlmsData): bigint {
  if ("value" in value && typeof value.value === "bigint") return value.value;
  if ("value" in value && typeof value.value === "number" && Number.isInteger(value.value)) return BigInt(value.value);
  throw new DecodeError(`a register of type ${value.type} is no integer`, { offset: -1, code: "type" });
}
