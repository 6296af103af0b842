import { sameOctets } from "@amity/bytes";

/** How many requests are remembered, and for how long an older one counts as a late copy (machine time). */
const REMEMBERED_MAX = 8;
const LATE_MS = 2_000;

const GET = 0xc0;
const GET_NEXT = 2;
const READ = 0x05;
/** Services that carry the invoke id in the third octet. */
const SERVICE_MASK = 0xfc;

interface Remembered {
  readonly request: Uint8Array;
  readonly atMs: number;
  answer: Uint8Array | undefined;
}

/**
 * Tells requests from copies of them on links that may deliver twice and out of order (UDP): a copy must neither be carried out
 * again nor be answered with an error that the client would take for the answer to its next request.
 */
export class RepeatedRequests {
  readonly #remembered: Remembered[] = [];

  /**
   * `new`: to be served. `copy`: to be left alone, or answered with the same octets again where the answer may have been lost.
   * Reads in the clear that come twice in a row are served twice: a client that knows one invoke id may mean it.
   */
  judge(request: Uint8Array, nowMs: number): { kind: "new" } | { kind: "copy"; answer: Uint8Array | undefined } {
    const at = this.#remembered.findLastIndex((one) => sameOctets(one.request, request));
    const found = this.#remembered[at];
    const latest = this.#remembered.at(-1);
    if (found !== undefined && latest !== undefined) {
      if (found === latest && !isPlainRead(request)) return { kind: "copy", answer: found.answer };
      if (found !== latest && nowMs - found.atMs <= LATE_MS && !isAlternating(request, latest.request))
        return { kind: "copy", answer: undefined };
    }
    this.#remembered.push({ request, atMs: nowMs, answer: undefined });
    if (this.#remembered.length > REMEMBERED_MAX) this.#remembered.shift();
    return { kind: "new" };
  }

  /** The answer to a request that was judged new. */
  answered(request: Uint8Array, answer: Uint8Array | undefined): void {
    const found = this.#remembered.findLast((one) => one.request === request);
    if (found !== undefined) found.answer = answer;
  }
}

function isPlainRead(request: Uint8Array): boolean {
  return request[0] === READ || (request[0] === GET && request[1] !== GET_NEXT);
}

/** A client that uses one invoke id for everything asks the same again and means it; the same block it never sends twice. */
function isAlternating(request: Uint8Array, latest: Uint8Array): boolean {
  if (request[0] === READ) return true;
  const isService = ((request[0] ?? 0) & SERVICE_MASK) === GET && ((latest[0] ?? 0) & SERVICE_MASK) === GET;
  return isService && isWhole(request) && request[2] === latest[2];
}

/** The forms that are no part of a transfer in blocks: normal, and with list, which SET numbers apart. */
function isWhole(request: Uint8Array): boolean {
  return request[1] === NORMAL || request[1] === (request[0] === SET ? SET_WITH_LIST : WITH_LIST);
}

const SET = 0xc1;
const NORMAL = 1;
const WITH_LIST = 3;
const SET_WITH_LIST = 4;
