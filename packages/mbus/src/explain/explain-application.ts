import { DecodeError, SecurityError, toHex, type AmityError } from "@amity/bytes";
import { APPLICATION_RESETS, readStatus } from "../application/application-error.ts";
import { compactProfiles } from "../application/compact-profile.ts";
import type { Application } from "../application/read-application.ts";
import { meterTimeText, scaledValue } from "../application/record.ts";
import { storageSeries } from "../application/storage-series.ts";
import { readLongAddress, type MeterAddress } from "../link/address.ts";
import { deviceTypeName } from "../link/device-type.ts";
import { statusWords } from "../profiles/status-words.ts";
import { METER_PROFILES, readProfile } from "../profiles/read-profile.ts";
import type { KeyLookup } from "../transport/meter-key.ts";
import type { TransportHeader } from "../transport/transport-header.ts";
import type { ExplainNode, ExplainProblem } from "./explain-node.ts";
import { explainRecord } from "./explain-record.ts";

type Place = (offset: number) => number;

/** The fields from the CI on. Records of an expanded compact frame stand nowhere in the frame: their offset is -1. */
export function explainApplication(application: Application, at: number, frame: Uint8Array, place: Place): ExplainNode[] {
  const isExpanded = application.kind === "compactRecords" && application.payload.length > 0 && application.payloadOffset === 0;
  const inPayload: Place = isExpanded ? () => -1 : place;
  const nodes: ExplainNode[] = [];
  if (application.controlInformation >= 0) {
    nodes.push({
      name: "controlInformation",
      offset: place(at),
      octets: 1,
      hex: hexOctet(application.controlInformation),
      meaning: application.name,
    });
  }
  if (application.header !== undefined) nodes.push(explainHeader(application.header, application, place));
  const status = statusWords(application);
  for (const record of application.records) {
    const words = status.find((each) => each.record === record)?.words;
    const node = explainRecord(record, application.payload, inPayload);
    const said = words === undefined ? [] : [words.length === 0 ? "ok" : words.join(", ")];
    nodes.push({ ...node, meaning: [node.meaning ?? "", ...said].join(": ") });
  }
  nodes.push(...explainDoubtful(application), ...explainFixed(application, place), ...explainSignals(application, at, place));
  const { manufacturerData, manufacturerOffset } = application;
  if (manufacturerData !== undefined && manufacturerData.length > 0) {
    nodes.push({
      name: "manufacturerData",
      offset: inPayload(manufacturerOffset),
      octets: manufacturerData.length,
      hex: toHex(manufacturerData, " "),
    });
  }
  if (frame.length > 0 && application.moreFollows)
    nodes.push({
      name: "moreFollows",
      offset: inPayload(manufacturerOffset),
      octets: 1,
      hex: "1f",
      value: true,
      meaning: "the readout goes on in the next telegram",
    });
  return nodes;
}

/** Values of a compact frame whose CRC is wrong: shown for a person to judge, and no reading of the meter. */
function explainDoubtful({ doubtful }: Application): ExplainNode[] {
  if (doubtful === undefined) return [];
  return [
    {
      name: "doubtful",
      offset: -1,
      octets: 0,
      meaning: "as the layout of this format signature has it; the CRC of the full frame is another",
      children: doubtful.records.map((record) => explainRecord(record, doubtful.expanded, () => -1)),
    },
  ];
}

function explainHeader(header: TransportHeader, application: Application, place: Place): ExplainNode {
  const octets = header.payloadOffset - header.offset;
  const { security } = application;
  const status = readStatus(header.status);
  const flags = [
    status.application === "ok" ? "" : `application ${status.application}`,
    status.isPowerLow ? "power low" : "",
    status.hasPermanentError ? "permanent error" : "",
    status.hasTemporaryError ? "temporary error" : "",
    status.manufacturerBits > 0 ? `manufacturer's bits ${status.manufacturerBits}` : "",
  ].filter((flag) => flag !== "");
  const tail = header.kind === "long" ? header.offset + 8 : header.offset;
  return {
    name: "transportHeader",
    offset: place(header.offset),
    octets,
    meaning: header.kind,
    children: [
      ...(header.address === undefined ? [] : [explainAddress("meter", header.address, place(header.offset))]),
      { name: "accessNumber", offset: place(tail), octets: 1, value: header.accessNumber },
      {
        name: "status",
        offset: place(tail + 1),
        octets: 1,
        hex: hexOctet(header.status),
        meaning: flags.length === 0 ? "ok" : flags.join(", "),
      },
      {
        name: "configuration",
        offset: place(tail + 2),
        octets: octets - (tail + 2 - header.offset),
        hex: header.configuration.toString(16).padStart(4, "0"),
        meaning: `security mode ${security.mode} (${security.name}): ${security.status}${security.mac === "none" ? "" : `, MAC ${security.mac}`}`,
      },
    ],
  };
}

/** A meter's address as eight octets. */
export function explainAddress(name: string, address: MeterAddress, offset: number): ExplainNode {
  return {
    name,
    offset,
    octets: 8,
    value: address.id,
    meaning: `${address.manufacturer}, version 0x${hexOctet(address.version)}, ${deviceTypeName(address.deviceType)}`,
  };
}

