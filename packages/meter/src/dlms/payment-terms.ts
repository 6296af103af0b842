import { toHex } from "@amity/bytes";
import { ANY_DATE_TIME, data, dataClasses, matchesStamp, parseObis, paymentClasses, timeClasses, type DlmsData } from "@amity/dlms";
import { DAY_MS, isoWeekdayOf } from "@amity/intervals";
import type { PaymentTerms } from "../metrology/payment-change.ts";
import { TARIFFS } from "../metrology/tariff-book.ts";
import type { SimulatedMeter } from "../simulated-meter.ts";
import { localDay } from "./civil-schedule.ts";
import { numberOf } from "./monitored-value.ts";
import { UnderstoodSettings } from "./settings.ts";
import { TARIFF_MASKS, TARIFF_OBJECTS } from "./tariff-plan.ts";
import { timeBaseOf } from "./time-base.ts";

/** Objects of the account (group B 0). */
export const PAYMENT_OBJECTS = {
  account: "0-0:19.0.0",
  tokenCredit: "0-0:19.10.0",
  emergencyCredit: "0-0:19.10.1",
  consumption: "0-0:19.20.0",
  standing: "0-0:19.20.1",
  debt: "0-0:19.20.2",
  gateway: "0-0:19.40.0",
  attributes: "0-0:19.50.0",
  /** Of this manufacturer: when nobody is disconnected for want of credit. */
  friendly: "0-0:128.19.0",
} as const;

/** Amounts count thousandths of the currency. */
export const CURRENCY_SCALE = -3;
const { charge } = paymentClasses;

/** No charges: the utility sets them. */
export const NO_CHARGE: DlmsData = data.structure(
  data.structure(data.integer(3), data.integer(CURRENCY_SCALE)),
  data.structure(data.longUnsigned(3), data.octets(Uint8Array.of(1, 0, 1, 8, 0, 255)), data.integer(2)),
  data.array(),
);
export const NO_STANDING_CHARGE: DlmsData = data.structure(
  data.structure(data.integer(0), data.integer(CURRENCY_SCALE)),
  data.structure(data.longUnsigned(8), data.octets(Uint8Array.of(0, 0, 1, 0, 0, 255)), data.integer(2)),
  data.array(),
);
export const FACTORY_EMERGENCY = 5_000;
export const FACTORY_LOW = 2_000;
export const STANDING_PERIOD_SECONDS = 86_400;

/** From 16:00 to 10:00, at weekends and on special days nobody sits in the dark. */
export const FACTORY_FRIENDLY: DlmsData = data.structure(
  data.octets(Uint8Array.of(16, 0, 0, 0)),
  data.octets(Uint8Array.of(10, 0, 0, 0)),
  data.unsigned(0b110_0000),
  data.boolean(true),
);

type UnitCharge = ReturnType<typeof charge.attributes.unitChargeActive.decode>;

const TERMS = new UnderstoodSettings<PaymentTerms>(
  ([consumption, standing, period, emergency, low, debt, proportion]) => {
    const prices = charge.attributes.unitChargeActive.decode(consumption ?? NO_CHARGE);
    const flat = charge.attributes.unitChargeActive.decode(standing ?? NO_STANDING_CHARGE);
    const periodMs = 1000 * ((period === undefined ? undefined : numberOf(period)) ?? STANDING_PERIOD_SECONDS);
    return {
      perWattHour: Array.from({ length: TARIFFS }, (_, index) => priceOf(prices, index)),
      standing: { amount: flat.chargeTable[0]?.chargePerUnit ?? 0, periodMs },
      debt: {
        proportion: (proportion === undefined ? undefined : numberOf(proportion)) ?? 0,
        amount: charge.attributes.unitChargeActive.decode(debt ?? NO_STANDING_CHARGE).chargeTable[0]?.chargePerUnit ?? 0,
      },
      emergencyAmount: (emergency === undefined ? undefined : numberOf(emergency)) ?? FACTORY_EMERGENCY,
      lowThreshold: (low === undefined ? undefined : numberOf(low)) ?? FACTORY_LOW,
    };
  },
  {
    perWattHour: [],
    standing: { amount: 0, periodMs: 0 },
    debt: { proportion: 0, amount: 0 },
    emergencyAmount: FACTORY_EMERGENCY,
    lowThreshold: FACTORY_LOW,
  },
);

const TERM_ATTRIBUTES = [
  [PAYMENT_OBJECTS.consumption, 5],
  [PAYMENT_OBJECTS.standing, 5],
  [PAYMENT_OBJECTS.standing, 8],
  [PAYMENT_OBJECTS.emergencyCredit, 9],
  [PAYMENT_OBJECTS.account, 16],
  [PAYMENT_OBJECTS.debt, 5],
  [PAYMENT_OBJECTS.debt, 13],
] as const;

