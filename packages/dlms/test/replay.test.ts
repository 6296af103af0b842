import { toHex } from "@amity/bytes";
import { describe, expect, test } from "vitest";
import { ServerAssociation } from "../src/index.ts";
import { associationsOf, capturedMeter, replayClient, type Step } from "./captured-session.ts";
import { LEFT_OUT } from "./replayed-captures.ts";
import { exchanges, hasVectors } from "./vectors.ts";

const captures = exchanges(/^gxc?-/).filter(({ name }) => LEFT_OUT[name] === undefined);

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
  test.each(captures.filter(({ name }) => name !== "gx-w-none-setdenied"))("$name", async ({ frames }) => {
    for (const captured of associationsOf(frames)) {
      const replayed = await replayClient(captured);
      const { device, challenge } = capturedMeter(replayed);
      const { clientSap, serverSap = 1 } = replayed.options;
      const server = new ServerAssociation(device, { clientSap, serverSap, randomBytes: () => challenge });
      const steps = replayed.steady;
      for (const [index, step] of steps.entries()) {
        if (step.direction !== "C>S" || step.apdu[0] === 0x62) continue;
        const { answer } = await server.handle(step.apdu);
        expect(toHex(answer ?? new Uint8Array(0))).toBe(toHex((steps[index + 1] as Step).apdu));
      }
    }
  });
});
