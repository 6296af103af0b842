import type { ServerLimits } from "./association-state.ts";
import type { ObjectAccess } from "./object-access.ts";

/** What a service handler needs beside the request. */
export interface ServiceCall extends ObjectAccess {
  /** Largest plain APDU that the client takes, protection deducted (octets). */
  readonly sendOctetsMax: number;
  /** The same for an answer as a whole: larger where general block transfer carries it (octets). */
  readonly answerOctetsMax: number;
  readonly limits: ServerLimits;
}
