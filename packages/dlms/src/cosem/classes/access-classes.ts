import { interfaceClass } from "../interface-class.ts";
import {
  any,
  arrayOf,
  bits,
  boolean,
  doubleLongUnsigned,
  enumeration,
  integer,
  logicalName,
  long,
  longUnsigned,
  nullable,
  octets,
  structure,
  text,
  unsigned,
  type Shape,
} from "../shape.ts";
import { objectReference, rawEnum, restrictedCaptureObject, user, valueDefinition } from "./parts.ts";

/** Classes of access control and management (Blue Book 4.4). */

/** Access modes: 0 to 6 until version 2 of Association LN, bits from version 3 on; booleans for the methods of version 0. */
const accessMode: Shape<number> = rawEnum();

const objectListElement = structure({
  classId: longUnsigned,
  version: unsigned,
  logicalName,
  accessRights: structure({
    attributeAccess: arrayOf(structure({ attributeId: integer, accessMode, accessSelectors: nullable(arrayOf(integer)) })),
    methodAccess: arrayOf(structure({ methodId: integer, accessMode })),
  }),
});

const shortNameElement = structure({ baseName: long, classId: longUnsigned, version: unsigned, logicalName });
const shortNameMethods = {
  getListByClassId: any,
  getObjectByLogicalName: any,
  readByLogicalName: any,
  getAttributesAndMethods: any,
  changeLlsSecret: octets,
  changeHlsSecret: octets,
  reserved7: any,
  replyToHlsAuthentication: octets,
} as const;

export const associationSn0 = interfaceClass({
  id: 12,
  version: 0,
  name: "Association SN",
  attributes: { objectList: arrayOf(shortNameElement) },
  methods: shortNameMethods,
});

export const associationSn1 = interfaceClass({
  ...associationSn0,
  version: 1,
  attributes: { ...associationSn0.attributes, accessRightsList: any },
});

export const associationSn2 = interfaceClass({
  ...associationSn0,
  version: 2,
  attributes: { ...associationSn1.attributes, securitySetupReference: logicalName },
});

export const associationSn3 = interfaceClass({
  ...associationSn0,
  version: 3,
  attributes: { ...associationSn2.attributes, userList: arrayOf(user), currentUser: user },
  methods: { ...shortNameMethods, addUser: user, removeUser: user },
});

export const associationSn = interfaceClass({ ...associationSn3, version: 4 });

export const associationLn0 = interfaceClass({
  id: 15,
  version: 0,
  name: "Association LN",
  attributes: {
    objectList: arrayOf(objectListElement),
    associatedPartnersId: structure({ clientSap: integer, serverSap: longUnsigned }),
    /** Seven arcs as a structure, or the OBJECT IDENTIFIER's octets. */
    applicationContextName: any,
    xdlmsContextInfo: structure({
      conformance: bits,
      maxReceivePduSize: longUnsigned,
      maxSendPduSize: longUnsigned,
      dlmsVersionNumber: unsigned,
      qualityOfService: integer,
      cypheringInfo: octets,
    }),
    authenticationMechanismName: any,
    secret: octets,
    associationStatus: enumeration({ 0: "non-associated", 1: "association-pending", 2: "associated" }),
  },
  methods: { replyToHlsAuthentication: octets, changeHlsSecret: octets, addObject: objectListElement, removeObject: objectListElement },
  dynamic: ["associationStatus"],
});

export const associationLn1 = interfaceClass({
  ...associationLn0,
  version: 1,
  attributes: { ...associationLn0.attributes, securitySetupReference: logicalName },
});

export const associationLn2 = interfaceClass({
  ...associationLn0,
  version: 2,
  attributes: { ...associationLn1.attributes, userList: arrayOf(user), currentUser: user },
  methods: { ...associationLn0.methods, addUser: user, removeUser: user },
});

export const associationLn = interfaceClass({ ...associationLn2, version: 3 });

const sapAssignmentElement = structure({ sap: longUnsigned, logicalDeviceName: text });

export const sapAssignment = interfaceClass({
  id: 17,
  version: 0,
  name: "SAP assignment",
  attributes: { sapAssignmentList: arrayOf(sapAssignmentElement) },
  methods: { connectLogicalDevice: sapAssignmentElement },
});

export const imageTransfer = interfaceClass({
  id: 18,
  version: 0,
  name: "Image transfer",
  attributes: {
    imageBlockSize: doubleLongUnsigned,
    imageTransferredBlocksStatus: bits,
    imageFirstNotTransferredBlockNumber: doubleLongUnsigned,
    imageTransferEnabled: boolean,
    imageTransferStatus: enumeration({
      0: "not-initiated",
      1: "initiated",
      2: "verification-initiated",
      3: "verification-successful",
      4: "verification-failed",
      5: "activation-initiated",
      6: "activation-successful",
      7: "activation-failed",
    }),
    imageToActivateInfo: arrayOf(structure({ imageSize: doubleLongUnsigned, imageIdentification: octets, imageSignature: octets })),
  },
  methods: {
    imageTransferInitiate: structure({ imageIdentifier: octets, imageSize: doubleLongUnsigned }),
    imageBlockTransfer: structure({ imageBlockNumber: doubleLongUnsigned, imageBlockValue: octets }),
    imageVerify: integer,
    imageActivate: integer,
  },
  dynamic: [
    "imageTransferredBlocksStatus",
    "imageFirstNotTransferredBlockNumber",
    "imageTransferEnabled",
    "imageTransferStatus",
    "imageToActivateInfo",
  ],
});

