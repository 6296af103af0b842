import { PeerError, UsageError } from "@amity/bytes";
import type { Connection } from "@amity/runtime";
import { listenReadouts, LocalPortClient, type Password } from "@amity/iec62056-21";
import type { DeviceSource, ListenRequest, MeterCapability, MeterDriver, MeterLink, MeterSession, SessionRequest } from "../driver.ts";
import { checkRoute } from "../check-route.ts";
import { cutReadouts, tracedConnection, type TraceOptions } from "../local/traced-connection.ts";
import { meterZoneOf } from "../local/meter-zone.ts";
import { HEARD_PROFILE } from "../listening/heard.ts";
import { mediumSettingOf } from "../medium.ts";
import type { Device } from "../registry.ts";
import { IecSession } from "./iec-session.ts";
import { iecSettingsOf } from "./iec-settings.ts";
import { registersOfReadout } from "./readout-registers.ts";

const READ: readonly MeterCapability[] = ["identify", "readRegisters", "readClock"];
const NOTHING: ReadonlySet<MeterCapability> = new Set();
const SECOND_MS = 1_000;
const QUARTER_MS = 900_000;
const HOUR_MS = 3_600_000;

/** What the driver needs for meters of mode E. */
export interface IecDriverOptions {
  /** Takes the line over after the hand-over of mode E: the DLMS driver. */
  readonly dlms: MeterDriver;
  /** Computations of P2 by the name that the setting `passwordComputation` gives: manufacturers keep theirs, so none is built in. */
  readonly passwordComputations?: Readonly<Record<string, PasswordComputation>>;
}

/** What goes back with P2: made of the operand that the meter sent with P0, and the password. */
export type PasswordComputation = (operand: string, password: string) => string;

/**
 * The local port of IEC 62056-21 behind a TCP serial gateway, modes A to E; mode D is listened to (route `listen`). Settings:
 * `address` (device address), `profile` (`P.01`) with `profileCommand` (R5, R6) and `captureSeconds` (900), `clockCommand` (W1, W2, W5)
 * where the meter takes its time, `eventLog` (`P.98`), `wakeUp` (true for meters on a battery), `zone` of its clock, `medium`;
 * `mode: "E"` hands the line to DLMS, with its settings. Key vault: `password`, for P1, or for P2 with `passwordComputation`.
 */
export function iecDriver(options: IecDriverOptions): MeterDriver {
  const { dlms } = options;
  return {
    protocol: "iec62056-21",
    capabilities: new Set<MeterCapability>([...READ, "readProfile", "readEvents", "setClock"]),
    sharesLine: true,
    checkDevice(device) {
      checkRoute(device, ["direct", "listen"]);
      computationOf(device, options);
      mediumSettingOf(device);
      meterZoneOf(device);
      if (isModeE(device)) dlms.checkDevice(device);
    },
    capabilitiesOf: (device) => capabilitiesOf(device, dlms),
    sourcesOf: (device, usual, behind) => (isModeE(device) ? (dlms.sourcesOf?.(device, usual, behind) ?? usual) : sourcesOf(device)),
    open: (link, request) => open(link, request, options),
    listen,
    interpretPush: () => Promise.reject(new UsageError("mode D is listened to on a line of its own", { code: "unsupported" })),
    interpretDelivery: () => Promise.reject(new UsageError("concentrators deliver no IEC 62056-21", { code: "unsupported" })),
  };
}

function isModeE({ settings }: Device): boolean {
  return settings["mode"] === "E";
}

function capabilitiesOf(device: Device, dlms: MeterDriver): ReadonlySet<MeterCapability> {
  if (isModeE(device)) return dlms.capabilities;
  if (device.route.kind === "listen") return NOTHING;
  const { profile, clockCommand, eventLog } = iecSettingsOf(device);
  return new Set<MeterCapability>([
    ...READ,
    ...(profile === undefined ? [] : (["readProfile"] as const)),
    ...(eventLog === undefined ? [] : (["readEvents"] as const)),
    ...(clockCommand === undefined ? [] : (["setClock"] as const)),
  ]);
}

function sourcesOf(device: Device): readonly DeviceSource[] {
  const medium = mediumSettingOf(device) ?? "electricity";
  if (device.route.kind === "listen")
    return [{ profile: HEARD_PROFILE, kind: "intervals", captureMs: medium === "electricity" ? QUARTER_MS : HOUR_MS }];
  const { profile, captureMs, eventLog } = iecSettingsOf(device);
  return [
    ...(profile === undefined ? [] : [{ profile, kind: "intervals", captureMs } as const]),
    ...(eventLog === undefined ? [] : [{ profile: eventLog, kind: "events", captureMs: SECOND_MS } as const]),
  ];
}

