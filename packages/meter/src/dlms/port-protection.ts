import { accessClasses, data, obisToOctets, parseObis } from "@amity/dlms";
import type { SimulatedMeter } from "../simulated-meter.ts";
import { DONE, configuredObject } from "./configured-object.ts";
import type { MeterObject } from "./meter-object.ts";
import { numberOf } from "./monitored-value.ts";
import { UnderstoodSettings } from "./settings.ts";

const NAME = "0-0:44.2.0";
const AARE = 0x61;
const MODES = { lockedOnFailedAttempts: 1, unlocked: 2 } as const;
const STATUS = { unlocked: 0, temporarilyLocked: 1 } as const;
const FACTORY = { mode: MODES.unlocked as number, allowed: 5, initialSeconds: 60, steepness: 2, mostSeconds: 3_600 };

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

function settingsOf(meter: SimulatedMeter): typeof FACTORY {
  return SETTINGS.of(
    meter,
    [2, 3, 4, 5, 6].map((attributeId) => [NAME, attributeId] as const),
  );
}

/** Whether the port takes no connections now. */
export function isPortLocked(meter: SimulatedMeter, nowMs: number): boolean {
  const attempts = meter.functionsIfAny?.portAttempts;
  return attempts !== undefined && settingsOf(meter).mode === MODES.lockedOnFailedAttempts && nowMs < attempts.lockedUntilMs;
}

/** Takes note of an attempt that failed: each one beyond those allowed locks the port for longer. */
export function noteFailedAttempt(meter: SimulatedMeter, nowMs: number): void {
  const { allowed, initialSeconds, steepness, mostSeconds } = settingsOf(meter);
  const before = meter.functions.portAttempts ?? NONE;
  const failed = before.failed + 1;
  const beyond = failed - allowed;
  const seconds = beyond <= 0 ? 0 : Math.min(mostSeconds, initialSeconds * steepness ** Math.min(beyond - 1, 32));
  meter.functions.portAttempts = { failed, cumulative: before.cumulative + 1, lockedUntilMs: nowMs + seconds * 1000 };
}

/** An accepted association ends a row of failed ones. */
export function noteAnswer(meter: SimulatedMeter, answer: Uint8Array): void {
  const attempts = meter.functionsIfAny?.portAttempts;
  if (answer[0] === AARE && attempts !== undefined && attempts.failed > 0) meter.functions.portAttempts = { ...attempts, failed: 0 };
}

/** Class 124 Communication port protection, 0-0:44.2.0. The port cannot be locked for good: it is the only one. */
export function portProtectionObject(): MeterObject {
  return configuredObject({
    class: accessClasses.communicationPortProtection,
    name: NAME,
    values: {
      protectionMode: data.enumerated(FACTORY.mode),
      allowedFailedAttempts: data.longUnsigned(FACTORY.allowed),
      initialLockoutTime: data.doubleLongUnsigned(FACTORY.initialSeconds),
      steepnessFactor: data.unsigned(FACTORY.steepness),
      maxLockoutTime: data.doubleLongUnsigned(FACTORY.mostSeconds),
      portReference: data.octets(obisToOctets(parseObis("0-0:25.0.0"))),
      protectionStatus: ({ meter, nowMs }) => data.enumerated(isPortLocked(meter, nowMs) ? STATUS.temporarilyLocked : STATUS.unlocked),
      failedAttempts: ({ meter }) => data.doubleLongUnsigned(meter.functionsIfAny?.portAttempts?.failed ?? 0),
      cumulativeFailedAttempts: ({ meter }) => data.doubleLongUnsigned(meter.functionsIfAny?.portAttempts?.cumulative ?? 0),
    },
    writable: ["protectionMode", "allowedFailedAttempts", "initialLockoutTime", "steepnessFactor", "maxLockoutTime"],
    judge: (attribute, given) => (attribute === "protectionMode" && !isMode(numberOf(given)) ? "other-reason" : undefined),
    methods: {
      reset: (_parameter, { meter }) => {
        meter.functions.portAttempts = undefined;
        return Promise.resolve(DONE);
      },
    },
  });
}

function isMode(mode: number | undefined): boolean {
  return mode === MODES.lockedOnFailedAttempts || mode === MODES.unlocked;
}
