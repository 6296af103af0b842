import {
  data,
  connectDlms,
  memoryCounter,
  obisToOctets,
  openHdlcLink,
  parseObis,
  wrapperLink,
  type AccessSelection,
  type Authentication,
  type DlmsClient,
  type DlmsData,
} from "@amity/dlms";
import { Simulation, type World } from "@amity/runtime";
import fc from "fast-check";
import { beforeEach, describe, expect, it } from "vitest";
import {
  createFleet,
  ENERGY_REGISTERS,
  FleetJournal,
  lastGaspApdu,
  masterSecretFrom,
  MeterFleet,
  parseMeterType,
  type FleetPlan,
  type MeterTypeOptions,
  type PlannedMeter,
} from "../src/index.ts";
import { systemTitleOf, STANDARD_METER } from "../src/index.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;
/** Noon in Sydney on a summer day. */
const startMs = Date.UTC(2026, 0, 20, 1);
const master = masterSecretFrom("test");

let simulation: Simulation;
let here: World;
let fleet: MeterFleet;
let plan: FleetPlan;
let target: PlannedMeter;

async function open(options: { type?: MeterTypeOptions } = {}): Promise<void> {
  simulation = new Simulation({ seed: 1, startMs });
  here = simulation.node("head-end").world;
  plan = createFleet({ seed: 8, meters: 12, feeders: 2, concentrators: 2, directShare: 1, firstPort: 4_059, startMs });
  target = plan.meters[0]!;
  const world = simulation.node("street").world;
  fleet = await MeterFleet.open({ plan, masterSecret: master, clock: world.clock, ...options });
  await fleet.serve(world, { host: "street", onFault: (_meterId, error) => expect.fail(String(error)) });
}

beforeEach(() => open());

/** An association as public, reading or management client, over the simulated network. */
function associate(role: "public" | "reading" | "management", counter = 1): Promise<DlmsClient> {
  const keys = fleet.keys(target.meterId);
  const authentication: Authentication =
    role === "public"
      ? { mechanism: "none" }
      : role === "reading"
        ? { mechanism: "lls", password: keys.readingPassword }
        : { mechanism: "hls-gmac" };
  const security = {
    suite: 0 as const,
    systemTitle: new TextEncoder().encode("HESHES01"),
    keys: { encryptionKey: keys.encryptionKey, authenticationKey: keys.authenticationKey },
    protection: "authenticated-encrypted" as const,
    ciphering: "global" as const,
    sent: memoryCounter(counter),
  };
  return simulation.runFor(
    here.network
      .connect({ host: "street", port: 4_059 })
      .then((connection) =>
        connectDlms(
          wrapperLink(connection, "client"),
          { clientSap: { public: 16, reading: 2, management: 1 }[role], authentication, ...(role === "management" ? { security } : {}) },
          here,
        ),
      ),
  );
}

async function get(client: DlmsClient, classId: number, name: string, attributeId: number, selection?: AccessSelection): Promise<DlmsData> {
  const outcome = await simulation.runFor(client.get({ classId, instanceId: parseObis(name), attributeId }, selection));
  if (outcome.kind !== "data") throw new Error(`${name} attribute ${attributeId}: ${outcome.result}`);
  return outcome.data;
}

const refusal = async (client: DlmsClient, classId: number, name: string, attributeId: number): Promise<string> => {
  const outcome = await simulation.runFor(client.get({ classId, instanceId: parseObis(name), attributeId }));
  return outcome.kind === "refused" ? outcome.result : "given";
};

