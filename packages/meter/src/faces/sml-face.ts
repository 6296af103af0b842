import { integer, obisOctets, octetsValue, type SmlDevice, type SmlListEntry, type SmlProfile } from "@amity/sml";
import type { MeterDevice } from "../dlms/meter-device.ts";
import type { SimulatedMeter } from "../simulated-meter.ts";

const UNITS = { wattHour: 30, watt: 27, volt: 35, ampere: 33, hertz: 44 } as const;
const LOAD_PROFILE = obisOctets("1-0:99.1.0*255");
const DEFAULT_LIST = obisOctets("1-0:98.10.255*255");
/** Rows of one answer: a day of quarter-hours and what a change of time adds. */
const PERIODS_MAX = 31 * 96;

/**
 * An electricity meter as an SML device (eHZ, EDL40): its list of registers, powers and voltages, and its load profile `1-0:99.1.0` (import and
 * export, Wh) as a profile pack. The server id is that of DIN 43863-5.
 */
export function smlFace(device: MeterDevice): SmlDevice {
  const { meter } = device;
  const serverId = serverIdOf(meter);
  return {
    serverId,
    list(name) {
      if (name !== undefined && String(name) !== String(DEFAULT_LIST)) return undefined;
      const nowMs = device.advance();
      return { listName: DEFAULT_LIST, sensorTime: stampOf(meter.clockAt(nowMs)), entries: entriesOf(meter, nowMs, serverId) };
    },
    profile(request) {
      const [name] = request.parameterTreePath;
      if (name === undefined || String(name) !== String(LOAD_PROFILE)) return undefined;
      const nowMs = device.advance();
      return profileOf(meter, nowMs, secondsOf(request.beginTime, 0), secondsOf(request.endTime, nowMs / 1_000));
    },
  };
}

/** Ten octets: 0A, medium, three letters, fabrication block, number (DIN 43863-5). */
function serverIdOf({ plan, surroundings }: SimulatedMeter): Uint8Array {
  const out = new Uint8Array(10);
  out.set([0x0a, 0x01, ...new TextEncoder().encode(surroundings.type.manufacturer), 0x00]);
  new DataView(out.buffer).setUint32(6, plan.serial);
  return out;
}

function entriesOf(meter: SimulatedMeter, nowMs: number, serverId: Uint8Array): SmlListEntry[] {
  const [imported = 0, exported = 0] = meter.registersAt(nowMs);
  const { importW, exportW, phases, frequencyMilliHertz } = meter.momentaryAt(nowMs);
  const { type } = meter.surroundings;
  return [
    { ...named("1-0:96.50.1*1"), value: octetsValue(new TextEncoder().encode(type.manufacturer)) },
    { ...named("1-0:96.1.0*255"), value: octetsValue(serverId) },
    quantity("1-0:1.8.0*255", UNITS.wattHour, -1, 10 * imported),
    quantity("1-0:2.8.0*255", UNITS.wattHour, -1, 10 * exported),
    quantity("1-0:16.7.0*255", UNITS.watt, 0, importW - exportW),
    ...phases.flatMap(({ deciVolts, centiAmperes }, phase) => [
      quantity(`1-0:${32 + 20 * phase}.7.0*255`, UNITS.volt, -1, deciVolts),
      quantity(`1-0:${31 + 20 * phase}.7.0*255`, UNITS.ampere, -2, centiAmperes),
    ]),
    quantity("1-0:14.7.0*255", UNITS.hertz, -3, frequencyMilliHertz),
  ];
}

function profileOf(meter: SimulatedMeter, nowMs: number, fromSeconds: number, toSeconds: number): SmlProfile {
  const grid = meter.surroundings.grids.load;
  const stamps = meter.rows("load", nowMs).flatMap((span) => {
    const first = Math.max(span.first, grid.indexFrom(fromSeconds * 1_000));
    const end = Math.min(span.end, grid.indexFrom(toSeconds * 1_000 + 1));
    return Array.from({ length: Math.max(0, end - first) }, (_, index) => ({ span, clockMs: grid.instantOf(first + index) }));
  });
  return {
    actTime: stampOf(meter.clockAt(nowMs)),
    regPeriod: meter.surroundings.type.loadProfile.periodSeconds,
    headerList: ["1-0:1.8.0*255", "1-0:2.8.0*255"].map((name) => ({ objName: obisOctets(name), unit: UNITS.wattHour, scaler: 0 })),
    periodList: stamps.slice(0, PERIODS_MAX).map(({ span, clockMs }) => {
      const [imported = 0, exported = 0] = meter.registersAt(meter.capturedAt(span, clockMs));
      return {
        valTime: stampOf(clockMs),
        status: { value: 0n, width: 1 },
        valueList: [imported, exported].map((value) => ({ value: integer(value, "unsigned"), valueSignature: undefined })),
        periodSignature: undefined,
      };
    }),
  };
}

function named(name: string): Omit<SmlListEntry, "value"> {
  return {
    objName: obisOctets(name),
    status: undefined,
    valTime: undefined,
    unit: undefined,
    scaler: undefined,
    valueSignature: undefined,
  };
}

function quantity(name: string, unit: number, scaler: number, value: number): SmlListEntry {
  return { ...named(name), unit, scaler, value: integer(value) };
}

function stampOf(clockMs: number): { kind: "timestamp"; seconds: number } {
  return { kind: "timestamp", seconds: Math.floor(clockMs / 1_000) };
}

function secondsOf(time: { readonly seconds: number } | undefined, otherwise: number): number {
  return time?.seconds ?? otherwise;
}
