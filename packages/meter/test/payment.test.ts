import { data, obisToOctets, parseObis, type DlmsData } from "@amity/dlms";
import fc from "fast-check";
import { beforeEach, describe, expect, it } from "vitest";
import { formatToken, mintToken } from "../src/index.ts";
import { openBench, text, utc, writeCalendar, type MeterBench } from "./bench/meter-bench.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** Tuesday noon in Sydney: no friendly time until 16:00. */
const startMs = Date.UTC(2026, 0, 20, 1);
const ACCOUNT = [111, "0-0:19.0.0"] as const;
const TOKEN_CREDIT = [112, "0-0:19.10.0"] as const;
const EMERGENCY = [112, "0-0:19.10.1"] as const;
const CONSUMPTION = [113, "0-0:19.20.0"] as const;
const STANDING = [113, "0-0:19.20.1"] as const;
const DEBT = [113, "0-0:19.20.2"] as const;
const GATEWAY = [115, "0-0:19.40.0"] as const;
const FRIENDLY = [1, "0-0:128.19.0"] as const;
const DONE = { kind: "done" };

let bench: MeterBench;

beforeEach(async () => {
  bench = await openBench({ startMs });
});

const amount = (value: number): DlmsData => data.doubleLong(value);
const nothing = new Uint8Array(0);

/** A price for the kWh in thousandths, by mask; an empty mask is for all. */
function unitCharge(prices: Readonly<Record<string, number>>, scale = 3): DlmsData {
  const commodity = data.structure(data.longUnsigned(3), data.octets(obisToOctets(parseObis("1-0:1.8.0"))), data.integer(2));
  const table = Object.entries(prices).map(([mask, price]) =>
    data.structure(mask === "" ? data.octets(nothing) : text(mask), data.long(price)),
  );
  return data.structure(data.structure(data.integer(scale), data.integer(-3)), commodity, data.array(...table));
}

async function setPrice(charge: readonly [number, string], prices: DlmsData): Promise<void> {
  expect(await bench.set(...charge, 6, prices)).toBe("success");
  expect(await bench.act(...charge, 2)).toEqual(DONE);
}

async function prepay(credit: number, price = 1_000): Promise<void> {
  await setPrice(CONSUMPTION, unitCharge({ "": price }));
  expect(await bench.act(...TOKEN_CREDIT, 2, amount(credit))).toEqual(DONE);
  expect(await bench.set(...ACCOUNT, 2, data.structure(data.enumerated(2), data.enumerated(1)))).toBe("success");
  expect(await bench.act(...ACCOUNT, 1)).toEqual(DONE);
}

const token = (id: number, credit: number): Uint8Array =>
  mintToken(bench.fleet.keys(bench.target.meterId).vendingKey, bench.target.meterId, { id, amount: credit });
const enter = (octets: Uint8Array) => bench.act(...GATEWAY, 1, data.octets(octets));
const state = (): Promise<number> => bench.number(70, "0-0:96.3.10", 3);
const importWh = (atMs: number): number => bench.meter.registersAt(atMs)[0] ?? 0;
/** No time is friendly. */
const NEVER = data.structure(
  data.octets(Uint8Array.of(0, 0, 0, 0)),
  data.octets(Uint8Array.of(0, 0, 0, 0)),
  data.unsigned(0),
  data.boolean(false),
);

describe("an account in credit mode", () => {
  it("charges nothing and switches nothing off", async () => {
    await setPrice(CONSUMPTION, unitCharge({ "": 1_000 }));
    await bench.later(startMs + DAY_MS);
    expect(await bench.number(...TOKEN_CREDIT, 2)).toBe(0);
    expect(await state()).toBe(1);
    expect(await bench.get(...ACCOUNT, 2)).toEqual(data.structure(data.enumerated(1), data.enumerated(1)));
  });
});

