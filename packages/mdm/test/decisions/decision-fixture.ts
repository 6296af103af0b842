import { DAY_MS, zoneOf } from "@amity/intervals";
import type { EndDeviceEvent } from "@amity/model";
import type { ScratchStore } from "@amity/store";
import {
  compileRuleSet,
  createBilling,
  createDecisions,
  createExceptionQueue,
  createLedger,
  createLedgerSink,
  createRegistry,
  reviewDays,
  STANDARD_DECISION_POLICY,
  STANDARD_ESTIMATION_PLAN,
  STANDARD_RULE_SET,
  type Billing,
  type ChannelDay,
  type DecisionPolicy,
  type Decisions,
  type DeliverySummary,
  type Registry,
  type ReviewParts,
} from "../../src/index.ts";
import { openLedgerScratch, seriesOf } from "../ledger-fixture.ts";

export const START = Date.UTC(2026, 5, 1);
export const SLOT_MS = 900_000;

/** An MDM on a fresh database in Sydney's zone, thirty days after `START`. */
export interface DecisionScene {
  readonly scratch: ScratchStore;
  readonly parts: ReviewParts;
  readonly registry: Registry;
  readonly billing: Billing;
  readonly decisions: Decisions;
  /** Stores readings from `START` on and reviews what changed. */
  deliver(meterId: string, values: readonly number[], events?: readonly EndDeviceEvent[]): Promise<DeliverySummary[]>;
  review(days: readonly ChannelDay[]): Promise<void>;
  channelOf(meterId: string): Promise<number>;
  /** The values of a UTC day as they stand, with version and qualities. */
  day(meterId: string, day: number): Promise<{ version: number; values: number[]; qualities: number[] }>;
  openIds(meterId?: string): Promise<string[]>;
  close(): Promise<void>;
}

/** A quarter-hour of a household: never zero, never twice the same shape. */
export const usual = (slot: number): number => 100 + ((slot * 31) % 17);

export async function openDecisionScene(policy: Partial<DecisionPolicy["secondPersonAbove"]> = {}): Promise<DecisionScene> {
  const scratch = await openLedgerScratch();
  const { store } = scratch;
  const clock = { nowMs: () => START + 30 * DAY_MS };
  const ledger = createLedger(store, clock);
  const registry = createRegistry(store, clock);
  const exceptions = createExceptionQueue(store, clock);
  const billing = createBilling({ store, ledger, registry, clock });
  const zone = zoneOf("Australia/Sydney");
  const parts: ReviewParts = {
    store,
    ledger,
    exceptions,
    clock,
    ruleSet: compileRuleSet(STANDARD_RULE_SET),
    plan: STANDARD_ESTIMATION_PLAN,
    zone,
  };
  const channelOf = async (meterId: string): Promise<number> => (await registry.channelsOf([meterId]))[0]?.channelId ?? -1;
  return {
    scratch,
    parts,
    registry,
    billing,
    decisions: createDecisions({
      store,
      ledger,
      billing,
      clock,
      zone,
      policy: { ...STANDARD_DECISION_POLICY, secondPersonAbove: { ...STANDARD_DECISION_POLICY.secondPersonAbove, ...policy } },
    }),
    async deliver(meterId, values, events = []) {
      const stored: DeliverySummary[] = [];
      const sink = createLedgerSink({ store, ledger, registry, clock, onStored: (summary) => void stored.push(summary) });
      await sink.accept([
        { intervals: values.length === 0 ? [] : [seriesOf(meterId, START, values)], registers: [], events, source: "headend" },
      ]);
      const changed = stored.flatMap((summary) => summary.changed);
      if (changed.length > 0) await reviewDays(parts, changed);
      return stored;
    },
    review: async (days) => void (await reviewDays(parts, days)),
    channelOf,
    async day(meterId, day) {
      const dayStartMs = START + day * DAY_MS;
      const [stored] = await ledger.blocks({ channelIds: [await channelOf(meterId)], fromDayMs: dayStartMs, toDayMs: dayStartMs + DAY_MS });
      if (stored === undefined) throw new Error(`${meterId} has no day ${day}`);
      return { version: stored.version, values: [...stored.block.values], qualities: [...stored.block.qualities] };
    },
    openIds: async (meterId) =>
      (await exceptions.list({ state: "open", limit: 1000, ...(meterId === undefined ? {} : { meterId }) })).map(
        ({ exceptionId }) => exceptionId,
      ),
    close: () => scratch.close(),
  };
}

/** Readings of some days with some slots (counted from `START`) changed; `undefined` values are not possible: use NaN for none. */
export function readings(days: number, changes: Readonly<Record<number, number>> = {}): number[] {
  return Array.from({ length: days * 96 }, (_, slot) => changes[slot] ?? usual(slot));
}
