import { describe, expect, it } from "vitest";
import { attributeAccess, describeEntry, entryOf, parseObjectList, parseShortNameList } from "../../src/cosem/association-view.ts";
import { clockColumn, describeColumns, encodeCaptureObjects, formatCell, parseCaptureObjects } from "../../src/cosem/profile-columns.ts";
import { findClass } from "../../src/cosem/class-catalogue.ts";
import { obisName, OBIS_SHORT_NAMES, resolveObis } from "../../src/cosem/obis-names.ts";
import { OBIS_PATTERNS } from "../../src/cosem/obis-patterns.ts";
import { SERVICE_PATTERNS } from "../../src/cosem/service-patterns.ts";
import { decodeData } from "../../src/data/axdr.ts";
import { data } from "../../src/data/dlms-data.ts";
import { parseObis } from "../../src/data/obis.ts";
import { exchanges, HAS_VECTORS, hex, joined, toHex } from "../hdlc/captures.ts";

/** The answers of the captured server, whole, without LLC: of one exchange. */
function answers(name: string): Uint8Array[] {
  const found: Uint8Array[] = [];
  let pieces: Uint8Array[] = [];
  for (const { from, frame } of exchanges().find((exchange) => exchange.name === name)!.frames) {
    if (from !== "server" || frame.control.kind !== "i") continue;
    pieces.push(frame.information);
    if (frame.segmented) continue;
    found.push(joined(...pieces).subarray(3));
    pieces = [];
  }
  return found;
}

/** The value that a get-response with data blocks carries, blocks put together. */
function fromBlocks(apdus: readonly Uint8Array[]): Uint8Array {
  const blocks = apdus.filter((apdu) => apdu[0] === 0xc4 && apdu[1] === 2);
  const last = blocks.findIndex((block) => block[3] !== 0);
  return joined(
    ...blocks.slice(0, last + 1).map((block) => {
      const lengthOctets = block[9]! > 0x80 ? (block[9]! & 0x7f) + 1 : 1;
      return block.subarray(9 + lengthOctets);
    }),
  );
}

describe.skipIf(!HAS_VECTORS)("the association view of a captured server", () => {
  it("is read whole, with rights and names", () => {
    const list = parseObjectList(decodeData(fromBlocks(answers("gx-h-none.txt"))));
    expect(list.length).toBeGreaterThan(20);
    expect(describeEntry(entryOf(list, parseObis("1-0:1.8.0.255")))).toBe("Register 1-0:1.8.0.255: logicalName, value, scalerUnit; reset");
    expect(describeEntry(entryOf(list, parseObis("0-0:96.3.10.255")))).toContain(
      "Disconnect control 0-0:96.3.10.255: logicalName, outputState",
    );
    expect(() => entryOf(list, parseObis("9-9:9.9.9.9"))).toThrow("has no object");
  });

  it("lists for every class the attributes and methods that our tables have", () => {
    const differing: string[] = [];
    for (const exchange of ["gx-h-none.txt", "gxc-h-none.txt"]) {
      for (const entry of parseObjectList(decodeData(fromBlocks(answers(exchange))))) {
        const definition = findClass(entry.classId, entry.version);
        const ours = definition && [Object.keys(definition.attributes).length + 1, Object.keys(definition.methods ?? {}).length];
        const theirs = [entry.attributes.length, entry.methods.length];
        if (ours?.join() !== theirs.join())
          differing.push(`${entry.classId} v${entry.version}: ours ${ours?.join()}, theirs ${theirs.join()}`);
      }
    }
    expect([...new Set(differing)]).toEqual([]);
  });

  it("gives the columns of its load profile in words", () => {
    const response = answers("gx-h-none.txt").find((apdu) => toHex(apdu).startsWith("C401C10001060204"))!;
    const columns = parseCaptureObjects(decodeData(response.subarray(4)));
    const scalers = new Map([["1-0:1.8.0.255", { scaler: -1, unit: 30 }]]);
    const described = describeColumns(columns, scalers);
    expect(described.map(({ name, kind, attribute }) => `${kind} ${attribute}: ${name}`)).toEqual([
      "clock time: Clock",
      "status value: Status register 1",
      "value value: Active energy import (+A)",
      "value value: Active energy export (-A)",
      "value value: Reactive energy import (+R)",
      "value value: Reactive energy export (-R)",
    ]);
    expect(encodeCaptureObjects(columns)).toEqual(decodeData(response.subarray(4)));
    expect(clockColumn(columns)?.instanceId).toBe("0-0:1.0.0.255");
    expect(formatCell(described[2]!, data.doubleLongUnsigned(12_345))).toBe("1234.5 Wh");
    expect(formatCell(described[3]!, data.doubleLongUnsigned(7))).toBe("7");
  });
});

describe("access rights", () => {
  it.each([
    [0, 0, false, false, 0],
    [1, 2, true, false, 0],
    [3, 0, true, true, 0],
    [5, 1, false, true, 1],
    [6, 2, true, true, 1],
    [0b0010_0101, 3, true, false, 2],
    [0b1111_1111, 3, true, true, 6],
  ])("of mode %i in version %i", (mode, version, canRead, canWrite, protections) => {
    const access = attributeAccess(mode, version);
    expect(access).toMatchObject({ canRead, canWrite });
    expect(access.protection).toHaveLength(protections);
  });
});

describe("a list by short names", () => {
  it("has base names without a sign", () => {
    const list = data.array(data.structure(data.long(-1536), data.longUnsigned(12), data.unsigned(0), data.octets(hex("0000280000FF"))));
    expect(parseShortNameList(list)).toEqual([{ baseName: 0xfa00, classId: 12, version: 0, instanceId: "0-0:40.0.0.255" }]);
  });
});

