import {
  connectDlms,
  data,
  memoryCounter,
  parseObis,
  wrapperLink,
  type AccessSelection,
  type ActionOutcome,
  type DataAccessResult,
  type DlmsClient,
  type DlmsData,
} from "@amity/dlms";
import { Simulation, type World } from "@amity/runtime";
import { expect } from "vitest";
import {
  createFleet,
  FleetJournal,
  masterSecretFrom,
  MeterFleet,
  type FleetParts,
  type FleetPlan,
  type PlannedMeter,
  type SimulatedMeter,
} from "../../src/index.ts";

/** One meter on a simulated network, and a client in front of it. */
export interface MeterBench {
  readonly simulation: Simulation;
  readonly headEnd: World;
  readonly plan: FleetPlan;
  readonly target: PlannedMeter;
  readonly fleet: MeterFleet;
  readonly meter: SimulatedMeter;
  readonly client: DlmsClient;
  get(classId: number, name: string, attributeId: number, selection?: AccessSelection): Promise<DlmsData>;
  number(classId: number, name: string, attributeId: number): Promise<number>;
  set(classId: number, name: string, attributeId: number, value: DlmsData): Promise<DataAccessResult>;
  act(classId: number, name: string, methodId: number, parameter?: DlmsData): Promise<ActionOutcome>;
  /** Lets time pass; the association is opened anew. */
  later(toMs: number): Promise<void>;
  /** The process of the meters dies and comes back with what its disk held. */
  crash(): Promise<void>;
  codes(log: "standard" | "fraud" | "disconnector"): number[];
}

export interface BenchOptions {
  readonly startMs: number;
  readonly parts?: Partial<FleetParts>;
  /** Lets meters act in time, as a fleet does, rather than when they are asked. */
  readonly live?: boolean;
  readonly meters?: number;
  readonly installedDays?: readonly [number, number];
}

/** Opens the bench with a management client associated. */
export async function openBench(options: BenchOptions): Promise<MeterBench> {
  const simulation = new Simulation({ seed: 3, startMs: options.startMs });
  const headEnd = simulation.node("head-end").world;
  const street = simulation.node("street");
  const { meters = 1, installedDays = [80, 400] } = options;
  const plan = createFleet({
    seed: 8,
    meters,
    feeders: 1,
    concentrators: 1,
    directShare: 1,
    firstPort: 4_059,
    startMs: options.startMs,
    installedDays,
  });
  const target = plan.meters[0]!;
  let counter = 1;
  const open = async (world: World): Promise<MeterFleet> => {
    const journal = new FleetJournal(world.files);
    const masterSecret = masterSecretFrom("bench");
    const fleet = await simulation.runFor(MeterFleet.open({ plan, masterSecret, clock: world.clock, journal, ...options.parts }));
    await fleet.serve(world, { host: "street", onFault: (_meterId, error) => expect.fail(String(error)) });
    return fleet;
  };
  const associate = (fleet: MeterFleet): Promise<DlmsClient> => {
    const { encryptionKey, authenticationKey } = fleet.keys(target.meterId);
    counter += 100_000;
    const security = {
      suite: options.parts?.type?.securitySuite ?? 0,
      systemTitle: new TextEncoder().encode("HESHES01"),
      keys: { encryptionKey, authenticationKey },
      protection: "authenticated-encrypted",
      ciphering: "global",
      sent: memoryCounter(counter),
    } as const;
    const link = headEnd.network.connect({ host: "street", port: 4_059 });
    const authentication = { mechanism: "hls-gmac" } as const;
    return simulation.runFor(
      link.then((connection) => connectDlms(wrapperLink(connection, "client"), { clientSap: 1, authentication, security }, headEnd)),
    );
  };
  const now = { fleet: await open(street.world), client: undefined as unknown as DlmsClient };
  now.client = await associate(now.fleet);
  const bench: MeterBench = {
    simulation,
    headEnd,
    plan,
    target,
    get fleet() {
      return now.fleet;
    },
    get meter() {
      const device = now.fleet.device(target.meterId);
      device.advance();
      return device.meter;
    },
    get client() {
      return now.client;
    },
    async get(classId, name, attributeId, selection) {
      const outcome = await simulation.runFor(now.client.get({ classId, instanceId: parseObis(name), attributeId }, selection));
      if (outcome.kind !== "data") throw new Error(`${name} attribute ${attributeId}: ${outcome.result}`);
      return outcome.data;
    },
    async number(classId, name, attributeId) {
      const value = await bench.get(classId, name, attributeId);
      if (!("value" in value) || typeof value.value !== "number") throw new Error(`${name} attribute ${attributeId} is no number`);
      return value.value;
    },
    set: (classId, name, attributeId, value) =>
      simulation.runFor(now.client.set({ classId, instanceId: parseObis(name), attributeId }, value)),
    act: (classId, name, methodId, parameter = data.integer(0)) =>
      simulation.runFor(now.client.action({ classId, instanceId: parseObis(name), methodId }, parameter)),
    async later(toMs) {
      await simulation.runUntil(toMs);
      now.client = await associate(now.fleet);
    },
    async crash() {
      now.fleet = await open(street.crash());
      now.client = await associate(now.fleet);
    },
    codes: (log) => bench.meter.log(log).entries.map(({ code }) => code),
  };
  return bench;
}

