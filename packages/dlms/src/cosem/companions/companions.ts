import type { Companion } from "./companion.ts";
import { dsmr } from "./dsmr.ts";
import { idis } from "./idis.ts";
import { india } from "./india.ts";
import { linkyLike } from "./linky.ts";
import { primeT5 } from "./prime-t5.ts";
import { smetsLike } from "./smets.ts";

/** The companion specifications known here. */
export const COMPANIONS: readonly Companion[] = [idis, dsmr, india, primeT5, linkyLike, smetsLike];

/** By its id, e.g. `idis`; `undefined` where there is none. */
export function findCompanion(id: string): Companion | undefined {
  return COMPANIONS.find((companion) => companion.id === id);
}

/** The client of a companion by its role, e.g. `management`. */
export function companionClient(companion: Companion, role: string): Companion["clients"][number] | undefined {
  return companion.clients.find((client) => client.role === role);
}