describe("the name of a code", () => {
  it.each([
    ["1-0:1.8.0.255", "Active energy import (+A)"],
    ["1-0:1.8.2.255", "Active energy import (+A), rate 2"],
    ["1-0:2.8.0.101", "Active energy export (-A), billing period -1"],
    ["1-0:1.6.1.255", "Active power import (+P), maximum demand, rate 1"],
    ["1-0:16.7.0.255", "Active power, net (import less export), instantaneous"],
    ["1-0:21.7.0.255", "Active power import (+P) L1, instantaneous"],
    ["1-0:62.8.0.255", "Active energy export (-A) L3"],
    ["1-0:31.7.0.255", "Current L1, instantaneous"],
    ["1-0:52.7.124.255", "Voltage L2, instantaneous, total harmonic distortion"],
    ["1-0:72.32.0.255", "Voltage L3, under limit occurrences"],
    ["1-0:12.7.0.255", "Voltage, any phase, instantaneous"],
    ["1-0:13.7.0.255", "Power factor, instantaneous"],
    ["1-0:81.7.40.255", "Phase angle I(L1) to U(L1), instantaneous"],
    ["1-0:1.29.0.255", "Active energy import (+A), in the recording interval 1"],
    ["0-0:1.0.0.255", "Clock"],
    ["0-0:42.0.0.255", "COSEM logical device name"],
    ["0-1:24.2.3.255", "M-Bus value 3, channel 1"],
    ["0-0:96.1.4.255", "Device ID 5"],
    ["0-0:98.1.0.101", "Billing profile 0"],
    ["0-0:99.98.1.255", "Fraud detection log"],
    ["1-0:72.32.11.255", "Voltage L3, dips of 15 to 30 % for 100 to 500 ms"],
    ["1-0:83.8.44.255", "Transformer and line losses, reactive transformer losses export L1"],
    ["1-0:31.49.0.255", "Current L1, average in the recording interval 1"],
    ["1-0:124.7.0.255", "Voltage L1 to L2, instantaneous"],
    ["1-0:113.7.1.255", "Distortion power L1, instantaneous, export"],
    ["1-0:81.7.255.255", "Phase angles, summary"],
    ["2-0:12.7.0.255", "DC voltage, instantaneous"],
    ["4-0:2.2.0.255", "Heat cost allocator, rated units, set date value"],
    ["6-0:1.0.0.255", "Heat energy"],
    ["6-0:10.0.0.255", "Heat flow temperature"],
    ["7-0:3.0.0.255", "Gas meter volume, forward absolute, index at metering conditions"],
    ["7-0:13.2.1.255", "Gas converter volume, forward absolute, index at base conditions, rate 1"],
    [
      "7-0:1.62.0.255",
      "Gas meter volume, forward undisturbed, maximum difference over billing period 1, billing period 2, at base conditions",
    ],
    [
      "7-0:1.11.0.101",
      "Gas meter volume, forward undisturbed, difference, measurement period 1, last period at base conditions, billing period -1",
    ],
    ["7-0:42.24.0.255", "Absolute pressure, average, last process interval 1, at metering conditions"],
    ["7-0:43.34.0.255", "Gas flow rate, maximum average, averaging period 1, billing period 1, at standard conditions"],
    ["7-0:43.70.0.255", "Gas flow rate, last average, averaging period 4, at standard conditions"],
    ["7-0:54.0.14.255", "Superior calorific value, current value at metering conditions, last average, averaging period 2"],
    ["8-0:1.0.0.255", "Cold water volume"],
    ["9-1:2.5.0.255", "Hot water flow rate, maximum"],
    ["1-0:94.34.7.255", "Object of Spain, 34.7"],
    ["0-0:19.12.3.255", "Credit 2.3"],
    ["0-0:97.98.21.255", "Alarm descriptor 2"],
    ["1-0:94.91.0.255", "Instantaneous parameters profile"],
  ])("%s is %s", (code, name) => expect(obisName(parseObis(code))).toBe(name));

  it.each(["1-0:1.99.0.255", "1-0:95.8.0.255", "3-0:1.8.0.255", "0-0:199.1.1.255"])("%s has none", (code) => {
    expect(obisName(parseObis(code))).toBeUndefined();
  });

  it("is found for every pattern of the table, which its own first fit gives", () => {
    for (const [pattern, name] of [...OBIS_PATTERNS, ...SERVICE_PATTERNS]) {
      // 200 is no value of its own in any group of the table; of a range the last is taken.
      const code = parseObis(pattern.replaceAll("*", "200").replaceAll(/\d+~(\d+)/g, "$1"));
      const groups = code.split(/[-:.]/).map(Number);
      const filled = name.replace(/\{([A-F])([+-]\d+)?\}/g, (_, group: string, added = "0") =>
        String((groups["ABCDEF".indexOf(group)] ?? 0) + Number(added)),
      );
      expect(obisName(code), pattern).toBe(filled);
    }
  });

  it("is resolved from a word or from a code in any form", () => {
    expect(resolveObis("Load profile")).toBe("1-0:99.1.0.255");
    expect(resolveObis("1.0.1.8.0.255")).toBe("1-0:1.8.0.255");
    expect(() => resolveObis("constructor")).toThrow("is not an OBIS code");
    for (const code of Object.values(OBIS_SHORT_NAMES)) expect(obisName(parseObis(code)), code).toBeDefined();
  });
});
