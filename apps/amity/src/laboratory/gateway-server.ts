import {
  gatewayServerLink,
  linkOver,
  serveDlms,
  type CosemDevice,
  type PduLink,
  type PduLinkHandlers,
  type ServerWorld,
} from "@amity/dlms";

/** Most meters that one connection may talk to. */
const METERS_MAX = 256;

/**
 * Serves meters behind a gateway (E6, E7): what carries a prefix goes to the meter of that physical address, the rest to
 * the gateway's own device. `find` is asked once a connection and address; an address that nobody has stays silent.
 */
export function serveGateway(
  link: PduLink,
  own: CosemDevice,
  find: (physicalAddress: Uint8Array) => CosemDevice | undefined,
  world: ServerWorld,
): void {
  const meters = new Map<string, MeterLink>();
  const relayed = gatewayServerLink(link, ({ networkId, physicalAddress, apdu }, saps, respond) => {
    const key = `${networkId} ${String(physicalAddress)}`;
    let meter = meters.get(key);
    if (meter === undefined) {
      const device = meters.size < METERS_MAX ? find(physicalAddress) : undefined;
      if (device === undefined) return;
      meters.set(key, (meter = new MeterLink(link, () => meters.delete(key))));
      serveDlms(meter, device, world);
    }
    meter.respond = respond;
    meter.handlers?.apdu(apdu, saps);
  });
  serveDlms(
    linkOver(relayed, {
      handlers: (above) => ({
        closed(error) {
          meters.forEach(({ handlers }) => handlers?.closed(error));
          above.closed(error);
        },
      }),
    }),
    own,
    world,
  );
}

/** What one meter sees of the gateway's link. */
class MeterLink implements PduLink {
  readonly isUnreliable: boolean;
  handlers: PduLinkHandlers | undefined;
  /** To whoever asked last: an association has one client. */
  respond: (apdu: Uint8Array) => void = () => {};
  readonly #carrier: PduLink;
  readonly #ended: () => void;

  constructor(carrier: PduLink, ended: () => void) {
    this.#carrier = carrier;
    this.#ended = ended;
    this.isUnreliable = carrier.isUnreliable === true;
  }

  get backlog(): number {
    return this.#carrier.backlog;
  }

  bind(handlers: PduLinkHandlers): void {
    this.handlers = handlers;
  }

  send(apdu: Uint8Array): void {
    this.respond(apdu);
  }

  /** The gateway's link goes on without this meter. */
  close(): void {
    this.#ended();
    this.handlers?.closed(undefined);
  }

  abort(): void {
    this.close();
  }

  drained(): Promise<void> {
    return this.#carrier.drained();
  }
}
