import { decodeAll, toHex } from "@amity/bytes";
import { describe, expect, test } from "vitest";
import { ServerAssociation, apdu } from "../src/index.ts";
import { replayClient, type Recorded, type ReplayedClient } from "./captured-client.ts";
import { capturedMeter, type CapturedMeter } from "./captured-meter.ts";
import { associationsOf, type Step } from "./captured-session.ts";
import { MENDED_ANSWERS, associatedCaptures, cutsBlocksAtRows } from "./replayed-captures.ts";
import { hasVectors } from "./vectors.ts";

const captures = associatedCaptures();

describe.skipIf(!hasVectors)("the client says octet for octet what captured clients said", () => {
  test.each(captures)("$name", async ({ frames }) => {
    for (const steps of associationsOf(frames)) {
      const { options, requests, sent } = await replayClient(steps);
      const wanted = requests.map((request) => toHex(request.apdu));
      // Some clients release in the clear what we release protected: the rest must be the same.
      const compared = wanted.at(-1)?.startsWith("6203") === true && options.security !== undefined ? wanted.length - 1 : wanted.length;
      expect(sent.slice(0, compared)).toEqual(wanted.slice(0, compared));
    }
  });
});

describe.skipIf(!hasVectors)("the server says octet for octet what captured servers said", () => {
  test.each(captures.filter((capture) => !cutsBlocksAtRows(capture)))("$name", async ({ frames }) => {
    for (const captured of associationsOf(frames)) {
      const replayed = await replayClient(captured);
      const server = serverOf(replayed, capturedMeter(replayed));
      for (const { request, wanted } of answersIn(replayed)) expect(toHex(await answerOf(server, request))).toBe(wanted);
    }
  });
});

describe.skipIf(!hasVectors)(
  "the server says captured values in blocks of its own, the doubled one once, and the rest octet for octet",
  () => {
    test.each(captures.filter(cutsBlocksAtRows))("$name", async ({ frames }) => {
      for (const captured of associationsOf(frames)) {
        const replayed = await replayClient(captured);
        const meter = capturedMeter(replayed);
        const server = serverOf(replayed, meter);
        for (const conversation of conversationsIn(replayed)) {
          const [first] = conversation as [Answered];
          meter.skipTo(first.answer);
          if (conversation.length === 1) expect(toHex(await answerOf(server, first.request))).toBe(first.wanted);
          else expect(await valueFrom(server, conversation)).toEqual(valueToExpect(replayed, first.outcomes?.[0]));
        }
      }
    });
  },
);

interface Answered {
  readonly request: Step;
  readonly answer: Step;
  /** The answer, in hexadecimal, as the standard has it. */
  readonly wanted: string;
  /** `undefined` for the association itself. */
  readonly outcomes: readonly Recorded[] | undefined;
}

/** Requests with their answers, but for the release: some servers answer it with broken lengths. */
function answersIn({ steady, outcomes }: ReplayedClient): Answered[] {
  return steady.flatMap((request, index): Answered[] => {
    const answer = steady[index + 1];
    if (request.direction !== "C>S" || request.apdu[0] === 0x62 || answer === undefined) return [];
    const recorded = toHex(answer.apdu);
    return [{ request, answer, wanted: MENDED_ANSWERS[recorded] ?? recorded, outcomes: outcomes.get(request) }];
  });
}

/** The same by services: what goes on in blocks stands together. */
function conversationsIn(replayed: ReplayedClient): Answered[][] {
  const conversations: Answered[][] = [];
  for (const one of answersIn(replayed)) {
    if (one.outcomes?.length === 0) conversations.at(-1)?.push(one);
    else conversations.push([one]);
  }
  return conversations;
}

function serverOf({ options }: ReplayedClient, { device, challenge }: CapturedMeter): ServerAssociation {
  const { clientSap, serverSap = 1 } = options;
  return new ServerAssociation(device, { clientSap, serverSap, randomBytes: () => challenge });
}

async function answerOf(server: ServerAssociation, request: Step): Promise<Uint8Array> {
  return (await server.handle(request.apdu)).answer ?? new Uint8Array(0);
}

/** Asks as the captured client asked, as often as our server needs; `undefined` where it refuses. */
async function valueFrom(server: ServerAssociation, conversation: readonly Answered[]): Promise<Uint8Array | undefined> {
  const blocks: Uint8Array[] = [];
  for (const { request } of conversation) {
    const { plainAnswer = new Uint8Array(0) } = await server.handle(request.apdu);
    const answer = decodeAll(apdu, plainAnswer);
    if (answer.kind !== "get-response") throw new Error(`${answer.kind} came back`);
    if (answer.value.kind === "normal") return answer.value.value.result.kind === "data" ? plainAnswer.subarray(4) : undefined;
    if (answer.value.kind !== "withDatablock" || answer.value.value.result.kind !== "data") throw new Error("no block came back");
    blocks.push(answer.value.value.result.value);
    if (answer.value.value.lastBlock) return Uint8Array.from(Buffer.concat(blocks));
  }
  throw new Error("our server needs more blocks than the captured one");
}

/** The captured value, but where it is too long for one APDU and blocks were not agreed: the captured server sends them all the same. */
function valueToExpect({ association }: ReplayedClient, recorded: Recorded | undefined): Uint8Array | undefined {
  const octets = typeof recorded === "object" && "octets" in recorded ? recorded.octets : new Uint8Array(0);
  const fits = octets.length < association.serverMaxPduOctets || association.conformance.has("block-transfer-with-get-or-read");
  return fits ? octets : undefined;
}
