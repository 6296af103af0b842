import { data, type AttributeDescriptor, type DlmsData } from "@amity/dlms";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { openBench, type MeterBench } from "./bench/meter-bench.ts";

const HOUR_MS = 3_600_000;
const startMs = Date.UTC(2026, 0, 20, 1);

/** Any value like another one: numbers, octets and lengths change, the form mostly stays. */
function mutated(value: DlmsData, random: () => number): DlmsData {
  if (random() < 0.03) return [data.nothing, data.unsigned(7), data.octets(Uint8Array.of(1)), data.array()][Math.floor(random() * 4)]!;
  if (value.type === "array" || value.type === "structure") {
    const items = value.value.map((item) => mutated(item, random));
    return { ...value, value: value.type === "array" && items.length > 0 && random() < 0.3 ? [...items, items[0]!] : items };
  }
  if (value.type === "octet-string") {
    const octets = value.value.map((octet) => (random() < 0.25 ? Math.floor(random() * 256) : octet));
    return { ...value, value: random() < 0.1 ? octets.slice(1) : octets };
  }
  if ("value" in value && typeof value.value === "number") {
    const most = { unsigned: 255, enum: 8, integer: 127, long: 32_767, "long-unsigned": 65_535 }[value.type as string] ?? 0xffff_ffff;
    return random() < 0.5 ? value : ({ ...value, value: Math.floor(random() * random() * most) } as DlmsData);
  }
  return value;
}

/** Forms for attributes that leave the factory empty. */
const scripts = data.structure(data.octets(Uint8Array.of(0, 0, 10, 0, 106, 255)), data.longUnsigned(1));
const date = data.octets(Uint8Array.of(0xff, 0xff, 1, 21, 0xff));
const time = data.octets(Uint8Array.of(13, 0, 0, 0));
const text = (value: string): DlmsData => data.octets(new TextEncoder().encode(value));
const FILLED: Readonly<Record<string, DlmsData>> = {
  "20/7": data.array(data.structure(text("S"), data.octets(Uint8Array.of(0xff, 0xff, 1, 1, 0xff, 0, 0, 0, 0, 0x80, 0, 0xff)), text("W"))),
  "20/8": data.array(data.structure(text("W"), ...Array.from({ length: 7 }, () => data.unsigned(1)))),
  "20/9": data.array(
    data.structure(
      data.unsigned(1),
      data.array(data.structure(time, data.octets(Uint8Array.of(0, 0, 10, 0, 100, 255)), data.longUnsigned(2))),
    ),
  ),
  "20/10": data.octets(Uint8Array.of(0x07, 0xea, 1, 20, 0xff, 13, 0, 0, 0, 0x80, 0, 0)),
  "11/2": data.array(data.structure(data.longUnsigned(1), date, data.unsigned(1))),
  "22/4": data.array(data.structure(time, date)),
  "21/2": data.array(data.doubleLongUnsigned(2_300)),
  "21/4": data.array(data.structure(scripts, scripts)),
  "71/4": data.doubleLongUnsigned(1_500),
  "40/4": data.array(data.structure(data.octets(new Uint8Array(12).fill(0xff)), data.octets(new Uint8Array(12).fill(0xff)))),
};

async function writableOf(bench: MeterBench): Promise<AttributeDescriptor[]> {
  const { objects } = bench.fleet.model.compiled;
  return Promise.resolve(
    objects.flatMap(({ classId, instanceId, attributes }) =>
      attributes
        .filter(({ access }) => ((access["management"] ?? 0) & 2) !== 0)
        .map(({ id }) => ({ classId, instanceId, attributeId: id })),
    ),
  );
}

describe("whatever a client sets", () => {
  it("never breaks the meter: it goes on acting, answers every attribute, and is the same after a crash", async () => {
    const seeds = fc.sample(fc.integer(), { seed: 11, numRuns: 6 });
    for (const seed of seeds) {
      const bench = await openBench({ startMs, installedDays: [3, 5] });
      const random = fc.sample(fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }), { seed, numRuns: 6_000 });
      let at = 0;
      const next = (): number => random[at++ % random.length]!;
      for (const attribute of await writableOf(bench)) {
        const present = await bench.simulation.runFor(bench.client.get(attribute));
        const known = FILLED[`${attribute.classId}/${attribute.attributeId}`] ?? (present.kind === "data" ? present.data : data.array());
        // The clock itself stays: the bench's own stamps count on it.
        if (attribute.classId !== 8) await bench.simulation.runFor(bench.client.set(attribute, mutated(known, next)));
      }
      await bench.act(111, "0-0:19.0.0", 1);
      await bench.act(20, "0-0:13.0.0", 1);
      await bench.later(startMs + 30 * HOUR_MS);
      for (const { classId, instanceId, attributes } of bench.fleet.model.compiled.objects) {
        for (const { id, access } of attributes) {
          if (((access["management"] ?? 0) & 1) === 0) continue;
          const outcome = await bench.simulation.runFor(bench.client.get({ classId, instanceId, attributeId: id }));
          expect(`${instanceId} ${id} ${outcome.kind}`).toBe(`${instanceId} ${id} data`);
        }
      }
      const { meter } = bench;
      const state = [meter.controlState, ...meter.registersAt(startMs + 29 * HOUR_MS), ...meter.tariffsAt(startMs + 29 * HOUR_MS)];
      await bench.crash();
      const again = bench.meter;
      expect([again.controlState, ...again.registersAt(startMs + 29 * HOUR_MS), ...again.tariffsAt(startMs + 29 * HOUR_MS)]).toEqual(state);
    }
  }, 120_000);
});
