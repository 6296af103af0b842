import { HeldOctets, LinkError } from "@amity/bytes";
import type { Connection } from "@amity/runtime";
import type { PduLink, PduLinkHandlers, SapPair } from "./pdu-link.ts";

/** Wrapper header (IEC 62056-4-7): version 0001, source port, destination port, length. */
export const WRAPPER_HEADER_OCTETS = 8;
/** The only version that IEC 62056-4-7 defines. */
export const WRAPPER_VERSION = 1;

/** One APDU with its ports, as it arrived. */
export interface WrapperPdu {
  readonly source: number;
  readonly destination: number;
  readonly apdu: Uint8Array;
}

/** @throws LinkError `too-long` beyond 65,535 octets. */
export function encodeWrapper(source: number, destination: number, apdu: Uint8Array): Uint8Array {
  if (apdu.length > 0xffff) throw new LinkError(`an APDU of ${apdu.length} octets does not fit the wrapper`, { code: "too-long" });
  const out = new Uint8Array(WRAPPER_HEADER_OCTETS + apdu.length);
  putU16(out, 0, WRAPPER_VERSION);
  putU16(out, 2, source);
  putU16(out, 4, destination);
  putU16(out, 6, apdu.length);
  out.set(apdu, WRAPPER_HEADER_OCTETS);
  return out;
}

// Octet by octet: a DataView for eight octets costs more than all that is done with them.
function putU16(octets: Uint8Array, at: number, value: number): void {
  octets[at] = value >>> 8;
  octets[at + 1] = value;
}

function u16At(octets: Uint8Array, at: number): number {
  return ((octets[at] ?? 0) << 8) | (octets[at + 1] ?? 0);
}

/** Puts wrapper PDUs together from a stream that cuts them anywhere. Holds one PDU at most. */
export class WrapperReader {
  /** The beginning of a PDU; absent while there is none, so that an idle stream holds nothing. */
  #held: HeldOctets | undefined;
  readonly #apduOctetsMax: number;

  constructor(apduOctetsMax = 0xffff) {
    this.#apduOctetsMax = apduOctetsMax;
  }

  /** Feeds a chunk and returns the PDUs that became whole. @throws LinkError `not-wrapper`, `too-long`: the stream is lost. */
  push(chunk: Uint8Array): WrapperPdu[] {
    const held = this.#held;
    if (held === undefined) {
      const { pdus, end } = this.#cut(chunk);
      if (end < chunk.length) (this.#held = new HeldOctets(chunk.length - end)).append(chunk.subarray(end));
      return pdus;
    }
    held.append(chunk);
    // Its storage moves under the PDUs, which are the receiver's to keep.
    const { pdus, end } = this.#cut(held.buffer.subarray(0, held.length));
    if (end === held.length) this.#held = undefined;
    if (end === 0) return pdus;
    const kept = pdus.map((pdu) => ({ ...pdu, apdu: pdu.apdu.slice() }));
    held.take(end);
    return kept;
  }

  #cut(data: Uint8Array): { readonly pdus: WrapperPdu[]; readonly end: number } {
    const pdus: WrapperPdu[] = [];
    let at = 0;
    while (data.length - at >= WRAPPER_HEADER_OCTETS) {
      if (u16At(data, at) !== WRAPPER_VERSION) {
        throw new LinkError(`wrapper version ${u16At(data, at)} where 1 is expected`, {
          code: "not-wrapper",
          advice: "is this an HDLC port?",
        });
      }
      const length = u16At(data, at + 6);
      if (length > this.#apduOctetsMax)
        throw new LinkError(`an APDU of ${length} octets exceeds ${this.#apduOctetsMax}`, { code: "too-long" });
      const end = at + WRAPPER_HEADER_OCTETS + length;
      if (end > data.length) break;
      pdus.push({
        source: u16At(data, at + 2),
        destination: u16At(data, at + 4),
        apdu: data.subarray(at + WRAPPER_HEADER_OCTETS, end),
      });
      at = end;
    }
    return { pdus, end: at };
  }
}

/** The wrapper over a connection. `side` says whose port comes first in what we send. */
export function wrapperLink(connection: Connection, side: "client" | "server"): PduLink {
  const reader = new WrapperReader();
  let failure: LinkError | undefined;
  return {
    bind(handlers) {
      connection.bind({
        data: (chunk) => receive(chunk, handlers),
        closed: (error) => handlers.closed(failure ?? error),
      });
    },
    send(apdu, saps) {
      const [source, destination] = side === "client" ? [saps.clientSap, saps.serverSap] : [saps.serverSap, saps.clientSap];
      connection.send(encodeWrapper(source, destination, apdu));
    },
    close: () => connection.close(),
    abort: () => connection.abort(),
    get backlog() {
      return connection.backlog;
    },
    drained: () => connection.drained(),
  };

  function receive(chunk: Uint8Array, handlers: PduLinkHandlers): void {
    if (failure !== undefined) return;
    let pdus: WrapperPdu[];
    try {
      pdus = reader.push(chunk);
    } catch (error) {
      failure = error instanceof LinkError ? error : new LinkError("the wrapper stream broke", { code: "not-wrapper", cause: error });
      connection.abort();
      return;
    }
    for (const pdu of pdus) handlers.apdu(pdu.apdu, sapsOf(pdu, side));
  }
}

function sapsOf(pdu: WrapperPdu, side: "client" | "server"): SapPair {
  return side === "client" ? { clientSap: pdu.destination, serverSap: pdu.source } : { clientSap: pdu.source, serverSap: pdu.destination };
}
