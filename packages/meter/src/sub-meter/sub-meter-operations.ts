/**
 * Everything that can happen to a gas, water or heat meter beside the passing of time. Its whole state follows from its plan and these, in
 * order: a journal of them is its memory. Times are true civil time (UTC ms).
 */
export type SubMeterOperation = ConditionOperation | ValveOperation | CommandOperation;
export type SubMeterOperationKind = SubMeterOperation["kind"];

/** Shuts the valve, lets the customer open it, or opens it. */
export interface ValveOperation {
  readonly atMs: number;
  readonly kind: "closeValve" | "releaseValve" | "openValve";
  readonly by: "remote" | "manual" | "local";
}

/** A command came by radio: sent again, it is answered and not obeyed again. */
export interface CommandOperation {
  readonly atMs: number;
  readonly kind: "takeCommand";
  /** What tells it from others: its message counter or access number. */
  readonly mark: string;
}

/** Changes the condition of the meter or of what it is built into. */
export type ConditionOperation = { readonly atMs: number } & (
  | {
      /** Water or gas that flows all the time behind the meter, beside what is used: a dripping cistern, a burst pipe. 0 mends it. */
      readonly kind: "leak";
      readonly litresPerHour: number;
    }
  /** Water that runs back into the mains. 0 ends it. */
  | { readonly kind: "backflow"; readonly litresPerHour: number }
  /** The pipe at the meter freezes, or thaws: nothing flows, the water is at 0 °C. */
  | { readonly kind: "freeze" | "thaw" }
  /** The register stands although there is flow, or moves again. */
  | { readonly kind: "jam" | "free" }
  | { readonly kind: "airInPipe" | "airGone" }
  /** Heat: the sensors of supply and return sit in each other's place, or are put right. */
  | { readonly kind: "swapSensors" | "rightSensors" }
  | { readonly kind: "openCover" | "closeCover" }
  /** The battery warns from now on; renewed, it does no more. */
  | { readonly kind: "batteryLow" | "batteryRenewed" }
  /** The radio falls silent, or speaks again. */
  | { readonly kind: "radioOff" | "radioOn" }
  /** The meter ciphers with another key from now on: key number `generation` of `deriveSubMeterKeys`, 0 being the factory's. */
  | { readonly kind: "changeKey"; readonly generation: number }
  /** A new key came by radio, wrapped by the meter's master key (RFC 3394, hex), so that a journal of it tells nobody. */
  | { readonly kind: "takeKey"; readonly wrapped: string }
);
