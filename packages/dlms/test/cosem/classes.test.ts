import { DecodeError } from "@amity/bytes";
import fc from "fast-check";
import { describe, expect, expectTypeOf, it } from "vitest";
import { className, closestClass, findClass, INTERFACE_CLASSES } from "../../src/cosem/class-catalogue.ts";
import { clock, disconnectControl, limiter, activityCalendar } from "../../src/cosem/classes/time-classes.ts";
import { extendedRegister, profileGeneric, register } from "../../src/cosem/classes/data-classes.ts";
import { mbusClient } from "../../src/cosem/classes/mbus-classes.ts";
import { associationLn, imageTransfer } from "../../src/cosem/classes/access-classes.ts";
import { objectDefinition } from "../../src/cosem/object-definition.ts";
import {
  attributeId,
  attributeName,
  methodId,
  methodName,
  encodeObject,
  readObject,
  type ObjectValues,
} from "../../src/cosem/interface-class.ts";
import { encodeDateTime } from "../../src/cosem/date-time.ts";
import { stampOf } from "../../src/cosem/instant.ts";
import { arrayOf, enumeration, logicalName, longUnsigned, nullable, structure, text, unsigned, utf8 } from "../../src/cosem/shape.ts";
import { data, type DlmsData } from "../../src/data/dlms-data.ts";
import { parseObis } from "../../src/data/obis.ts";
import { anyData } from "./any-data.ts";
import { hex } from "../hdlc/captures.ts";

describe("the catalogue of classes", () => {
  it("holds every class once a version, in order", () => {
    const keys = INTERFACE_CLASSES.map(({ id, version }) => id * 256 + version);
    expect(keys).toEqual([...new Set(keys)].toSorted((a, b) => a - b));
  });

  it("knows the classes of the simulated and of the usual meters", () => {
    const ids = new Set(INTERFACE_CLASSES.map(({ id }) => id));
    const wanted = [
      1, 3, 4, 5, 6, 7, 8, 9, 11, 12, 15, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 40, 41, 42, 43, 44, 45, 46, 47, 48,
    ];
    const more = [
      50, 51, 52, 53, 55, 56, 57, 58, 59, 61, 62, 63, 64, 65, 66, 67, 68, 70, 71, 72, 73, 74, 76, 77, 80, 81, 82, 83, 84, 85, 86, 90, 91,
      92,
    ];
    const networks = [95, 96, 97, 98, 126, 127, 128, 129, 130, 131, 132, 133, 140, 141, 142, 143, 160, 161, 162];
    const newest = [100, 101, 102, 103, 104, 105, 111, 112, 113, 115, 116, 122, 123, 124, 151, 152, 153];
    for (const id of [...wanted, ...more, ...networks, ...newest]) expect(ids.has(id), `class ${id}`).toBe(true);
  });

  it("names only attributes that exist as dynamic", () => {
    for (const { name, attributes, dynamic = [] } of INTERFACE_CLASSES) {
      expect(Object.keys(attributes), name).toEqual(expect.arrayContaining([...dynamic]));
    }
  });

  // Blue Book: how many attributes (logical name included) and methods each of these has.
  it.each([
    [1, 0, 2, 0],
    [3, 0, 3, 1],
    [4, 0, 5, 1],
    [5, 0, 9, 2],
    [6, 0, 4, 3],
    [7, 1, 8, 2],
    [8, 0, 9, 6],
    [9, 0, 2, 1],
    [10, 0, 2, 3],
    [11, 0, 2, 2],
    [12, 4, 6, 10],
    [15, 0, 8, 4],
    [15, 1, 9, 4],
    [15, 3, 11, 6],
    [17, 0, 2, 1],
    [18, 0, 7, 4],
    [19, 1, 9, 0],
    [20, 0, 10, 1],
    [21, 0, 4, 0],
    [22, 0, 4, 0],
    [23, 1, 9, 0],
    [28, 2, 7, 0],
    [29, 2, 6, 1],
    [30, 0, 6, 3],
    [40, 0, 7, 1],
    [40, 2, 13, 2],
    [41, 0, 6, 0],
    [42, 0, 10, 3],
    [45, 0, 4, 0],
    [47, 1, 8, 0],
    [48, 0, 10, 2],
    [64, 0, 5, 2],
    [66, 0, 9, 2],
    [64, 1, 6, 8],
    [70, 0, 4, 2],
    [71, 0, 11, 0],
    [72, 1, 14, 8],
    [90, 1, 10, 1],
    [91, 3, 26, 2],
    [91, 4, 29, 2],
    [92, 3, 23, 0],
    [92, 4, 40, 0],
    [95, 0, 15, 1],
    [96, 0, 6, 1],
    [97, 0, 9, 1],
    [98, 0, 13, 1],
    [104, 0, 4, 11],
    [111, 0, 19, 3],
    [112, 0, 11, 3],
    [113, 0, 13, 5],
    [115, 0, 6, 1],
    [126, 0, 4, 0],
    [127, 0, 7, 1],
    [128, 0, 11, 3],
    [129, 0, 14, 1],
    [130, 0, 6, 0],
    [131, 0, 2, 0],
    [132, 0, 11, 0],
    [132, 1, 11, 1],
    [133, 1, 9, 1],
    [140, 0, 9, 0],
    [141, 0, 4, 0],
    [142, 0, 3, 0],
    [143, 0, 2, 0],
    [160, 0, 9, 1],
    [161, 1, 38, 1],
    [162, 1, 19, 0],
  ])("gives class %i version %i %i attributes and %i methods", (id, version, attributes, methods) => {
    const found = findClass(id, version)!;
    expect(Object.keys(found.attributes).length + 1).toBe(attributes);
    expect(Object.keys(found.methods ?? {}).length).toBe(methods);
  });

  it("finds the closest version, and names what it does not know", () => {
    expect(closestClass(15, 9)?.version).toBe(3);
    expect(closestClass(15, 1)?.version).toBe(1);
    expect(closestClass(91, 0)?.version).toBe(1);
    expect(closestClass(9_999)).toBeUndefined();
    expect([className(3), className(130), className(9_999)]).toEqual(["Register", "ISO/IEC 14908 identification", "class 9999"]);
  });

  it("counts attributes from 2 and methods from 1", () => {
    expect(attributeId(clock, "time")).toBe(2);
    expect(attributeName(clock, 9)).toBe("clockBase");
    expect(attributeName(clock, 1)).toBe("logicalName");
    expect(attributeName(clock, 10)).toBeUndefined();
    expect(methodId(disconnectControl, "remoteReconnect")).toBe(2);
    expect(methodName(imageTransfer, 2)).toBe("imageBlockTransfer");
    expect(methodId(clock, "none")).toBeUndefined();
  });
});

