import { UsageError, toHex } from "@amity/bytes";
import { HAN_FORMS, P1_FORMS, type HanFormName, type P1Form } from "@amity/dsmr";
import { addressText } from "@amity/mbus";
import {
  createFleet,
  LOCAL_PORT_MODES,
  masterSecretFrom,
  MeterFleet,
  type FleetPlan,
  type MeterDevice,
  type MeteredHome,
  type MeterTypeOptions,
  type SubMeterDevice,
  type SubMeterMedium,
} from "@amity/meter";
import {
  openSerialLine,
  realNetwork,
  realRandom,
  realTimers,
  type Address,
  type Clock,
  type Connection,
  type Listener,
  type SerialSettings,
} from "@amity/runtime";
import { laboratoryDevice, type LaboratoryAccess } from "../laboratory/laboratory-device.ts";
import { busServer, hanServer, localPortServer, p1Server, radioServer, smlServer, type BusMeter } from "../laboratory/local-meters.ts";
import { addressOption } from "./address-option.ts";
import type { LaboratoryKeys } from "./laboratory-options.ts";
import { printJson, printLine } from "./output.ts";
import { SERIAL_LINES } from "./serial-lines.ts";
import { untilSignal } from "./until-signal.ts";

/** What `amity meter serve` is told of the protocols of the local port and of radio. */
export interface LocalServeOptions {
  readonly protocol: string;
  readonly host: string;
  readonly port: number;
  readonly count: number;
  readonly password: string;
  readonly seed: number;
  /** Default all. */
  readonly medium?: string;
  /** Default C. */
  readonly mode?: string;
  readonly push?: number;
  /** Default 5. */
  readonly p1Version?: string;
  /** Default aidon. */
  readonly hanForm?: string;
  readonly ciphered?: boolean;
  /** Machine seconds, default 10. */
  readonly interval?: number;
  readonly udp?: string;
  /** A serial line of this machine in place of a TCP port. */
  readonly serial?: string;
  readonly json?: boolean;
}

/** What the laboratory hands on: the meter type, its clock, and what DLMS behind mode E asks for. */
export interface LaboratoryParts {
  readonly type: MeterTypeOptions;
  readonly clock: Clock;
  readonly access: LaboratoryAccess;
  readonly keys: LaboratoryKeys;
}

export const LOCAL_PROTOCOLS = ["mbus", "wmbus", "sml", "iec62056-21", "p1", "han"] as const;
type LocalProtocol = (typeof LOCAL_PROTOCOLS)[number];
const MEDIA = ["all", "electricity", "gas", "water", "heat"] as const;
type MediumChoice = (typeof MEDIA)[number];
/** Slaves of one bus: primary addresses are 1 to 250. */
const SLAVES_MAX = 250;
const COUNT_MAX = 1_000;
const PUSH_MS = { sml: 1_000, "iec62056-21": 5_000 } as const;
const P1_FORM_NAMES = Object.keys(P1_FORMS) as P1Form[];
const HAN_FORM_NAMES = Object.keys(HAN_FORMS) as HanFormName[];
type PortProtocol = Exclude<LocalProtocol, "mbus" | "wmbus">;

/** One line of what is served. */
interface Served {
  readonly meterId: string;
  readonly medium: string;
  readonly port: number;
  readonly [detail: string]: string | number;
}

/** Serves simulated meters over a protocol other than DLMS, until interrupted. @throws UsageError for options that do not go together. */
export async function serveLocalMeters(options: LocalServeOptions, parts: LaboratoryParts): Promise<void> {
  const protocol = LOCAL_PROTOCOLS.find((name) => name === options.protocol);
  if (protocol === undefined) {
    throw new UsageError(`meters do not speak "${options.protocol}" here`, {
      code: "protocol",
      advice: `--protocol dlms, ${LOCAL_PROTOCOLS.join(", ")}`,
    });
  }
  if (options.count < 1 || options.count > COUNT_MAX) throw new UsageError(`--count is 1 to ${COUNT_MAX} homes`, { code: "count" });
  const medium = choice(options.medium ?? "all", MEDIA, "--medium");
  const fleet = await openFleet(options, medium, parts);
  const serving = { timers: realTimers, random: realRandom(), network: realNetwork, clock: parts.clock };
  const running = new RunningServers(options, serialPlaceOf(protocol, options.serial));
  try {
    const served = await serveProtocol(protocol, { options, parts, fleet, medium, serving, running });
    announce(protocol, options, served);
    await untilSignal();
  } finally {
    await running.stop();
  }
}

interface Serving {
  readonly options: LocalServeOptions;
  readonly parts: LaboratoryParts;
  readonly fleet: MeterFleet;
  readonly medium: MediumChoice;
  readonly serving: Parameters<typeof busServer>[1];
  readonly running: RunningServers;
}

