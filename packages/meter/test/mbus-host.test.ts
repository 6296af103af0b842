import { connectDlms, data, memoryCounter, obisToOctets, parseObis, wrapperLink, type DlmsClient, type DlmsData } from "@amity/dlms";
import { wrapKey } from "@amity/crypto";
import { Simulation, type World } from "@amity/runtime";
import fc from "fast-check";
import { beforeEach, describe, expect, it } from "vitest";
import {
  createFleet,
  FleetJournal,
  masterSecretFrom,
  MeterFleet,
  type FleetPlan,
  type PlannedSubMeter,
  type SubMeterMedium,
} from "../src/index.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const startMs = Date.UTC(2026, 6, 20, 1);
const master = masterSecretFrom("test");
const options = { seed: 8, meters: 12, feeders: 2, concentrators: 2, directShare: 1, firstPort: 4_059, startMs } as const;

let simulation: Simulation;
let here: World;
let street: World;
let fleet: MeterFleet;
let plan: FleetPlan;

async function open(): Promise<void> {
  plan = createFleet({ ...options, subMeters: { gas: 0.5, heat: 0.5, water: 1, valve: 1 } });
  fleet = await MeterFleet.open({ plan, masterSecret: master, clock: street.clock, journal: new FleetJournal(street.files) });
}

beforeEach(async () => {
  simulation = new Simulation({ seed: 1, startMs });
  here = simulation.node("head-end").world;
  street = simulation.node("street").world;
  await simulation.runFor(open());
  await fleet.serve(street, { host: "street", onFault: (_meterId, error) => expect.fail(String(error)) });
});

/** The first sub-meter of a medium and its channel. */
function subject(medium: SubMeterMedium): { readonly planned: PlannedSubMeter; readonly channel: number; readonly hostId: string } {
  const planned = plan.subMeters.find((meter) => meter.medium === medium)!;
  const { reach } = planned;
  if (reach.kind !== "channel") throw new Error("not on a channel");
  return { planned, channel: reach.channel, hostId: reach.hostMeterId };
}

async function associate(hostId: string, counter = 1): Promise<DlmsClient> {
  const { encryptionKey, authenticationKey } = fleet.keys(hostId);
  const port = 4_059 + plan.meters.findIndex(({ meterId }) => meterId === hostId);
  const security = {
    suite: 0 as const,
    systemTitle: new TextEncoder().encode("HESHES01"),
    keys: { encryptionKey, authenticationKey },
    protection: "authenticated-encrypted" as const,
    ciphering: "global" as const,
    sent: memoryCounter(counter),
  };
  const connection = await here.network.connect({ host: "street", port });
  return connectDlms(wrapperLink(connection, "client"), { clientSap: 1, authentication: { mechanism: "hls-gmac" }, security }, here);
}

const client = (hostId: string, counter?: number): Promise<DlmsClient> => simulation.runFor(associate(hostId, counter));

const pass = (durationMs: number): Promise<void> => simulation.runFor(here.timers.sleep(durationMs), 2 * durationMs);

async function get(from: DlmsClient, classId: number, name: string, attributeId = 2): Promise<unknown> {
  const outcome = await simulation.runFor(from.get({ classId, instanceId: parseObis(name), attributeId }));
  return outcome.kind === "data" ? plain(outcome.data) : outcome.result;
}

async function invoke(from: DlmsClient, classId: number, name: string, methodId: number, parameters: DlmsData): Promise<string> {
  const outcome = await simulation.runFor(from.action({ classId, instanceId: parseObis(name), methodId }, parameters));
  return outcome.kind === "done" ? "done" : outcome.result;
}

function plain(value: DlmsData): unknown {
  if (value.type === "array" || value.type === "structure") return value.value.map(plain);
  return "value" in value ? value.value : undefined;
}

