import { BlockTransfer, WrapperReader, encodeWrapper, serveDlms, wrapperLink } from "@amity/dlms";
import { VirtualTimers, linePair, seededRandom } from "@amity/runtime";
import type { FuzzTarget } from "../fuzz-target.ts";
import { dlmsMeter } from "../peers/dlms-meter.ts";
import { CLIENT_FORMS, dlmsSession } from "../peers/dlms-session.ts";
import { ScriptedConnection, overheard } from "../peers/scripted-connection.ts";
import { happenings, sequence } from "../sequence.ts";
import { eachReads, isRefusal } from "./refusals.ts";

const KIB = 1024;
const MESSAGE_OCTETS_MAX = 2 * KIB;
const CLIENT_SAPS = [16, 2, 1] as const;
const COUNTED = ["packages/dlms/src"];

/** What both sides said in a whole session of one form, wrapper PDU by wrapper PDU. */
async function recorded(form: number): Promise<{ readonly client: Uint8Array[]; readonly server: Uint8Array[] }> {
  const timers = new VirtualTimers();
  const said = { client: [] as Uint8Array[], server: [] as Uint8Array[] };
  const [near, far] = linePair();
  serveDlms(
    wrapperLink(overheard(far, said.server), "server"),
    dlmsMeter(),
    { timers, random: seededRandom(2) },
    { inactivityTimeoutMs: 0 },
  );
  const options = CLIENT_FORMS[form]?.();
  if (options !== undefined) await timers.run(dlmsSession(wrapperLink(overheard(near, said.client), "client"), options, timers));
  return said;
}

/** A client in every form, whose meter answers what the input says: associations, blocks, lists, notifications. */
const clientTarget: FuzzTarget = {
  name: "dlms-client",
  counted: COUNTED,
  inputOctetsMax: 4 * KIB,
  allocationOctetsMax: 32 * KIB * KIB,
  async seeds() {
    const sessions = await Promise.all(CLIENT_FORMS.map((_, form) => recorded(form)));
    return sessions.map(({ server }, form) => sequence(server.map((octets) => ({ kind: form, octets }))));
  },
  dictionary: [Uint8Array.of(0xc4, 2), Uint8Array.of(0xe0, 0xc0), Uint8Array.of(0xd8, 1, 1), Uint8Array.of(0x0f, 0, 0, 0, 1, 0)],
  async decode(octets) {
    const said = happenings(octets);
    const timers = new VirtualTimers();
    const options = CLIENT_FORMS[(said[0]?.kind ?? 0) % CLIENT_FORMS.length]?.();
    if (options === undefined) return;
    const line = new ScriptedConnection(said.map((one) => one.octets));
    await timers.run(dlmsSession(wrapperLink(line, "client"), options, timers)).catch((error: unknown) => {
      if (!isRefusal(error)) throw error;
    });
  },
  repair: (octets) => sequence(happenings(octets).map(({ kind, octets: pdu }) => ({ kind, octets: withWrapperLength(pdu) }))),
};

/** The PDU's length in its header, whatever became of its content. */
function withWrapperLength(pdu: Uint8Array): Uint8Array {
  if (pdu.length < 8) return pdu;
  const [, , source = 0, from = 0, destination = 0, to = 0] = pdu;
  return encodeWrapper((source << 8) | from, (destination << 8) | to, pdu.subarray(8));
}

/** A meter with an association for each way in, and clients that send what the input says. */
const serverTarget: FuzzTarget = {
  name: "dlms-server",
  counted: COUNTED,
  inputOctetsMax: 4 * KIB,
  allocationOctetsMax: 32 * KIB * KIB,
  async seeds() {
    const sessions = await Promise.all(CLIENT_FORMS.map((_, form) => recorded(form)));
    return sessions.map(({ client }) =>
      sequence(
        client.flatMap((octets) => new WrapperReader().push(octets).map(({ source, apdu }) => ({ kind: slotOf(source), octets: apdu }))),
      ),
    );
  },
  dictionary: [Uint8Array.of(0xc1, 3), Uint8Array.of(0xc3, 6), Uint8Array.of(0xe0, 0x81), Uint8Array.of(0xd9), Uint8Array.of(0xc0, 2)],
  async decode(octets) {
    const timers = new VirtualTimers();
    const faults: unknown[] = [];
    const line = new ScriptedConnection([], false);
    const link = wrapperLink(line, "server");
    let given: ((apdu: Uint8Array, clientSap: number) => void) | undefined;
    const session = serveDlms(
      {
        ...link,
        bind: (handlers) => void (given = (request, clientSap) => handlers.apdu(request, { clientSap, serverSap: 1 })),
        backlog: 0,
      },
      dlmsMeter(),
      { timers, random: seededRandom(2) },
      { inactivityTimeoutMs: 0, onFault: (fault) => void faults.push(fault), limits: { valueOctetsMax: MESSAGE_OCTETS_MAX, listMax: 32 } },
    );
    for (const { kind, octets: request } of happenings(octets)) {
      given?.(request, CLIENT_SAPS[kind % CLIENT_SAPS.length] ?? 16);
      await new Promise(setImmediate);
    }
    session.close();
    if (faults.length > 0) throw faults[0];
  },
};

function slotOf(clientSap: number): number {
  return Math.max(
    0,
    CLIENT_SAPS.findIndex((sap) => sap === clientSap),
  );
}

const [RECEIVE, RESEND, SEND] = [0, 1, 2];

/** One end of general block transfer: blocks come, are lost and asked for again. */
const blocksTarget: FuzzTarget = {
  name: "dlms-blocks",
  counted: COUNTED,
  inputOctetsMax: KIB,
  allocationOctetsMax: 16 * KIB * KIB,
  seeds() {
    const far = new BlockTransfer({ sendOctetsMax: 40, window: 3, messageOctetsMax: MESSAGE_OCTETS_MAX });
    const blocks = [...far.send(new Uint8Array(90)), ...far.resend()];
    return [
      sequence(blocks.map((octets) => ({ kind: RECEIVE, octets }))),
      sequence([
        { kind: SEND, octets: new Uint8Array(200) },
        { kind: RECEIVE, octets: Uint8Array.of(0xe0, 0x83, 0, 1, 0, 1, 0) },
        { kind: RESEND, octets: new Uint8Array(0) },
      ]),
    ];
  },
  decode(octets) {
    const near = new BlockTransfer({ sendOctetsMax: 40, window: 3, messageOctetsMax: MESSAGE_OCTETS_MAX });
    eachReads([
      () => {
        for (const { kind, octets: apdu } of happenings(octets)) {
          const sent = kind % 3 === RECEIVE ? near.receive(apdu).send : kind % 3 === RESEND ? near.resend() : near.send(apdu);
          if (sent.length > WINDOW_MAX) throw new Error(`${sent.length} blocks at once, the largest window is ${WINDOW_MAX}`);
        }
      },
    ]);
  },
};
const WINDOW_MAX = 63;

export const targets: readonly FuzzTarget[] = [clientTarget, serverTarget, blocksTarget];
