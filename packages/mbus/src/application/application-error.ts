/** General application errors (EN 13757-3, 9.2, table 19), by the octet after CI 6E, 6F or 70. */
export const APPLICATION_ERRORS: Readonly<Record<number, string>> = {
  0x00: "unspecified error",
  0x01: "CI field not implemented",
  0x02: "buffer too long, truncated",
  0x03: "too many records",
  0x04: "premature end of record",
  0x05: "more than 10 DIFEs",
  0x06: "more than 10 VIFEs",
  0x07: "reserved",
  0x08: "application too busy",
  0x09: "too many readouts",
  0x10: "access denied",
  0x11: "application or command unknown",
  0x12: "parameter missing or wrong",
  0x13: "receiver address unknown",
  0x14: "decryption failed",
  0x15: "encryption method not supported",
  0x16: "signature method not supported",
  0x17: "not authorized for the key",
  0xf0: "dynamic application error",
};

/** Text of an application error; an absent octet means an unspecified error. */
export function applicationErrorText(code: number | undefined): string {
  return APPLICATION_ERRORS[code ?? 0] ?? `reserved error 0x${(code ?? 0).toString(16).padStart(2, "0")}`;
}

/** Meaning of the status octet of a transport header (EN 13757-7, 7.5.6). Bits 5-7 are the manufacturer's. */
export interface MeterStatus {
  readonly application: "ok" | "busy" | "error" | "alarm";
  readonly isPowerLow: boolean;
  readonly hasPermanentError: boolean;
  readonly hasTemporaryError: boolean;
  /** Bits 5-7, shifted down. */
  readonly manufacturerBits: number;
}

/** Splits a status octet. */
export function readStatus(status: number): MeterStatus {
  return {
    application: (["ok", "busy", "error", "alarm"] as const)[status & 0x03] ?? "ok",
    isPowerLow: (status & 0x04) !== 0,
    hasPermanentError: (status & 0x08) !== 0,
    hasTemporaryError: (status & 0x10) !== 0,
    manufacturerBits: status >> 5,
  };
}

/** Application reset subcodes after CI 50 (EN 13757-3, 7.2, table 18). */
export const APPLICATION_RESETS: Readonly<Record<number, string>> = {
  0x00: "all",
  0x10: "user data",
  0x20: "simple billing",
  0x30: "enhanced billing",
  0x40: "multi-tariff billing",
  0x50: "instantaneous values",
  0x60: "load management values",
  0x80: "installation and start-up",
  0x90: "testing",
  0xa0: "calibration",
  0xb0: "manufacturing",
  0xc0: "development",
  0xd0: "self-test",
};
