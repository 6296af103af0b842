import { SecurityError } from "@amity/bytes";
import type { TimeSpan } from "@amity/concentrator";
import type { Zone } from "@amity/intervals";
import {
  logEntries,
  parseDataSets,
  parseProfile,
  type DataSet,
  type LocalPortClient,
  type Password,
  type ProfileBlock,
  type ProfileTime,
  type SessionOutcome,
} from "@amity/iec62056-21";
import type { RegisterReading } from "@amity/model";
import type { Clock } from "@amity/runtime";
import type { CollectedEvents, CollectedProfile, MeterAnswer, MeterClockReading, MeterIdentity, MeterSession } from "../driver.ts";
import { instantOfLocal, isSummerAt, meterZoneOf } from "../local/meter-zone.ts";
import { refusal } from "../local/refusal.ts";
import { mediumSettingOf } from "../medium.ts";
import type { Device } from "../registry.ts";
import type { IecSettings } from "./iec-settings.ts";
import { eventsOfLog } from "./log-events.ts";
import { intervalsOfBlocks } from "./profile-intervals.ts";
import { registersOfReadout } from "./readout-registers.ts";
import { failureOf } from "./step-failure.ts";

export interface IecSessionParts {
  readonly client: LocalPortClient;
  readonly device: Device;
  readonly settings: IecSettings;
  readonly password: Password | undefined;
  readonly clock: Clock;
}

interface ReadReadout {
  readonly dataSets: readonly DataSet[];
  readonly manufacturer: string | undefined;
  readonly model: string | undefined;
  readonly atMs: number;
}

/** A meter at the local port: one readout serves all that is in it; programming mode is opened for what is not. */
export class IecSession implements MeterSession {
  readonly #parts: IecSessionParts;
  #readout: ReadReadout | undefined;
  #isProgramming = false;

  constructor(parts: IecSessionParts) {
    this.#parts = parts;
  }

  async identify(): Promise<MeterAnswer<MeterIdentity>> {
    const { dataSets, manufacturer, model } = await this.#read();
    const serial = textOf(dataSets, SERIAL) ?? this.#parts.settings.address;
    const value: MeterIdentity = {
      meterId: serial,
      ...(manufacturer === undefined ? {} : { manufacturer }),
      ...(model === undefined ? {} : { model }),
      ...(serial === "" ? {} : { serialNumber: serial }),
    };
    return { kind: "done", value };
  }

