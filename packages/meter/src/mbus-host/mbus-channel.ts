import { fromHex, SecurityError, toHex } from "@amity/bytes";
import { unwrapKey, wrapKey } from "@amity/crypto";
import {
  decodeTelegram,
  counterOctets,
  encodeCollectorTelegram,
  MeterKey,
  singleKey,
  type MeterAddress,
  type RecordInput,
  type Telegram,
} from "@amity/mbus";
import type { ControlState } from "../metrology/breaker.ts";
import { periodicGrid } from "../metrology/capture-grid.ts";
import type { RowSpan } from "../metrology/capture-runs.ts";
import type { SimulatedMeter } from "../simulated-meter.ts";
import type { Condition } from "../sub-meter/condition-book.ts";
import type { SubMeterDevice } from "../sub-meter/sub-meter-device.ts";
import type { HostChannel } from "../sub-meter/sub-meter-plan.ts";
import type { MbusHostOperation } from "./mbus-host-operations.ts";

/** How a channel was set up from `fromMs` until the next entry. */
interface Setup {
  readonly fromMs: number;
  readonly isInstalled: boolean;
  readonly primaryAddress: number;
  /** Wrapped by the host's master key (hex); `factory`: put in with the meter; empty: none. */
  readonly key: string;
}

/** A row of the hourly profile: which hour it is of. */
export interface ChannelRow {
  /** What the host's clock showed. */
  readonly clockMs: number;
  readonly hourMs: number;
  readonly span: RowSpan;
  readonly isFirst: boolean;
}

export interface MbusChannelParts {
  readonly channel: HostChannel;
  readonly host: SimulatedMeter;
  readonly subMeter: SubMeterDevice;
  /** Who the host is on M-Bus. */
  readonly hostAddress: MeterAddress;
  /** The host's master key, which wraps the keys that it keeps. */
  readonly masterKey: () => Uint8Array;
  /** Calls at an instant of civil time; without it commands go out at once, whether or not the meter listens. */
  readonly at?: (instantMs: number, alarm: () => void) => void;
}

/** What a valve was told and has not confirmed yet. */
interface WaitingMove {
  readonly records: readonly RecordInput[];
  readonly wanted: ControlState;
}

export const HOUR_MS = 3_600_000;
/** Rows of the hourly profile: 64 days. */
export const CHANNEL_PROFILE_ROWS = 64 * 24;
/** How far back a last telegram is looked for: four days of a quarter of an hour. */
const TELEGRAMS_BACK_MAX = 400;
const SETUPS_MAX = 64;
/** Windows in which a move of the valve is tried: a day of a quarter of an hour. */
const WINDOWS_MAX = 96;
const HOURLY = periodicGrid(3_600);

/**
 * One M-Bus channel of an electricity meter: which meter is installed there, under which key, and what was heard of it. What is heard now is a
 * telegram that the sub-meter builds and ciphers and the channel deciphers with its own key. Of the past only the rule is kept: an hour has a
 * row when a telegram of it got through and the key of then fitted; its value is the one that telegram carried.
 */
export class MbusChannel {
  readonly channel: HostChannel;
  readonly subMeter: SubMeterDevice;
  readonly #parts: MbusChannelParts;
  #setups: readonly Setup[];
  #clearedMs = Number.NEGATIVE_INFINITY;
  #logClearedMs = Number.NEGATIVE_INFINITY;
  #alarmsSeenMs = Number.NEGATIVE_INFINITY;
  #lastMs: number;
  readonly #fits = new Map<string, boolean>();
  /** The hours of a profile ask the same again and again. */
  #lastPair: { readonly setup: Setup; readonly condition: Condition | undefined; readonly fits: boolean } = NO_PAIR;
  /** Set by the method `capture`: the values shown are those of this instant until the next hour. */
  #capturedMs: number | undefined;
  #commandCounter = 0;
  #waiting: WaitingMove | undefined;

  constructor(parts: MbusChannelParts) {
    this.channel = parts.channel;
    this.subMeter = parts.subMeter;
    this.#parts = parts;
    this.#lastMs = parts.subMeter.meter.installedMs;
    this.#setups = [{ fromMs: this.#lastMs, isInstalled: true, primaryAddress: parts.channel, key: FACTORY_KEY }];
  }

  get setup(): Setup {
    return this.#setups.at(-1) ?? BARE;
  }
  /** When the set-up changed. */
  get setupChangesMs(): readonly number[] {
    return this.#setups.map(({ fromMs }) => fromMs);
  }
  get lastOperationMs(): number {
    return this.#lastMs;
  }
  get logClearedMs(): number {
    return this.#logClearedMs;
  }
  /** Alarms stand until they are reset; those of a condition that was seen and goes on do not come back. */
  get hasNewAlarm(): boolean {
    return this.subMeter.meter.condition.fromMs > this.#alarmsSeenMs;
  }

