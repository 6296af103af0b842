import {
  MeterKey,
  WIRELESS_CONTROL,
  WiredBus,
  WiredMaster,
  WiredSlave,
  WirelessMeter,
  WirelessReceiver,
  encodeFragments,
  encodeTelegram,
  findVif,
  scanSecondary,
  serveWiredBus,
  singleKey,
  type Reception,
  type RecordInput,
} from "@amity/mbus";
import { VirtualTimers, linePair } from "@amity/runtime";
import type { FuzzTarget } from "../fuzz-target.ts";
import { ScriptedConnection, overheard } from "../peers/scripted-connection.ts";
import { happenings, sequence } from "../sequence.ts";
import { eachReads, isRefusal } from "./refusals.ts";

const KIB = 1024;
const COUNTED = ["packages/mbus/src"];
const KEY = Uint8Array.from({ length: 16 }, (_, index) => index);
const METER = { id: "87654321", manufacturer: "AMT", version: 1, deviceType: 7 };
const RECORDS: readonly RecordInput[] = Array.from({ length: 30 }, (_, storage) => ({
  coding: "int32",
  codes: findVif("volume", "m³", -3),
  storage,
  value: 123_456 + storage,
}));

function slave(): WiredSlave {
  const model = { readout: () => RECORDS, alarm: () => 0x40 };
  return new WiredSlave(model, { meter: METER, primaryAddress: 5, telegramOctetsMax: 100 });
}

/** All that a master does with a bus. A meter that breaks the protocol is an error by blame or an outcome. */
async function masterSession(master: WiredMaster): Promise<void> {
  const asked = [
    () => master.readout(5),
    () => master.readout({ id: "8765432F" }),
    () => master.readAlarm(5),
    () => master.setPrimaryAddress(5, 6),
    () => master.switchBaud(6, 9600),
    () => scanSecondary(master, { id: "876543FF" }),
  ];
  for (const ask of asked) {
    try {
      await ask();
    } catch (error) {
      if (!isRefusal(error)) throw error;
    }
  }
}

async function recorded(): Promise<{ readonly master: Uint8Array[]; readonly bus: Uint8Array[] }> {
  const timers = new VirtualTimers();
  const said = { master: [] as Uint8Array[], bus: [] as Uint8Array[] };
  const [near, far] = linePair();
  serveWiredBus(overheard(far, said.bus), new WiredBus([slave()]), { timers });
  await timers.run(masterSession(new WiredMaster(overheard(near, said.master), { timers, attemptsMax: 1, keys: singleKey(KEY) })));
  return said;
}

/** A master on a bus that answers what the input says, collisions and endless readouts among it. */
const masterTarget: FuzzTarget = {
  name: "mbus-master",
  counted: COUNTED,
  inputOctetsMax: 4 * KIB,
  allocationOctetsMax: 32 * KIB * KIB,
  async seeds() {
    return [sequence((await recorded()).bus.map((octets) => ({ kind: 0, octets })))];
  },
  dictionary: [Uint8Array.of(0xe5), Uint8Array.of(0x1f), Uint8Array.of(0, 0, 1, 0xe5), Uint8Array.of(0, 0, 1, 0)],
  async decode(octets) {
    const timers = new VirtualTimers();
    const line = new ScriptedConnection(happenings(octets).map((one) => one.octets));
    await timers.run(masterSession(new WiredMaster(line, { timers, attemptsMax: 1, keys: singleKey(KEY) })));
  },
};

/** A bus with a meter, to which anything is sent. */
const slaveTarget: FuzzTarget = {
  name: "mbus-slave",
  counted: COUNTED,
  inputOctetsMax: 2 * KIB,
  allocationOctetsMax: 16 * KIB * KIB,
  async seeds() {
    return [sequence((await recorded()).master.map((octets) => ({ kind: 0, octets })))];
  },
  decode(octets) {
    const parts = happenings(octets).map((one) => one.octets);
    const line = new ScriptedConnection(parts, false);
    serveWiredBus(line, new WiredBus([slave()]), { timers: new VirtualTimers() });
    for (const _ of parts) line.next();
  },
};

/** A receiver throws nothing: its errors stand in what it returns. */
function tell(reception: Reception): void {
  if ("error" in reception) isRefusal(reception.error);
  if ("telegram" in reception) for (const problem of reception.telegram.application.problems) isRefusal(problem);
}

const [HEARD, ASKED, LATER] = [0, 1, 2];
const HOUR_MS = 3_600_000;

/** A collector's ear that hears telegram after telegram, and a radio meter that is answered in its window. */
const wirelessTarget: FuzzTarget = {
  name: "wmbus-sessions",
  counted: COUNTED,
  inputOctetsMax: 3 * KIB,
  allocationOctetsMax: 32 * KIB * KIB,
  seeds() {
    const key = new MeterKey(KEY);
    const message = { meter: METER, header: "short", accessNumber: 1, content: new Uint8Array(0) } as const;
    const base = { control: WIRELESS_CONTROL.sndNr, sender: METER, format: "none" } as const;
    const telegrams = [1, 2, 3].map((count) => {
      const counter = Uint8Array.of(count, 0, 0, 0);
      return encodeTelegram({ ...base, authentication: { key, counter }, message: { ...message, security: { mode: 7, key, counter } } });
    });
    const commands = [WIRELESS_CONTROL.sndUd2, WIRELESS_CONTROL.reqUd2, WIRELESS_CONTROL.sndNke].map((control) =>
      encodeTelegram({ ...base, control, message: { ...message, security: { mode: 5, key } } }),
    );
    const authentication = { key, counter: Uint8Array.of(9, 0, 0, 0) };
    const extendedLink = { communicationControl: 0x20, accessNumber: 1 };
    const content = new Uint8Array(200).fill(0x2f);
    const long = encodeFragments({ ...base, extendedLink, authentication, message: { ...message, content } }, 60);
    return [
      sequence(long.map((octets) => ({ kind: HEARD, octets }))),
      sequence(telegrams.map((octets) => ({ kind: HEARD, octets }))),
      sequence(commands.map((octets) => ({ kind: ASKED, octets }))),
      sequence([...telegrams, ...telegrams].map((octets, index) => ({ kind: index === 3 ? LATER : HEARD, octets }))),
    ];
  },
  decode(octets) {
    const receiver = new WirelessReceiver({ keys: singleKey(KEY), metersMax: 4 });
    const meter = new WirelessMeter(
      { records: () => RECORDS.slice(0, 3), command: () => undefined },
      { meter: METER, mode: "T2Up", intervalMs: HOUR_MS, security: { mode: 5, key: KEY } },
    );
    let nowMs = 0;
    eachReads(
      happenings(octets).map(({ kind, octets: telegram }) => () => {
        nowMs += kind === LATER ? HOUR_MS : 1_000;
        if (kind % 3 === ASKED) meter.hear(telegram);
        else tell(receiver.receive(telegram, nowMs));
      }),
    );
  },
};

export const targets: readonly FuzzTarget[] = [masterTarget, slaveTarget, wirelessTarget];
