import { DEFAULT_PARAMETERS, data, dataClasses, ipClasses, obisToOctets, parseObis, portClasses, type DlmsData } from "@amity/dlms";
import { hash32 } from "../household/hash.ts";
import type { SimulatedMeter } from "../simulated-meter.ts";
import { configuredObject } from "./configured-object.ts";
import { octetText, systemTitleOf } from "./identity.ts";
import type { MeterObject, ObjectContext } from "./meter-object.ts";
import { stampOf } from "./demand-objects.ts";

const MESSAGE_OCTETS_MAX = 512;
const BAUD = { 300: 0, 9_600: 5, 115_200: 9 } as const;
const INACTIVITY_SECONDS = 120;
const TCP_PORT = 4_059;
const TCP_SESSIONS = 1;
const PORTS = { hdlc: "0-0:22.0.0", tcp: "0-0:25.0.0", ipv4: "0-0:25.1.0", mac: "0-0:25.2.0" } as const;

/** Ports and networks of the meter, as far as a simulated one has them, and the consumer messages 0-0:96.13.0 and .1. */
export function communicationObjects(): MeterObject[] {
  return [
    consumerMessage("0-0:96.13.0"),
    consumerMessage("0-0:96.13.1"),
    localPort(),
    hdlcSetup(),
    ...internetObjects(),
    gsmDiagnostic(),
    lteMonitoring(),
  ];
}

/** Text for the customer's display (0) or port (1). */
function consumerMessage(name: string): MeterObject {
  return configuredObject({
    class: dataClasses.data,
    name,
    values: { value: octetText("") },
    writable: ["value"],
    judge(_attribute, given) {
      if (given.type !== "octet-string") return "type-unmatched";
      return given.value.length > MESSAGE_OCTETS_MAX ? "other-reason" : undefined;
    },
  });
}

/** Class 19: the optical port; its passwords are not to be read. */
function localPort(): MeterObject {
  return configuredObject({
    class: portClasses.iecLocalPortSetup,
    name: "0-0:20.0.0",
    values: {
      defaultMode: data.enumerated(1),
      defaultBaud: data.enumerated(BAUD[300]),
      proposedBaud: data.enumerated(BAUD[9_600]),
      responseTime: data.enumerated(1),
      deviceAddress: ({ meter }) => octetText(String(meter.plan.serial)),
      password1: octetText(""),
      password2: octetText(""),
      password5: octetText(""),
    },
    hidden: ["password1", "password2", "password5"],
  });
}

/** Class 23: what the HDLC link of this meter does. */
function hdlcSetup(): MeterObject {
  return configuredObject({
    class: portClasses.iecHdlcSetup,
    name: PORTS.hdlc,
    values: {
      commSpeed: data.enumerated(BAUD[115_200]),
      windowSizeTransmit: data.unsigned(DEFAULT_PARAMETERS.transmitWindow),
      windowSizeReceive: data.unsigned(DEFAULT_PARAMETERS.receiveWindow),
      maxInfoFieldLengthTransmit: data.longUnsigned(DEFAULT_PARAMETERS.transmitOctets),
      maxInfoFieldLengthReceive: data.longUnsigned(DEFAULT_PARAMETERS.receiveOctets),
      interOctetTimeOut: data.longUnsigned(0),
      inactivityTimeOut: data.longUnsigned(INACTIVITY_SECONDS),
      deviceAddress: ({ meter }) => data.longUnsigned((meter.plan.serial % 10_000) + 16),
    },
  });
}

/** Classes 41, 42, 43 and 45. The address is the network's to give (DHCP): the simulated meter does not know it. */
function internetObjects(): MeterObject[] {
  const nowhere = data.doubleLongUnsigned(0);
  return [
    configuredObject({
      class: ipClasses.tcpUdpSetup,
      name: PORTS.tcp,
      values: {
        tcpUdpPort: ({ meter }) =>
          data.longUnsigned(meter.plan.address.kind === "tcp" && meter.plan.address.port > 0 ? meter.plan.address.port : TCP_PORT),
        ipReference: reference(PORTS.ipv4),
        maximumSegmentSize: data.longUnsigned(576),
        numberOfSimultaneousConnections: data.unsigned(TCP_SESSIONS),
        inactivityTimeOut: data.longUnsigned(INACTIVITY_SECONDS),
      },
    }),
    configuredObject({
      class: ipClasses.ipv4Setup,
      name: PORTS.ipv4,
      values: {
        dataLinkLayerReference: reference(PORTS.mac),
        ipAddress: nowhere,
        multicastIpAddress: data.array(),
        ipOptions: data.array(),
        subnetMask: nowhere,
        gatewayIpAddress: nowhere,
        useDhcpFlag: data.boolean(true),
        primaryDnsAddress: nowhere,
        secondaryDnsAddress: nowhere,
      },
    }),
    configuredObject({
      class: ipClasses.macAddressSetup,
      name: PORTS.mac,
      values: { macAddress: ({ meter }) => data.octets(macOf(meter)) },
    }),
    configuredObject({
      class: ipClasses.gprsModemSetup,
      name: "0-0:25.4.0",
      values: { apn: octetText(""), pinCode: data.longUnsigned(0), qualityOfService: NO_QUALITY },
      writable: ["apn", "pinCode"],
      hidden: ["pinCode"],
    }),
  ];
}

