import { UsageError } from "@amity/bytes";
import fc from "fast-check";
import { expect, test } from "vitest";
import { registerAdvance } from "../src/index.ts";

const DIAL = 100_000n;

test("a register that went on advanced by the difference", () => {
  expect(registerAdvance(100n, 130n)).toEqual({ kind: "advanced", quantity: 30n });
  expect(registerAdvance(0n, 2n ** 64n - 1n, { modulus: 2n ** 64n })).toEqual({ kind: "advanced", quantity: 2n ** 64n - 1n });
});

test("any honest quantity survives a rollover", () => {
  fc.assert(
    fc.property(fc.bigInt({ min: 0n, max: DIAL - 1n }), fc.bigInt({ min: 0n, max: DIAL / 2n }), (previous, quantity) => {
      const advance = registerAdvance(previous, (previous + quantity) % DIAL, { modulus: DIAL });
      expect(advance).toEqual({ kind: previous + quantity >= DIAL ? "rolledOver" : "advanced", quantity });
    }),
  );
});

test("a step back that no honest quantity explains is never a quantity", () => {
  expect(registerAdvance(50_000n, 49_999n, { modulus: DIAL })).toEqual({ kind: "wentBack", by: 1n });
  expect(registerAdvance(99_990n, 10n, { modulus: DIAL, quantityMax: 19n })).toEqual({ kind: "wentBack", by: 99_980n });
  expect(registerAdvance(99_990n, 10n, { modulus: DIAL, quantityMax: 20n })).toEqual({ kind: "rolledOver", quantity: 20n });
  expect(registerAdvance(10n, 9n)).toEqual({ kind: "wentBack", by: 1n });
});

test("a reading that the register cannot show is refused", () => {
  expect(() => registerAdvance(0n, DIAL, { modulus: DIAL })).toThrow(UsageError);
  expect(() => registerAdvance(-1n, 0n)).toThrow(UsageError);
});
