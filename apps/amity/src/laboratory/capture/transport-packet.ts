import type { CapturedPacket } from "./capture-file.ts";

/** What a packet carries for TCP or UDP. */
export interface TransportPacket {
  readonly transport: "tcp" | "udp";
  /** `host:port`. */
  readonly from: string;
  readonly to: string;
  readonly payload: Uint8Array;
  /** Place of the payload in the packet. */
  readonly payloadAt: number;
  /** Of TCP. */
  readonly sequence: number;
  readonly isOpening: boolean;
}

/** Why a packet holds nothing that could be explained. */
export type Unread = "no-ip" | "fragment" | "other-protocol" | "damaged";

const [TCP, UDP] = [6, 17];
const [IPV4, IPV6] = [0x0800, 0x86dd];
/** Octets before the network layer, and where in them the EtherType stands; -1: there is none. (IEEE 802.3, tcpdump.org) */
const LINKS: ReadonlyMap<number, { readonly octets: number; readonly typeAt: number }> = new Map([
  [0, { octets: 4, typeAt: -1 }],
  [1, { octets: 14, typeAt: 12 }],
  [101, { octets: 0, typeAt: -1 }],
  [108, { octets: 4, typeAt: -1 }],
  [113, { octets: 16, typeAt: 14 }],
  [228, { octets: 0, typeAt: -1 }],
  [229, { octets: 0, typeAt: -1 }],
  [276, { octets: 20, typeAt: 0 }],
]);
const VLAN_TAGS = [0x8100, 0x88a8];
/** Headers that may stand between IPv6 and what it carries: their length is told in units of eight octets (RFC 8200). */
const IPV6_OPTIONS = [0, 43, 60];
const IPV6_FRAGMENT = 44;
const EXTENSIONS_MAX = 8;

/** Finds the TCP or UDP payload of a packet. */
export function readTransport({ octets, linkType }: CapturedPacket): TransportPacket | Unread {
  const start = networkAt(octets, linkType);
  if (start === undefined) return "no-ip";
  const version = (octets[start] ?? 0) >> 4;
  const found = version === 4 ? readIpv4(octets, start) : version === 6 ? readIpv6(octets, start) : "no-ip";
  return typeof found === "string" ? found : readPorts(octets, found);
}

interface Carried {
  readonly protocol: number;
  readonly from: string;
  readonly to: string;
  readonly at: number;
  readonly end: number;
}

function networkAt(octets: Uint8Array, linkType: number): number | undefined {
  const link = LINKS.get(linkType);
  if (link === undefined || octets.length < link.octets) return undefined;
  if (link.typeAt < 0) return link.octets;
  let [at, type] = [link.octets, u16(octets, link.typeAt)];
  for (let tags = 0; VLAN_TAGS.includes(type) && tags < 2; tags++) [at, type] = [at + 4, u16(octets, at + 2)];
  return type === IPV4 || type === IPV6 ? at : undefined;
}

function readIpv4(octets: Uint8Array, at: number): Carried | Unread {
  const headerOctets = ((octets[at] ?? 0) & 15) * 4;
  const end = at + u16(octets, at + 2);
  if (headerOctets < 20 || at + headerOctets > octets.length) return "damaged";
  // More fragments follow, or this is a later one.
  if ((u16(octets, at + 6) & 0x3fff) !== 0) return "fragment";
  const host = (from: number): string => octets.subarray(from, from + 4).join(".");
  // A card that cuts packets itself writes no length.
  const length = end <= at + headerOctets ? octets.length : Math.min(end, octets.length);
  return { protocol: octets[at + 9] ?? 0, from: host(at + 12), to: host(at + 16), at: at + headerOctets, end: length };
}

function readIpv6(octets: Uint8Array, start: number): Carried | Unread {
  const end = Math.min(start + 40 + u16(octets, start + 4), octets.length);
  let protocol = octets[start + 6] ?? 0;
  let at = start + 40;
  for (let extensions = 0; IPV6_OPTIONS.includes(protocol) && extensions < EXTENSIONS_MAX; extensions++) {
    protocol = octets[at] ?? 0;
    at += 8 + (octets[at + 1] ?? 0) * 8;
  }
  if (protocol === IPV6_FRAGMENT) return "fragment";
  if (at > end) return "damaged";
  const host = (from: number): string =>
    `[${Array.from({ length: 8 }, (_, group) => u16(octets, from + 2 * group).toString(16)).join(":")}]`;
  return { protocol, from: host(start + 8), to: host(start + 24), at, end };
}

function readPorts(octets: Uint8Array, { protocol, from, to, at, end }: Carried): TransportPacket | Unread {
  if (protocol !== TCP && protocol !== UDP) return "other-protocol";
  const headerOctets = protocol === UDP ? 8 : ((octets[at + 12] ?? 0) >> 4) * 4;
  if (headerOctets < 8 || at + headerOctets > end) return "damaged";
  const sequence = ((u16(octets, at + 4) << 16) | u16(octets, at + 6)) >>> 0;
  return {
    transport: protocol === TCP ? "tcp" : "udp",
    from: `${from}:${u16(octets, at)}`,
    to: `${to}:${u16(octets, at + 2)}`,
    payload: octets.subarray(at + headerOctets, end),
    payloadAt: at + headerOctets,
    sequence,
    isOpening: protocol === TCP && ((octets[at + 13] ?? 0) & 2) !== 0,
  };
}

function u16(octets: Uint8Array, at: number): number {
  return ((octets[at] ?? 0) << 8) | (octets[at + 1] ?? 0);
}
