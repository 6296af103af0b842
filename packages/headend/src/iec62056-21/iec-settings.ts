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
  const { address = "", profileCommand = "R5", captureSeconds, clockCommand, wakeUp = false } = settings;
  const bad = (what: string): UsageError => new UsageError(`${meterId}: setting ${what}`, { code: "bad-settings" });
  const optional = (name: string, form: RegExp, what: string): string | undefined => {
    const value = settings[name];
    if (value !== undefined && (typeof value !== "string" || !form.test(value))) throw bad(`${name} is ${what}`);
    return value;
  };
  if (!/^[0-9A-Za-z ]{0,32}$/.test(String(address))) throw bad("address is up to 32 letters and digits");
  if (profileCommand !== "R5" && profileCommand !== "R6") throw bad("profileCommand is R5 or R6");
  if (clockCommand !== undefined && clockCommand !== "W1" && clockCommand !== "W2" && clockCommand !== "W5")
    throw bad("clockCommand is W1, W2 or W5");
  if (typeof wakeUp !== "boolean") throw bad("wakeUp is true or false");
  optional("mode", /^[A-E]$/, "A, B, C, D or E");
  return {
    address: String(address),
    profile: optional("profile", /^P\.\d{1,2}$/, "P.01, P.02 ..."),
    profileCommand,
    captureMs: typeof captureSeconds === "number" ? captureSeconds * 1000 : QUARTER_MS,
    clockCommand,
    eventLog: optional("eventLog", /^P\.\d{2,3}$/, "P.98, P.99 ..."),
    isAsleep: wakeUp,
    passwordComputation: optional("passwordComputation", /./, "a name"),
  };
}