/** What the account of a meter charges now. */
export function paymentTermsOf(meter: SimulatedMeter): PaymentTerms {
  return TERMS.of(meter, TERM_ATTRIBUTES);
}

/** Whether a unit charge is one that the meter can work with: thousandths, for whole decimal parts of a watt-hour. */
export function isUnitCharge(value: DlmsData): boolean {
  const { chargePerUnitScaling, chargeTable } = charge.attributes.unitChargeActive.decode(value);
  const { commodityScale, priceScale } = chargePerUnitScaling;
  return (
    commodityScale >= 0 &&
    commodityScale <= 6 &&
    priceScale >= -6 &&
    priceScale <= 0 &&
    chargeTable.every(({ chargePerUnit }) => chargePerUnit >= 0)
  );
}

/** The charge of the tariff's mask, or the one without an index. */
function priceOf({ chargePerUnitScaling, chargeTable }: UnitCharge, tariff: number): { numerator: number; denominator: number } {
  const own = chargeTable.find(({ index }) => toHex(index) === TARIFF_MASKS[tariff]) ?? chargeTable.find(({ index }) => index.length === 0);
  const exponent = chargePerUnitScaling.priceScale - CURRENCY_SCALE - chargePerUnitScaling.commodityScale;
  const factor = 10 ** Math.abs(exponent);
  const perUnit = own?.chargePerUnit ?? 0;
  return exponent >= 0 ? { numerator: perUnit * factor, denominator: 1 } : { numerator: perUnit, denominator: factor };
}

/** Form of the friendly times: from, to (times), days of the week (bit 0 is Monday), whether special days are friendly. */
export const friendlyShape = {
  decode(value: DlmsData): FriendlyTimes {
    const [from, to, days, special] = value.type === "structure" ? value.value : [];
    const seconds = [from, to].map((time) =>
      time?.type === "octet-string" && time.value.length === 4 ? secondOf(time.value) : Number.NaN,
    );
    const [fromSecond = Number.NaN, toSecond = Number.NaN] = seconds;
    const weekdays = days?.type === "unsigned" ? days.value : 0;
    return { fromSecond, toSecond, weekdays, specialDays: special?.type === "boolean" && special.value };
  },
};

export interface FriendlyTimes {
  readonly fromSecond: number;
  readonly toSecond: number;
  readonly weekdays: number;
  readonly specialDays: boolean;
}

function secondOf(time: Uint8Array): number {
  const [hour = 0, minute = 0, second = 0] = time;
  return hour < 24 && minute < 60 && second < 60 ? (hour * 60 + minute) * 60 + second : Number.NaN;
}

const FRIENDLY = new UnderstoodSettings<{
  times: FriendlyTimes;
  special: ReturnType<typeof timeClasses.specialDaysTable.attributes.entries.decode>;
}>(
  ([times, special]) => ({
    times: friendlyShape.decode(times ?? FACTORY_FRIENDLY),
    special: special === undefined ? [] : timeClasses.specialDaysTable.attributes.entries.decode(special),
  }),
  { times: friendlyShape.decode(FACTORY_FRIENDLY), special: [] },
);

/** Whether nobody is to be disconnected for want of credit at a time of the meter's clock. */
export function isFriendly(meter: SimulatedMeter, clockMs: number): boolean {
  const { times, special } = FRIENDLY.of(meter, [
    [PAYMENT_OBJECTS.friendly, 2],
    [TARIFF_OBJECTS.specialDays, 2],
  ]);
  const { zone } = timeBaseOf(meter);
  const day = localDay(zone, clockMs);
  if (((times.weekdays >> (isoWeekdayOf(day) - 1)) & 1) === 1) return true;
  if (times.specialDays && special.some(({ specialDayDate }) => matchesStamp(day * DAY_MS, { ...ANY_DATE_TIME, ...specialDayDate })))
    return true;
  const second = ((clockMs + (zone?.offsetMsAt(clockMs) ?? 0)) % DAY_MS) / 1000;
  const { fromSecond, toSecond } = times;
  return fromSecond <= toSecond ? second >= fromSecond && second < toSecond : second >= fromSecond || second < toSecond;
}

/** The data object of the friendly times. */
export const FRIENDLY_OBJECT = { class: dataClasses.data, name: PAYMENT_OBJECTS.friendly } as const;

/** Credit and charge references in the order in which the account lists them. */
export const REFERENCES = {
  credits: [parseObis(PAYMENT_OBJECTS.tokenCredit), parseObis(PAYMENT_OBJECTS.emergencyCredit)],
  charges: [parseObis(PAYMENT_OBJECTS.consumption), parseObis(PAYMENT_OBJECTS.standing), parseObis(PAYMENT_OBJECTS.debt)],
} as const;
