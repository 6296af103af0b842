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

/** Is told of every error that a target meets; for a test that looks what they say. */
export const refusalWatch: { onError: ((error: unknown) => void) | undefined } = { onError: undefined };

/** Whether an error is a decoder's refusal of what it was given: bad octets, a peer that breaks the protocol, failed security, a lost stream. */
export function isRefusal(error: unknown): boolean {
  refusalWatch.onError?.(error);
  return error instanceof AmityError && !(error instanceof UsageError);
}
