import { interfaceClass } from "../interface-class.ts";
import {
  any,
  arrayOf,
  boolean,
  doubleLong,
  doubleLongUnsigned,
  enumeration,
  integer,
  long,
  longUnsigned,
  octets,
  structure,
  unsigned,
} from "../shape.ts";
import { counterByAddress, rawEnum } from "./parts.ts";

/** Power line: S-FSK (Blue Book 4.10) and PRIME (4.12). */

export const sfskPhyMacSetup = interfaceClass({
  id: 50,
  version: 1,
  name: "S-FSK Phy&MAC set-up",
  attributes: {
    initiatorElectricalPhase: rawEnum(),
    deltaElectricalPhase: rawEnum(),
    maxReceivingGain: unsigned,
    maxTransmittingGain: unsigned,
    searchInitiatorThreshold: unsigned,
    frequencies: structure({ markFrequency: doubleLongUnsigned, spaceFrequency: doubleLongUnsigned }),
    macAddress: longUnsigned,
    macGroupAddresses: arrayOf(longUnsigned),
    repeater: enumeration({ 0: "never", 1: "always", 2: "dynamic" }),
    repeaterStatus: boolean,
    minDeltaCredit: unsigned,
    initiatorMacAddress: longUnsigned,
    synchronizationLocked: boolean,
    transmissionSpeed: enumeration({ 0: "300", 1: "600", 2: "1200", 3: "2400", 4: "4800", 5: "7200" }),
  },
  dynamic: [
    "initiatorElectricalPhase",
    "deltaElectricalPhase",
    "macAddress",
    "repeaterStatus",
    "minDeltaCredit",
    "initiatorMacAddress",
    "synchronizationLocked",
  ],
});

export const sfskActiveInitiator = interfaceClass({
  id: 51,
  version: 0,
  name: "S-FSK Active initiator",
  attributes: { activeInitiator: structure({ systemTitle: octets, macAddress: longUnsigned, lsapSelector: unsigned }) },
  methods: { resetNewNotSynchronized: any },
  dynamic: ["activeInitiator"],
});

export const sfskSynchronizationTimeouts = interfaceClass({
  id: 52,
  version: 0,
  name: "S-FSK MAC synchronization timeouts",
  attributes: {
    searchInitiatorTimeOut: longUnsigned,
    synchronizationConfirmationTimeOut: longUnsigned,
    timeOutNotAddressed: longUnsigned,
    timeOutFrameNotOk: longUnsigned,
  },
});

export const sfskMacCounters = interfaceClass({
  id: 53,
  version: 0,
  name: "S-FSK MAC counters",
  attributes: {
    synchronizationRegister: arrayOf(counterByAddress),
    desynchronizationListing: any,
    broadcastFramesCounter: arrayOf(counterByAddress),
    repetitionsCounter: doubleLongUnsigned,
    transmissionsCounter: doubleLongUnsigned,
    crcOkFramesCounter: doubleLongUnsigned,
    crcNokFramesCounter: doubleLongUnsigned,
  },
  methods: { reset: integer },
  dynamic: [
    "synchronizationRegister",
    "desynchronizationListing",
    "broadcastFramesCounter",
    "repetitionsCounter",
    "transmissionsCounter",
    "crcOkFramesCounter",
    "crcNokFramesCounter",
  ],
});

export const iec61334LlcSetup0 = interfaceClass({
  id: 55,
  version: 0,
  name: "IEC 61334-4-32 LLC setup",
  attributes: { maxFrameLength: unsigned, replyStatusList: arrayOf(structure({ lsapSelector: unsigned, lengthOfWaitingLPdu: unsigned })) },
  dynamic: ["replyStatusList"],
});
export const iec61334LlcSetup = interfaceClass({ ...iec61334LlcSetup0, version: 1 });

export const sfskReportingSystemList = interfaceClass({
  id: 56,
  version: 0,
  name: "S-FSK Reporting system list",
  attributes: { reportingSystemList: arrayOf(octets) },
  dynamic: ["reportingSystemList"],
});

