import { data, type DlmsData } from "@amity/dlms";

/** A date-time with nothing specified. */
export const NO_DATE: DlmsData = data.octets(new Uint8Array(12).fill(0xff));
