import { zoneOf, type Zone } from "@amity/intervals";
import {
  compileRuleSet,
  createBilling,
  createDecisions,
  createExceptionQueue,
  createLedger,
  createLedgerSink,
  createRegistry,
  createRulesInForce,
  createRuleStore,
  createTariffCandidates,
  createTopology,
  createVirtualChannels,
  STANDARD_DECISION_POLICY,
  STANDARD_ESTIMATION_PLAN,
  STANDARD_RULE_SET,
  type Billing,
  type DecisionPolicy,
  type Decisions,
  type DeliverySummary,
  type ExceptionQueue,
  type Ledger,
  type Registry,
  type ReviewParts,
  type RuleStore,
  type TariffCandidates,
  type Topology,
  type VirtualChannels,
  type TemperatureOf,
} from "@amity/mdm";
import type { ReadingSink } from "@amity/model";
import type { Clock } from "@amity/runtime";
import type { Store } from "@amity/store";

/** The meter data management, put together on one store. */
export interface Mdm {
  readonly store: Store;
  readonly ledger: Ledger;
  readonly registry: Registry;
  readonly exceptions: ExceptionQueue;
  readonly decisions: Decisions;
  /** When a second person is needed, and what energy is worth while nobody has billed it. */
  readonly policy: DecisionPolicy;
  readonly billing: Billing;
  /** Rule sets and estimation plans by version, and tariffs that are only tried. */
  readonly rules: RuleStore;
  readonly candidates: TariffCandidates;
  /** The network that energy flows through, and channels that are computed from others. */
  readonly topology: Topology;
  readonly virtual: VirtualChannels;
  readonly sink: ReadingSink;
  readonly review: ReviewParts & { readonly clock: Clock };
}

export interface MdmOptions {
  /** Zone of the usage points' calendars. */
  readonly zone: string;
  readonly author: string;
  readonly policy?: DecisionPolicy;
  /** The weather, for rules and estimators of gas and heat. */
  readonly temperatureOf?: TemperatureOf;
  readonly onStored?: (summary: DeliverySummary) => void;
}

/** Builds the MDM over an open, migrated store. */
export function composeMdm(store: Store, clock: Clock, options: MdmOptions): Mdm {
  const zone: Zone = zoneOf(options.zone);
  const ledger = createLedger(store, clock);
  const registry = createRegistry(store, clock);
  const exceptions = createExceptionQueue(store, clock);
  const billing = createBilling({ store, ledger, registry, clock });
  const rules = createRuleStore(store, clock);
  const start = { ruleSet: compileRuleSet(STANDARD_RULE_SET), plan: STANDARD_ESTIMATION_PLAN };
  const inForce = createRulesInForce(rules, STANDARD_RULE_SET.id, start);
  const weather = options.temperatureOf === undefined ? {} : { temperatureOf: options.temperatureOf };
  const { author, onStored, policy = STANDARD_DECISION_POLICY } = options;
  return {
    store,
    ledger,
    registry,
    exceptions,
    decisions: createDecisions({ store, ledger, billing, clock, zone, policy }),
    policy,
    billing,
    sink: createLedgerSink({ store, ledger, registry, clock, author, ...(onStored === undefined ? {} : { onStored }) }),
    rules,
    candidates: createTariffCandidates(store, clock),
    topology: createTopology(store),
    virtual: createVirtualChannels(store, clock),
    review: { store, ledger, exceptions, clock, ...start, inForce, zone, ...weather },
  };
}
