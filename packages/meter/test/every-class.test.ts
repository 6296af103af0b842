import { INTERFACE_CLASSES, closestClass, findClass, obisName, parseObis, parseObjectList, readObject, type DlmsData } from "@amity/dlms";
import { beforeAll, describe, expect, it } from "vitest";
import { METER_MODELS } from "../src/index.ts";
import { openBench, type MeterBench } from "./bench/meter-bench.ts";

const startMs = Date.UTC(2026, 0, 20, 1);
/** Short names have another association; a meter that shows them would have to be another one. */
const NOT_THERE = new Set([12]);
const CLASSES = [...new Set(INTERFACE_CLASSES.map(({ id }) => id))].filter((id) => !NOT_THERE.has(id));

describe("the conformance meter", () => {
  let bench: MeterBench;
  let list: ReturnType<typeof parseObjectList>;

  beforeAll(async () => {
    bench = await openBench({ startMs, parts: { type: METER_MODELS.conformance } });
    list = parseObjectList(await bench.get(15, "0-0:40.0.0", 2));
  });

  it.each(CLASSES.map((id) => [id, closestClass(id)?.name] as const))(
    "shows class %i, %s, every attribute as the class says",
    async (id) => {
      const entries = list.filter(({ classId }) => classId === id);
      expect(entries.length).toBeGreaterThan(0);
      for (const { instanceId, version, attributes } of entries.slice(0, 3)) {
        const definition = findClass(id, version);
        if (definition === undefined) throw new Error(`class ${id} has no version ${version}`);
        const values = new Map<number, DlmsData>();
        for (const { attributeId, accessMode } of attributes) {
          // Passwords and keys are written, not read; the object list and long buffers were read before.
          if ((accessMode & 1) === 0 || (id === 7 && attributeId === 2) || (id === 15 && attributeId === 2)) continue;
          const outcome = await bench.simulation.runFor(bench.client.get({ classId: id, instanceId, attributeId }));
          if (outcome.kind !== "data") throw new Error(`${instanceId} attribute ${attributeId}: ${outcome.result}`);
          values.set(attributeId, outcome.data);
        }
        expect(values.size).toBeGreaterThan(0);
        expect(readObject(definition, values).raw.map(({ attributeId, error }) => [instanceId, attributeId, error?.message])).toEqual([]);
      }
    },
  );

  it("gives objects the names that the standard has for them, where it has any", () => {
    const unnamed = list.filter(({ instanceId }) => !instanceId.startsWith("0-0:128.") && obisName(instanceId) === undefined);
    expect(unnamed.map(({ instanceId }) => instanceId)).toEqual([]);
  });

  it("keeps what is written to it", async () => {
    const bitRate = { type: "enum", value: 7 } as const;
    expect(await bench.set(27, "0-0:2.0.0", 2, bitRate)).toBe("success");
    await bench.crash();
    expect(await bench.get(27, "0-0:2.0.0", 2)).toEqual(bitRate);
    expect(await bench.set(27, "0-0:2.0.0", 2, { type: "null-data" })).toBe("type-unmatched");
    const hidden = await bench.simulation.runFor(bench.client.get({ classId: 46, instanceId: parseObis("0-0:25.5.0"), attributeId: 4 }));
    expect(hidden).toEqual({ kind: "refused", result: "read-write-denied" });
  });
});
