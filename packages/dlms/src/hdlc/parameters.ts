import { ByteReader, ByteWriter, UsageError } from "@amity/bytes";
import { INFORMATION_OCTETS_MAX } from "./frame.ts";

/**
 * What a station can send and take (IEC 62056-46 6.4.4.4.3): octets in an information field and I frames in a row,
 * from the point of view of the station that says it.
 */
export interface HdlcParameters {
  readonly transmitOctets: number;
  readonly receiveOctets: number;
  readonly transmitWindow: number;
  readonly receiveWindow: number;
}

/** What holds where nothing is said. */
export const DEFAULT_PARAMETERS: HdlcParameters = { transmitOctets: 128, receiveOctets: 128, transmitWindow: 1, receiveWindow: 1 };

const IDENTIFIERS = { transmitOctets: 5, receiveOctets: 6, transmitWindow: 7, receiveWindow: 8 } as const;
const NAMES = ["transmitOctets", "receiveOctets", "transmitWindow", "receiveWindow"] as const;
const FORMAT_IDENTIFIER = 0x81;
const GROUP_IDENTIFIER = 0x80;

/** Which parameters an SNRM names: those that differ from the default (none at all if none does), or all four. */
export type Announcement = "changed" | "all";

/**
 * Reads the information field of SNRM or UA; what is missing has its default, unknown identifiers are passed over.
 * @throws DecodeError for wrong group lengths and values that no station can have.
 */
export function decodeParameters(information: Uint8Array): HdlcParameters {
  if (information.length === 0) return DEFAULT_PARAMETERS;
  const reader = new ByteReader(information);
  if (reader.u8() !== FORMAT_IDENTIFIER) throw reader.fail("negotiation does not begin with format identifier 81", "format", 0);
  const found: { -readonly [K in keyof HdlcParameters]: number } = { ...DEFAULT_PARAMETERS };
  while (!reader.isAtEnd) {
    const group = reader.u8();
    const content = reader.sub(reader.u8());
    if (group !== GROUP_IDENTIFIER) continue;
    while (!content.isAtEnd) {
      const identifier = content.u8();
      const offset = content.offset;
      const octets = content.bytes(content.u8());
      const name = NAMES.find((candidate) => IDENTIFIERS[candidate] === identifier);
      if (name === undefined) continue;
      // An empty parameter field stands for the default (ISO/IEC 13239 5.5.3.2.2).
      if (octets.length === 0) continue;
      const value = octets.reduce((sum, octet) => sum * 256 + octet, 0);
      if (octets.length > 4 || value < 1) throw content.fail(`${name} of ${value} is impossible`, "parameter", offset);
      found[name] = Math.min(value, limitOf(name));
    }
  }
  return found;
}

/** Writes the information field of SNRM or UA. @throws UsageError outside the limits. */
export function encodeParameters(parameters: HdlcParameters, announcement: Announcement = "all"): Uint8Array {
  checkParameters(parameters);
  const named = NAMES.filter((name) => announcement === "all" || parameters[name] !== DEFAULT_PARAMETERS[name]);
  if (named.length === 0) return new Uint8Array(0);
  const writer = new ByteWriter({ capacity: 24 }).u8(FORMAT_IDENTIFIER).u8(GROUP_IDENTIFIER).u8(0);
  for (const name of named) {
    writer.u8(IDENTIFIERS[name]);
    const value = parameters[name];
    if (name === "transmitWindow" || name === "receiveWindow") writer.u8(4).u32(value);
    else if (value <= 0xff) writer.u8(1).u8(value);
    else writer.u8(2).u16(value);
  }
  return writer.patchU8(2, writer.length - 3).finish();
}

/** What a station may do, of what it can do, against what its peer said of itself: each the smaller of the two. */
export function negotiate(own: HdlcParameters, peer: HdlcParameters): HdlcParameters {
  return {
    transmitOctets: Math.min(own.transmitOctets, peer.receiveOctets),
    receiveOctets: Math.min(own.receiveOctets, peer.transmitOctets),
    transmitWindow: Math.min(own.transmitWindow, peer.receiveWindow),
    receiveWindow: Math.min(own.receiveWindow, peer.transmitWindow),
  };
}

/** @throws UsageError if no station can have these parameters. */
export function checkParameters(parameters: HdlcParameters): void {
  for (const name of NAMES) {
    const value = parameters[name];
    if (Number.isInteger(value) && value >= 1 && value <= limitOf(name)) continue;
    throw new UsageError(`HDLC ${name} ${value} is outside 1 to ${limitOf(name)}`, { code: "out-of-range" });
  }
}

function limitOf(name: keyof HdlcParameters): number {
  return name === "transmitWindow" || name === "receiveWindow" ? 7 : INFORMATION_OCTETS_MAX;
}
