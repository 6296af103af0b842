import { describe, expect, test } from "vitest";
import { RepeatedRequests } from "../src/server/repeated-requests.ts";

const get = (invokeId: number, classId = 3): Uint8Array => Uint8Array.of(0xc0, 1, 0xc0 | invokeId, 0, classId);
const action = (invokeId: number): Uint8Array => Uint8Array.of(0xc3, 1, 0xc0 | invokeId, 0, 70);
const NEW = { kind: "new" };

describe("a request that comes twice", () => {
  test("is answered again with the same octets, not carried out again", () => {
    const repeated = new RepeatedRequests();
    const answer = Uint8Array.of(0xc7, 1, 0xc1, 0, 0);
    const first = action(1);
    expect(repeated.judge(first, 0)).toEqual(NEW);
    expect(repeated.judge(action(1), 10)).toEqual({ kind: "copy", answer: undefined });
    repeated.answered(first, answer);
    expect(repeated.judge(action(1), 20)).toEqual({ kind: "copy", answer });
  });

  test("is left alone when others came since, but only for a while", () => {
    const repeated = new RepeatedRequests();
    for (const request of [action(1), action(2), get(3)]) expect(repeated.judge(request, 0)).toEqual(NEW);
    expect(repeated.judge(action(1), 1_000)).toEqual({ kind: "copy", answer: undefined });
    expect(repeated.judge(action(1), 5_000)).toEqual(NEW);
  });

  test("is served again where a client has one invoke id for everything", () => {
    const repeated = new RepeatedRequests();
    for (const request of [get(1, 3), get(1, 8), get(1, 3), get(1, 3)]) expect(repeated.judge(request, 0)).toEqual(NEW);
  });

  test("is a copy where it is a block, although all blocks have one invoke id", () => {
    const repeated = new RepeatedRequests();
    const block = (blockNumber: number): Uint8Array => Uint8Array.of(0xc1, blockNumber === 1 ? 2 : 3, 0xc1, blockNumber);
    for (const request of [block(1), block(2), block(3)]) expect(repeated.judge(request, 0)).toEqual(NEW);
    for (const number of [1, 2]) expect(repeated.judge(block(number), 10)).toEqual({ kind: "copy", answer: undefined });
  });

  test("is forgotten behind the next eight", () => {
    const repeated = new RepeatedRequests();
    for (let invokeId = 1; invokeId <= 9; invokeId++) expect(repeated.judge(action(invokeId), 0)).toEqual(NEW);
    expect(repeated.judge(action(1), 0)).toEqual(NEW);
  });
});