/** A date-time in UTC. */
export function utc(atMs: number): DlmsData {
  const date = new Date(atMs);
  const [year, month] = [date.getUTCFullYear(), date.getUTCMonth() + 1];
  const time = [date.getUTCHours(), date.getUTCMinutes(), date.getUTCSeconds()];
  return data.octets(Uint8Array.of(year >> 8, year & 0xff, month, date.getUTCDate(), 0xff, ...time, 0, 0, 0, 0));
}

export const text = (value: string): DlmsData => data.octets(new TextEncoder().encode(value));

/** A script of a table 0-0:10.0.n. */
export const script = (table: number, id: number): DlmsData =>
  data.structure(data.octets(Uint8Array.of(0, 0, 10, 0, table, 255)), data.longUnsigned(id));

/** Execution time of a single action schedule: local hour and minute, any day or one. */
export const executionTime = (hour: number, minute: number, date: readonly number[] = [0xff, 0xff, 0xff, 0xff, 0xff]): DlmsData =>
  data.array(data.structure(data.octets(Uint8Array.of(hour, minute, 0, 0)), data.octets(Uint8Array.from(date))));

/** A calendar of one week, all days alike: `[hour, script]` switches. */
export function everyDay(switches: readonly (readonly [hour: number, script: number])[]): {
  seasons: DlmsData;
  weeks: DlmsData;
  days: DlmsData;
} {
  const anyDate = data.octets(Uint8Array.of(0xff, 0xff, 1, 1, 0xff, 0, 0, 0, 0, 0x80, 0, 0xff));
  return {
    seasons: data.array(data.structure(text("YEAR"), anyDate, text("WEEK"))),
    weeks: data.array(data.structure(text("WEEK"), ...Array.from({ length: 7 }, () => data.unsigned(1)))),
    days: data.array(
      data.structure(
        data.unsigned(1),
        data.array(
          ...switches.map(([hour, id]) =>
            data.structure(
              data.octets(Uint8Array.of(hour, 0, 0, 0)),
              data.octets(Uint8Array.of(0, 0, 10, 0, 100, 255)),
              data.longUnsigned(id),
            ),
          ),
        ),
      ),
    ),
  };
}

/** Writes a passive calendar. */
export async function writeCalendar(bench: MeterBench, name: string, switches: readonly (readonly [number, number])[]): Promise<void> {
  const { seasons, weeks, days } = everyDay(switches);
  for (const [attributeId, value] of [
    [6, text(name)],
    [7, seasons],
    [8, weeks],
    [9, days],
  ] as const) {
    expect(await bench.set(20, "0-0:13.0.0", attributeId, value)).toBe("success");
  }
}
