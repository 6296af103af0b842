import { VirtualTimers, harmedLine, linePair, seededRandom } from "@amity/runtime";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { encodeTelegram, listenP1, sealCiphered, type Telegram } from "../src/index.ts";

const KEY = Uint8Array.from({ length: 16 }, (_, index) => index);
const keys = { encryptionKey: KEY, authenticationKey: KEY };
const TITLE = Uint8Array.of(0x41, 0x4d, 0x54, 0, 0, 0, 0, 1);

function telegram(count: number): Uint8Array {
  const dataSets = Array.from({ length: 12 }, (_, index) => ({
    address: `1-0:1.8.${index}`,
    values: [{ value: `00${count}.${index}23`, unit: "kWh" }],
  }));
  return encodeTelegram({ manufacturer: "AMT", identifier: "\\2METER", dataSets });
}

describe.each(["clear", "ciphered"] as const)("a P1 port (%s) whose line loses, spoils, doubles and cuts", (form) => {
  test("gives telegrams that are true or say what is wrong with them, and goes on behind damage", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.nat(1_000_000),
        fc.record({
          loss: fc.constantFrom(0, 0.2),
          spoiling: fc.constantFrom(0, 0.3),
          doubling: fc.constantFrom(0, 0.3),
          cutting: fc.constantFrom(0, 1),
          delayMsMax: fc.constantFrom(0, 400),
        }),
        async (seed, harm) => {
          const timers = new VirtualTimers();
          const random = seededRandom(seed);
          const [near, far] = linePair();
          const sound: { telegram: Telegram; isAuthenticated: boolean }[] = [];
          const damage: string[] = [];
          listenP1(
            near,
            { timers, keys },
            {
              telegram(one, isAuthenticated) {
                if (one.problems.length === 0 && one.crc === "right") sound.push({ telegram: one, isAuthenticated });
              },
              damaged: ({ code }) => void damage.push(code),
            },
          );
          const line = harmedLine(far, harm, { timers, random });
          const sent = Array.from({ length: 20 }, (_, count) => telegram(count));
          for (const [count, octets] of sent.entries()) {
            line.send(form === "clear" ? octets : sealCiphered(octets, keys, { systemTitle: TITLE, invocationCounter: count + 1 }));
            await timers.run(timers.sleep(10_000));
          }
          const said = new Set(sent.map((octets) => new TextDecoder().decode(octets)));
          for (const one of sound) {
            expect(said.has(new TextDecoder().decode(encodeTelegram(one.telegram)))).toBe(true);
            expect(one.isAuthenticated).toBe(form === "ciphered");
          }
          if (form === "ciphered") expect(new Set(sound.map((one) => JSON.stringify(one.telegram.dataSets))).size).toBe(sound.length);
          if (harm.loss === 0 && harm.spoiling === 0) expect(sound.length).toBeGreaterThanOrEqual(sent.length);
          if (harm.spoiling > 0 && sound.length < sent.length && harm.loss === 0) expect(damage.length + sound.length).toBeGreaterThan(0);
        },
      ),
      { numRuns: 60 },
    );
  });
});