export const primeLlcSscsSetup = interfaceClass({
  id: 80,
  version: 0,
  name: "61334-4-32 LLC SSCS setup",
  attributes: { serviceNodeAddress: longUnsigned, baseNodeAddress: longUnsigned },
  methods: { reset: integer },
  dynamic: ["serviceNodeAddress", "baseNodeAddress"],
});

export const primePhysicalCounters = interfaceClass({
  id: 81,
  version: 0,
  name: "PRIME NB OFDM PLC Physical layer counters",
  attributes: {
    crcIncorrectCount: longUnsigned,
    crcFailCount: longUnsigned,
    txDropCount: longUnsigned,
    rxDropCount: longUnsigned,
  },
  methods: { reset: integer },
  dynamic: ["crcIncorrectCount", "crcFailCount", "txDropCount", "rxDropCount"],
});

export const primeMacSetup = interfaceClass({
  id: 82,
  version: 0,
  name: "PRIME NB OFDM PLC MAC setup",
  attributes: {
    macMinSwitchSearchTime: unsigned,
    macMaxPromotionPdu: unsigned,
    macPromotionPduTxPeriod: unsigned,
    macBeaconsPerFrame: unsigned,
    macScpMaxTxAttempts: unsigned,
    macCtlReTxTimer: unsigned,
    macMaxCtlReTx: unsigned,
  },
});

export const primeMacFunctionalParameters = interfaceClass({
  id: 83,
  version: 0,
  name: "PRIME NB OFDM PLC MAC functional parameters",
  attributes: {
    macLnId: long,
    macLsId: unsigned,
    macSId: unsigned,
    macSna: octets,
    macState: enumeration({ 0: "disconnected", 1: "terminal", 2: "switch", 3: "base" }),
    macScpLength: long,
    macNodeHierarchyLevel: unsigned,
    macBeaconSlotCount: unsigned,
    macBeaconRxSlot: unsigned,
    macBeaconTxSlot: unsigned,
    macBeaconRxFrequency: unsigned,
    macBeaconTxFrequency: unsigned,
    macCapabilities: longUnsigned,
  },
  dynamic: ["macLnId", "macLsId", "macSId", "macSna", "macState", "macScpLength", "macNodeHierarchyLevel"],
});

export const primeMacCounters = interfaceClass({
  id: 84,
  version: 0,
  name: "PRIME NB OFDM PLC MAC counters",
  attributes: {
    macTxDataPktCount: doubleLongUnsigned,
    macRxDataPktCount: doubleLongUnsigned,
    macTxCtrlPktCount: doubleLongUnsigned,
    macRxCtrlPktCount: doubleLongUnsigned,
    macCsmaFailCount: doubleLongUnsigned,
    macCsmaChBusyCount: doubleLongUnsigned,
  },
  methods: { reset: integer },
  dynamic: ["macTxDataPktCount", "macRxDataPktCount", "macTxCtrlPktCount", "macRxCtrlPktCount", "macCsmaFailCount", "macCsmaChBusyCount"],
});

export const primeNetworkAdministration = interfaceClass({
  id: 85,
  version: 0,
  name: "PRIME NB OFDM PLC MAC network administration data",
  attributes: {
    macListMulticastEntries: arrayOf(structure({ multicastEntryLcId: integer, multicastEntryMembers: long })),
    macListSwitchTable: arrayOf(long),
    macListDirectTable: any,
    macListAvailableSwitches: arrayOf(
      structure({
        switchEntrySna: octets,
        switchEntryLsId: doubleLong,
        switchEntryLevel: integer,
        switchEntryRxLevel: integer,
        switchEntryRxSnr: integer,
      }),
    ),
    macListPhyComm: any,
  },
  methods: { reset: integer },
  dynamic: ["macListMulticastEntries", "macListSwitchTable", "macListDirectTable", "macListAvailableSwitches", "macListPhyComm"],
});

export const primeApplicationsIdentification = interfaceClass({
  id: 86,
  version: 0,
  name: "PRIME NB OFDM PLC Applications identification",
  attributes: { firmwareVersion: octets, vendorId: longUnsigned, productId: longUnsigned },
});
