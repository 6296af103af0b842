import type { CurveComparison, Decision, DecisionAsk, DecisionPreview } from "@amity/api";
import { isMissingSlot, slotStartMs, type IntervalBlock } from "@amity/intervals";
import type { DecisionApi } from "../../http/decision-ports.ts";
import type { WriteOutcome } from "../../http/write-outcome.ts";
import { intervalsOf } from "../api/interval-views.ts";
import type { UtilityParts } from "../api/utility-parts.ts";
import { assign, clusterOf, clusterPage } from "./cluster-views.ts";
import { dayVersionsOf } from "./day-version-view.ts";
import { DecisionDesk } from "./decision-desk.ts";
import { askOf, effectShape } from "./decision-shapes.ts";

/** Time on each side of an edit that its preview shows. */
const AROUND_MS = 12 * 3_600_000;

/** Decisions over exceptions and intervals as the HTTP edge sees them; `stop` waits for what is being made. */
export function decisionApi(parts: UtilityParts, tell: (decision: Decision) => void): { api: DecisionApi; stop(): Promise<void> } {
  const desk = new DecisionDesk(parts, tell);
  return {
    api: {
      clusters: (query) => clusterPage(parts, query),
      cluster: (clusterId, query) => clusterOf(parts, clusterId, query),
      assign: (assignment, by) => assign(parts, assignment, by),
      preview: (ask) => previewOf(parts, ask),
      decide: (request, by) => desk.decide(request, by),
      review: (decisionId, review, by) => desk.review(decisionId, review, by),
      decisions: (query) => desk.list(query),
      decision: (decisionId) => desk.find(decisionId),
      dayVersions: (meterId, day) => dayVersionsOf(parts, meterId, day),
    },
    stop: () => desk.stop(),
  };
}

async function previewOf(parts: UtilityParts, ask: DecisionAsk): Promise<WriteOutcome<DecisionPreview>> {
  const asked = await askOf(parts, ask);
  const preview = asked === undefined ? undefined : await parts.mdm.decisions.preview(asked);
  if (preview === undefined) return { kind: "not-found" };
  const { fingerprint, effect, secondPerson, days } = preview;
  const curve = ask.kind === "edit" ? await curveOf(parts, ask, days) : undefined;
  return { kind: "done", value: { fingerprint, effect: effectShape(effect), secondPerson, ...(curve === undefined ? {} : { curve }) } };
}

/** The curve around an edit with what its intervals would become. */
async function curveOf(
  parts: UtilityParts,
  ask: Extract<DecisionAsk, { kind: "edit" }>,
  days: readonly IntervalBlock[],
): Promise<CurveComparison | undefined> {
  const [fromMs, toMs] = [Date.parse(ask.from), Date.parse(ask.to)];
  const { meterId, channel } = ask;
  const present = await intervalsOf(parts, { meterId, channel, fromMs: fromMs - AROUND_MS, toMs: toMs + AROUND_MS, granularity: "raw" });
  if (present === undefined) return undefined;
  const stepMs = present.stepSeconds * 1000;
  const startMs = Date.parse(present.start);
  const fromIndex = Math.ceil((fromMs - startMs) / stepMs);
  const toIndex = Math.min(present.v.length, Math.ceil((toMs - startMs) / stepMs));
  const proposed = Array.from({ length: Math.max(0, toIndex - fromIndex) }, (_, index) => {
    const atMs = startMs + (fromIndex + index) * stepMs;
    const day = days.find((block) => slotStartMs(block, 0) <= atMs && slotStartMs(block, block.values.length) > atMs);
    if (day === undefined) return present.v[fromIndex + index] ?? null;
    const slot = (atMs - slotStartMs(day, 0)) / stepMs;
    return isMissingSlot(day.qualities[slot] ?? 0) ? null : (day.values[slot] ?? null);
  });
  return { present, fromIndex, proposed };
}