/** The computation that a device names; `undefined` where its password goes in clear. @throws UsageError `bad-settings`. */
function computationOf(device: Device, { passwordComputations = {} }: IecDriverOptions): PasswordComputation | undefined {
  const name = iecSettingsOf(device).passwordComputation;
  const computation = name === undefined || !Object.hasOwn(passwordComputations, name) ? undefined : passwordComputations[name];
  if (name !== undefined && computation === undefined) {
    const names = Object.keys(passwordComputations).join(", ") || "none is registered";
    throw new UsageError(`${device.meterId}: no password computation is called ${name}`, {
      code: "bad-settings",
      advice: `known: ${names}`,
    });
  }
  return computation;
}

async function open(link: MeterLink, request: SessionRequest, options: IecDriverOptions): Promise<MeterSession> {
  if (link.kind !== "stream") throw new UsageError("the local port is reached over a stream", { code: "unsupported" });
  const { device, world, timeoutMs } = request;
  try {
    const settings = iecSettingsOf(device);
    const password = await passwordOf(request);
    // After a hand-over the DLMS driver tells its own messages.
    const line = isModeE(device) ? link.connection : traced(link.connection, request, { secret: octetsOf(password) });
    const { isAsleep } = settings;
    const client = new LocalPortClient(line, {
      timers: world.timers,
      timeoutMs: Math.min(timeoutMs, ANSWER_MS_MAX),
      isAsleep,
      ...(link.setBaud === undefined ? {} : { setBaud: link.setBaud }),
    });
    if (isModeE(device)) {
      const connection = await client.handOver(settings.address);
      // Behind the hand-over there is HDLC, whatever the settings of DLMS say.
      const handed = { ...device, settings: { ...device.settings, transport: "hdlc" } };
      return await options.dlms.open({ kind: "stream", connection, description: link.description }, { ...request, device: handed });
    }
    return new IecSession({
      client,
      device,
      settings,
      password: password === undefined ? undefined : howToPass(password, computationOf(device, options)),
      clock: world.clock,
    });
  } catch (error) {
    link.connection.abort();
    throw error;
  }
}

/** The standard gives a meter 1.5 s; gateways take their time, but not more than this. */
const ANSWER_MS_MAX = 5_000;

async function passwordOf({ keys, device }: SessionRequest): Promise<string | undefined> {
  const ref = { owner: device.meterId, purpose: "password" };
  return (await keys.has(ref)) ? new TextDecoder().decode(await keys.secret(ref)) : undefined;
}

function howToPass(password: string, computation: PasswordComputation | undefined): Password {
  if (computation === undefined) return { command: "P1", password };
  return { command: "P2", answer: (operand) => computation(operand, password) };
}

function traced(
  connection: Connection,
  { trace, world }: Pick<SessionRequest | ListenRequest, "trace" | "world">,
  how: Pick<TraceOptions, "cut" | "secret">,
): Connection {
  return trace === undefined ? connection : tracedConnection(connection, { protocol: "iec62056-21", clock: world.clock, trace, ...how });
}

function octetsOf(password: string | undefined): Uint8Array | undefined {
  return password === undefined ? undefined : new TextEncoder().encode(password);
}

function listen(link: MeterLink, request: ListenRequest): void {
  if (link.kind !== "stream") throw new UsageError("mode D is listened to over a stream", { code: "unsupported" });
  const { device, world } = request;
  const { address } = iecSettingsOf(device);
  const medium = mediumSettingOf(device) ?? "electricity";
  listenReadouts(traced(link.connection, request, { cut: cutReadouts() }), world.timers, {
    readout(block) {
      const [problem] = block.problems;
      const serial = block.dataSets.find((dataSet) => /^(?:0-0:)?(?:0\.0\.0|C\.1\.0|96\.1\.0)(?:\*255)?$/.test(dataSet.address))?.values[0]
        ?.value;
      if (address !== "" && serial !== undefined && serial.trim() !== address) {
        const advice = { code: "another-meter", advice: "check the wiring" };
        return request.problem(new PeerError(`${device.meterId}: meter ${serial} speaks here, not ${address}`, advice));
      }
      if (problem !== undefined) return request.problem(problem);
      const atMs = world.clock.nowMs();
      return request.readings({
        intervals: [],
        registers: registersOfReadout(device.meterId, block.dataSets, { atMs, medium }),
        events: [],
      });
    },
    damaged: (error) => request.problem(error),
    closed: (error) => request.ended(error),
  });
}
