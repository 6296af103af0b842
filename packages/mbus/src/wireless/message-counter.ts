/** A message counter as the AFL carries it: MCR, 4 octets, least significant first. */
export function counterOctets(counter: number): Uint8Array {
  const out = new Uint8Array(4);
  new DataView(out.buffer).setUint32(0, counter, true);
  return out;
}

/** The number of a message counter. */
export function counterNumber(octets: Uint8Array): number {
  return new DataView(octets.buffer, octets.byteOffset, 4).getUint32(0, true);
}
