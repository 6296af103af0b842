import { equalInConstantTime } from "@amity/crypto";
import {
  formatDataSet,
  formatLogEntry,
  formatProfileBlock,
  parseProfileTime,
  toOctets,
  type AccessLevel,
  type Command,
  type CommandResult,
  type Identification,
  type LocalPortDevice,
  type ProfileTime,
} from "@amity/iec62056-21";
import type { MeterDevice } from "../dlms/meter-device.ts";
import { localPortSettings } from "../dlms/port-setup.ts";
import type { LoggedEvent } from "../metrology/event-log.ts";
import { EVENT_CODES, type EventLogName } from "../metrology/operations.ts";
import type { SimulatedMeter } from "../simulated-meter.ts";

/** How the meter offers itself (IEC 62056-21, clause 6.4.5): D pushes unasked, E may hand over to HDLC. */
export type LocalPortMode = "A" | "B" | "C" | "D" | "E";
export const LOCAL_PORT_MODES: readonly LocalPortMode[] = ["A", "B", "C", "D", "E"];

export interface LocalPortFaceOptions {
  readonly mode: LocalPortMode;
  /** Opens writing; sent in clear with P1. A password set by DLMS (IEC local port setup) takes its place. */
  readonly password: string;
  /** What P2 has to bring: made of the operand and the password. Absent: P2 is refused. */
  readonly computation?: (operand: string, password: string) => string;
}

interface Value {
  readonly address: string;
  readonly value: string;
  readonly unit?: string;
}

const IDENTIFICATIONS: Readonly<Record<LocalPortMode, Pick<Identification, "baudCharacter" | "capabilities">>> = {
  // No rate character of mode B or C: data follow at once.
  A: { baudCharacter: "Z", capabilities: [] },
  B: { baudCharacter: "E", capabilities: [] },
  C: { baudCharacter: "5", capabilities: [] },
  D: { baudCharacter: "3", capabilities: [] },
  E: { baudCharacter: "5", capabilities: ["2"] },
};
const PROFILE_CHANNELS = [
  { code: "1-0:1.29.0", unit: "kWh" },
  { code: "1-0:2.29.0", unit: "kWh" },
];
/** Rows of one answer: 62 days of quarter-hours. */
const PROFILE_ROWS_MAX = 62 * 96;

/** An electricity meter at its local port (IEC 62056-21): readout, registers by R1, load profile P.01 and logs P.98 and P.99 by R5 or R6, clock by W1 after the password. */
export function localPortFace(device: MeterDevice, { mode, password, computation }: LocalPortFaceOptions): LocalPortDevice {
  const { meter } = device;
  const { type } = meter.surroundings;
  return {
    identification: { manufacturer: type.manufacturer, ...IDENTIFICATIONS[mode], identifier: `AMITY-${type.model}` },
    get address() {
      return localPortSettings(meter).address ?? String(meter.plan.serial);
    },
    readout: () => `${valuesOf(meter, device.advance()).map(formatted).join("\r\n")}\r\n`,
    // The computation of P2 is a secret of each maker: whoever has one gives it, and gets another number each time.
    operand: () => (computation === undefined ? "" : String(device.advance() % 1e8).padStart(8, "0")),
    authenticate(command, answer, operand) {
      const set = localPortSettings(meter);
      const expected = command === "P1" ? (set.password1 ?? password) : computation?.(operand, set.password2 ?? password);
      return expected !== undefined && equalInConstantTime(toOctets(answer), toOctets(expected)) ? 1 : undefined;
    },
    execute: (command, level) => execute(device, command, level),
  };
}

