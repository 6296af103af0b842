import type { EndDeviceEvent, EndDeviceEventKind, MeterId } from "@amity/model";
import type { SupplyState } from "./supply-state.ts";

/** Something that is the matter with a meter for as long as it says so: an alarm bit, a shut valve. */
export interface StandingCondition {
  readonly log: string;
  readonly code: number;
  readonly kind: EndDeviceEventKind;
  readonly detail: string;
}

/** What a meter said at an instant that is the matter with it: all of it, as far as `logs` go. */
export interface StandingReport {
  readonly atMs: number;
  /** What the message could tell about; the conditions of other logs are as they were. */
  readonly logs: readonly string[];
  readonly conditions: readonly StandingCondition[];
  /** Where its valve stood, where it told. */
  readonly supply?: SupplyState["control"];
}

/** What stands at a meter, as last told. */
export interface Standing {
  readonly atMs: number;
  readonly conditions: readonly StandingCondition[];
  /** Changes since, which may not have reached the sink: their events are told again, under the same instants. */
  readonly pending?: readonly Told[];
}

/** All that stood at an instant. */
interface Told {
  readonly atMs: number;
  readonly conditions: readonly StandingCondition[];
}

/** A report that changes nothing but when the meter was last heard is told in nothing; one with news is written down before it is told. */
export interface StandingStep {
  readonly next: Standing;
  /** What is to be durable before the events go anywhere; absent where nothing changed. */
  readonly intent?: Standing;
  readonly events: readonly EndDeviceEvent[];
}

/** Alarms that a meter may have at once. */
const CONDITIONS_MAX = 64;

const ENDINGS: Readonly<Partial<Record<EndDeviceEventKind, EndDeviceEventKind>>> = {
  leak: "leakEnded",
  burst: "burstEnded",
  backflow: "backflowEnded",
  airInPipe: "airInPipeEnded",
  frost: "frostEnded",
  deviceError: "deviceErrorEnded",
  supplyDisconnected: "supplyConnected",
};

/**
 * What a report means for what is known: a condition that begins or ends is an event at the instant of the report, one that goes on is none.
 * Older reports than what is known tell nothing. A change whose commit was cut off is finished first.
 */
export function stepStanding(meterId: MeterId, known: Standing | undefined, report: StandingReport | undefined): StandingStep {
  const before: Standing = known ?? { atMs: Number.NEGATIVE_INFINITY, conditions: [] };
  const pending = before.pending ?? [];
  const unfinished = pending.flatMap((told, index) => changes(meterId, pending[index - 1] ?? before, told));
  const { atMs, conditions: settled }: Told = pending.at(-1) ?? before;
  if (report === undefined || report.atMs <= atMs) return { next: { atMs, conditions: settled }, events: unfinished };
  const others = settled.filter(({ log }) => !report.logs.includes(log));
  const next: Told = { atMs: report.atMs, conditions: [...others, ...report.conditions].slice(0, CONDITIONS_MAX) };
  const fresh = changes(meterId, { atMs, conditions: settled }, next);
  if (fresh.length === 0) return { next, events: unfinished };
  return { next, intent: { ...before, pending: [...pending, next] }, events: [...unfinished, ...fresh] };
}

/** Puts the intents of two steps in a row into one: nothing of the first has reached the sink yet. */
export function joinIntents(first: Standing | undefined, second: Standing): Standing {
  return first === undefined ? second : { ...first, pending: [...(first.pending ?? []), ...(second.pending ?? [])] };
}

function changes(meterId: MeterId, { conditions: before }: Told, { atMs, conditions }: Told): EndDeviceEvent[] {
  const has = (list: readonly StandingCondition[], { log, code }: StandingCondition): boolean =>
    list.some((one) => one.log === log && one.code === code);
  const begun = conditions.filter((one) => !has(before, one));
  const ended = before.filter((one) => !has(conditions, one));
  return [
    ...begun.map((one): EndDeviceEvent => ({ meterId, atMs, ...one })),
    ...ended.map(({ log, code, kind, detail }): EndDeviceEvent => {
      return { meterId, atMs, log, code, kind: ENDINGS[kind] ?? "other", detail: `${detail}: ended` };
    }),
  ];
}
