import { interfaceClass } from "../interface-class.ts";
import { any, arrayOf, boolean, doubleLongUnsigned, enumeration, integer, logicalName } from "../shape.ts";
import { rawEnum } from "./parts.ts";

/** Low-power wide-area networks (Blue Book 4.16, 4.17): header compression (SCHC, RFC 8724) and LoRaWAN. */

export const schcLpwanSetup = interfaceClass({
  id: 126,
  version: 0,
  name: "SCHC-LPWAN setup",
  attributes: {
    lpwanReference: logicalName,
    schcCdRules: arrayOf(any),
    schcFrParam: any,
  },
});

export const schcLpwanDiagnostic = interfaceClass({
  id: 127,
  version: 0,
  name: "SCHC-LPWAN diagnostic",
  attributes: {
    schcPacketsTxCounter: doubleLongUnsigned,
    schcPacketsRxCounter: doubleLongUnsigned,
    schcFragmentsTxCounter: doubleLongUnsigned,
    schcFragmentsRxCounter: doubleLongUnsigned,
    schcAckTxCounter: doubleLongUnsigned,
    schcAckRxCounter: doubleLongUnsigned,
  },
  methods: { reset: integer },
  dynamic: [
    "schcPacketsTxCounter",
    "schcPacketsRxCounter",
    "schcFragmentsTxCounter",
    "schcFragmentsRxCounter",
    "schcAckTxCounter",
    "schcAckRxCounter",
  ],
});

export const loRaWanSetup = interfaceClass({
  id: 128,
  version: 0,
  name: "LoRaWAN setup",
  attributes: {
    class: enumeration({ 0: "A", 1: "B", 2: "C" }),
    state: rawEnum(),
    maxTransmitEirpSetting: integer,
    adrMode: boolean,
    regionalParameters: rawEnum(),
    deviceOperation: any,
    modemVersions: any,
    devAddr: doubleLongUnsigned,
    joinStrategy: rawEnum(),
    multicastsParameters: arrayOf(any),
  },
  methods: { disconnectFromNetwork: any, changeClass: any, changeRegion: any },
  dynamic: ["class", "state", "adrMode", "regionalParameters", "deviceOperation", "devAddr", "joinStrategy", "multicastsParameters"],
});

export const loRaWanDiagnostic = interfaceClass({
  id: 129,
  version: 0,
  name: "LoRaWAN diagnostic",
  attributes: {
    internalErrorCode: rawEnum(),
    outFramesUCounter: doubleLongUnsigned,
    outFramesCCounter: doubleLongUnsigned,
    inFramesUCounter: doubleLongUnsigned,
    inFramesCCounter: doubleLongUnsigned,
    inMacCommandCounter: doubleLongUnsigned,
    inMacAnsErrorCounter: doubleLongUnsigned,
    inMacIgnoredCounter: doubleLongUnsigned,
    inPer: integer,
    inMeanRssiRx1: integer,
    inMeanSnrRx1: integer,
    inMeanRssiRx2: integer,
    inMeanSnrRx2: integer,
  },
  methods: { reset: integer },
  dynamic: [
    "internalErrorCode",
    "outFramesUCounter",
    "outFramesCCounter",
    "inFramesUCounter",
    "inFramesCCounter",
    "inMacCommandCounter",
    "inMacAnsErrorCounter",
    "inMacIgnoredCounter",
    "inPer",
    "inMeanRssiRx1",
    "inMeanSnrRx1",
    "inMeanRssiRx2",
    "inMeanSnrRx2",
  ],
});
