/** A 16-bit CRC, computed over octets. */
export type Crc16 = (data: Uint8Array, start?: number, end?: number) => number;

/** The parameters of a CRC in the notation of the Rocksoft model. */
export interface Crc16Model {
  readonly polynomial: number;
  readonly initial: number;
  readonly reflected: boolean;
  readonly finalXor: number;
}

/** The CRCs of the metering protocols. */
export const CRC16_MODELS = {
  /** HDLC, SML, C12.18: ISO/IEC 13239 frame check sequence (X.25). */
  x25: { polynomial: 0x1021, initial: 0xffff, reflected: true, finalXor: 0xffff },
  /** Wireless M-Bus and DNP: EN 13757-4. */
  en13757: { polynomial: 0x3d65, initial: 0x0000, reflected: false, finalXor: 0xffff },
  /** DSMR P1 telegrams (CRC-16/ARC). */
  arc: { polynomial: 0x8005, initial: 0x0000, reflected: true, finalXor: 0x0000 },
  /** SML versions that use Kermit, C12.22. */
  kermit: { polynomial: 0x1021, initial: 0x0000, reflected: true, finalXor: 0x0000 },
} as const satisfies Record<string, Crc16Model>;

/** Builds a table-driven CRC from its model. */
export function crc16(model: Crc16Model): Crc16 {
  const table = model.reflected ? reflectedTable(reflect16(model.polynomial)) : forwardTable(model.polynomial);
  const { initial, finalXor } = model;
  if (model.reflected) {
    return (data, start = 0, end = data.length) => {
      let crc = initial;
      for (let index = start; index < end; index++) crc = (crc >>> 8) ^ (table[(crc ^ (data[index] ?? 0)) & 0xff] ?? 0);
      return (crc ^ finalXor) & 0xffff;
    };
  }
  return (data, start = 0, end = data.length) => {
    let crc = initial;
    for (let index = start; index < end; index++) crc = ((crc << 8) ^ (table[((crc >>> 8) ^ (data[index] ?? 0)) & 0xff] ?? 0)) & 0xffff;
    return (crc ^ finalXor) & 0xffff;
  };
}

export const crcX25: Crc16 = crc16(CRC16_MODELS.x25);
export const crcEn13757: Crc16 = crc16(CRC16_MODELS.en13757);
export const crcArc: Crc16 = crc16(CRC16_MODELS.arc);
export const crcKermit: Crc16 = crc16(CRC16_MODELS.kermit);

function reflectedTable(polynomial: number): Uint16Array {
  return Uint16Array.from({ length: 256 }, (_, octet) => {
    let crc = octet;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ polynomial : crc >>> 1;
    return crc;
  });
}

function forwardTable(polynomial: number): Uint16Array {
  return Uint16Array.from({ length: 256 }, (_, octet) => {
    let crc = octet << 8;
    for (let bit = 0; bit < 8; bit++) crc = crc & 0x8000 ? ((crc << 1) ^ polynomial) & 0xffff : (crc << 1) & 0xffff;
    return crc;
  });
}

function reflect16(value: number): number {
  let out = 0;
  for (let bit = 0; bit < 16; bit++) if (value & (1 << bit)) out |= 1 << (15 - bit);
  return out;
}
