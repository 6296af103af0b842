import { accessClasses, data, obisToOctets, parseObis } from "@amity/dlms";
import type { SimulatedMeter } from "../simulated-meter.ts";
import { DONE, configuredObject } from "./configured-object.ts";
import type { MeterObject } from "./meter-object.ts";
import { numberOf } from "./monitored-value.ts";
import { UnderstoodSettings } from "./settings.ts";

const AARE = 0x61;
const MODES = { locked: 0, lockedOnFailedAttempts: 1, unlocked: 2 } as const;
const STATUS = { unlocked: 0, temporarilyLocked: 1, locked: 2 } as const;
const FACTORY = { mode: MODES.unlocked as number, allowed: 5, initialSeconds: 60, steepness: 2, mostSeconds: 3_600 };

/** Ports by the framing on them, with their protection and their setup. */
const PORTS = {
  wrapper: { name: "0-0:44.2.0", setup: "0-0:25.0.0" },
  hdlc: { name: "0-0:44.2.1", setup: "0-0:22.0.0" },
} as const;
export type ProtectedPort = keyof typeof PORTS;

/** Failed attempts at a meter's port since the last good one, and in all; forgotten with the process, as nothing of it is journalled. */
export interface PortAttempts {
  readonly failed: number;
  readonly cumulative: number;
  readonly lockedUntilMs: number;
}

const NONE: PortAttempts = { failed: 0, cumulative: 0, lockedUntilMs: Number.NEGATIVE_INFINITY };

const SETTINGS = new UnderstoodSettings<typeof FACTORY>(
  ([mode, allowed, initial, steepness, most]) => ({
    mode: (mode === undefined ? undefined : numberOf(mode)) ?? FACTORY.mode,
    allowed: (allowed === undefined ? undefined : numberOf(allowed)) ?? FACTORY.allowed,
    initialSeconds: (initial === undefined ? undefined : numberOf(initial)) ?? FACTORY.initialSeconds,
    steepness: (steepness === undefined ? undefined : numberOf(steepness)) ?? FACTORY.steepness,
    mostSeconds: (most === undefined ? undefined : numberOf(most)) ?? FACTORY.mostSeconds,
  }),
  FACTORY,
);

function settingsOf(meter: SimulatedMeter, port: ProtectedPort): typeof FACTORY {
  const { name } = PORTS[port];
  return SETTINGS.of(
    meter,
    [2, 3, 4, 5, 6].map((attributeId) => [name, attributeId] as const),
  );
}

function attemptsOf(meter: SimulatedMeter, port: ProtectedPort): PortAttempts {
  return meter.functionsIfAny?.portAttempts?.get(port) ?? NONE;
}

function setAttempts(meter: SimulatedMeter, port: ProtectedPort, attempts: PortAttempts): void {
  meter.functions.portAttempts = new Map(meter.functions.portAttempts).set(port, attempts);
}

/** Whether a port takes no connections now. */
export function isPortLocked(meter: SimulatedMeter, port: ProtectedPort, nowMs: number): boolean {
  return statusOf(meter, port, nowMs) !== STATUS.unlocked;
}

function statusOf(meter: SimulatedMeter, port: ProtectedPort, nowMs: number): number {
  if (!meter.isConfigured) return STATUS.unlocked;
  const { mode } = settingsOf(meter, port);
  if (mode === MODES.locked) return STATUS.locked;
  const isLocked = mode === MODES.lockedOnFailedAttempts && nowMs < attemptsOf(meter, port).lockedUntilMs;
  return isLocked ? STATUS.temporarilyLocked : STATUS.unlocked;
}

/** Takes note of an attempt that failed: each one beyond those allowed locks the port for longer. */
export function noteFailedAttempt(meter: SimulatedMeter, port: ProtectedPort, nowMs: number): void {
  const { allowed, initialSeconds, steepness, mostSeconds } = settingsOf(meter, port);
  const before = attemptsOf(meter, port);
  const failed = before.failed + 1;
  const beyond = failed - allowed;
  const seconds = beyond <= 0 ? 0 : Math.min(mostSeconds, initialSeconds * steepness ** Math.min(beyond - 1, 32));
  setAttempts(meter, port, { failed, cumulative: before.cumulative + 1, lockedUntilMs: nowMs + seconds * 1000 });
}

/** An accepted association ends a row of failed ones. */
export function noteAnswer(meter: SimulatedMeter, port: ProtectedPort, answer: Uint8Array): void {
  const attempts = attemptsOf(meter, port);
  if (answer[0] === AARE && attempts.failed > 0) setAttempts(meter, port, { ...attempts, failed: 0 });
}

/** Class 124 Communication port protection: of the TCP port 0-0:44.2.0, of the HDLC port 0-0:44.2.1. */
export function portProtectionObjects(): MeterObject[] {
  return [portProtection("wrapper"), portProtection("hdlc")];
}

/** The TCP port cannot be locked for good: a meter that is reached over nothing else would be lost. */
function portProtection(port: ProtectedPort): MeterObject {
  const { name, setup } = PORTS[port];
  const modes: readonly (number | undefined)[] = Object.values(MODES).filter((mode) => mode !== MODES.locked || port !== "wrapper");
  return configuredObject({
    class: accessClasses.communicationPortProtection,
    name,
    values: {
      protectionMode: data.enumerated(FACTORY.mode),
      allowedFailedAttempts: data.longUnsigned(FACTORY.allowed),
      initialLockoutTime: data.doubleLongUnsigned(FACTORY.initialSeconds),
      steepnessFactor: data.unsigned(FACTORY.steepness),
      maxLockoutTime: data.doubleLongUnsigned(FACTORY.mostSeconds),
      portReference: data.octets(obisToOctets(parseObis(setup))),
      protectionStatus: ({ meter, nowMs }) => data.enumerated(statusOf(meter, port, nowMs)),
      failedAttempts: ({ meter }) => data.doubleLongUnsigned(attemptsOf(meter, port).failed),
      cumulativeFailedAttempts: ({ meter }) => data.doubleLongUnsigned(attemptsOf(meter, port).cumulative),
    },
    writable: ["protectionMode", "allowedFailedAttempts", "initialLockoutTime", "steepnessFactor", "maxLockoutTime"],
    judge: (attribute, given) => (attribute === "protectionMode" && !modes.includes(numberOf(given)) ? "other-reason" : undefined),
    methods: {
      /** Failed attempts and the lock; the sum of all attempts stays. */
      reset: (_parameter, { meter }) => {
        setAttempts(meter, port, { ...NONE, cumulative: attemptsOf(meter, port).cumulative });
        return Promise.resolve(DONE);
      },
    },
  });
}
