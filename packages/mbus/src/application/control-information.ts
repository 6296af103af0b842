/** What stands between the CI field and the application data (EN 13757-7, 7.3). */
export type TransportHeaderKind = "none" | "short" | "long";

/** What the application data are. */
export type ApplicationKind =
  | "records"
  | "compactRecords"
  | "formatFrame"
  | "fixed"
  | "applicationError"
  | "alarm"
  | "applicationReset"
  | "selection"
  | "baud"
  | "clock"
  | "cosem"
  | "obis"
  | "transportOnly"
  | "tls"
  | "security"
  | "imageTransfer"
  | "network"
  | "manufacturer";

export interface ControlInformation {
  readonly name: string;
  readonly header: TransportHeaderKind;
  readonly application: ApplicationKind;
  readonly direction: "toMeter" | "fromMeter" | "both";
  /** Most significant octet first ("mode 2" of EN 13757-3:2004, withdrawn since); hardly any meter ever used it. */
  readonly isBigEndian?: boolean;
}

const toMeter = (name: string, header: TransportHeaderKind, application: ApplicationKind): ControlInformation => ({
  name,
  header,
  application,
  direction: "toMeter",
});
const fromMeter = (name: string, header: TransportHeaderKind, application: ApplicationKind): ControlInformation => ({
  name,
  header,
  application,
  direction: "fromMeter",
});

/** CI fields of the application layer (EN 13757-7:2018, table 5; EN 13757-3). ELL (8C-8F), AFL (90) and A0-B7 are looked at before. */
export const CONTROL_INFORMATION: Readonly<Record<number, ControlInformation>> = {
  0x50: toMeter("application reset or select", "none", "applicationReset"),
  0x51: toMeter("data send", "none", "records"),
  0x52: toMeter("selection of slaves", "none", "selection"),
  0x53: toMeter("application reset or select", "long", "applicationReset"),
  0x54: toMeter("request of the selected application", "none", "applicationReset"),
  0x55: { ...toMeter("data send", "none", "records"), isBigEndian: true },
  0x56: { ...toMeter("selection of slaves", "none", "selection"), isBigEndian: true },
  0x5a: toMeter("command", "short", "records"),
  0x5b: toMeter("command", "long", "records"),
  0x5c: toMeter("synchronize action", "none", "manufacturer"),
  0x5e: toMeter("TLS", "short", "tls"),
  0x5f: toMeter("TLS", "long", "tls"),
  0x60: toMeter("COSEM", "long", "cosem"),
  0x61: toMeter("COSEM", "short", "cosem"),
  0x64: toMeter("OBIS", "long", "obis"),
  0x65: toMeter("OBIS", "short", "obis"),
  0x66: fromMeter("application selection response", "none", "applicationReset"),
  0x67: fromMeter("application selection response", "short", "applicationReset"),
  0x68: fromMeter("application selection response", "long", "applicationReset"),
  0x69: fromMeter("format frame", "none", "formatFrame"),
  0x6a: fromMeter("format frame", "short", "formatFrame"),
  0x6b: fromMeter("format frame", "long", "formatFrame"),
  0x6c: toMeter("clock synchronization, absolute", "long", "clock"),
  0x6d: toMeter("clock synchronization, relative", "long", "clock"),
  0x6e: fromMeter("application error", "short", "applicationError"),
  0x6f: fromMeter("application error", "long", "applicationError"),
  0x70: fromMeter("application error", "none", "applicationError"),
  0x71: fromMeter("alarm", "none", "alarm"),
  0x72: fromMeter("response", "long", "records"),
  0x73: fromMeter("fixed response", "none", "fixed"),
  0x74: fromMeter("alarm", "short", "alarm"),
  0x75: fromMeter("alarm", "long", "alarm"),
  0x76: { ...fromMeter("response", "long", "records"), isBigEndian: true },
  0x77: { ...fromMeter("fixed response", "none", "fixed"), isBigEndian: true },
  0x78: fromMeter("response", "none", "records"),
  0x79: fromMeter("compact response", "none", "compactRecords"),
  0x7a: fromMeter("response", "short", "records"),
  0x7b: fromMeter("compact response", "short", "compactRecords"),
  0x7c: fromMeter("COSEM", "long", "cosem"),
  0x7d: fromMeter("COSEM", "short", "cosem"),
  0x7e: fromMeter("OBIS", "long", "obis"),
  0x7f: fromMeter("OBIS", "short", "obis"),
  0x80: toMeter("transport layer only", "long", "transportOnly"),
  0x81: { ...toMeter("network layer", "none", "network"), direction: "both" },
  0x82: toMeter("network management", "long", "network"),
  0x83: toMeter("network management", "none", "network"),
  0x84: toMeter("transport layer only, compact frame expected", "long", "transportOnly"),
  0x85: toMeter("transport layer only, format frame expected", "long", "transportOnly"),
  0x87: fromMeter("network management", "long", "network"),
  0x88: fromMeter("network management", "short", "network"),
  0x89: fromMeter("network management", "none", "network"),
  0x8a: fromMeter("transport layer only", "short", "transportOnly"),
  0x8b: fromMeter("transport layer only", "long", "transportOnly"),
  0x9e: fromMeter("TLS", "short", "tls"),
  0x9f: fromMeter("TLS", "long", "tls"),
  0xb8: toMeter("set baud rate 300", "none", "baud"),
  0xb9: toMeter("set baud rate 600", "none", "baud"),
  0xba: toMeter("set baud rate 1200", "none", "baud"),
  0xbb: toMeter("set baud rate 2400", "none", "baud"),
  0xbc: toMeter("set baud rate 4800", "none", "baud"),
  0xbd: toMeter("set baud rate 9600", "none", "baud"),
  0xbe: toMeter("set baud rate 19200", "none", "baud"),
  0xbf: toMeter("set baud rate 38400", "none", "baud"),
  0xc0: toMeter("image transfer", "long", "imageTransfer"),
  0xc1: fromMeter("image transfer", "short", "imageTransfer"),
  0xc2: fromMeter("image transfer", "long", "imageTransfer"),
  0xc3: toMeter("security information transport", "long", "security"),
  0xc4: fromMeter("security information transport", "short", "security"),
  0xc5: fromMeter("security information transport", "long", "security"),
};

/** Baud rates by CI (EN 13757-7, 9.2). */
export const BAUD_BY_CI: Readonly<Record<number, number>> = {
  0xb8: 300,
  0xb9: 600,
  0xba: 1200,
  0xbb: 2400,
  0xbc: 4800,
  0xbd: 9600,
  0xbe: 19200,
  0xbf: 38400,
};

const SELECTED_LONG = toMeter("request of the selected application", "long", "applicationReset");
const SELECTED_SHORT = toMeter("request of the selected application", "short", "applicationReset");
const COMPACT_LONG = fromMeter("compact response", "long", "compactRecords");

/**
 * Three codes have changed their meaning. Over radio 73 was never the fixed structure, and 55 and 56 never old commands; on wires
 * 55 and 56 are what EN 13757-3:2025 makes of them where nothing but the header follows.
 */
export function renewedMeaning(ci: number, octetsBehind: number, isWireless: boolean): ControlInformation | undefined {
  if (ci === 0x73) return isWireless ? COMPACT_LONG : undefined;
  if (ci === 0x55) return isWireless || octetsBehind === 12 ? SELECTED_LONG : undefined;
  return ci === 0x56 && (isWireless || octetsBehind === 4) ? SELECTED_SHORT : undefined;
}
