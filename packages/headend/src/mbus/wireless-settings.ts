import { UsageError } from "@amity/bytes";
import { RADIO_MODES, type RadioModeName } from "@amity/mbus";
import type { Device } from "../registry.ts";

/** Radio of a wireless meter by its setting `radio`; those that only send have none of these. */
const RADIOS: Readonly<Record<string, RadioModeName>> = { T2: "T2Up", C2: "C2Up", S2: "S2", N2: "N2" };

/** How a wireless meter can be spoken to. */
export interface WirelessListening {
  readonly mode: RadioModeName;
  /** From the end of its telegram to the beginning of an answer (ms). */
  readonly answerAfterMs: number;
  readonly format: "a" | "b";
  readonly security: 5 | 7;
  readonly hasValve: boolean;
}

/**
 * Whether and how a wireless meter listens, by its settings: `radio` (`T2`, `C2`, `S2`, `N2`; without it the meter is heard only),
 * `security` (mode 5 or 7, 7 where nothing is said), `valve` (it has one). @throws UsageError `bad-settings`.
 */
export function wirelessListeningOf({ meterId, settings }: Device): WirelessListening | undefined {
  const { radio, security = 7, valve = false } = settings;
  if (radio === undefined) return undefined;
  const mode = RADIOS[String(radio)];
  const window = mode === undefined ? undefined : RADIO_MODES[mode];
  if (mode === undefined || window === undefined || !("responseWindowMs" in window))
    throw new UsageError(`${meterId}: setting radio is one of ${Object.keys(RADIOS).join(", ")}, not "${String(radio)}"`, {
      code: "bad-settings",
    });
  if (security !== 5 && security !== 7)
    throw new UsageError(`${meterId}: setting security is 5 or 7, not "${String(security)}"`, { code: "bad-settings" });
  const { from, to } = window.responseWindowMs;
  return {
    mode,
    answerAfterMs: (from + Math.min(to, from + SOON_MS)) / 2,
    format: mode === "C2Up" ? "b" : "a",
    security,
    hasValve: valve === true,
  };
}

/** In a long window early is safe. */
const SOON_MS = 4;
