import { isWakeUp } from "@amity/concentrator";
import { LinkError } from "@amity/bytes";
import { decodeGateway, encodeGateway, type GatewayPdu, type PduLink, type PduLinkHandlers, type SapPair } from "@amity/dlms";
import { toHex } from "@amity/bytes";

/** The only network behind our concentrators. */
export const RELAY_NETWORK_ID = 0;

/**
 * Shares one link to a concentrator between the association with the concentrator itself (APDUs without prefix) and any
 * number of relayed meter sessions (gateway prefix E6/E7), told apart by the meter's address.
 */
export class RelayHub {
  readonly #link: PduLink;
  readonly #relayed = new Map<string, PduLinkHandlers>();
  /** The concentrator says that it has something. */
  onWakeUp: () => void = () => {};
  #own: PduLinkHandlers | undefined;
  #ended: { error: LinkError | undefined } | undefined;
  readonly #onEnd: (error: LinkError | undefined) => void;

  constructor(link: PduLink, onEnd: (error: LinkError | undefined) => void) {
    this.#link = link;
    this.#onEnd = onEnd;
    link.bind({ apdu: (apdu, saps) => this.#receive(apdu, saps), closed: (error) => this.#closed(error) });
  }

  get isOpen(): boolean {
    return this.#ended === undefined;
  }

  /** The link for the association with the concentrator itself. Ending it ends the whole connection. */
  own(): PduLink {
    return this.#sub({
      bind: (handlers) => void (this.#own = handlers),
      send: (apdu, saps) => this.#link.send(apdu, saps),
      close: () => this.#link.close(),
      abort: () => this.#link.abort(),
    });
  }

  /** The link to a meter behind the concentrator. Ending it only forgets the address. */
  meter(address: Uint8Array): PduLink {
    const key = toHex(address);
    let bound: PduLinkHandlers | undefined;
    const forget = (): void => {
      if (bound === undefined || this.#relayed.get(key) !== bound) return;
      this.#relayed.delete(key);
      const handlers = bound;
      queueMicrotask(() => handlers.closed(undefined));
    };
    return this.#sub({
      bind: (handlers) => {
        bound = handlers;
        this.#relayed.set(key, handlers);
      },
      send: (apdu, saps) =>
        this.#link.send(encodeGateway({ direction: "request", networkId: RELAY_NETWORK_ID, physicalAddress: address, apdu }), saps),
      close: forget,
      abort: forget,
    });
  }

  #sub(parts: Pick<PduLink, "bind" | "send" | "close" | "abort">): PduLink {
    const link = this.#link;
    return {
      ...parts,
      bind: (handlers) => {
        if (this.#ended !== undefined) {
          const { error } = this.#ended;
          queueMicrotask(() => handlers.closed(error));
          return;
        }
        parts.bind(handlers);
      },
      get backlog() {
        return link.backlog;
      },
      drained: () => link.drained(),
    };
  }

  #receive(apdu: Uint8Array, saps: SapPair): void {
    let prefixed: GatewayPdu | undefined;
    try {
      prefixed = decodeGateway(apdu);
    } catch {
      // A broken prefix is nobody's answer; the request runs into its time-out.
      return;
    }
    if (prefixed === undefined) this.#own?.apdu(apdu, saps);
    else if (isWakeUp(prefixed)) this.onWakeUp();
    else if (prefixed.direction === "response") this.#relayed.get(toHex(prefixed.physicalAddress))?.apdu(prefixed.apdu, saps);
  }

  #closed(error: LinkError | undefined): void {
    this.#ended = { error };
    const lost = error ?? new LinkError("the connection to the concentrator ended", { code: "closed" });
    const relayed = [...this.#relayed.values()];
    this.#relayed.clear();
    for (const handlers of relayed) handlers.closed(lost);
    this.#own?.closed(error);
    this.#onEnd(error);
  }
}
