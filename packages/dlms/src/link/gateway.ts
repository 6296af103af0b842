import { ByteReader, DecodeError } from "@amity/bytes";
import { linkOver } from "./link-over.ts";
import type { PduLink, SapPair } from "./pdu-link.ts";

/** Gateway protocol (Green Book 10.10; IEC 62056-5-3 annex): a prefix names the device behind a concentrator. */
export const GATEWAY_REQUEST = 0xe6;
export const GATEWAY_RESPONSE = 0xe7;
const ADDRESS_OCTETS_MAX = 64;

export interface GatewayPdu {
  readonly direction: "request" | "response";
  readonly networkId: number;
  readonly physicalAddress: Uint8Array;
  readonly apdu: Uint8Array;
}

/** Header E6 or E7, network id, address length, address, then the APDU. */
export function encodeGateway(pdu: GatewayPdu): Uint8Array {
  const { physicalAddress, apdu } = pdu;
  const out = new Uint8Array(3 + physicalAddress.length + apdu.length);
  out[0] = pdu.direction === "request" ? GATEWAY_REQUEST : GATEWAY_RESPONSE;
  out[1] = pdu.networkId;
  out[2] = physicalAddress.length;
  out.set(physicalAddress, 3);
  out.set(apdu, 3 + physicalAddress.length);
  return out;
}

/** `undefined`: the octets carry no gateway prefix. @throws DecodeError for a broken one. */
export function decodeGateway(octets: Uint8Array): GatewayPdu | undefined {
  const tag = octets[0];
  if (tag !== GATEWAY_REQUEST && tag !== GATEWAY_RESPONSE) return undefined;
  const reader = new ByteReader(octets, { start: 1 });
  const networkId = reader.u8();
  const length = reader.u8();
  if (length > ADDRESS_OCTETS_MAX) throw new DecodeError(`an address of ${length} octets`, { offset: 2, code: "limit" });
  const physicalAddress = reader.bytes(length);
  return { direction: tag === GATEWAY_REQUEST ? "request" : "response", networkId, physicalAddress, apdu: reader.rest() };
}

/** Addresses one meter behind a concentrator: what is sent gets the prefix, only what carries its answer comes in. */
export function gatewayLink(link: PduLink, target: { networkId: number; physicalAddress: Uint8Array }): PduLink {
  return linkOver(link, {
    handlers: (above) => ({
      apdu(octets, saps) {
        const pdu = prefixOf(octets);
        if (pdu?.direction === "response" && isFor(pdu, target)) above.apdu(pdu.apdu, saps);
      },
    }),
    send: (apdu, saps) => link.send(encodeGateway({ direction: "request", ...target, apdu }), saps),
  });
}

function prefixOf(octets: Uint8Array): GatewayPdu | undefined {
  try {
    return decodeGateway(octets);
  } catch {
    // A broken prefix is nobody's answer; the request runs into its time-out.
    return undefined;
  }
}

function isFor(pdu: GatewayPdu, target: { networkId: number; physicalAddress: Uint8Array }): boolean {
  const { physicalAddress } = target;
  return (
    pdu.networkId === target.networkId &&
    pdu.physicalAddress.length === physicalAddress.length &&
    pdu.physicalAddress.every((octet, index) => octet === physicalAddress[index])
  );
}

/** What a concentrator does with an APDU for a meter behind it; `respond` may be called when the meter has answered. */
export type GatewayRelay = (pdu: GatewayPdu, saps: SapPair, respond: (apdu: Uint8Array) => void) => void;

/** The concentrator's side: prefixed APDUs go to `relay`, the others to whoever serves the concentrator itself. */
export function gatewayServerLink(link: PduLink, relay: GatewayRelay): PduLink {
  return linkOver(link, {
    handlers: (above) => ({
      apdu(octets, saps) {
        const pdu = prefixOf(octets);
        if (pdu === undefined) {
          above.apdu(octets, saps);
          return;
        }
        const { networkId, physicalAddress } = pdu;
        if (pdu.direction !== "request") return;
        relay(pdu, saps, (apdu) => link.send(encodeGateway({ direction: "response", networkId, physicalAddress, apdu }), saps));
      },
    }),
  });
}
