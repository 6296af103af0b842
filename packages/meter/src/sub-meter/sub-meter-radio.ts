import { fromHex, SecurityError } from "@amity/bytes";
import { unwrapKey } from "@amity/crypto";
import { RADIO_MODES, WirelessMeter, type DataRecord, type RadioAnswer, type RecordInput } from "@amity/mbus";
import { uniform } from "../household/hash.ts";
import { subMeterRecords, statusOctet } from "./telegram-records.ts";
import type { SubMeterKeys } from "./sub-meter-keys.ts";
import type { SimulatedSubMeter } from "./sub-meter.ts";
import { warningsAt } from "./warnings.ts";

export interface SubMeterRadioParts {
  readonly meter: SimulatedSubMeter;
  /** The keys of a generation: derived when asked for rather than held. */
  readonly keys: (generation: number) => SubMeterKeys;
  readonly standardOffsetMs: number;
}

/**
 * The radio of a sub-meter as a function of time: telegram number n of its life leaves at a known instant, with access number and message
 * counter n, and can be built for any instant, past or present. Nothing is stored.
 */
export class SubMeterRadio {
  readonly meter: SimulatedSubMeter;
  readonly #parts: SubMeterRadioParts;
  readonly #phaseMs: number;
  /** Answers since the last telegram: each has a message counter of its own. */
  #answered = { number: -1, count: 0 };

  constructor(parts: SubMeterRadioParts) {
    const { seed, radio } = parts.meter.plan;
    this.meter = parts.meter;
    this.#parts = parts;
    // Within the first minutes of an interval, so that a full hour is told soon.
    this.#phaseMs = 5_000 + Math.floor(uniform(seed, 2, 0) * Math.max(1, Math.min(240_000, radio.intervalMs - 10_000)));
  }

  /** Local standard time minus UTC: telegrams are stamped so. */
  get standardOffsetMs(): number {
    return this.#parts.standardOffsetMs;
  }

  /** Whether it listens after its telegrams, and how soon and long (ms). */
  get window(): { readonly from: number; readonly to: number } | undefined {
    const mode = RADIO_MODES[this.meter.plan.radio.mode];
    return "responseWindowMs" in mode ? mode.responseWindowMs : undefined;
  }

  /** Number of the last telegram that left by an instant; negative before the first. */
  numberAt(instantMs: number): number {
    const { intervalMs } = this.meter.plan.radio;
    // The access number moves a telegram by about one interval at most.
    let number = Math.floor((instantMs - this.meter.installedMs - this.#phaseMs) / intervalMs) + 2;
    while (this.sentAtMs(number) > instantMs) number--;
    return number;
  }

  /** Synchronous transmission (OMS Vol. 2, 4.3.2): each telegram's access number draws out or shortens the way to the next. */
  sentAtMs(number: number): number {
    const { intervalMs } = this.meter.plan.radio;
    const shift = (intervalMs * (SHIFTS[number & 0xff] ?? 0)) / SYNCHRONOUS_PARTS;
    return this.meter.installedMs + this.#phaseMs + Math.round(number * intervalMs + shift);
  }

  /** Whether telegram `number` left the meter and got through to its host. */
  isCarried(number: number): boolean {
    if (number < 0 || this.meter.conditionAt(this.sentAtMs(number)).radioSilent) return false;
    return uniform(this.meter.plan.seed ^ LOSSES, number, 0) >= LOSS;
  }

  /** Octets on air of telegram `number`. */
  telegram(number: number): Uint8Array {
    return this.wireless(this.sentAtMs(number), number).transmit();
  }

  /** A meter at the state of an instant, about to send telegram `number`; `answers` of its message counters are used already. */
  wireless(instantMs: number, number: number, obey?: (records: readonly DataRecord[]) => void, answers = 0): WirelessMeter {
    const { address, radio } = this.meter.plan;
    const records = (): readonly RecordInput[] => subMeterRecords(this.meter, instantMs, this.#parts.standardOffsetMs);
    const model = {
      records,
      status: () => statusOctet(warningsAt(this.meter, instantMs)),
      ...(obey === undefined ? {} : { command: obey }),
    };
    return new WirelessMeter(model, {
      meter: address,
      mode: radio.mode,
      format: radio.mode.startsWith("C") ? "b" : "a",
      intervalMs: radio.intervalMs,
      security: { mode: radio.security, key: this.userKeyAt(instantMs) },
      accessNumber: number - 1,
      counter: number * COUNTERS_EACH + answers,
      lastCommand: this.meter.lastCommand,
    });
  }

  /**
   * What the meter does with a telegram that reaches it in its window: its answer, and the mark of the command obeyed last (`WirelessMeter`);
   * `undefined`: nothing to answer.
   */
  hear(
    octets: Uint8Array,
    instantMs: number,
    obey: (records: readonly DataRecord[]) => void,
  ): (RadioAnswer & { readonly lastCommand: string }) | undefined {
    const number = this.numberAt(instantMs);
    const count = this.#answered.number === number ? this.#answered.count + 1 : 1;
    if (count >= COUNTERS_EACH) return undefined;
    const meter = this.wireless(instantMs, number, obey, count);
    const answer = meter.hear(octets);
    if (answer === undefined) return undefined;
    this.#answered = { number, count };
    return { ...answer, lastCommand: meter.lastCommand };
  }

  /** The key that its telegrams are ciphered with at an instant. */
  userKeyAt(instantMs: number): Uint8Array {
    const { keyGeneration, wrappedKey } = this.meter.conditionAt(instantMs);
    const { userKey, masterKey } = this.#parts.keys(keyGeneration);
    return wrappedKey === "" ? userKey : unwrapKey(masterKey, fromHex(wrappedKey));
  }

  /** The key that it left the factory with. */
  get factoryKey(): Uint8Array {
    return this.#parts.keys(0).userKey;
  }

  /** Whether a key that came wrapped opens under the meter's master key. */
  opensKey(wrapped: Uint8Array): boolean {
    try {
      return unwrapKey(this.#parts.keys(0).masterKey, wrapped).length === 16;
    } catch (error) {
      if (error instanceof SecurityError) return false;
      throw error;
    }
  }
}

/** Share of its telegrams that a host in the same house misses. */
const LOSS = 0.03;
const LOSSES = 0x4c05;
/** Message counters from one regular telegram to the next: its own, and those of answers. */
const COUNTERS_EACH = 64;
/** Nominal intervals are drawn out or shortened by these parts. */
const SYNCHRONOUS_PARTS = 2_048;
/** By access number, how far the intervals before it have drifted in a round of 256, in parts; over a whole round they cancel out. */
const SHIFTS: Int32Array = Int32Array.from({ length: 256 }, (_, accessNumber) => {
  let parts = 0;
  for (let before = 0; before < accessNumber; before++) parts += Math.abs(before - 128) - 64;
  return parts;
});
