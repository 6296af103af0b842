import { DecodeError, LinkError, sameOctets } from "@amity/bytes";
import {
  addressText,
  decodeTelegram,
  encodeCollectorTelegram,
  fragmentOf,
  NO_FRAGMENTS,
  stepFragments,
  WIRELESS_CONTROL,
  type FragmentAssembly,
  type MeterAddress,
  type Telegram,
} from "@amity/mbus";
import type { World } from "@amity/runtime";
import type { ConcentratorEventLog } from "../concentrator-events.ts";
import { encodeDelivery } from "../delivery.ts";
import type { DeliveryLog } from "../delivery-log.ts";
import type { HeardBook } from "./heard-book.ts";
import { encodeTelegrams, WIRELESS_OBJECT, WIRELESS_STATUS_OBJECT, type HeardTelegram } from "./heard-telegram.ts";
import type { KnownMeters } from "./known-meters.ts";
import type { OrderDesk, RadioReply } from "./order-desk.ts";

/** What came of everything that was heard. */
export interface WirelessStatistics {
  readonly kept: number;
  /** Within an interval of which a telegram is kept already. */
  readonly surplus: number;
  readonly duplicates: number;
  /** From meters that are not on the list. */
  readonly strangers: number;
  /** Damaged, or sent by no meter. */
  readonly unusable: number;
  /** Parts of long messages, kept until they are whole. */
  readonly fragments: number;
  /** Without readings: acknowledgements, moments to be spoken to. */
  readonly empty: number;
  /** Sent to meters: orders, confirmations of installation. */
  readonly sent: number;
  /** Passed over because the disk was full. */
  readonly shed: number;
}

export interface WirelessListenerParts {
  readonly world: Pick<World, "clock" | "log">;
  readonly log: DeliveryLog;
  readonly book: HeardBook;
  readonly events: ConcentratorEventLog;
  readonly meters: KnownMeters;
  readonly desk: OrderDesk;
  /** Who the concentrator is on the air. */
  readonly self: MeterAddress;
  /** Sends in the window of the meter that was just heard; absent where the radio only hears. */
  readonly reply: ((reply: RadioReply) => void) | undefined;
  /** At most one telegram of a meter is kept for each of these, civil ms. */
  readonly intervalMs: number;
}

/** Largest telegram on air with its block CRCs (EN 13757-4, frame format A). */
const TELEGRAM_OCTETS_MAX = 291;
/** C fields of meters: SND-NR, SND-IR, ACC-NR, ACC-DMD, and answers (ACK, NACK, RSP-UD) with any flow control bits. */
const METER_CONTROLS: ReadonlySet<number> = new Set([0x44, 0x46, 0x47, 0x48, 0x00, 0x10, 0x20, 0x30, 0x01, 0x11, 0x08, 0x18, 0x28, 0x38]);
/** Of these the ones that carry readings. */
const READING_CONTROLS: ReadonlySet<number> = new Set([0x44, 0x46, 0x08, 0x18, 0x28, 0x38]);
/** Telegrams that may wait for the disk. */
const STORING_MAX = 1_000;
/** From the end of SND-IR to its confirmation (ms), by frame format: B is of mode C alone (EN 13757-4, 11.6). */
const CONFIRM_AFTER_MS = { a: 2.5, b: 100, none: 2.5 } as const;

/**
 * Hears meters of wireless M-Bus: of each one the first telegram of every interval is kept, and any whose status is another than before,
 * ciphered as it came, and handed on together with the one that was kept before, so that whoever has the key can tell what passed
 * between the two. What its meters are to be told is sent when they listen.
 */
