import { interfaceClass } from "../interface-class.ts";
import {
  any,
  arrayOf,
  boolean,
  dateTime,
  doubleLongUnsigned,
  enumeration,
  integer,
  logicalName,
  longUnsigned,
  octets,
  structure,
  text,
  unsigned,
  visible,
} from "../shape.ts";
import { diagnosticCapture, rawEnum } from "./parts.ts";

/** Internet and mobile networks (Blue Book 4.9 and 4.7). IPv4 addresses are numbers, most significant octet first. */

export const tcpUdpSetup = interfaceClass({
  id: 41,
  version: 0,
  name: "TCP-UDP setup",
  attributes: {
    tcpUdpPort: longUnsigned,
    ipReference: logicalName,
    /** Octets. */
    maximumSegmentSize: longUnsigned,
    numberOfSimultaneousConnections: unsigned,
    /** Seconds. */
    inactivityTimeOut: longUnsigned,
  },
});

export const ipv4Setup = interfaceClass({
  id: 42,
  version: 0,
  name: "IPv4 setup",
  attributes: {
    dataLinkLayerReference: logicalName,
    ipAddress: doubleLongUnsigned,
    multicastIpAddress: arrayOf(doubleLongUnsigned),
    ipOptions: arrayOf(structure({ type: unsigned, length: unsigned, data: octets })),
    subnetMask: doubleLongUnsigned,
    gatewayIpAddress: doubleLongUnsigned,
    useDhcpFlag: boolean,
    primaryDnsAddress: doubleLongUnsigned,
    secondaryDnsAddress: doubleLongUnsigned,
  },
  methods: {
    addMulticastIpAddress: doubleLongUnsigned,
    deleteMulticastIpAddress: doubleLongUnsigned,
    getNumberOfMulticastIpAddresses: integer,
  },
});

export const macAddressSetup = interfaceClass({ id: 43, version: 0, name: "MAC address setup", attributes: { macAddress: octets } });

export const pppSetup = interfaceClass({
  id: 44,
  version: 0,
  name: "PPP setup",
  attributes: {
    phyReference: logicalName,
    lcpOptions: arrayOf(structure({ type: unsigned, length: unsigned, data: any })),
    ipcpOptions: arrayOf(structure({ type: unsigned, length: unsigned, data: any })),
    /** User name and password, empty, or EAP options. */
    pppAuthentication: any,
  },
});

const qualityOfService = structure({
  precedence: unsigned,
  delay: unsigned,
  reliability: unsigned,
  peakThroughput: unsigned,
  meanThroughput: unsigned,
});

export const gprsModemSetup = interfaceClass({
  id: 45,
  version: 0,
  name: "GPRS modem setup",
  attributes: { apn: text, pinCode: longUnsigned, qualityOfService: structure({ default: qualityOfService, requested: qualityOfService }) },
});

export const smtpSetup = interfaceClass({
  id: 46,
  version: 0,
  name: "SMTP setup",
  attributes: { serverPort: longUnsigned, userName: text, loginPassword: octets, serverAddress: text, senderAddress: text },
});

const gsmStatus = enumeration({
  0: "not-registered",
  1: "registered-home",
  2: "searching",
  3: "registration-denied",
  4: "unknown",
  5: "registered-roaming",
});
const packetSwitchStatus = enumeration({
  0: "inactive",
  1: "gprs",
  2: "edge",
  3: "umts",
  4: "hsdpa",
  5: "lte",
  6: "cdma",
  7: "lte-cat-m1",
  8: "lte-cat-nb1",
  9: "lte-cat-nb2",
});

export const gsmDiagnostic0 = interfaceClass({
  id: 47,
  version: 0,
  name: "GSM diagnostic",
  attributes: {
    operator: visible,
    status: gsmStatus,
    circuitSwitchStatus: enumeration({ 0: "inactive", 1: "incoming-call", 2: "active" }),
    packetSwitchStatus,
    cellInfo: structure({ cellId: longUnsigned, locationId: longUnsigned, signalQuality: unsigned, bitErrorRate: unsigned }),
    adjacentCells: arrayOf(structure({ cellId: longUnsigned, signalQuality: unsigned })),
    captureTime: dateTime,
  },
  dynamic: ["operator", "status", "circuitSwitchStatus", "packetSwitchStatus", "cellInfo", "adjacentCells", "captureTime"],
});

