import { fromHex, toHex } from "@amity/bytes";
import { data, paymentClasses, type DlmsData, type InvokeOutcome } from "@amity/dlms";
import type { TakenToken } from "../metrology/payment-change.ts";
import { accountView, pay } from "./account-objects.ts";
import { configuredObject, refused } from "./configured-object.ts";
import { stampOf } from "./demand-objects.ts";
import { octetText } from "./identity.ts";
import type { MeterObject, ObjectContext } from "./meter-object.ts";
import { PAYMENT_OBJECTS } from "./payment-terms.ts";

const { tokenGateway, iec62055Attributes } = paymentClasses;
/** Octets that are looked at as a token. */
const ENTERED_MAX = 64;
const STATUS = { executed: 3, formatFailure: 4, authenticationFailure: 5, validationFailure: 6 } as const;

/** Token gateway 0-0:19.40.0 and the attributes of IEC 62055-41, 0-0:19.50.0. The meter takes tokens of a form of its own (`mintToken`), no STS tokens: the attributes say so. */
export function tokenObjects(): MeterObject[] {
  const last = (context: ObjectContext) => accountView(context).book?.lastToken;
  return [
    configuredObject({
      class: tokenGateway,
      name: PAYMENT_OBJECTS.gateway,
      values: {
        token: (context) => data.octets(fromHex(last(context)?.octets ?? "")),
        tokenTime: (context) => {
          const atMs = last(context)?.atMs;
          return stampOf(atMs === undefined ? undefined : context.meter.clockAt(Math.max(atMs, context.meter.lastOperationMs)), context);
        },
        tokenDescription: (context) => description(last(context)),
        tokenDeliveryMethod: data.enumerated(0),
        tokenStatus: (context) =>
          data.structure(data.enumerated(STATUS[last(context)?.outcome ?? "formatFailure"]), data.bits(0, new Uint8Array(0))),
      },
      methods: { enter: (entered, context) => enter(entered, context) },
    }),
    configuredObject({
      class: iec62055Attributes,
      name: PAYMENT_OBJECTS.attributes,
      values: {
        // No issuer, and the meter's serial number: a PAN that no STS vending system gives out.
        meterPan: ({ meter }) => data.structure(data.doubleLongUnsigned(0), data.octets(pan(meter.plan.serial)), data.unsigned(0)),
        commodity: octetText("electricity"),
        tokenCarrierTypes: data.array(octetText("virtual")),
        // No algorithm of the standard.
        encryptionAlgorithm: data.unsigned(0),
        supplyGroupCode: data.doubleLongUnsigned(0),
        tariffIndex: data.unsigned(1),
        keyRevisionNumber: data.unsigned(1),
        keyType: data.enumerated(0),
        keyExpiryNumber: data.unsigned(255),
        numberOfKctSupported: data.unsigned(0),
        stsCertificateNumber: data.octets(new Uint8Array(0)),
      },
    }),
  ];
}

async function enter(entered: DlmsData, context: ObjectContext): Promise<InvokeOutcome> {
  if (entered.type !== "octet-string" || entered.value.length > ENTERED_MAX) return refused("type-unmatched");
  const token = judge(entered.value, context);
  const outcome = await pay(context, { what: "takeToken", token });
  return token.outcome === "executed" ? outcome : refused("other-reason");
}

function judge(entered: Uint8Array, context: ObjectContext): TakenToken {
  const octets = toHex(entered);
  const reading = context.readToken(entered);
  if (reading.kind !== "token") return { octets, outcome: reading.kind, id: undefined, amount: 0 };
  const { id, amount } = reading.token;
  const { book } = accountView(context);
  const isTaken = book?.status === "active" && book.isFresh(id);
  return { octets, outcome: isTaken ? "executed" : "validationFailure", id, amount: isTaken ? amount : 0 };
}

function description(token: TakenToken | undefined): DlmsData {
  return data.array(...(token?.id === undefined ? [] : [octetText(`token ${token.id}`), octetText(`credit ${token.amount}`)]));
}

function pan(serial: number): Uint8Array {
  return new TextEncoder().encode(String(serial).padStart(11, "0"));
}
