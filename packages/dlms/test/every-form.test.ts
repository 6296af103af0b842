import { crcX25, decodeAll, encodeAll, fromHex, toHex } from "@amity/bytes";
import { describe, expect, test } from "vitest";
import { apdu, explain, type Explained } from "../src/index.ts";

/** APDUs of forms that captures do not have, written from the standard (IEC 62056-5-3, 8.3; Green Book 9.5), and what is in them. */
const FORMS: readonly (readonly [name: string, hex: string, value: object])[] = [
  [
    "an InitiateRequest with a dedicated key, without answer, with quality of service and both reserved bits",
    "01 01 10 000102030405060708090A0B0C0D0E0F 01 00 01 05 06 5F1F0400 81001D 0400",
    {
      kind: "initiate-request",
      value: {
        dedicatedKey: Uint8Array.from({ length: 16 }, (_, index) => index),
        responseAllowed: false,
        qualityOfService: 5,
        dlmsVersion: 6,
        conformance: ["reserved-zero", "reserved-seven", "get", "set", "selective-access", "action"],
        clientMaxReceivePduOctets: 1024,
      },
    },
  ],
  [
    "an InitiateResponse by short names with quality of service",
    "080105065F1F04001C03200190FA00",
    { value: { qualityOfService: 5, vaaName: 0xfa00 } },
  ],
  [
    "a READ of every kind of variable",
    "05 05 02 0100 04 0100 01 09 04 01020304 05 0001 06 01 0002 02 01AA 07 00 0003",
    { kind: "read-request" },
  ],
  ["an answer to a READ with each choice", "0C04" + "001105" + "0103" + "0201000102AABB" + "030002", { kind: "read-response" }],
  [
    "a WRITE's answer with each choice",
    "0D03" + "00" + "010B" + "020005",
    {
      kind: "write-response",
      value: [{ kind: "success" }, { kind: "refused", value: "object-unavailable" }, { kind: "block-number", value: 5 }],
    },
  ],
  ["an unconfirmed WRITE", "1601" + "02FA08" + "01" + "0300", { kind: "unconfirmed-write-request" }],
  ["an information-report with a time", "18 01 0D 32303236313132313030303030 01 02 FA08 01 12 0007", { kind: "information-report" }],
  [
    "a GET of a list with a selection",
    "C0 03 C5 02 0003 0100010800FF 02 00 0007 0100630100FF 02 01 02 0204 0600000001 0600000000 120001 120000",
    { value: { kind: "withList", value: { items: [{}, { selection: { selector: 2 } }] } } },
  ],
  [
    "a GET's list of results, one refused",
    "C40345020011FF0104",
    {
      value: {
        kind: "withList",
        value: {
          results: [
            { kind: "data", value: { type: "unsigned", value: 255 } },
            { kind: "refused", value: "object-undefined" },
          ],
        },
      },
    },
  ],
  [
    "a last block that is refused",
    "C4 02 C1 01 00000007 01 0F",
    { value: { kind: "withDatablock", value: { blockNumber: 7, result: { kind: "refused", value: "long-get-aborted" } } } },
  ],
  [
    "a SET whose first block carries a list",
    "C10541" + "01" + "00010000600100FF0200" + "00" + "00000001" + "03010203",
    { value: { kind: "withListAndFirstDatablock" } },
  ],
  [
    "the last block of a list of SETs",
    "C50441" + "020003" + "00000009",
    { value: { kind: "lastDatablockWithList", value: { results: ["success", "read-write-denied"], blockNumber: 9 } } },
  ],
  [
    "an ACTION on a list in blocks",
    "C3 05 81 02 0046 000060030AFF 01 0046 000060030AFF 02 01 00000001 01 01",
    { value: { kind: "withListAndFirstPblock", value: { methods: [{ methodId: 1 }, { methodId: 2 }], block: { lastBlock: true } } } },
  ],
  [
    "an ACTION's list of answers, with data, with a refusal, with nothing",
    "C70341" + "03" + "00010009020102" + "0001010C" + "0300",
    { value: { kind: "withList" } },
  ],
  [
    "an event-notification without a time",
    "C200" + "00010000616200FF02" + "0600000010",
    { value: { time: undefined, value: { type: "double-long-unsigned", value: 16 } } },
  ],
  [
    "an event-notification with one",
    "C2010C07EA0B15060A000000800000" + "00010000616200FF02" + "0600000010",
    { kind: "event-notification" },
  ],
  [
    "a data-notification of high priority, confirmed, with a tagged date-time",
    "0F C0000001 09 0C 07EA0B15060A000000800000 0201 0600000044",
    { value: { dateTime: { isTagged: true } } },
  ],
  ["a data-notification-confirm", "1000000A0100", { kind: "data-notification-confirm", value: { longInvokeIdAndPriority: 0xa01 } }],
  [
    "a confirmed-service-error of loading",
    "0E0F0703",
    { value: { service: "load-segment", error: { kind: "load-data-set", value: "dataset-size-too-large" } } },
  ],
  ["a confirmed-service-error of a task", "0E0A0901", { value: { service: "start", error: { kind: "task", value: "no-remote-control" } } }],
  ["an exception without a counter", "D80106", { value: { serviceError: "invocation-counter-error" } }],
  ["an exception of a code that nobody knows", "D80363", { value: { stateError: "code-3", serviceError: "code-99" } }],
  [
    "an ACCESS with every specification",
    "D9 E0000005 00 05 01 0008 0000010000FF 02 02 0001 0000600100FF 02 03 0046 000060030AFF 01 04 0007 0100630100FF 02 02 0204 0600000001 0600000001 120001 120000 05 0007 0100630100FF 02 01 00 05 00 1105 0F00 00 0100",
    { kind: "access-request" },
  ],
  [
    "its answer with the specification repeated",
    "DA40000005" + "00" + "0101" + "0100080000010000FF02" + "01" + "1105" + "01" + "0100",
    { kind: "access-response" },
  ],
  ["an RLRQ that is urgent", "62 03 80 01 01", { value: { reason: 1 } }],
  ["an RLRE, user defined", "630380011E", { value: { reason: 30 } }],
  ["an ABRT of the provider", "6403800101", { value: { source: 1 } }],
  ["general-glo-ciphering without a title", "DB00123000000001" + "00".repeat(13), { value: { systemTitle: new Uint8Array(0) } }],
  [
    "general-ciphering by a wrapped key",
    `DD 00 08 4D4D4D0000000001 08 4D4D4D0000000002 00 00 01 01 00 18 ${"11".repeat(24)} 06 20 00000001 AA`,
    { value: { keyInfo: { kind: "wrapped" } } },
  ],
  ["general-ciphering without key information", "DD 00 00 00 00 00 00 06 20 00000001 AA", { value: { keyInfo: undefined } }],
  [
    "a general block, streaming, the last, with a window of 63",
    "E0FF" + "FFFF" + "0001" + "03AABBCC",
    { value: { blockControl: 255, blockNumber: 0xffff } },
  ],
  ["an octet-string of 128 octets", "C401C100" + "098180" + "5A".repeat(128), { kind: "get-response" }],
  ["an octet-string of 256 octets", "C401C100" + "09820100" + "5A".repeat(256), { kind: "get-response" }],
  [
    "one value of every type",
    "C401C1000219" +
      [
        "00",
        "0100",
        "0200",
        "0301",
        "04 0B AAA0",
        "0580000000",
        "06FFFFFFFF",
        "0900",
        "0A03414243",
        "0C02C3A9",
        "0D99",
        "0F80",
        "108000",
        "11FF",
        "12FFFF",
      ].join("") +
      ["13 0202 11 12 03 01 0203", "148000000000000000", "15FFFFFFFFFFFFFFFF", "16FF", "173FC00000", "183FF8000000000000"].join("") +
      ["19 07EA0B15060A000000800000", "1A 07EA0B1506", "1B 0A000000", "FF"].join(""),
    { kind: "get-response" },
  ],
  ["every delta", "C401C1000206" + "1CFF" + "1DFFFF" + "1EFFFFFFFF" + "1FFF" + "20FFFF" + "21FFFFFFFF", { kind: "get-response" }],
  [
    "a compact array of structures with an array in each",
    "C401C100" + "13" + "0202" + "06" + "010002" + "12" + "10" + "0000000100020003" + "0000000400050006",
    { kind: "get-response" },
  ],
];