  /** Changes the channel. @returns false where nothing changes. */
  apply(operation: MbusHostOperation): boolean {
    const atMs = Math.max(operation.atMs, this.#lastMs);
    const now = this.setup;
    switch (operation.kind) {
      case "mbusInstall":
        if (now.isInstalled) return false;
        this.#change(atMs, { isInstalled: true, primaryAddress: operation.primaryAddress });
        break;
      case "mbusDeinstall":
        if (!now.isInstalled) return false;
        // A host forgets the key with the meter.
        this.#change(atMs, { isInstalled: false, primaryAddress: 0, key: "" });
        break;
      case "mbusKey":
        this.#change(atMs, { key: operation.wrapped });
        break;
      case "mbusResetAlarm":
        this.#alarmsSeenMs = atMs;
        break;
      case "mbusClear":
        if (operation.what === "profile") this.#clearedMs = atMs;
        else this.#logClearedMs = atMs;
    }
    this.#lastMs = atMs;
    return true;
  }

  /** Shows the values of now rather than of the last hour. */
  capture(nowMs: number): void {
    this.#capturedMs = nowMs;
  }
  /** When `capture` was last asked for within the running hour. */
  capturedSince(nowMs: number): number | undefined {
    return this.#capturedMs !== undefined && this.#capturedMs >= Math.floor(nowMs / HOUR_MS) * HOUR_MS ? this.#capturedMs : undefined;
  }

  /** Whether telegram `number` got through and could be deciphered. */
  understands(number: number): boolean {
    const { radio } = this.subMeter;
    return radio.isCarried(number) && this.couldUnderstand(radio.sentAtMs(number));
  }

  /** Whether a telegram of an instant could be deciphered: the meter is installed, and host and meter have the same key. */
  couldUnderstand(instantMs: number): boolean {
    const setup = this.#setupAt(instantMs);
    if (!setup.isInstalled || setup.key === "") return false;
    const condition = this.subMeter.meter.conditionAt(instantMs);
    const last = this.#lastPair;
    if (last.setup === setup && last.condition === condition) return last.fits;
    const fits = this.#keysFit(setup, condition, instantMs);
    this.#lastPair = { setup, condition, fits };
    return fits;
  }

  #keysFit(setup: Setup, { keyGeneration, wrappedKey }: Condition, instantMs: number): boolean {
    const pair = `${setup.key}/${keyGeneration}/${wrappedKey}`;
    const known = this.#fits.get(pair);
    if (known !== undefined) return known;
    const own = this.#keyOf(setup);
    const fits = own !== undefined && toHex(own) === toHex(this.subMeter.radio.userKeyAt(instantMs));
    this.#fits.set(pair, fits);
    return fits;
  }

  /** When the value of an hour came, or `undefined`: none of its telegrams could be read. */
  heardHourAtMs(hourMs: number): number | undefined {
    const { radio } = this.subMeter;
    for (let number = radio.numberAt(hourMs - 1) + 1; radio.sentAtMs(number) < hourMs + HOUR_MS; number++) {
      if (this.understands(number)) return radio.sentAtMs(number);
    }
    return undefined;
  }

  /** The last telegram that the host made something of, deciphered again with the key of now; `undefined` where there is none. */
  lastTelegram(nowMs: number): Telegram | undefined {
    const { radio } = this.subMeter;
    const newest = radio.numberAt(nowMs);
    for (let number = newest; number >= Math.max(0, newest - TELEGRAMS_BACK_MAX); number--) {
      if (this.understands(number)) return this.#decode(radio.telegram(number), radio.sentAtMs(number));
    }
    return undefined;
  }

  /** The last telegram that came at all: its header is readable without a key. */
  lastHeader(nowMs: number): Telegram | undefined {
    const { radio } = this.subMeter;
    const newest = radio.numberAt(nowMs);
    for (let number = newest; number >= Math.max(0, newest - TELEGRAMS_BACK_MAX); number--) {
      if (radio.isCarried(number)) return this.#decode(radio.telegram(number), radio.sentAtMs(number));
    }
    return undefined;
  }