/** Class 47 version 1: a meter of its own on the internet is on a mobile network; one on a concentrator's medium is on none. */
function gsmDiagnostic(): MeterObject {
  const isMobile = ({ meter }: ObjectContext): boolean => meter.plan.address.kind === "tcp";
  return configuredObject({
    class: ipClasses.gsmDiagnostic1,
    name: "0-0:25.6.0",
    values: {
      operator: (context) => data.visible(isMobile(context) ? "Amity simulated" : ""),
      status: (context) => data.enumerated(isMobile(context) ? 1 : 0),
      circuitSwitchStatus: data.enumerated(0),
      packetSwitchStatus: (context) => data.enumerated(isMobile(context) ? 5 : 0),
      cellInfo: (context) => (isMobile(context) ? cellOf(context) : cell(0, 0, 99)),
      adjacentCells: data.array(),
      captureTime: (context) => stampOf(context.meter.clockAt(context.nowMs), context),
    },
  });
}

/** Class 151 version 1: what the network asks of the modem, and how it hears the cell; nothing where the meter is on none. */
function lteMonitoring(): MeterObject {
  const [lu, dlu, dbm] = [data.longUnsigned, data.doubleLongUnsigned, data.integer];
  return configuredObject({
    class: ipClasses.lteMonitoring,
    name: "0-0:25.11.0",
    values: {
      // Tracking area updates every 54 minutes; neither power saving mode nor extended discontinuous reception.
      lteNetworkParameters: data.structure(lu(720), lu(3_240), dlu(0), lu(0), dlu(0), lu(0), dbm(-110), dbm(-120), dbm(-125)),
      lteQualityOfService({ meter, nowMs }) {
        if (meter.plan.address.kind !== "tcp") return data.structure(dbm(0), dbm(0), dbm(0), data.enumerated(0));
        const bars = signalOf(meter, nowMs);
        return data.structure(dbm(-20 + (bars >> 1)), dbm(-125 + bars * 2), dbm(bars - 6), data.enumerated(0));
      },
    },
  });
}

/** The cell is that of the transformer's street; the signal (0 to 31) wanders by the hour. */
function cellOf({ meter, nowMs }: ObjectContext): DlmsData {
  const street = hash32(meter.plan.feederId.length, meter.plan.at.x >> 10, meter.plan.at.y >> 10) & 0xffff;
  return cell(street, street >> 8, signalOf(meter, nowMs));
}

function signalOf(meter: SimulatedMeter, nowMs: number): number {
  return 12 + (meter.plan.serial % 12) + (hash32(meter.plan.serial, Math.floor(nowMs / 3_600_000), 7) % 5);
}

function cell(cellId: number, locationId: number, signalQuality: number): DlmsData {
  return data.structure(
    data.doubleLongUnsigned(cellId),
    data.longUnsigned(locationId),
    data.unsigned(signalQuality),
    data.unsigned(signalQuality === 99 ? 99 : 0),
    // 001 01: the test network.
    data.longUnsigned(signalQuality === 99 ? 0 : 1),
    data.longUnsigned(signalQuality === 99 ? 0 : 1),
    data.doubleLongUnsigned(0),
  );
}

/** Locally administered: 02, then the system title's last five octets. */
function macOf(meter: SimulatedMeter): Uint8Array {
  return Uint8Array.of(2, ...systemTitleOf(meter.surroundings.type, meter.plan.serial).slice(3));
}

function reference(name: string): DlmsData {
  return data.octets(obisToOctets(parseObis(name)));
}

const BEST_EFFORT = data.structure(...Array.from({ length: 5 }, () => data.unsigned(0)));
const NO_QUALITY = data.structure(BEST_EFFORT, BEST_EFFORT);