export class WirelessListener {
  readonly #parts: WirelessListenerParts;
  readonly #heard = new Map<string, Uint8Array>();
  readonly #statuses = new Map<string, number>();
  readonly #storing = new Set<string>();
  #assembly: FragmentAssembly = NO_FRAGMENTS;
  readonly #pieces = new Map<string, readonly Uint8Array[]>();
  #isFull = false;
  readonly #counts = {
    kept: 0,
    surplus: 0,
    duplicates: 0,
    strangers: 0,
    unusable: 0,
    fragments: 0,
    empty: 0,
    sent: 0,
    shed: 0,
  };

  constructor(parts: WirelessListenerParts) {
    this.#parts = parts;
  }

  get statistics(): WirelessStatistics {
    return { ...this.#counts };
  }

  /** Takes what the radio delivered: octets on air of one telegram, with block CRCs or without. Resolves when it is kept or passed over. */
  async receive(octets: Uint8Array): Promise<void> {
    const counts = this.#counts;
    const { world, meters } = this.#parts;
    const telegram = octets.length > TELEGRAM_OCTETS_MAX ? undefined : readTelegram(octets);
    if (telegram === undefined) return void counts.unusable++;
    const address = addressText(telegram.sender);
    const meter = meters.at(address);
    const nowMs = world.clock.nowMs();
    if (meter === undefined) {
      meters.heardStranger(address, nowMs, telegram.control === WIRELESS_CONTROL.sndIr);
      this.#answerInstallation(telegram, false);
      return void counts.strangers++;
    }
    meters.heardKnown(address, nowMs);
    // A window waits for nothing: what is to be said is decided first.
    this.#reply(this.#parts.desk.heard(meter.meterId, telegram, octets));
    this.#answerInstallation(telegram, true);
    const before = this.#heard.get(address);
    if (before !== undefined && sameOctets(before, octets)) return void counts.duplicates++;
    this.#heard.set(address, octets.slice());
    if (!READING_CONTROLS.has(telegram.control)) return void counts.empty++;
    const heard = this.#whole(telegram, { atMs: nowMs, octets: octets.slice() });
    if (heard === undefined) return void counts.fragments++;
    return this.#judge(meter.meterId, telegram, heard);
  }

  /** Keeps the first telegram of an interval, and one with news; the others are surplus. */
  async #judge(meterId: string, telegram: Telegram, heard: HeardTelegram): Promise<void> {
    const counts = this.#counts;
    const last = this.#parts.book.last(meterId);
    const before = this.#statuses.get(meterId) ?? (last === undefined ? undefined : statusOf(readTelegram(last.octets)));
    const status = statusOf(telegram) ?? before;
    const isFirst = last === undefined || this.#slotOf(last) < this.#slotOf(heard);
    if (!isFirst && status === before) return void counts.surplus++;
    if (this.#storing.has(meterId)) return void counts.surplus++;
    if (this.#storing.size >= STORING_MAX) return void counts.shed++;
    this.#storing.add(meterId);
    try {
      if (isFirst) await this.#store(meterId, last, heard);
      else await this.#storeNews(meterId, heard);
      if (status !== undefined) this.#statuses.set(meterId, status);
      counts.kept++;
      this.#isFull = false;
    } catch (error) {
      if (!(error instanceof LinkError) || error.code !== "disk-full") throw error;
      counts.shed++;
      this.#diskFull(error);
    } finally {
      this.#storing.delete(meterId);
    }
    return undefined;
  }

  /** A message that came whole, or has become whole with this fragment. */
  #whole(telegram: Telegram, heard: HeardTelegram): HeardTelegram | undefined {
    const fragment = fragmentOf(telegram);
    if (fragment === undefined) return heard;
    const { state, outcome } = stepFragments(this.#assembly, fragment, heard.atMs);
    this.#assembly = state;
    for (const sender of this.#pieces.keys()) if (sender !== fragment.sender && !state.has(sender)) this.#pieces.delete(sender);
    if (outcome.kind === "duplicate") return undefined;
    const pieces = [...(this.#pieces.get(fragment.sender) ?? []), heard.octets];
    this.#pieces.set(fragment.sender, pieces.slice(-PIECES_MAX));
    if (outcome.kind === "pending") return undefined;
    this.#pieces.delete(fragment.sender);
    const [octets, ...others] = pieces;
    return outcome.kind === "refused" || octets === undefined ? undefined : { atMs: heard.atMs, octets, others };
  }

  /** SND-IR: a meter of ours is confirmed (CNF-IR), another learns that it is heard here (SND-NKE; OMS Vol. 2, 5.3). */
  #answerInstallation(telegram: Telegram, isOurs: boolean): void {
    if (telegram.control !== WIRELESS_CONTROL.sndIr) return;
    const { self } = this.#parts;
    const octets = encodeCollectorTelegram({
      collector: self,
      meter: telegram.sender,
      kind: isOurs ? "confirmInstallation" : "reset",
      accessNumber: telegram.application.header?.accessNumber ?? telegram.extendedLink?.accessNumber ?? 0,
      format: telegram.format,
    });
    this.#reply({ octets, afterMs: CONFIRM_AFTER_MS[telegram.format] });
  }

  #reply(reply: RadioReply | undefined): void {
    if (reply === undefined || this.#parts.reply === undefined) return;
    this.#counts.sent++;
    this.#parts.reply(reply);
  }

  /** Only when the delivery is synced does the telegram count as kept. */
  async #store(meterId: string, last: HeardTelegram | undefined, heard: HeardTelegram): Promise<void> {
    const { log, book, intervalMs } = this.#parts;
    const toMs = this.#slotOf(heard) * intervalMs;
    // Telegrams of neighbouring intervals settle the one that lies between their beginnings; a gap settles nothing.
    const isNext = last !== undefined && this.#slotOf(last) + 1 === this.#slotOf(heard);
    const span = { fromMs: isNext ? toMs - intervalMs : toMs, toMs };
    const payload = encodeTelegrams(last === undefined ? [heard] : [last, heard]);
    await log.append(encodeDelivery({ meterId, object: WIRELESS_OBJECT, collectedAtMs: heard.atMs, span, payload }));
    book.keep(meterId, heard);
  }

  /** The book keeps where the interval began. */
  async #storeNews(meterId: string, heard: HeardTelegram): Promise<void> {
    const span = { fromMs: heard.atMs, toMs: heard.atMs };
    const payload = encodeTelegrams([heard]);
    await this.#parts.log.append(encodeDelivery({ meterId, object: WIRELESS_STATUS_OBJECT, collectedAtMs: heard.atMs, span, payload }));
  }

  /** Said once, until something fits again. */
  #diskFull(error: LinkError): void {
    const { events, world } = this.#parts;
    if (!this.#isFull) events.add({ atMs: world.clock.nowMs(), kind: "storageFull", detail: error.message });
    this.#isFull = true;
  }

  #slotOf({ atMs }: HeardTelegram): number {
    return Math.floor(atMs / this.#parts.intervalMs);
  }
}

/** Fragments of one message that are held. */
const PIECES_MAX = 64;

/** A telegram that a meter sent, as far as it can be read without a key. */
function readTelegram(octets: Uint8Array): Telegram | undefined {
  try {
    const telegram = decodeTelegram(octets);
    const isCut = telegram.application.problems.some(({ code }) => code === "truncated" || code === "trailing");
    return METER_CONTROLS.has(telegram.control) && !isCut ? telegram : undefined;
  } catch (error) {
    if (error instanceof DecodeError) return undefined;
    throw error;
  }
}

/** The status octet stands in front of what is encrypted. */
function statusOf(telegram: Telegram | undefined): number | undefined {
  return telegram?.application.header?.status;
}
