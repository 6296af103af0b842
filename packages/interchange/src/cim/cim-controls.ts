import { xmlElements, childOf, childrenOf, textAt, xmlText, type XmlElement } from "../xml/xml-elements.ts";
import type { Chunks, PutAside } from "../records.ts";

/** One EndDeviceControl of a message, as it stands there: what it means for a meter is for the head-end's gate to decide. */
export interface CimControl {
  readonly kind: "control";
  /** The requester's own id of the control, empty where there is none. */
  readonly mRid: string;
  /** EndDeviceControlType `type.domain.subdomain.action` (IEC 61968-9, annex D). */
  readonly type: string;
  /** What the type asks for, where it is one that is known here. */
  readonly action: "connect" | "disconnect" | "other";
  readonly meterIds: readonly string[];
  readonly groupIds: readonly string[];
}

const CONTROLS = "http://iec.ch/TC57/2011/EndDeviceControls#";
/** 3.31.0.18 and 3.31.0.23: electric meter, remote switch, connect and disconnect. */
const ACTIONS: Readonly<Record<string, CimControl["action"]>> = { "3.31.0.18": "connect", "3.31.0.23": "disconnect" };

/**
 * Reads the EndDeviceControls of an IEC 61968-9 message, in any envelope.
 * @throws DecodeError where the document is no well-formed XML.
 */
export async function* readCimControls(chunks: Chunks): AsyncGenerator<CimControl | PutAside> {
  for await (const element of xmlElements(chunks, new Set(["EndDeviceControl"]))) yield controlOf(element);
}

function controlOf(element: XmlElement): CimControl | PutAside {
  const type = childOf(element, "EndDeviceControlType")?.attributes.get("ref") ?? textAt(element, "type");
  if (!/^\d{1,4}(\.\d{1,4}){3}$/.test(type)) {
    const reason = `"${type}" is no control type of 4 numbers`;
    return { kind: "putAside", line: element.line, field: "EndDeviceControlType", reason, text: `<${element.name}>` };
  }
  const meterIds = idsOf([...childrenOf(element, "EndDevices"), ...childrenOf(element, "EndDeviceAsset")]);
  const groupIds = idsOf(childrenOf(element, "EndDeviceGroups"));
  return { kind: "control", mRid: textAt(element, "mRID"), type, action: ACTIONS[type] ?? "other", meterIds, groupIds };
}

function idsOf(elements: readonly XmlElement[]): string[] {
  return elements.map((element) => textAt(element, "mRID") || textAt(element, "Names", "name")).filter((id) => id !== "" && id !== "?");
}

/** Writes controls as an IEC 61968-9 (2011) EndDeviceControls document. */
export function writeCimControls(controls: readonly CimControl[]): Uint8Array {
  const elements = controls.map(({ mRid, type, meterIds, groupIds }) => {
    const groups = groupIds.map((id) => `<EndDeviceGroups><mRID>${xmlText(id)}</mRID></EndDeviceGroups>`);
    const devices = meterIds.map((id) => `<EndDevices><mRID>${xmlText(id)}</mRID></EndDevices>`);
    const id = mRid === "" ? "" : `<mRID>${xmlText(mRid)}</mRID>`;
    return `<EndDeviceControl>${id}<EndDeviceControlType ref="${xmlText(type)}"/>${[...groups, ...devices].join("")}</EndDeviceControl>\n`;
  });
  return new TextEncoder().encode(
    `<?xml version="1.0" encoding="UTF-8"?>\n<EndDeviceControls xmlns="${CONTROLS}">\n${elements.join("")}</EndDeviceControls>\n`,
  );
}
