import { LinkError, type DecodeError } from "./errors.ts";

/** More than any meter's line is disturbed by, and little enough that who sends it on purpose costs us nothing (octets). */
const OCTETS_MAX = 64 * 1024;

/** Watches how much a peer sends that is no message of its protocol: who sends nothing else is hung up on. */
export class RubbishLimit {
  readonly #octetsMax: number;
  #octets = 0;

  /** @param octetsMax what may come without a sound message among it; Infinity on a line that others disturb */
  constructor(octetsMax = OCTETS_MAX) {
    this.#octetsMax = octetsMax;
  }

  /**
   * Counts what came.
   * @param octets of the chunk
   * @param isSound whether a message became whole with it
   * @param pending octets held back for a message that has begun: they may still turn out sound
   * @returns the reason to hang up, once it is too much
   */
  take(octets: number, isSound: boolean, pending: number): LinkError | undefined {
    this.#octets = isSound ? 0 : this.#octets + octets;
    if (this.#octets - pending <= this.#octetsMax) return undefined;
    return new LinkError(`${this.#octets - pending} octets without one message of the protocol`, {
      code: "rubbish",
      advice: "does the other side speak this protocol, and at this rate?",
    });
  }
}

/** Of faults in a row, how many have an error of their own. */
const OWN_ERRORS_MAX = 16;

/**
 * Errors of faults that follow one another: on a line full of rubbish an error for each would cost more than all else, so that after some
 * the last one stands for those behind it too.
 */
export class FaultRun {
  #count = 0;
  #last: DecodeError | undefined;

  /** Something sound came between. */
  end(): void {
    this.#count = 0;
    this.#last = undefined;
  }

  /** The error of the next fault. */
  error(code: string, make: () => DecodeError): DecodeError {
    if (this.#last !== undefined && this.#last.code === code && this.#count >= OWN_ERRORS_MAX) return this.#last;
    this.#count = this.#last?.code === code ? this.#count + 1 : 1;
    this.#last = make();
    return this.#last;
  }
}