  /** The rows of the hourly profile, oldest first. */
  rows(nowMs: number): ChannelRow[] {
    const { host } = this.#parts;
    return host.captureSpans(HOURLY, nowMs, CHANNEL_PROFILE_ROWS, this.#clearedMs).flatMap((span) => {
      const rows: ChannelRow[] = [];
      for (let index = span.first; index < span.end; index++) {
        const clockMs = HOURLY.instantOf(index);
        const hourMs = Math.round(host.capturedAt(span, clockMs) / HOUR_MS) * HOUR_MS;
        const heardMs = this.heardHourAtMs(hourMs);
        if (heardMs !== undefined && heardMs <= nowMs) rows.push({ clockMs, hourMs, span, isFirst: span.opens && index === span.first });
      }
      return rows;
    });
  }

  /**
   * Sends records to the meter now. @returns `obeyed`, `refused` (it answered, and did not do it), or `silent`: it does not
   * listen, its radio is off, or it could not read the command.
   */
  async command(records: readonly RecordInput[], nowMs: number): Promise<"obeyed" | "refused" | "silent"> {
    const key = this.#keyOf(this.setup);
    if (!this.setup.isInstalled || key === undefined) return "silent";
    const { address, radio } = this.subMeter.meter.plan;
    // Whole seconds of civil time rise by themselves, over any restart of the host.
    this.#commandCounter = Math.max(this.#commandCounter + 1, Math.floor(nowMs / 1_000));
    const telegram = encodeCollectorTelegram({
      collector: this.#parts.hostAddress,
      meter: address,
      kind: "command",
      accessNumber: this.#commandCounter & 0xff,
      records,
      key: new MeterKey(key),
      ...(radio.security === 7 ? { counter: counterOctets(this.#commandCounter) } : {}),
    });
    const answer = await this.subMeter.hear(telegram, nowMs);
    return answer === undefined ? "silent" : answer.isObeyed ? "obeyed" : "refused";
  }

  /** What the valve was told last and has not confirmed. */
  get orderedState(): ControlState | undefined {
    return this.#waiting?.wanted;
  }

  /**
   * Tells the valve to move: in the window after the meter's next telegram, and again after those that follow for as long as it does not
   * answer. What waited before is forgotten. @returns `taken` where it waits, else as `command`.
   */
  async moveValve(move: WaitingMove, nowMs: number): Promise<"taken" | "obeyed" | "refused" | "silent"> {
    const { at } = this.#parts;
    if (at === undefined) return this.command(move.records, nowMs);
    if (!this.setup.isInstalled || this.setup.key === "" || this.subMeter.radio.window === undefined) return "silent";
    this.#waiting = move;
    this.#atNextWindow(move, this.subMeter.radio.numberAt(nowMs) + 1, WINDOWS_MAX);
    return "taken";
  }

  #atNextWindow(move: WaitingMove, number: number, left: number): void {
    const { radio } = this.subMeter;
    const windowMs = radio.sentAtMs(number) + (radio.window?.from ?? 0);
    this.#parts.at?.(windowMs, () => void this.#inWindow(move, { number, windowMs, left }));
  }

  /** A telegram that the host missed opens no window; a journal that fails leaves the move to the next one. */
  async #inWindow(move: WaitingMove, window: { readonly number: number; readonly windowMs: number; readonly left: number }): Promise<void> {
    const { number, windowMs, left } = window;
    if (this.#waiting !== move) return;
    const outcome = this.understands(number) ? await this.command(move.records, windowMs).catch(() => "silent" as const) : "silent";
    if (this.#waiting !== move) return;
    if (outcome === "silent" && left > 1) this.#atNextWindow(move, number + 1, left - 1);
    else this.#waiting = undefined;
  }

  /** A key (16 octets, or 24 wrapped by the host's master key) as it is kept: wrapped, so that a journal of it tells nobody; `undefined` for what is none. */
  keptKey(given: Uint8Array): string | undefined {
    if (given.length === 16) return toHex(wrapKey(this.#parts.masterKey(), given));
    if (given.length !== 24) return undefined;
    try {
      return unwrapKey(this.#parts.masterKey(), given).length === 16 ? toHex(given) : undefined;
    } catch (error) {
      if (error instanceof SecurityError) return undefined;
      throw error;
    }
  }

  #decode(octets: Uint8Array, atMs: number): Telegram {
    const key = this.#keyOf(this.#setupAt(atMs));
    return decodeTelegram(octets, key === undefined ? {} : { keys: singleKey(key) });
  }

  #keyOf({ key }: Setup): Uint8Array | undefined {
    if (key === "") return undefined;
    return key === FACTORY_KEY ? this.subMeter.radio.factoryKey : unwrapKey(this.#parts.masterKey(), fromHex(key));
  }

  #setupAt(instantMs: number): Setup {
    return this.#setups.findLast(({ fromMs }) => fromMs <= instantMs) ?? BARE;
  }

  #change(fromMs: number, change: Partial<Setup>): void {
    this.#setups = [...this.#setups.slice(-SETUPS_MAX + 1), { ...this.setup, ...change, fromMs }];
  }
}

const FACTORY_KEY = "factory";
const BARE: Setup = { fromMs: Number.NEGATIVE_INFINITY, isInstalled: false, primaryAddress: 0, key: "" };
const NO_PAIR = { setup: BARE, condition: undefined, fits: false } as const;
