import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { LinkError } from "@amity/bytes";
import { openSerialLine, type SerialLine } from "../src/index.ts";

const hasPairs = spawnSync("socat", ["-V"]).status === 0 && spawnSync("stty", ["--version"]).status === 0;

describe.skipIf(!hasPairs)("a pair of pseudo-terminals", () => {
  const folder = mkdtempSync(join(tmpdir(), "amity-serial-"));
  const ends = [join(folder, "a"), join(folder, "b")] as const;
  let pair: ChildProcess;
  beforeAll(async () => {
    pair = spawn(
      "socat",
      ends.map((end) => `PTY,link=${end},raw,echo=0`),
      { stdio: "ignore" },
    );
    await vi.waitUntil(() => ends.every((end) => existsSync(end)), { timeout: 10_000 });
  });
  afterAll(() => {
    pair.kill();
    rmSync(folder, { recursive: true });
  });

  const heard = (line: SerialLine, octets: number): Promise<number[]> =>
    new Promise((resolve, reject) => {
      const all: number[] = [];
      line.bind({
        data(chunk) {
          all.push(...chunk);
          if (all.length >= octets) resolve(all);
        },
        closed: (error) => reject(error ?? new Error("closed")),
      });
    });

  test("carries every octet both ways, also after a change of rate", async () => {
    const [near, far] = ends.map((end) => openSerialLine(end, { baud: 9600, framing: "8E1" })) as [SerialLine, SerialLine];
    const every = Uint8Array.from({ length: 256 }, (_, octet) => octet);
    const there = heard(far, 512);
    near.send(every);
    near.setBaud(2400);
    near.send(every);
    expect(await there).toEqual([...every, ...every]);
    const back = heard(near, 256);
    far.send(every);
    expect(await back).toEqual([...every]);
    near.close();
    far.abort();
  });

  test("is refused at a rate that no line has", () => {
    expect(() => openSerialLine(ends[0], { baud: 12_345, framing: "8N1" })).toThrow(expect.objectContaining({ code: "settings" }) as Error);
  });
});

test("a line that is not there is told as such", () => {
  expect(() => openSerialLine("/dev/no-such-line", { baud: 300, framing: "7E1" })).toThrow(LinkError);
});