function execute(device: MeterDevice, { name, data = "" }: Command, level: AccessLevel): CommandResult {
  const [, address = "", content = ""] = /^([^(]*)\(([^()]*)\)/.exec(data) ?? [];
  const plain = address.replace(/\*255$/, "");
  const nowMs = device.advance();
  switch (name) {
    case "R1":
    case "R2": {
      const found = valuesOf(device.meter, nowMs).find((value) => value.address === plain || value.address.endsWith(`:${plain}`));
      return found === undefined ? UNKNOWN : { kind: "data", text: formatted(found) };
    }
    case "R5":
    case "R6":
      return readProfile(device.meter, plain, content, nowMs);
    case "W1":
    case "W5":
      if (level === 0) return { kind: "error", text: "ERR3" };
      return setClock(device, plain, content, nowMs);
    default:
      return UNKNOWN;
  }
}

const UNKNOWN: CommandResult = { kind: "error", text: "ERR1" };

function valuesOf(meter: SimulatedMeter, nowMs: number): Value[] {
  const registers = meter.registersAt(nowMs);
  const { importW, exportW, phases, frequencyMilliHertz } = meter.momentaryAt(nowMs);
  const digits = clockDigits(meter, nowMs);
  return [
    { address: "F.F", value: "00000000" },
    { address: "0.0.0", value: String(meter.plan.serial) },
    { address: "C.1.0", value: String(meter.plan.serial) },
    { address: "0.9.1", value: digits.slice(6) },
    { address: "0.9.2", value: digits.slice(0, 6) },
    ...["1.8.0", "2.8.0", "3.8.0", "4.8.0"].map((address, register) => ({
      address,
      value: decimal(registers[register] ?? 0, 3, 10),
      unit: register < 2 ? "kWh" : "kvarh",
    })),
    { address: "1.7.0", value: decimal(importW, 3, 6), unit: "kW" },
    { address: "2.7.0", value: decimal(exportW, 3, 6), unit: "kW" },
    ...phases.flatMap(({ deciVolts, centiAmperes }, phase) => [
      { address: `${32 + 20 * phase}.7.0`, value: decimal(deciVolts, 1, 5), unit: "V" },
      { address: `${31 + 20 * phase}.7.0`, value: decimal(centiAmperes, 2, 6), unit: "A" },
    ]),
    { address: "14.7.0", value: decimal(frequencyMilliHertz, 3, 6), unit: "Hz" },
    { address: "C.7.0", value: String(meter.powerFailures).padStart(4, "0") },
  ];
}

function formatted({ address, value, unit }: Value): string {
  return formatDataSet({ address, values: [unit === undefined ? { value } : { value, unit }] });
}

/** `P.01(from;to)`, either end may be left open; `P.98` and `P.99` are logs. */
function readProfile(meter: SimulatedMeter, profile: string, bounds: string, nowMs: number): CommandResult {
  const [from = "", to = ""] = bounds.split(";");
  const [fromMs, toMs] = [boundOf(meter, from, Number.NEGATIVE_INFINITY), boundOf(meter, to, Number.POSITIVE_INFINITY)];
  if (fromMs === undefined || toMs === undefined) return { kind: "error", text: "ERR4" };
  const log = LOGS[profile];
  if (log !== undefined) return readLog(meter, profile, meter.log(log).entries, { fromMs, toMs });
  return profile === "P.01" ? readLoadProfile(meter, { fromMs, toMs }, nowMs) : UNKNOWN;
}

interface Bounds {
  readonly fromMs: number;
  readonly toMs: number;
}

const LOGS: Readonly<Record<string, EventLogName>> = { "P.98": "standard", "P.99": "fraud" };
/** Events that the status word has a bit for; the others go as a code in C.11.0. */
const STATUS_OF_CODE: Readonly<Record<number, number>> = {
  [EVENT_CODES.powerDown]: 0x80,
  [EVENT_CODES.powerUp]: 0x40,
  [EVENT_CODES.clockNew]: 0x20,
  [EVENT_CODES.billingReset]: 0x10,
  [EVENT_CODES.clockInvalid]: 0x02,
  [EVENT_CODES.parametersChanged]: 0x100,
  [EVENT_CODES.profileCleared]: 0x4000,
  [EVENT_CODES.logCleared]: 0x2000,
};

function readLog(meter: SimulatedMeter, log: string, entries: readonly LoggedEvent[], { fromMs, toMs }: Bounds): CommandResult {
  const lines = entries
    .filter(({ clockMs }) => fromMs <= clockMs && clockMs <= toMs)
    .map(({ clockMs, code }) => {
      const status = STATUS_OF_CODE[code];
      const elements = status === undefined ? [{ code: "C.11.0", value: String(code) }] : [];
      return formatLogEntry({ log, time: timeOf(meter, clockMs), status: status ?? 0, elements });
    });
  return { kind: "data", text: lines.length === 0 ? `${log}(ERR2)` : lines.join("") };
}

function readLoadProfile(meter: SimulatedMeter, { fromMs, toMs }: Bounds, nowMs: number): CommandResult {
  const { periodSeconds } = meter.surroundings.type.loadProfile;
  const grid = meter.surroundings.grids.load;
  const text = meter.rows("load", nowMs).flatMap((span) => {
    const first = Math.max(span.first, Number.isFinite(fromMs) ? grid.indexFrom(fromMs) : span.first, span.end - PROFILE_ROWS_MAX);
    const end = Math.min(span.end, Number.isFinite(toMs) ? grid.indexFrom(toMs + 1) : span.end);
    if (end <= first) return [];
    const rows = Array.from({ length: end - first }, (_, index) => {
      const clockMs = grid.instantOf(first + index);
      const after = meter.registersAt(meter.capturedAt(span, clockMs));
      const before = meter.registersAt(meter.capturedAt(span, clockMs - periodSeconds * 1_000));
      return [0, 1].map((register) => decimal((after[register] ?? 0) - (before[register] ?? 0), 3, 6));
    });
    const status = span.run.isClockInvalid ? "02" : "00";
    return [
      formatProfileBlock({
        profile: "P.01",
        start: timeOf(meter, grid.instantOf(first)),
        status,
        intervalMinutes: periodSeconds / 60,
        channels: PROFILE_CHANNELS,
        rows,
      }),
    ];
  });
  return { kind: "data", text: text.length === 0 ? "P.01(ERR2)" : text.join("") };
}

/** The meter's standard time: profiles stay in one season throughout. */
function timeOf(meter: SimulatedMeter, clockMs: number): ProfileTime {
  const local = new Date(clockMs + standardOffsetMs(meter));
  return {
    season: "normal",
    year: local.getUTCFullYear(),
    month: local.getUTCMonth() + 1,
    day: local.getUTCDate(),
    hour: local.getUTCHours(),
    minute: local.getUTCMinutes(),
    second: local.getUTCSeconds(),
  };
}

function boundOf(meter: SimulatedMeter, digits: string, open: number): number | undefined {
  if (digits === "") return open;
  const time = parseProfileTime(digits);
  if (time === undefined) return undefined;
  const localMs = Date.UTC(time.year, time.month - 1, time.day, time.hour, time.minute, time.second);
  const offsetMs = time.season === "utc" ? 0 : standardOffsetMs(meter) + (time.season === "summer" ? 3_600_000 : 0);
  return localMs - offsetMs;
}

/** Date and time as they stand on the display: `YYMMDDhhmmss`. */
function clockDigits(meter: SimulatedMeter, nowMs: number): string {
  const clockMs = meter.clockAt(nowMs);
  const local = new Date(clockMs + meter.surroundings.zone.offsetMsAt(clockMs));
  return local.toISOString().replaceAll(/[-:T]/g, "").slice(2, 14);
}

/** `0.9.1(hhmmss)` or `0.9.2(YYMMDD)`: the other half stays. */
function setClock(device: MeterDevice, address: string, content: string, nowMs: number): CommandResult {
  const isTime = address.endsWith("0.9.1");
  if ((!isTime && !address.endsWith("0.9.2")) || !/^\d{6}$/.test(content)) return UNKNOWN;
  const { meter } = device;
  const digits = clockDigits(meter, nowMs);
  const [date, time] = isTime ? [digits.slice(0, 6), content] : [content, digits.slice(6)];
  const parts = (date + time).match(/../g)?.map(Number) ?? [];
  const [year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0] = parts;
  if (month < 1 || month > 12 || day < 1 || day > 31 || hour > 23 || minute > 59 || second > 59) return { kind: "error", text: "ERR4" };
  const localMs = Date.UTC(2000 + year, month - 1, day, hour, minute, second);
  const toMs = localMs - meter.surroundings.zone.offsetMsAt(localMs - standardOffsetMs(meter));
  // A failing journal must not change the answer: the clock is set then, and forgotten with the process.
  void device.perform({ kind: "setClock", atMs: nowMs, toMs }).catch(() => {});
  return { kind: "done" };
}

function standardOffsetMs({ surroundings }: SimulatedMeter): number {
  return surroundings.site.options.standardOffsetMinutes * 60_000;
}

/** An integer of 10^-`decimals` as the display has it: `width` characters with the point. */
function decimal(value: number, decimals: number, width: number): string {
  return (value / 10 ** decimals).toFixed(decimals).padStart(width, "0");
}
