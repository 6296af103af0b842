import { DecodeError, decodeAll, encodeAll, fromHex } from "@amity/bytes";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  ServerAssociation,
  aarq,
  apdu,
  decodeData,
  decodeGateway,
  decodeProfileTable,
  encodeData,
  encodeGateway,
  encodeWrapper,
  explain,
  WrapperReader,
} from "../src/index.ts";
import { APDUS, anyData } from "./any-apdu.ts";
import { fixtureMeter } from "./fixture-meter.ts";

describe("APDUs", () => {
  test.each(APDUS.map((one, index) => [fc.sample(one, { seed: 1, numRuns: 1 })[0]?.kind ?? "", index] as const))(
    "of every service come back from their octets: %s, form %i",
    (_kind, index) => {
      fc.assert(
        fc.property(APDUS[index]!, (value) => {
          expect(decodeAll(apdu, encodeAll(apdu, value))).toEqual(value);
        }),
        { numRuns: 40 },
      );
    },
  );

  test("that were tried are all that there are", () => {
    const tags = new Set(APDUS.map((one) => encodeAll(apdu, fc.sample(one, { seed: 1, numRuns: 1 })[0]!)[0]));
    const known = Array.from({ length: 256 }, (_, tag) => tag).filter(
      (tag) => refusalOf(() => decodeAll(apdu, Uint8Array.of(tag))) !== "unknown-choice",
    );
    expect([...tags].toSorted((one, other) => (one ?? 0) - (other ?? 0))).toEqual(known);
  });
});

function refusalOf(decode: () => unknown): string | undefined {
  try {
    decode();
    return undefined;
  } catch (error) {
    return error instanceof DecodeError ? error.code : String(error);
  }
}

const SAMPLES = [
  "C001C100070100630100FF0201010204020412000809060000010000FF0F02120000090C07EA0A05FF00000000000000090C07EA0A05FF172D00000000000100",
  "C003C104000100002A0000FF020000080000010000FF020000030100010800FF020000030100010800FF0300",
  "C402C10000000001000401020304",
  "C101C100010000600109FF0200090967782D303234353530",
  "C301C10046000060030AFF01010F00",
  "C701C100010009111000001F42A1E87C7BF6A74632A0626313",
  "D9C0000001000201000100002A0000FF020100080000010000FF02020000",
  "DAC0000001000002091047525830303030303030313233343536090C07EA0B1506022D32610000000201000100",
  "6036A1090607608574050801018A0207808B0760857405080201AC0A80083132333435363738BE10040E01000000065F1F0400007E1F04B0",
  "6142A109060760857405080101A203020100A305A10302010E88020780890760857405080202AA0A8008503677524A323146BE10040E0800065F1F040000501F01F40007",
  "0F40000000090C07E5031702131A3AFF80000002010600000BF3",
  "C401C100130212090C0611110D07EA0A0500000000000000000001",
  "050102FA08",
  "DF00084D4D4D0000BC614E084752580000000001000004C8020102020102",
];

describe("values", () => {
  test("come back from their octets", () => {
    fc.assert(
      fc.property(anyData, (value) => {
        expect(decodeData(encodeData(value))).toEqual(value);
      }),
    );
  });

  test("keep octets that are no UTF-8", () => {
    const octets = fromHex("0C03FF41FE");
    expect(encodeData(decodeData(octets))).toEqual(octets);
  });

  test("of compact arrays come back, nested and not", () => {
    const octets = fromHex("13020306120A07020A0400010000000A0141000200000014024142");
    const value = decodeData(fromHex("13 02 02 12 06 0C 0001 00000002 0003 00000004"));
    expect(value.type === "compact-array" && value.value.length).toBe(2);
    expect(encodeData(value)).toEqual(fromHex("13 02 02 12 06 0C 0001 00000002 0003 00000004"));
    expect(() => decodeData(octets)).toThrow(DecodeError);
    expect(() => decodeData(fromHex("13 00 01 00"))).toThrow("cannot be counted");
  });

  test("that take no octets are not made by the million, by one compact array or by many", () => {
    const one = fromHex("13 02 02 01FFFF00 11 0F 000000000000000000000000000000");
    const many = Uint8Array.from([0x01, 0x82, 0x10, 0x00, ...Array.from({ length: 4096 }, () => [...one]).flat()]);
    for (const octets of [one, many]) {
      expect(() => decodeData(octets)).toThrow(expect.objectContaining({ code: "limit" }) as Error);
      expect(() => decodeProfileTable(octets)).toThrow(DecodeError);
    }
    const columns = decodeData(fromHex("13 02 03 00 00 11 03 010203"));
    expect(columns.type === "compact-array" && columns.value.length).toBe(3);
  });

  test("nested too deep are refused, not followed", () => {
    expect(() => decodeData(fromHex("0201".repeat(4000) + "00"))).toThrow("nested deeper");
  });

  test("with an announced length beyond their octets allocate nothing", () => {
    expect(() => decodeData(fromHex("0183FFFFFF00"))).toThrow(DecodeError);
    expect(() => decodeProfileTable(fromHex("0183FFFFFF0201"))).toThrow(DecodeError);
  });
});

