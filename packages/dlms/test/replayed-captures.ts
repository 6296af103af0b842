import { exchanges, type Exchange } from "./vectors.ts";

/** Clients that are refused and go on all the same, as no client does that has got an association: `refused-captures.test.ts` drives them. */
const REFUSED: ReadonlySet<string> = new Set(["gx-w-ic-replay", "gx-w-wrong-key", "gx-w-wrong-password"]);

/** Answers in which a captured server breaks the standard, and what ours says in their place. */
export const MENDED_ANSWERS: Readonly<Record<string, string>> = {
  // A refused ACTION says whether data follow (Green Book 9.5, Action-Response-With-Optional-Data).
  c701c103: "c701c10300",
};

/** Gurux's C server cuts its blocks at the end of a row, ours where they are full; its last, empty block comes twice in one APDU. */
export function cutsBlocksAtRows({ name }: Exchange): boolean {
  return name.startsWith("gxc-");
}

/** The captures whose client got its association. */
export function associatedCaptures(): Exchange[] {
  return exchanges(/^gxc?-/).filter(({ name }) => !REFUSED.has(name));
}

/** The captures whose client did not. */
export function refusedCaptures(): Exchange[] {
  return exchanges(/^gx-/).filter(({ name }) => REFUSED.has(name));
}
