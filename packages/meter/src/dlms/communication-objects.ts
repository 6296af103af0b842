import { latin1Text } from "@amity/bytes";
import {
  DEFAULT_PARAMETERS,
  data,
  dataClasses,
  ipClasses,
  obisToOctets,
  parseObis,
  portClasses,
  type DlmsData,
  type InvokeOutcome,
} from "@amity/dlms";
import { hash32 } from "../household/hash.ts";
import type { SimulatedMeter } from "../simulated-meter.ts";
import { configure, configuredObject, outcomeOf, refused } from "./configured-object.ts";
import { configuredValue } from "./configured-values.ts";
import { octetText, systemTitleOf } from "./identity.ts";
import type { MeterObject, ObjectContext } from "./meter-object.ts";
import { numberOf } from "./monitored-value.ts";
import { INACTIVITY_SECONDS, PORT_SETUPS, TCP_CONNECTIONS } from "./port-setup.ts";
import { stampOf } from "./demand-objects.ts";

const MESSAGE_OCTETS_MAX = 512;
const BAUD = { 300: 0, 9_600: 5, 115_200: 9 } as const;
const TCP_PORT = 4_059;
const PORTS = { ipv4: "0-0:25.1.0", mac: "0-0:25.2.0" } as const;
const MULTICAST_MAX = 8;
/** Information fields of HDLC frames (octets), frames in a row, lower addresses (IEC 62056-46; 1 to 15 and the last three are taken). */
const HDLC_RANGES: Readonly<Record<string, readonly [number, number]>> = {
  windowSizeTransmit: [1, 7],
  windowSizeReceive: [1, 7],
  maxInfoFieldLengthTransmit: [32, 2_030],
  maxInfoFieldLengthReceive: [32, 2_030],
  interOctetTimeOut: [0, 6_000],
  inactivityTimeOut: [0, 0xffff],
  deviceAddress: [16, 0x3ffc],
};
/** Characters that a data message of IEC 62056-21 can carry. */
const PORT_TEXT = /^[\x20-\x7e]{0,32}$/;

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

/** Class 19: the optical port; its passwords are not to be read. Address and passwords 1 and 2 count at the local port from then on. */
function localPort(): MeterObject {
  return configuredObject({
    class: portClasses.iecLocalPortSetup,
    name: PORT_SETUPS.local,
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
    writable: ["deviceAddress", "password1", "password2"],
    hidden: ["password1", "password2", "password5"],
    judge: (_attribute, given) =>
      given.type === "octet-string" && PORT_TEXT.test(latin1Text(given.value)) && !/[()/!?]/.test(latin1Text(given.value))
        ? undefined
        : "other-reason",
  });
}

/** Class 23: what the HDLC link of this meter does. What is set holds from the next connection on; until an address is set, any is answered. */
function hdlcSetup(): MeterObject {
  return configuredObject({
    class: portClasses.iecHdlcSetup,
    name: PORT_SETUPS.hdlc,
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
    writable: Object.keys(HDLC_RANGES),
    judge(attribute, given) {
      const [least, most] = HDLC_RANGES[attribute] ?? [0, 0];
      const number = numberOf(given) ?? -1;
      return number >= least && number <= most ? undefined : "other-reason";
    },
  });
}

/** Classes 41, 42, 43 and 45: port and address are those at which the meter is served; without one, or by a name, the address is not known. */
function internetObjects(): MeterObject[] {
  const nowhere = data.doubleLongUnsigned(0);
  return [
    configuredObject({
      class: ipClasses.tcpUdpSetup,
      name: PORT_SETUPS.tcp,
      values: {
        tcpUdpPort: ({ meter, servedAt }) => {
          const planned = meter.plan.address.kind === "tcp" && meter.plan.address.port > 0 ? meter.plan.address.port : TCP_PORT;
          return data.longUnsigned(servedAt?.port ?? planned);
        },
        ipReference: reference(PORTS.ipv4),
        maximumSegmentSize: data.longUnsigned(576),
        numberOfSimultaneousConnections: data.unsigned(TCP_CONNECTIONS),
        inactivityTimeOut: data.longUnsigned(INACTIVITY_SECONDS),
      },
      writable: ["numberOfSimultaneousConnections", "inactivityTimeOut"],
      judge: (attribute, given) =>
        attribute === "numberOfSimultaneousConnections" && (numberOf(given) ?? 0) < 1 ? "other-reason" : undefined,
    }),
    configuredObject({
      class: ipClasses.ipv4Setup,
      name: PORTS.ipv4,
      values: {
        dataLinkLayerReference: reference(PORTS.mac),
        ipAddress: ({ servedAt }) => data.doubleLongUnsigned(ipv4Of(servedAt?.host) ?? 0),
        multicastIpAddress: data.array(),
        ipOptions: data.array(),
        subnetMask: nowhere,
        gatewayIpAddress: nowhere,
        useDhcpFlag: ({ servedAt }) => data.boolean(ipv4Of(servedAt?.host) === undefined),
        primaryDnsAddress: nowhere,
        secondaryDnsAddress: nowhere,
      },
      writable: ["multicastIpAddress", "primaryDnsAddress", "secondaryDnsAddress"],
      judge: (_attribute, given) => (given.type === "array" && given.value.length > MULTICAST_MAX ? "other-reason" : undefined),
      methods: {
        addMulticastIpAddress: (given, context) =>
          changeMulticast(given, context, (list, address) => (list.includes(address) ? undefined : [...list, address])),
        deleteMulticastIpAddress: (given, context) =>
          changeMulticast(given, context, (list, address) => (list.includes(address) ? list.filter((one) => one !== address) : undefined)),
        getNumberOfMulticastIpAddresses: (_parameter, context) =>
          Promise.resolve({ kind: "done", data: data.unsigned(multicastOf(context).length) }),
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

const { multicastIpAddress } = ipClasses.ipv4Setup.attributes;
const MULTICAST = 4;

function multicastOf(context: ObjectContext): readonly number[] {
  return multicastIpAddress.decode(configuredValue(context, PORTS.ipv4, MULTICAST, data.array()));
}

async function changeMulticast(
  given: DlmsData,
  context: ObjectContext,
  change: (list: readonly number[], address: number) => readonly number[] | undefined,
): Promise<InvokeOutcome> {
  if (given.type !== "double-long-unsigned") return refused("type-unmatched");
  const list = change(multicastOf(context), given.value);
  if (list === undefined || list.length > MULTICAST_MAX) return refused("other-reason");
  return outcomeOf(await configure(PORTS.ipv4, [[MULTICAST, multicastIpAddress.encode(list)]], context));
}

/** An IPv4 address as a number; `undefined` for a name, or an address of another kind. */
function ipv4Of(host: string | undefined): number | undefined {
  const parts = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/
    .exec(host ?? "")
    ?.slice(1)
    .map(Number);
  return parts?.every((part) => part < 256) === true ? parts.reduce((number, part) => number * 256 + part, 0) : undefined;
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
