import { DecodeError } from "@amity/bytes";
import type { TransportHeaderKind } from "../application/control-information.ts";
import { readLongAddress, type MeterAddress } from "../link/address.ts";

/** Short or long header of the transport layer (EN 13757-7, 7.4). */
export interface TransportHeader {
  readonly kind: Exclude<TransportHeaderKind, "none">;
  /** Meter that the long header names; the link layer's meter holds for the short one. */
  readonly address: MeterAddress | undefined;
  readonly accessNumber: number;
  readonly status: number;
  /** CF, 16 bits: 8-12 security mode, 4-7 encrypted blocks. */
  readonly configuration: number;
  /** CFE of modes 7, 8, 10 and 13. */
  readonly configurationExtension: number | undefined;
  readonly securityMode: number;
  readonly offset: number;
  /** Offset of the (possibly encrypted) application data. */
  readonly payloadOffset: number;
}

/** Names of security modes (EN 13757-7, table 19; OMS Vol. 2, table 17). */
export const SECURITY_MODES: Readonly<Record<number, string>> = {
  0: "none",
  1: "manufacturer specific",
  2: "DES-CBC, IV zero",
  3: "DES-CBC, IV not zero",
  4: "AES-128-CBC, IV zero",
  5: "AES-128-CBC, IV from address and access number",
  7: "AES-128-CBC, derived key, IV zero",
  8: "AES-128-CTR and CMAC",
  9: "AES-128-GCM",
  10: "AES-128-CCM",
  13: "TLS",
  15: "specific to a country's companion standard",
};

/** Reads the header at `at`. @throws DecodeError `truncated`. */
export function readTransportHeader(data: Uint8Array, at: number, end: number, kind: "short" | "long", base = 0): TransportHeader {
  const own = kind === "long" ? 12 : 4;
  if (end - at < own) {
    throw new DecodeError(`truncated: a ${kind} header has ${own} octets, ${end - at} are left`, { offset: end + base, code: "truncated" });
  }
  const tail = at + own - 4;
  const configuration = (data[tail + 2] ?? 0) | ((data[tail + 3] ?? 0) << 8);
  const securityMode = (configuration >> 8) & 0x1f;
  const isExtended = securityMode === 7 || securityMode === 13 || securityMode === 8 || securityMode === 10;
  if (isExtended && end - at < own + 1) {
    throw new DecodeError(`truncated: security mode ${securityMode} needs its configuration extension`, {
      offset: end + base,
      code: "truncated",
    });
  }
  return {
    kind,
    address: kind === "long" ? readLongAddress(data, at) : undefined,
    accessNumber: data[tail] ?? 0,
    status: data[tail + 1] ?? 0,
    configuration,
    configurationExtension: isExtended ? data[tail + 4] : undefined,
    securityMode,
    offset: at + base,
    payloadOffset: tail + (isExtended ? 5 : 4),
  };
}
