import { DecodeError } from "@amity/bytes";
import { clockRange, COSEM_CLASS, dateTimeOfInstant, describeProfile, instantOfDateTime, type TimeSpan } from "@amity/concentrator";
import { data, parseObis, type AccessSelection, type AttributeDescriptor, type DlmsClient, type DlmsData, type Obis } from "@amity/dlms";
import { ENERGY_CHANNELS, QUALITY, type MeterId, type RegisterReading } from "@amity/model";
import type { Clock } from "@amity/runtime";
import type {
  CollectedEvents,
  CollectedProfile,
  MeterAnswer,
  MeterClockReading,
  MeterIdentity,
  MeterSession,
  SupplyState,
} from "../driver.ts";
import type { CounterLease } from "../invocation-counters.ts";
import type { Device } from "../registry.ts";
import { eventsOfBuffer } from "./event-rows.ts";
import { intervalsOfRows } from "./interval-runs.ts";
import type { LayoutCache } from "./layout-cache.ts";
import { readProfileBuffer } from "./profile-buffer.ts";
import { layoutOfDescription, scalerUnitOf, type ProfileLayout } from "./profile-layout.ts";

export interface DlmsSessionParts {
  readonly client: DlmsClient;
  readonly device: Device;
  readonly clock: Clock;
  readonly layouts: LayoutCache;
  /** Absent where nothing is ciphered. */
  readonly lease: CounterLease | undefined;
}

const NAMES = {
  clock: parseObis("0-0:1.0.0"),
  deviceName: parseObis("0-0:42.0.0"),
  meterId: parseObis("0-0:96.1.0"),
  manufacturer: parseObis("0-0:96.1.1"),
  model: parseObis("0-0:96.1.2"),
  firmware: parseObis("1-0:0.2.0"),
  disconnector: parseObis("0-0:96.3.10"),
} as const;

/** Numbers in hand before a call: a long profile comes in some hundred blocks, each asked for by a ciphered APDU. */
const COUNTERS_FOR_CALL = 512;

/** States of the disconnect control, attribute 3 (Blue Book 4.5.8). */
const CONTROL_STATES: Readonly<Record<number, SupplyState["control"]>> = { 0: "disconnected", 1: "connected", 2: "readyForReconnection" };

/** One association with a DLMS meter. */
export class DlmsSession implements MeterSession {
  readonly #client: DlmsClient;
  readonly #meterId: MeterId;
  readonly #clock: Clock;
  readonly #layouts: LayoutCache;
  readonly #lease: CounterLease | undefined;

  constructor(parts: DlmsSessionParts) {
    this.#client = parts.client;
    this.#meterId = parts.device.meterId;
    this.#clock = parts.clock;
    this.#layouts = parts.layouts;
    this.#lease = parts.lease;
  }

  async identify(): Promise<MeterAnswer<MeterIdentity>> {
    await this.#reserve();
    const asked = [NAMES.deviceName, NAMES.meterId, NAMES.manufacturer, NAMES.model, NAMES.firmware];
    const answers = await this.#client.getList(asked.map((name) => ({ attribute: valueOf(COSEM_CLASS.data, name) })));
    const [deviceName, meterId, manufacturer, model, firmware] = answers.map((answer) =>
      answer.kind === "data" ? textOf(answer.data) : undefined,
    );
    if (deviceName === undefined && meterId === undefined) return { kind: "refused", reason: "the meter does not say who it is" };
    const value: MeterIdentity = {
      meterId: meterId ?? deviceName ?? "",
      ...(manufacturer === undefined ? {} : { manufacturer }),
      ...(model === undefined ? {} : { model }),
      ...(firmware === undefined ? {} : { firmware }),
      ...(deviceName === undefined ? {} : { serialNumber: deviceName }),
    };
    return { kind: "done", value };
  }

