import { fromHex } from "@amity/bytes";
import { data, parseObis, type DlmsData, type Obis } from "@amity/dlms";
import type { SimulatedMeter } from "../simulated-meter.ts";
import type { MeterOperation } from "../metrology/operations.ts";
import { TARIFF_MASKS, TARIFF_OBJECTS } from "./tariff-plan.ts";

/** Who runs a script where no client does: a schedule stands for the utility, a limiter or monitor for the meter itself. */
export type ScriptActor = "schedule" | "monitor";

/** A script: actions on the meter's own objects, one after another, and the same as what happens to the meter. */
export interface Script {
  readonly id: number;
  readonly actions: readonly ScriptAction[];
  /** `undefined`: there is nothing to do. */
  readonly operation: (atMs: number, actor: ScriptActor, meter: SimulatedMeter) => MeterOperation | undefined;
}

interface ScriptAction {
  readonly service: "execute-method" | "write-attribute";
  readonly classId: number;
  readonly name: Obis;
  /** Of the method or attribute. */
  readonly index: number;
  readonly parameter: DlmsData;
}

export interface ScriptTable {
  readonly name: string;
  readonly scripts: readonly Script[];
}

/** Push setups 0-n:25.9.0 of the meter, by n. */
export const PUSH_SETUPS = { interval: 0, connectivity: 1, installation: 2, consumption: 3, alarm: 4 } as const;

function method(classId: number, name: string, index: number): ScriptAction {
  return { service: "execute-method", classId, name: parseObis(name), index, parameter: data.integer(0) };
}

function move(kind: "disconnect" | "reconnect"): Script["operation"] {
  return (atMs, actor) => ({ kind, atMs, by: actor === "schedule" ? "remote" : "local" });
}

/** Every script that the meter has: 0-0:10.0.x. */
export const SCRIPT_TABLES: readonly ScriptTable[] = [
  {
    name: "0-0:10.0.1",
    scripts: [{ id: 1, actions: [method(7, "0-0:98.1.0", 2)], operation: (atMs) => ({ kind: "resetBilling", atMs, isScheduled: true }) }],
  },
  {
    name: TARIFF_OBJECTS.scripts,
    scripts: TARIFF_MASKS.map((mask, index) => ({
      id: index + 1,
      actions: [
        {
          service: "write-attribute",
          classId: 6,
          name: parseObis(TARIFF_OBJECTS.activation),
          index: 4,
          parameter: data.octets(fromHex(mask)),
        },
      ],
      operation: (atMs) => ({ kind: "selectTariff", atMs, mask }),
    })),
  },
  {
    name: "0-0:10.0.106",
    scripts: [
      { id: 1, actions: [method(70, "0-0:96.3.10", 1)], operation: move("disconnect") },
      { id: 2, actions: [method(70, "0-0:96.3.10", 2)], operation: move("reconnect") },
    ],
  },
  {
    name: "0-0:10.0.107",
    scripts: [
      {
        id: 1,
        actions: [method(18, "0-0:44.0.0", 4)],
        operation(atMs, _actor, meter) {
          const firmware = meter.functions.stagedFirmware;
          return firmware === undefined ? undefined : { kind: "activateFirmware", atMs, firmware };
        },
      },
    ],
  },
  {
    name: "0-0:10.0.108",
    scripts: Object.values(PUSH_SETUPS).map((setup) => ({
      id: setup + 1,
      actions: [method(40, `0-${setup}:25.9.0`, 1)],
      operation: (atMs) => ({ kind: "push", atMs, setup }),
    })),
  },
];

const SCRIPTS = new Map(
  SCRIPT_TABLES.flatMap(({ name, scripts }) => scripts.map((script) => [`${parseObis(name)}/${script.id}`, script] as const)),
);

/** The script of a table by its number. */
export function scriptOf(table: Obis, id: number): Script | undefined {
  return SCRIPTS.get(`${table}/${id}`);
}