describe("an object", () => {
  it("is read typed, attribute by attribute", () => {
    const stamp = stampOf(Date.UTC(2026, 10, 21, 2, 46));
    const attributes = new Map<number, DlmsData>([
      [1, data.octets(hex("0100010600FF"))],
      [2, data.doubleLongUnsigned(4_321)],
      [3, data.structure(data.integer(-1), data.enumerated(27))],
      [4, data.unsigned(0)],
      [5, data.octets(encodeDateTime(stamp))],
    ]);
    const object = readObject(extendedRegister, attributes);
    expect(object.logicalName).toBe("1-0:1.6.0.255");
    expect(object.values.scalerUnit).toEqual({ scaler: -1, unit: 27 });
    expect(object.values.captureTime).toEqual(stamp);
    expect(object.raw).toEqual([]);
    expectTypeOf(object.values.scalerUnit).toEqualTypeOf<{ readonly scaler: number; readonly unit: number } | undefined>();
  });

  it("keeps raw what is not what its class says, and says why", () => {
    const attributes = new Map<number, DlmsData>([
      [2, data.visible("12")],
      [3, data.structure(data.integer(0))],
      [9, data.unsigned(1)],
    ]);
    const { values, raw } = readObject(register, attributes);
    expect(values).toEqual({ value: data.visible("12") });
    expect(raw.map(({ attributeId: id, error }) => [id, error?.message])).toEqual([
      [3, "1 elements where a structure of 2 is expected"],
      [9, undefined],
    ]);
  });

  it("of any class takes whatever a meter sends without failing", () => {
    fc.assert(
      fc.property(fc.constantFrom(...INTERFACE_CLASSES), fc.array(anyData(), { maxLength: 12 }), (definition, list) => {
        const { values, raw } = readObject(definition, new Map(list.map((value, index) => [index + 2, value])));
        expect(Object.keys(values).length + raw.length).toBe(list.length);
      }),
    );
  });

  it("has values that come back from their encoding, whatever was accepted", () => {
    const shapes = INTERFACE_CLASSES.flatMap(({ attributes, methods }) => [...Object.values(attributes), ...Object.values(methods ?? {})]);
    let accepted = 0;
    fc.assert(
      fc.property(fc.constantFrom(...shapes), anyData(), (shape, value) => {
        let decoded: unknown;
        try {
          decoded = shape.decode(value);
        } catch (error) {
          expect(error).toBeInstanceOf(DecodeError);
          return;
        }
        accepted += 1;
        expect(shape.decode(shape.encode(decoded))).toEqual(decoded);
      }),
      { numRuns: 3_000 },
    );
    expect(accepted).toBeGreaterThan(300);
  });

  it("is written as it is read: calendar, limiter, M-Bus client, profile", () => {
    const anyTime = { ...stampOf(0), year: undefined };
    const calendar: Partial<ObjectValues<typeof activityCalendar>> = {
      calendarNamePassive: hex("01"),
      seasonProfilePassive: [{ seasonProfileName: hex("01"), seasonStart: anyTime, weekName: hex("02") }],
      dayProfileTablePassive: [
        {
          dayId: 1,
          daySchedule: [
            {
              startTime: { hour: 6, minute: 0, second: 0, hundredths: undefined },
              scriptLogicalName: parseObis("0-0:10.0.100.255"),
              scriptSelector: 1,
            },
          ],
        },
      ],
    };
    for (const [name, value] of Object.entries(calendar)) {
      const shape = activityCalendar.attributes[name as keyof typeof calendar];
      expect(shape.decode(shape.encode(value as never))).toEqual(value);
    }
    const watched = { classId: 3, logicalName: parseObis("1-0:1.7.0.255"), attributeIndex: 2 };
    expect(limiter.attributes.monitoredValue.encode(watched)).toEqual(
      data.structure(data.longUnsigned(3), data.octets(hex("0100010700FF")), data.integer(2)),
    );
    expect(mbusClient.attributes.encryptionKeyStatus.encode("key-in-use")).toEqual(data.enumerated(4));
    expect(profileGeneric.attributes.sortMethod.decode(data.enumerated(2))).toBe("lifo");
  });
});

