import { encodeGateway, type GatewayPdu, type PduLink } from "@amity/dlms";
import type { Timer, Timers } from "@amity/runtime";

/** How long the first new delivery waits for company before the head-end is woken (machine time). */
const GATHER_MS = 500;
const OWN_CLIENT = { clientSap: 1, serverSap: 1 } as const;

/** A DataNotification that says nothing: long invoke id 0, no date-time, null-data. */
const NOTHING_BUT_A_CALL = Uint8Array.of(0x0f, 0, 0, 0, 0, 0, 0);

/**
 * Tells the head-end that there is something to fetch, once until it has looked. The call travels under the gateway prefix
 * with an empty address: it comes from the concentrator itself. It proves nothing and carries nothing; whoever forges it
 * makes the head-end look once more.
 */
export class WakeUp {
  readonly #link: PduLink;
  readonly #timers: Timers;
  #isDue = false;
  #timer: Timer | undefined;

  constructor(link: PduLink, timers: Timers) {
    this.#link = link;
    this.#timers = timers;
  }

  /** Something was stored. */
  call(): void {
    if (this.#isDue) return;
    this.#isDue = true;
    this.#timer = this.#timers.after(GATHER_MS, () => {
      const physicalAddress = new Uint8Array(0);
      this.#link.send(encodeGateway({ direction: "response", networkId: 0, physicalAddress, apdu: NOTHING_BUT_A_CALL }), OWN_CLIENT);
    });
  }

  /** The head-end has looked. */
  answered(): void {
    this.#isDue = false;
    this.#timer?.cancel();
  }

  end(): void {
    this.#isDue = true;
    this.#timer?.cancel();
  }
}

/** Whether a prefixed APDU is such a call. */
export function isWakeUp(pdu: GatewayPdu): boolean {
  return pdu.direction === "response" && pdu.physicalAddress.length === 0;
}
