import { UsageError, type ByteReader, type ByteWriter } from "@amity/bytes";

/**
 * An HDLC address (IEC 62056-46 6.4.2). One octet: `upper` only (0 to 127), the form of every client. Two octets:
 * upper (logical device) and lower (physical device), 0 to 127 each. Four octets: both 0 to 16383.
 */
export interface HdlcAddress {
  readonly upper: number;
  /** Physical device address; 0 in the one-octet form, which has none. */
  readonly lower: number;
  readonly octets: 1 | 2 | 4;
}

/** Addresses with a meaning of their own, in the short and in the long form (IEC 62056-46 6.4.2.3 and 6.4.2.4). */
export const RESERVED_ADDRESSES = {
  noStation: 0,
  managementLogicalDevice: 1,
  callingDevice: { short: 0x7e, long: 0x3ffe },
  allStation: { short: 0x7f, long: 0x3fff },
} as const;

/** Client addresses with a meaning of their own. */
export const CLIENT_ADDRESSES = { noStation: 0, management: 1, public: 16, allStation: 0x7f } as const;

/** The address of a client (SAP 0 to 127). @throws UsageError out of range. */
export function clientAddress(sap: number): HdlcAddress {
  return checked({ upper: sap, lower: 0, octets: 1 });
}

/**
 * The address of a server: its logical device and, on a multidrop line, its physical address. Takes the shortest form
 * that holds both, unless `octets` says which one this meter insists on. @throws UsageError out of range.
 */
export function serverAddress(logicalDevice: number, physicalDevice?: number, octets?: 1 | 2 | 4): HdlcAddress {
  const lower = physicalDevice ?? 0;
  const shortest = logicalDevice > 0x7f || lower > 0x7f ? 4 : physicalDevice === undefined ? 1 : 2;
  return checked({ upper: logicalDevice, lower, octets: octets ?? shortest });
}

/** Reads one address: its octets end with the first whose lowest bit is set. @throws DecodeError for 3 or more than 4. */
export function decodeAddress(reader: ByteReader): HdlcAddress {
  const offset = reader.offset;
  const parts = [reader.u8()];
  while (((parts.at(-1) ?? 1) & 1) === 0) {
    if (parts.length === 4) throw reader.fail("address longer than 4 octets", "address", offset);
    parts.push(reader.u8());
  }
  const [first = 0, second = 0, third = 0, fourth = 0] = parts.map((part) => part >>> 1);
  if (parts.length === 1) return { upper: first, lower: 0, octets: 1 };
  if (parts.length === 2) return { upper: first, lower: second, octets: 2 };
  if (parts.length === 4) return { upper: (first << 7) | second, lower: (third << 7) | fourth, octets: 4 };
  throw reader.fail(`address of ${parts.length} octets (1, 2 or 4 are defined)`, "address", offset);
}

/** Writes one address. @throws UsageError if a part does not fit its form. */
export function encodeAddress(address: HdlcAddress, writer: ByteWriter): void {
  const { upper, lower, octets } = checked(address);
  if (octets === 1) writer.u8((upper << 1) | 1);
  else if (octets === 2) writer.u8(upper << 1).u8((lower << 1) | 1);
  else {
    writer.u8((upper >>> 7) << 1).u8((upper & 0x7f) << 1);
    writer.u8((lower >>> 7) << 1).u8(((lower & 0x7f) << 1) | 1);
  }
}

/** Whether two addresses name the same station, whatever their forms. */
export function isSameStation(a: HdlcAddress, b: HdlcAddress): boolean {
  return a.upper === b.upper && a.lower === b.lower;
}

/** Whether every station on the line is meant (such frames are never answered). */
export function isBroadcast(address: HdlcAddress): boolean {
  const { short, long } = RESERVED_ADDRESSES.allStation;
  const all = address.octets === 4 ? long : short;
  return address.upper === all || (address.octets !== 1 && address.lower === all);
}

/** Whether the device that is calling (whatever its physical address) is meant. */
export function isCallingDevice(address: HdlcAddress): boolean {
  const { short, long } = RESERVED_ADDRESSES.callingDevice;
  return address.octets !== 1 && address.lower === (address.octets === 4 ? long : short);
}

/** `upper` or `upper/lower`, for people. */
export function formatAddress(address: HdlcAddress): string {
  return address.octets === 1 ? `${address.upper}` : `${address.upper}/${address.lower}`;
}

function checked(address: HdlcAddress): HdlcAddress {
  const limit = address.octets === 4 ? 0x3fff : 0x7f;
  const isFit = isPart(address.upper, limit) && isPart(address.lower, limit) && (address.octets !== 1 || address.lower === 0);
  if (isFit) return address;
  throw new UsageError(`HDLC address ${address.upper}/${address.lower} does not fit ${address.octets} octet(s)`, { code: "out-of-range" });
}

function isPart(value: number, limit: number): boolean {
  return Number.isInteger(value) && value >= 0 && value <= limit;
}