describe("an object definition", () => {
  it("gives a server the attributes and methods of the class, with rights by role", () => {
    const definition = objectDefinition(disconnectControl, parseObis("0-0:96.3.10.255"), {
      readers: ["reader"],
      writers: ["manager"],
      invokers: ["manager"],
    });
    expect(definition).toEqual({
      classId: 70,
      version: 1,
      instanceId: "0-0:96.3.10.255",
      attributes: [
        { id: 1, access: { reader: 1, manager: 1 } },
        { id: 2, access: { reader: 1 } },
        { id: 3, access: { reader: 1 } },
        { id: 4, access: { reader: 1, manager: 3 } },
      ],
      methods: [
        { id: 1, access: { manager: 1 } },
        { id: 2, access: { manager: 1 } },
      ],
    });
  });

  it("offers selective access to a profile's buffer, and hides what is secret", () => {
    const profile = objectDefinition(profileGeneric, parseObis("1-0:99.1.0.255"), { readers: ["reader"] });
    expect(profile.attributes[1]).toEqual({ id: 2, access: { reader: 1 }, selectors: [1, 2] });
    const association = objectDefinition(associationLn, parseObis("0-0:40.0.0.255"), {
      readers: ["reader"],
      writers: ["manager"],
      writable: ["secret"],
      hidden: ["secret"],
    });
    expect(association.attributes[6]).toEqual({ id: 7, access: { manager: 3 } });
  });
});

describe("an encoded object", () => {
  it("reads back as it was, and takes no attribute that its class lacks", () => {
    const name = parseObis("1-0:1.8.0.255");
    const encoded = encodeObject(register, name, { value: data.doubleLongUnsigned(1), scalerUnit: { scaler: -3, unit: 30 } });
    expect([...encoded.keys()]).toEqual([1, 2, 3]);
    expect(readObject(register, encoded)).toMatchObject({ logicalName: name, values: { scalerUnit: { scaler: -3, unit: 30 } }, raw: [] });
    expect(() => encodeObject(register, name, { status: 1 } as never)).toThrow("Register has no attribute status");
  });
});

describe("a shape", () => {
  it("says where in the value the fault lies", () => {
    const shape = arrayOf(structure({ sap: longUnsigned, names: arrayOf(text) }));
    const bad = data.array(data.structure(data.longUnsigned(1), data.array(data.octets(hex("41")), data.array())));
    expect(() => shape.decode(bad)).toThrow("array where octet-string is expected in [0].names[1]");
    expect(shape.type).toBe("array of structure {sap: long-unsigned, names: array of octet-string}");
  });

  it("takes what meters send in place of the book's type", () => {
    expect(unsigned.decode(data.long(7))).toBe(7);
    expect(unsigned.decode(data.long64(7n))).toBe(7);
    expect(text.decode(data.visible("AMI"))).toBe("AMI");
    expect(utf8.decode(data.octets(hex("414D49")))).toBe("AMI");
    expect(arrayOf(unsigned).decode(data.nothing)).toEqual([]);
    expect(nullable(unsigned).decode(data.nothing)).toBeUndefined();
    expect(logicalName.decode(data.visible("\u0001\u0000\u0001\u0008\u0000\u00ff"))).toBe("1-0:1.8.0.255");
  });

  it("refuses by name what it cannot mean", () => {
    expect(() => unsigned.decode(data.octets(hex("01")))).toThrow("octet-string where unsigned is expected");
    expect(() => unsigned.decode(data.long64(2n ** 60n))).toThrow("1152921504606846976 where unsigned");
    expect(() => logicalName.decode(data.octets(hex("01")))).toThrow("6 octets");
  });

  it("keeps the number of an enumeration that is newer than its table", () => {
    const shape = enumeration({ 0: "off", 1: "on" });
    expect(shape.decode(data.enumerated(9))).toBe("code-9");
    expect(shape.encode("code-9")).toEqual(data.enumerated(9));
    expect(() => shape.encode("code-900" as never)).toThrow("none of off, on");
  });
});
