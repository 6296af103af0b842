import { Simulation, type Connection } from "@amity/runtime";
import { describe, expect, it } from "vitest";
import { cutReadouts, tracedConnection } from "../src/local/traced-connection.ts";
import type { FrameTrace } from "../src/session-trace.ts";
import { LISTENING, TraceKeeper } from "../src/trace-keeper.ts";

const octets = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (wire: Uint8Array): string => new TextDecoder().decode(wire);

/** A meter that answers each request with these pieces, and what was told of it. */
async function conversation(
  pieces: readonly string[],
  options: { secret?: string } = {},
): Promise<{ frames: FrameTrace[]; line: Connection }> {
  const simulation = new Simulation({ seed: 1, startMs: 0 });
  const [client, meter] = [simulation.node("client").world, simulation.node("meter").world];
  await meter.network.listen({ host: "meter", port: 1 }, (connection) =>
    connection.bind({
      data: () => {
        for (const piece of pieces) connection.send(octets(piece));
      },
      closed: () => {},
    }),
  );
  const frames: FrameTrace[] = [];
  const connection = await simulation.runFor(client.network.connect({ host: "meter", port: 1 }));
  const secret = options.secret === undefined ? undefined : octets(options.secret);
  const line = tracedConnection(connection, { protocol: "iec62056-21", clock: client.clock, trace: (frame) => frames.push(frame), secret });
  const heard: string[] = [];
  line.bind({ data: (chunk) => void heard.push(text(chunk)), closed: () => {} });
  for (const request of ["/?!", "P1(s3cret)"]) {
    line.send(octets(request));
    await simulation.runUntil(simulation.nowMs + 5_000);
  }
  line.close();
  expect(heard.join("")).toBe([...pieces, ...pieces].join(""));
  return { frames, line };
}

describe("a traced connection", () => {
  it("tells requests, and everything between two of them as one answer", async () => {
    const { frames } = await conversation(["/AMT5", "METER"]);
    expect(frames.map(({ direction, wire }) => `${direction} ${text(wire)}`)).toEqual([
      "sent /?!",
      "received /AMT5METER",
      "sent P1(s3cret)",
      "received /AMT5METER",
    ]);
  });

  it("tells of a password in the clear only that it passed", async () => {
    const { frames } = await conversation(["ok"], { secret: "s3cret" });
    expect(frames.filter(({ isSecret }) => isSecret === true)).toHaveLength(1);
    expect(frames.map(({ wire }) => text(wire)).join("")).not.toContain("s3cret");
  });

  it("cuts what is only heard at the end of each readout, wherever the line cuts it", () => {
    const cut = cutReadouts();
    const stream = "/AMT5M\r\n1.8.0(1)\r\n!\r\n/AMT5M\r\n1.8.0(2)\r\n!AB12\r\n/A";
    const messages = Array.from(octets(stream), (octet) => cut(Uint8Array.of(octet)).map(text)).flat();
    expect(messages).toEqual(["/AMT5M\r\n1.8.0(1)\r\n!\r\n", "/AMT5M\r\n1.8.0(2)\r\n!AB12\r\n"]);
  });
});

describe("the keeper of traces", () => {
  const frame = (atMs: number): FrameTrace => ({ atMs, direction: "received", wire: new Uint8Array(10), protocol: "p1" });
  const kept = (purpose: string): { first: number | undefined; count: number | undefined; dropped: number | undefined } => {
    const keeper = new TraceKeeper();
    const recorder = keeper.begin({ meterId: "M1", route: "", purpose, startedAtMs: 0 });
    for (let atMs = 0; atMs < 1_000; atMs++) recorder.frame(frame(atMs));
    const trace = keeper.last("M1");
    return { first: trace?.frames[0]?.atMs, count: trace?.frames.length, dropped: trace?.framesDropped };
  };

  it("goes on with the record of a meter that is heard now and then, until it is asked", () => {
    const keeper = new TraceKeeper();
    const heard = () => keeper.heard({ meterId: "M1", route: "", startedAtMs: 0 });
    heard().frame(frame(1));
    heard().frame(frame(2));
    expect(keeper.last("M1")?.frames).toHaveLength(2);
    keeper.begin({ meterId: "M1", route: "", purpose: "read", startedAtMs: 3 });
    heard().frame(frame(4));
    expect(keeper.last("M1")?.frames.map(({ atMs }) => atMs)).toEqual([4]);
  });

  it("keeps how a session began, and of a meter that only speaks what it said last", () => {
    expect(kept("read")).toEqual({ first: 0, count: 400, dropped: 600 });
    expect(kept(LISTENING)).toEqual({ first: 960, count: 40, dropped: 960 });
  });
});
