import { expect, test } from "vitest";
import { VirtualTimers, harmedLine, linePair, seededRandom, type LineHarm } from "../src/index.ts";

async function heard(harm: LineHarm, seed: number): Promise<number[][]> {
  const timers = new VirtualTimers();
  const [near, far] = linePair();
  const chunks: number[][] = [];
  near.bind({ data: (octets) => void chunks.push([...octets]), closed: () => undefined });
  const line = harmedLine(far, harm, { timers, random: seededRandom(seed) });
  for (let index = 0; index < 50; index++) line.send(Uint8Array.of(index, index, index));
  await timers.run(timers.sleep(60_000));
  return chunks;
}

const SENT = Array.from({ length: 50 }, (_, index) => [index, index, index]);

test("a line without harm hands on what was sent", async () => {
  expect(await heard({}, 1)).toEqual(SENT);
});

test("the same seed harms the same sendings, another one others", async () => {
  const harm = { loss: 0.2, spoiling: 0.2, doubling: 0.2, cutting: 0.5, delayMsMax: 100 };
  expect(await heard(harm, 7)).toEqual(await heard(harm, 7));
  expect(await heard(harm, 7)).not.toEqual(await heard(harm, 8));
});

test("each harm does what it is called, and order is kept unless the line reorders", async () => {
  expect((await heard({ loss: 0.5 }, 1)).length).toBeLessThan(45);
  expect((await heard({ doubling: 0.5 }, 1)).length).toBeGreaterThan(55);
  expect((await heard({ cutting: 1, delayMsMax: 50 }, 1)).flat()).toEqual(SENT.flat());
  expect((await heard({ spoiling: 1, spoiledBits: 7 }, 1)).every((chunk, index) => String(chunk) !== String(SENT[index]))).toBe(true);
  expect((await heard({ delayMsMax: 50, reorders: true }, 1)).flat()).not.toEqual(SENT.flat());
});