  async readClock(): Promise<MeterAnswer<MeterClockReading>> {
    const { dataSets, atMs } = await this.#read();
    const time = textOf(dataSets, TIME);
    const date = textOf(dataSets, DATE);
    const meterTimeMs = time === undefined || date === undefined ? undefined : clockOf(date, time, meterZoneOf(this.#parts.device));
    return meterTimeMs === undefined
      ? refusal("the readout has no time and date (0.9.1, 0.9.2)")
      : { kind: "done", value: { meterTimeMs, readAtMs: atMs, isInvalid: false } };
  }

  async readRegisters(channels?: readonly string[]): Promise<MeterAnswer<readonly RegisterReading[]>> {
    const { dataSets, atMs } = await this.#read();
    const { device } = this.#parts;
    const registers = registersOfReadout(device.meterId, dataSets, { atMs, medium: mediumSettingOf(device) ?? "electricity" });
    if (registers.length === 0) return refusal("the readout has no register with a number and a unit");
    return { kind: "done", value: channels === undefined ? registers : registers.filter(({ channel }) => channels.includes(channel)) };
  }

  async readProfile(profile: string, span: TimeSpan): Promise<MeterAnswer<CollectedProfile>> {
    const { device, settings } = this.#parts;
    // Rows are named by their ends: the first one wanted ends after the span's start.
    const blocks = await this.#readBlocks(profile, { fromMs: span.fromMs + settings.captureMs, toMs: span.toMs }, settings.profileCommand);
    if (blocks.kind === "refused") return blocks;
    return { kind: "done", value: intervalsOfBlocks(device.meterId, blocks.value, meterZoneOf(device)) };
  }

  async readEvents(log: string, span: TimeSpan): Promise<MeterAnswer<CollectedEvents>> {
    const { device } = this.#parts;
    const blocks = await this.#readBlocks(log, span, "R5");
    if (blocks.kind === "refused") return blocks;
    return { kind: "done", value: eventsOfLog(device.meterId, logEntries(blocks.value), meterZoneOf(device)) };
  }

  async #readBlocks(profile: string, span: TimeSpan, command: "R5" | "R6"): Promise<MeterAnswer<readonly ProfileBlock[]>> {
    const zone = meterZoneOf(this.#parts.device);
    const opened = await this.#openProgramming();
    if (opened.kind === "refused") return opened;
    const outcome = await this.#parts.client.readProfile(profile, profileTime(zone, span.fromMs), profileTime(zone, span.toMs), command);
    if (outcome.kind === "refused") return refusal(outcome.text);
    if (outcome.kind !== "data") throw failureOf(outcome);
    const { blocks, problems } = parseProfile(parseDataSets(outcome.text).dataSets);
    const [problem] = problems;
    if (problem !== undefined) throw problem;
    return { kind: "done", value: blocks };
  }

  async setClock(atMs: number): Promise<MeterAnswer<void>> {
    const { clockCommand } = this.#parts.settings;
    if (clockCommand === undefined) return refusal("the setting clockCommand does not say how this meter takes its time");
    const opened = await this.#openProgramming();
    if (opened.kind === "refused") return opened;
    const digits = new Date(atMs + meterZoneOf(this.#parts.device).offsetMsAt(atMs)).toISOString().replaceAll(/[-:T]/g, "");
    for (const data of [`0.9.1(${digits.slice(8, 14)})`, `0.9.2(${digits.slice(2, 8)})`]) {
      const outcome = await this.#parts.client.command({ name: clockCommand, data });
      if (outcome.kind === "refused") return refusal(outcome.text);
      if (outcome.kind !== "ack") throw failureOf(outcome);
    }
    this.#readout = undefined;
    return { kind: "done", value: undefined };
  }

  switchSupply = () => Promise.resolve(refusal("the local port switches no supply"));
  readSupply = () => Promise.resolve(refusal("the local port switches no supply"));

  async close(): Promise<void> {
    // The line may be gone already: then there is nobody to sign off from.
    if (this.#isProgramming) await this.#parts.client.signOff().catch(() => undefined);
    this.#parts.client.close();
  }

  async #read(): Promise<ReadReadout> {
    if (this.#readout !== undefined) return this.#readout;
    const { client, settings, clock } = this.#parts;
    if (this.#isProgramming) await client.signOff();
    this.#isProgramming = false;
    const outcome = await client.readout(settings.address);
    if (outcome.kind !== "data") throw failureOf(outcome);
    this.#readout = {
      dataSets: parseDataSets(outcome.text).dataSets,
      manufacturer: outcome.identification?.manufacturer,
      model: outcome.identification?.identifier,
      atMs: clock.nowMs(),
    };
    return this.#readout;
  }

  async #openProgramming(): Promise<MeterAnswer<void>> {
    if (this.#isProgramming) return { kind: "done", value: undefined };
    const { client, settings, password } = this.#parts;
    const outcome: SessionOutcome = await client.openProgramming(settings.address, password);
    if (outcome.kind === "refused" && password !== undefined) {
      throw new SecurityError(`the meter refuses the password: ${outcome.text}`, {
        code: "wrong-password",
        advice: "check the stored password",
      });
    }
    if (outcome.kind === "refused") return refusal(outcome.text);
    if (outcome.kind !== "ack" && outcome.kind !== "operand") throw failureOf(outcome);
    this.#isProgramming = true;
    return { kind: "done", value: undefined };
  }
}

const SERIAL = /^(?:\d-\d:)?(?:0\.0\.0|C\.1\.0|C\.1|96\.1\.0)(?:\*255)?$/;
const TIME = /^(?:\d-\d:)?0\.9\.1(?:\*255)?$/;
const DATE = /^(?:\d-\d:)?0\.9\.2(?:\*255)?$/;

function textOf(dataSets: readonly DataSet[], address: RegExp): string | undefined {
  const text = dataSets.find((dataSet) => address.test(dataSet.address))?.values[0]?.value.trim();
  return text === "" ? undefined : text;
}

/** `220823` and `161500`, with a season digit before either or separators within: what meters write. */
function clockOf(date: string, time: string, zone: Zone): number | undefined {
  const day = /^([012]?)(\d{2})[-.]?(\d{2})[-.]?(\d{2})$/.exec(date);
  const hour = /^([012]?)(\d{2}):?(\d{2}):?(\d{2})$/.exec(time);
  if (day === null || hour === null) return undefined;
  const [, daySeason, ...ymd] = day;
  const [, hourSeason, ...hms] = hour;
  const [year = 0, month = 1, dayOfMonth = 1] = ymd.map(Number);
  const [hours = 0, minutes = 0, seconds = 0] = hms.map(Number);
  const localMs = Date.UTC(2000 + year, month - 1, dayOfMonth, hours, minutes, seconds);
  const season = hourSeason === "" ? daySeason : hourSeason;
  if (season === "2") return localMs;
  return instantOfLocal(zone, localMs, season === "" || season === undefined ? undefined : season === "1");
}

/** An instant in the meter's own time, with its season where the zone has two. */
function profileTime(zone: Zone, instantMs: number): ProfileTime {
  const local = new Date(instantMs + zone.offsetMsAt(instantMs));
  return {
    season: isSummerAt(zone, instantMs) ? "summer" : "normal",
    year: local.getUTCFullYear(),
    month: local.getUTCMonth() + 1,
    day: local.getUTCDate(),
    hour: local.getUTCHours(),
    minute: local.getUTCMinutes(),
    second: local.getUTCSeconds(),
  };
}
