import { EVENT_CODES } from "../metrology/operations.ts";

const AARE = 0x61;
const EXCEPTION_RESPONSE = 0xd8;
/** Service error of an exception response (IEC 62056-5-3, 8.3). */
const DECIPHERING_ERROR = 5;
const INVOCATION_COUNTER_ERROR = 6;
/** An attacker must not fill the log, nor the disk behind it. */
const QUIET_MS = 60_000;

/**
 * What an answer that the meter gives says about an attack: a refused association, octets that do not decipher, a counter that was used
 * before. @returns the code for the fraud log, `undefined` for an ordinary answer.
 */
export function securityEventOf(answer: Uint8Array): number | undefined {
  if (answer[0] === EXCEPTION_RESPONSE) {
    return answer[2] === INVOCATION_COUNTER_ERROR
      ? EVENT_CODES.replayDetected
      : answer[2] === DECIPHERING_ERROR
        ? EVENT_CODES.decryptionFailed
        : undefined;
  }
  if (answer[0] !== AARE) return undefined;
  // Association result: [2] INTEGER; 0 is accepted.
  for (let at = 2; at + 4 < answer.length; at++) {
    if (answer[at] === 0xa2 && answer[at + 1] === 3 && answer[at + 2] === 2 && answer[at + 3] === 1)
      return answer[at + 4] === 0 ? undefined : EVENT_CODES.associationFailed;
  }
  return undefined;
}

/** Lets each code of each meter through once a minute. */
export class SecurityWatch {
  readonly #lastMs = new Map<string, number>();

  isNews(meterId: string, code: number, nowMs: number): boolean {
    const key = `${meterId}/${code}`;
    const lastMs = this.#lastMs.get(key);
    if (lastMs !== undefined && nowMs - lastMs < QUIET_MS && nowMs >= lastMs) return false;
    if (this.#lastMs.size >= ENTRIES_MAX) this.#lastMs.clear();
    this.#lastMs.set(key, nowMs);
    return true;
  }
}

const ENTRIES_MAX = 10_000;
