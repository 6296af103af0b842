import { interfaceClass } from "../interface-class.ts";
import {
  any,
  arrayOf,
  bits,
  dateTime,
  doubleLong,
  doubleLongUnsigned,
  enumeration,
  integer,
  logicalName,
  long,
  longUnsigned,
  octets,
  structure,
  unsigned,
  utf8,
  visible,
} from "../shape.ts";
import { rawEnum, valueDefinition } from "./parts.ts";

/** Payment metering (Blue Book 4.6). Amounts are integers in the account's currency and scale. */

export const account = interfaceClass({
  id: 111,
  version: 0,
  name: "Account",
  attributes: {
    accountModeAndStatus: structure({
      paymentMode: enumeration({ 1: "credit", 2: "prepayment" }),
      accountStatus: enumeration({ 1: "new", 2: "active", 3: "closed" }),
    }),
    currentCreditInUse: unsigned,
    currentCreditStatus: bits,
    availableCredit: doubleLong,
    amountToClear: doubleLong,
    clearanceThreshold: doubleLong,
    aggregatedDebt: doubleLong,
    creditReferenceList: arrayOf(logicalName),
    chargeReferenceList: arrayOf(logicalName),
    creditChargeConfiguration: arrayOf(
      structure({ creditReference: logicalName, chargeReference: logicalName, collectionConfiguration: bits }),
    ),
    tokenGatewayConfiguration: arrayOf(structure({ creditReference: logicalName, tokenProportion: unsigned })),
    accountActivationTime: dateTime,
    accountClosureTime: dateTime,
    currency: structure({
      currencyName: utf8,
      currencyScale: integer,
      currencyUnit: enumeration({ 0: "time", 1: "consumption", 2: "monetary" }),
    }),
    lowCreditThreshold: doubleLong,
    nextCreditAvailableThreshold: doubleLong,
    maxProvision: longUnsigned,
    /** Seconds. */
    maxProvisionPeriod: doubleLong,
  },
  methods: { activateAccount: integer, closeAccount: integer, resetAccount: integer },
  dynamic: ["accountModeAndStatus", "currentCreditInUse", "currentCreditStatus", "availableCredit", "amountToClear", "aggregatedDebt"],
});

export const credit = interfaceClass({
  id: 112,
  version: 0,
  name: "Credit",
  attributes: {
    currentCreditAmount: doubleLong,
    creditType: enumeration({
      0: "token-credit",
      1: "reserved-credit",
      2: "emergency-credit",
      3: "time-based-credit",
      4: "consumption-based-credit",
    }),
    priority: unsigned,
    warningThreshold: doubleLong,
    limit: doubleLong,
    creditConfiguration: bits,
    creditStatus: enumeration({ 0: "enabled", 1: "selectable", 2: "selected-invoked", 3: "in-use", 4: "consumed" }),
    presetCreditAmount: doubleLong,
    creditAvailableThreshold: doubleLong,
    period: dateTime,
  },
  methods: { updateAmount: doubleLong, setAmountToValue: doubleLong, invokeCredit: integer },
  dynamic: ["currentCreditAmount", "creditStatus"],
});

const unitCharge = structure({
  chargePerUnitScaling: structure({ commodityScale: integer, priceScale: integer }),
  commodityReference: valueDefinition,
  chargeTable: arrayOf(structure({ index: octets, chargePerUnit: long })),
});

export const charge = interfaceClass({
  id: 113,
  version: 0,
  name: "Charge",
  attributes: {
    totalAmountPaid: doubleLong,
    chargeType: enumeration({ 0: "consumption-based-collection", 1: "time-based-collection", 2: "payment-event-based-collection" }),
    priority: unsigned,
    unitChargeActive: unitCharge,
    unitChargePassive: unitCharge,
    unitChargeActivationTime: dateTime,
    /** Seconds. */
    period: doubleLongUnsigned,
    chargeConfiguration: bits,
    lastCollectionTime: dateTime,
    lastCollectionAmount: doubleLong,
    totalAmountRemaining: doubleLong,
    proportion: longUnsigned,
  },
  methods: {
    updateUnitCharge: arrayOf(structure({ index: octets, chargePerUnit: long })),
    activatePassiveUnitCharge: integer,
    collect: integer,
    updateTotalAmountRemaining: doubleLong,
    setTotalAmountRemaining: doubleLong,
  },
  dynamic: ["totalAmountPaid", "lastCollectionTime", "lastCollectionAmount", "totalAmountRemaining"],
});

export const tokenGateway = interfaceClass({
  id: 115,
  version: 0,
  name: "Token gateway",
  attributes: {
    token: octets,
    tokenTime: dateTime,
    tokenDescription: arrayOf(octets),
    tokenDeliveryMethod: enumeration({ 0: "remote", 1: "local", 2: "manual" }),
    tokenStatus: structure({
      statusCode: enumeration({
        0: "format-ok",
        1: "authentication-ok",
        2: "validation-ok",
        3: "token-execution-ok",
        4: "format-failure",
        5: "authentication-failure",
        6: "validation-failure",
        7: "token-execution-failure",
        8: "received-not-processed",
      }),
      dataValue: bits,
    }),
  },
  methods: { enter: octets },
  dynamic: ["token", "tokenTime", "tokenDescription", "tokenDeliveryMethod", "tokenStatus"],
});

export const iec62055Attributes = interfaceClass({
  id: 116,
  version: 0,
  name: "IEC 62055-41 attributes",
  attributes: {
    meterPan: any,
    commodity: any,
    tokenCarrierTypes: any,
    encryptionAlgorithm: unsigned,
    supplyGroupCode: doubleLongUnsigned,
    tariffIndex: unsigned,
    keyRevisionNumber: unsigned,
    keyType: rawEnum(),
    keyExpiryNumber: unsigned,
    numberOfKctSupported: unsigned,
    stsCertificateNumber: visible,
  },
  dynamic: ["supplyGroupCode", "tariffIndex", "keyRevisionNumber", "keyType", "keyExpiryNumber"],
});
