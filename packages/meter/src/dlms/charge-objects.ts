import { data, paymentClasses, type DlmsData, type InvokeOutcome } from "@amity/dlms";
import { configure, configuredObject, outcomeOf, refused } from "./configured-object.ts";
import { configuredValue, hasForm } from "./configured-values.ts";
import type { Collection } from "../metrology/payment-book.ts";
import { accountView, pay } from "./account-objects.ts";
import { stampOf } from "./demand-objects.ts";
import type { MeterObject, ObjectContext } from "./meter-object.ts";
import { numberOf } from "./monitored-value.ts";
import { NO_DATE } from "./no-date.ts";
import { NO_CHARGE, NO_STANDING_CHARGE, PAYMENT_OBJECTS, STANDING_PERIOD_SECONDS, isUnitCharge } from "./payment-terms.ts";

const { charge } = paymentClasses;
const PASSIVE = 6;
const TABLE_MAX = 16;
const TYPES = { consumption: 0, standing: 1, debt: 2 } as const;
/** Ten-thousandths of a payment. */
const PROPORTION_MAX = 10_000;
const AMOUNT_MAX = 0x7fff_ffff;

/** Charges (class 113): for energy by tariff 0-0:19.20.0, for time 0-0:19.20.1, for a debt out of payments 0-0:19.20.2. New unit charges are written passive, then activated by method 2 or at their time. */
export function chargeObjects(): MeterObject[] {
  return [chargeObject("consumption", NO_CHARGE), chargeObject("standing", NO_STANDING_CHARGE), chargeObject("debt", NO_STANDING_CHARGE)];
}

function chargeObject(kind: keyof typeof TYPES, factory: DlmsData): MeterObject {
  const name = PAYMENT_OBJECTS[kind];
  const paid = (context: ObjectContext): number => accountView(context).book?.paidAt(context.nowMs)[kind] ?? 0;
  return configuredObject({
    class: charge,
    name,
    values: {
      totalAmountPaid: (context) => data.doubleLong(paid(context) % 0x8000_0000),
      chargeType: data.enumerated(TYPES[kind]),
      priority: data.unsigned(TYPES[kind] + 1),
      // Written whole only by activation: what is in force does not change under an account.
      unitChargeActive: (context) => configuredValue(context, name, 5, factory),
      unitChargePassive: factory,
      unitChargeActivationTime: NO_DATE,
      period: data.doubleLongUnsigned(kind === "standing" ? STANDING_PERIOD_SECONDS : 0),
      chargeConfiguration: data.bits(2, Uint8Array.of(0)),
      lastCollectionTime(context) {
        const atMs = kind === "consumption" ? context.nowMs : collectionOf(kind, context)?.atMs;
        return atMs === undefined ? NO_DATE : stampOf(context.meter.clockAt(atMs), context);
      },
      // Energy is collected as it flows: all of it is the last collection.
      lastCollectionAmount: (context) =>
        data.doubleLong(kind === "consumption" ? paid(context) % 0x8000_0000 : (collectionOf(kind, context)?.amount ?? 0)),
      totalAmountRemaining: (context) => data.doubleLong(kind === "debt" ? (accountView(context).book?.debt ?? 0) : 0),
      proportion: data.longUnsigned(0),
    },
    writable: [
      "unitChargePassive",
      "unitChargeActivationTime",
      ...(kind === "standing" ? ["period"] : []),
      ...(kind === "debt" ? ["proportion"] : []),
    ],
    judge(attribute, given) {
      if (attribute === "proportion") return (numberOf(given) ?? 0) > PROPORTION_MAX ? "other-reason" : undefined;
      return attribute !== "unitChargePassive" || isGoodCharge(given) ? undefined : "other-reason";
    },
    methods: {
      updateUnitCharge: (parameter, context) => updatePassive(name, factory, parameter, context),
      activatePassiveUnitCharge: async (_parameter, context) =>
        outcomeOf(
          await configure(
            name,
            [
              [5, configuredValue(context, name, PASSIVE, factory)],
              [7, NO_DATE],
            ],
            context,
          ),
        ),
      ...(kind === "consumption" ? {} : { collect: (_parameter, context) => collect(kind, context) }),
      ...(kind === "debt"
        ? {
            updateTotalAmountRemaining: (given, context) => setDebt(given, context, accountView(context).book?.debt ?? 0),
            setTotalAmountRemaining: (given, context) => setDebt(given, context, 0),
          }
        : {}),
    },
  });
}

/** Only an active account is charged. */
function collect(charge: "standing" | "debt", context: ObjectContext): Promise<InvokeOutcome> {
  const { book } = accountView(context);
  return book?.isPrepaying === true ? pay(context, { what: "collect", charge }) : Promise.resolve(refused("temporary-failure"));
}

/** The debt becomes what it was and the amount given; less than nothing is not owed. */
async function setDebt(given: DlmsData, context: ObjectContext, before: number): Promise<InvokeOutcome> {
  if (given.type !== "double-long") return refused("type-unmatched");
  const amount = before + given.value;
  return amount < 0 || amount > AMOUNT_MAX ? refused("other-reason") : pay(context, { what: "setDebt", amount });
}

function collectionOf(charge: "standing" | "debt", context: ObjectContext): Collection | undefined {
  return accountView(context).book?.lastCollectionAt(charge, context.nowMs);
}

function isGoodCharge(given: DlmsData): boolean {
  const table = charge.attributes.unitChargePassive.decode(given).chargeTable;
  return isUnitCharge(given) && table.length <= TABLE_MAX;
}

/** Elements of the passive table by index: those that are there are replaced. */
async function updatePassive(name: string, factory: DlmsData, parameter: DlmsData, context: ObjectContext): Promise<InvokeOutcome> {
  if (!hasForm(() => charge.methods.updateUnitCharge.decode(parameter))) return refused("type-unmatched");
  const passive = charge.attributes.unitChargePassive.decode(configuredValue(context, name, PASSIVE, factory));
  const table = new Map(passive.chargeTable.map((element) => [String(element.index), element]));
  for (const element of charge.methods.updateUnitCharge.decode(parameter)) table.set(String(element.index), element);
  const updated = charge.attributes.unitChargePassive.encode({ ...passive, chargeTable: [...table.values()] });
  return isGoodCharge(updated) ? outcomeOf(await configure(name, [[PASSIVE, updated]], context)) : refused("other-reason");
}
