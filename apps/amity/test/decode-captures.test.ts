import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { encodeWrapper } from "@amity/dlms";
import { p1DecodeBench } from "@amity/dsmr";
import { encodeWiredFrame } from "@amity/mbus";
import { smlDecodeBench } from "@amity/sml";
import { explainInput, type ExplainedField } from "../src/laboratory/explain-input.ts";

const joined = (...parts: readonly Uint8Array[]): Uint8Array => Uint8Array.from(parts.flatMap((part) => [...part]));
const be = (octets: number, value: number): Uint8Array =>
  Uint8Array.from({ length: octets }, (_, index) => (value / 2 ** (8 * (octets - 1 - index))) & 0xff);
const le = (octets: number, value: number): Uint8Array => be(octets, value).reverse();

const METER = [10, 0, 0, 1];
const CLIENT = [10, 0, 0, 2];
const ETHERNET = joined(new Uint8Array(12), be(2, 0x0800));

/** A TCP segment from the client's port 50000 to the meter's 4059, over IPv4. */
function segment(sequence: number, payload: Uint8Array, options: { isOpening?: boolean; isBack?: boolean } = {}): Uint8Array {
  const [from, to] = options.isBack === true ? [METER, CLIENT] : [CLIENT, METER];
  const ports = options.isBack === true ? joined(be(2, 4059), be(2, 50_000)) : joined(be(2, 50_000), be(2, 4059));
  const tcp = joined(ports, be(4, sequence), be(4, 0), be(2, 0x5000 | (options.isOpening === true ? 2 : 16)), new Uint8Array(6), payload);
  return ip(6, from, to, tcp);
}

function datagram(payload: Uint8Array): Uint8Array {
  return ip(17, METER, CLIENT, joined(be(2, 4059), be(2, 4060), be(2, 8 + payload.length), be(2, 0), payload));
}

function ip(protocol: number, from: readonly number[], to: readonly number[], carried: Uint8Array): Uint8Array {
  const head = joined(
    Uint8Array.of(0x45, 0),
    be(2, 20 + carried.length),
    new Uint8Array(4),
    Uint8Array.of(64, protocol, 0, 0),
    Uint8Array.from([...from, ...to]),
  );
  return joined(ETHERNET, head, carried);
}

function pcap(packets: readonly Uint8Array[], number = le): Uint8Array {
  const header = joined(number(4, 0xa1b2c3d4), number(2, 2), number(2, 4), new Uint8Array(8), number(4, 65_535), number(4, 1));
  return joined(header, ...packets.map((packet) => joined(new Uint8Array(8), number(4, packet.length), number(4, packet.length), packet)));
}

function pcapng(packets: readonly Uint8Array[], number = le): Uint8Array {
  const block = (type: number, body: Uint8Array): Uint8Array => {
    const padded = joined(body, new Uint8Array((4 - (body.length % 4)) % 4));
    return joined(number(4, type), number(4, padded.length + 12), padded, number(4, padded.length + 12));
  };
  const section = block(0x0a0d0d0a, joined(number(4, 0x1a2b3c4d), number(2, 1), number(2, 0), new Uint8Array(8).fill(0xff)));
  const described = block(1, joined(number(2, 1), number(2, 0), number(4, 0)));
  const unknown = block(0x0bad, new Uint8Array(5));
  return joined(
    section,
    described,
    unknown,
    ...packets.map((packet) =>
      block(6, joined(number(4, 0), new Uint8Array(8), number(4, packet.length), number(4, packet.length), packet)),
    ),
  );
}

const GET = encodeWrapper(16, 1, Uint8Array.of(0xc0, 1, 0xc1, 0, 8, 0, 0, 1, 0, 0, 255, 2, 0));
const ANSWER = encodeWrapper(1, 16, Uint8Array.of(0xc4, 1, 0xc1, 0, 0x12, 0x12, 0x34));
const directions = (octets: Uint8Array): readonly ExplainedField[] => explainInput(octets, {}).root.children ?? [];
const namesOf = (field: ExplainedField | undefined): string[] => (field?.children ?? []).map(({ name }) => name);

