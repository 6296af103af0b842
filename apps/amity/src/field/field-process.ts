import { join } from "node:path";
import { fromHex } from "@amity/bytes";
import { encodeWrapper } from "@amity/dlms";
import { createFleet, FleetJournal, MeterFleet, networkCarrier, planPast, planSubMeterPast } from "@amity/meter";
import { CONCENTRATOR_STATION, MEDIA, type LinkStation } from "@amity/network";
import { realFiles, realNetwork, realRandom, realTimers, scaledClock, silentLog, type ScaledClock, type World } from "@amity/runtime";
import { openStreet, startStreetConcentrator, type FieldOptions, type Street } from "./field.ts";
import { openRadioStreet, startRadioConcentrator } from "./radio-street.ts";
import type { ClockSetting, FieldReply, FieldRequest, FieldStart } from "./field-messages.ts";

// The field of the demo utility: simulated meters, their streets and concentrators, in a process of their own. The head-end
// meets them on TCP only; this channel carries nothing but the demo's controls.

const tell = (reply: FieldReply): void => void process.send?.(reply);

let running: Field | undefined;

process.on("message", (request: FieldRequest) => {
  void handle(request).catch((error: unknown) => {
    tell({ kind: "failed", message: error instanceof Error ? error.message : String(error) });
    process.exitCode = 1;
    process.disconnect();
  });
});
// A field without its program has no reason to live; its disks hold what counts.
process.on("disconnect", () => process.exit());
process.on("SIGINT", () => {});

async function handle(request: FieldRequest): Promise<void> {
  switch (request.kind) {
    case "start":
      running = await Field.start(request);
      return;
    case "clock":
      running?.setClock(request.clock);
      return;
    case "feeder":
      await running?.setFeeder(request.id, request.feederId, request.hasPower);
      return;
    case "stop":
      process.exit(0);
  }
}

/** How long a feeder's meters live on their last charge before the medium is dead (machine ms). */
const LAST_CHARGE_MS = 900;
/** A window of a few milliseconds is more than a busy machine can be sure to hit. */
const RADIO_GUARD_MS = 500;
/** Days before the founding in which things went wrong. */
const PAST_DAYS = 45;
/** The concentrator's end of the medium, and the server port that pushes carry (IEC 62056-4-7). */
const MANAGEMENT_PORT = 1;
const PUSH_CLIENT_PORT = 64;

class Field {
  readonly #clock: ScaledClock;
  readonly #fleet: MeterFleet;
  readonly #streets: readonly Street[];

  private constructor(clock: ScaledClock, fleet: MeterFleet, streets: readonly Street[]) {
    this.#clock = clock;
    this.#fleet = fleet;
    this.#streets = streets;
  }

  static async start(start: FieldStart): Promise<Field> {
    const clock = scaledClock(realTimers, { speed: start.clock.speed, startMs: civilNow(start.clock) });
    const plan = createFleet(start.fleet);
    const masterSecret = fromHex(start.masterSecret);
    const world = worldOf(clock, join(start.folder, "meters"));
    const push = await pushSocket(start.pushPort);
    const stations = new Map<string, LinkStation>();
    // A last gasp, or a push, goes where the meter can be heard: on its street, or straight to the head-end.
    const onLastGasp = (meterId: string, apdu: Uint8Array): void => {
      const station = stations.get(meterId);
      if (station === undefined) push(apdu);
      else station.notify(CONCENTRATOR_STATION, apdu);
    };
    // What had happened before the utility was founded: outages, wrong clocks, by-passes. The head-end has to find them.
    const before = { endMs: start.fleet.startMs, days: PAST_DAYS };
    const past = [...planPast(plan, before), ...planSubMeterPast(plan.subMeters, before)];
    const fleet = await MeterFleet.open({ plan, masterSecret, clock, past, journal: new FleetJournal(world.files), onLastGasp });
    const served = await fleet.serve(world);
    // A push takes the same way, unless its setup names a place that a meter on the internet can reach itself.
    const carry = networkCarrier(world.network, { timers: world.timers });
    fleet.act(world, (outgoing) => {
      const station = stations.get(outgoing.meterId);
      if (station === undefined && outgoing.destination !== "") return carry(outgoing);
      onLastGasp(outgoing.meterId, outgoing.apdu);
      return Promise.resolve();
    });
    const medium = { ...MEDIA.plc, speed: Math.max(1, start.clock.speed) };
    const streets = plan.concentrators.map((concentrator) => openStreet(world, fleet, concentrator, medium));
    for (const street of streets) {
      for (const [meterId, station] of street.stations) stations.set(meterId, station);
      if (isOut(fleet, street)) street.medium.setDown(true);
    }
    const options: FieldOptions = {
      masterSecret,
      medium,
      historyMs: start.historyMs,
      collectEveryMs: start.collectEveryMs,
      meterSessionsMax: 4,
      piecesPerVisit: 6,
      requestTimeoutMs: 20_000,
      onNotify: push,
    };
    const streetPorts = await startConcentrators(clock, { fleet, streets, folder: start.folder, options });
    const concentratorPorts = { ...streetPorts, ...(await startListening(clock, { fleet, folder: start.folder, options })) };
    const meterPorts = Object.fromEntries([...served.addresses].map(([meterId, { port }]) => [meterId, port]));
    tell({ kind: "started", meterPorts, concentratorPorts });
    return new Field(clock, fleet, streets);
  }

