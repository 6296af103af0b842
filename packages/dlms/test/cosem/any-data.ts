import fc from "fast-check";
import type { DlmsData } from "../../src/data/dlms-data.ts";

/** Any DLMS value, nested a little: what a meter may send in place of what its class says. */
export function anyData(): fc.Arbitrary<DlmsData> {
  const { value } = fc.letrec<{ value: DlmsData }>((tie) => ({
    value: fc.oneof(
      { depthSize: "small", withCrossShrink: true },
      fc.constant<DlmsData>({ type: "null-data" }),
      fc.boolean().map((value): DlmsData => ({ type: "boolean", value })),
      fc.integer({ min: 0, max: 255 }).map((value): DlmsData => ({ type: "enum", value })),
      fc.integer({ min: -128, max: 127 }).map((value): DlmsData => ({ type: "integer", value })),
      fc.integer({ min: 0, max: 0xffffffff }).map((value): DlmsData => ({ type: "double-long-unsigned", value })),
      fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map((value): DlmsData => ({ type: "long64-unsigned", value })),
      fc.uint8Array({ maxLength: 13 }).map((value): DlmsData => ({ type: "octet-string", value })),
      fc.string({ unit: "binary-ascii", maxLength: 13 }).map((value): DlmsData => ({ type: "visible-string", value })),
      fc.uint8Array({ minLength: 3, maxLength: 3 }).map((octets): DlmsData => ({ type: "bit-string", value: { bitLength: 24, octets } })),
      fc.array(tie("value"), { maxLength: 6 }).map((value): DlmsData => ({ type: "array", value })),
      fc.array(tie("value"), { maxLength: 6 }).map((value): DlmsData => ({ type: "structure", value })),
    ),
  }));
  return value;
}
