import { DecodeError, LinkError } from "@amity/bytes";
import { addressText, decodeTelegram, type Telegram } from "@amity/mbus";
import type { World } from "@amity/runtime";
import type { ConcentratorEventLog } from "../concentrator-events.ts";
import { encodeDelivery } from "../delivery.ts";
import type { DeliveryLog } from "../delivery-log.ts";
import type { HeardBook } from "./heard-book.ts";
import { encodeTelegrams, WIRELESS_OBJECT, type HeardTelegram } from "./heard-telegram.ts";

/** A meter that is listened for. The concentrator has no key of it. */
export interface WirelessMeterEntry {
  readonly meterId: string;
  /** `addressText` of @amity/mbus, e.g. `KAM-76348799-1b-16`. */
  readonly address: string;
}

/** What came of everything that was heard. */
export interface WirelessStatistics {
  readonly kept: number;
  /** Within an interval of which a telegram is kept already. */
  readonly surplus: number;
  readonly duplicates: number;
  /** From meters that are not on the list. */
  readonly strangers: number;
  /** Damaged, or of a kind that carries no readings; fragments of long messages among them. */
  readonly unusable: number;
  /** Passed over because the disk was full. */
  readonly shed: number;
}

export interface WirelessListenerParts {
  readonly world: Pick<World, "clock" | "log">;
  readonly log: DeliveryLog;
  readonly book: HeardBook;
  readonly events: ConcentratorEventLog;
  /** At most one telegram of a meter is kept for each of these, civil ms. */
  readonly intervalMs: number;
}

/** Largest telegram on air with its block CRCs (EN 13757-4, frame format A). */
const TELEGRAM_OCTETS_MAX = 291;
/** C fields of telegrams that meters send of themselves, or answer with: SND-NR, SND-IR, RSP-UD. */
const METER_CONTROLS: ReadonlySet<number> = new Set([0x44, 0x46, 0x08, 0x18, 0x28, 0x38]);
/** Telegrams that may wait for the disk. */
const STORING_MAX = 1_000;

/**
 * Hears meters of wireless M-Bus: of each one the first telegram of every interval is kept, ciphered as it came, and handed on
 * together with the one that was kept before, so that whoever has the key can tell what passed between the two.
 */
export class WirelessListener {
  readonly #parts: WirelessListenerParts;
  readonly #meters = new Map<string, WirelessMeterEntry>();
  readonly #heard = new Map<string, Uint8Array>();
  readonly #storing = new Set<string>();
  #isFull = false;
  readonly #counts = { kept: 0, surplus: 0, duplicates: 0, strangers: 0, unusable: 0, shed: 0 };

  constructor(parts: WirelessListenerParts, meters: readonly WirelessMeterEntry[]) {
    this.#parts = parts;
    this.setMeters(meters);
  }

  get statistics(): WirelessStatistics {
    return { ...this.#counts };
  }

  setMeters(meters: readonly WirelessMeterEntry[]): void {
    this.#meters.clear();
    for (const meter of meters) this.#meters.set(meter.address, meter);
    for (const address of this.#heard.keys()) if (!this.#meters.has(address)) this.#heard.delete(address);
  }

  /** Takes what the radio delivered: octets on air of one telegram, with block CRCs or without. Resolves when it is kept or passed over. */
  async receive(octets: Uint8Array): Promise<void> {
    const counts = this.#counts;
    const telegram = octets.length > TELEGRAM_OCTETS_MAX ? undefined : readTelegram(octets);
    if (telegram === undefined) return void counts.unusable++;
    const address = addressText(telegram.sender);
    const meter = this.#meters.get(address);
    if (meter === undefined) return void counts.strangers++;
    if (isSame(this.#heard.get(address), octets)) return void counts.duplicates++;
    this.#heard.set(address, octets.slice());
    const heard: HeardTelegram = { atMs: this.#parts.world.clock.nowMs(), octets: octets.slice() };
    const last = this.#parts.book.last(meter.meterId);
    if (last !== undefined && this.#slotOf(last) >= this.#slotOf(heard)) return void counts.surplus++;
    if (this.#storing.has(meter.meterId)) return void counts.surplus++;
    if (this.#storing.size >= STORING_MAX) return void counts.shed++;
    this.#storing.add(meter.meterId);
    try {
      await this.#store(meter.meterId, last, heard);
      counts.kept++;
      this.#isFull = false;
    } catch (error) {
      if (!(error instanceof LinkError) || error.code !== "disk-full") throw error;
      counts.shed++;
      this.#diskFull(error);
    } finally {
      this.#storing.delete(meter.meterId);
    }
    return undefined;
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

/** The link layer of a telegram that a meter sent; nothing above it is looked at. */
function readTelegram(octets: Uint8Array): Telegram | undefined {
  try {
    const telegram = decodeTelegram(octets);
    const { authentication, application } = telegram;
    const isFragment = authentication !== undefined && (authentication.moreFragments || authentication.fragmentId > 1);
    const isCut = application.problems.some(({ code }) => code === "truncated" || code === "trailing");
    return METER_CONTROLS.has(telegram.control) && !isFragment && !isCut ? telegram : undefined;
  } catch (error) {
    if (error instanceof DecodeError) return undefined;
    throw error;
  }
}

function isSame(first: Uint8Array | undefined, second: Uint8Array): boolean {
  return first !== undefined && first.length === second.length && first.every((octet, index) => octet === second[index]);
}