/** Rows of an hourly profile within a span: instant and values. */
async function hours(from: DlmsClient, channel: number, fromMs: number, toMs: number): Promise<{ atMs: number; values: number[] }[]> {
  const parameters = data.structure(
    data.structure(data.longUnsigned(8), data.octets(obisToOctets(parseObis("0-0:1.0.0"))), data.integer(2), data.longUnsigned(0)),
    data.octets(utc(fromMs)),
    data.octets(utc(toMs)),
    data.array(),
  );
  const name = { classId: 7, instanceId: parseObis(`0-${channel}:24.3.0`), attributeId: 2 };
  const outcome = await simulation.runFor(from.get(name, { selector: 1, parameters }));
  if (outcome.kind !== "data") throw new Error(outcome.result);
  return (plain(outcome.data) as [Uint8Array, number, ...number[]][]).map(([stamp, , ...values]) => ({ atMs: instant(stamp), values }));
}

function utc(atMs: number): Uint8Array {
  const date = new Date(atMs);
  const [year, month, day] = [date.getUTCFullYear(), date.getUTCMonth() + 1, date.getUTCDate()];
  return Uint8Array.of(
    year >> 8,
    year & 0xff,
    month,
    day,
    0xff,
    date.getUTCHours(),
    date.getUTCMinutes(),
    date.getUTCSeconds(),
    0,
    0,
    0,
    0,
  );
}

function instant(octets: Uint8Array): number {
  const view = new DataView(octets.buffer, octets.byteOffset);
  const local = Date.UTC(view.getUint16(0), octets[2]! - 1, octets[3]!, octets[5]!, octets[6]!, octets[7]!);
  return local + view.getInt16(9) * 60_000;
}

