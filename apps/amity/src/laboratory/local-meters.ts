import { telegramOfLine } from "@amity/concentrator";
import { latin1Text, toHex } from "@amity/bytes";
import { serveDlms, serveHdlcLink, type CosemDevice } from "@amity/dlms";
import { serveHan, serveP1, type P1Form, type ServeHanOptions, type ServeP1Options } from "@amity/dsmr";
import { PasswordLock, serveLocalPort } from "@amity/iec62056-21";
import { serveWiredBus, timeOnAirMs, WiredBus } from "@amity/mbus";
import {
  hanFace,
  localPortFace,
  p1Face,
  smlFace,
  startSubMeterBeacon,
  wiredElectricity,
  wiredSubMeter,
  type LocalPortMode,
  type MeterDevice,
  type MeteredHome,
  type SubMeterDevice,
} from "@amity/meter";
import { serveSml } from "@amity/sml";
import type { Address, Clock, Connection, SerialLine, World } from "@amity/runtime";

/** A peer that does not take what is pushed gets nothing more (octets). */
const BACKLOG_MAX = 64 * 1024;
/** Lines and datagrams take their way to whoever answers, and back (ms): meters listen for so much longer. */
const WAY_MS = 100;
/** Longest line of a telegram in hexadecimal, and some room. */
const LINE_MAX = 2_048;

type ServingParts = Pick<World, "timers" | "random" | "network"> & { readonly clock: Clock };

/** One meter on a bus of M-Bus, with the primary address that it answers to. */
export interface BusMeter {
  readonly primaryAddress: number;
  readonly meter: SubMeterDevice | MeterDevice;
}

/** What accepts connections to a bus that all these meters hang on. */
export function busServer(meters: readonly BusMeter[], { timers, clock }: ServingParts): (connection: Connection) => void {
  const nowMs = (): number => clock.nowMs();
  const bus = new WiredBus(
    meters.map(({ primaryAddress, meter }) =>
      "radio" in meter ? wiredSubMeter(meter, { primaryAddress, nowMs }) : wiredElectricity(meter, { primaryAddress, nowMs }),
    ),
  );
  return (connection) => serveWiredBus(connection, bus, { timers, ...patienceWith(connection) });
}

/** Meters by radio, as a gateway hands them on. */
export interface RadioServer {
  /** Each telegram goes to every connection as one line of hexadecimal digits; lines that come are put on air. */
  readonly accept: (connection: Connection) => void;
  stop(): void;
}

/**
 * Starts the radios of sub-meters; telegrams go to connections as lines, and as datagrams (one telegram each, octets as on air) to `to`.
 * Lines and datagrams that come back are put on air.
 */
export async function radioServer(meters: readonly SubMeterDevice[], parts: ServingParts, to: Address | undefined): Promise<RadioServer> {
  const connections = new Set<Connection>();
  const socket =
    to === undefined ? undefined : await parts.network.datagram({ host: sideOf(to.host), port: 0 }, (octets) => putOnAir(octets));
  const putOnAir = (octets: Uint8Array): void => {
    for (const beacon of beacons) beacon.receive(octets);
  };
  const carry = (octets: Uint8Array): void => {
    const line = new TextEncoder().encode(`${toHex(octets).toUpperCase()}\n`);
    for (const connection of connections) if (connection.backlog < BACKLOG_MAX) connection.send(line);
    if (to !== undefined) socket?.send(octets, to);
  };
  const beacons = meters.map((device) => {
    const { mode } = device.meter.plan.radio;
    const transmit = (octets: Uint8Array): { onAirMs: number } => {
      carry(octets);
      return { onAirMs: timeOnAirMs(mode, octets.length) };
    };
    return startSubMeterBeacon(device, { clock: parts.clock, timers: parts.timers, radio: { transmit }, guardMs: WAY_MS });
  });
  return {
    accept(connection) {
      connections.add(connection);
      let held = "";
      connection.bind({
        data(chunk) {
          const lines = (held + latin1Text(chunk)).split("\n");
          held = (lines.pop() ?? "").slice(-LINE_MAX);
          for (const line of lines) {
            const octets = telegramOfLine(line);
            if (octets !== undefined) putOnAir(octets);
          }
        },
        closed: () => void connections.delete(connection),
      });
    },
    stop() {
      for (const beacon of beacons) beacon.stop();
      socket?.close();
    },
  };
}

/** The own address for datagrams to a host: what goes to this machine alone is answered from this machine alone. */
function sideOf(host: string): string {
  if (host === "::1") return host;
  if (host === "localhost" || host.startsWith("127.")) return "127.0.0.1";
  return host.includes(":") ? "::" : "0.0.0.0";
}

export interface LocalPortSettings {
  readonly mode: LocalPortMode;
  readonly password: string;
  readonly pushEveryMs: number;
  /** What HDLC finds behind mode E. */
  readonly dlms: CosemDevice & { logicalDevice(serverSap: number): unknown };
}

/** What accepts connections to an electricity meter's local port (IEC 62056-21). */
export function localPortServer(device: MeterDevice, settings: LocalPortSettings, parts: ServingParts): (connection: Connection) => void {
  const face = localPortFace(device, settings);
  const { timers } = parts;
  const lock = new PasswordLock();
  return (connection) =>
    serveLocalPort(connection, face, {
      timers,
      lock,
      ...patienceWith(connection),
      ...("setBaud" in connection ? { setBaud: (baud: number) => (connection as SerialLine).setBaud(baud) } : {}),
      ...(settings.mode === "D" ? { pushEveryMs: settings.pushEveryMs } : {}),
      handOver: (line) =>
        void serveDlms(
          serveHdlcLink(line, timers, {
            answersAt: (serverSap) => settings.dlms.logicalDevice(serverSap) !== undefined,
            ...patienceWith(connection),
          }),
          settings.dlms,
          parts,
        ),
    });
}

/** What accepts connections to an electricity meter that speaks SML; it pushes where told how often, and answers. */
export function smlServer(
  device: MeterDevice,
  pushEveryMs: number | undefined,
  { timers }: ServingParts,
): (connection: Connection) => void {
  const face = smlFace(device);
  return (connection) =>
    serveSml(connection, face, { timers, ...patienceWith(connection), ...(pushEveryMs === undefined ? {} : { pushEveryMs }) });
}

/** A TCP connection that brings only rubbish is ended; a serial line has nobody who would connect again. */
function patienceWith(connection: Connection): { readonly rubbishOctetsMax?: number } {
  return "setBaud" in connection ? { rubbishOctetsMax: Number.POSITIVE_INFINITY } : {};
}

export interface P1Settings {
  readonly form: P1Form;
  readonly everyMs: number;
  readonly cipher?: ServeP1Options["cipher"];
}

/** What accepts connections to the HAN port of a home's electricity meter. */
export function hanServer(
  home: MeteredHome,
  settings: Omit<ServeHanOptions, "timers">,
  { timers }: ServingParts,
): (connection: Connection) => void {
  return (connection) => serveHan(connection, () => hanFace(home), { ...settings, timers });
}

/** What accepts connections to the P1 port of a home's electricity meter. */
export function p1Server(
  home: MeteredHome,
  { form, everyMs, cipher }: P1Settings,
  { timers }: ServingParts,
): (connection: Connection) => void {
  const options: ServeP1Options = { timers, everyMs, ...(cipher === undefined ? {} : { cipher }) };
  return (connection) => serveP1(connection, () => p1Face(home, form), options);
}
