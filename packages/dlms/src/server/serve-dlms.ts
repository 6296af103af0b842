import type { Random, Timer, Timers } from "@amity/runtime";
import type { PduLink, SapPair } from "../link/pdu-link.ts";
import type { ApduTrace } from "../trace.ts";
import type { ServerLimits } from "./association-state.ts";
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
  /** Told of what our own code did wrong while it served a request: the client got "other reason". */
  readonly onFault?: (error: unknown) => void;
}

/** One served link. */
export interface ServerSession {
  /** Sends a plain APDU (a notification) to a client, protected as given. */
  send(apdu: Uint8Array, saps: SapPair): void;
  close(): void;
}

const INACTIVITY_TIMEOUT_MS = 120_000;
const ASSOCIATIONS_MAX = 16;
const REQUESTS_WAITING_MAX = 16;
const EXCEPTION_OTHER = Uint8Array.of(0xd8, 0x01, 0x03);

interface Slot {
  readonly association: ServerAssociation;
  readonly waiting: Uint8Array[];
  busy: boolean;
}

/**
 * Serves a device on a link until the link ends. Each pair of service access points has its association and serves its
 * requests one after another; a SAP where nothing answers stays silent, as on a meter.
 */
export function serveDlms(link: PduLink, device: CosemDevice, world: ServerWorld, options: ServeOptions = {}): ServerSession {
  const slots = new Map<number, Slot>();
  const timeoutMs = options.inactivityTimeoutMs ?? INACTIVITY_TIMEOUT_MS;
  let idle: Timer | undefined;

  const rest = (): void => {
    idle?.cancel();
    if (timeoutMs > 0) idle = world.timers.after(timeoutMs, () => link.close());
  };
  const trace = (direction: "sent" | "received", saps: SapPair, plain: Uint8Array, apdu: Uint8Array): void => {
    options.trace?.({ direction, elapsedMs: world.timers.elapsedMs(), saps, plain, ...(plain === apdu ? {} : { ciphered: apdu }) });
  };

  function slotOf(saps: SapPair): Slot | undefined {
    const key = saps.clientSap * 0x10000 + saps.serverSap;
    const known = slots.get(key);
    if (known !== undefined) return known;
    const logicalDevice = device.logicalDevice(saps.serverSap);
    if (logicalDevice === undefined || slots.size >= ASSOCIATIONS_MAX) return undefined;
    const association = new ServerAssociation(logicalDevice, {
      ...saps,
      randomBytes: (length) => world.random.bytes(length),
      ...(options.limits === undefined ? {} : { limits: options.limits }),
    });
    const slot: Slot = { association, waiting: [], busy: false };
    slots.set(key, slot);
    return slot;
  }

  function finish(slot: Slot, saps: SapPair, apdu: Uint8Array, result: Served): void {
    trace("received", saps, result.plainRequest, apdu);
    if (result.answer !== undefined) {
      trace("sent", saps, result.plainAnswer ?? result.answer, result.answer);
      link.send(result.answer, saps);
    }
    slot.busy = false;
    const next = slot.waiting.shift();
    if (next !== undefined) serve(slot, saps, next);
  }

  function fault(slot: Slot, saps: SapPair, apdu: Uint8Array, error: unknown): void {
    options.onFault?.(error);
    finish(slot, saps, apdu, { answer: EXCEPTION_OTHER, plainRequest: apdu, plainAnswer: EXCEPTION_OTHER });
  }

  function serve(slot: Slot, saps: SapPair, apdu: Uint8Array): void {
    slot.busy = true;
    let result: Served | Promise<Served>;
    try {
      result = slot.association.handle(apdu);
    } catch (error) {
      fault(slot, saps, apdu, error);
      return;
    }
    if (!(result instanceof Promise)) {
      finish(slot, saps, apdu, result);
      return;
    }
    result.then(
      (served) => finish(slot, saps, apdu, served),
      (error: unknown) => fault(slot, saps, apdu, error),
    );
  }

  link.bind({
    apdu(apdu, saps) {
      rest();
      const slot = slotOf(saps);
      if (slot === undefined) return;
      if (!slot.busy) serve(slot, saps, apdu);
      // A client that does not wait for answers is cut off before it fills our memory.
      else if (slot.waiting.length < REQUESTS_WAITING_MAX) slot.waiting.push(apdu);
      else link.abort();
    },
    released(saps) {
      slots.get(saps.clientSap * 0x10000 + saps.serverSap)?.association.close();
    },
    closed() {
      idle?.cancel();
      slots.clear();
    },
  });
  rest();
  return {
    send(apdu, saps) {
      link.send(apdu, saps);
    },
    close: () => link.close(),
  };
}
