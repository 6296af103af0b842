import { readUnsigned } from "../../application/data-types.ts";
import { linkAddressOctets, type MeterAddress } from "../../link/address.ts";
import { MeterKey } from "../../transport/meter-key.ts";

/** Access number and status stand in clear, one block follows. */
const CLEAR = 2;
const BLOCK = 16;
/** Modules leave the factory with a key of zeros. */
const FACTORY_KEY = new MeterKey(new Uint8Array(BLOCK));
/** First octet of every opened block. */
const MARK = 0x2f;

/**
 * Opens the block of Apator's NA-1 module: AES-128-CBC, its initial vector as in security mode 5. Gives total and last
 * stored total (litres, 4 octets each), their times (seconds since 2000, 4 each), age (hours, 2), status now, status then,
 * status of the frame. `undefined` where the key does not fit.
 */
export function openApatorNa1(data: Uint8Array, meter: MeterAddress, key: MeterKey = FACTORY_KEY): Uint8Array | undefined {
  if (data.length < CLEAR + BLOCK || key.algorithm !== "aes") return undefined;
  const iv = new Uint8Array(BLOCK).fill(data[0] ?? 0, 8);
  iv.set(linkAddressOctets(meter), 0);
  const plain = key.cipher.cbcDecrypt(iv, data.subarray(CLEAR, CLEAR + BLOCK));
  if (plain[0] !== MARK) return undefined;
  const factor = 10 ** (((plain[1] ?? 0) >> 4) & 3);
  const count = ((plain[2] ?? 0) | ((plain[3] ?? 0) << 8) | ((plain[4] ?? 0) << 16)) * 16 + ((plain[1] ?? 0) & 0x0f);
  const seconds = readUnsigned(plain, 5, 4);
  const [ageLow, ageRest] = [plain[9] ?? 0, plain[10] ?? 0];
  const ageHours = (ageRest >> 2) * 256 + ageLow;
  const used = readUnsigned(plain, 11, 3) * 4 + (ageRest & 3);
  if (ageHours * 3_600 > seconds || used > count) return undefined;
  const out = new DataView(new ArrayBuffer(21));
  out.setUint32(0, count * factor, true);
  out.setUint32(4, (count - used) * factor, true);
  out.setUint32(8, seconds, true);
  out.setUint32(12, seconds - ageHours * 3_600, true);
  out.setUint16(16, ageHours, true);
  out.setUint8(18, plain[14] ?? 0);
  out.setUint8(19, plain[15] ?? 0);
  out.setUint8(20, data[1] ?? 0);
  return new Uint8Array(out.buffer);
}
