import { data, obisToOctets, parseObis, type DlmsData } from "@amity/dlms";

const text = (value: string): DlmsData => data.octets(new TextEncoder().encode(value));
const reference = (name: string): DlmsData => data.octets(obisToOctets(parseObis(name)));
const hex = (...octets: number[]): DlmsData => data.octets(Uint8Array.from(octets));
const [baud9600, u, lu, dlu] = [data.enumerated(5), data.unsigned, data.longUnsigned, data.doubleLongUnsigned];
const scalerUnit = (scaler: number, unit: number): DlmsData => data.structure(data.integer(scaler), data.enumerated(unit));

/** What stands in the attributes of the conformance meter's objects, by class and attribute, where a small number would not do. */
export const TYPICAL_ATTRIBUTES: Readonly<Record<number, Readonly<Record<string, DlmsData>>>> = {
  24: { mode: data.enumerated(0), commSpeed: baud9600, primaryAddressList: data.array(u(1)), tabiList: data.array() },
  25: { defaultBaud: data.enumerated(3), availableBaud: baud9600, addressState: data.enumerated(1), busAddress: u(5) },
  27: {
    commSpeed: data.enumerated(9),
    initializationString: data.array(data.structure(text("ATE0"), text("OK"), lu(500))),
    modemProfile: data.array(text("OK"), text("CONNECT"), text("RING"), text("NO CARRIER")),
  },
  28: {
    mode: data.enumerated(0),
    status: data.enumerated(0),
    numberOfRings: data.structure(u(1), u(0)),
    listOfAllowedCallers: data.array(),
  },
  29: {
    mode: data.enumerated(101),
    repetitions: u(3),
    repetitionDelay: lu(60),
    callingWindow: data.array(),
    destinationList: data.array(text("192.0.2.7")),
  },
  44: { phyReference: reference("0-0:2.0.0"), lcpOptions: data.array(), ipcpOptions: data.array() },
  46: { serverPort: lu(25), userName: text("meter"), serverAddress: text("192.0.2.25"), senderAddress: text("meter@example.org") },
  50: {
    frequencies: data.structure(dlu(63_300), dlu(74_000)),
    macAddress: lu(0xffe),
    macGroupAddresses: data.array(lu(0xffc)),
    transmissionSpeed: data.enumerated(3),
  },
  51: { activeInitiator: data.structure(text("AMYINIT1"), lu(0xc00), u(0)) },
  52: { searchInitiatorTimeOut: lu(10), synchronizationConfirmationTimeOut: lu(3), timeOutNotAddressed: lu(60), timeOutFrameNotOk: lu(20) },
  56: { reportingSystemList: data.array(text("AMY00001")) },
  57: { maxOctetsUiPdu: lu(128) },
  61: {
    tableCellValues: data.array(dlu(120), dlu(80)),
    tableCellDefinition: data.structure(lu(3), reference("1-0:1.8.255"), data.array(u(1), u(2)), data.integer(2)),
    scalerUnit: scalerUnit(0, 30),
  },
  72: {
    mbusPortReference: reference("0-0:24.6.0"),
    captureDefinition: data.array(data.structure(hex(0x04), hex(0x13))),
    capturePeriod: dlu(3_600),
    identificationNumber: dlu(0x12345678),
    manufacturerId: lu(0x05b4),
    deviceType: u(3),
    status: u(0),
    alarm: u(0),
    configuration: lu(0),
    encryptionKeyStatus: data.enumerated(0),
  },
  73: {
    addressState: data.enumerated(1),
    deviceAddress: hex(0xb4, 5, 0x78, 0x56, 0x34, 0x12, 1, 2),
    addressMask: hex(0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff),
  },
  74: { commSpeed: data.enumerated(3) },
  76: {
    dataHeaderType: data.enumerated(2),
    identificationNumber: dlu(0x12345678),
    manufacturerId: lu(0x05b4),
    deviceType: u(2),
    maxPduSize: lu(1_024),
    listeningWindow: data.array(),
  },
  77: {
    receivedSignalStrength: u(70),
    linkStatus: data.enumerated(1),
    broadcastFramesCounter: data.array(),
    transmissionsCounter: dlu(48),
    fcsOkFramesCounter: dlu(47),
  },
  86: { firmwareVersion: text("1.0"), vendorId: lu(1), productId: lu(1) },
  91: {
    macKeyTable: data.array(),
    macToneMask: data.bits(72, new Uint8Array(9).fill(0xff)),
    macPanId: lu(0x781d),
    macNeighbourTable: data.array(),
    macPosTable: data.array(),
  },
  95: { networkName: text("amity"), panId: lu(0x781d), joinState: data.enumerated(5) },
  152: {
    udpReference: reference("0-0:25.0.0"),
    ackTimeout: lu(2),
    ackRandomFactor: lu(15),
    maxRetransmit: lu(4),
    coapUriPath: text("/dlms"),
    transportMode: data.enumerated(3),
    wrapperVersion: u(1),
  },
};

/** Keys and passwords: nobody reads them. */
export const SECRET_ATTRIBUTES: Readonly<Record<number, readonly string[]>> = {
  46: ["loginPassword"],
  91: ["macKeyTable"],
  101: ["linkKey", "networkKey"],
  140: ["initialEncryptionKey"],
};
