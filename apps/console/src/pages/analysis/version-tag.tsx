import type { RuleVersion } from "@amity/api";

const WORDS: Readonly<Record<RuleVersion["state"], string>> = { draft: "draft", scheduled: "scheduled", inForce: "in force", past: "past" };

/** What became of a version, in words. */
export function VersionTag({ state }: { state: RuleVersion["state"] }) {
  return (
    <span className="tag" data-kind={state}>
      {WORDS[state]}
    </span>
  );
}

/** Who let a version rule from when, and why. */
export function activationText({ effectiveFrom, activatedBy, reason }: RuleVersion): string | undefined {
  if (effectiveFrom === undefined) return undefined;
  const since = effectiveFrom === "1970-01-01" ? "from the beginning" : `from ${effectiveFrom}`;
  return `${since}, by ${activatedBy ?? "nobody"}${reason === undefined ? "" : `: ${reason}`}`;
}
