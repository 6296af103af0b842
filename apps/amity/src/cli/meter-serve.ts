import { readFile } from "node:fs/promises";
import { fromHex, toHex, UsageError } from "@amity/bytes";
import { serveDlms, serveHdlcLink, wrapperLink, type MechanismName } from "@amity/dlms";
import {
  createFleet,
  MeterFleet,
  masterSecretFrom,
  networkCarrier,
  parseMeterType,
  STANDARD_METER,
  type MeterTypeOptions,
} from "@amity/meter";
import { realNetwork, realRandom, realTimers, scaledClock, type Connection, type Listener } from "@amity/runtime";
import { LABORATORY_CLIENTS, laboratoryDevice, type LaboratoryAccess } from "../laboratory/laboratory-device.ts";
import { serveLocalMeters, type LocalServeOptions } from "./meter-serve-local.ts";
import { untilSignal } from "./until-signal.ts";
import { printJson, printLine } from "./output.ts";

export interface MeterServeOptions extends LocalServeOptions {
  readonly protocol: string;
  readonly transport: string;
  readonly host: string;
  readonly port: number;
  readonly count: number;
  readonly auth: string;
  readonly password: string;
  readonly ek: string;
  readonly ak: string;
  readonly profile?: string;
  readonly seed: number;
  readonly speed: number;
  readonly json?: boolean;
}

const MECHANISMS: Readonly<Record<string, MechanismName>> = {
  none: "none",
  lls: "lls",
  hls2: "hls-manufacturer",
  hls3: "hls-md5",
  hls4: "hls-sha1",
  hls5: "hls-gmac",
  hls6: "hls-sha256",
};

/** Most meters of one `meter serve`: each takes a port. */
const COUNT_MAX = 20_000;

/** `amity meter serve`: simulated meters on TCP for any outside client, until interrupted. */
export async function meterServe(options: MeterServeOptions): Promise<void> {
  const access = accessOf(options);
  const type = options.profile === undefined ? STANDARD_METER : parseMeterType(await readProfile(options.profile));
  const clock = scaledClock(realTimers, options.speed === 1 ? { speed: 1 } : { speed: options.speed, startMs: Date.now() });
  if (options.protocol !== "dlms") return serveLocalMeters(options, { type, clock, access });
  const fleet = await openFleet(options, type, clock.nowMs());
  const stopActing = fleet.act({ clock, random: realRandom() }, networkCarrier(realNetwork));
  const world = { timers: realTimers, random: realRandom(), network: realNetwork };
  const listeners: Listener[] = [];
  for (const [index, { meterId }] of fleet.plan.meters.entries()) {
    const device = laboratoryDevice(fleet.device(meterId), access);
    const accept = (connection: Connection): void => {
      const link =
        options.transport === "hdlc"
          ? serveHdlcLink(connection, realTimers, { answersAt: (serverSap) => device.logicalDevice(serverSap) !== undefined })
          : wrapperLink(connection, "server");
      serveDlms(link, device, world);
    };
    listeners.push(await realNetwork.listen({ host: options.host, port: options.port === 0 ? 0 : options.port + index }, accept));
  }
  announce(options, fleet, listeners);
  await untilSignal();
  stopActing();
  await Promise.all(listeners.map((listener) => listener.close()));

  async function openFleet(serve: MeterServeOptions, meterType: MeterTypeOptions, startMs: number): Promise<MeterFleet> {
    const plan = createFleet({ seed: serve.seed, meters: serve.count, feeders: 1, concentrators: 1, directShare: 1, startMs });
    return MeterFleet.open({ plan, masterSecret: masterSecretFrom(`laboratory ${serve.seed}`), clock, type: meterType });
  }
}

function accessOf(options: MeterServeOptions): LaboratoryAccess {
  if (options.transport !== "wrapper" && options.transport !== "hdlc") {
    throw new UsageError(`"${options.transport}" is no transport`, { code: "transport", advice: "--transport wrapper or hdlc" });
  }
  if (options.count < 1 || options.count > COUNT_MAX) throw new UsageError(`--count is 1 to ${COUNT_MAX}`, { code: "count" });
  const mechanism = MECHANISMS[options.auth.toLowerCase()];
  if (mechanism === undefined) {
    throw new UsageError(`"${options.auth}" is no authentication`, {
      code: "auth",
      advice: `one of: ${Object.keys(MECHANISMS).join(", ")}`,
    });
  }
  return {
    mechanism,
    secret: new TextEncoder().encode(options.password),
    keys: { encryptionKey: key(options.ek, "--ek"), authenticationKey: key(options.ak, "--ak") },
  };
}

function key(hex: string, name: string): Uint8Array {
  const octets = fromHex(hex);
  if (octets.length !== 16) throw new UsageError(`${name} has ${octets.length} octets, 16 are needed`, { code: "key-length" });
  return octets;
}

async function readProfile(file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    throw new UsageError(`the meter profile ${file} cannot be read`, { code: "no-file", cause: error });
  }
}

/** Says how to reach the meters. The keys are the laboratory's own, given or standing in the help: no secret of a fleet. */
function announce(options: MeterServeOptions, fleet: MeterFleet, listeners: readonly Listener[]): void {
  const meters = fleet.plan.meters.map(({ meterId }, index) => ({
    meterId,
    host: options.host,
    port: listeners[index]?.address.port ?? 0,
    systemTitle: toHex(fleet.device(meterId).systemTitle).toUpperCase(),
  }));
  const { auth, transport, password, ek, ak } = options;
  if (options.json === true) {
    const clients = { ...LABORATORY_CLIENTS };
    printJson({
      event: "listening",
      protocol: "dlms",
      transport,
      auth,
      serverSap: 1,
      clients,
      password,
      ek,
      ak,
      meters: meters.slice(0, 1000),
    });
    return;
  }
  const [first] = meters;
  printLine(
    `${meters.length} simulated meter(s), DLMS over ${transport}, on ${options.host}:${first?.port}${meters.length > 1 ? ` to ${meters.at(-1)?.port}` : ""}`,
  );
  printLine(`  logical device 1, meter ${first?.meterId}, system title ${first?.systemTitle}`);
  printLine(`  client 16  public, no authentication: ${auth === "none" ? "reads everything" : "identity, clock, invocation counter"}`);
  printLine(`  client 2   reading, LLS password "${password}"`);
  printLine(
    `  client 1   management, ${auth}${auth === "none" ? "" : auth === "hls5" ? `, ek ${ek}, ak ${ak}` : `, secret "${password}"`}`,
  );
  printLine(`  try        npx amity read "${readUrl(options, first?.port ?? 0)}"`);
}

function readUrl({ host, auth, transport, password, ek, ak }: MeterServeOptions, port: number): string {
  const query = new URLSearchParams({ client: "1", auth });
  if (auth === "hls5") {
    query.set("ek", ek);
    query.set("ak", ak);
  } else if (auth !== "none") query.set(auth === "lls" ? "password" : "secret", password);
  if (transport !== "wrapper") query.set("transport", transport);
  return `dlms://${host}:${port}?${query.toString()}`;
}
