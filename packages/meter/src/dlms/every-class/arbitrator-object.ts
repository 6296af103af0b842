import { data, parseObis, timeClasses, type BitString, type DlmsData, type InvokeOutcome, type Obis } from "@amity/dlms";
import { DONE, configuredObject, keep, refused } from "../configured-object.ts";
import { configuredValue, hasForm } from "../configured-values.ts";
import type { MeterObject, ObjectContext } from "../meter-object.ts";
import { scriptOf } from "../scripts.ts";

const { arbitrator } = timeClasses;
const NAME = "0-0:96.3.20";
const ATTRIBUTE = { actions: 2, permissions: 3, weightings: 4, requests: 5, outcome: 6 } as const;
const ACTORS_MAX = 16;
const ACTIONS_MAX = 16;
/** No action has been arbitrated yet. */
const NO_OUTCOME = 0;

const script = (scriptSelector: number): { scriptLogicalName: Obis; scriptSelector: number } => ({
  scriptLogicalName: parseObis("0-0:10.0.106"),
  scriptSelector,
});
/** Three actors over the supply (the utility, the customer's automation, the limiter): the first two may open and close, the third only open. */
const FACTORY = {
  actions: arbitrator.attributes.actions.encode([script(1), script(2)]),
  permissionsTable: data.array(data.bits(2, Uint8Array.of(0xc0)), data.bits(2, Uint8Array.of(0xc0)), data.bits(2, Uint8Array.of(0x80))),
  weightingsTable: arbitrator.attributes.weightingsTable.encode([
    [4, 4],
    [1, 1],
    [2, 0],
  ]),
};

/** One decision: each actor's last request, and the action whose weights add up to more than any other's. */
export interface Arbitration {
  readonly requests: readonly (readonly boolean[])[];
  /** Counted from 0; `undefined`: none has the most by itself. */
  readonly winner: number | undefined;
}

/**
 * Decides (Blue Book 4.5.12): the requests of an actor replace its last ones, as far as it may request them; each action weighs what its requesters
 * weigh, and the one that weighs most, alone, wins.
 */
export function arbitrate(
  requests: readonly (readonly boolean[])[],
  weightings: readonly (readonly number[])[],
  actions: number,
): Arbitration {
  const weights = Array.from({ length: actions }, (_, action) =>
    requests.reduce((sum, row, actor) => sum + (row[action] === true ? (weightings[actor]?.[action] ?? 0) : 0), 0),
  );
  const most = Math.max(0, ...weights);
  const best = weights.flatMap((weight, action) => (weight === most ? [action] : []));
  return { requests, winner: most > 0 && best.length === 1 ? best[0] : undefined };
}

/** Class 68 Arbitrator, 0-0:96.3.20, over the disconnect control: who may open and close the supply, and whose wish weighs more. Actors and outcomes count from 1. */
export function arbitratorObject(objectOf: (name: Obis) => MeterObject | undefined): MeterObject {
  return configuredObject({
    class: arbitrator,
    name: NAME,
    values: {
      ...FACTORY,
      mostRecentRequestsTable: (context) => requestsData(requestsOf(context), actionsOf(context).length),
      lastOutcome: (context) => configuredValue(context, NAME, ATTRIBUTE.outcome, data.unsigned(NO_OUTCOME)),
    },
    writable: ["actions", "permissionsTable", "weightingsTable"],
    judge(attribute, given) {
      const length = given.type === "array" ? given.value.length : 0;
      if (attribute !== "actions") return length > ACTORS_MAX ? "other-reason" : undefined;
      const scripts = arbitrator.attributes.actions.decode(given);
      const areThere = scripts.every(({ scriptLogicalName, scriptSelector }) => scriptOf(scriptLogicalName, scriptSelector) !== undefined);
      return length > ACTIONS_MAX || !areThere ? "other-reason" : undefined;
    },
    methods: {
      requestAction: (given, context) => requestAction(given, context, objectOf),
      reset: async (_parameter, context) => ((await remember(context, [], NO_OUTCOME)) ? DONE : refused("temporary-failure")),
    },
  });
}

async function requestAction(
  given: DlmsData,
  context: ObjectContext,
  objectOf: (name: Obis) => MeterObject | undefined,
): Promise<InvokeOutcome> {
  if (!hasForm(() => arbitrator.methods.requestAction.decode(given))) return refused("type-unmatched");
  const { requestActor, requestActionList } = arbitrator.methods.requestAction.decode(given);
  const actions = actionsOf(context);
  const permissions = arbitrator.attributes.permissionsTable.decode(
    configuredValue(context, NAME, ATTRIBUTE.permissions, FACTORY.permissionsTable),
  );
  const actorIndex = requestActor - 1;
  const allowed = permissions[actorIndex];
  if (allowed === undefined || requestActionList.bitLength !== actions.length) return refused("other-reason");
  const asked = actions.map((_, action) => isSet(requestActionList, action));
  // Nobody requests what he may not: the request as a whole is refused, and the last one of that actor stands.
  if (asked.some((wants, action) => wants && !isSet(allowed, action))) return refused("read-write-denied");
  const before = requestsOf(context);
  const requests = permissions.map((_, actor) => (actor === actorIndex ? asked : (before[actor] ?? actions.map(() => false))));
  const weightings = arbitrator.attributes.weightingsTable.decode(
    configuredValue(context, NAME, ATTRIBUTE.weightings, FACTORY.weightingsTable),
  );
  const { winner } = arbitrate(requests, weightings, actions.length);
  const last = configuredValue(context, NAME, ATTRIBUTE.outcome, data.unsigned(NO_OUTCOME));
  const outcome = winner === undefined ? (last.type === "unsigned" ? last.value : NO_OUTCOME) : winner + 1;
  if (!(await remember(context, requests, outcome))) return refused("temporary-failure");
  const action = winner === undefined ? undefined : actions[winner];
  if (action === undefined) return DONE;
  const table = objectOf(action.scriptLogicalName);
  return (await table?.invoke?.(1, data.longUnsigned(action.scriptSelector), context)) ?? refused("object-unavailable");
}

function actionsOf(context: ObjectContext): ReturnType<typeof arbitrator.attributes.actions.decode> {
  return arbitrator.attributes.actions.decode(configuredValue(context, NAME, ATTRIBUTE.actions, FACTORY.actions));
}

function requestsOf(context: ObjectContext): boolean[][] {
  const table = arbitrator.attributes.mostRecentRequestsTable.decode(configuredValue(context, NAME, ATTRIBUTE.requests, data.array()));
  return table.map((row) => Array.from({ length: row.bitLength }, (_, action) => isSet(row, action)));
}

function remember(context: ObjectContext, requests: readonly (readonly boolean[])[], outcome: number): Promise<boolean> {
  return keep(
    NAME,
    [
      [ATTRIBUTE.requests, requestsData(requests, actionsOf(context).length)],
      [ATTRIBUTE.outcome, data.unsigned(outcome)],
    ],
    context,
  );
}

function requestsData(requests: readonly (readonly boolean[])[], actions: number): DlmsData {
  return data.array(
    ...requests.map((row) => {
      const octets = new Uint8Array(Math.ceil(actions / 8));
      for (const [action, wants] of row.entries()) if (wants) octets[action >> 3] = (octets[action >> 3] ?? 0) | (0x80 >> (action & 7));
      return data.bits(actions, octets);
    }),
  );
}

function isSet({ bitLength, octets }: BitString, bit: number): boolean {
  return bit < bitLength && ((octets[bit >> 3] ?? 0) & (0x80 >> (bit & 7))) !== 0;
}
