import type { RuleVersion } from "@amity/api";
import { DAY_MS, formatDay, parseDay, utcDayStartMs } from "@amity/intervals";
import { rulingAt, type KeptActivation, type RuleDocumentKind } from "@amity/mdm";
import { instantText } from "../api/cursor.ts";
import type { AnalysisParts } from "./analysis-parts.ts";

/** The versions of a rule set or plan with what became of each, newest first. */
export async function versionsOf(parts: AnalysisParts, kind: RuleDocumentKind, id: string): Promise<RuleVersion[]> {
  const { rules } = parts.mdm;
  const [versions, activations] = await Promise.all([rules.versions(kind, id), rules.activations(kind, id)]);
  const nowMs = parts.clock.nowMs();
  const inForce = rulingAt(activations, nowMs);
  const upcoming = new Set(
    [...new Set(activations.map(({ effectiveAtMs }) => effectiveAtMs).filter((atMs) => atMs > nowMs))].map((atMs) =>
      rulingAt(activations, atMs),
    ),
  );
  return versions
    .map(({ version, author, storedAtMs }): RuleVersion => {
      const last = activations.findLast((activation) => activation.version === version);
      return {
        version,
        state: version === inForce ? "inForce" : upcoming.has(version) ? "scheduled" : last === undefined ? "draft" : "past",
        author,
        storedAt: instantText(storedAtMs),
        ...(last === undefined ? {} : activationShape(last)),
      };
    })
    .toReversed();
}

/** The version that rules now. */
export async function versionInForce(parts: AnalysisParts, kind: RuleDocumentKind, id: string): Promise<number | undefined> {
  return rulingAt(await parts.mdm.rules.activations(kind, id), parts.clock.nowMs());
}

/** Lets a version rule the data from a day (UTC) on. */
export async function activate(
  parts: AnalysisParts,
  kind: RuleDocumentKind,
  what: { id: string; version: number; effectiveFrom: string; reason: string; author: string },
): Promise<void> {
  const { id, version, reason, author } = what;
  await parts.mdm.rules.activate(kind, { id, version, effectiveAtMs: dayMs(what.effectiveFrom), author, reason });
}

/** UTC midnight of a civil date that a schema has checked. */
function dayMs(date: string): number {
  return (parseDay(date) ?? 0) * DAY_MS;
}

function activationShape({ effectiveAtMs, author, reason, storedAtMs }: KeptActivation) {
  return {
    effectiveFrom: formatDay(utcDayStartMs(effectiveAtMs) / DAY_MS),
    activatedBy: author,
    activatedAt: instantText(storedAtMs),
    ...(reason === "" ? {} : { reason }),
  };
}
