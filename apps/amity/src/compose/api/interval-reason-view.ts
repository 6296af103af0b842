import type { IntervalFinding, IntervalReason, IntervalVersion } from "@amity/api";
import { explainInterval, type Channel, type IntervalExplanation, type IntervalVersion as StoredVersion } from "@amity/mdm";
import { instantText } from "./cursor.ts";
import { intervalChannel, pageQuality } from "./interval-views.ts";
import { ruleTitle } from "./overview-views.ts";
import { qualityText } from "./quality-text.ts";
import type { UtilityParts } from "./utility-parts.ts";

/** Why the interval of a channel that holds an instant has its value. */
export async function intervalReasonOf(
  parts: UtilityParts,
  ask: { meterId: string; channel: string; atMs: number; asOfMs?: number | undefined },
): Promise<IntervalReason | undefined> {
  const channel = await intervalChannel(parts, ask.meterId, ask.channel);
  if (channel === undefined) return undefined;
  const { atMs, asOfMs } = ask;
  const told = await explainInterval(parts.mdm, { channel, atMs, ...(asOfMs === undefined ? {} : { asOfMs }) });
  const last = told?.versions.at(-1);
  if (told === undefined || last === undefined) return undefined;
  const head = versionShape(last);
  return {
    meterId: ask.meterId,
    channel: channel.name,
    unit: channel.unit,
    scaler: channel.scaler,
    from: instantText(told.fromMs),
    to: instantText(told.fromMs + told.intervalSeconds * 1000),
    value: head.value,
    quality: head.quality,
    qualityText: head.qualityText,
    summary: summaryOf(channel, told),
    asOf: instantText(asOfMs ?? parts.world.clock.nowMs()),
    versions: told.versions.map(versionShape).toReversed(),
    findings: told.findings.map(findingShape),
  };
}

/** One or two sentences: what the value is, who said so last, and what was there before. */
function summaryOf(channel: Channel, { versions }: IntervalExplanation): string {
  const decisive = versions.findLast(({ isChange }) => isChange);
  const first = versions.find(({ value }) => value !== undefined);
  if (decisive === undefined) return "Nothing was stored.";
  const { author, reason, ruleSet, source } = decisive.provenance;
  const by = [author, ...(source === "" ? [] : [`from ${source}`]), ...(ruleSet === "" ? [] : [`by rules ${ruleSet}`])].join(", ");
  const now = `${valueText(channel, decisive)}: ${qualityText(decisive.quality)}. Version ${decisive.version} of the day says so, written by ${by}${reason === "" ? "" : ` (${reason})`}.`;
  const differs = first !== undefined && first.version !== decisive.version && first.value !== decisive.value;
  return differs ? `${now} Before it, version ${first.version} had ${valueText(channel, first)}.` : now;
}

function valueText({ unit, scaler }: Channel, { value }: StoredVersion): string {
  if (value === undefined) return "No value";
  const decimals = Math.max(0, -scaler);
  return `${(value * 10 ** scaler).toFixed(decimals)}${unit === "none" ? "" : ` ${unit}`}`;
}

function versionShape({ version, knownAtMs, provenance, value, quality, isChange }: StoredVersion): IntervalVersion {
  return {
    version,
    knownAt: instantText(knownAtMs),
    by: provenance.author,
    reason: provenance.reason,
    source: provenance.source,
    rules: provenance.ruleSet,
    value: value ?? null,
    quality: pageQuality(quality),
    qualityText: qualityText(quality),
    isChange,
  };
}

const NAMED_MAX = 40;

function findingShape({ exception, standardError }: IntervalExplanation["findings"][number]): IntervalFinding {
  const { estimate } = exception;
  return {
    id: exception.exceptionId,
    rule: exception.ruleId,
    title: ruleTitle(exception.ruleId),
    rules: `${exception.ruleSet} v${exception.ruleSetVersion}`,
    severity: exception.severity === "info" ? "notice" : exception.severity === "terminate" ? "alarm" : "warning",
    reason: exception.reason,
    state: exception.state,
    numbers: named(exception.numbers),
    parameters: named(exception.parameters),
    ...(estimate === undefined
      ? {}
      : {
          estimate: {
            method: estimate.method,
            reason: estimate.reason,
            numbers: named(estimate.numbers),
            ...(standardError === undefined ? {} : { standardError }),
          },
        }),
  };
}

function named(values: Readonly<Record<string, unknown>>): { name: string; value: string }[] {
  return Object.entries(values)
    .slice(0, NAMED_MAX)
    .map(([name, value]) => ({ name, value: Array.isArray(value) ? value.join(", ") : String(value) }));
}