function serveProtocol(protocol: LocalProtocol, serving: Serving): Promise<Served[]> {
  switch (protocol) {
    case "mbus":
      return serveBus(serving);
    case "wmbus":
      return serveRadio(serving);
    default:
      return servePorts(protocol, serving);
  }
}

async function serveBus({ fleet, medium, serving, running }: Serving): Promise<Served[]> {
  const meters = homesOf(fleet).flatMap(({ electricity, subMeters }): (MeterDevice | SubMeterDevice)[] =>
    medium === "electricity" ? [electricity] : medium === "all" ? [electricity, ...subMeters] : [...subMeters],
  );
  if (meters.length > SLAVES_MAX)
    throw new UsageError(`a bus has at most ${SLAVES_MAX} meters, not ${meters.length}`, {
      code: "count",
      advice: "fewer homes (--count)",
    });
  const bus = meters.map((meter, index): BusMeter => ({ primaryAddress: index + 1, meter }));
  const port = await running.listen(0, busServer(bus, serving));
  return bus.map(({ primaryAddress, meter }) => ({ ...who(meter), port, primaryAddress }));
}

async function serveRadio({ options, fleet, medium, serving, running }: Serving): Promise<Served[]> {
  if (medium === "electricity")
    throw new UsageError("electricity meters have no wireless M-Bus here", { code: "medium", advice: "--medium all" });
  const meters = homesOf(fleet).flatMap(({ subMeters }) => subMeters);
  const radio = await radioServer(meters, serving, options.udp === undefined ? undefined : addressOption(options.udp, "--udp"));
  running.onStop(() => radio.stop());
  const port = await running.listen(0, radio.accept);
  return meters.map((meter) => {
    const { mode, security } = meter.meter.plan.radio;
    return { ...who(meter), port, mode, security, key: toHex(fleet.subMeterKeys(meter.meter.plan.meterId).userKey).toUpperCase() };
  });
}

async function servePorts(protocol: PortProtocol, given: Serving): Promise<Served[]> {
  const { options, fleet, medium, running } = given;
  if (protocol !== "p1" && medium !== "all" && medium !== "electricity")
    throw new UsageError(`${protocol} is spoken by electricity meters here`, { code: "medium", advice: "leave --medium out" });
  const served: Served[] = [];
  for (const [index, home] of homesOf(fleet).entries()) {
    const port = await running.listen(index, portServer(protocol, home, given));
    const details = protocol === "p1" ? channelsOf(home) : {};
    served.push({ ...who(home.electricity), port, serial: home.electricity.meter.plan.serial, ...details });
  }
  return served.length === 0 ? fail(`no meters to serve with --count ${options.count}`) : served;
}

function portServer(protocol: PortProtocol, home: MeteredHome, given: Serving): (connection: Connection) => void {
  const { options, parts, serving } = given;
  const device = home.electricity;
  switch (protocol) {
    case "sml": {
      const pushMs = options.push ?? PUSH_MS.sml;
      return smlServer(device, pushMs === 0 ? undefined : pushMs, serving);
    }
    case "iec62056-21": {
      const mode = choice((options.mode ?? "C").toUpperCase(), LOCAL_PORT_MODES, "--mode");
      return localPortServer(
        device,
        { mode, password: options.password, pushEveryMs: options.push ?? PUSH_MS[protocol], dlms: laboratoryDevice(device, parts.access) },
        serving,
      );
    }
    case "han": {
      const form = choice(options.hanForm ?? "aidon", HAN_FORM_NAMES, "--han-form");
      return hanServer(home, { form, ...(options.push === undefined ? {} : { everyMs: options.push }) }, serving);
    }
    case "p1": {
      const form = choice(options.p1Version ?? "5", P1_FORM_NAMES, "--p1-version");
      const { everyMs, isCiphered } = P1_FORMS[form];
      const { keys } = parts;
      let counter = Math.floor(parts.clock.nowMs() / 1_000) - COUNTER_EPOCH_SECONDS;
      const cipher = { keys, systemTitle: device.systemTitle, nextCounter: () => ++counter };
      const settings = { form, everyMs: options.push ?? everyMs };
      return p1Server(home, options.ciphered === true || isCiphered ? { ...settings, cipher } : settings, serving);
    }
  }
}

/** A serial line of this machine and how it is set. */
interface SerialPlace {
  readonly path: string;
  readonly settings: SerialSettings;
}

/** @throws UsageError `serial` for a protocol that has no lines. */
function serialPlaceOf(protocol: LocalProtocol, path: string | undefined): SerialPlace | undefined {
  if (path === undefined) return undefined;
  if (protocol === "wmbus") throw new UsageError("radio needs no serial line", { code: "serial", advice: "leave --serial out" });
  return { path, settings: SERIAL_LINES[protocol] };
}

/** Listeners and whatever else ends with the program. */
class RunningServers {
  readonly #address: Address;
  readonly #listeners: Listener[] = [];
  readonly #ends: (() => void)[] = [];
  readonly #line: SerialPlace | undefined;

