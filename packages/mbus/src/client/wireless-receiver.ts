import { DecodeError, SecurityError } from "@amity/bytes";
import type { FormatStore } from "../application/compact-frame.ts";
import type { CivilDate } from "../application/data-types.ts";
import { learnLayouts } from "../application/learn-layouts.ts";
import { addressText } from "../link/address.ts";
import { knownFormats } from "../profiles/known-formats.ts";
import type { KeyLookup } from "../transport/meter-key.ts";
import {
  FRAGMENT_LIMITS,
  NO_FRAGMENTS,
  fragmentOf,
  stepFragments,
  type Fragment,
  type FragmentLimits,
} from "../wireless/fragment-assembly.ts";
import type { FrameFormat } from "../wireless/frame-format.ts";
import { decodeMessage, decodeTelegram, type Telegram, type TelegramOptions } from "../wireless/telegram.ts";

/** What a receiver made of what the radio gave it. */
export type Reception =
  | { readonly kind: "telegram"; readonly telegram: Telegram }
  /** The same octets again: a repeater, or a second antenna. */
  | { readonly kind: "duplicate"; readonly telegram: Telegram }
  /** A fragment; the rest is awaited, the lowest one missing is named. */
  | { readonly kind: "fragment"; readonly telegram: Telegram; readonly missing: number }
  /** Authentic once, and sent again later: its counter has been used. */
  | { readonly kind: "replay"; readonly telegram: Telegram; readonly error: SecurityError }
  | { readonly kind: "invalid"; readonly error: DecodeError };

export interface ReceiverOptions {
  readonly keys?: KeyLookup;
  readonly format?: FrameFormat | "auto";
  /** Layouts for compact frames; learns from full ones. */
  readonly formats?: FormatStore;
  /** Meters remembered; the longest silent one is forgotten first. Default 10 000. */
  readonly metersMax?: number;
  /** The same octets within this time are a duplicate (ms). Default 60 000. */
  readonly duplicateMs?: number;
  /** The meters' civil date at an instant of reception: security mode 3 opens with it only. */
  readonly dateAt?: (nowMs: number) => CivilDate;
  /** Bounds of what is kept of messages that came in part. */
  readonly fragments?: FragmentLimits;
}

interface Sender {
  octets: Uint8Array;
  heardMs: number;
  counter: number;
  /** The message that fragments made last, and when. */
  message: { readonly octets: Uint8Array; readonly atMs: number } | undefined;
}

/** A collector's ear: deduplicates, puts fragments together, refuses replays, learns layouts. Time comes with each telegram. */
export class WirelessReceiver {
  readonly #options: ReceiverOptions;
  readonly #formats: FormatStore;
  readonly #senders = new Map<string, Sender>();
  #fragments = NO_FRAGMENTS;

  constructor(options: ReceiverOptions = {}) {
    this.#options = options;
    this.#formats = options.formats ?? knownFormats();
  }

  /** Takes one telegram as the radio delivered it. Never throws on content. */
  receive(octets: Uint8Array, nowMs: number): Reception {
    let telegram: Telegram;
    try {
      telegram = decodeTelegram(octets, { ...this.#known(nowMs), format: this.#options.format ?? "auto" });
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      return { kind: "invalid", error };
    }
    const sender = this.#sender(addressText(telegram.sender), nowMs);
    const isRepeated = same(sender.octets, octets) && nowMs - sender.heardMs < this.#duplicateMs;
    sender.octets = octets.slice();
    sender.heardMs = nowMs;
    if (isRepeated) return { kind: "duplicate", telegram };
    const fragment = fragmentOf(telegram);
    return fragment === undefined ? this.#judge(telegram, sender) : this.#assemble(telegram, fragment, sender, nowMs);
  }

  #known(nowMs: number): TelegramOptions {
    return { keys: this.#options.keys, formats: this.#formats, date: this.#options.dateAt?.(nowMs) };
  }

  #judge(telegram: Telegram, sender: Sender): Reception {
    const { authentication, application } = telegram;
    if (authentication?.counter !== undefined && application.security.mac === "matches") {
      const counter = little(authentication.counter);
      if (counter <= sender.counter) {
        const error = new SecurityError(`message counter ${counter} of meter ${telegram.sender.id} is not above ${sender.counter}`, {
          code: "replay",
        });
        return { kind: "replay", telegram, error };
      }
      sender.counter = counter;
    }
    learnLayouts(telegram.application, this.#formats);
    return { kind: "telegram", telegram };
  }

  #assemble(telegram: Telegram, fragment: Fragment, sender: Sender, nowMs: number): Reception {
    const { state, outcome } = stepFragments(this.#fragments, fragment, nowMs, this.#options.fragments ?? FRAGMENT_LIMITS);
    this.#fragments = state;
    switch (outcome.kind) {
      case "pending":
        return { kind: "fragment", telegram, missing: outcome.missing };
      case "duplicate":
        return { kind: "duplicate", telegram };
      case "refused":
        return { kind: "invalid", error: outcome.error };
      case "complete":
        return this.#whole(telegram, outcome, sender, nowMs);
    }
  }

  /** A repeater sends all fragments again: what they make is the same message. */
  #whole(telegram: Telegram, whole: Parameters<typeof decodeMessage>[1], sender: Sender, nowMs: number): Reception {
    const { message: before } = sender;
    sender.message = { octets: whole.message, atMs: nowMs };
    const decoded = decodeMessage(telegram, whole, this.#known(nowMs));
    const isRepeated = before !== undefined && same(before.octets, whole.message) && nowMs - before.atMs < this.#duplicateMs;
    return isRepeated ? { kind: "duplicate", telegram: decoded } : this.#judge(decoded, sender);
  }

  get #duplicateMs(): number {
    return this.#options.duplicateMs ?? 60_000;
  }

  #sender(name: string, nowMs: number): Sender {
    const known = this.#senders.get(name);
    if (known !== undefined) {
      this.#senders.delete(name);
      this.#senders.set(name, known);
      return known;
    }
    const fresh: Sender = { octets: new Uint8Array(0), heardMs: nowMs, counter: -1, message: undefined };
    this.#senders.set(name, fresh);
    if (this.#senders.size > (this.#options.metersMax ?? 10_000)) {
      const oldest = this.#senders.keys().next().value;
      if (oldest !== undefined) this.#senders.delete(oldest);
    }
    return fresh;
  }
}

function same(first: Uint8Array, second: Uint8Array): boolean {
  return first.length === second.length && first.every((octet, index) => octet === second[index]);
}

function little(octets: Uint8Array): number {
  return ((octets[0] ?? 0) | ((octets[1] ?? 0) << 8) | ((octets[2] ?? 0) << 16) | ((octets[3] ?? 0) << 24)) >>> 0;
}