describe("the M-Bus channel of an electricity meter", () => {
  it("names the meter that it hears, and its key in use", async () => {
    const { planned, channel, hostId } = subject("gas");
    const from = await client(hostId);
    const object = `0-${channel}:24.1.0`;
    expect(await get(from, 72, object, 5)).toBe(channel);
    expect(((await get(from, 72, object, 6)) as number).toString(16).padStart(8, "0")).toBe(planned.address.id);
    expect(await get(from, 72, object, 9)).toBe(3);
    expect(await get(from, 72, object, 14)).toBe(4);
    expect(await get(from, 72, object, 3)).toEqual([
      [Uint8Array.of(0x04), Uint8Array.of(0x13)],
      [Uint8Array.of(0x04), Uint8Array.of(0x93, 0x3e)],
    ]);
    expect(await get(from, 74, "0-0:24.6.0", 2)).toBe(3);
  });

  it("shows noughts where no meter is near, and installs none", async () => {
    const { hostId } = subject("gas");
    const from = await client(hostId);
    expect(await get(from, 72, "0-4:24.1.0", 6)).toBe(0);
    expect(await get(from, 4, "0-4:24.2.1")).toBe(undefined);
    expect(await invoke(from, 72, "0-4:24.1.0", 1, data.unsigned(4))).toBe("temporary-failure");
    expect(await get(from, 70, "0-4:24.4.0")).toBe("other-reason");
  });

  it.each(["gas", "water", "heat"] as const)(
    "keeps the hours of a %s meter as they were told: what the meter counted, to the litre",
    async (medium) => {
      const { planned, channel, hostId } = subject(medium);
      const truth = fleet.subMeter(planned.meterId).meter;
      const rows = await hours(await client(hostId), channel, startMs - 10 * DAY_MS, startMs);
      expect(rows.length).toBeGreaterThan(235);
      for (const { atMs, values } of rows) {
        expect(atMs % HOUR_MS).toBe(0);
        expect(values).toEqual([...truth.registersAt(atMs)].slice(0, medium === "heat" ? 2 : 1));
      }
    },
  );

  it("gives the last hour's value with its time out of a telegram, and the value of now after a capture", async () => {
    const { planned, channel, hostId } = subject("water");
    const truth = fleet.subMeter(planned.meterId);
    await pass(50 * 60_000);
    const from = await client(hostId);
    expect(instant((await get(from, 4, `0-${channel}:24.2.1`, 5)) as Uint8Array)).toBe(startMs);
    expect(await get(from, 4, `0-${channel}:24.2.1`)).toBe(truth.meter.registersAt(startMs)[0]);
    expect(await get(from, 4, `0-${channel}:24.2.1`, 3)).toEqual([-3, 13]);
    expect(await invoke(from, 72, `0-${channel}:24.1.0`, 3, data.integer(0))).toBe("done");
    const atMs = instant((await get(from, 4, `0-${channel}:24.2.1`, 5)) as Uint8Array);
    expect(atMs).toBeGreaterThan(startMs);
  });

  it("moves the valve in the meter's window, and the water meter stands until it is opened", async () => {
    const { planned, channel, hostId } = subject("water");
    let from = await client(hostId);
    const { meter } = fleet.subMeter(planned.meterId);
    expect(await get(from, 70, `0-${channel}:24.4.0`, 3)).toBe(1);
    expect(await invoke(from, 70, `0-${channel}:24.4.0`, 1, data.integer(0))).toBe("done");
    // Ordered, and not moved before the meter has spoken and listens.
    expect([await get(from, 70, `0-${channel}:24.4.0`, 3), await get(from, 70, `0-${channel}:24.4.0`)]).toEqual([1, true]);
    await pass(HOUR_MS);
    from = await client(hostId, 10000);
    expect([await get(from, 70, `0-${channel}:24.4.0`, 3), await get(from, 70, `0-${channel}:24.4.0`)]).toEqual([0, false]);
    const shut = meter.registersAt(street.clock.nowMs());
    expect(meter.registersAt(street.clock.nowMs() + 5 * DAY_MS)).toEqual(shut);
    expect(await invoke(from, 70, `0-${channel}:24.4.0`, 1, data.integer(0))).toBe("done");
    expect(await invoke(from, 70, `0-${channel}:24.4.0`, 2, data.integer(0))).toBe("done");
    await pass(HOUR_MS);
    from = await client(hostId, 20000);
    expect(await get(from, 70, `0-${channel}:24.4.0`)).toBe(true);
    const codes = ((await get(from, 7, `0-${channel}:24.5.0`)) as [unknown, number][]).map(([, code]) => code);
    expect(codes).toEqual([162 + 10 * (channel - 1), 163 + 10 * (channel - 1)]);
  });

  it("passes on what data_send holds, and refuses what is no record", async () => {
    const { planned, channel, hostId } = subject("water");
    const from = await client(hostId);
    const object = `0-${channel}:24.1.0`;
    const entry = (dib: number[], vib: number[], content: DlmsData): DlmsData =>
      data.array(data.structure(data.octets(Uint8Array.from(dib)), data.octets(Uint8Array.from(vib)), content));
    expect(await invoke(from, 72, object, 6, entry([0x01], [0xfd, 0x1f], data.unsigned(0)))).toBe("done");
    expect(fleet.subMeter(planned.meterId).meter.valve.state).toBe("disconnected");
    expect(await invoke(from, 72, object, 6, entry([0x01], [0xfd, 0x1f], data.octets(Uint8Array.of(1))))).toBe("done");
    expect(fleet.subMeter(planned.meterId).meter.valve.state).toBe("connected");
    expect(await invoke(from, 72, object, 6, entry([0x04], [0x13], data.octets(Uint8Array.of(1))))).toBe("type-unmatched");
    expect(await invoke(from, 72, object, 6, data.array())).toBe("type-unmatched");
  });

  it("answers whatever a client hands to its methods", async () => {
    const { channel, hostId } = subject("gas");
    const content: fc.Arbitrary<DlmsData> = fc.oneof(
      fc.uint8Array({ maxLength: 40 }).map((octets) => data.octets(octets)),
      fc.integer({ min: 0, max: 255 }).map((number) => data.unsigned(number)),
      fc.double().map((number) => ({ type: "float64", value: number }) as DlmsData),
    );
    const record = fc.tuple(content, content, content).map((parts) => data.structure(...parts));
    const parameters = fc.oneof(
      content,
      fc.array(fc.oneof(content, record), { maxLength: 4 }).map((parts) => data.array(...parts)),
    );
    const device = fleet.device(hostId);
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: 12 }), parameters, async (methodId, given) => {
        const method = { classId: 72, instanceId: parseObis(`0-${channel}:24.1.0`), methodId };
        const outcome = await simulation.runFor(device.invoke(method, given, { clientSap: 1, conformance: new Set() } as never));
        expect(["done", "refused"]).toContain(outcome.kind);
      }),
      { numRuns: 300 },
    );
  });

  it("releases a gas valve only: somebody at home opens it", async () => {
    const { channel, hostId } = subject("gas");
    await invoke(await client(hostId), 70, `0-${channel}:24.4.0`, 1, data.integer(0));
    await pass(HOUR_MS);
    expect(await invoke(await client(hostId, 10000), 70, `0-${channel}:24.4.0`, 2, data.integer(0))).toBe("done");
    await pass(HOUR_MS);
    const from = await client(hostId, 20000);
    expect(await get(from, 70, `0-${channel}:24.4.0`, 3)).toBe(2);
    expect(await get(from, 70, `0-${channel}:24.4.0`)).toBe(false);
  });

  it("has no valve to move at a heat meter, which does not listen", async () => {
    const { channel, hostId } = subject("heat");
    const from = await client(hostId);
    expect(await invoke(from, 70, `0-${channel}:24.4.0`, 1, data.integer(0))).toBe("other-reason");
    expect(await invoke(from, 72, `0-${channel}:24.1.0`, 5, data.integer(0))).toBe("temporary-failure");
  });
});