  constructor({ host, port }: Address, line: SerialPlace | undefined) {
    this.#address = { host, port };
    this.#line = line;
  }

  onStop(end: () => void): void {
    this.#ends.push(end);
  }

  /** The port that follows the first by `index`; a free one where that is 0. */
  async listen(index: number, accept: (connection: Connection) => void): Promise<number> {
    if (this.#line !== undefined) return this.#serve(this.#line, index, accept);
    const { host, port } = this.#address;
    const listener = await realNetwork.listen({ host, port: port === 0 ? 0 : port + index }, accept);
    this.#listeners.push(listener);
    return listener.address.port;
  }

  #serve({ path, settings }: SerialPlace, index: number, accept: (connection: Connection) => void): number {
    if (index > 0) throw new UsageError("one serial line has room for one meter, or for one bus", { code: "serial", advice: "--count 1" });
    const line = openSerialLine(path, settings);
    this.#ends.push(() => line.abort());
    accept(line);
    return 0;
  }

  async stop(): Promise<void> {
    for (const end of this.#ends) end();
    await Promise.all(this.#listeners.map((listener) => listener.close()));
  }
}

/** Central Europe, where these protocols are at home; radios tell themselves as often as asked. */
function openFleet(
  { seed, count, interval = 10 }: LocalServeOptions,
  medium: MediumChoice,
  { type, clock, keys }: LaboratoryParts,
): Promise<MeterFleet> {
  const shares =
    medium === "all" ? { gas: 0.5, heat: 0.5, water: 1 } : medium === "electricity" ? {} : { [medium satisfies SubMeterMedium]: 1 };
  const plan = createFleet({
    seed,
    meters: count,
    feeders: 1,
    concentrators: 1,
    directShare: 1,
    startMs: clock.nowMs(),
    zone: "Europe/Berlin",
    climate: "centralEurope",
    subMeters: shares,
  });
  const intervalMs = Math.round(interval * 1_000 * clock.speed);
  const subMeters = plan.subMeters.map((meter) => ({ ...meter, radio: { ...meter.radio, intervalMs } }));
  const masterSecret = masterSecretFrom(`laboratory ${seed}`);
  return MeterFleet.open({ plan: { ...plan, subMeters }, masterSecret, clock, type, factoryKeys: () => keys });
}

function homesOf(fleet: MeterFleet): MeteredHome[] {
  const byHome = new Map<string, SubMeterDevice[]>();
  for (const { meterId, homeMeterId } of (fleet.plan satisfies FleetPlan).subMeters)
    byHome.set(homeMeterId, [...(byHome.get(homeMeterId) ?? []), fleet.subMeter(meterId)]);
  return fleet.plan.meters.map(({ meterId }) => ({ electricity: fleet.device(meterId), subMeters: byHome.get(meterId) ?? [] }));
}

function who(meter: MeterDevice | SubMeterDevice): { meterId: string; medium: string; address: string } {
  if ("radio" in meter) {
    const { meterId, medium, address } = meter.meter.plan;
    return { meterId, medium, address: addressText(address) };
  }
  const { meterId, serial } = meter.meter.plan;
  return { meterId, medium: "electricity", address: String(serial) };
}

function channelsOf({ subMeters }: MeteredHome): Record<string, string> {
  return Object.fromEntries(
    subMeters.map(({ meter: { plan } }, index) => [
      `channel${plan.reach.kind === "channel" ? plan.reach.channel : index + 1}`,
      `${plan.medium} ${plan.meterId}`,
    ]),
  );
}

function announce(protocol: LocalProtocol, options: LocalServeOptions, meters: readonly Served[]): void {
  if (options.json === true) return printJson({ event: "listening", protocol, host: options.host, meters });
  printLine(`${meters.length} simulated meter(s), ${protocol}, on ${options.serial ?? `${options.host}:${meters[0]?.port}`}`);
  for (const { meterId, medium, port, ...details } of meters.slice(0, LINES_MAX)) {
    const rest = Object.entries(details).map(([name, value]) => `${name} ${value}`);
    printLine(`  ${options.host}:${port}  ${meterId}  ${medium}  ${rest.join("  ")}`);
  }
  if (meters.length > LINES_MAX) printLine(`  and ${meters.length - LINES_MAX} more (--json lists them)`);
  if (protocol === "wmbus") printLine("  one telegram a line, hexadecimal, octets as on air with block CRCs");
}

function choice<T extends string>(given: string, choices: readonly T[], name: string): T {
  const found = choices.find((known) => known === given);
  if (found === undefined) throw new UsageError(`${name} "${given}"`, { code: "option", advice: `one of: ${choices.join(", ")}` });
  return found;
}

function fail(message: string): never {
  throw new UsageError(message, { code: "count" });
}

const LINES_MAX = 20;
/** Invocation counters count from 2020, as those of the meters do. */
const COUNTER_EPOCH_SECONDS = Date.UTC(2020, 0, 1) / 1_000;
