/** Octets of the registers behind their number, as far as telegrams have shown. */
function registerOctets(register: number): number | undefined {
  if (register === 0x00 || register === 0x10 || register === 0xa0) return 4;
  if (register === 0x01) return 3;
  if (register === 0x11 || register === 0x41 || register === 0x43) return 2;
  if (register === 0x40) return 6;
  if (register === 0x42) return 4;
  if (register === 0x44) return 3;
  // Month ends: a count octet and as many volumes as the low nibble says.
  if (register >= 0x71 && register <= 0x7b) return 1 + ((register & 0x0f) + 1) * 4;
  if (register >= 0x80 && register <= 0x8f) return 10;
  return undefined;
}

/** Fault and status octets in front of the registers. */
const HEADER = 6;
const VOLUME = 0x10;

/** The volume register (4 octets, litres) among an Apator module's registers; `undefined` where it is not reached. */
export function apatorVolume(data: Uint8Array): Uint8Array | undefined {
  let at = HEADER;
  while (at < data.length) {
    const register = data[at] ?? 0xff;
    const octets = registerOctets(register);
    if (octets === undefined || at + 1 + octets > data.length) return undefined;
    if (register === VOLUME) return data.slice(at + 1, at + 1 + octets);
    at += 1 + octets;
  }
  return undefined;
}
