import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { realFiles, realNetwork, realTimers, scaledClock, type Connection } from "../src/index.ts";
import { listenWithLimit } from "../src/real/real-network.ts";

const octets = (value: string): Uint8Array => new TextEncoder().encode(value);

describe("files on the real disk", () => {
  let root = "";
  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), "amity-files-"));
  });
  afterAll(() => rm(root, { recursive: true, force: true }));

  it("append, replace, list and read back", async () => {
    const files = realFiles(root);
    await files.append("segments/1.log", octets("a"));
    await files.append("segments/1.log", octets("b"));
    await files.replace("segments/state", octets("old"));
    await files.replace("segments/state", octets("new"));
    expect(await files.read("segments/1.log")).toEqual(octets("ab"));
    expect(await files.read("segments/state")).toEqual(octets("new"));
    expect(await files.list("segments")).toEqual(["1.log", "state"]);
    await files.remove("segments/1.log");
    expect(await files.read("segments/1.log")).toBeUndefined();
    expect(await readdir(join(root, "segments"))).toEqual(["state"]);
  });

  it("refuse to leave their folder", async () => {
    await expect(realFiles(root).read("../passwd")).rejects.toThrow(/leaves its folder/);
  });
});

describe("the real network", () => {
  it("carries octets both ways and tells of the end", async () => {
    const listener = await realNetwork.listen({ host: "127.0.0.1", port: 0 }, (connection) => {
      connection.bind({ data: (chunk) => connection.send(chunk), closed() {} });
    });
    const connection = await realNetwork.connect(listener.address);
    const heard = await new Promise<Uint8Array>((resolve) => {
      connection.bind({ data: resolve, closed() {} });
      connection.send(octets("hello"));
    });
    expect(heard).toEqual(octets("hello"));
    connection.close();
    await listener.close();
  });

  it("lets the oldest connection that says nothing make room for a newcomer, and closes the newcomer where all have spoken", async () => {
    const heard: string[] = [];
    const accept = (peer: Connection): void =>
      peer.bind({
        data(chunk) {
          heard.push(new TextDecoder().decode(chunk));
          peer.send(chunk);
        },
        closed: () => undefined,
      });
    const listener = await listenWithLimit({ host: "127.0.0.1", port: 0 }, accept, 3);
    const open = async (): Promise<{ connection: Connection; echoed: Promise<unknown>; ended: Promise<unknown> }> => {
      const connection = await realNetwork.connect(listener.address);
      let tell: (() => void) | undefined;
      const echoed = new Promise<void>((resolve) => (tell = resolve));
      const ended = new Promise((closed) => connection.bind({ data: () => tell?.(), closed }));
      return { connection, echoed, ended };
    };
    const speaker = await open();
    speaker.connection.send(Uint8Array.of(0x61));
    await speaker.echoed;
    const [silent, another] = [await open(), await open()];
    const newcomer = await open();
    newcomer.connection.send(Uint8Array.of(0x62));
    await Promise.all([silent.ended, newcomer.echoed]);
    another.connection.send(Uint8Array.of(0x63));
    await another.echoed;
    expect(heard).toEqual(["a", "b", "c"]);
    await (
      await open()
    ).ended;
    await listener.close();
  });

  it("names a refused connection and gives advice", async () => {
    const listener = await realNetwork.listen({ host: "127.0.0.1", port: 0 }, () => {});
    await listener.close();
    await expect(realNetwork.connect(listener.address)).rejects.toMatchObject({
      blame: "link",
      code: "refused",
      advice: "is anything listening there?",
    });
  });
});

describe("a scaled clock", () => {
  it("rings no earlier than its civil instant", async () => {
    const clock = scaledClock(realTimers, { speed: 1000, startMs: Date.UTC(2026, 0, 1) });
    const target = clock.nowMs() + 20_000;
    const rangMs = await new Promise<number>((resolve) => clock.at(target, () => resolve(clock.nowMs())));
    expect(rangMs).toBeGreaterThanOrEqual(target);
  });
});

describe("a clock whose pace changes", () => {
  it("never jumps and takes its alarms along", async () => {
    const clock = scaledClock(realTimers, { speed: 1, startMs: Date.UTC(2026, 0, 1) });
    const rang = new Promise<number>((resolve) => clock.at(Date.UTC(2026, 0, 2), () => resolve(clock.nowMs())));
    const beforeMs = clock.nowMs();
    clock.setSpeed(2_000_000);
    expect(clock.speed).toBe(2_000_000);
    expect(clock.nowMs()).toBeGreaterThanOrEqual(beforeMs);
    expect(await rang).toBeGreaterThanOrEqual(Date.UTC(2026, 0, 2));
  });
});