describe("an APDU", () => {
  test.each(FORMS)("that is %s is read, and written again as it was", (_name, hex, value) => {
    const octets = fromHex(hex.replaceAll(" ", ""));
    const decoded = decodeAll(apdu, octets);
    expect(decoded).toMatchObject(value);
    expect(toHex(encodeAll(apdu, decoded))).toBe(toHex(octets));
    expect(faultsIn(explain(octets, { form: "apdu" }))).toEqual([]);
  });
});

/** A frame of format type 3 with its check sequences. */
function frame(header: string, information = ""): Uint8Array {
  const [addressed, content] = [fromHex(header), fromHex(information)];
  const length = 2 + addressed.length + 2 + (content.length === 0 ? 0 : content.length + 2);
  const octets = [0xa0 | (length >> 8), length & 0xff, ...addressed];
  const check = (): void => {
    const crc = crcX25(Uint8Array.from(octets), 0, octets.length);
    octets.push(crc & 0xff, crc >> 8);
  };
  check();
  if (content.length > 0) {
    octets.push(...content);
    check();
  }
  return Uint8Array.of(0x7e, ...octets, 0x7e);
}

const partOf = (tree: Explained, name: string): string | undefined => tree.children?.find((child) => child.name === name)?.value;

describe("an HDLC frame", () => {
  test.each([
    ["DISC", "032153", "disc"],
    ["DM", "21031F", "dm"],
    ["RNR", "0321D5", "rnr"],
    ["REJ", "0321D9", "rej"],
    ["UI", "210313", "ui"],
  ])("%s is named with its addresses", (_name, header, kind) => {
    const tree = explain(frame(header));
    expect(faultsIn(tree)).toEqual([]);
    expect(partOf(tree, "control")).toContain(kind);
  });

  test("SNRM with parameters tells them", () => {
    const tree = explain(frame("000200232193", "818014 05020400 06020400 070400000007 080400000007".replaceAll(" ", "")));
    expect(faultsIn(tree)).toEqual([]);
    expect(partOf(tree, "destination")).toBe("1/17");
    expect(partOf(tree, "parameters")).toBe("transmits 1024 octets, window 7; receives 1024 octets, window 7");
    const impossible = explain(frame("032193", "818003050100"));
    expect(faultsIn(impossible)).toEqual(["parameters"]);
  });

  test("FRMR tells what was rejected and why", () => {
    expect(partOf(explain(frame("210397", "10B60C")), "rejection")).toBe(
      "kind i, sendSequence 0, receiveSequence 0, pollFinal true rejected, V(S) 3, V(R) 5: information too long, N(R) invalid",
    );
    expect(faultsIn(explain(frame("210397", "10")))).toEqual(["rejection"]);
  });
});

describe("what carries an APDU", () => {
  const GET = "C001C1000100002A0000FF0200";

  test("is known by its head: LLC of HDLC and of PLC, wrapper", () => {
    expect(explain(fromHex(`E6E600${GET}`))).toMatchObject({ name: "llc", children: [{}, {}, {}, { name: "get-request", offset: 3 }] });
    expect(explain(fromHex(`900110${GET}`))).toMatchObject({
      name: "plc-llc",
      children: [{}, { value: "1" }, { value: "16" }, { name: "get-request", offset: 3 }],
    });
    expect(faultsIn(explain(fromHex(`000100100001000D${GET}`)))).toEqual([]);
  });

  test("in a wrapper of another version is read, and the version found fault with", () => {
    for (const version of ["0000", "0002", "00FF"]) {
      const tree = explain(fromHex(`${version}00100001000D${GET}`));
      expect(tree.error).toContain("version");
      expect(tree.children?.at(-1)).toMatchObject({ name: "get-request", offset: 8 });
    }
  });
});

/** The names of the parts that say an error. */
function faultsIn(tree: Explained): string[] {
  return [...(tree.error === undefined ? [] : [tree.name]), ...(tree.children ?? []).flatMap(faultsIn)];
}
