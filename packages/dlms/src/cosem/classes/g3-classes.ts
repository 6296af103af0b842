import { interfaceClass } from "../interface-class.ts";
import {
  any,
  arrayOf,
  bits,
  boolean,
  doubleLongUnsigned,
  enumeration,
  integer,
  longUnsigned,
  octets,
  structure,
  unsigned,
} from "../shape.ts";
import { rawEnum } from "./parts.ts";

/** G3-PLC (Blue Book 4.13): the line, and in hybrid devices the radio beside it. */

const g3CounterNames = {
  macTxDataPacketCount: doubleLongUnsigned,
  macRxDataPacketCount: doubleLongUnsigned,
  macTxCmdPacketCount: doubleLongUnsigned,
  macRxCmdPacketCount: doubleLongUnsigned,
  macCsmaFailCount: doubleLongUnsigned,
  macCsmaNoAckCount: doubleLongUnsigned,
  macBadCrcCount: doubleLongUnsigned,
  macTxDataBroadcastCount: doubleLongUnsigned,
  macRxDataBroadcastCount: doubleLongUnsigned,
} as const;

export const g3MacCounters = interfaceClass({
  id: 90,
  version: 1,
  name: "G3-PLC MAC layer counters",
  attributes: g3CounterNames,
  methods: { reset: integer },
  dynamic: Object.keys(g3CounterNames),
});

export const g3MacSetup1 = interfaceClass({
  id: 91,
  version: 1,
  name: "G3-PLC MAC setup",
  attributes: {
    macShortAddress: longUnsigned,
    macRcCoord: longUnsigned,
    macPanId: longUnsigned,
    macKeyTable: arrayOf(structure({ keyId: unsigned, key: octets })),
    macFrameCounter: doubleLongUnsigned,
    macToneMask: bits,
    macTmrTtl: unsigned,
    macMaxFrameRetries: unsigned,
    macNeighbourTableEntryTtl: unsigned,
    macNeighbourTable: any,
    macHighPriorityWindowSize: unsigned,
    macCsmaFairnessLimit: unsigned,
    macBeaconRandomizationWindowLength: unsigned,
    macA: unsigned,
    macK: unsigned,
    macMinCwAttempts: unsigned,
    macCenelecLegacyMode: unsigned,
    macFccLegacyMode: unsigned,
    macMaxBe: unsigned,
    macMaxCsmaBackoffs: unsigned,
    macMinBe: unsigned,
  },
  methods: { macGetNeighbourTableEntry: longUnsigned },
  dynamic: ["macShortAddress", "macRcCoord", "macPanId", "macFrameCounter", "macNeighbourTable"],
});

export const g3MacSetup2 = interfaceClass({
  ...g3MacSetup1,
  version: 2,
  attributes: { ...g3MacSetup1.attributes, macBroadcastMaxCwEnabled: boolean, macTransmitAtten: unsigned, macPosTable: any },
});

export const g3MacSetup3 = interfaceClass({
  ...g3MacSetup2,
  version: 3,
  attributes: { ...g3MacSetup2.attributes, macDuplicateDetectionTtl: unsigned },
  methods: { macGetNeighbourTableEntry: longUnsigned, macGetPosTableEntry: longUnsigned },
});

/** Attribute 10 is now the time to live of all entries of the position table. */
export const g3MacSetup = interfaceClass({
  ...g3MacSetup3,
  version: 4,
  attributes: {
    ...g3MacSetup3.attributes,
    macPosRecentEntryThreshold: unsigned,
    macPosRecentEntries: longUnsigned,
    macPreambleLength: unsigned,
  },
});

export const g3AdaptationSetup1 = interfaceClass({
  id: 92,
  version: 1,
  name: "G3-PLC 6LoWPAN adaptation layer setup",
  attributes: {
    adpMaxHops: unsigned,
    adpWeakLqiValue: unsigned,
    adpSecurityLevel: unsigned,
    adpPrefixTable: any,
    adpRoutingConfiguration: any,
    adpBroadcastLogTableEntryTtl: longUnsigned,
    adpRoutingTable: any,
    adpContextInformationTable: any,
    adpBlacklistTable: any,
    adpBroadcastLogTable: any,
    adpGroupTable: arrayOf(longUnsigned),
    adpMaxJoinWaitTime: longUnsigned,
    adpPathDiscoveryTime: unsigned,
    adpActiveKeyIndex: unsigned,
    adpMetricType: unsigned,
    adpCoordShortAddress: longUnsigned,
    adpDisableDefaultRouting: boolean,
    adpDeviceType: enumeration({ 0: "pan-device", 1: "pan-coordinator", 2: "not-defined" }),
  },
  dynamic: ["adpRoutingTable", "adpBlacklistTable", "adpBroadcastLogTable"],
});

export const g3AdaptationSetup2 = interfaceClass({
  ...g3AdaptationSetup1,
  version: 2,
  attributes: { ...g3AdaptationSetup1.attributes, adpDefaultCoordRouteEnabled: boolean, adpDestinationAddress: arrayOf(longUnsigned) },
});

export const g3AdaptationSetup3 = interfaceClass({
  ...g3AdaptationSetup2,
  version: 3,
  attributes: { ...g3AdaptationSetup2.attributes, adpLowLqi: unsigned, adpHighLqi: unsigned },
});