describe("prepayment", () => {
  it("takes credit for energy, exactly as the register counts it", async () => {
    await prepay(30_000, 280);
    const fromMs = bench.meter.functions.payment!.activatedMs!;
    await bench.later(startMs + 3 * HOUR_MS);
    const nowMs = bench.simulation.nowMs;
    const due = Math.floor((importWh(nowMs) * 280) / 1000) - Math.floor((importWh(fromMs) * 280) / 1000);
    expect(bench.meter.functions.payment!.balanceAt(nowMs)).toBe(30_000 - due);
    expect(due).toBeGreaterThan(0);
    const left = await bench.number(...TOKEN_CREDIT, 2);
    expect(left).toBeLessThanOrEqual(30_000 - due);
    expect(await bench.number(...ACCOUNT, 5)).toBe(await bench.number(...TOKEN_CREDIT, 2));
    expect(await bench.number(...CONSUMPTION, 2)).toBeGreaterThanOrEqual(due);
  });

  it("charges by tariff and by day, and changes prices at their time without touching what is due", async () => {
    await writeCalendar(bench, "TOU", [
      [7, 2],
      [22, 1],
    ]);
    expect(await bench.act(20, "0-0:13.0.0", 1)).toEqual(DONE);
    await setPrice(STANDING, unitCharge({ "": 900 }, 0));
    await prepay(1_000_000);
    await setPrice(CONSUMPTION, unitCharge({ RATE1: 100, RATE2: 400 }));
    const fromMs = bench.meter.lastOperationMs;
    const start = bench.meter.functions.payment!.balanceAt(fromMs);
    const changeMs = startMs + 2 * DAY_MS;
    expect(await bench.set(...CONSUMPTION, 6, unitCharge({ RATE1: 100, RATE2: 800 }))).toBe("success");
    expect(await bench.set(...CONSUMPTION, 7, utc(changeMs))).toBe("success");
    await bench.later(startMs + 3 * DAY_MS);
    const nowMs = bench.simulation.nowMs;
    const cost = (from: number, to: number, prices: readonly number[]): number =>
      prices.reduce((sum, price, tariff) => {
        const [before, after] = [bench.meter.tariffsAt(from)[tariff]!, bench.meter.tariffsAt(to)[tariff]!];
        return sum + Math.floor((after * price) / 1000) - Math.floor((before * price) / 1000);
      }, 0);
    const expected = cost(fromMs, changeMs, [100, 400]) + cost(changeMs, nowMs, [100, 800]) + 3 * 900;
    expect(start - bench.meter.functions.payment!.balanceAt(nowMs)).toBe(expected);
    expect(await bench.number(...STANDING, 2)).toBe(3 * 900);
  });

  it("opens the disconnector when credit is used up, says so before and then, and closes it with a token where the mode lets it", async () => {
    expect(await bench.set(...FRIENDLY, 2, NEVER)).toBe("success");
    expect(await bench.set(70, "0-0:96.3.10", 4, data.enumerated(6))).toBe("success");
    await prepay(2_500);
    await bench.later(startMs + 2 * DAY_MS);
    expect(await state()).toBe(2);
    expect(bench.codes("standard")).toEqual(expect.arrayContaining([210, 211]));
    expect(bench.codes("disconnector").at(-1)).toBe(64);
    const balance = await bench.number(...TOKEN_CREDIT, 2);
    // Looked at to the second: not more than a second's energy is given away.
    expect(balance).toBeLessThanOrEqual(0);
    expect(balance).toBeGreaterThan(-10);
    expect(await bench.act(70, "0-0:96.3.10", 2)).toEqual({ kind: "refused", result: "other-reason" });
    expect(await enter(token(7, 10_000))).toEqual(DONE);
    await bench.later(bench.simulation.nowMs + 60_000);
    expect(await state()).toBe(1);
    expect(await bench.get(...GATEWAY, 6)).toMatchObject({ value: [{ value: 3 }, {}] });
    await bench.crash();
    expect(await bench.number(...TOKEN_CREDIT, 2)).toBeGreaterThan(9_000);
    expect(await enter(token(7, 10_000))).toEqual({ kind: "refused", result: "other-reason" });
  });

  it("disconnects nobody in a friendly time: not in the evening, nor at a weekend, but in the morning after it", async () => {
    // Friday 15:00 in Sydney.
    await bench.later(Date.UTC(2026, 0, 23, 4));
    await prepay(1_500);
    await bench.later(Date.UTC(2026, 0, 25, 22, 50));
    expect(bench.codes("standard")).toContain(211);
    expect(await state()).toBe(1);
    expect(await bench.number(...ACCOUNT, 6)).toBeLessThan(0);
    await bench.later(Date.UTC(2026, 0, 25, 23, 1));
    expect(await state()).toBe(2);
    expect(bench.meter.log("disconnector").entries.at(-1)?.clockMs).toBe(Date.UTC(2026, 0, 25, 23));
  });

  it("gives emergency credit once it is asked for, takes it back from the next token, and ends where it is used up", async () => {
    expect(await bench.set(...FRIENDLY, 2, NEVER)).toBe("success");
    expect(await bench.set(...EMERGENCY, 9, amount(3_000))).toBe("success");
    await prepay(10_000);
    expect(await bench.act(...EMERGENCY, 3)).toEqual({ kind: "refused", result: "other-reason" });
    expect(await bench.act(...TOKEN_CREDIT, 2, amount(1_500))).toEqual(DONE);
    expect(await bench.get(...EMERGENCY, 8)).toEqual(data.enumerated(1));
    expect(await bench.act(...EMERGENCY, 3)).toEqual(DONE);
    const empty = (): boolean => bench.meter.functions.payment!.balanceAt(bench.simulation.nowMs) < -100;
    for (let hour = 1; hour < 48 && !empty(); hour++) await bench.later(startMs + hour * HOUR_MS);
    expect(await state()).toBe(1);
    expect(await bench.get(...EMERGENCY, 8)).toEqual(data.enumerated(3));
    const owed = -(await bench.number(...ACCOUNT, 6));
    expect(owed).toBeGreaterThan(100);
    expect(await enter(new TextEncoder().encode(formatToken(token(1, 5_000))))).toEqual(DONE);
    expect(await bench.number(...TOKEN_CREDIT, 2)).toBeLessThanOrEqual(5_000 - owed);
    expect(await bench.number(...EMERGENCY, 2)).toBe(3_000);
    expect(await bench.act(...TOKEN_CREDIT, 2, amount(100))).toEqual(DONE);
    expect(await bench.act(...EMERGENCY, 3)).toEqual(DONE);
    await bench.later(bench.simulation.nowMs + 4 * DAY_MS);
    expect(await state()).toBe(2);
    expect(await bench.number(...TOKEN_CREDIT, 2)).toBeLessThanOrEqual(-3_000);
  });

  it("refuses tokens of another meter, of no form, and before the account is active; and says what became of them", async () => {
    const status = async (): Promise<unknown> => {
      const value = await bench.get(...GATEWAY, 6);
      const [code] = value.type === "structure" ? value.value : [];
      return code?.type === "enum" ? code.value : undefined;
    };
    expect(await enter(token(1, 100))).toEqual({ kind: "refused", result: "other-reason" });
    expect(await status()).toBe(6);
    await prepay(1_000);
    expect(await enter(new TextEncoder().encode("1234"))).toEqual({ kind: "refused", result: "other-reason" });
    expect(await status()).toBe(4);
    const { vendingKey } = bench.fleet.keys(bench.target.meterId);
    expect(await enter(mintToken(vendingKey, "AMTY000000000", { id: 1, amount: 100 }))).toEqual({
      kind: "refused",
      result: "other-reason",
    });
    expect(await status()).toBe(5);
    expect(bench.codes("standard").filter((code) => code === 213)).toHaveLength(3);
    expect(await enter(token(1, 100))).toEqual(DONE);
    expect(await status()).toBe(3);
  });

  it("takes each token number once, in any order, as long as it remembers older ones", async () => {
    await prepay(1_000, 0);
    const numbers = fc.sample(fc.uniqueArray(fc.integer({ min: 100, max: 0x7fff_ffff }), { minLength: 20, maxLength: 20 }), {
      seed: 3,
      numRuns: 1,
    })[0]!;
    for (const id of numbers) expect(await enter(token(id, 1))).toEqual(DONE);
    for (const id of numbers.slice(0, 5)) expect((await enter(token(id, 1))).kind).toBe("refused");
    expect(await bench.number(...TOKEN_CREDIT, 2)).toBe(1_020);
    const top = Math.max(...numbers);
    for (let next = 1; next <= 50; next++) expect(await enter(token(top - 1_000 + next * 7, 1))).toEqual(DONE);
    expect((await enter(token(50, 1))).kind).toBe("refused");
  });

  it("collects a debt out of payments by their share, or at once, until nothing is left of it", async () => {
    await prepay(1_000, 0);
    expect(await bench.set(...DEBT, 13, data.longUnsigned(10_001))).toBe("other-reason");
    expect(await bench.set(...DEBT, 13, data.longUnsigned(2_500))).toBe("success");
    expect(await bench.act(...DEBT, 5, amount(-1))).toEqual({ kind: "refused", result: "other-reason" });
    expect(await bench.act(...DEBT, 5, amount(700))).toEqual(DONE);
    expect(await bench.act(...DEBT, 4, amount(100))).toEqual(DONE);
    expect(await bench.number(...ACCOUNT, 8)).toBe(800);
    expect(await enter(token(1, 2_000))).toEqual(DONE);
    expect(await bench.number(...DEBT, 12)).toBe(300);
    expect(await bench.number(...TOKEN_CREDIT, 2)).toBe(2_500);
    expect(await bench.number(...DEBT, 11)).toBe(500);
    await setPrice(DEBT, unitCharge({ "": 120 }, 0));
    expect(await bench.act(...DEBT, 3)).toEqual(DONE);
    expect(await bench.number(...DEBT, 12)).toBe(180);
    expect(await bench.number(...TOKEN_CREDIT, 2)).toBe(2_380);
    await bench.crash();
    expect(await enter(token(2, 2_000))).toEqual(DONE);
    expect(await bench.number(...DEBT, 12)).toBe(0);
    expect(await bench.number(...DEBT, 2)).toBe(800);
    expect(await bench.number(...TOKEN_CREDIT, 2)).toBe(4_200);
    expect(await bench.act(...DEBT, 3)).toEqual(DONE);
    expect(await bench.number(...TOKEN_CREDIT, 2)).toBe(4_200);
  });

  it("tells when the standing charge was last collected, and collects one more when that is asked for", async () => {
    await setPrice(STANDING, unitCharge({ "": 900 }, 0));
    expect(await bench.act(...STANDING, 3)).toEqual({ kind: "refused", result: "temporary-failure" });
    await prepay(10_000, 0);
    expect(await bench.number(...STANDING, 11)).toBe(0);
    await bench.later(startMs + DAY_MS);
    expect(await bench.number(...STANDING, 11)).toBe(900);
    expect(await bench.number(...TOKEN_CREDIT, 2)).toBe(9_100);
    expect(await bench.act(...STANDING, 3)).toEqual(DONE);
    expect(await bench.number(...TOKEN_CREDIT, 2)).toBe(8_200);
    expect(await bench.number(...STANDING, 2)).toBe(1_800);
  });

  it("refuses charges that it cannot work with", async () => {
    expect(await bench.set(...CONSUMPTION, 6, unitCharge({ "": -1 }))).toBe("other-reason");
    expect(await bench.set(...CONSUMPTION, 6, unitCharge({ "": 1 }, 9))).toBe("other-reason");
    expect(await bench.set(...CONSUMPTION, 6, data.unsigned(1))).toBe("type-unmatched");
    expect(await bench.set(...CONSUMPTION, 5, unitCharge({ "": 1 }))).toBe("read-write-denied");
    expect(await bench.set(...FRIENDLY, 2, data.unsigned(1))).toBe("type-unmatched");
  });

  it("updates single elements of the passive charge", async () => {
    expect(await bench.set(...CONSUMPTION, 6, unitCharge({ RATE1: 100, RATE2: 400 }))).toBe("success");
    expect(await bench.act(...CONSUMPTION, 1, data.array(data.structure(text("RATE2"), data.long(500))))).toEqual(DONE);
    expect(await bench.get(...CONSUMPTION, 6)).toEqual(unitCharge({ RATE1: 100, RATE2: 500 }));
  });
});
