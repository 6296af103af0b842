import { AmityError } from "@amity/bytes";
import type { Random, Timers } from "@amity/runtime";
import { BlockTransfer } from "../apdu/block-transfer.ts";
import { GENERAL_BLOCK_TRANSFER_TAG } from "../apdu/ciphered.ts";
import { DeadlineTimer } from "../link/deadline-timer.ts";
import type { PduLink, SapPair } from "../link/pdu-link.ts";
import type { ProtectionForm } from "../security/secure-channel.ts";
import type { ApduTrace } from "../trace.ts";
import type { ServerLimits } from "./association-state.ts";
import { RepeatedRequests } from "./repeated-requests.ts";
import type { CosemDevice } from "./cosem-device.ts";
import { ServerAssociation, type Served } from "./server-association.ts";

/** What a server takes from the world. */
export interface ServerWorld {
  readonly timers: Timers;
  readonly random: Random;
}

export interface ServeOptions {
  readonly limits?: ServerLimits;
  /** Closes a link on which nothing arrived for this long (machine time), default 120,000; 0 never. */
  readonly inactivityTimeoutMs?: number;
  readonly trace?: ApduTrace;
  /** Told which confirmed data-notification (`notify`) has arrived, by its invoke id. */
  readonly onConfirmed?: (invokeId: number, saps: SapPair) => void;
  /** Told of what our own code did wrong while it served a request: the client got "other reason". */
  readonly onFault?: (error: unknown) => void;
}

/** One served link. */
export interface ServerSession {
  /** Sends a notification on the link: ciphered under the open association where `form` is given, in the clear otherwise. */
  notify(apdu: Uint8Array, saps: SapPair, form?: ProtectionForm): void;
  close(): void;
}

const INACTIVITY_TIMEOUT_MS = 120_000;
const ASSOCIATIONS_MAX = 16;
const REQUESTS_WAITING_MAX = 16;
const EXCEPTION_OTHER = Uint8Array.of(0xd8, 0x01, 0x03);

interface Slot {
  readonly association: ServerAssociation;
  readonly waiting: Uint8Array[];
  /** On links that may deliver twice. */
  readonly repeated: RepeatedRequests | undefined;
  transfer: BlockTransfer | undefined;
  busy: boolean;
}

/**
 * Serves a device on a link until the link ends. Each pair of service access points has its association and serves its
 * requests one after another; a SAP where nothing answers stays silent, as on a meter.
 */
export function serveDlms(link: PduLink, device: CosemDevice, world: ServerWorld, options: ServeOptions = {}): ServerSession {
  return new LinkSession(link, device, world, options);
}

class LinkSession implements ServerSession {
  readonly #link: PduLink;
  readonly #device: CosemDevice;
  readonly #world: ServerWorld;
  readonly #options: ServeOptions;
  readonly #slots = new Map<number, Slot>();
  readonly #idle: DeadlineTimer;

  constructor(link: PduLink, device: CosemDevice, world: ServerWorld, options: ServeOptions) {
    this.#link = link;
    this.#device = device;
    this.#world = world;
    this.#options = options;
    this.#idle = new DeadlineTimer(world.timers, () => link.close());
    this.#restartIdle();
    link.bind({
      apdu: (apdu, saps) => this.#received(apdu, saps),
      released: (saps) => this.#slots.get(keyOf(saps))?.association.close(),
      closed: () => {
        this.#idle.stop();
        this.#slots.clear();
      },
    });
  }

  notify(apdu: Uint8Array, saps: SapPair, form?: ProtectionForm): void {
    const channel = form === undefined ? undefined : this.#slots.get(keyOf(saps))?.association.channel;
    const protectedApdu = channel === undefined || form === undefined ? apdu : channel.protect(apdu, form);
    this.#trace("sent", saps, apdu, protectedApdu);
    this.#link.send(protectedApdu, saps);
  }

  close(): void {
    this.#link.close();
  }

