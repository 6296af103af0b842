import type { PduLink, PduLinkHandlers } from "./pdu-link.ts";

/** What a layer over a link does otherwise. */
export interface LinkLayer {
  /** What the link below is told to call, made of what the one above wants to be told. */
  readonly handlers: (above: PduLinkHandlers) => Partial<PduLinkHandlers>;
  readonly send?: PduLink["send"];
}

/** A link over another one: what the layer does not do otherwise goes through. */
export function linkOver(link: PduLink, { handlers, send }: LinkLayer): PduLink {
  return {
    isUnreliable: link.isUnreliable === true,
    bind: (above) => link.bind({ ...above, ...handlers(above) }),
    send: send ?? ((apdu, saps) => link.send(apdu, saps)),
    close: () => link.close(),
    abort: () => link.abort(),
    get backlog() {
      return link.backlog;
    },
    drained: () => link.drained(),
  };
}