/** A date-time in UTC. */
function utc(atMs: number): Uint8Array {
  const date = new Date(atMs);
  const year = date.getUTCFullYear();
  return Uint8Array.of(
    year >> 8,
    year & 0xff,
    date.getUTCMonth() + 1,
    date.getUTCDate(),
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

const clockCapture = data.structure(
  data.longUnsigned(8),
  data.octets(obisToOctets(parseObis("0-0:1.0.0"))),
  data.integer(2),
  data.longUnsigned(0),
);

function range(fromMs: number, toMs: number, ...columns: DlmsData[]): AccessSelection {
  return {
    selector: 1,
    parameters: data.structure(clockCapture, data.octets(utc(fromMs)), data.octets(utc(toMs)), data.array(...columns)),
  };
}

function rowsOf(buffer: DlmsData): { atMs: number; status: number; registers: number[] }[] {
  if (buffer.type !== "array") throw new Error("no array");
  return buffer.value.map((row) => {
    if (row.type !== "structure") throw new Error("no structure");
    const [clock, status, ...registers] = row.value;
    if (clock?.type !== "octet-string" || status?.type !== "unsigned") throw new Error("no stamp");
    const view = new DataView(clock.value.buffer, clock.value.byteOffset, 12);
    const local = Date.UTC(view.getUint16(0), view.getUint8(2) - 1, view.getUint8(3), view.getUint8(5), view.getUint8(6), view.getUint8(7));
    return {
      atMs: local + view.getInt16(9) * 60_000,
      status: status.value,
      registers: registers.map((register) => (register as { value: number }).value),
    };
  });
}

describe("the meter's DLMS face", () => {
  it("tells the public client who it is and what time it is, and nothing more", async () => {
    const client = await associate("public");
    expect(await get(client, 1, "0-0:96.1.0", 2)).toEqual(data.octets(new TextEncoder().encode(target.meterId)));
    const clock = await get(client, 8, "0-0:1.0.0", 2);
    // Tuesday noon, daylight saving: deviation -660, status 0x80.
    expect(clock).toMatchObject({ type: "octet-string" });
    expect([...(clock as { value: Uint8Array }).value.subarray(0, 7)]).toEqual([7, 234, 1, 20, 2, 12, 0]);
    expect([...(clock as { value: Uint8Array }).value.subarray(9)]).toEqual([0xfd, 0x6c, 0x80]);
    for (const [classId, name] of [
      [3, "1-0:1.8.0"],
      [7, "1-0:99.1.0"],
      [70, "0-0:96.3.10"],
    ] as const)
      expect(await refusal(client, classId, name, 2)).not.toBe("given");
  });

  it("answers every attribute that its association view lists as readable", async () => {
    const client = await associate("reading");
    const list = await get(client, 15, "0-0:40.0.0", 2);
    if (list.type !== "array") throw new Error("no list");
    let read = 0;
    for (const entry of list.value) {
      if (entry.type !== "structure") throw new Error("no entry");
      const [classId, , name, rights] = entry.value as [
        { value: number },
        unknown,
        { value: Uint8Array },
        { value: [{ value: { value: { value: number }[] }[] }] },
      ];
      for (const attribute of rights.value[0].value) {
        const [id, mode] = attribute.value;
        if (((mode?.value ?? 0) & 1) === 0) continue;
        const outcome = await simulation.runFor(
          client.get(
            { classId: classId.value, instanceId: parseObis([...name.value].join(".")), attributeId: id!.value },
            id!.value === 2 && classId.value === 7 ? lastEntries() : undefined,
          ),
        );
        expect(outcome, `${[...name.value].join(".")} attribute ${id!.value}`).toMatchObject({ kind: "data" });
        read++;
      }
    }
    expect(list.value.length).toBeGreaterThan(30);
    expect(read).toBeGreaterThan(100);
  });

  it("gives a day of 96 quarter-hours by range, with registers that differ as the meter's own", async () => {
    const client = await associate("management");
    const rows = rowsOf(await get(client, 7, "1-0:99.1.0", 2, range(startMs - DAY_MS + 1_000, startMs)));
    expect(rows).toHaveLength(96);
    const { meter } = fleet.device(target.meterId);
    for (const { atMs, status, registers } of rows) {
      expect(registers).toEqual([...meter.registersAt(atMs)]);
      expect(status).toBe(0x08);
    }
    expect(rows.map(({ atMs }) => atMs)).toEqual(Array.from({ length: 96 }, (_, index) => startMs - (95 - index) * 900_000));
  });

  it("gives only the columns and entries that are asked for, and refuses what is not of the form", async () => {
    const client = await associate("reading");
    const energy = data.structure(
      data.longUnsigned(3),
      data.octets(obisToOctets(parseObis("1-0:2.8.0"))),
      data.integer(2),
      data.longUnsigned(0),
    );
    const column = await get(client, 7, "1-0:99.1.0", 2, range(startMs - HOUR_MS, startMs, energy, clockCapture));
    expect(column).toMatchObject({
      type: "array",
      value: Array.from({ length: 5 }, () => ({ value: [{ type: "double-long-unsigned" }, { type: "octet-string" }] })),
    });
    const oldest = rowsOf(await get(client, 7, "1-0:99.1.0", 2, entries(1, 3)));
    const newest = rowsOf(await get(client, 7, "1-0:99.1.0", 2, entries(6_143, 0)));
    expect(oldest).toHaveLength(3);
    expect(newest.map(({ atMs }) => atMs)).toEqual([startMs - 900_000, startMs]);
    expect(await get(client, 7, "1-0:99.1.0", 2, range(startMs - 400 * DAY_MS, startMs - 399 * DAY_MS))).toEqual(data.array());
    const wrong = [
      range(0, 1, energy).parameters,
      data.nothing,
      data.structure(data.nothing, data.nothing, data.nothing, data.nothing),
    ].map((parameters) => ({ selector: 1, parameters }));
    wrong[0]!.parameters = data.structure(energy, data.octets(utc(0)), data.octets(utc(1)), data.array());
    for (const selection of wrong) {
      const outcome = await simulation.runFor(client.get({ classId: 7, instanceId: parseObis("1-0:99.1.0"), attributeId: 2 }, selection));
      expect(outcome).toEqual({ kind: "refused", result: "type-unmatched" });
    }
  });

  it("takes its own empty sort object as the restricting column: clients hand on what they read", async () => {
    const client = await associate("reading");
    const sortObject = await get(client, 7, "1-0:99.1.0", 6);
    const { parameters } = range(startMs - HOUR_MS, startMs);
    const fields = parameters.type === "structure" ? parameters.value.slice(1) : [];
    const selection = { selector: 1, parameters: data.structure(sortObject, ...fields) };
    expect(rowsOf(await get(client, 7, "1-0:99.1.0", 2, selection))).toHaveLength(5);
  });

  it("survives any selection", async () => {
    const { meter } = fleet.device(target.meterId);
    const device = fleet.device(target.meterId);
    const leaf = fc.oneof(
      fc.constant(data.nothing),
      fc.integer({ min: 0, max: 0xffffffff }).map(data.doubleLongUnsigned),
      fc.integer({ min: 0, max: 0xffff }).map(data.longUnsigned),
      fc.uint8Array({ maxLength: 14 }).map(data.octets),
      fc.constant(clockCapture),
      fc.constant(data.array()),
      fc.constant(data.array(clockCapture)),
    );
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 4 }), fc.array(leaf, { maxLength: 5 }), (selector, fields) => {
        const context = {
          clientSap: 2,
          role: "reading",
          association: fleet.model.compiled.associations[1]!,
          conformance: new Set<never>(),
        };
        const outcome = device.read(
          { classId: 7, instanceId: parseObis("1-0:99.1.0"), attributeId: 2 },
          { selector, parameters: data.structure(...fields) },
          context,
        );
        expect(["encoded", "refused"]).toContain(outcome.kind);
      }),
      { numRuns: 300 },
    );
    expect(meter.hasPower).toBe(true);
  });

  it("reads registers with scaler and unit, voltage, and the daily billing profile at local midnights", async () => {
    const client = await associate("reading");
    const { meter } = fleet.device(target.meterId);
    for (const [register, name] of ENERGY_REGISTERS.entries()) {
      expect(await get(client, 3, name, 2)).toEqual(data.doubleLongUnsigned(meter.registersAt(simulation.nowMs)[register]!));
      expect(await get(client, 3, name, 3)).toEqual(data.structure(data.integer(0), data.enumerated(register < 2 ? 30 : 32)));
    }
    const volts = (await get(client, 3, "1-0:32.7.0", 2)) as { value: number };
    expect(volts.value).toBeGreaterThan(2_070);
    expect(volts.value).toBeLessThan(2_530);
    const days = rowsOf(await get(client, 7, "1-0:99.2.0", 2, entries(1, 0)));
    expect(days.length).toBeGreaterThan(79);
    for (const { atMs, registers } of days) {
      expect(((atMs + 11 * HOUR_MS) % DAY_MS) * ((atMs + 10 * HOUR_MS) % DAY_MS)).toBe(0);
      expect(registers).toEqual([...meter.registersAt(atMs)]);
    }
  });

  it("switches the supply for the management client only, remembers it, and logs it", async () => {
    const disconnect = { classId: 70, instanceId: parseObis("0-0:96.3.10"), methodId: 1 };
    const reader = await associate("reading");
    expect(await simulation.runFor(reader.action(disconnect, data.integer(0)))).toMatchObject({ kind: "refused" });
    const manager = await associate("management");
    expect(await simulation.runFor(manager.action(disconnect, data.integer(0)))).toEqual({ kind: "done" });
    expect(await get(manager, 70, "0-0:96.3.10", 2)).toEqual(data.boolean(false));
    expect(await get(manager, 70, "0-0:96.3.10", 3)).toEqual(data.enumerated(0));
    // The same command again is no failure, and no second event.
    expect(await simulation.runFor(manager.action(disconnect, data.integer(0)))).toEqual({ kind: "done" });
    expect(await get(manager, 7, "0-0:99.98.2", 7)).toEqual(data.doubleLongUnsigned(1));
    expect(await simulation.runFor(manager.action({ ...disconnect, methodId: 2 }, data.integer(0)))).toEqual({ kind: "done" });
    expect(await get(manager, 70, "0-0:96.3.10", 2)).toEqual(data.boolean(true));
  });

  it("sets its clock from attribute 2 and by seconds from method 6", async () => {
    const client = await associate("management");
    const clock = { classId: 8, instanceId: parseObis("0-0:1.0.0"), attributeId: 2 };
    expect(await simulation.runFor(client.set(clock, data.octets(utc(startMs + HOUR_MS))))).toBe("success");
    const { meter } = fleet.device(target.meterId);
    expect(Math.abs(meter.clockAt(simulation.nowMs) - (simulation.nowMs + HOUR_MS))).toBeLessThan(2_000);
    expect(await simulation.runFor(client.action({ ...clock, methodId: 6 }, data.long(-600)))).toEqual({ kind: "done" });
    expect(Math.abs(meter.clockAt(simulation.nowMs) - (simulation.nowMs + HOUR_MS - 600_000))).toBeLessThan(2_000);
    expect(await simulation.runFor(client.set(clock, data.octets(new Uint8Array(12).fill(0xff))))).toBe("other-reason");
    expect(await simulation.runFor(client.set(clock, data.unsigned(1)))).toBe("type-unmatched");
  });

  it("refuses a wrong password, and an invocation counter that was used before", async () => {
    const wrong = here.network
      .connect({ host: "street", port: 4_059 })
      .then((connection) =>
        connectDlms(
          wrapperLink(connection, "client"),
          { clientSap: 2, authentication: { mechanism: "lls", password: Uint8Array.of(1, 2, 3) } },
          here,
        ),
      );
    await expect(simulation.runFor(wrong)).rejects.toMatchObject({ blame: expect.stringMatching(/security|peer/) });
    expect(
      fleet
        .device(target.meterId)
        .meter.log("fraud")
        .entries.map(({ code }) => code),
    ).toEqual([46]);
    const manager = await associate("management", 50);
    await simulation.runFor(manager.release());
    await expect(associate("management", 10)).rejects.toBeDefined();
    await expect(associate("management", 10)).rejects.toBeDefined();
    // Once a minute is enough: an attacker must not fill the log.
    expect(
      fleet
        .device(target.meterId)
        .meter.log("fraud")
        .entries.map(({ code }) => code),
    ).toEqual([46, 50]);
    const reader = await associate("public");
    const counter = (await get(reader, 1, "0-0:43.1.0", 2)) as { value: number };
    expect(counter.value).toBeGreaterThanOrEqual(50);
    await expect(associate("management", counter.value + 1)).resolves.toBeDefined();
  });

  it("falls silent when its feeder is cut, comes back with a gap and events, and leaves others alone", async () => {
    const client = await associate("reading");
    const feeder = plan.meters.filter((meter) => meter.feederId === target.feederId);
    expect(await fleet.setFeederPower(target.feederId, false)).toEqual(feeder.map((meter) => meter.meterId));
    await expect(simulation.runFor(client.get({ classId: 8, instanceId: parseObis("0-0:1.0.0"), attributeId: 2 }))).rejects.toMatchObject({
      blame: "link",
    });
    await expect(associate("public")).rejects.toMatchObject({ blame: "link" });
    const other = plan.meters.find((meter) => meter.feederId !== target.feederId)!;
    expect(fleet.device(other.meterId).meter.hasPower).toBe(true);
    await simulation.runUntil(startMs + 2 * HOUR_MS);
    await fleet.setFeederPower(target.feederId, true);
    await simulation.runUntil(startMs + 3 * HOUR_MS);
    const again = await associate("reading");
    const rows = rowsOf(await get(again, 7, "1-0:99.1.0", 2, range(startMs, startMs + 3 * HOUR_MS)));
    expect(rows.map(({ atMs }) => (atMs - startMs) / 900_000)).toEqual([0, 8, 9, 10, 11, 12]);
    expect(rows.map(({ status }) => status & 0x80)).toEqual([0, 0x80, 0, 0, 0, 0]);
    expect(await get(again, 7, "0-0:99.98.0", 2)).toMatchObject({
      value: [{ value: [{}, data.unsigned(1)] }, { value: [{}, data.unsigned(2)] }],
    });
  });

  it("says its last gasp in one short frame", () => {
    const { meter } = fleet.device(target.meterId);
    const apdu = lastGaspApdu(meter, startMs);
    expect(apdu[0]).toBe(0x0f);
    expect(apdu.length).toBeLessThan(64);
  });

  it("speaks HDLC where it is served so", async () => {
    const world = simulation.node("serial").world;
    await fleet.serve(world, { host: "serial", transport: "hdlc" });
    const keys = fleet.keys(target.meterId);
    const client = await simulation.runFor(
      here.network
        .connect({ host: "serial", port: 4_059 })
        .then((connection) => openHdlcLink(connection, here.timers, { clientSap: 2, serverSap: 1 }))
        .then((link) => connectDlms(link, { clientSap: 2, authentication: { mechanism: "lls", password: keys.readingPassword } }, here)),
    );
    const rows = rowsOf(await get(client, 7, "1-0:99.1.0", 2, range(startMs - DAY_MS + 1_000, startMs)));
    expect(rows).toHaveLength(96);
  });

  it("hands its last gasp to whoever carries it", async () => {
    const heard: string[] = [];
    fleet = await MeterFleet.open({
      plan,
      masterSecret: master,
      clock: here.clock,
      onLastGasp: (meterId, apdu) => heard.push(`${meterId} ${apdu[0]}`),
    });
    await fleet.setFeederPower(target.feederId, false);
    await fleet.setFeederPower(target.feederId, false);
    expect(heard).toEqual(plan.meters.filter(({ feederId }) => feederId === target.feederId).map(({ meterId }) => `${meterId} 15`));
  });

  it("opens to the public client only where its profile says so", async () => {
    await open({ type: parseMeterType('{ "publicReadsAll": true, "timeBase": "utc" }') });
    const client = await associate("public");
    expect(await refusal(client, 3, "1-0:1.8.0", 2)).toBe("given");
    const clock = (await get(client, 8, "0-0:1.0.0", 2)) as { value: Uint8Array };
    expect([...clock.value.subarray(9)]).toEqual([0, 0, 0]);
  });

  it("keeps its system title and logical device name apart for every meter", () => {
    const titles = new Set(plan.meters.map(({ serial }) => systemTitleOf(STANDARD_METER, serial).join()));
    expect(titles.size).toBe(plan.meters.length);
  });
});

