import { data, paymentClasses, type DlmsData, type InvokeOutcome } from "@amity/dlms";
import type { PaymentBook } from "../metrology/payment-book.ts";
import type { PaymentChange } from "../metrology/payment-change.ts";
import { DONE, configuredObject, refused } from "./configured-object.ts";
import { stampOf } from "./demand-objects.ts";
import type { MeterObject, ObjectContext } from "./meter-object.ts";
import { numberOf } from "./monitored-value.ts";
import { NO_DATE } from "./no-date.ts";
import {
  CURRENCY_SCALE,
  FACTORY_EMERGENCY,
  FACTORY_FRIENDLY,
  FACTORY_LOW,
  FRIENDLY_OBJECT,
  PAYMENT_OBJECTS,
  REFERENCES,
  friendlyShape,
  paymentTermsOf,
} from "./payment-terms.ts";

const { account, credit } = paymentClasses;
const STATUS = { new: 1, active: 2, closed: 3 } as const;
const MODE = { credit: 1, prepayment: 2 } as const;
/** Credit status (class 112, attribute 8). */
const CREDIT_STATUS = { enabled: 0, selectable: 1, selected: 2, inUse: 3, consumed: 4 } as const;
const AMOUNT_MAX = 0x7fff_ffff;

/** The state of the account as its objects show it. */
export interface AccountView {
  readonly book: PaymentBook | undefined;
  readonly balance: number;
  readonly emergencyAmount: number;
  /** Emergency credit left. */
  readonly emergencyLeft: number;
  readonly isEmergencyInUse: boolean;
  readonly isOut: boolean;
  readonly isLow: boolean;
}

export function accountView({ meter, nowMs }: ObjectContext): AccountView {
  const book = meter.functionsIfAny?.payment;
  const { emergencyAmount, lowThreshold } = paymentTermsOf(meter);
  const balance = book?.balanceAt(nowMs) ?? 0;
  const isSelected = book?.isEmergencySelected === true;
  return {
    book,
    balance,
    emergencyAmount,
    emergencyLeft: Math.max(0, emergencyAmount + Math.min(0, isSelected ? balance : 0)),
    isEmergencyInUse: isSelected && balance <= 0,
    isOut: book?.isConsumedAt(nowMs) === true,
    isLow: balance <= lowThreshold,
  };
}

/** Lets something happen to the account. */
export async function pay(context: ObjectContext, change: PaymentChange): Promise<InvokeOutcome> {
  const isDone = await context.perform({ kind: "payment", atMs: context.nowMs, change });
  return isDone ? DONE : refused("temporary-failure");
}

/** Account 0-0:19.0.0, its token and emergency credit, and the friendly times 0-0:128.19.0. */
export function accountObjects(): MeterObject[] {
  return [
    accountObject(),
    tokenCredit(),
    emergencyCredit(),
    configuredObject({
      ...FRIENDLY_OBJECT,
      values: { value: FACTORY_FRIENDLY },
      writable: ["value"],
      judge: (_attribute, given) => {
        const { fromSecond, toSecond, weekdays } = friendlyShape.decode(given);
        return fromSecond + toSecond >= 0 && weekdays < 128 ? undefined : "type-unmatched";
      },
    }),
  ];
}

function accountObject(): MeterObject {
  const { attributes } = account;
  return configuredObject({
    class: account,
    name: PAYMENT_OBJECTS.account,
    values: {
      accountModeAndStatus: (context) => modeAndStatus(accountView(context).book),
      currentCreditInUse: (context) => data.unsigned(accountView(context).isEmergencyInUse ? 2 : 1),
      currentCreditStatus: (context) => data.bits(8, Uint8Array.of(creditStatusBits(accountView(context)))),
      availableCredit: (context) => amount(availableOf(accountView(context))),
      amountToClear: (context) => amount(Math.min(0, accountView(context).balance)),
      clearanceThreshold: amount(0),
      // What charges have still to collect out of payments.
      aggregatedDebt: (context) => amount(accountView(context).book?.debt ?? 0),
      creditReferenceList: attributes.creditReferenceList.encode([...REFERENCES.credits]),
      chargeReferenceList: attributes.chargeReferenceList.encode([...REFERENCES.charges]),
      creditChargeConfiguration: attributes.creditChargeConfiguration.encode(
        REFERENCES.credits.flatMap((creditReference) =>
          REFERENCES.charges.map((chargeReference) => ({
            creditReference,
            chargeReference,
            collectionConfiguration: { bitLength: 3, octets: Uint8Array.of(0xe0) },
          })),
        ),
      ),
      tokenGatewayConfiguration: attributes.tokenGatewayConfiguration.encode(
        REFERENCES.credits.slice(0, 1).map((creditReference) => ({ creditReference, tokenProportion: 100 })),
      ),
      accountActivationTime: (context) => timeOf(context, accountView(context).book?.activatedMs),
      accountClosureTime: (context) => timeOf(context, accountView(context).book?.closedMs),
      currency: data.structure(data.utf8("AUD"), data.integer(CURRENCY_SCALE), data.enumerated(2)),
      lowCreditThreshold: amount(FACTORY_LOW),
      nextCreditAvailableThreshold: amount(0),
      maxProvision: data.longUnsigned(0),
      maxProvisionPeriod: amount(0),
    },
    writable: ["currency", "lowCreditThreshold"],
    actsOnWrite: {
      /** Of mode and status only the mode is written: the status is the methods' affair. */
      async accountModeAndStatus(given, context) {
        const [mode] = given.type === "structure" ? given.value : [];
        const wanted = mode?.type === "enum" ? (["credit", "prepayment"] as const).find((one) => MODE[one] === mode.value) : undefined;
        if (wanted === undefined) return "type-unmatched";
        return (await pay(context, { what: "setMode", mode: wanted })).kind === "done" ? "success" : "temporary-failure";
      },
    },
    methods: {
      activateAccount: (_parameter, context) => ifStatus(context, "new", { what: "activate" }),
      closeAccount: (_parameter, context) => ifStatus(context, "active", { what: "close" }),
      resetAccount: (_parameter, context) => ifStatus(context, "closed", { what: "reset" }),
    },
  });
}

