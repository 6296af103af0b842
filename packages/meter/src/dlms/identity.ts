import { data, type DlmsData } from "@amity/dlms";
import type { MeterTypeOptions } from "../meter-type.ts";

/** Manufacturer and serial number, 16 characters (IEC 62056-6-2, 4.1.8.2); logical devices beside the first put their number before it. */
export function logicalDeviceName(type: MeterTypeOptions, serial: number, sap = 1): string {
  return sap === 1
    ? `${type.manufacturer}${String(serial).padStart(13, "0")}`
    : `${type.manufacturer}${sap}${String(serial).padStart(11, "0")}`;
}

/** Three letters of the manufacturer, then the serial number as five octets (IEC 62056-5-3, 4.3.4). */
export function systemTitleOf(type: MeterTypeOptions, serial: number): Uint8Array {
  const title = new Uint8Array(8);
  for (let index = 0; index < 3; index++) title[index] = type.manufacturer.charCodeAt(index);
  new DataView(title.buffer).setUint32(4, serial);
  return title;
}

export function octetText(text: string): DlmsData {
  return data.octets(new TextEncoder().encode(text));
}
