import { latin1Text } from "@amity/bytes";
import { parseObis, portClasses, type DlmsData, type InterfaceClass } from "@amity/dlms";
import type { SimulatedMeter } from "../simulated-meter.ts";
import type { CapturedAttribute } from "./captured-value.ts";
import { readDateTime, type TimeBase } from "./civil-time.ts";
import { pushProtectionOf, type PushProtection } from "./push-protection.ts";
import { PUSH_SETUPS } from "./scripts.ts";
import { UnderstoodSettings } from "./settings.ts";

const { pushSetup, pushSetup1, pushSetup2 } = portClasses;
/** A date-time of which nothing is said. */
export const NO_TIME: Uint8Array = Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x80, 0, 0xff);
export const PUSH_CLIENT = 64;
export const PUSH_RETRIES = 3;
export const PUSH_DELAY_SECONDS = 60;
/** repetition_delay_exponent counts in hundredths: 100 keeps the delay as it is. */
export const CONSTANT_DELAY = 100;

/** How long to wait before each repetition. */
export interface RepetitionDelay {
  readonly leastMs: number;
  /** Each delay is this much longer than the one before. */
  readonly factor: number;
  readonly mostMs: number;
}

/** How a push setup is set. */
export interface PushSettings {
  readonly objects: readonly CapturedAttribute[];
  readonly transport: string;
  /** `host:port`; empty: wherever the meter's network takes it. */
  readonly destination: string;
  /** From and to, as the meter's clock reads them; none: always. */
  readonly windows: readonly (readonly [from: Uint8Array, to: Uint8Array])[];
  readonly randomisationMs: number;
  readonly retries: number;
  readonly repetition: RepetitionDelay;
  readonly clientSap: number;
  readonly protection: PushProtection;
  /** Its pushes are to be confirmed by their receiver: those that are count as delivered once they were. */
  readonly isConfirmed: boolean;
  /** When the meter wants them confirmed. */
  readonly confirmation: ConfirmationPlan;
}

/** confirmation_parameters of class 40 from version 2 on. */
export interface ConfirmationPlan {
  /** Date-time: no confirmation is asked for before; without a date there is no before. */
  readonly start: Uint8Array;
  /** One confirmation in each such time from the start on does; 0: every push asks for one. */
  readonly intervalMs: number;
}

/** Whether the next push of a setup asks for its confirmation: not before the start, and not again in an interval that has one. By the meter's clock. */
export function asksForConfirmation(
  { isConfirmed, confirmation: { start, intervalMs } }: Pick<PushSettings, "isConfirmed" | "confirmation">,
  { clockMs, confirmedMs, base }: { readonly clockMs: number; readonly confirmedMs: number | undefined; readonly base: TimeBase },
): boolean {
  if (!isConfirmed) return false;
  const startMs = readDateTime(start, base) ?? 0;
  if (clockMs < startMs) return false;
  if (intervalMs === 0 || confirmedMs === undefined) return true;
  return confirmedMs < startMs + Math.floor((clockMs - startMs) / intervalMs) * intervalMs;
}

/** Class 40 in the version that a meter has. */
export function pushClassOf(version: 1 | 2 | 3): InterfaceClass {
  return version === 1 ? pushSetup1 : version === 2 ? pushSetup2 : pushSetup;
}

export function pushSetupName(setup: number): string {
  return `0-${setup}:25.9.0`;
}

/** How push setup n of a meter is set. */
export function pushSettings(meter: SimulatedMeter, setup: number): PushSettings {
  const version = meter.surroundings.type.pushSetupVersion;
  const name = pushSetupName(setup);
  const key = setup * 4 + version;
  let understood = UNDERSTOOD.get(key);
  if (understood === undefined) UNDERSTOOD.set(key, (understood = settingsOf(setup, version)));
  return understood.of(
    meter,
    SETTINGS.map((attributeId) => [name, attributeId] as const),
  );
}

/** List, destination, windows, start, retries, delay, client, protection, method, confirmation. */
const SETTINGS = [2, 3, 4, 5, 6, 7, 9, 10, 11, 12] as const;
const UNDERSTOOD = new Map<number, UnderstoodSettings<PushSettings>>();

