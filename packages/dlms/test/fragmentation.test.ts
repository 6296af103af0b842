import { toHex } from "@amity/bytes";
import { realTimers, type Connection, type ConnectionHandlers } from "@amity/runtime";
import { describe, expect, test } from "vitest";
import { WrapperReader, encodeWrapper, serveDlms, wrapperLink } from "../src/index.ts";
import { replayClient } from "./captured-client.ts";
import { capturedMeter } from "./captured-meter.ts";
import { associationsOf, type Step } from "./captured-session.ts";
import { MENDED_ANSWERS, associatedCaptures, cutsBlocksAtRows } from "./replayed-captures.ts";
import { hasVectors } from "./vectors.ts";

/** How the same octets may come out of a stream. */
const CUTS: Readonly<Record<string, (pdus: readonly Uint8Array[]) => Uint8Array[]>> = {
  "octet by octet": (pdus) => pdus.flatMap((pdu) => Array.from(pdu, (octet) => Uint8Array.of(octet))),
  "two PDUs in one read": (pdus) =>
    pdus.flatMap((pdu, index) => (index % 2 === 1 ? [] : [Uint8Array.from(Buffer.concat([pdu, pdus[index + 1] ?? new Uint8Array(0)]))])),
  "the end of one with the beginning of the next": (pdus) => {
    const all = Uint8Array.from(Buffer.concat([...pdus]));
    const size = Math.max(1, Math.floor((pdus[0]?.length ?? 1) * 0.7));
    return Array.from({ length: Math.ceil(all.length / size) }, (_, index) => all.subarray(index * size, (index + 1) * size));
  },
};

/** A stream whose other end is this test. */
function stream(): { connection: Connection; feed: (chunk: Uint8Array) => void; answers: () => string[] } {
  let handlers: ConnectionHandlers | undefined;
  const reader = new WrapperReader();
  const answers: string[] = [];
  const connection: Connection = {
    remote: { host: "test", port: 0 },
    bind: (given) => void (handlers = given),
    send: (octets) => void answers.push(...reader.push(octets).map(({ apdu }) => toHex(apdu))),
    backlog: 0,
    drained: () => Promise.resolve(),
    close() {},
    abort() {},
  };
  return { connection, feed: (chunk) => handlers?.data(chunk), answers: () => answers };
}

const captures = associatedCaptures().filter((capture) => !cutsBlocksAtRows(capture) || capture.name === "gxc-modee");

describe.skipIf(!hasVectors).each(Object.entries(CUTS))("a captured client whose octets come %s", (_name, cut) => {
  test.each(captures)("$name hears what it heard", async ({ frames }) => {
    for (const captured of associationsOf(frames)) {
      const replayed = await replayClient(captured);
      const { device, challenge } = capturedMeter(replayed);
      // A release is answered by our own server in its own way.
      const pairs = replayed.steady.flatMap((step, index, steps): [Step, Step][] =>
        step.direction === "C>S" && step.apdu[0] !== 0x62 ? [[step, steps[index + 1] as Step]] : [],
      );
      const { connection, feed, answers } = stream();
      const random = { bytes: () => challenge } as never;
      serveDlms(
        wrapperLink(connection, "server"),
        { logicalDevice: () => device },
        { timers: realTimers, random },
        { inactivityTimeoutMs: 0 },
      );
      for (const chunk of cut(pairs.map(([{ clientSap, serverSap, apdu }]) => encodeWrapper(clientSap, serverSap, apdu)))) {
        feed(chunk);
        // The client of a real meter would not be ahead by more than the server lets wait.
        for (let turn = 0; turn < 20; turn++) await Promise.resolve();
      }
      expect(answers()).toEqual(pairs.map(([, answer]) => MENDED_ANSWERS[toHex(answer.apdu)] ?? toHex(answer.apdu)));
    }
  });
});