function explainFixed(application: Application, place: Place): ExplainNode[] {
  const { fixed, payloadOffset } = application;
  if (fixed === undefined) return [];
  const counters = fixed.counters.map((counter, index): ExplainNode => {
    const { value } = counter;
    const number = typeof value === "object" ? value.digits : Number(value) * 10 ** counter.exponent;
    return {
      name: counter.quantity,
      offset: place(payloadOffset + 8 + 4 * index),
      octets: 4,
      value: number,
      unit: counter.unit,
      meaning: counter.isStored ? "stored" : "actual",
    };
  });
  return [
    { name: "identification", offset: place(payloadOffset), octets: 4, value: fixed.id },
    { name: "accessNumber", offset: place(payloadOffset + 4), octets: 1, value: fixed.accessNumber },
    { name: "status", offset: place(payloadOffset + 5), octets: 1, hex: hexOctet(fixed.status) },
    { name: "deviceTypeAndUnits", offset: place(payloadOffset + 6), octets: 2, meaning: deviceTypeName(fixed.deviceType) },
    ...counters,
  ];
}

function explainSignals(application: Application, at: number, place: Place): ExplainNode[] {
  const offset = place(application.payloadOffset);
  if (application.applicationError !== undefined)
    return [{ name: "applicationError", offset: offset > 0 ? offset : at, octets: 1, value: application.applicationError }];
  const data = application.manufacturerData;
  if (application.kind === "selection" && data !== undefined && data.length >= 8)
    return [explainAddress("selection", readLongAddress(data, 0), offset)];
  if (application.kind === "applicationReset" && data !== undefined && data.length >= 1) {
    const code = data[0] ?? 0;
    return [{ name: "application", offset, octets: 1, hex: hexOctet(code), meaning: APPLICATION_RESETS[code & 0xf0] ?? "reserved" }];
  }
  const { imageTransfer: image } = application;
  if (image !== undefined) {
    const meaning = `${image.name}${image.isResponse ? ", response" : ""}, segment ${image.segmentId}`;
    return [{ name: "imageTransfer", offset, octets: 5 + image.content.length, hex: toHex(image.content, " "), meaning }];
  }
  if (application.alarm !== undefined) return [{ name: "alarm", offset, octets: 1, hex: hexOctet(application.alarm) }];
  return [];
}

/** Readings that were computed: profiles of the manufacturer's octets, and series of compact profiles. */
export function explainProfiles(application: Application, keys: KeyLookup | undefined): ExplainNode[] {
  const profile = readProfile(application, METER_PROFILES, keys);
  const series = compactProfiles(application.records).map(({ record, spacing, values }): ExplainNode => ({
    name: `${record.vib.quantity} profile`,
    offset: -1,
    octets: 0,
    meaning: `every ${spacing.count} ${spacing.unit}`,
    children: values.map(({ storage, value, at }) => ({
      name: `storage ${storage}`,
      offset: -1,
      octets: 0,
      value: value === undefined ? null : Number(value) * 10 ** record.vib.exponent,
      unit: record.vib.unit,
      ...(at === undefined ? {} : { meaning: meterTimeText(at) }),
    })),
  }));
  const stored = storageSeries(application.records);
  if (stored.length > 0) {
    const children = stored.map(({ record, at }): ExplainNode => ({
      name: `${record.vib.quantity}, storage ${record.storage}`,
      offset: -1,
      octets: 0,
      value: scaledValue(record) ?? null,
      unit: record.vib.unit,
      meaning: meterTimeText(at),
    }));
    series.push({ name: "storageSeries", offset: -1, octets: 0, children });
  }
  if (profile === undefined) return series;
  const readings = profile.readings.map(({ name, value, unit }): ExplainNode => ({
    name,
    offset: -1,
    octets: 0,
    value,
    ...(unit === "" ? {} : { unit }),
  }));
  return [...series, { name: "meterProfile", offset: -1, octets: 0, value: profile.profile, children: readings }];
}

/** Errors as data; offsets as in the frame. */
export function explainProblems(problems: readonly AmityError[], place: Place): ExplainProblem[] {
  return problems.map((problem) => ({
    code: problem.code,
    message: problem instanceof DecodeError && problem.offset >= 0 ? placedMessage(problem, place) : problem.message,
    offset: isPlaced(problem) && problem.offset >= 0 ? place(problem.offset) : -1,
    ...(problem.advice === undefined ? {} : { advice: problem.advice }),
  }));
}

/** With the byte of the frame as it came: CRCs that were taken off count there. */
function placedMessage({ reason, offset, path }: DecodeError, place: Place): string {
  return `${reason} at byte ${place(offset)}${path === "" ? "" : ` in ${path}`}`;
}

function isPlaced(problem: AmityError): problem is DecodeError | SecurityError {
  return problem instanceof DecodeError || problem instanceof SecurityError;
}

export function hexOctet(value: number): string {
  return value.toString(16).padStart(2, "0");
}
