import type { ClockReading } from "../instant.ts";
import type { Companion } from "./companion.ts";
import { dsmr } from "./dsmr.ts";
import { idis } from "./idis.ts";
import { india } from "./india.ts";
import { italyGas } from "./italy-gas.ts";
import { linkyLike } from "./linky.ts";
import { primeT5 } from "./prime-t5.ts";
import { saudi } from "./saudi.ts";
import { smetsLike } from "./smets.ts";

/** The companion specifications known here. */
export const COMPANIONS: readonly Companion[] = [idis, dsmr, india, primeT5, linkyLike, smetsLike, italyGas, saudi];

/** By its id, e.g. `idis`; `undefined` where there is none. */
export function findCompanion(id: string): Companion | undefined {
  return COMPANIONS.find((companion) => companion.id === id);
}

/** What a companion calls an object, a profile (by its purpose) or an event log: its logical name. */
export function companionObject(companion: Companion, word: string): string | undefined {
  const known: Readonly<Record<string, string | undefined>> = companion.objects;
  if (Object.hasOwn(known, word)) return known[word];
  const profile = companion.profiles.find(({ purpose }) => purpose === word || `${purpose}-profile` === word);
  const log = companion.eventLogs.find(({ purpose }) => `${purpose.replaceAll(" ", "-")}-event-log` === word);
  return profile?.logicalName ?? log?.logicalName;
}

/** How a companion's meters mean their stamps: its quirks, and its zone for stamps without a deviation. */
export function companionClock({ quirks }: Companion): ClockReading {
  const { standardDeviationMinutes } = quirks;
  if (standardDeviationMinutes === undefined) return { ...quirks.clock };
  return {
    ...quirks.clock,
    localToUtc: (localMs, isDaylightSaving) => localMs + (standardDeviationMinutes - (isDaylightSaving === true ? 60 : 0)) * 60_000,
  };
}

/** The client of a companion by its role, e.g. `management`. */
export function companionClient(companion: Companion, role: string): Companion["clients"][number] | undefined {
  return companion.clients.find((client) => client.role === role);
}
