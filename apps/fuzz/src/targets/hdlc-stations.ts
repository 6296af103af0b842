import { acceptModeE, openHdlcLink, openModeE, serveDlms, serveHdlcLink } from "@amity/dlms";
import { VirtualTimers, linePair, seededRandom } from "@amity/runtime";
import type { FuzzTarget } from "../fuzz-target.ts";
import { dlmsMeter } from "../peers/dlms-meter.ts";
import { CLIENT_FORMS, dlmsSession } from "../peers/dlms-session.ts";
import { ScriptedConnection, overheard } from "../peers/scripted-connection.ts";
import { happenings, sequence } from "../sequence.ts";
import { isRefusal } from "./refusals.ts";

const KIB = 1024;
const LINK = { clientSap: 16, physicalDevice: 17, responseTimeoutMs: 200, attemptsMax: 2 };
const COUNTED = ["packages/dlms/src/hdlc", "packages/dlms/src/client", "packages/dlms/src/link"];
const TEXT = new TextEncoder();

async function recorded(): Promise<{ readonly client: Uint8Array[]; readonly server: Uint8Array[] }> {
  const timers = new VirtualTimers();
  const said = { client: [] as Uint8Array[], server: [] as Uint8Array[] };
  const [near, far] = linePair();
  serveDlms(
    serveHdlcLink(overheard(far, said.server), timers),
    dlmsMeter(),
    { timers, random: seededRandom(2) },
    { inactivityTimeoutMs: 0 },
  );
  const session = openHdlcLink(overheard(near, said.client), timers, LINK).then((link) => dlmsSession(link, plainForm(), timers));
  await timers.run(session);
  return said;
}

function plainForm() {
  return CLIENT_FORMS[0]?.() ?? { clientSap: 16, authentication: { mechanism: "none" as const } };
}

async function refused(work: Promise<unknown>): Promise<void> {
  await work.catch((error: unknown) => {
    if (!isRefusal(error)) throw error;
  });
}

/** The primary station and a client above it, on a line that answers what the input says, frame by frame. */
const clientTarget: FuzzTarget = {
  name: "hdlc-client",
  counted: COUNTED,
  inputOctetsMax: 4 * KIB,
  allocationOctetsMax: 32 * KIB * KIB,
  async seeds() {
    return [sequence((await recorded()).server.map((octets) => ({ kind: 0, octets })))];
  },
  dictionary: ["~", "\u00a0"].map((word) => TEXT.encode(word)),
  async decode(octets) {
    const timers = new VirtualTimers();
    const line = new ScriptedConnection(happenings(octets).map((one) => one.octets));
    await timers.run(refused(openHdlcLink(line, timers, LINK).then((link) => dlmsSession(link, plainForm(), timers))));
  },
};

/** The secondary station and a meter above it: chunks come, and time passes between them where the input says so. */
const serverTarget: FuzzTarget = {
  name: "hdlc-server",
  counted: ["packages/dlms/src/hdlc", "packages/dlms/src/server", "packages/dlms/src/link"],
  inputOctetsMax: 4 * KIB,
  allocationOctetsMax: 32 * KIB * KIB,
  async seeds() {
    const { client } = await recorded();
    return [sequence(client.map((octets) => ({ kind: 0, octets }))), sequence(client.slice(0, 3).map((octets) => ({ kind: 1, octets })))];
  },
  async decode(octets) {
    const timers = new VirtualTimers();
    const faults: unknown[] = [];
    const parts = happenings(octets);
    const line = new ScriptedConnection(
      parts.map((one) => one.octets),
      false,
    );
    const link = serveHdlcLink(line, timers, { inactivityTimeoutMs: 10_000 });
    serveDlms(
      link,
      dlmsMeter(),
      { timers, random: seededRandom(2) },
      { inactivityTimeoutMs: 0, onFault: (fault) => void faults.push(fault) },
    );
    for (const { kind } of parts) {
      line.next();
      if (kind === 1) await timers.run(timers.sleep(2_000));
      else await new Promise(setImmediate);
    }
    link.abort();
    if (faults.length > 0) throw faults[0];
  },
};

/** The hand-over of mode E from both sides, and HDLC behind it. */
const modeETarget: FuzzTarget = {
  name: "mode-e",
  counted: ["packages/dlms/src/hdlc"],
  inputOctetsMax: KIB,
  allocationOctetsMax: 16 * KIB * KIB,
  async seeds() {
    const lines = (texts: readonly string[]) => texts.map((text) => ({ kind: 0, octets: TEXT.encode(text) }));
    const { client, server } = await recorded();
    const frames = (octets: readonly Uint8Array[]) => octets.slice(0, 3).map((frame) => ({ kind: 0, octets: frame }));
    return [
      sequence([...lines(["/AMT5\\2METER\r\n", "\u0006252\r\n"]), ...frames(server)]),
      sequence([...lines(["/?!\r\n", "\u0006252\r\n"]), ...frames(client)]),
    ];
  },
  dictionary: ["/AMT", "/?", "!\r\n", "\u00062", "\\2", "\r\n", "~"].map((word) => TEXT.encode(word)),
  async decode(octets) {
    const timers = new VirtualTimers();
    const parts = happenings(octets).map((one) => one.octets);
    const opening = openModeE(new ScriptedConnection(parts), timers, { timeoutMs: 500 });
    await timers.run(refused(opening.then((connection) => openHdlcLink(connection, timers, LINK))));
    const line = new ScriptedConnection(parts, false);
    const meter = acceptModeE(line, { manufacturer: "AMT", rate: "5", identifier: "METER" });
    serveDlms(serveHdlcLink(meter, timers), dlmsMeter(), { timers, random: seededRandom(2) }, { inactivityTimeoutMs: 0 });
    for (const _ of parts) line.next();
    await new Promise(setImmediate);
  },
};

export const targets: readonly FuzzTarget[] = [clientTarget, serverTarget, modeETarget];
