import { LinkError, PeerError, SecurityError } from "@amity/bytes";

/** What did not come of a step of the session. */
export function failureOf(outcome: {
  readonly kind: string;
  readonly text?: string;
  readonly error?: Error;
  readonly attempts?: number;
}): Error {
  switch (outcome.kind) {
    case "no-answer":
      return new LinkError(`no answer after ${outcome.attempts ?? 0} requests`, { code: "no-answer" });
    case "damaged":
      return outcome.error ?? new LinkError("the answer is damaged", { code: "damaged" });
    case "break":
      return new SecurityError("the meter signed off", {
        code: "signed-off",
        advice: "check the password; some meters lock after three wrong ones",
      });
    default:
      return new PeerError(`the meter answers with ${outcome.kind}${outcome.text === undefined ? "" : ` ${outcome.text}`}`, {
        code: "unexpected",
      });
  }
}
