import { AmityError } from "@amity/bytes";
import { Simulation, VirtualTimers, harmedLine, linePair, seededRandom, type Connection } from "@amity/runtime";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  connectDlms,
  data,
  listenDatagrams,
  memoryCounter,
  openDatagramLink,
  openHdlcLink,
  serveDlms,
  serveHdlcLink,
  wrapperLink,
  type AssociationDefinition,
  type ClientOptions,
  type DlmsClient,
} from "../src/index.ts";
import { CLIENT_TITLE, ENERGY, KEYS, PROFILE, TEXT, fixtureMeter, profileBuffer } from "./fixture-meter.ts";

const ROWS = 12;
const LONG = data.octets(Uint8Array.from({ length: 600 }, (_, index) => index & 0xff));

/** Two associations, each with the blocks of its services and with general blocks. */
const FORMS = ["plain", "plain, general blocks", "ciphered", "ciphered, general blocks"] as const;
type Form = (typeof FORMS)[number];

function clientOptions(form: Form): ClientOptions {
  const blocks = form.endsWith("blocks");
  const base = {
    maxPduOctets: 180,
    timeoutMs: 2_000,
    ...(blocks
      ? {
          conformance: ["general-protection", "general-block-transfer", "get", "set", "action", "selective-access"] as const,
          blockWindow: 4,
        }
      : {}),
  };
  if (form.startsWith("plain")) return { ...base, clientSap: 2, authentication: { mechanism: "none" } };
  const security = {
    suite: 0,
    systemTitle: CLIENT_TITLE,
    keys: KEYS,
    protection: "authenticated-encrypted",
    ciphering: "general-global",
    sent: memoryCounter(),
  } as const;
  return { ...base, clientSap: 1, authentication: { mechanism: "hls-gmac" }, security };
}

const ASSOCIATIONS: AssociationDefinition[] = [
  { clientSap: 2, role: "manager", mechanism: "none", ciphered: false, maxPduOctets: 160 },
  { clientSap: 1, role: "manager", mechanism: "hls-gmac", ciphered: true, maxPduOctets: 160 },
];
const newMeter = () => fixtureMeter({ profileRows: ROWS, associations: ASSOCIATIONS });

/** What a session does; every value must be the meter's, whatever became of the octets on the way. */
async function session(open: () => Promise<DlmsClient>, meter: ReturnType<typeof newMeter>): Promise<"finished"> {
  const client = await open();
  expect(await client.get(ENERGY)).toEqual({ kind: "data", data: data.doubleLongUnsigned(123_456) });
  expect(await client.get(PROFILE)).toEqual({ kind: "data", data: profileBuffer(ROWS) });
  expect(await client.set(TEXT, LONG)).toBe("success");
  expect(meter.state.get(TEXT.instanceId)).toEqual(LONG);
  await client.release();
  return "finished";
}

/** Finished, or the error that was reported; anything else fails the test. */
async function ending(work: Promise<"finished">): Promise<string> {
  try {
    return await work;
  } catch (error) {
    if (!(error instanceof AmityError)) throw error;
    return error.code;
  }
}

describe.each(FORMS)("over UDP that loses, doubles and reorders (%s)", (form) => {
  const run = async (seed: number, loss: number): Promise<string> => {
    const simulation = new Simulation({ seed, startMs: 0, conditions: { datagramLoss: loss, datagramDuplication: loss, jitterMs: 80 } });
    const server = simulation.node("meter").world;
    const reader = simulation.node("reader").world;
    const meter = newMeter();
    const open = async (): Promise<DlmsClient> => {
      const at = { host: "meter", port: 4059 };
      await listenDatagrams(server.network, at, (link) => void serveDlms(link, meter, server));
      return connectDlms(await openDatagramLink(reader.network, { host: "reader", port: 0 }, at), clientOptions(form), reader);
    };
    return simulation.runFor(ending(session(open, meter)));
  };

  test("a session finishes or reports, and what it read is true", async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(1_000_000), fc.constantFrom(0.02, 0.1, 0.3), async (seed, loss) => {
        expect(["finished", "timeout"]).toContain(await run(seed, loss));
      }),
      { numRuns: 40 },
    );
  });

  test("a session finishes where nothing is lost", async () => {
    expect(await run(1, 0)).toBe("finished");
  });

  test.each([
    [659_010, 0.1, "of another transfer's confirmation"],
    [337_352, 0.02, "of a block"],
    [330_480, 0.1, "of a block of a SET"],
  ])("seed %i, loss %f: a late copy %s is no error", async (seed, loss) => {
    expect(["finished", "timeout"]).toContain(await run(seed, loss));
  });
});

describe.each(FORMS)("over an HDLC line that loses, spoils and doubles (%s)", (form) => {
  const run = async (seed: number, harm: number, windowFrames: number): Promise<string> => {
    const timers = new VirtualTimers();
    const random = seededRandom(seed);
    const [near, far] = linePair();
    const noisy = (end: Connection): Connection =>
      harmedLine(end, { loss: harm / 3, spoiling: harm / 3, doubling: harm / 3, delayMsMax: 5 }, { timers, random });
    const meter = newMeter();
    const parameters = { transmitWindow: windowFrames, receiveWindow: windowFrames };
    serveDlms(serveHdlcLink(noisy(far), timers, { parameters }), meter, { timers, random });
    const open = async (): Promise<DlmsClient> => {
      const options = clientOptions(form);
      const link = await openHdlcLink(noisy(near), timers, {
        clientSap: options.clientSap,
        physicalDevice: 17,
        parameters,
        attemptsMax: 6,
      });
      return connectDlms(link, { ...options, timeoutMs: 120_000 }, { timers, random });
    };
    return timers.run(ending(session(open, meter)));
  };

  test("a session finishes or reports, and what it read is true", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.nat(1_000_000),
        fc.constantFrom(0.02, 0.1, 0.3),
        fc.integer({ min: 1, max: 7 }),
        async (seed, harm, windowFrames) => {
          expect(typeof (await run(seed, harm, windowFrames))).toBe("string");
        },
      ),
      { numRuns: 25 },
    );
  });

  test("a session finishes although one frame of fifty is lost or spoiled", async () => {
    for (let seed = 0; seed < 5; seed++) expect(await run(seed, 0.02, 3)).toBe("finished");
  });
});

describe.each(FORMS)("over a TCP stream that is cut anywhere (%s)", (form) => {
  const run = async (seed: number, cutting: number): Promise<string> => {
    const timers = new VirtualTimers();
    const random = seededRandom(seed);
    const [near, far] = linePair();
    const meter = newMeter();
    const cut = (end: Connection): Connection => harmedLine(end, { cutting, delayMsMax: 300 }, { timers, random });
    serveDlms(wrapperLink(cut(far), "server"), meter, { timers, random });
    const open = () => connectDlms(wrapperLink(cut(near), "client"), clientOptions(form), { timers, random });
    return timers.run(ending(session(open, meter)));
  };

  test("every session finishes, whatever comes in pieces and late", async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(1_000_000), fc.constantFrom(0, 0.5, 1), async (seed, cutting) => {
        expect(await run(seed, cutting)).toBe("finished");
      }),
      { numRuns: 25 },
    );
  });
});
