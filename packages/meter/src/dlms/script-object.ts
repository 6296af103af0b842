import { parseObis, timeClasses, type InvokeOutcome, type Obis } from "@amity/dlms";
import { READ_REFUSED, RIGHTS, attributes, value, type MeterObject, type ObjectContext } from "./meter-object.ts";
import type { Script, ScriptTable } from "./scripts.ts";

/** Class 9 Script table with fixed scripts; method 1 runs one. It ends at the first action that is refused, with its reason. */
export function scriptTableObject({ name, scripts }: ScriptTable, objectOf: (name: Obis) => MeterObject | undefined): MeterObject {
  const table = timeClasses.scriptTable.attributes.scripts.encode(
    scripts.map(({ id, actions }) => ({
      scriptIdentifier: id,
      actions: actions.map(({ service, classId, name: logicalName, index, parameter }) => ({
        serviceId: service,
        classId,
        logicalName,
        index,
        parameter,
      })),
    })),
  );
  return {
    definition: {
      classId: 9,
      version: 0,
      instanceId: parseObis(name),
      attributes: attributes(RIGHTS.clientsRead, 2),
      methods: [{ id: 1, access: RIGHTS.managementInvokes }],
    },
    read: (attributeId) => (attributeId === 2 ? value(table) : READ_REFUSED.undefined),
    async invoke(methodId, parameters, context): Promise<InvokeOutcome> {
      if (methodId !== 1) return { kind: "refused", result: "object-undefined" };
      if (parameters?.type !== "long-unsigned") return { kind: "refused", result: "type-unmatched" };
      const script = scripts.find(({ id }) => id === parameters.value);
      return script === undefined ? { kind: "refused", result: "other-reason" } : run(script, context);
    },
  };

  async function run(script: Script, context: ObjectContext): Promise<InvokeOutcome> {
    for (const action of script.actions) {
      const outcome = await perform(action, context);
      if (outcome.kind === "refused") return outcome;
    }
    return { kind: "done" };
  }

  async function perform(
    { service, name: target, index, parameter }: Script["actions"][number],
    context: ObjectContext,
  ): Promise<InvokeOutcome> {
    const object = objectOf(target);
    if (service === "execute-method") return (await object?.invoke?.(index, parameter, context)) ?? UNAVAILABLE;
    const result = await object?.write?.(index, parameter, context);
    if (result === undefined) return UNAVAILABLE;
    return result === "success" ? { kind: "done" } : { kind: "refused", result: "other-reason" };
  }
}

const UNAVAILABLE: InvokeOutcome = { kind: "refused", result: "object-unavailable" };