describe("a fleet's journal", () => {
  it("brings back after a crash what was remembered before it, and a torn line harms nothing", async () => {
    const street = simulation.node("street");
    fleet = await simulation.runFor(
      MeterFleet.open({ plan, masterSecret: master, clock: street.world.clock, journal: new FleetJournal(street.world.files) }),
    );
    await simulation.runFor(fleet.setFeederPower(target.feederId, false));
    await simulation.runUntil(startMs + HOUR_MS);
    await simulation.runFor(fleet.setFeederPower(target.feederId, true));
    const truth = [...fleet.device(target.meterId).meter.registersAt(startMs + DAY_MS)];
    // A line that the crash cut off.
    await simulation.runFor(street.world.files.append("meters.journal", new TextEncoder().encode('{"meterId":"AM')));
    const next = street.crash();
    const again = await simulation.runFor(
      MeterFleet.open({ plan, masterSecret: master, clock: next.clock, journal: new FleetJournal(next.files) }),
    );
    expect([...again.device(target.meterId).meter.registersAt(startMs + DAY_MS)]).toEqual(truth);
    await simulation.runFor(again.happen([target.meterId], (atMs) => ({ kind: "disconnect", by: "remote", atMs })));
    const third = street.crash();
    const last = await simulation.runFor(
      MeterFleet.open({ plan, masterSecret: master, clock: third.clock, journal: new FleetJournal(third.files) }),
    );
    expect(last.device(target.meterId).meter.controlState).toBe("disconnected");
  });

  it("names the damaged line", async () => {
    const { world } = new Simulation({ seed: 3, startMs }).node("meters");
    const journal = new FleetJournal({ ...world.files, read: () => Promise.resolve(new TextEncoder().encode("nonsense\n")) });
    await expect(journal.load()).rejects.toThrow(/line 1/);
  });
});

function entries(from: number, to: number): AccessSelection {
  return {
    selector: 2,
    parameters: data.structure(data.doubleLongUnsigned(from), data.doubleLongUnsigned(to), data.longUnsigned(1), data.longUnsigned(0)),
  };
}

function lastEntries(): AccessSelection {
  return entries(1, 2);
}
