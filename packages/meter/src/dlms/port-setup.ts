import { fromHex, latin1Text } from "@amity/bytes";
import { DEFAULT_PARAMETERS, decodeData, type HdlcParameters, type HdlcServerOptions } from "@amity/dlms";
import type { SimulatedMeter } from "../simulated-meter.ts";
import { numberOf } from "./monitored-value.ts";

/** Setup objects of the ports over which the meter is reached. */
export const PORT_SETUPS = { local: "0-0:20.0.0", hdlc: "0-0:22.0.0", tcp: "0-0:25.0.0" } as const;
export const INACTIVITY_SECONDS = 120;
/** Connections that a meter takes at once. */
export const TCP_CONNECTIONS = 64;

/** Attributes of IEC HDLC setup (class 23), of TCP-UDP setup (41), of IEC local port setup (19). */
const HDLC = {
  transmitWindow: 3,
  receiveWindow: 4,
  transmitOctets: 5,
  receiveOctets: 6,
  interOctetMs: 7,
  inactivity: 8,
  address: 9,
} as const;
const TCP = { connections: 5, inactivity: 6 } as const;
const LOCAL = { address: 6, password1: 7, password2: 8 } as const;
/** Where 0 stands for never: longer than a connection lasts. */
const NEVER_MS = 0x7fff_ffff;

/** What a number was set to. */
function numberAt(meter: SimulatedMeter, object: string, attributeId: number): number | undefined {
  const hex = meter.configured(object, attributeId);
  return hex === undefined ? undefined : numberOf(decodeData(fromHex(hex)));
}

/** How HDLC stations of the next connection are, `factory` where nobody set it; a meter whose address nobody set answers to any. */
export function hdlcPort(meter: SimulatedMeter, factory: HdlcParameters = DEFAULT_PARAMETERS): HdlcServerOptions {
  if (!meter.isConfigured) return { parameters: factory };
  const at = (attributeId: number): number | undefined => numberAt(meter, PORT_SETUPS.hdlc, attributeId);
  const [physicalDevice, inactivity, interOctetMs] = [at(HDLC.address), at(HDLC.inactivity), at(HDLC.interOctetMs)];
  return {
    parameters: {
      transmitOctets: at(HDLC.transmitOctets) ?? factory.transmitOctets,
      receiveOctets: at(HDLC.receiveOctets) ?? factory.receiveOctets,
      transmitWindow: at(HDLC.transmitWindow) ?? factory.transmitWindow,
      receiveWindow: at(HDLC.receiveWindow) ?? factory.receiveWindow,
    },
    ...(physicalDevice === undefined ? {} : { physicalDevice }),
    ...(inactivity === undefined ? {} : { inactivityTimeoutMs: inactivity === 0 ? NEVER_MS : inactivity * 1000 }),
    ...(interOctetMs === undefined || interOctetMs === 0 ? {} : { interOctetTimeoutMs: interOctetMs }),
  };
}

/** After how long without a request the next connection is closed; 0 never. */
export function inactivityTimeoutMs(meter: SimulatedMeter, transport: "wrapper" | "hdlc"): number {
  const seconds =
    transport === "hdlc" ? numberAt(meter, PORT_SETUPS.hdlc, HDLC.inactivity) : numberAt(meter, PORT_SETUPS.tcp, TCP.inactivity);
  return (seconds ?? INACTIVITY_SECONDS) * 1000;
}

/** How many connections the meter takes at once. */
export function connectionsMax(meter: SimulatedMeter): number {
  return numberAt(meter, PORT_SETUPS.tcp, TCP.connections) ?? TCP_CONNECTIONS;
}

/** Address and passwords of the local port (IEC 62056-21) as far as they were set. */
export function localPortSettings(meter: SimulatedMeter): {
  readonly address: string | undefined;
  readonly password1: string | undefined;
  readonly password2: string | undefined;
} {
  const textAt = (attributeId: number): string | undefined => {
    const hex = meter.configured(PORT_SETUPS.local, attributeId);
    const value = hex === undefined ? undefined : decodeData(fromHex(hex));
    return value?.type === "octet-string" ? latin1Text(value.value) : undefined;
  };
  return { address: textAt(LOCAL.address), password1: textAt(LOCAL.password1), password2: textAt(LOCAL.password2) };
}
