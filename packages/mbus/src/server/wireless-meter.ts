import { DecodeError } from "@amity/bytes";
import type { DataRecord } from "../application/record.ts";
import { writeRecords, type RecordInput } from "../application/write-records.ts";
import { addressText, type MeterAddress } from "../link/address.ts";
import { MeterKey } from "../transport/meter-key.ts";
import type { MessageInput } from "../transport/seal-payload.ts";
import type { FrameFormat } from "../wireless/frame-format.ts";
import { RADIO_MODES, type RadioModeName } from "../wireless/modes.ts";
import { counterNumber, counterOctets } from "../wireless/message-counter.ts";
import { decodeTelegram, WIRELESS_CONTROL, type Telegram } from "../wireless/telegram.ts";
import { encodeTelegram } from "../wireless/write-telegram.ts";

/** What a simulated meter gives to its radio, and takes from it. */
export interface WirelessModel {
  /** Records of a regular transmission. */
  records(): readonly RecordInput[];
  /** Records of an answer to REQ-UD2; the regular ones where absent. */
  fullRecords?(): readonly RecordInput[];
  status?(): number;
  /** Records of a command (SND-UD) that was encrypted as the meter's own telegrams are. */
  command?(records: readonly DataRecord[]): void;
}

export interface WirelessMeterOptions {
  readonly meter: MeterAddress;
  /** Uplink mode; S2, T2Up, C2Up and N2 listen after they have sent. */
  readonly mode: RadioModeName;
  readonly format?: FrameFormat;
  /** Nominal interval of transmissions (ms). */
  readonly intervalMs: number;
  /** Mode 7 sends an AFL with counter and MAC. Absent: in clear. */
  readonly security?: { readonly mode: 5 | 7; readonly key: Uint8Array };
  readonly accessNumber?: number;
  /** Message counter of mode 7: must never go down over the meter's life. */
  readonly counter?: number;
  /** The command that was obeyed last: sent again, it is answered again and not obeyed again. */
  readonly lastCommand?: string;
}

/** An answer and when it has to start (ms after the end of the request). */
export interface RadioAnswer {
  readonly octets: Uint8Array;
  readonly afterMs: number;
}

/** Communication control of the short ELL: bidirectional, slow response, accessible. */
const BIDIRECTIONAL = 0x80;
const ACCESSIBLE = 0x04;
const SYNCHRONOUS = 0x20;
/** Primary message and function of the C field, without the frame count bits. */
const FUNCTION = 0x4f;
/** Application error: access denied (EN 13757-3, table 15). */
const ACCESS_DENIED = 0x10;

/** A meter's radio (EN 13757-4, OMS Vol. 2): what it sends, when, and what it answers. Pure: time and ether are the caller's. */
export class WirelessMeter {
  readonly #model: WirelessModel;
  readonly #options: WirelessMeterOptions;
  readonly #key: MeterKey | undefined;
  #accessNumber: number;
  #counter: number;
  #isInstalled = true;
  #lastRequest = -1;
  #lastAnswer: RadioAnswer | undefined;
  #lastCommand: string;

  constructor(model: WirelessModel, options: WirelessMeterOptions) {
    this.#model = model;
    this.#options = options;
    this.#key = options.security === undefined ? undefined : new MeterKey(options.security.key);
    this.#accessNumber = (options.accessNumber ?? 0) & 0xff;
    this.#counter = options.counter ?? 0;
    this.#lastCommand = options.lastCommand ?? "";
  }

  get meter(): MeterAddress {
    return this.#options.meter;
  }
  get mode(): RadioModeName {
    return this.#options.mode;
  }
  get accessNumber(): number {
    return this.#accessNumber;
  }
  /** To be kept with the meter's other registers: see `WirelessMeterOptions.counter`. */
  get counter(): number {
    return this.#counter;
  }

  /**
   * Milliseconds from the last synchronous transmission to the next: the access number spreads them so that two meters
   * that collided once do not collide again (OMS Vol. 2, 4.3.2).
   */
  nextIntervalMs(): number {
    return this.#options.intervalMs * (1 + (Math.abs(this.#accessNumber - 128) - 64) / 2048);
  }

  /** The regular transmission, SND-NR; SND-IR while installation mode lasts. */
  transmit(): Uint8Array {
    this.#accessNumber = (this.#accessNumber + 1) & 0xff;
    const control = this.#isInstalled ? WIRELESS_CONTROL.sndNr : WIRELESS_CONTROL.sndIr;
    return this.#telegram(control, this.#model.records(), "short", this.#accessNumber, SYNCHRONOUS);
  }

  /** Installation mode (a technician's button): SND-IR until CNF-IR comes. */
  startInstallation(): void {
    this.#isInstalled = false;
  }
  get isInstalled(): boolean {
    return this.#isInstalled;
  }