export const g3AdaptationSetup = interfaceClass({
  ...g3AdaptationSetup3,
  version: 4,
  attributes: {
    ...g3AdaptationSetup3.attributes,
    adpDelayLowLqi: longUnsigned,
    adpDelayHighLqi: longUnsigned,
    adpRreqJitterLowLqi: unsigned,
    adpRreqJitterHighLqi: unsigned,
    adpTrickleDataEnabled: boolean,
    adpTrickleLqiThresholdLow: unsigned,
    adpTrickleStep: unsigned,
    adpTrickleImin: longUnsigned,
    adpTrickleMaxKi: unsigned,
    adpTrickleAdaptiveImin: boolean,
    adpTrickleAdaptiveKi: boolean,
    adpClusterTrickleEnabled: boolean,
    adpClusterMinLqi: unsigned,
    adpClusterTrickleK: unsigned,
    adpClusterRreqRouteCostDeviation: unsigned,
    adpClusterTrickleI: longUnsigned,
    adpTrickleLqiThresholdHigh: unsigned,
  },
});

export const g3HybridMacCounters = interfaceClass({
  id: 160,
  version: 0,
  name: "G3-PLC hybrid RF MAC layer counters",
  attributes: {
    macRetryCountRf: doubleLongUnsigned,
    macMultipleRetryCountRf: doubleLongUnsigned,
    macTxFailCountRf: doubleLongUnsigned,
    macTxSuccessCountRf: doubleLongUnsigned,
    macFcsErrorCountRf: doubleLongUnsigned,
    macSecurityFailureCountRf: doubleLongUnsigned,
    macDuplicateFrameCountRf: doubleLongUnsigned,
    macRxSuccessCountRf: doubleLongUnsigned,
  },
  methods: { reset: integer },
  dynamic: [
    "macRetryCountRf",
    "macMultipleRetryCountRf",
    "macTxFailCountRf",
    "macTxSuccessCountRf",
    "macFcsErrorCountRf",
    "macSecurityFailureCountRf",
    "macDuplicateFrameCountRf",
    "macRxSuccessCountRf",
  ],
});

export const g3HybridMacSetup = interfaceClass({
  id: 161,
  version: 1,
  name: "G3-PLC hybrid RF MAC setup",
  attributes: {
    macMaxBeRf: unsigned,
    macMaxCsmaBackoffsRf: unsigned,
    macMaxFrameRetriesRf: unsigned,
    macMinBeRf: unsigned,
    macFrameCounterRf: doubleLongUnsigned,
    macDuplicateDetectionTtlRf: unsigned,
    macPosTableRf: arrayOf(any),
    macOperatingModeRf: unsigned,
    macChannelNumberRf: longUnsigned,
    macDutyCycleUsageRf: unsigned,
    macDutyCyclePeriodRf: longUnsigned,
    macDutyCycleLimitRf: longUnsigned,
    macDutyCycleThresholdRf: unsigned,
    macDisablePhyRf: boolean,
    macFrequencyBandRf: rawEnum(),
    macTransmitAttenRf: unsigned,
    macAdaptivePowerStepRf: unsigned,
    macAdaptivePowerHighBoundRf: unsigned,
    macAdaptivePowerLowBoundRf: unsigned,
    macPosRecentEntriesRf: longUnsigned,
    macHoppingEnabledRf: boolean,
    macBroadcastIntervalDurationRf: longUnsigned,
    macBroadcastSlotDurationRf: unsigned,
    macUnicastSlotDurationRf: unsigned,
    macExtendedBitmapRf: bits,
    macBeaconRandomizationWindowLengthRf: longUnsigned,
    macAdditionalChannelScanTimeRf: unsigned,
    macMaxCcaAttemptsRetriesRf: unsigned,
    macMinInterTxIntervalRf: longUnsigned,
    macInitialRetryTimeRf: longUnsigned,
    macMaximumRetryTimeRf: longUnsigned,
    macMaxClockDriftRf: unsigned,
    macFhUnicastScheduleAddressRf: longUnsigned,
    macFhUnicastSlotNumberRf: longUnsigned,
    macFhUnicastOffsetRf: unsigned,
    macMinGuardTimeRf: unsigned,
    macMaxBcastResyncWaitUnitRf: unsigned,
  },
  methods: { macGetPosTableEntryRf: any },
  dynamic: ["macFrameCounterRf", "macPosTableRf", "macDutyCycleUsageRf", "macPosRecentEntriesRf"],
});

export const g3HybridAdaptationSetup = interfaceClass({
  id: 162,
  version: 1,
  name: "G3-PLC hybrid 6LoWPAN adaptation layer setup",
  attributes: {
    adpRoutingTable: arrayOf(any),
    adpBlacklistTable: arrayOf(any),
    adpLowLqiValueRf: unsigned,
    adpHighLqiValueRf: unsigned,
    adpRoutingConfigurationRf: arrayOf(any),
    adpUseBackupMedia: boolean,
    adpWeakLqiValueRf: unsigned,
    adpTrickleLqiThresholdLowRf: unsigned,
    adpDelayLowLqiRf: longUnsigned,
    adpDelayHighLqiRf: longUnsigned,
    adpRreqJitterLowLqiRf: unsigned,
    adpRreqJitterHighLqiRf: unsigned,
    adpClusterTrickleIRf: longUnsigned,
    adpClusterTrickleKRf: unsigned,
    adpClusterMinLqiRf: unsigned,
    adpLastGasp: boolean,
    adpProbingInterval: unsigned,
    adpTrickleLqiThresholdHighRf: unsigned,
  },
  dynamic: ["adpRoutingTable", "adpBlacklistTable"],
});