describe("any octets", () => {
  const accept = (octets: Uint8Array, decode: (octets: Uint8Array) => unknown): void => {
    try {
      decode(octets);
    } catch (error) {
      expect(error).toBeInstanceOf(DecodeError);
    }
  };

  test.each(SAMPLES)("cut short anywhere or with one octet changed: %s", (hex) => {
    const octets = fromHex(hex);
    for (let length = 0; length < octets.length; length++) accept(octets.subarray(0, length), (part) => decodeAll(apdu, part));
    for (let index = 0; index < octets.length; index++) {
      for (let other = 0; other < 256; other++) {
        const changed = octets.slice();
        changed[index] = other;
        accept(changed, (part) => encodeAll(apdu, decodeAll(apdu, part)));
      }
    }
  });

  test.each(APDUS.map((one) => fc.sample(one, { seed: 3, numRuns: 1 })[0]!).map((value) => [value.kind, value] as const))(
    "that a %s is written to, cut short or with a bit turned, give a value or a DecodeError",
    (_kind, value) => {
      const octets = encodeAll(apdu, value);
      const step = Math.ceil(octets.length / 200);
      for (let index = 0; index < octets.length; index += step) {
        accept(octets.subarray(0, index), (part) => decodeAll(apdu, part));
        for (let bit = 0; bit < 8; bit++) {
          const changed = octets.slice();
          changed[index] = (changed[index] ?? 0) ^ (1 << bit);
          accept(changed, (part) => encodeAll(apdu, decodeAll(apdu, part)));
        }
      }
    },
  );

  test("give a value or a DecodeError", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (octets) => {
        accept(octets, decodeData);
        accept(octets, decodeProfileTable);
        accept(octets, (part) => decodeAll(apdu, part));
        accept(octets, decodeGateway);
      }),
      { numRuns: 3000 },
    );
  });

  test("are explained however many they are, as whatever they are said to be", () => {
    for (const form of ["apdu", "wrapper", "hdlc"] as const) {
      for (const octet of [0x00, 0x7e, 0xc4]) expect(explain(new Uint8Array(300_000).fill(octet), { form }).length).toBe(300_000);
    }
  });

  test("never end a server, whatever its state", async () => {
    const aarq = fromHex("601DA109060760857405080101BE10040E01000000065F1F0400FFFFFF04B0");
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.oneof(fc.uint8Array({ maxLength: 60 }), fc.constantFrom(aarq, ...SAMPLES.map((hex) => fromHex(hex)))), {
          maxLength: 8,
        }),
        async (apdus) => {
          const association = new ServerAssociation(fixtureMeter({ profileRows: 3 }).device, {
            clientSap: 16,
            serverSap: 1,
            randomBytes: (length) => new Uint8Array(length),
          });
          for (const octets of apdus) expect((await association.handle(octets)).plainRequest).toBeDefined();
        },
      ),
      { numRuns: 500 },
    );
  });
});

test("wrapper PDUs come whole from a stream cut anywhere", () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 50 }), { maxLength: 6 }), fc.array(fc.nat(20), { maxLength: 60 }), (apdus, cuts) => {
      const stream = apdus.flatMap((octets, index) => [...encodeWrapper(index, 1, octets)]);
      const reader = new WrapperReader();
      const found: Uint8Array[] = [];
      let at = 0;
      for (const cut of [...cuts, stream.length]) {
        found.push(...reader.push(Uint8Array.from(stream.slice(at, at + cut))).map((pdu) => pdu.apdu));
        at += cut;
      }
      expect(found.map((octets) => [...octets])).toEqual(apdus.map((octets) => [...octets]));
    }),
  );
});

test.each(["601da109060760857405080101be10040e01000000065f1f0400001e1dffff", "6003a1020600"])(
  "an object identifier comes back as it was or is refused: %s",
  (hex) => {
    const octets = fromHex(hex).subarray(1);
    for (let at = 0; at < octets.length; at++) {
      for (let change = 0; change < 256; change++) {
        const changed = octets.slice();
        changed[at] = change;
        const name = named(() => decodeAll(aarq, changed).applicationContextName);
        if (name !== undefined)
          expect(decodeAll(aarq, encodeAll(aarq, { applicationContextName: name })).applicationContextName).toBe(name);
      }
    }
  },
);

function named(decode: () => string | undefined): string | undefined {
  try {
    return decode();
  } catch (error) {
    expect(error).toBeInstanceOf(DecodeError);
    return undefined;
  }
}

test("gateway prefixes come back", () => {
  const pdu = { direction: "request", networkId: 3, physicalAddress: fromHex("0102030405"), apdu: fromHex("C001C100") } as const;
  expect(decodeGateway(encodeGateway(pdu))).toEqual(pdu);
});
