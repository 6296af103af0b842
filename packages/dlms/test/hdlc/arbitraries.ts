import fc from "fast-check";
import type { HdlcAddress } from "../../src/hdlc/address.ts";
import { decodeControl } from "../../src/hdlc/control.ts";
import type { HdlcFrame } from "../../src/hdlc/frame.ts";

/** Any address in any of its forms. */
function anyAddress(): fc.Arbitrary<HdlcAddress> {
  const part = (limit: number) => fc.integer({ min: 0, max: limit });
  return fc.oneof(
    fc.record({ upper: part(0x7f), lower: fc.constant(0), octets: fc.constant(1 as const) }),
    fc.record({ upper: part(0x7f), lower: part(0x7f), octets: fc.constant(2 as const) }),
    fc.record({ upper: part(0x3fff), lower: part(0x3fff), octets: fc.constant(4 as const) }),
  );
}

/** Any frame, its information rich in flags. */
export function anyFrame(): fc.Arbitrary<HdlcFrame> {
  const octet = fc.oneof(
    { weight: 3, arbitrary: fc.integer({ min: 0, max: 255 }) },
    { weight: 1, arbitrary: fc.constantFrom(0x7e, 0xa0, 0x03, 0x21) },
  );
  return fc.record({
    destination: anyAddress(),
    source: anyAddress(),
    control: fc.integer({ min: 0, max: 255 }).map(decodeControl),
    segmented: fc.boolean(),
    information: fc.array(octet, { maxLength: 200 }).map((octets) => Uint8Array.from(octets)),
  });
}
