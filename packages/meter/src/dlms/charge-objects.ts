import { data, paymentClasses, type DlmsData, type InvokeOutcome } from "@amity/dlms";
import { configure, configuredObject, outcomeOf, refused } from "./configured-object.ts";
import { configuredValue, hasForm } from "./configured-values.ts";
import { accountView } from "./account-objects.ts";
import { stampOf } from "./demand-objects.ts";
import type { MeterObject, ObjectContext } from "./meter-object.ts";
import { NO_DATE } from "./no-date.ts";
import { NO_CHARGE, NO_STANDING_CHARGE, PAYMENT_OBJECTS, STANDING_PERIOD_SECONDS, isUnitCharge } from "./payment-terms.ts";

const { charge } = paymentClasses;
const PASSIVE = 6;
const TABLE_MAX = 16;
const TYPES = { consumption: 0, standing: 1 } as const;

/** Charges (class 113): for energy by tariff 0-0:19.20.0, for time 0-0:19.20.1. New unit charges are written passive, then activated by method 2 or at their time. */
export function chargeObjects(): MeterObject[] {
  return [chargeObject("consumption", NO_CHARGE), chargeObject("standing", NO_STANDING_CHARGE)];
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
      priority: data.unsigned(kind === "consumption" ? 1 : 2),
      // Written whole only by activation: what is in force does not change under an account.
      unitChargeActive: (context) => configuredValue(context, name, 5, factory),
      unitChargePassive: factory,
      unitChargeActivationTime: NO_DATE,
      period: data.doubleLongUnsigned(kind === "standing" ? STANDING_PERIOD_SECONDS : 0),
      chargeConfiguration: data.bits(2, Uint8Array.of(0)),
      lastCollectionTime: (context) => (kind === "consumption" ? stampOf(context.meter.clockAt(context.nowMs), context) : NO_DATE),
      lastCollectionAmount: (context) => data.doubleLong(paid(context) % 0x8000_0000),
      totalAmountRemaining: data.doubleLong(0),
      proportion: data.longUnsigned(0),
    },
    writable: ["unitChargePassive", "unitChargeActivationTime", ...(kind === "standing" ? ["period"] : [])],
    judge: (attribute, given) => (attribute !== "unitChargePassive" || isGoodCharge(given) ? undefined : "other-reason"),
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
    },
  });
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
