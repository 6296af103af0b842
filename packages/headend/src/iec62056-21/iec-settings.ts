import { UsageError } from "@amity/bytes";
import type { Device } from "../registry.ts";

/** Settings of a meter at the local port. */
export interface IecSettings {
  /** Device address; empty: whoever is there. */
  readonly address: string;
  readonly profile: string | undefined;
  readonly profileCommand: "R5" | "R6";
  readonly captureMs: number;
  readonly clockCommand: "W1" | "W2" | "W5" | undefined;
  /** Log of events, read with R5. */
  readonly eventLog: string | undefined;
  /** A meter on a battery is woken before it is called. */
  readonly isAsleep: boolean;
  /** The computation that P2 takes in place of the password in clear. */
  readonly passwordComputation: string | undefined;
}

const QUARTER_MS = 900_000;

/** @throws UsageError `bad-settings`. */
export function iecSettingsOf({ meterId, settings }: Device): IecSettings {
  const { address = "", profile, profileCommand = "R5", captureSeconds, clockCommand, mode } = settings;
  const { eventLog, wakeUp = false, passwordComputation } = settings;
  const bad = (what: string): UsageError => new UsageError(`${meterId}: setting ${what}`, { code: "bad-settings" });
  if (!/^[0-9A-Za-z ]{0,32}$/.test(String(address))) throw bad("address is up to 32 letters and digits");
  if (profile !== undefined && (typeof profile !== "string" || !/^P\.\d{1,2}$/.test(profile))) throw bad("profile is P.01, P.02 ...");
  if (profileCommand !== "R5" && profileCommand !== "R6") throw bad("profileCommand is R5 or R6");
  if (clockCommand !== undefined && clockCommand !== "W1" && clockCommand !== "W2" && clockCommand !== "W5")
    throw bad("clockCommand is W1, W2 or W5");
  if (mode !== undefined && (typeof mode !== "string" || !/^[A-E]$/.test(mode))) throw bad("mode is A, B, C, D or E");
  if (eventLog !== undefined && (typeof eventLog !== "string" || !/^P\.\d{2,3}$/.test(eventLog))) throw bad("eventLog is P.98, P.99 ...");
  if (typeof wakeUp !== "boolean") throw bad("wakeUp is true or false");
  if (passwordComputation !== undefined && typeof passwordComputation !== "string") throw bad("passwordComputation is a name");
  const captureMs = typeof captureSeconds === "number" ? captureSeconds * 1000 : QUARTER_MS;
  return { address: String(address), profile, profileCommand, captureMs, clockCommand, eventLog, isAsleep: wakeUp, passwordComputation };
}
