import { interfaceClass } from "../interface-class.ts";
import {
  any,
  arrayOf,
  dateTime,
  doubleLongUnsigned,
  enumeration,
  integer,
  logicalName,
  longUnsigned,
  octets,
  structure,
  unsigned,
} from "../shape.ts";
import { baudRate, captureObject, columnedCaptureObject, rawEnum, restrictedCaptureObject, timeWindow } from "./parts.ts";
import { protectionParameters } from "./access-classes.ts";

/** Ports, modems and push (Blue Book 4.7 and 4.4.8). */

export const iecLocalPortSetup0 = interfaceClass({
  id: 19,
  version: 0,
  name: "IEC local port setup",
  attributes: {
    defaultMode: enumeration({ 0: "iec-62056-21", 1: "hdlc", 2: "not-specified" }),
    defaultBaud: baudRate,
    proposedBaud: baudRate,
    responseTime: enumeration({ 0: "20-ms", 1: "200-ms" }),
    deviceAddress: octets,
    password1: octets,
    password2: octets,
    password5: octets,
  },
});
export const iecLocalPortSetup = interfaceClass({ ...iecLocalPortSetup0, version: 1 });

/** Version 0 has information lengths of one octet: any integer type is read. */
export const iecHdlcSetup0 = interfaceClass({
  id: 23,
  version: 0,
  name: "IEC HDLC setup",
  attributes: {
    commSpeed: baudRate,
    windowSizeTransmit: unsigned,
    windowSizeReceive: unsigned,
    maxInfoFieldLengthTransmit: unsigned,
    maxInfoFieldLengthReceive: unsigned,
    /** Milliseconds. */
    interOctetTimeOut: longUnsigned,
    /** Seconds; 0 is none. */
    inactivityTimeOut: longUnsigned,
    deviceAddress: longUnsigned,
  },
});
export const iecHdlcSetup = interfaceClass({
  ...iecHdlcSetup0,
  version: 1,
  attributes: { ...iecHdlcSetup0.attributes, maxInfoFieldLengthTransmit: longUnsigned, maxInfoFieldLengthReceive: longUnsigned },
});

export const iecTwistedPairSetup = interfaceClass({
  id: 24,
  version: 1,
  name: "IEC twisted pair setup",
  attributes: {
    mode: enumeration({ 0: "inactive", 1: "always-active" }),
    commSpeed: baudRate,
    primaryAddressList: arrayOf(unsigned),
    tabiList: arrayOf(integer),
  },
});

export const modemConfiguration0 = interfaceClass({
  id: 27,
  version: 0,
  name: "PSTN modem configuration",
  attributes: {
    commSpeed: baudRate,
    initializationString: arrayOf(structure({ request: octets, response: octets })),
    modemProfile: arrayOf(octets),
  },
});
export const modemConfiguration = interfaceClass({
  id: 27,
  version: 1,
  name: "Modem configuration",
  attributes: {
    commSpeed: baudRate,
    /** Delay in milliseconds. */
    initializationString: arrayOf(structure({ request: octets, response: octets, delayAfterResponse: longUnsigned })),
    modemProfile: arrayOf(octets),
  },
});

export const autoAnswer0 = interfaceClass({
  id: 28,
  version: 0,
  name: "Auto answer",
  attributes: {
    mode: rawEnum(),
    listeningWindow: arrayOf(timeWindow),
    status: enumeration({ 0: "inactive", 1: "active", 2: "locked" }),
    numberOfCalls: unsigned,
    numberOfRings: structure({ ringsInWindow: unsigned, ringsOutsideWindow: unsigned }),
  },
  dynamic: ["status"],
});
export const autoAnswer = interfaceClass({
  ...autoAnswer0,
  version: 2,
  attributes: {
    ...autoAnswer0.attributes,
    listOfAllowedCallers: arrayOf(structure({ callerId: octets, callType: enumeration({ 0: "normal-csd-call", 1: "wake-up-request" }) })),
  },
});

export const autoConnect0 = interfaceClass({
  id: 29,
  version: 0,
  name: "PSTN auto dial",
  attributes: {
    mode: rawEnum(),
    repetitions: unsigned,
    /** Seconds. */
    repetitionDelay: longUnsigned,
    callingWindow: arrayOf(timeWindow),
    destinationList: arrayOf(octets),
  },
});
export const autoConnect1 = interfaceClass({ ...autoConnect0, version: 1, name: "Auto connect", methods: { connect: integer } });
export const autoConnect = interfaceClass({ ...autoConnect1, version: 2 });

const transportService = enumeration({
  0: "tcp",
  1: "udp",
  2: "ftp",
  3: "smtp",
  4: "sms",
  5: "hdlc",
  6: "m-bus",
  7: "zigbee",
  8: "gateway",
  9: "coap",
});
const message = enumeration({ 0: "a-xdr", 1: "xml" });

export const pushSetup0 = interfaceClass({
  id: 40,
  version: 0,
  name: "Push setup",
  attributes: {
    pushObjectList: arrayOf(captureObject),
    sendDestinationAndMethod: structure({ transportService, destination: octets, message }),
    communicationWindow: arrayOf(timeWindow),
    /** Seconds. */
    randomisationStartInterval: longUnsigned,
    numberOfRetries: unsigned,
    /** Seconds. */
    repetitionDelay: longUnsigned,
  },
  methods: { push: integer },
});

