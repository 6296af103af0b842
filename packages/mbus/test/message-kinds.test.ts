import { describe, expect, test } from "vitest";
import { fromHex } from "@amity/bytes";
import { decodeWiredMessage, encodeWiredFrame } from "../src/index.ts";

/** Hexadecimal digits; spaces are for people. */
function wired(controlInformation: number, data: string) {
  const frame = { kind: "long", control: 8, address: 1, controlInformation, data: fromHex(data.replaceAll(" ", "")) } as const;
  return decodeWiredMessage(encodeWiredFrame(frame)).application;
}

describe("the most significant octet first, mode 2 of the first standards", () => {
  test("says of a variable response what the usual order says", () => {
    const usual = wired(0x72, "78563412 b405 01 07 55 00 0000 0413 e8030000 02fd17 0102 0d78 03 434241");
    const turned = wired(0x76, "12345678 05b4 01 07 55 00 0000 0413 000003e8 02fd17 0201 0d78 03 414243");
    expect(turned?.problems).toEqual([]);
    expect(turned?.meter).toEqual(usual?.meter);
    expect(turned?.records).toEqual(usual?.records);
    expect(turned?.records.map(({ value }) => value)).toEqual([1000, 0x0201, "ABC"]);
  });

  test("says of the fixed structure and of data to the meter what the usual order says", () => {
    const usual = wired(0x73, "78563412 0a 00 e97e 01000000 35010000");
    expect(wired(0x77, "12345678 0a 00 e97e 00000001 00000135")?.fixed).toEqual(usual?.fixed);
    expect(wired(0x55, "0413 000003e8")?.records.map(({ value }) => value)).toEqual([1000]);
  });

  test("is not what newer standards mean by 55 and 56: requests of the selected application", () => {
    expect(wired(0x55, "78563412b4050107550000 00")).toMatchObject({ kind: "applicationReset", meter: { id: "12345678" } });
    expect(wired(0x56, "55000000")).toMatchObject({ kind: "applicationReset" });
    expect(wired(0x56, "12345678ffffffff")).toMatchObject({ kind: "selection" });
  });

  test("leaves a message that ends too soon its sound records", () => {
    const turned = wired(0x76, "12345678 05b4 01 07 55 00 0000 0413 000003e8 0413 00");
    expect(turned?.records.map(({ value }) => value)).toEqual([1000]);
    expect(turned?.problems.map(({ code }) => code)).toEqual(["truncated"]);
  });
});

test("image transfer names its function; what it carries is kept as sent", () => {
  const message = (data: string) => wired(0xc2, data);
  const header = "78563412b405010755000000";
  expect(message(`${header}0500078201aabb`)).toMatchObject({
    problems: [],
    imageTransfer: { segmentOctets: 5, segmentId: 7, name: "transfer", isResponse: true, subfunction: 1, content: fromHex("aabb") },
  });
  expect(message(`${header}0500`)?.problems.map(({ code }) => code)).toEqual(["truncated"]);
});