describe("explaining a capture of a network", () => {
  it.each([
    ["pcap, little-endian", pcap],
    ["pcap, big-endian", (packets: readonly Uint8Array[]) => pcap(packets, be)],
    ["pcapng, little-endian", pcapng],
    ["pcapng, big-endian", (packets: readonly Uint8Array[]) => pcapng(packets, be)],
  ])("tells each direction of a DLMS session over TCP: %s", (_, write) => {
    const packets = [
      segment(99, new Uint8Array(0), { isOpening: true }),
      segment(100, GET),
      segment(7, ANSWER, { isBack: true }),
      segment(100 + GET.length, GET),
    ];
    const { protocol, root } = explainInput(write(packets), {});
    expect([protocol, root.name, root.value]).toEqual(["capture", "capture", "4 packets, 2 directions that say something"]);
    const [asked, answered] = root.children ?? [];
    expect([asked?.name, answered?.name]).toEqual(["tcp 10.0.0.2:50000 > 10.0.0.1:4059", "tcp 10.0.0.1:4059 > 10.0.0.2:50000"]);
    expect(asked?.children?.[0]).toMatchObject({ name: "recording", value: "2 frames" });
    expect(JSON.stringify(answered)).toContain("get-response");
  });

  it("puts a stream together whatever order, cutting and repetition its segments had, also where its numbers wrap", () => {
    const whole = joined(GET, GET, GET);
    const expected = JSON.stringify(
      directions(pcap([segment(0xffff_fff0, new Uint8Array(0), { isOpening: true }), segment(0xffff_fff1, whole)]))[0]?.children,
    );
    const cuts = fc.array(fc.tuple(fc.nat(whole.length - 1), fc.integer({ min: 1, max: 30 })), { maxLength: 12 });
    fc.assert(
      fc.property(cuts, fc.integer(), (extra, order) => {
        const pieces: (readonly [number, number])[] = [...extra];
        for (let at = 0; at < whole.length; at += 9) pieces.push([at, 9]);
        const shuffled = pieces
          .map((piece, index) => ({ piece, place: Math.imul(index + 1, order | 1) }))
          .sort((a, b) => a.place - b.place);
        const segments = shuffled.map(({ piece: [at, length] }) => segment((0xffff_fff1 + at) >>> 0, whole.subarray(at, at + length)));
        const [stream] = directions(pcap([segment(0xffff_fff0, new Uint8Array(0), { isOpening: true }), ...segments]));
        expect(JSON.stringify(stream?.children)).toBe(expected);
      }),
      { numRuns: 50 },
    );
  });

  it("says what is missing where it is missing, and goes on behind it", () => {
    const [stream] = directions(pcap([segment(99, new Uint8Array(0), { isOpening: true }), segment(100, GET), segment(200, GET)]));
    expect(namesOf(stream)).toEqual(["wrapper", "gap", "wrapper"]);
    expect(stream?.children?.[1]).toMatchObject({ value: `${100 - GET.length} octets were not captured` });
  });

  it("keeps two connections of the same ports apart", () => {
    const twice = [1_000, 90_000].flatMap((first) => [segment(first - 1, new Uint8Array(0), { isOpening: true }), segment(first, GET)]);
    expect(directions(pcap(twice)).map(({ name }) => name)).toEqual(Array(2).fill("tcp 10.0.0.2:50000 > 10.0.0.1:4059"));
  });

  it.each([
    ["dlms", ANSWER, "wrapper"],
    ["sml", smlDecodeBench(1).frames[0]!, "sml"],
    ["p1", p1DecodeBench(1).frames[0]!, ""],
    ["mbus", encodeWiredFrame({ kind: "short", control: 0x5b, address: 5 }), ""],
  ])("explains datagrams by themselves: %s", (_, payload, name) => {
    const [direction] = directions(pcap([datagram(payload), datagram(payload)]));
    expect(direction?.name).toBe("udp 10.0.0.1:4059 > 10.0.0.2:4060");
    expect(direction?.children).toHaveLength(2);
    expect(direction?.children?.[0]?.offset).toBe(24 + 16 + 14 + 20 + 8);
    expect(direction?.children?.[0]?.name).toContain(name);
    expect(direction?.children?.[0]?.value).not.toBe("of no protocol that is known");
  });

  it("passes over what is none of meters', and counts what is no TCP or UDP", () => {
    const { root } = explainInput(
      pcap([
        joined(new Uint8Array(12), be(2, 0x0806), new Uint8Array(28)),
        ip(1, METER, CLIENT, new Uint8Array(8)),
        datagram(new TextEncoder().encode("GET / HTTP/1.1\r\n")),
      ]),
      {},
    );
    expect(root.detail).toBe("left out: 1 no-ip, 1 other-protocol");
    expect(JSON.stringify(root)).not.toContain("error");
  });

  it("gives what stands before the end of a capture that breaks off, and says so", () => {
    const { root } = explainInput(pcap([datagram(ANSWER), datagram(ANSWER)]).subarray(0, -5), {});
    expect(root.children?.at(-1)).toMatchObject({ name: "rest of the file", error: expect.stringContaining("truncated") as string });
    expect(JSON.stringify(root.children?.[0])).toContain("get-response");
  });

  it("survives every change of an octet and every truncation", () => {
    const packets = [segment(99, new Uint8Array(0), { isOpening: true }), segment(100, GET), datagram(ANSWER)];
    for (const whole of [pcap(packets), pcapng(packets)]) {
      for (let length = 0; length < whole.length; length++) expect(explainInput(whole.subarray(0, length), {}).root).toBeDefined();
      fc.assert(
        fc.property(fc.nat(whole.length - 1), fc.nat(255), (at, octet) => {
          const changed = whole.slice();
          changed[at] = octet;
          expect(explainInput(changed, {}).root).toBeDefined();
        }),
        { numRuns: 500 },
      );
    }
  });
});
