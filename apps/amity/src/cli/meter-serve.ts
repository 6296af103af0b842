import { join } from "node:path";
import { UsageError } from "@amity/bytes";
import { listenDatagrams, serveDlms, serveHdlcLink, wrapperLink, type CosemDevice, type PduLink } from "@amity/dlms";
import {
  createFleet,
  hdlcPort,
  inactivityTimeoutMs,
  MeterFleet,
  masterSecretFrom,
  networkCarrier,
  type MeterTypeOptions,
  type SimulatedMeter,
} from "@amity/meter";
import { realNetwork, realRandom, realTimers, scaledClock, type Address, type Clock, type Connection } from "@amity/runtime";
import { serveGateway } from "../laboratory/gateway-server.ts";
import { commission, writeCertificates } from "../laboratory/laboratory-certificates.ts";
import { laboratoryDevice } from "../laboratory/laboratory-device.ts";
import { accessOf, keysOf, meterTypeOf, type LaboratoryKeys, type LaboratoryOptions } from "./laboratory-options.ts";
import { announceMeters, type ServedMeter } from "./meter-serve-announcement.ts";
import { serveLocalMeters, type LocalServeOptions } from "./meter-serve-local.ts";
import { untilSignal } from "./until-signal.ts";

export interface MeterServeOptions extends LocalServeOptions, LaboratoryOptions {
  readonly transport: string;
  readonly gateway?: boolean;
  /** Default `var/laboratory`. */
  readonly certificates?: string;
  readonly speed: number;
  /** HDLC: most frames in a row and octets in a frame, for clients that ask for as many. Default 1 and 128. */
  readonly frames?: number;
  readonly frame?: number;
}

/** Most meters of one `meter serve`: each takes a port. */
const COUNT_MAX = 20_000;
/** Octets of information in an HDLC frame. */
const FRAME_OCTETS_MAX = 2_030;
const TRANSPORTS = ["wrapper", "udp", "hdlc"] as const;
const WORLD = { timers: realTimers, random: realRandom(), network: realNetwork };

/** `amity meter serve`: simulated meters on TCP or UDP for any outside client, until interrupted. */
export async function meterServe(options: MeterServeOptions): Promise<void> {
  const type = await meterTypeOf(options);
  const access = accessOf(options, type);
  const keys = keysOf(options, type);
  const clock = scaledClock(realTimers, options.speed === 1 ? { speed: 1 } : { speed: options.speed, startMs: Date.now() });
  if (options.protocol !== "dlms") return serveLocalMeters(options, { type, clock, access, keys });
  const transport = transportOf(options);
  const fleet = await openFleet(options, { type, clock, keys });
  const certificates = await commissionAll(options, fleet, clock);
  const stopActing = fleet.act({ clock, random: realRandom() }, networkCarrier(realNetwork, { timers: realTimers }));
  const devices = fleet.plan.meters.map(({ meterId }): Laboratory => {
    const own = fleet.device(meterId);
    return { meterId, meter: own.meter, device: laboratoryDevice(own, access) };
  });
  const targets = options.gateway === true ? gatewayTo(devices) : devices.map((one) => ({ ...one, serve: plainly(one, transport) }));
  const listeners: { readonly address: Address; close(): Promise<void> | void }[] = [];
  for (const [index, target] of targets.entries()) {
    const address = { host: options.host, port: options.port === 0 ? 0 : options.port + index };
    const listener = await listen(options, transport, address, target);
    fleet.servedAt(target.meterId, listener.address);
    listeners.push(listener);
  }
  const meters = devices.map(({ meterId }, index): ServedMeter => {
    const { systemTitle } = fleet.device(meterId);
    return { meterId, systemTitle, port: (listeners[index] ?? listeners[0])?.address.port ?? 0 };
  });
  announceMeters({ ...options, transport, keys, certificates, suite: type.securitySuite, referencing: type.referencing }, meters);
  await untilSignal();
  stopActing();
  for (const listener of listeners) await listener.close();
}