  async readClock(): Promise<MeterAnswer<MeterClockReading>> {
    const answer = await this.#get(valueOf(COSEM_CLASS.clock, NAMES.clock));
    if (answer.kind === "refused") return answer;
    const time = answer.value;
    if (time.type !== "octet-string" && time.type !== "date-time") return { kind: "refused", reason: "the clock is no date-time" };
    const meterTimeMs = instantOfDateTime(time.value);
    if (meterTimeMs === undefined) return { kind: "refused", reason: "the clock is not set" };
    return { kind: "done", value: { meterTimeMs, readAtMs: this.#clock.nowMs(), isInvalid: ((time.value[11] ?? 0) & 0x01) !== 0 } };
  }

  async readRegisters(channels?: readonly string[]): Promise<MeterAnswer<readonly RegisterReading[]>> {
    await this.#reserve();
    const names = channels ?? Object.keys(ENERGY_CHANNELS);
    const items = names.flatMap((name) =>
      [2, 3].map((attributeId) => ({ attribute: { ...valueOf(COSEM_CLASS.register, parseObis(name)), attributeId } })),
    );
    const answers = await this.#client.getList(items);
    const atMs = this.#clock.nowMs();
    const readings: RegisterReading[] = [];
    for (const [index, channel] of names.entries()) {
      const value = answers[2 * index];
      const scalerUnit = answers[2 * index + 1];
      if (value?.kind !== "data" || scalerUnit?.kind !== "data") continue;
      readings.push({
        meterId: this.#meterId,
        channel,
        ...scalerUnitOf(scalerUnit.data),
        atMs,
        value: integerOf(value.data),
        quality: QUALITY.raw,
      });
    }
    if (readings.length > 0 || names.length === 0) return { kind: "done", value: readings };
    const [first] = answers;
    return { kind: "refused", reason: first?.kind === "refused" ? first.result : "no register" };
  }

  async readProfile(profile: string, span: TimeSpan): Promise<MeterAnswer<CollectedProfile>> {
    const nowMs = this.#clock.nowMs();
    const name = parseObis(profile);
    const known = this.#layouts.find(this.#meterId, profile, nowMs);
    const layout = known ?? (await this.#describe(profile, name, nowMs));
    if (layout === undefined) return { kind: "refused", reason: `the meter has no profile ${profile}, or does not show it` };
    const raw = await this.#getRaw({ ...valueOf(COSEM_CLASS.profile, name) }, clockRange(span));
    if (raw.kind === "refused") return raw;
    try {
      return { kind: "done", value: intervalsOfRows(this.#meterId, readProfileBuffer(raw.value, layout)) };
    } catch (error) {
      // The profile may have been configured anew since its layout was read: ask once more before giving up.
      this.#layouts.forget(this.#meterId, profile);
      if (known === undefined || !(error instanceof DecodeError)) throw error;
      const fresh = await this.#describe(profile, name, nowMs);
      if (fresh === undefined) throw error;
      return { kind: "done", value: intervalsOfRows(this.#meterId, readProfileBuffer(raw.value, fresh)) };
    }
  }

  async readEvents(log: string, span: TimeSpan): Promise<MeterAnswer<CollectedEvents>> {
    const raw = await this.#getRaw(valueOf(COSEM_CLASS.profile, parseObis(log)), clockRange(span));
    return raw.kind === "refused" ? raw : { kind: "done", value: eventsOfBuffer(this.#meterId, log, raw.value) };
  }

  async setClock(atMs: number): Promise<MeterAnswer<void>> {
    await this.#reserve();
    const result = await this.#client.set(valueOf(COSEM_CLASS.clock, NAMES.clock), data.octets(dateTimeOfInstant(atMs)));
    return result === "success" ? DONE : { kind: "refused", reason: result };
  }

  async switchSupply(to: "disconnect" | "connect"): Promise<MeterAnswer<void>> {
    await this.#reserve();
    const method = { classId: COSEM_CLASS.disconnectControl, instanceId: NAMES.disconnector, methodId: to === "disconnect" ? 1 : 2 };
    const outcome = await this.#client.action(method, data.integer(0));
    return outcome.kind === "done" ? DONE : { kind: "refused", reason: outcome.result };
  }

  async readSupply(): Promise<MeterAnswer<SupplyState>> {
    await this.#reserve();
    const object = valueOf(COSEM_CLASS.disconnectControl, NAMES.disconnector);
    const [output, control] = await this.#client.getList([{ attribute: object }, { attribute: { ...object, attributeId: 3 } }]);
    if (output?.kind !== "data") return { kind: "refused", reason: output?.result ?? "no answer" };
    if (control?.kind !== "data") return { kind: "refused", reason: control?.result ?? "no answer" };
    if (output.data.type !== "boolean" || control.data.type !== "enum")
      return { kind: "refused", reason: "the disconnect control is not class 70" };
    const state = CONTROL_STATES[control.data.value];
    if (state === undefined) return { kind: "refused", reason: `control state ${control.data.value} is not of the standard` };
    return { kind: "done", value: { outputOn: output.data.value, control: state } };
  }

  close(): Promise<void> {
    return this.#client.release();
  }

  async #describe(profile: string, name: Obis, nowMs: number): Promise<ProfileLayout | undefined> {
    await this.#reserve();
    const description = await describeProfile(this.#client, name);
    if (description === undefined) return undefined;
    const layout = layoutOfDescription(description);
    this.#layouts.keep(this.#meterId, profile, layout, nowMs);
    return layout;
  }

  async #get(attribute: AttributeDescriptor): Promise<MeterAnswer<DlmsData>> {
    await this.#reserve();
    const outcome = await this.#client.get(attribute);
    return outcome.kind === "data" ? { kind: "done", value: outcome.data } : { kind: "refused", reason: outcome.result };
  }

  async #getRaw(attribute: AttributeDescriptor, selection: AccessSelection): Promise<MeterAnswer<Uint8Array>> {
    await this.#reserve();
    const outcome = await this.#client.getRaw(attribute, selection);
    return outcome.kind === "data" ? { kind: "done", value: outcome.octets } : { kind: "refused", reason: outcome.result };
  }

  async #reserve(): Promise<void> {
    await this.#lease?.ensure(COUNTERS_FOR_CALL);
  }
}

const DONE = { kind: "done", value: undefined } as const;

function valueOf(classId: number, instanceId: Obis): AttributeDescriptor {
  return { classId, instanceId, attributeId: 2 };
}

function textOf(value: DlmsData): string | undefined {
  if (value.type === "visible-string" || value.type === "utf8-string") return value.value;
  return value.type === "octet-string" ? new TextDecoder().decode(value.value) : undefined;
}

function integerOf(value: DlmsData): bigint {
  if ("value" in value && typeof value.value === "bigint") return value.value;
  if ("value" in value && typeof value.value === "number" && Number.isInteger(value.value)) return BigInt(value.value);
  throw new DecodeError(`a register of type ${value.type} is no integer`, { offset: -1, code: "type" });
}
