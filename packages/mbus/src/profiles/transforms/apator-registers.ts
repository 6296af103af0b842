/** Octets behind a register's number, as telegrams have shown them. */
const OCTETS: Readonly<Record<number, number>> = {
  0x00: 4, // date
  0x01: 3, // faults
  0x10: 4, // volume
  0x11: 2, // flow
  0x40: 6, // detectors
  0x41: 2, // voltage
  0x42: 4, // energy
  0x43: 2, // days left
  0x44: 3, // temperature
  0xa0: 4,
  0xa1: 4,
  0xa2: 4,
  0xa3: 4,
  0xa4: 4,
  0xa5: 1,
  0xa6: 3,
  0xa7: 2,
  0xa8: 2,
  0xa9: 1,
  0xaa: 2,
  0xab: 2,
  0xac: 2,
  0xad: 2,
  0xaf: 1,
  0xb0: 5,
  0xb1: 8,
  0xb2: 16,
  0xb3: 8,
  0xb4: 2,
  0xb5: 16,
  0xf0: 4,
};

function registerOctets(register: number): number | undefined {
  // Month ends: a count octet and as many volumes as the low nibble says.
  if (register >= 0x71 && register <= 0x7b) return 1 + ((register & 0x0f) + 1) * 4;
  if (register >= 0x80 && register <= 0x8f) return 10;
  if ((register >= 0xb6 && register <= 0xc7) || register === 0xd0 || register === 0xd3) return 3;
  return OCTETS[register];
}

/** Date-time, faults and status octets in front of the registers. */
const HEADER = 7;
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
