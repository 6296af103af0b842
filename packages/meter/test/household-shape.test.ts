import { existsSync, readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { CLIMATES, DayCache, drawTraits, REGISTER_COUNT, Site } from "../src/index.ts";

/** Half-hourly kWh with local labels, as the published trial gives them. */
interface Household {
  readonly kwh: number[];
  readonly hour: number[];
  readonly month: number[];
  readonly isWeekend: boolean[];
  readonly day: number[];
}

/** What a load curve is like; all but the first without a unit. */
interface Shape {
  readonly annualKwh: number;
  readonly loadFactor: number;
  readonly eveningToNight: number;
  readonly weekendToWorkday: number;
  readonly winterToShoulder: number;
  readonly nextHalfHour: number;
  readonly nextDay: number;
  readonly dailyVariation: number;
}

const folder = new URL("../../../../shared/data/", import.meta.url);
const measuredFile = new URL("households-nsw/meters_halfhourly_kwh.csv.gz", folder);
const solarFile = (building: number): URL => new URL(`homes-solar-california/Building_${building}.csv`, folder);

describe.skipIf(!existsSync(measuredFile))("simulated households beside 20 measured ones (Smart Grid Smart City, New South Wales)", () => {
  const measured = existsSync(measuredFile) ? readMeasured() : [];
  const simulated = simulate(60);
  const typical = (households: readonly Household[]): Shape => medianShape(households.map(shapeOf));

  it("use about as much in a year, and differ from one another about as much", () => {
    const kwh = (households: readonly Household[]): number[] =>
      households.map((household) => shapeOf(household).annualKwh).toSorted((a, b) => a - b);
    const [real, model] = [kwh(measured), kwh(simulated)];
    expect(quantile(model, 0.5) / quantile(real, 0.5)).toBeGreaterThan(0.75);
    expect(quantile(model, 0.5) / quantile(real, 0.5)).toBeLessThan(1.33);
    const spread = (sorted: number[]): number => quantile(sorted, 0.75) / quantile(sorted, 0.25);
    expect(spread(model)).toBeGreaterThan(1.4);
    expect(spread(model)).toBeLessThan(spread(real) * 1.25);
  });

  it("follow the same day: the mean curves by hour correlate, with a morning and an evening peak over the night", () => {
    const [real, model] = [hourlyCurve(measured), hourlyCurve(simulated)];
    expect(correlation(real, model)).toBeGreaterThan(0.85);
    expect(model.slice(17, 21).reduce((a, b) => a + b) / 4).toBeGreaterThan(1.2);
    expect(model.slice(1, 5).reduce((a, b) => a + b) / 4).toBeLessThan(0.85);
  });

  it.each([
    ["eveningToNight", 0.35],
    ["weekendToWorkday", 0.15],
    ["winterToShoulder", 0.3],
    ["loadFactor", 0.45],
    ["nextHalfHour", 0.3],
    ["dailyVariation", 0.3],
  ] as const)("have a typical %s within %d of the measured", (measure, tolerance) => {
    const ratio = typical(simulated)[measure] / typical(measured)[measure];
    expect(Math.abs(ratio - 1)).toBeLessThan(tolerance);
  });

  it("remember yesterday neither more than people do nor less", () => {
    expect(Math.abs(typical(simulated).nextDay - typical(measured).nextDay)).toBeLessThan(0.12);
  });
});

describe.skipIf(!existsSync(solarFile(1)))("simulated panels beside five measured ones (Fontana, California)", () => {
  const measured = existsSync(solarFile(1)) ? [1, 2, 3, 4, 5].map(readSolar) : [];
  const site = new Site({ seed: 3, climate: CLIMATES.southernCalifornia, standardOffsetMinutes: -480 });
  const [byHour, byMonth, total] = simulateSolar(site);

  it("yield as much in a year for each installed kilowatt", () => {
    const yields = measured.map((home) => home.kwhPerKw).toSorted((a, b) => a - b);
    expect(total).toBeGreaterThan(yields[0]! * 0.95);
    expect(total).toBeLessThan(yields.at(-1)! * 1.05);
  });

  it("follow the sun through day and year", () => {
    const mean = (pick: (home: { byHour: number[]; byMonth: number[] }) => number[]): number[] =>
      pick(measured[0]!).map((_, index) => measured.reduce((sum, home) => sum + pick(home)[index]!, 0) / measured.length);
    expect(
      correlation(
        mean((home) => home.byHour),
        byHour,
      ),
    ).toBeGreaterThan(0.97);
    expect(
      correlation(
        mean((home) => home.byMonth),
        byMonth,
      ),
    ).toBeGreaterThan(0.85);
  });
});

function simulate(count: number): Household[] {
  const site = new Site({ seed: 7, climate: CLIMATES.newSouthWales, standardOffsetMinutes: 600 });
  const firstDay = Math.floor(Date.UTC(2012, 6, 1) / 86_400_000);
  return Array.from({ length: count }, (_, index) => {
    const traits = drawTraits(1_000 + index, { solar: false, electricVehicle: false });
    const days = new DayCache(1);
    const household: Household = { kwh: [], hour: [], month: [], isWeekend: [], day: [] };
    for (let day = firstDay; day < firstDay + 365; day++) {
      const gain = days.get(site, traits, day);
      for (let half = 0; half < 48; half++) {
        push(household, day, half, (gain[(2 * half + 2) * REGISTER_COUNT]! - gain[2 * half * REGISTER_COUNT]!) / 1_000);
      }
    }
    return household;
  });
}

function readMeasured(): Household[] {
  const households = new Map<string, Household>();
  const lines = gunzipSync(readFileSync(measuredFile)).toString("latin1").split("\n");
  for (const line of lines.slice(1)) {
    const [id, label, kwh] = line.split(",");
    if (id === undefined || label === undefined || kwh === undefined) continue;
    let household = households.get(id);
    if (household === undefined) households.set(id, (household = { kwh: [], hour: [], month: [], isWeekend: [], day: [] }));
    const atMs = Date.parse(`${label.replace(" ", "T")}:00Z`);
    push(household, Math.floor(atMs / 86_400_000), Math.floor((atMs % 86_400_000) / 1_800_000), Number(kwh));
  }
  return [...households.values()];
}

function push(household: Household, day: number, half: number, kwh: number): void {
  household.kwh.push(kwh);
  household.hour.push(Math.floor(half / 2));
  household.month.push(new Date(day * 86_400_000).getUTCMonth() + 1);
  household.isWeekend.push((day + 4) % 7 === 0 || (day + 4) % 7 === 6);
  household.day.push(day);
}

function shapeOf(household: Household): Shape {
  const { kwh, hour, month, isWeekend } = household;
  const mean = average(kwh);
  const where = (condition: (index: number) => boolean): number => average(kwh.filter((_, index) => condition(index)));
  const days = new Map<number, number>();
  for (const [index, value] of kwh.entries()) days.set(household.day[index]!, (days.get(household.day[index]!) ?? 0) + value);
  const daily = [...days.values()];
  const dailyMean = average(daily);
  return {
    annualKwh: mean * 17_520,
    loadFactor: mean / kwh.reduce((most, value) => Math.max(most, value), 0),
    eveningToNight: where((index) => hour[index]! >= 17 && hour[index]! < 22) / where((index) => hour[index]! >= 1 && hour[index]! < 5),
    weekendToWorkday: where((index) => isWeekend[index]!) / where((index) => !isWeekend[index]!),
    winterToShoulder: where((index) => [6, 7, 8].includes(month[index]!)) / where((index) => [3, 4, 5, 9, 10, 11].includes(month[index]!)),
    nextHalfHour: autocorrelation(kwh, 1),
    nextDay: autocorrelation(kwh, 48),
    dailyVariation: Math.sqrt(average(daily.map((value) => (value - dailyMean) ** 2))) / dailyMean,
  };
}

function medianShape(shapes: readonly Shape[]): Shape {
  const names = Object.keys(shapes[0]!) as (keyof Shape)[];
  return Object.fromEntries(
    names.map((name) => [
      name,
      quantile(
        shapes.map((shape) => shape[name]).toSorted((a, b) => a - b),
        0.5,
      ),
    ]),
  ) as unknown as Shape;
}

function hourlyCurve(households: readonly Household[]): number[] {
  return Array.from({ length: 24 }, (_, hour) =>
    average(households.map(({ kwh, hour: hours }) => average(kwh.filter((_value, index) => hours[index] === hour)) / average(kwh))),
  );
}

interface SolarHome {
  readonly kwhPerKw: number;
  readonly byHour: number[];
  readonly byMonth: number[];
}

/** Columns: month, hour (1 to 24, ending), ..., solar generation in W for each kW. */
function readSolar(building: number): SolarHome {
  const byHour = Array.from({ length: 24 }, () => 0);
  const byMonth = Array.from({ length: 12 }, () => 0);
  let watts = 0;
  for (const line of readFileSync(solarFile(building), "latin1").trim().split("\n").slice(1)) {
    const fields = line.split(",");
    const generated = Number(fields[11]);
    watts += generated;
    byHour[Number(fields[1]) - 1]! += generated;
    byMonth[Number(fields[0]) - 1]! += generated;
  }
  return { kwhPerKw: watts / 1_000, byHour: byHour.map((value) => value / watts), byMonth: byMonth.map((value) => value / watts) };
}

function simulateSolar(site: Site): [number[], number[], number] {
  const byHour = Array.from({ length: 24 }, () => 0);
  const byMonth = Array.from({ length: 12 }, () => 0);
  const firstDay = Math.floor(Date.UTC(2016, 7, 1) / 86_400_000);
  let total = 0;
  for (let day = firstDay; day < firstDay + 365; day++) {
    const { irradiance } = site.weatherOf(day);
    for (let slot = 0; slot < 96; slot++) {
      const kwh = Math.min(1, 0.82 * irradiance[slot]!) / 4;
      total += kwh;
      byHour[Math.floor(slot / 4)]! += kwh;
      byMonth[new Date(day * 86_400_000).getUTCMonth()]! += kwh;
    }
  }
  return [byHour.map((value) => value / total), byMonth.map((value) => value / total), total];
}

function average(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function quantile(sorted: readonly number[], share: number): number {
  const position = share * (sorted.length - 1);
  const low = sorted[Math.floor(position)]!;
  return low + (sorted[Math.ceil(position)]! - low) * (position - Math.floor(position));
}

function autocorrelation(values: readonly number[], lag: number): number {
  const mean = average(values);
  let together = 0;
  let alone = 0;
  for (let index = 0; index < values.length; index++) {
    alone += (values[index]! - mean) ** 2;
    if (index + lag < values.length) together += (values[index]! - mean) * (values[index + lag]! - mean);
  }
  return together / alone;
}

function correlation(left: readonly number[], right: readonly number[]): number {
  const [leftMean, rightMean] = [average(left), average(right)];
  let both = 0;
  let leftSquares = 0;
  let rightSquares = 0;
  for (const [index, value] of left.entries()) {
    both += (value - leftMean) * (right[index]! - rightMean);
    leftSquares += (value - leftMean) ** 2;
    rightSquares += (right[index]! - rightMean) ** 2;
  }
  return both / Math.sqrt(leftSquares * rightSquares);
}
