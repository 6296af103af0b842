import { seededRandom } from "@amity/runtime";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { BlockTransfer } from "../src/apdu/block-transfer.ts";
import { PushReceiver } from "../src/index.ts";

const OPTIONS = { sendOctetsMax: 64, window: 5, messageOctetsMax: 100_000 };

/** Carries a request and its answer over a line that loses APDUs; returns what the client got and the tries it took. */
function carry(request: Uint8Array, answer: Uint8Array, options: { loss: number; seed: number; window: number }) {
  const random = seededRandom(options.seed);
  const client = new BlockTransfer({ ...OPTIONS, window: options.window });
  let server = new BlockTransfer(OPTIONS);
  const survive = (apdus: readonly Uint8Array[]): Uint8Array[] => apdus.filter(() => random.float() >= options.loss);
  let toServer = survive(client.send(request));
  let toClient: Uint8Array[] = [];
  let heard: Uint8Array | undefined;
  for (let turn = 0; turn < 5000; turn++) {
    if (toServer.length === 0 && toClient.length === 0) toServer = survive(client.resend());
    const arrived = toServer;
    toServer = [];
    for (const apdu of arrived) {
      // As a server does: a message that starts again gets a new transfer.
      if (server.startsAnew(apdu)) server = new BlockTransfer(OPTIONS);
      const step = server.receive(apdu);
      toClient.push(...survive(step.send));
      if (step.message !== undefined) {
        heard = step.message;
        toClient.push(...survive(server.send(answer)));
      }
    }
    const back = toClient;
    toClient = [];
    for (const apdu of back) {
      const step = client.receive(apdu);
      toServer.push(...survive(step.send));
      if (step.message !== undefined) return { heard, message: step.message, turns: turn };
    }
  }
  return { heard, message: undefined, turns: 5000 };
}

describe("general block transfer", () => {
  test("streams a window of blocks and confirms once", () => {
    const { message, heard, turns } = carry(new Uint8Array(500).fill(1), new Uint8Array(5000).fill(2), { loss: 0, seed: 1, window: 10 });
    expect(heard?.length).toBe(500);
    expect(message).toEqual(new Uint8Array(5000).fill(2));
    expect(turns).toBeLessThan(20);
  });

  test("brings both messages over a line that loses some of the APDUs of a stream", () => {
    fc.assert(
      fc.property(fc.nat(1_000_000), fc.integer({ min: 1, max: 63 }), fc.integer({ min: 100, max: 3000 }), (seed, window, length) => {
        const answer = Uint8Array.from({ length }, (_, index) => index & 0xff);
        const result = carry(new Uint8Array(length).fill(7), answer, { loss: 0.2, seed, window });
        expect(result.message).toEqual(answer);
        expect(result.heard).toEqual(new Uint8Array(length).fill(7));
      }),
      { numRuns: 200 },
    );
  });

  test("confirms as many blocks as it takes at once, though the last of them says that more follow", () => {
    // Gurux marks every block but the very last as one of a stream, and waits for the confirmation all the same.
    const end = new BlockTransfer({ ...OPTIONS, window: 2 });
    const block = (number: number): Uint8Array => Uint8Array.of(0xe0, 0x42, 0, number, 0, 0, 1, number);
    expect(end.receive(block(1)).send).toEqual([]);
    expect(end.receive(block(2)).send).toEqual([Uint8Array.of(0xe0, 0x82, 0, 1, 0, 2, 0)]);
    expect(end.receive(block(3)).send).toEqual([]);
    expect(end.receive(block(4)).send).toEqual([Uint8Array.of(0xe0, 0x82, 0, 2, 0, 4, 0)]);
    expect(end.receive(Uint8Array.of(0xe0, 0x82, 0, 5, 0, 2, 1, 5)).message).toEqual(Uint8Array.of(1, 2, 3, 4, 5));
  });

  test("takes a push in blocks whatever stands in the place of the confirmation", () => {
    const receiver = new PushReceiver({ senderOf: () => undefined });
    const push = Uint8Array.of(0x0f, 0, 0, 0, 1, 0, 0x11, 7);
    expect(receiver.receive(Uint8Array.of(0xe0, 0x01, 0, 1, 0, 0, 3, ...push.subarray(0, 3)))).toBeUndefined();
    expect(receiver.receive(Uint8Array.of(0xe0, 0x01, 0, 2, 0xff, 0xff, 3, ...push.subarray(3, 6)))).toBeUndefined();
    expect(receiver.receive(Uint8Array.of(0xe0, 0x81, 0, 3, 0, 0, 2, ...push.subarray(6)))?.plain).toEqual(push);
  });

  test("refuses a confirmation of what was never sent and messages past the limit", () => {
    const end = new BlockTransfer({ ...OPTIONS, messageOctetsMax: 3 });
    expect(() => end.receive(Uint8Array.of(0xe0, 0x81, 0, 1, 0, 9, 0))).toThrow("never sent");
    expect(() => end.receive(Uint8Array.of(0xe0, 0x01, 0, 1, 0, 0, 4, 1, 2, 3, 4))).toThrow("more than 3 octets");
  });
});