export const pushSetup1 = interfaceClass({
  ...pushSetup0,
  version: 1,
  attributes: {
    ...pushSetup0.attributes,
    portReference: logicalName,
    pushClientSap: integer,
    pushProtectionParameters: arrayOf(protectionParameters),
  },
});

export const pushSetup2 = interfaceClass({
  ...pushSetup1,
  version: 2,
  attributes: {
    ...pushSetup1.attributes,
    pushObjectList: arrayOf(restrictedCaptureObject),
    repetitionDelay: structure({
      repetitionDelayMin: longUnsigned,
      repetitionDelayExponent: longUnsigned,
      repetitionDelayMax: longUnsigned,
    }),
    pushOperationMethod: enumeration({
      0: "unconfirmed-retry-on-failure",
      1: "unconfirmed-retry-on-missing",
      2: "confirmed-retry-on-missing",
    }),
    confirmationParameters: structure({ confirmationStartDate: dateTime, confirmationInterval: doubleLongUnsigned }),
    lastConfirmationDateTime: dateTime,
  },
  methods: { push: integer, reset: integer },
  dynamic: ["lastConfirmationDateTime"],
});

export const pushSetup = interfaceClass({
  ...pushSetup2,
  version: 3,
  attributes: { ...pushSetup2.attributes, pushObjectList: arrayOf(columnedCaptureObject) },
});

/** ISO/IEC 8802-2 LLC types 1 to 3 (Blue Book 4.11). */
export const llcType1Setup = interfaceClass({
  id: 57,
  version: 0,
  name: "ISO/IEC 8802-2 LLC type 1 setup",
  attributes: { maxOctetsUiPdu: longUnsigned },
});

export const llcType2Setup = interfaceClass({
  id: 58,
  version: 0,
  name: "ISO/IEC 8802-2 LLC type 2 setup",
  attributes: {
    transmitWindowSizeK: unsigned,
    receiveWindowSizeRw: unsigned,
    maxOctetsIPdusN1: longUnsigned,
    maxNumberTransmissionsN2: unsigned,
    acknowledgementTimer: longUnsigned,
    pBitTimer: longUnsigned,
    rejectTimer: longUnsigned,
    busyStateTimer: longUnsigned,
  },
});

export const llcType3Setup = interfaceClass({
  id: 59,
  version: 0,
  name: "ISO/IEC 8802-2 LLC type 3 setup",
  attributes: {
    maxOctetsAcnPdu: longUnsigned,
    maxNumberTransmissions: unsigned,
    acknowledgementTime: longUnsigned,
    receiveLifetimeVariable: longUnsigned,
    transmitLifetimeVariable: longUnsigned,
  },
});

/** ZigBee (Blue Book 4.13): the setup of the coordinator and of the devices that join. */
export const zigbeeSasStartup = interfaceClass({
  id: 101,
  version: 0,
  name: "ZigBee SAS startup",
  attributes: {
    shortAddress: longUnsigned,
    extendedPanId: octets,
    panId: longUnsigned,
    channelMask: doubleLongUnsigned,
    protocolVersion: unsigned,
    stackProfile: unsigned,
    startUpControl: unsigned,
    trustCenterAddress: octets,
    linkKey: octets,
    networkKey: octets,
    useInsecureJoin: any,
  },
  dynamic: ["shortAddress", "extendedPanId", "panId", "channelMask", "startUpControl", "trustCenterAddress", "linkKey", "networkKey"],
});

export const zigbeeSasJoin = interfaceClass({
  id: 102,
  version: 0,
  name: "ZigBee SAS join",
  attributes: { scanAttempts: unsigned, timeBetweenScans: longUnsigned, rejoinInterval: longUnsigned, rejoinRetryInterval: longUnsigned },
});

export const zigbeeSasApsFragmentation = interfaceClass({
  id: 103,
  version: 0,
  name: "ZigBee SAS APS fragmentation",
  attributes: { apsInterframeDelay: longUnsigned, apsMaxWindowSize: longUnsigned },
});

export const zigbeeNetworkControl = interfaceClass({
  id: 104,
  version: 0,
  name: "ZigBee network control",
  attributes: { enableDisableJoining: any, joinTimeout: longUnsigned, activeDevices: any },
  methods: {
    registerDevice: any,
    unregisterDevice: any,
    unregisterAllDevices: any,
    backupPan: any,
    restorePan: any,
    identifyDevice: any,
    removeMirror: any,
    updateNetworkKey: any,
    updateLinkKey: any,
    createPan: any,
    removePan: any,
  },
  dynamic: ["activeDevices"],
});

export const zigbeeTunnelSetup = interfaceClass({
  id: 105,
  version: 0,
  name: "ZigBee tunnel setup",
  attributes: {
    maxIncomingTransferSize: longUnsigned,
    maxOutgoingTransferSize: longUnsigned,
    protocolAddress: octets,
    closeTunnelTimeout: longUnsigned,
  },
});
