import { DecodeError, UsageError } from "@amity/bytes";

/**
 * The LLC header of the PLC profiles (IEC 61334-4-32; PRIME: IEC 62056-8-4, S-FSK: IEC 62056-8-3): control 90 for a data
 * request, then the destination and the source LSAP, which carry the SAPs of the association. The layers below find
 * the node and cut the message to size; G3 carries the UDP wrapper instead.
 */
export interface PlcLlcPdu {
  readonly destinationLsap: number;
  readonly sourceLsap: number;
  readonly apdu: Uint8Array;
}

export const PLC_DATA_REQUEST = 0x90;

/** @throws UsageError for an LSAP that is no octet. */
export function encodePlcLlc(pdu: PlcLlcPdu): Uint8Array {
  for (const lsap of [pdu.destinationLsap, pdu.sourceLsap]) {
    if (!Number.isInteger(lsap) || lsap < 0 || lsap > 0xff)
      throw new UsageError(`LSAP ${lsap} is outside 0 to 255`, { code: "out-of-range" });
  }
  const octets = new Uint8Array(3 + pdu.apdu.length);
  octets.set([PLC_DATA_REQUEST, pdu.destinationLsap, pdu.sourceLsap]);
  octets.set(pdu.apdu, 3);
  return octets;
}

/** The APDU is a view of `octets`. @throws DecodeError where it is too short or no data request. */
export function decodePlcLlc(octets: Uint8Array): PlcLlcPdu {
  const [control, destinationLsap, sourceLsap] = octets;
  if (control === undefined || destinationLsap === undefined || sourceLsap === undefined) {
    throw new DecodeError(`truncated: an LLC header has 3 octets, not ${octets.length}`, { offset: octets.length, code: "truncated" });
  }
  if (control !== PLC_DATA_REQUEST) throw new DecodeError(`LLC control ${control} is no data request (90)`, { offset: 0, code: "llc" });
  return { destinationLsap, sourceLsap, apdu: octets.subarray(3) };
}