/** Who, what and with which key: kept raw, its CHOICE of key information being the security part's. */
export const protectionParameters = structure({
  protectionType: enumeration({ 0: "authentication", 1: "encryption", 2: "authentication-encryption", 3: "digital-signature" }),
  protectionOptions: structure({
    transactionId: octets,
    originatorSystemTitle: octets,
    recipientSystemTitle: octets,
    otherInformation: octets,
    keyInformation: any,
  }),
});

export const dataProtection = interfaceClass({
  id: 30,
  version: 0,
  name: "Data protection",
  attributes: {
    protectionBuffer: octets,
    protectionObjectList: arrayOf(restrictedCaptureObject),
    protectionParametersGet: arrayOf(protectionParameters),
    protectionParametersSet: arrayOf(protectionParameters),
    requiredProtection: rawEnum(),
  },
  methods: {
    getProtectedAttributes: structure({
      objectList: arrayOf(restrictedCaptureObject),
      protectionParameters: arrayOf(protectionParameters),
    }),
    setProtectedAttributes: structure({
      objectList: arrayOf(restrictedCaptureObject),
      protectionParameters: arrayOf(protectionParameters),
      protectedAttributes: octets,
    }),
    invokeProtectedMethod: structure({
      objectMethod: structure({ classId: longUnsigned, logicalName, methodIndex: integer }),
      protectionParameters: arrayOf(protectionParameters),
      protectedMethodInvocationParameters: octets,
    }),
  },
  dynamic: ["protectionBuffer"],
});

const securitySuite = rawEnum();
const keyTransfer = arrayOf(
  structure({
    keyId: enumeration({ 0: "global-unicast-encryption", 1: "global-broadcast-encryption", 2: "authentication", 3: "master" }),
    keyWrapped: octets,
  }),
);

export const securitySetup0 = interfaceClass({
  id: 64,
  version: 0,
  name: "Security setup",
  attributes: {
    securityPolicy: enumeration({ 0: "nothing", 1: "all-authenticated", 2: "all-encrypted", 3: "all-authenticated-encrypted" }),
    securitySuite,
    clientSystemTitle: octets,
    serverSystemTitle: octets,
  },
  methods: { securityActivate: rawEnum(), globalKeyTransfer: keyTransfer },
});

const certificateType = enumeration({ 0: "digital-signature", 1: "key-agreement", 2: "tls", 3: "other" });
const keyPair = enumeration({ 0: "digital-signature", 1: "key-agreement", 2: "tls" });

export const securitySetup = interfaceClass({
  id: 64,
  version: 1,
  name: "Security setup",
  attributes: {
    /** Bits: 2 authenticated, 3 encrypted, 4 signed request; 5, 6, 7 the same for responses. */
    securityPolicy: rawEnum(),
    securitySuite,
    clientSystemTitle: octets,
    serverSystemTitle: octets,
    certificates: arrayOf(
      structure({
        certificateEntity: enumeration({ 0: "server", 1: "client", 2: "certification-authority", 3: "other" }),
        certificateType,
        serialNumber: octets,
        issuer: octets,
        subject: octets,
        subjectAltName: octets,
      }),
    ),
  },
  methods: {
    securityActivate: rawEnum(),
    keyTransfer,
    keyAgreement: arrayOf(structure({ keyId: rawEnum(), keyData: octets })),
    generateKeyPair: keyPair,
    generateCertificateRequest: keyPair,
    importCertificate: octets,
    exportCertificate: any,
    removeCertificate: any,
  },
});

const functionStatus = structure({ functionName: octets, isActive: boolean });
const functionSpecification = structure({ functionName: octets, functionSpecification: arrayOf(objectReference) });

export const functionControl = interfaceClass({
  id: 122,
  version: 0,
  name: "Function control",
  attributes: {
    activationStatus: arrayOf(functionStatus),
    functionList: arrayOf(functionSpecification),
  },
  methods: { setFunctionStatus: arrayOf(functionStatus), addFunction: functionSpecification, removeFunction: octets },
  dynamic: ["activationStatus"],
});

/** From the first entry, 1, to the last, both counted. */
const entryRange = structure({ arrayObjectId: unsigned, range: structure({ fromIndex: longUnsigned, toIndex: longUnsigned }) });
const numberedEntry = structure({ arrayObjectId: unsigned, entry: structure({ index: longUnsigned, value: any }) });

export const arrayManager = interfaceClass({
  id: 123,
  version: 0,
  name: "Array manager",
  attributes: { arrayObjectList: arrayOf(structure({ arrayObjectId: unsigned, targetAttribute: valueDefinition })) },
  methods: {
    retrieveNumberOfEntries: unsigned,
    retrieveEntries: entryRange,
    insertEntry: numberedEntry,
    updateEntry: numberedEntry,
    removeEntries: entryRange,
  },
});

export const communicationPortProtection = interfaceClass({
  id: 124,
  version: 0,
  name: "Communication port protection",
  attributes: {
    protectionMode: enumeration({ 0: "locked", 1: "locked-on-failed-attempts", 2: "unlocked" }),
    allowedFailedAttempts: longUnsigned,
    initialLockoutTime: doubleLongUnsigned,
    steepnessFactor: unsigned,
    maxLockoutTime: doubleLongUnsigned,
    portReference: logicalName,
    protectionStatus: enumeration({ 0: "unlocked", 1: "temporarily-locked", 2: "locked" }),
    failedAttempts: doubleLongUnsigned,
    cumulativeFailedAttempts: doubleLongUnsigned,
  },
  methods: { reset: integer },
  dynamic: ["protectionStatus", "failedAttempts", "cumulativeFailedAttempts"],
});