  #restartIdle(): void {
    const timeoutMs = this.#options.inactivityTimeoutMs ?? INACTIVITY_TIMEOUT_MS;
    if (timeoutMs > 0) this.#idle.set(this.#world.timers.elapsedMs() + timeoutMs);
  }

  #received(apdu: Uint8Array, saps: SapPair): void {
    this.#restartIdle();
    const slot = this.#slotOf(saps);
    if (slot === undefined) return;
    if (apdu[0] === GENERAL_BLOCK_TRANSFER_TAG) {
      const whole = this.#putTogether(slot, saps, apdu);
      if (whole !== undefined) this.#enqueue(slot, saps, whole);
      return;
    }
    slot.transfer = undefined;
    this.#enqueue(slot, saps, apdu);
  }

  /** One APDU of general block transfer; the message when it is whole. */
  #putTogether(slot: Slot, saps: SapPair, apdu: Uint8Array): Uint8Array | undefined {
    const agreed = slot.association.blockTransfer;
    if (agreed === undefined) {
      this.#link.send(EXCEPTION_OTHER, saps);
      return undefined;
    }
    if (slot.transfer === undefined || slot.transfer.startsAnew(apdu)) slot.transfer = new BlockTransfer(agreed);
    try {
      const { send, message } = slot.transfer.receive(apdu);
      for (const block of send) this.#link.send(block, saps);
      return message;
    } catch (error) {
      if (!(error instanceof AmityError)) throw error;
      // A copy that comes late confirms blocks of another transfer: the one in hand is none the worse for it.
      if (this.#link.isUnreliable === true && error.code === "block-number") return undefined;
      slot.transfer = undefined;
      this.#link.send(EXCEPTION_OTHER, saps);
      return undefined;
    }
  }

  #enqueue(slot: Slot, saps: SapPair, apdu: Uint8Array): void {
    const judged = slot.repeated?.judge(apdu, this.#world.timers.elapsedMs());
    if (judged?.kind === "copy") {
      if (judged.answer !== undefined) this.#sendAnswer(slot, saps, judged.answer);
      return;
    }
    if (!slot.busy) this.#serve(slot, saps, apdu);
    // A client that does not wait for answers is cut off before it fills our memory.
    else if (slot.waiting.length < REQUESTS_WAITING_MAX) slot.waiting.push(apdu);
    else this.#link.abort();
  }

  #slotOf(saps: SapPair): Slot | undefined {
    const known = this.#slots.get(keyOf(saps));
    if (known !== undefined) return known;
    const logicalDevice = this.#device.logicalDevice(saps.serverSap);
    if (logicalDevice === undefined || this.#slots.size >= ASSOCIATIONS_MAX) return undefined;
    const association = new ServerAssociation(logicalDevice, {
      ...saps,
      randomBytes: (length) => this.#world.random.bytes(length),
      ...(this.#options.limits === undefined ? {} : { limits: this.#options.limits }),
      onConfirmed: (invokeId) => this.#options.onConfirmed?.(invokeId, saps),
    });
    const repeated = this.#link.isUnreliable === true ? new RepeatedRequests() : undefined;
    const slot: Slot = { association, waiting: [], repeated, transfer: undefined, busy: false };
    this.#slots.set(keyOf(saps), slot);
    return slot;
  }

  #serve(slot: Slot, saps: SapPair, apdu: Uint8Array): void {
    slot.busy = true;
    try {
      const result = slot.association.handle(apdu);
      if (!(result instanceof Promise)) {
        this.#finish(slot, saps, apdu, result);
        return;
      }
      result.then(
        (served) => this.#finish(slot, saps, apdu, served),
        (error: unknown) => this.#fault(slot, saps, apdu, error),
      );
    } catch (error) {
      this.#fault(slot, saps, apdu, error);
    }
  }

  #finish(slot: Slot, saps: SapPair, apdu: Uint8Array, result: Served): void {
    this.#trace("received", saps, result.plainRequest, apdu);
    slot.repeated?.answered(apdu, result.answer);
    if (result.answer !== undefined) {
      this.#trace("sent", saps, result.plainAnswer ?? result.answer, result.answer);
      this.#sendAnswer(slot, saps, result.answer);
    }
    slot.busy = false;
    const next = slot.waiting.shift();
    if (next !== undefined) this.#serve(slot, saps, next);
  }

  /** What came in general blocks is answered in general blocks, and so is what the client could not take otherwise. */
  #sendAnswer(slot: Slot, saps: SapPair, answer: Uint8Array): void {
    const agreed = slot.association.blockTransfer;
    if (agreed === undefined || (slot.transfer === undefined && answer.length <= agreed.sendOctetsMax)) {
      this.#link.send(answer, saps);
      return;
    }
    slot.transfer ??= new BlockTransfer(agreed);
    for (const block of slot.transfer.send(answer)) this.#link.send(block, saps);
  }

  #fault(slot: Slot, saps: SapPair, apdu: Uint8Array, error: unknown): void {
    this.#options.onFault?.(error);
    this.#finish(slot, saps, apdu, { answer: EXCEPTION_OTHER, plainRequest: apdu, plainAnswer: EXCEPTION_OTHER });
  }

  #trace(direction: "sent" | "received", saps: SapPair, plain: Uint8Array, apdu: Uint8Array): void {
    const { timers } = this.#world;
    this.#options.trace?.({ direction, elapsedMs: timers.elapsedMs(), saps, plain, ...(plain === apdu ? {} : { ciphered: apdu }) });
  }
}

function keyOf(saps: SapPair): number {
  return saps.clientSap * 0x10000 + saps.serverSap;
}
