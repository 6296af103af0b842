import { clockRange, COSEM_CLASS, dateTimeOfInstant, instantOfDateTime, type TimeSpan } from "@amity/concentrator";
import { data, parseObis, type DlmsData } from "@amity/dlms";
import { ENERGY_CHANNELS, QUALITY, type RegisterReading } from "@amity/model";
import type {
  CollectedEvents,
  CollectedProfile,
  MeterAnswer,
  MeterClockReading,
  MeterFirmware,
  MeterIdentity,
  MeterKeyring,
  MeterSession,
  MeterSettings,
  SupplyState,
} from "../driver.ts";
import type { Timers } from "@amity/runtime";
import type { Device } from "../registry.ts";
import { integerOf, valueOf, type DlmsExchange } from "./dlms-exchange.ts";
import { DlmsFirmware } from "./dlms-firmware.ts";
import { DlmsSettings } from "./dlms-settings-objects.ts";
import { eventsOfBuffer } from "./event-rows.ts";
import { intervalsOfRows } from "./interval-runs.ts";
import { scalerUnitOf } from "./profile-layout.ts";
import { assignToSubMeters, channelOf } from "./sub-meter.ts";
import { subMeterSession } from "./sub-meter-session.ts";

export interface DlmsSessionParts {
  readonly exchange: DlmsExchange;
  readonly device: Device;
  /** The meters behind this one. */
  readonly behind: readonly Device[];
  /** Present in ciphered associations that manage. */
  readonly keyring: MeterKeyring | undefined;
  readonly timers: Timers;
  /** Machine ms that one session sends blocks of a firmware for. */
  readonly firmwareSliceMs: number | undefined;
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

/** One association with a DLMS meter. */
export class DlmsSession implements MeterSession {
  readonly #exchange: DlmsExchange;
  readonly #device: Device;
  readonly #behind: readonly Device[];
  readonly settings: MeterSettings;
  readonly keyring?: MeterKeyring;
  readonly firmware: MeterFirmware;

  constructor(parts: DlmsSessionParts) {
    this.#exchange = parts.exchange;
    this.settings = new DlmsSettings(parts.exchange);
    this.firmware = new DlmsFirmware(parts.exchange, parts.timers, parts.firmwareSliceMs);
    this.#device = parts.device;
    this.#behind = parts.behind;
    if (parts.keyring !== undefined) this.keyring = parts.keyring;
  }

  async identify(): Promise<MeterAnswer<MeterIdentity>> {
    const asked = [NAMES.deviceName, NAMES.meterId, NAMES.manufacturer, NAMES.model, NAMES.firmware];
    const answers = await this.#exchange.getList(asked.map((name) => valueOf(COSEM_CLASS.data, name)));
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
    const answer = await this.#exchange.get(valueOf(COSEM_CLASS.clock, NAMES.clock));
    if (answer.kind === "refused") return answer;
    const time = answer.value;
    if (time.type !== "octet-string" && time.type !== "date-time") return { kind: "refused", reason: "the clock is no date-time" };
    const meterTimeMs = instantOfDateTime(time.value);
    if (meterTimeMs === undefined) return { kind: "refused", reason: "the clock is not set" };
    return { kind: "done", value: { meterTimeMs, readAtMs: this.#exchange.nowMs(), isInvalid: ((time.value[11] ?? 0) & 0x01) !== 0 } };
  }

  async readRegisters(channels?: readonly string[]): Promise<MeterAnswer<readonly RegisterReading[]>> {
    const names = channels ?? Object.keys(ENERGY_CHANNELS);
    const attributes = names.flatMap((name) =>
      [2, 3].map((attributeId) => ({ ...valueOf(COSEM_CLASS.register, parseObis(name)), attributeId })),
    );
    const answers = await this.#exchange.getList(attributes);
    const atMs = this.#exchange.nowMs();
    const readings: RegisterReading[] = [];
    for (const [index, channel] of names.entries()) {
      const value = answers[2 * index];
      const scalerUnit = answers[2 * index + 1];
      if (value?.kind !== "data" || scalerUnit?.kind !== "data") continue;
      readings.push({
        meterId: this.#device.meterId,
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
    const rows = await this.#exchange.profileRows(profile, span);
    return rows.kind === "refused" ? rows : { kind: "done", value: intervalsOfRows(this.#device.meterId, rows.value) };
  }

  async readEvents(log: string, span: TimeSpan): Promise<MeterAnswer<CollectedEvents>> {
    const raw = await this.#exchange.getRaw(valueOf(COSEM_CLASS.profile, parseObis(log)), clockRange(span));
    if (raw.kind === "refused") return raw;
    const { events, newestMs } = eventsOfBuffer(this.#device.meterId, log, raw.value);
    return { kind: "done", value: { events: assignToSubMeters(events, this.#behind), newestMs } };
  }

  async setClock(atMs: number): Promise<MeterAnswer<void>> {
    await this.#exchange.reserve();
    const result = await this.#exchange.client.set(valueOf(COSEM_CLASS.clock, NAMES.clock), data.octets(dateTimeOfInstant(atMs)));
    return result === "success" ? DONE : { kind: "refused", reason: result };
  }

  switchSupply(to: "disconnect" | "connect"): Promise<MeterAnswer<void>> {
    return this.#exchange.switchContact(NAMES.disconnector, to);
  }

  readSupply(): Promise<MeterAnswer<SupplyState>> {
    return this.#exchange.readContact(NAMES.disconnector);
  }

  behind(device: Device): MeterSession {
    return subMeterSession(this.#exchange, device, channelOf(device) ?? 1);
  }

  close(): Promise<void> {
    return this.#exchange.client.release();
  }
}

const DONE = { kind: "done", value: undefined } as const;

function textOf(value: DlmsData): string | undefined {
  if (value.type === "visible-string" || value.type === "utf8-string") return value.value;
  return value.type === "octet-string" ? new TextDecoder().decode(value.value) : undefined;
}
