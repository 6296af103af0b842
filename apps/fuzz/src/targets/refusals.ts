import { AmityError, UsageError } from "@amity/bytes";

/** Runs each reader; a refusal by blame is an answer, everything else is thrown. */
export function eachReads(readers: readonly (() => unknown)[]): void {
  for (const read of readers) {
    try {
      read();
    } catch (error) {
      if (!isRefusal(error)) throw error;
    }
  }
}

/** Whether an error is a decoder's refusal of what it was given: bad octets, a peer that breaks the protocol, failed security, a lost stream. */
export function isRefusal(error: unknown): boolean {
  return error instanceof AmityError && !(error instanceof UsageError);
}
