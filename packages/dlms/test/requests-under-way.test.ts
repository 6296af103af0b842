import { VirtualTimers, seededRandom } from "@amity/runtime";
import { describe, expect, test } from "vitest";
import {
  connectDlms,
  data,
  encodeData,
  parseObis,
  type ClientOptions,
  type DlmsClient,
  type GetOutcome,
  type PduLink,
  type PduLinkHandlers,
} from "../src/index.ts";

const PUBLIC = { clientSap: 16, authentication: { mechanism: "none" } } as const;
const AARE = "6129a109060760857405080101a203020100a305a103020100be10040e0800065f1f0400001a1d04000007";

/** The far end of a link that answers when the test says so. */
class Peer {
  /** What came, the association aside. */
  readonly requests: Uint8Array[] = [];
  isAborted = false;
  #handlers: PduLinkHandlers | undefined;

  readonly link: PduLink = {
    bind: (handlers) => void (this.#handlers = handlers),
    send: (apdu) => {
      if (apdu[0] === 0x60) this.answer(Buffer.from(AARE, "hex"));
      else this.requests.push(apdu);
    },
    close: () => this.#handlers?.closed(undefined),
    abort: () => void (this.isAborted = true),
    backlog: 0,
    drained: () => Promise.resolve(),
  };

  answer(apdu: Uint8Array): void {
    this.#handlers?.apdu(apdu, { clientSap: 16, serverSap: 1 });
  }

  /** Answers a GET with the number of its class. */
  answerGet(request: Uint8Array | undefined): void {
    if (request === undefined) throw new Error("no such request");
    const value = encodeData(data.longUnsigned(((request[3] ?? 0) << 8) | (request[4] ?? 0)));
    this.answer(Uint8Array.of(0xc4, 1, request[2] ?? 0, 0, ...value));
  }
}

async function open(options: Partial<ClientOptions>): Promise<{ peer: Peer; client: DlmsClient; timers: VirtualTimers }> {
  const peer = new Peer();
  const timers = new VirtualTimers();
  const client = await connectDlms(peer.link, { ...PUBLIC, ...options }, { timers, random: seededRandom(1) });
  return { peer, client, timers };
}

const get = (client: DlmsClient, classId: number): Promise<GetOutcome> =>
  client.get({ classId, instanceId: parseObis("0-0:1.0.0"), attributeId: 2 });
const found = (classId: number): GetOutcome => ({ kind: "data", data: data.longUnsigned(classId) });
/** Lets whatever waits for a promise go on. */
const settle = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

describe("requests of one association", () => {
  test("wait for the answer to the one before", async () => {
    const { peer, client } = await open({});
    const outcomes = Promise.all([get(client, 3), get(client, 4), get(client, 5)]);
    for (const turn of [0, 1, 2]) {
      await settle();
      expect(peer.requests).toHaveLength(turn + 1);
      peer.answerGet(peer.requests[turn]);
    }
    expect(await outcomes).toEqual([found(3), found(4), found(5)]);
  });

  test("go out together where the caller says so, and find their answers in any order", async () => {
    const { peer, client } = await open({ requestsAtATime: 3 });
    const outcomes = Promise.all([3, 4, 5, 6].map((classId) => get(client, classId)));
    await settle();
    expect(peer.requests).toHaveLength(3);
    for (const index of [2, 0, 1]) peer.answerGet(peer.requests[index]);
    await settle();
    peer.answerGet(peer.requests[3]);
    expect(await outcomes).toEqual([found(3), found(4), found(5), found(6)]);
  });

  test("all fail when none is answered in time, which counts from the last answer", async () => {
    const { peer, client, timers } = await open({ requestsAtATime: 2, timeoutMs: 1000 });
    const outcomes = Promise.allSettled([get(client, 3), get(client, 4), get(client, 5)]);
    await settle();
    await timers.run(timers.sleep(900));
    peer.answerGet(peer.requests[0]);
    await settle();
    await timers.run(timers.sleep(900));
    expect(client.isOpen).toBe(true);
    await timers.run(timers.sleep(100));
    const [first, ...others] = await outcomes;
    expect(first).toEqual({ status: "fulfilled", value: found(3) });
    for (const other of others) expect(other).toMatchObject({ status: "rejected", reason: { code: "timeout" } });
    expect(peer.isAborted).toBe(true);
  });

  test("are let finish before the association is released", async () => {
    const { peer, client } = await open({ requestsAtATime: 3 });
    const outcomes = Promise.all([get(client, 3), get(client, 4)]);
    const released = client.release();
    await settle();
    expect(peer.requests.map(([tag]) => tag)).toEqual([0xc0, 0xc0]);
    peer.answerGet(peer.requests[0]);
    await settle();
    expect(peer.requests).toHaveLength(2);
    peer.answerGet(peer.requests[1]);
    await settle();
    expect(peer.requests[2]?.[0]).toBe(0x62);
    peer.answer(Uint8Array.of(0x63, 0x03, 0x80, 0x01, 0x00));
    await released;
    expect(await outcomes).toEqual([found(3), found(4)]);
  });

  test("an answer under an invoke id that nobody waits for ends the only request with an error", async () => {
    const { peer, client } = await open({});
    const outcome = get(client, 3);
    await settle();
    peer.answer(Uint8Array.of(0xc4, 1, 0xcf, 0, 0));
    await expect(outcome).rejects.toMatchObject({ code: "invoke-id" });
  });
});
