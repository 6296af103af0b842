import { interfaceClass } from "../interface-class.ts";
import { boolean, doubleLongUnsigned, integer, long64Unsigned, longUnsigned, octets, unsigned } from "../shape.ts";
import { rawEnum } from "./parts.ts";

/** Power-line networks of ISO/IEC 14908 (Blue Book 4.19) and, at high speed, of ISO/IEC 12139-1 (4.14). */

export const iso14908Identification = interfaceClass({
  id: 130,
  version: 0,
  name: "ISO/IEC 14908 identification",
  attributes: {
    nodeId: unsigned,
    subnetId: unsigned,
    domainId: octets,
    programId: octets,
    uniqueNodeId: octets,
  },
});

export const iso14908ProtocolSetup = interfaceClass({
  id: 131,
  version: 0,
  name: "ISO/IEC 14908 protocol setup",
  attributes: {
    inactivityTimeout: longUnsigned,
  },
});

export const iso14908ProtocolStatus0 = interfaceClass({
  id: 132,
  version: 0,
  name: "ISO/IEC 14908 protocol status",
  attributes: {
    transmissionErrors: longUnsigned,
    transmitTxFailure: longUnsigned,
    transmitTxRetries: longUnsigned,
    receiveTxFull: longUnsigned,
    lostMessages: longUnsigned,
    missedMessages: longUnsigned,
    layer2Received: longUnsigned,
    layer3Received: longUnsigned,
    messagesReceived: doubleLongUnsigned,
    messagesValidated: doubleLongUnsigned,
  },
  dynamic: [
    "transmissionErrors",
    "transmitTxFailure",
    "transmitTxRetries",
    "receiveTxFull",
    "lostMessages",
    "missedMessages",
    "layer2Received",
    "layer3Received",
    "messagesReceived",
    "messagesValidated",
  ],
});

/** With a method that IEC 62056-8-8 does not have. */
export const iso14908ProtocolStatus = interfaceClass({ ...iso14908ProtocolStatus0, version: 1, methods: { reset: integer } });

export const iso14908Diagnostic0 = interfaceClass({
  id: 133,
  version: 0,
  name: "ISO/IEC 14908 diagnostic",
  attributes: {
    plcSignalQualityStatus: rawEnum(),
    comModuleState: rawEnum(),
    receivedMessageStatus: unsigned,
    noReceiveBuffer: longUnsigned,
    transmitNoData: longUnsigned,
    backlogOverflows: longUnsigned,
    lateAck: longUnsigned,
    frequencyInvalid: longUnsigned,
  },
  dynamic: [
    "plcSignalQualityStatus",
    "comModuleState",
    "receivedMessageStatus",
    "noReceiveBuffer",
    "transmitNoData",
    "backlogOverflows",
    "lateAck",
    "frequencyInvalid",
  ],
});

/** With a method that IEC 62056-8-8 does not have. */
export const iso14908Diagnostic = interfaceClass({ ...iso14908Diagnostic0, version: 1, methods: { reset: integer } });

export const hsPlcMacSetup = interfaceClass({
  id: 140,
  version: 0,
  name: "HS-PLC ISO/IEC 12139-1 MAC setup",
  attributes: {
    groupId: long64Unsigned,
    secondaryGroupId: long64Unsigned,
    stationId: long64Unsigned,
    parentStationId: long64Unsigned,
    /** Whether it repeats for others. */
    repeaterStatus: boolean,
    encryptionMode: rawEnum(),
    initialEncryptionKey: octets,
    rtsCts: boolean,
  },
});

export const hsPlcCpasSetup = interfaceClass({
  id: 141,
  version: 0,
  name: "HS-PLC ISO/IEC 12139-1 CPAS setup",
  attributes: {
    cpasAddress: long64Unsigned,
    cpasEtherType: longUnsigned,
    masterStationCpasAddress: long64Unsigned,
  },
});

export const hsPlcIpSsasSetup = interfaceClass({
  id: 142,
  version: 0,
  name: "HS-PLC ISO/IEC 12139-1 IP SSAS setup",
  attributes: {
    ipHeaderCompType: rawEnum(),
    ipAliveTime: longUnsigned,
  },
});

export const hsPlcHdlcSsasSetup = interfaceClass({
  id: 143,
  version: 0,
  name: "HS-PLC ISO/IEC 12139-1 HDLC SSAS setup",
  attributes: {
    masterStationId: long64Unsigned,
  },
});
