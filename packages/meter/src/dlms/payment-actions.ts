import { fromHex } from "@amity/bytes";
import { decodeData } from "@amity/dlms";
import type { OwnActions, Outlook } from "../metrology/own-actions.ts";
import type { PaymentBook } from "../metrology/payment-book.ts";
import type { SimulatedMeter } from "../simulated-meter.ts";
import { readDateTime } from "./civil-time.ts";
import { toConfigure } from "./configured-values.ts";
import { isFriendly, PAYMENT_OBJECTS } from "./payment-terms.ts";
import { NO_DATE } from "./no-date.ts";
import { timeBaseOf } from "./time-base.ts";

/** To the second is near enough for the moment at which credit ends. */
const EXACT_MS = 1_000;
/** Friendly times are looked at every quarter-hour. */
const FRIENDLY_STEP_MS = 900_000;
const CHARGES = [PAYMENT_OBJECTS.consumption, PAYMENT_OBJECTS.standing, PAYMENT_OBJECTS.debt] as const;
const UNIT_CHARGE = { active: 5, passive: 6, activation: 7 } as const;

/** The next thing that the account does: a new charge comes into force, credit runs low, is used up, or ends the supply. */
export function paymentActions(meter: SimulatedMeter, outlook: Outlook): OwnActions | undefined {
  const account = meter.functionsIfAny?.payment;
  const charge = chargeActivation(meter, outlook);
  if (account?.isPrepaying !== true) return charge;
  const found = [charge, noteOf(account, outlook), endOfSupply(meter, account, outlook)].filter((one) => one !== undefined);
  return found.reduce<OwnActions | undefined>((first, one) => (first === undefined || one.atMs < first.atMs ? one : first), undefined);
}

/** The passive unit charge as the active one, where its time has come. */
function chargeActivation(meter: SimulatedMeter, { afterMs, toMs }: Outlook): OwnActions | undefined {
  if (!meter.isConfigured) return undefined;
  for (const object of CHARGES) {
    const [time, passive] = [meter.configured(object, UNIT_CHARGE.activation), meter.configured(object, UNIT_CHARGE.passive)];
    if (time === undefined || passive === undefined) continue;
    const stamp = decodeData(fromHex(time));
    const clockMs = "value" in stamp && stamp.value instanceof Uint8Array ? readDateTime(stamp.value, timeBaseOf(meter)) : null;
    if (typeof clockMs !== "number" || clockMs > meter.clockAt(toMs)) continue;
    const atMs = Math.min(toMs, Math.max(afterMs + 1, meter.trueAt(clockMs)));
    const values = [{ attributeId: UNIT_CHARGE.active, octets: passive }, toConfigure(UNIT_CHARGE.activation, NO_DATE)];
    return { atMs, operations: [{ kind: "configure", atMs, object, values }] };
  }
  return undefined;
}

/** Low and used-up credit are told once each. */
function noteOf(account: PaymentBook, outlook: Outlook): OwnActions | undefined {
  if (!account.isLowNoted) {
    const atMs = reached(account, account.terms.lowThreshold, outlook);
    return atMs === undefined ? undefined : { atMs, operations: [{ kind: "payment", atMs, change: { what: "noteLow" } }] };
  }
  if (account.isConsumedNoted) return undefined;
  const atMs = reached(account, account.floor, outlook);
  return atMs === undefined ? undefined : { atMs, operations: [{ kind: "payment", atMs, change: { what: "noteConsumed" } }] };
}

/** The disconnector opens once credit is used up, not in a friendly time; with credit it closes again. */
function endOfSupply(meter: SimulatedMeter, account: PaymentBook, outlook: Outlook): OwnActions | undefined {
  const { afterMs } = outlook;
  if (account.hasEndedSupply && !account.isConsumedAt(afterMs)) {
    const change = { what: "noteSupply", isEnded: false } as const;
    // Where the control mode leaves it to the customer's button, that is how it ends.
    return {
      atMs: afterMs,
      operations: [
        { kind: "payment", atMs: afterMs, change },
        { kind: "reconnect", atMs: afterMs, by: "local" },
      ],
    };
  }
  if (meter.controlState !== "connected" || meter.controlMode === 0) return undefined;
  const usedUpMs = reached(account, account.floor, outlook);
  if (usedUpMs === undefined) return undefined;
  for (let atMs = usedUpMs; atMs <= outlook.toMs; atMs = (Math.floor(atMs / FRIENDLY_STEP_MS) + 1) * FRIENDLY_STEP_MS) {
    if (!isFriendly(meter, meter.clockAt(atMs))) {
      const change = { what: "noteSupply", isEnded: true } as const;
      return {
        atMs,
        operations: [
          { kind: "payment", atMs, change },
          { kind: "disconnect", atMs, by: "local" },
        ],
      };
    }
  }
  return undefined;
}

/** When the balance, which only falls by itself, is at or under an amount; `undefined`: not in the outlook. */
function reached(account: PaymentBook, amount: number, { afterMs, toMs }: Outlook): number | undefined {
  if (account.balanceAt(afterMs) <= amount) return afterMs;
  if (account.balanceAt(toMs) > amount) return undefined;
  let [low, high] = [afterMs, toMs];
  while (high - low > EXACT_MS) {
    const middle = Math.floor((low + high) / 2);
    if (account.balanceAt(middle) <= amount) high = middle;
    else low = middle;
  }
  return high;
}