  setClock(setting: ClockSetting): void {
    this.#clock.setSpeed(setting.speed);
  }

  /** Cuts or restores a feeder: its meters lose power, gasp, and their streets go silent. */
  async setFeeder(id: number, feederId: string, hasPower: boolean): Promise<void> {
    const streets = this.#streets.filter(({ plan }) => plan.feederId === feederId);
    if (hasPower) for (const street of streets) street.medium.setDown(false);
    const changed = await this.#fleet.setFeederPower(feederId, hasPower);
    if (!hasPower) {
      await realTimers.sleep(LAST_CHARGE_MS);
      for (const street of streets) street.medium.setDown(true);
    }
    tell({ kind: "feeder", id, meters: changed.length });
  }
}

/** Sends APDUs to the head-end's push port, each in its own datagram with the wrapper. */
async function pushSocket(port: number): Promise<(apdu: Uint8Array) => void> {
  const socket = await realNetwork.datagram({ host: "127.0.0.1", port: 0 }, () => {});
  return (apdu) => socket.send(encodeWrapper(MANAGEMENT_PORT, PUSH_CLIENT_PORT, apdu), { host: "127.0.0.1", port });
}

function isOut(fleet: MeterFleet, street: Street): boolean {
  const [first] = street.meters;
  return first !== undefined && !fleet.device(first.meterId).meter.hasPower;
}

async function startConcentrators(
  clock: ScaledClock,
  parts: { fleet: MeterFleet; streets: readonly Street[]; folder: string; options: FieldOptions },
): Promise<Record<string, number>> {
  const ports: Record<string, number> = {};
  for (const street of parts.streets) {
    const { concentratorId } = street.plan;
    const world = worldOf(clock, join(parts.folder, "concentrators", concentratorId));
    const concentrator = await startStreetConcentrator(world, street, parts.fleet, { host: "127.0.0.1", port: 0 }, parts.options);
    ports[concentratorId] = concentrator.address.port;
  }
  return ports;
}

/** Opens the radio streets and starts the concentrators that hear them. */
async function startListening(
  clock: ScaledClock,
  parts: { fleet: MeterFleet; folder: string; options: FieldOptions },
): Promise<Record<string, number>> {
  const { fleet, folder, options } = parts;
  const ports: Record<string, number> = {};
  for (const plan of fleet.plan.wirelessConcentrators) {
    const world = worldOf(clock, join(folder, "concentrators", plan.concentratorId));
    const street = openRadioStreet(world, fleet, plan, { guardMs: RADIO_GUARD_MS });
    const concentrator = await startRadioConcentrator(world, street, { host: "127.0.0.1", port: 0 }, options);
    ports[plan.concentratorId] = concentrator.address.port;
  }
  return ports;
}

function worldOf(clock: ScaledClock, filesRoot: string): World {
  return { clock, timers: realTimers, random: realRandom(), network: realNetwork, files: realFiles(filesRoot), log: silentLog };
}

function civilNow({ speed, civilMs, wallMs }: ClockSetting): number {
  return Math.floor(civilMs + (Date.now() - wallMs) * speed);
}
