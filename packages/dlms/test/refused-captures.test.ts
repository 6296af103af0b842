import { SecurityError, decodeAll, fromHex, toHex } from "@amity/bytes";
import { realTimers } from "@amity/runtime";
import { describe, expect, test } from "vitest";
import {
  ExceptionResponseError,
  ServerAssociation,
  aare,
  compileModel,
  connectDlms,
  memoryCounter,
  memoryReceivedCounter,
  parseObis,
  type ClientOptions,
  type LogicalDevice,
  type SecurityKeys,
} from "../src/index.ts";
import { CAPTURE_KEYS, optionsFrom } from "./captured-client.ts";
import { ReplayLink, associationsOf, type Step } from "./captured-session.ts";
import { SECRET } from "./fixture-meter.ts";
import { refusedCaptures } from "./replayed-captures.ts";
import { hasVectors, type Exchange } from "./vectors.ts";

/** What these clients asked although they had no association. */
const DEVICE_NAME = { classId: 1, instanceId: parseObis("0-0:42.0.0"), attributeId: 2 } as const;
const DEVICE_TITLE = fromHex("4752580000000001");

/** What the first counter that the captured server would have taken was. */
const STALE: Readonly<Record<string, number>> = { "gx-w-ic-replay": 500 };

/** The encryption key that a captured client had in place of the right one. */
function wrongKeyOf({ head }: Exchange): SecurityKeys | undefined {
  const key = / -B ([0-9A-F]{32}) /.exec(head)?.[1];
  return key === undefined ? undefined : { ...CAPTURE_KEYS, encryptionKey: fromHex(key) };
}

const captures = refusedCaptures().map((capture) => ({
  name: capture.name,
  keys: wrongKeyOf(capture),
  steps: associationsOf(capture.frames).flat(),
}));

describe.skipIf(!hasVectors)("a client that is refused, and asks all the same, says octet for octet what captured ones said", () => {
  test.each(captures)("$name", async ({ steps, keys }) => {
    const { options, challenge } = optionsFrom(steps, keys);
    const link = new ReplayLink(steps);
    const world = { timers: realTimers, random: { bytes: () => challenge } as never };
    await expect(connectDlms(link, options, world)).rejects.toThrow(
      options.authentication.mechanism === "lls" ? SecurityError : ExceptionResponseError,
    );
    // An association that needs no AARQ is the means by which ours asks without one.
    const client = await connectDlms(link, { ...options, preEstablished: true }, world);
    const asked = client.get(DEVICE_NAME);
    const requests = steps.filter(({ direction }) => direction === "C>S").map(({ apdu }) => toHex(apdu));
    // A client whose request is not answered gives up; the captured one sent the very same octets twice more.
    for (const again of requests.slice(2)) {
      expect(again).toBe(link.sent[1]);
      link.send(fromHex(again));
    }
    if (isAnswered(steps)) await expect(asked).rejects.toThrow(/exception|clear/);
    client.abort();
    await expect(asked).rejects.toThrow();
    expect(link.sent).toEqual(requests);
  });
});

/**
 * The captured server's refusals are not told octet for octet: its AARE carries an InitiateResponse although it refuses, its exceptions always
 * speak of an unknown service, and its answer to a ciphered request without an association (0001C109) is no APDU at all.
 */
describe.skipIf(!hasVectors)("the server refuses what captured servers refused, for the same reason", () => {
  test.each(captures)("$name", async ({ name, steps, keys }) => {
    const { options, challenge } = optionsFrom(steps, keys);
    const { clientSap } = options;
    const server = new ServerAssociation(meterFor(options, STALE[name]), { clientSap, serverSap: 1, randomBytes: () => challenge });
    for (const [index, { direction, apdu }] of steps.entries()) {
      if (direction !== "C>S") continue;
      const { answer } = await server.handle(apdu);
      const recorded = steps[index + 1];
      if (recorded?.apdu[0] === 0x61) {
        const [ours, theirs] = [answer ?? new Uint8Array(0), recorded.apdu].map((one) => decodeAll(aare, one.subarray(1)));
        expect(ours?.result).toBe(theirs?.result);
        expect(ours?.resultSourceDiagnostic).toEqual(theirs?.resultSourceDiagnostic);
      } else {
        expect(toHex(answer ?? new Uint8Array(0))).toBe(apdu[0] === 0x60 ? REFUSED_AARQ[name] : "d80101");
      }
    }
  });
});

/** Deciphering error; counter error, with the next one that would be taken. */
const REFUSED_AARQ: Readonly<Record<string, string>> = { "gx-w-wrong-key": "d80105", "gx-w-ic-replay": "d80106000001f5" };

function isAnswered(steps: readonly Step[]): boolean {
  return steps.at(-1)?.direction === "S>C";
}

function meterFor({ clientSap, authentication }: ClientOptions, lastCounter: number | undefined): LogicalDevice {
  const received = memoryReceivedCounter();
  if (lastCounter !== undefined) received.accept(lastCounter);
  return {
    model: compileModel({ associations: [{ clientSap, role: "manager", mechanism: authentication.mechanism }], objects: [] }),
    systemTitle: DEVICE_TITLE,
    secret: () => SECRET,
    security: () => ({ suite: 0, keys: CAPTURE_KEYS, sent: memoryCounter(), received }),
    read: () => ({ kind: "refused", result: "object-undefined" }),
    write: () => "object-undefined",
    invoke: () => ({ kind: "refused", result: "object-undefined" }),
  };
}