describe("keys of a meter behind another", () => {
  it("that do not fit leave a gap, an event and a channel that says so, until the right one is set", async () => {
    const { planned, channel, hostId } = subject("water");
    await simulation.runFor(fleet.happenToSubMeters([planned.meterId], (atMs) => ({ kind: "changeKey", generation: 1, atMs })));
    await pass(5 * HOUR_MS);
    let from = await client(hostId);
    expect(await get(from, 72, `0-${channel}:24.1.0`, 14)).toBe(1);
    expect(await hours(from, channel, startMs + 1, startMs + 5 * HOUR_MS)).toEqual([]);
    const codes = async (): Promise<number[]> => ((await get(from, 7, "0-0:99.98.3")) as [unknown, number][]).map(([, code]) => code);
    expect(await codes()).toEqual([100 + 10 * (channel - 1)]);

    const right = fleet.subMeterKeys(planned.meterId, 1).userKey;
    expect(await invoke(from, 72, `0-${channel}:24.1.0`, 7, data.octets(new Uint8Array(5)))).toBe("type-unmatched");
    expect(await invoke(from, 72, `0-${channel}:24.1.0`, 7, data.octets(new Uint8Array(24)))).toBe("other-reason");
    expect(await invoke(from, 72, `0-${channel}:24.1.0`, 7, data.octets(wrapKey(fleet.keys(hostId).masterKey, right)))).toBe("done");
    await pass(3 * HOUR_MS);
    from = await client(hostId, 10_000);
    expect(await get(from, 72, `0-${channel}:24.1.0`, 14)).toBe(4);
    expect((await hours(from, channel, startMs + 1, startMs + 8 * HOUR_MS)).map(({ atMs }) => atMs).at(0)).toBeGreaterThanOrEqual(
      startMs + 5 * HOUR_MS,
    );
    expect(await codes()).toEqual([100, 101].map((code) => code + 10 * (channel - 1)));
  });

  it("are changed in the meter by transfer_key and in its host by set_encryption_key", async () => {
    const { planned, channel, hostId } = subject("gas");
    let from = await client(hostId);
    const fresh = Uint8Array.from({ length: 16 }, (_, index) => index * 7);
    const wrapped = wrapKey(fleet.subMeterKeys(planned.meterId).masterKey, fresh);
    expect(await invoke(from, 72, `0-${channel}:24.1.0`, 8, data.octets(new Uint8Array(24)))).toBe("other-reason");
    expect(await invoke(from, 72, `0-${channel}:24.1.0`, 8, data.octets(wrapped))).toBe("done");
    expect(fleet.subMeter(planned.meterId).radio.userKeyAt(street.clock.nowMs())).toEqual(fresh);
    expect(await invoke(from, 72, `0-${channel}:24.1.0`, 7, data.octets(fresh))).toBe("done");
    await pass(HOUR_MS);
    from = await client(hostId, 10_000);
    expect(await get(from, 72, `0-${channel}:24.1.0`, 14)).toBe(4);
  });

  it("and everything else that was changed is the same after a start again", async () => {
    const { planned, channel, hostId } = subject("water");
    await invoke(await client(hostId), 70, `0-${channel}:24.4.0`, 1, data.integer(0));
    await pass(HOUR_MS);
    const from = await client(hostId, 10000);
    expect(await invoke(from, 72, `0-${channel}:24.1.0`, 2, data.integer(0))).toBe("done");
    await simulation.runFor(fleet.happenToSubMeters([planned.meterId], (atMs) => ({ kind: "batteryLow", atMs })));
    await simulation.runFor(open());
    expect(fleet.subMeter(planned.meterId).meter.valve.state).toBe("disconnected");
    expect(fleet.subMeter(planned.meterId).meter.condition.batteryLow).toBe(true);
    const journal = new TextDecoder().decode(await simulation.runFor(street.files.read("meters.journal").then((content) => content!)));
    expect(journal).toContain("mbusDeinstall");
  });
});

