import { interfaceClass } from "../interface-class.ts";
import { any, arrayOf, boolean, integer, long, longUnsigned, octets, unsigned } from "../shape.ts";
import { rawEnum } from "./parts.ts";

/** Wi-SUN field area networks (Blue Book 4.18): setup, and what RPL and MPL see of the mesh. Tables whose rows the book defines in full are kept as they come. */

export const wiSunSetup = interfaceClass({
  id: 95,
  version: 0,
  name: "Wi-SUN setup",
  attributes: {
    networkName: octets,
    routingMethod: rawEnum(),
    panId: longUnsigned,
    discImin: unsigned,
    discImax: unsigned,
    dataMessageImin: unsigned,
    dataMessageImax: unsigned,
    defaultDioIntervalMin: unsigned,
    defaultDioIntervalDoublings: unsigned,
    channelPlan: any,
    channelFunction: rawEnum(),
    excludedChannels: any,
    joinState: rawEnum(),
    regChannelExclusions: any,
  },
  methods: { resetJoinState: integer },
  dynamic: ["routingMethod", "panId", "joinState"],
});

export const wiSunDiagnostic = interfaceClass({
  id: 96,
  version: 0,
  name: "Wi-SUN diagnostic",
  attributes: {
    sysdescr: octets,
    ifnumber: integer,
    iftable: arrayOf(any),
    neighbourTableInformation: arrayOf(any),
    transmissionInformation: arrayOf(any),
  },
  methods: { reset: integer },
  dynamic: ["sysdescr", "ifnumber", "iftable", "neighbourTableInformation", "transmissionInformation"],
});

export const rplDiagnostic = interfaceClass({
  id: 97,
  version: 0,
  name: "RPL diagnostic",
  attributes: {
    rplInstanceId: unsigned,
    dodagVersionNumber: unsigned,
    dodagRank: long,
    grounded: boolean,
    modeOfOperation: rawEnum(),
    dodagPrf: unsigned,
    dodagDtsn: unsigned,
    dodagId: octets,
  },
  methods: { reset: integer },
  dynamic: ["rplInstanceId", "dodagVersionNumber", "dodagRank", "grounded", "modeOfOperation", "dodagPrf", "dodagDtsn", "dodagId"],
});

export const mplDiagnostic = interfaceClass({
  id: 98,
  version: 0,
  name: "MPL diagnostic",
  attributes: {
    proactiveForwarding: boolean,
    z: unsigned,
    tunit: unsigned,
    seLifetime: longUnsigned,
    dmK: unsigned,
    dmImin: longUnsigned,
    dmImax: unsigned,
    dmTExp: longUnsigned,
    cK: unsigned,
    cImin: longUnsigned,
    cImax: unsigned,
    cTExp: longUnsigned,
  },
  methods: { reset: integer },
  dynamic: ["proactiveForwarding", "z", "tunit", "seLifetime", "dmK", "dmImin", "dmImax", "dmTExp", "cK", "cImin", "cImax", "cTExp"],
});
