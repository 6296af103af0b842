import { interfaceClass } from "../interface-class.ts";
import {
  any,
  arrayOf,
  doubleLongUnsigned,
  enumeration,
  integer,
  logicalName,
  longUnsigned,
  octets,
  structure,
  unsigned,
} from "../shape.ts";
import { baudRate, diagnosticCapture, rawEnum, timeWindow } from "./parts.ts";

/** M-Bus (Blue Book 4.8). */

export const mbusSlavePortSetup = interfaceClass({
  id: 25,
  version: 0,
  name: "M-Bus slave port setup",
  attributes: {
    defaultBaud: baudRate,
    availableBaud: baudRate,
    addressState: enumeration({ 0: "not-assigned", 1: "assigned" }),
    busAddress: unsigned,
  },
});

export const mbusClient0 = interfaceClass({
  id: 72,
  version: 0,
  name: "M-Bus client",
  attributes: {
    mbusPortReference: logicalName,
    captureDefinition: arrayOf(structure({ dataInformationBlock: octets, valueInformationBlock: octets })),
    /** Seconds; 0 is none. */
    capturePeriod: doubleLongUnsigned,
    primaryAddress: unsigned,
    /** As the M-Bus header has it: BCD. */
    identificationNumber: doubleLongUnsigned,
    manufacturerId: longUnsigned,
    version: unsigned,
    deviceType: unsigned,
    accessNumber: unsigned,
    status: unsigned,
    alarm: unsigned,
  },
  methods: {
    slaveInstall: unsigned,
    slaveDeinstall: integer,
    capture: integer,
    resetAlarm: integer,
    synchronizeClock: integer,
    dataSend: arrayOf(structure({ dataInformationBlock: octets, valueInformationBlock: octets, data: any })),
    setEncryptionKey: octets,
    transferKey: octets,
  },
  dynamic: ["accessNumber", "status", "alarm"],
});

export const mbusClient1 = interfaceClass({
  ...mbusClient0,
  version: 1,
  attributes: {
    ...mbusClient0.attributes,
    configuration: longUnsigned,
    encryptionKeyStatus: enumeration({
      0: "no-key",
      1: "key-set",
      2: "key-transferred",
      3: "key-set-and-transferred",
      4: "key-in-use",
    }),
  },
});

export const mbusClient = interfaceClass({ ...mbusClient1, version: 2 });

export const wirelessModeQChannel = interfaceClass({
  id: 73,
  version: 1,
  name: "Wireless mode Q channel",
  attributes: { addressState: rawEnum(), deviceAddress: octets, addressMask: octets },
});

export const mbusMasterPortSetup = interfaceClass({
  id: 74,
  version: 0,
  name: "M-Bus master port setup",
  attributes: { commSpeed: baudRate },
});

export const mbusPortSetup = interfaceClass({
  id: 76,
  version: 0,
  name: "DLMS server M-Bus port setup",
  attributes: {
    profileSelection: unsigned,
    portCommunicationState: rawEnum(),
    dataHeaderType: enumeration({ 0: "none", 1: "short", 2: "long" }),
    primaryAddress: unsigned,
    identificationNumber: doubleLongUnsigned,
    manufacturerId: longUnsigned,
    mbusVersion: unsigned,
    deviceType: unsigned,
    maxPduSize: longUnsigned,
    listeningWindow: arrayOf(timeWindow),
  },
});

export const mbusDiagnostic = interfaceClass({
  id: 77,
  version: 0,
  name: "M-Bus diagnostic",
  attributes: {
    receivedSignalStrength: unsigned,
    channelId: unsigned,
    linkStatus: enumeration({ 0: "none", 1: "normal", 2: "link-temporarily-interrupted", 3: "link-permanently-interrupted" }),
    broadcastFramesCounter: any,
    transmissionsCounter: doubleLongUnsigned,
    fcsOkFramesCounter: doubleLongUnsigned,
    fcsNokFramesCounter: doubleLongUnsigned,
    captureTime: diagnosticCapture,
  },
  methods: { reset: integer },
  dynamic: [
    "receivedSignalStrength",
    "linkStatus",
    "broadcastFramesCounter",
    "transmissionsCounter",
    "fcsOkFramesCounter",
    "fcsNokFramesCounter",
    "captureTime",
  ],
});
