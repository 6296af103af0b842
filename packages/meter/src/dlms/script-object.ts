import { data, parseObis, timeClasses, type DlmsData, type InvokeOutcome, type Obis } from "@amity/dlms";
import { READ_REFUSED, RIGHTS, attributes, value, type MeterObject, type ObjectContext } from "./meter-object.ts";

/** A script: methods of the meter's own objects, one after another. */
export interface Script {
  readonly id: number;
  readonly actions: readonly { readonly classId: number; readonly name: Obis; readonly method: number; readonly parameter: DlmsData }[];
}

export interface ScriptTable {
  readonly name: string;
  readonly scripts: readonly Script[];
}

const DISCONNECT_CONTROL = { classId: 70, name: parseObis("0-0:96.3.10"), parameter: data.integer(0) };

/** 1 disconnects, 2 reconnects. */
export const DISCONNECTOR_SCRIPTS: ScriptTable = {
  name: "0-0:10.0.106",
  scripts: [
    { id: 1, actions: [{ ...DISCONNECT_CONTROL, method: 1 }] },
    { id: 2, actions: [{ ...DISCONNECT_CONTROL, method: 2 }] },
  ],
};

/** Class 9 Script table with fixed scripts; method 1 runs one. It ends at the first action that is refused, with its reason. */
export function scriptTableObject({ name, scripts }: ScriptTable, objectOf: (name: Obis) => MeterObject | undefined): MeterObject {
  const table = timeClasses.scriptTable.attributes.scripts.encode(
    scripts.map(({ id, actions }) => ({
      scriptIdentifier: id,
      actions: actions.map((action) => ({
        serviceId: "execute-method" as const,
        classId: action.classId,
        logicalName: action.name,
        index: action.method,
        parameter: action.parameter,
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
      const outcome = await objectOf(action.name)?.invoke?.(action.method, action.parameter, context);
      if (outcome === undefined) return { kind: "refused", result: "object-unavailable" };
      if (outcome.kind === "refused") return outcome;
    }
    return { kind: "done" };
  }
}
