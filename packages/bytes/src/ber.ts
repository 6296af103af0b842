import type { ByteReader } from "./byte-reader.ts";
import type { ByteWriter } from "./byte-writer.ts";
import type { Codec } from "./codec.ts";
import { UsageError } from "./errors.ts";

/** Lengths beyond this are refused: no metering PDU comes near (octets). */
const LENGTH_MAX = 0x00ff_ffff;

/** A definite length of ASN.1 BER (ITU-T X.690, 8.1.3) and of A-XDR (IEC 61334-6): one octet up to 127, else 0x80 + count. */
export const berLength: Codec<number> = {
  decode(reader: ByteReader): number {
    const at = reader.offset;
    const first = reader.u8();
    if (first < 0x80) return first;
    const octets = first & 0x7f;
    if (octets === 0) throw reader.fail("indefinite length is not used here", "length", at);
    if (octets > 4) throw reader.fail(`a length of ${octets} octets is too long`, "length", at);
    let length = 0;
    for (let index = 0; index < octets; index++) length = length * 256 + reader.u8();
    if (length > LENGTH_MAX) throw reader.fail(`length ${length} exceeds ${LENGTH_MAX}`, "limit", at);
    return length;
  },
  encode(length: number, writer: ByteWriter): void {
    if (length < 0 || length > LENGTH_MAX) throw new UsageError(`length ${length} exceeds ${LENGTH_MAX}`, { code: "limit" });
    if (length < 0x80) writer.u8(length);
    else if (length <= 0xff) writer.u8(0x81).u8(length);
    else if (length <= 0xffff) writer.u8(0x82).u16(length);
    else writer.u8(0x83).u24(length);
  },
};
