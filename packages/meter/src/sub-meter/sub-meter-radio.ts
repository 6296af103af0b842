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
    return Math.floor((instantMs - this.meter.installedMs - this.#phaseMs) / intervalMs);
  }

  sentAtMs(number: number): number {
    return this.meter.installedMs + this.#phaseMs + number * this.meter.plan.radio.intervalMs;
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

  /** A meter at the state of an instant, about to send telegram `number`. `obey` is told what commands hold. */
  wireless(instantMs: number, number: number, obey?: (records: readonly DataRecord[]) => void): WirelessMeter {
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
      counter: number,
    });
  }

  /** What the meter does with a telegram that reaches it in its window; `undefined`: nothing to answer. */
  hear(octets: Uint8Array, instantMs: number, obey: (records: readonly DataRecord[]) => void): RadioAnswer | undefined {
    return this.wireless(instantMs, this.numberAt(instantMs), obey).hear(octets);
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