function transportOf({ transport, count, frames = 1, frame = 128 }: MeterServeOptions): (typeof TRANSPORTS)[number] {
  const found = TRANSPORTS.find((name) => name === transport);
  if (found === undefined)
    throw new UsageError(`"${transport}" is no transport`, { code: "transport", advice: `--transport ${TRANSPORTS.join(", ")}` });
  if (count < 1 || count > COUNT_MAX) throw new UsageError(`--count is 1 to ${COUNT_MAX}`, { code: "count" });
  if (frames < 1 || frames > 7 || frame < 32 || frame > FRAME_OCTETS_MAX)
    throw new UsageError(`--frames is 1 to 7, --frame 32 to ${FRAME_OCTETS_MAX}`, { code: "hdlc" });
  return found;
}

function openFleet(
  { seed, count }: MeterServeOptions,
  { type, clock, keys }: { type: MeterTypeOptions; clock: Clock; keys: LaboratoryKeys },
): Promise<MeterFleet> {
  const plan = createFleet({ seed, meters: count, feeders: 1, concentrators: 1, directShare: 1, startMs: clock.nowMs() });
  return MeterFleet.open({ plan, masterSecret: masterSecretFrom(`laboratory ${seed}`), clock, type, factoryKeys: () => keys });
}

/** Suites 1 and 2: certificates for all, in files for whoever is to talk to them. @returns the folder; `undefined` in suite 0. */
async function commissionAll(options: MeterServeOptions, fleet: MeterFleet, clock: Clock): Promise<string | undefined> {
  const { securitySuite: suite } = fleet.model.type;
  if (suite === 0) return undefined;
  const folder = options.certificates ?? "var/laboratory";
  const authority = { suite, masterSecret: masterSecretFrom(`laboratory ${options.seed}`), nowMs: clock.nowMs() };
  for (const { meterId } of fleet.plan.meters)
    await writeCertificates(options.count === 1 ? folder : join(folder, meterId), await commission(fleet.device(meterId), authority));
  return folder;
}

/** A meter and what answers in front of it. */
interface Laboratory {
  readonly meterId: string;
  readonly meter: SimulatedMeter;
  /** Answers, or says at which addresses somebody does. */
  readonly device: CosemDevice;
}

interface Target extends Laboratory {
  readonly serve: (link: PduLink) => void;
}

/** What clients set at the meter's ports holds from the next connection on. */
function plainly({ meter, device }: Laboratory, transport: (typeof TRANSPORTS)[number]): Target["serve"] {
  return (link) =>
    void serveDlms(link, device, WORLD, { inactivityTimeoutMs: inactivityTimeoutMs(meter, transport === "hdlc" ? "hdlc" : "wrapper") });
}

/** One port for all meters: each by its id behind the gateway's prefix, the first without a prefix, too. */
function gatewayTo(devices: readonly Laboratory[]): Target[] {
  const byId = new Map(devices.map(({ meterId, device }) => [meterId, device]));
  const find = (physicalAddress: Uint8Array): CosemDevice | undefined => byId.get(new TextDecoder().decode(physicalAddress));
  return devices.slice(0, 1).map((first) => ({ ...first, serve: (link) => serveGateway(link, first.device, find, WORLD) }));
}

function listen(
  { frames = 1, frame = 128 }: MeterServeOptions,
  transport: (typeof TRANSPORTS)[number],
  address: Address,
  { meter, device, serve }: Target,
): Promise<{ readonly address: Address; close(): Promise<void> | void }> {
  if (transport === "udp") return listenDatagrams(realNetwork, address, serve);
  const parameters = { transmitOctets: frame, receiveOctets: frame, transmitWindow: frames, receiveWindow: frames };
  const answersAt = (serverSap: number): boolean => device.logicalDevice(serverSap) !== undefined;
  return realNetwork.listen(address, (connection: Connection) =>
    serve(
      transport === "hdlc"
        ? serveHdlcLink(connection, realTimers, { ...hdlcPort(meter, parameters), answersAt })
        : wrapperLink(connection, "server"),
    ),
  );
}
