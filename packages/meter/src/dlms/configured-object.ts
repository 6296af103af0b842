import {
  ACCESS,
  attributeId,
  attributeName,
  methodName,
  objectDefinition,
  parseObis,
  type AccessByRole,
  type DataAccessResult,
  type DlmsData,
  type InterfaceClass,
  type InvokeOutcome,
} from "@amity/dlms";
import { configuredValue, refusalOfValue, toConfigure } from "./configured-values.ts";
import { READ_REFUSED, value, type MeterObject, type ObjectContext } from "./meter-object.ts";

/** An object that follows from its class: what it shows, what may be set, what its methods do. */
export interface ConfiguredObject {
  readonly class: InterfaceClass;
  /** Without the group F, as in `0-0:17.0.0`. */
  readonly name: string;
  /** By attribute name: what the factory set, or what the meter works out. */
  readonly values: Readonly<Record<string, DlmsData | ((context: ObjectContext) => DlmsData)>>;
  /** Names of the attributes that the utility may set; they are kept. */
  readonly writable?: readonly string[];
  /** By attribute name: a write that does something rather than being kept. The value has the form that the class gives it. */
  readonly actsOnWrite?: Readonly<Record<string, (given: DlmsData, context: ObjectContext) => Promise<DataAccessResult>>>;
  /** Attributes that nobody may read: passwords and keys. */
  readonly hidden?: readonly string[];
  /** Why a value of the right form is not taken; `undefined`: it is. */
  readonly judge?: (attribute: string, given: DlmsData, context: ObjectContext) => DataAccessResult | undefined;
  /** By method name; the others of the class are refused. */
  readonly methods?: Readonly<Record<string, (parameter: DlmsData, context: ObjectContext) => Promise<InvokeOutcome>>>;
  /** Default: reading and management. */
  readonly readers?: readonly string[];
}

/** Default: who reads what the utility sets. */
export const CLIENT_ROLES = ["reading", "management"] as const;

/** Makes the object. What is written must have the form that the class gives the attribute. */
export function configuredObject(object: ConfiguredObject): MeterObject {
  const { writable = [], methods = {}, hidden = [], actsOnWrite = {} } = object;
  const names = Object.keys(object.class.methods ?? {});
  const offered = names.map((name, index) => ({ name, id: index + 1 })).filter(({ name }) => methods[name] !== undefined);
  const { methods: all, ...definition } = objectDefinition(object.class, parseObis(object.name), {
    readers: object.readers ?? CLIENT_ROLES,
    writers: ["management"],
    invokers: ["management"],
    writable: [...writable, ...Object.keys(actsOnWrite)],
    hidden,
  });
  // What may be set and not read: a secret.
  const hiddenIds = hidden.map((name) => attributeId(object.class, name));
  const attributes = definition.attributes.map((one) => (hiddenIds.includes(one.id) ? { ...one, access: writeOnly(one.access) } : one));
  const kept = (all ?? []).filter(({ id }) => offered.some((method) => method.id === id));
  return {
    definition: { ...definition, attributes, ...(kept.length === 0 ? {} : { methods: kept }) },
    read(id, context) {
      const name = attributeName(object.class, id);
      if (name !== undefined && hidden.includes(name)) return READ_REFUSED.denied;
      const shown = name === undefined ? undefined : object.values[name];
      if (name === undefined || shown === undefined) return READ_REFUSED.undefined;
      const factory = typeof shown === "function" ? shown(context) : shown;
      return value(writable.includes(name) ? configuredValue(context, object.name, id, factory) : factory);
    },
    async write(id, given, context) {
      const name = attributeName(object.class, id);
      const act = name === undefined ? undefined : actsOnWrite[name];
      if (act !== undefined) return refusalOfValue(object.class, id, given) ?? act(given, context);
      if (name === undefined || !writable.includes(name)) return "read-write-denied";
      const refusal = refusalOfValue(object.class, id, given) ?? object.judge?.(name, given, context);
      return refusal ?? (await configure(object.name, [[id, given]], context));
    },
    async invoke(methodId, parameters, context) {
      const name = methodName(object.class, methodId);
      const act = name === undefined ? undefined : methods[name];
      return act === undefined ? refused("object-undefined") : act(parameters ?? { type: "null-data" }, context);
    },
  };
}

function writeOnly(access: AccessByRole): AccessByRole {
  return Object.fromEntries(Object.entries(access).map(([role, rights]) => [role, rights & ~ACCESS.read]));
}

/** Keeps settings. */
export async function configure(
  object: string,
  values: readonly (readonly [attributeId: number, given: DlmsData])[],
  context: ObjectContext,
): Promise<DataAccessResult> {
  const kept = values.map(([attributeId, given]) => toConfigure(attributeId, given));
  return (await context.perform({ kind: "configure", atMs: context.nowMs, object, values: kept })) ? "success" : "temporary-failure";
}

/** Keeps what an object did, rather than what it was set to: nothing is logged, no monitor notes it. @returns false where the meter cannot. */
export function keep(
  object: string,
  values: readonly (readonly [attributeId: number, given: DlmsData])[],
  { nowMs, perform }: Pick<ObjectContext, "nowMs" | "perform">,
): Promise<boolean> {
  return perform({ kind: "keep", atMs: nowMs, object, values: values.map(([attributeId, given]) => toConfigure(attributeId, given)) });
}

export const DONE: InvokeOutcome = { kind: "done" };

export function refused(result: Extract<InvokeOutcome, { kind: "refused" }>["result"]): InvokeOutcome {
  return { kind: "refused", result };
}

/** A setting that was kept, as the outcome of a method. */
export function outcomeOf(result: DataAccessResult): InvokeOutcome {
  // Whatever kept a setting from being kept, it may go away: the meter has no power, or its disk is full.
  return result === "success" ? DONE : refused("temporary-failure");
}