  /** Does it listen after its own transmissions, and how soon and long (ms)? */
  get window(): { readonly from: number; readonly to: number } | undefined {
    const mode = RADIO_MODES[this.#options.mode];
    return "responseWindowMs" in mode ? mode.responseWindowMs : undefined;
  }

  /** The command obeyed last, as `WirelessMeterOptions.lastCommand` takes it: to be kept over a restart. */
  get lastCommand(): string {
    return this.#lastCommand;
  }

  /** A telegram heard in the window; `undefined` where it is not meant or not understood. */
  hear(octets: Uint8Array): RadioAnswer | undefined {
    if (this.window === undefined) return undefined;
    try {
      const key = this.#key;
      const telegram = decodeTelegram(octets, key === undefined ? {} : { keys: () => key });
      const { header, meter } = telegram.application;
      const receiver = header?.address ?? telegram.extendedLink?.receiver ?? meter;
      if (receiver === undefined || addressText(receiver) !== addressText(this.meter)) return undefined;
      return this.#answer(telegram, header?.accessNumber ?? 0);
    } catch (error) {
      if (error instanceof DecodeError) return undefined;
      throw error;
    }
  }

  #answer(telegram: Telegram, accessNumber: number): RadioAnswer | undefined {
    const { control } = telegram;
    if ((control & FUNCTION) === WIRELESS_CONTROL.sndNke) {
      this.#lastAnswer = undefined;
      this.#lastRequest = -1;
      return undefined;
    }
    if (control === WIRELESS_CONTROL.cnfIr) {
      this.#isInstalled = true;
      return undefined;
    }
    // The same request again (its answer was lost) gets the same answer.
    const request = (control << 8) | accessNumber;
    if (request === this.#lastRequest && this.#lastAnswer !== undefined) return this.#lastAnswer;
    const octets = this.#reply(telegram, accessNumber);
    if (octets === undefined) return undefined;
    this.#lastRequest = request;
    this.#lastAnswer = { octets, afterMs: Math.ceil(this.window?.from ?? 0) };
    return this.#lastAnswer;
  }

  #reply(telegram: Telegram, accessNumber: number): Uint8Array | undefined {
    const code = telegram.control & FUNCTION;
    if (code === 0x4b || code === 0x4a) return this.#report(accessNumber);
    if (code !== WIRELESS_CONTROL.sndUd2) return undefined;
    if (!this.#isTrusted(telegram)) return this.#bare(accessNumber, Uint8Array.of(ACCESS_DENIED));
    const mark = commandMark(telegram, accessNumber);
    // A recording of an older command is not answered; the last one again was obeyed, whatever has been forgotten since.
    if (isOlder(mark, this.#lastCommand)) return undefined;
    if (mark !== this.#lastCommand) {
      this.#lastCommand = mark;
      this.#model.command?.(telegram.application.records);
    }
    return telegram.control === WIRELESS_CONTROL.sndUd2 ? this.#report(accessNumber) : this.#bare(accessNumber, undefined);
  }

  /** Commands are closed as the meter's own telegrams are; mode 7 proves itself by its MAC. */
  #isTrusted({ application: { security } }: Telegram): boolean {
    const own = this.#options.security;
    if (own === undefined) return true;
    return security.status === "decrypted" && security.mode === own.mode && (own.mode === 5 || security.mac === "matches");
  }

  #report(accessNumber: number): Uint8Array {
    return this.#telegram(WIRELESS_CONTROL.rspUd, this.#model.fullRecords?.() ?? this.#model.records(), "long", accessNumber, 0);
  }

  /** ACK, or an application error (CI 6E) where `error` says which. */
  #bare(accessNumber: number, error: Uint8Array | undefined): Uint8Array {
    const { meter, format = "a" } = this.#options;
    const controlInformation = error === undefined ? 0x8a : 0x6e;
    const message: MessageInput = {
      meter,
      header: "short",
      controlInformation,
      accessNumber,
      status: this.#model.status?.() ?? 0,
      content: error ?? new Uint8Array(0),
    };
    return encodeTelegram({ control: error === undefined ? WIRELESS_CONTROL.ack : WIRELESS_CONTROL.rspUd, sender: meter, message, format });
  }

  #telegram(control: number, records: readonly RecordInput[], header: "short" | "long", accessNumber: number, bits: number): Uint8Array {
    const { meter, security, format = "a" } = this.#options;
    const isBidirectional = this.window !== undefined;
    const common = { meter, header, accessNumber, status: this.#model.status?.() ?? 0, content: writeRecords(records).finish() };
    const configurationBits =
      (isBidirectional ? BIDIRECTIONAL << 8 : 0) | (bits === SYNCHRONOUS ? 0x2000 : 0) | (isBidirectional ? 0x4000 : 0);
    if (this.#key === undefined || security === undefined) {
      return encodeTelegram({ control, sender: meter, message: { ...common, configurationBits }, format });
    }
    if (security.mode === 5) {
      return encodeTelegram({
        control,
        sender: meter,
        message: { ...common, configurationBits, security: { mode: 5, key: this.#key } },
        format,
      });
    }
    const counter = this.#nextCounter();
    const extendedLink = { communicationControl: bits | (isBidirectional ? BIDIRECTIONAL | ACCESSIBLE : 0), accessNumber };
    return encodeTelegram({
      control,
      sender: meter,
      extendedLink,
      authentication: { key: this.#key, counter },
      message: { ...common, security: { mode: 7, key: this.#key, counter } },
      format,
    });
  }

  #nextCounter(): Uint8Array {
    this.#counter++;
    return counterOctets(this.#counter);
  }
}

/** What tells one command from another: the message counter of mode 7, else the access number. */
function commandMark({ authentication }: Telegram, accessNumber: number): string {
  const counter = authentication?.counter;
  if (counter === undefined) return `access ${accessNumber}`;
  return `${COUNTER}${counterNumber(counter)}`;
}

/** Message counters towards a meter only rise; access numbers come round again and have no order. */
function isOlder(mark: string, last: string): boolean {
  if (!mark.startsWith(COUNTER) || !last.startsWith(COUNTER)) return false;
  return Number(mark.slice(COUNTER.length)) < Number(last.slice(COUNTER.length));
}

const COUNTER = "counter ";