export const gsmDiagnostic1 = interfaceClass({
  ...gsmDiagnostic0,
  version: 1,
  attributes: {
    ...gsmDiagnostic0.attributes,
    cellInfo: structure({
      cellId: doubleLongUnsigned,
      locationId: longUnsigned,
      signalQuality: unsigned,
      bitErrorRate: unsigned,
      mobileCountryCode: longUnsigned,
      mobileNetworkCode: longUnsigned,
      channelNumber: doubleLongUnsigned,
    }),
    adjacentCells: arrayOf(structure({ cellId: doubleLongUnsigned, signalQuality: unsigned })),
  },
});

export const gsmDiagnostic = interfaceClass({ ...gsmDiagnostic1, version: 2 });

export const ipv6Setup = interfaceClass({
  id: 48,
  version: 0,
  name: "IPv6 setup",
  attributes: {
    dataLinkLayerReference: logicalName,
    addressConfigMode: enumeration({ 0: "auto-configuration", 1: "dhcpv6", 2: "manual", 3: "neighbour-discovery" }),
    unicastIpv6Addresses: arrayOf(octets),
    multicastIpv6Addresses: arrayOf(octets),
    gatewayIpv6Addresses: arrayOf(octets),
    primaryDnsAddress: octets,
    secondaryDnsAddress: octets,
    trafficClass: unsigned,
    neighborDiscoverySetup: arrayOf(structure({ rsMaxRetry: unsigned, rsRetryWaitTime: longUnsigned, raSendPeriod: doubleLongUnsigned })),
  },
  methods: {
    addIpv6Address: structure({ addressType: rawEnum(), address: octets }),
    removeIpv6Address: structure({ addressType: rawEnum(), address: octets }),
  },
});

const ntpKey = structure({ keyId: doubleLongUnsigned, key: octets });

export const ntpSetup = interfaceClass({
  id: 100,
  version: 0,
  name: "NTP setup",
  attributes: {
    activated: boolean,
    serverAddress: text,
    serverPort: longUnsigned,
    authenticationMethod: enumeration({ 0: "no-security", 1: "shared-secrets", 2: "auto-key-iff" }),
    authenticationKeys: arrayOf(ntpKey),
    clientKey: octets,
  },
  methods: { synchronize: integer, addAuthenticationKey: ntpKey, deleteAuthenticationKey: doubleLongUnsigned },
});

export const lteMonitoring0 = interfaceClass({
  id: 151,
  version: 0,
  name: "LTE monitoring",
  attributes: { lteNetworkParameters: any, lteQualityOfService: any },
  dynamic: ["lteNetworkParameters", "lteQualityOfService"],
});

/** Timers of 3GPP TS 24.008 and 36.304 in seconds, least receive levels in dBm; quality by what the modem measured last. */
export const lteMonitoring = interfaceClass({
  ...lteMonitoring0,
  version: 1,
  attributes: {
    lteNetworkParameters: structure({
      t3402: longUnsigned,
      t3412: longUnsigned,
      t3412Extended2: doubleLongUnsigned,
      t3324: longUnsigned,
      teDrx: doubleLongUnsigned,
      tPtw: longUnsigned,
      qRxLevMin: integer,
      qRxLevMinCe: integer,
      qRxLevMinCe1: integer,
    }),
    lteQualityOfService: structure({
      signalQuality: integer,
      signalLevel: integer,
      signalToNoiseRatio: integer,
      coverageEnhancement: rawEnum(),
    }),
  },
});

export const coapSetup = interfaceClass({
  id: 152,
  version: 0,
  name: "CoAP setup",
  attributes: {
    udpReference: logicalName,
    ackTimeout: longUnsigned,
    ackRandomFactor: longUnsigned,
    maxRetransmit: longUnsigned,
    nstart: longUnsigned,
    delayAckTimeout: longUnsigned,
    exponentialBackOff: longUnsigned,
    probingRate: longUnsigned,
    coapUriPath: text,
    transportMode: enumeration({ 1: "reliable", 2: "unreliable", 3: "reliable-unreliable" }),
    wrapperVersion: any,
    tokenLength: unsigned,
  },
});

export const coapDiagnostic = interfaceClass({
  id: 153,
  version: 0,
  name: "CoAP diagnostic",
  attributes: { messagesCounter: any, requestResponseCounter: any, blockTransferCounter: any, captureTime: diagnosticCapture },
  methods: { reset: integer },
  dynamic: ["messagesCounter", "requestResponseCounter", "blockTransferCounter", "captureTime"],
});