function settingsOf(setup: number, version: 1 | 2 | 3): UnderstoodSettings<PushSettings> {
  const { attributes } = pushSetup1;
  const factory: PushSettings = {
    objects: factoryObjects(setup),
    transport: "tcp",
    destination: "",
    windows: [],
    randomisationMs: 0,
    retries: PUSH_RETRIES,
    repetition: { leastMs: PUSH_DELAY_SECONDS * 1_000, factor: 1, mostMs: PUSH_DELAY_SECONDS * 1_000 },
    clientSap: PUSH_CLIENT,
    protection: { layers: [], recipientTitle: undefined },
    isConfirmed: false,
    confirmation: { start: NO_TIME, intervalMs: 0 },
  };
  return new UnderstoodSettings(
    ([objects, sending, windows, randomisation, retries, delay, clientSap, protection, method, confirmation]) => {
      const sent = sending === undefined ? undefined : attributes.sendDestinationAndMethod.decode(sending);
      return {
        ...factory,
        ...(objects === undefined ? {} : { objects: objectsOf(version, objects) }),
        ...(sent === undefined ? {} : { transport: sent.transportService, destination: latin1Text(sent.destination) }),
        ...(windows === undefined ? {} : { windows: windowsOf(windows) }),
        ...(randomisation === undefined ? {} : { randomisationMs: attributes.randomisationStartInterval.decode(randomisation) * 1000 }),
        ...(retries === undefined ? {} : { retries: attributes.numberOfRetries.decode(retries) }),
        ...(delay === undefined ? {} : { repetition: repetitionOf(version, delay) }),
        ...(clientSap === undefined ? {} : { clientSap: attributes.pushClientSap.decode(clientSap) }),
        ...(protection === undefined ? {} : { protection: pushProtectionOf(protection) }),
        ...(method === undefined ? {} : { isConfirmed: isConfirmedMethod(method) }),
        ...(confirmation === undefined ? {} : { confirmation: confirmationOf(confirmation) }),
      };
    },
    factory,
  );
}

function objectsOf(version: 1 | 2 | 3, list: DlmsData): readonly CapturedAttribute[] {
  if (version === 1) return pushSetup1.attributes.pushObjectList.decode(list);
  return (version === 2 ? pushSetup2 : pushSetup).attributes.pushObjectList.decode(list);
}

/** Seconds, the same each time, in version 1; from version 2 on the least, how it grows, and the most. */
function repetitionOf(version: 1 | 2 | 3, delay: DlmsData): RepetitionDelay {
  if (version === 1) {
    const ms = pushSetup1.attributes.repetitionDelay.decode(delay) * 1000;
    return { leastMs: ms, factor: 1, mostMs: ms };
  }
  const { repetitionDelayMin, repetitionDelayExponent, repetitionDelayMax } = pushSetup2.attributes.repetitionDelay.decode(delay);
  return {
    leastMs: repetitionDelayMin * 1000,
    factor: Math.max(1, repetitionDelayExponent / CONSTANT_DELAY),
    mostMs: repetitionDelayMax * 1000,
  };
}

/** How long to wait before a repetition, counted from 0. */
export function repetitionDelayMs({ leastMs, factor, mostMs }: RepetitionDelay, repetition: number): number {
  return Math.max(leastMs, Math.min(mostMs, leastMs * factor ** repetition));
}

function isConfirmedMethod(method: DlmsData): boolean {
  return pushSetup2.attributes.pushOperationMethod.decode(method) === "confirmed-retry-on-missing";
}

function confirmationOf(value: DlmsData): ConfirmationPlan {
  const { confirmationInterval } = pushSetup2.attributes.confirmationParameters.decode(value);
  const [start] = value.type === "structure" ? value.value : [];
  return { start: start?.type === "octet-string" ? start.value : NO_TIME, intervalMs: confirmationInterval * 1_000 };
}

/** Who sends it, from where, when, and what there is to say. */
export function factoryObjects(setup: number): CapturedAttribute[] {
  const one = (classId: number, name: string, attributeIndex = 2): CapturedAttribute => ({
    classId,
    logicalName: parseObis(name),
    attributeIndex,
    dataIndex: 0,
  });
  const head = [one(40, pushSetupName(setup), 1), one(1, "0-0:42.0.0"), one(8, "0-0:1.0.0")];
  switch (setup) {
    case PUSH_SETUPS.alarm:
      return [...head, one(1, "0-0:97.98.20")];
    case PUSH_SETUPS.installation:
      return [...head, one(1, "0-0:96.1.0"), one(1, "1-0:0.2.0")];
    case PUSH_SETUPS.connectivity:
      return head;
    default:
      return [...head, one(3, "1-0:1.8.0"), one(3, "1-0:2.8.0")];
  }
}

/** `host:port`, an IPv6 address in brackets. */
export function addressOf(destination: string): { readonly host: string; readonly port: number } | undefined {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([A-Za-z0-9.-]+)):(\d{1,5})$/.exec(destination);
  const port = Number(match?.[3]);
  const host = match?.[1] ?? match?.[2];
  return host === undefined || !(port >= 1 && port <= 65_535) ? undefined : { host, port };
}

function windowsOf(value: DlmsData): (readonly [Uint8Array, Uint8Array])[] {
  const windows = value.type === "array" ? value.value : [];
  return windows.flatMap((window) => {
    const [from, to] = window.type === "structure" ? window.value : [];
    return from?.type === "octet-string" && to?.type === "octet-string" ? [[from.value, to.value] as const] : [];
  });
}