describe("warnings of a meter behind another", () => {
  it("come to the host's log with the telegram that tells of them", async () => {
    const { planned, channel, hostId } = subject("water");
    await simulation.runFor(fleet.happenToSubMeters([planned.meterId], (atMs) => ({ kind: "leak", litresPerHour: 12, atMs })));
    await pass(30 * HOUR_MS);
    await simulation.runFor(fleet.happenToSubMeters([planned.meterId], (atMs) => ({ kind: "batteryLow", atMs })));
    await pass(2 * HOUR_MS);
    const from = await client(hostId);
    const log = (await get(from, 7, `0-${channel}:24.5.0`)) as [Uint8Array, number][];
    expect(log.map(([, code]) => code)).toEqual([230]);
    expect(instant(log[0]![0])).toBeGreaterThanOrEqual(startMs + DAY_MS);
    expect(((await get(from, 7, "0-0:99.98.3")) as [unknown, number][]).map(([, code]) => code)).toEqual([102 + 10 * (channel - 1)]);
    expect(await get(from, 72, `0-${channel}:24.1.0`, 12)).toBe(0x24);
    expect(await invoke(from, 72, `0-${channel}:24.1.0`, 4, data.integer(0))).toBe("done");
    expect(await get(from, 72, `0-${channel}:24.1.0`, 12)).toBe(0);
  });
});

describe("a fleet with sub-meters", () => {
  it("leaves the electricity meters' objects and readings as they are without them", async () => {
    const plainFleet = await MeterFleet.open({ plan: createFleet(options), masterSecret: master, clock: street.clock });
    const [first] = plan.meters;
    const mine = fleet.device(first!.meterId).meter.registersAt(startMs);
    expect(mine).toEqual(plainFleet.device(first!.meterId).meter.registersAt(startMs));
    const homeless = createFleet({ ...options, subMeters: { gas: 0.3 } });
    const mixed = await MeterFleet.open({ plan: homeless, masterSecret: master, clock: street.clock });
    const bare = homeless.meters.find(({ meterId }) => homeless.subMeters.every(({ homeMeterId }) => homeMeterId !== meterId))!;
    expect(mixed.device(bare.meterId).model).toBe(mixed.model.compiled);
  });
});
