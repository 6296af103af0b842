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

/** A value now or later: in-memory meters answer at once, a concentrator that reads its flash does not. */
export type MaybePromise<T> = T | Promise<T>;

/** Goes on with a value when it is there, at once if it is. */
export function whenReady<T, U>(value: MaybePromise<T>, proceed: (value: T) => U): MaybePromise<U> {
  return value instanceof Promise ? value.then(proceed) : proceed(value);
}
