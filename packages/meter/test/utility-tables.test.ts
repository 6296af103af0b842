import { data, parseObis, tableSelection, type AccessSelection, type TableSelection } from "@amity/dlms";
import { beforeAll, describe, expect, it } from "vitest";
import { METER_MODELS } from "../src/index.ts";
import { openBench, type MeterBench } from "./bench/meter-bench.ts";

const BUFFER = { classId: 26, instanceId: parseObis("0-0:65.0.23"), attributeId: 4 };

describe("a utility table", () => {
  let bench: MeterBench;
  let whole: Uint8Array;
  const ask = (selection: AccessSelection) => bench.simulation.runFor(bench.client.get(BUFFER, selection));
  const octets = async (wanted: TableSelection): Promise<Uint8Array> => {
    const outcome = await ask(tableSelection(wanted));
    if (outcome.kind !== "data" || outcome.data.type !== "octet-string") throw new Error(JSON.stringify(outcome));
    return outcome.data.value;
  };

  beforeAll(async () => {
    bench = await openBench({ startMs: Date.UTC(2026, 0, 20, 1), parts: { type: METER_MODELS.conformance } });
    const buffer = await bench.get(26, "0-0:65.0.23", 4);
    if (buffer.type !== "octet-string") throw new Error(buffer.type);
    whole = buffer.value;
    expect(await bench.get(26, "0-0:65.0.23", 3)).toEqual(data.doubleLongUnsigned(whole.length));
  });

  it("is read by octets", async () => {
    expect(await octets({ kind: "offset", offset: 0, octets: whole.length })).toEqual(whole);
    expect(await octets({ kind: "offset", offset: 3, octets: 4 })).toEqual(whole.subarray(3, 7));
    expect(await ask(tableSelection({ kind: "offset", offset: 3, octets: whole.length }))).toEqual({
      kind: "refused",
      result: "other-reason",
    });
  });

  it("is read by the place of its elements", async () => {
    expect(await octets({ kind: "index", path: [], elements: 0 })).toEqual(whole);
    expect(await octets({ kind: "index", path: [0], elements: 1 })).toEqual(whole.subarray(0, 1));
    expect(await octets({ kind: "index", path: [1], elements: 0 })).toEqual(whole.subarray(1));
    expect(await octets({ kind: "index", path: [1, 1], elements: 1 })).toEqual(whole.subarray(5, 9));
    expect(await octets({ kind: "index", path: [1, 0], elements: 2 })).toEqual(whole.subarray(1));
    for (const path of [[2], [1, 2], [0, 0], [7, 7, 7]])
      expect(await ask(tableSelection({ kind: "index", path, elements: 1 }))).toEqual({ kind: "refused", result: "other-reason" });
  });

  it("refuses other selections", async () => {
    expect(await ask({ selector: 1, parameters: data.nothing })).toEqual({ kind: "refused", result: "type-unmatched" });
    expect(await ask({ selector: 3, parameters: data.nothing })).toEqual({ kind: "refused", result: "scope-of-access-violated" });
  });
});