function modeAndStatus(book: PaymentBook | undefined): DlmsData {
  return data.structure(data.enumerated(MODE[book?.mode ?? "credit"]), data.enumerated(STATUS[book?.status ?? "new"]));
}

async function ifStatus(context: ObjectContext, wanted: PaymentBook["status"], change: PaymentChange): Promise<InvokeOutcome> {
  const status = accountView(context).book?.status ?? "new";
  return status === wanted ? pay(context, change) : refused("other-reason");
}

/** Bits from the first: in credit, low, next enabled, selectable, selected, in use, out of credit. */
function creditStatusBits(view: AccountView): number {
  const isSelected = view.book?.isEmergencySelected === true;
  const bits = [
    view.balance > 0,
    view.isLow && view.balance > 0,
    !isSelected,
    isSelectable(view),
    isSelected,
    view.isEmergencyInUse,
    view.isOut,
  ];
  return bits.reduce((octet, isSet, index) => (isSet ? octet | (0x80 >> index) : octet), 0);
}

/** Emergency credit may be asked for once token credit is low. */
function isSelectable(view: AccountView): boolean {
  return view.book?.isPrepaying === true && !view.book.isEmergencySelected && view.isLow && view.balance > -view.emergencyAmount;
}

function availableOf({ balance, book, emergencyLeft }: AccountView): number {
  return Math.max(0, balance) + (book?.isEmergencySelected === true ? emergencyLeft : 0);
}

function tokenCredit(): MeterObject {
  return configuredObject({
    class: credit,
    name: PAYMENT_OBJECTS.tokenCredit,
    values: {
      currentCreditAmount: (context) => amount(accountView(context).balance),
      creditType: data.enumerated(0),
      priority: data.unsigned(1),
      warningThreshold: ({ meter }) => amount(paymentTermsOf(meter).lowThreshold),
      limit: amount(0),
      creditConfiguration: data.bits(5, Uint8Array.of(0b1001_1000)),
      creditStatus: (context) => data.enumerated(accountView(context).balance > 0 ? CREDIT_STATUS.inUse : CREDIT_STATUS.consumed),
      presetCreditAmount: amount(0),
      creditAvailableThreshold: amount(0),
      period: NO_DATE,
    },
    methods: {
      updateAmount: (parameter, context) => withAmount(parameter, (given) => pay(context, { what: "addCredit", amount: given })),
      setAmountToValue: (parameter, context) => withAmount(parameter, (given) => pay(context, { what: "setCredit", amount: given })),
    },
  });
}

function emergencyCredit(): MeterObject {
  return configuredObject({
    class: credit,
    name: PAYMENT_OBJECTS.emergencyCredit,
    values: {
      currentCreditAmount: (context) => amount(accountView(context).emergencyLeft),
      creditType: data.enumerated(2),
      priority: data.unsigned(2),
      warningThreshold: amount(0),
      limit: amount(0),
      // To be confirmed, and to be paid back.
      creditConfiguration: data.bits(5, Uint8Array.of(0b0110_0000)),
      creditStatus: (context) => data.enumerated(emergencyStatus(accountView(context))),
      presetCreditAmount: amount(FACTORY_EMERGENCY),
      creditAvailableThreshold: ({ meter }) => amount(paymentTermsOf(meter).lowThreshold),
      period: NO_DATE,
    },
    writable: ["presetCreditAmount"],
    judge: (_attribute, given) => ((numberOf(given) ?? -1) >= 0 ? undefined : "other-reason"),
    methods: {
      invokeCredit: async (_parameter, context) =>
        isSelectable(accountView(context)) ? pay(context, { what: "selectEmergency" }) : refused("other-reason"),
    },
  });
}

function emergencyStatus(view: AccountView): number {
  if (view.isEmergencyInUse) return view.emergencyLeft > 0 ? CREDIT_STATUS.inUse : CREDIT_STATUS.consumed;
  if (view.book?.isEmergencySelected === true) return CREDIT_STATUS.selected;
  return isSelectable(view) ? CREDIT_STATUS.selectable : CREDIT_STATUS.enabled;
}

async function withAmount(parameter: DlmsData, act: (amount: number) => Promise<InvokeOutcome>): Promise<InvokeOutcome> {
  return parameter.type === "double-long" ? act(parameter.value) : refused("type-unmatched");
}

function timeOf(context: ObjectContext, atMs: number | undefined): DlmsData {
  return stampOf(atMs === undefined ? undefined : context.meter.clockAt(Math.max(atMs, context.meter.lastOperationMs)), context);
}

function amount(value: number): DlmsData {
  return data.doubleLong(Math.max(-AMOUNT_MAX, Math.min(AMOUNT_MAX, value)));
}
