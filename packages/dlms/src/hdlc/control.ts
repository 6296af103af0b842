/**
 * The control field (IEC 62056-46 6.4.3, ISO/IEC 13239): what a frame is, its sequence numbers (0 to 7) and its poll
 * (command) or final (response) bit, which hands the right to send to the other side.
 */
export type HdlcControl =
  | { readonly kind: "i"; readonly sendSequence: number; readonly receiveSequence: number; readonly pollFinal: boolean }
  | { readonly kind: "rr" | "rnr" | "rej"; readonly receiveSequence: number; readonly pollFinal: boolean }
  | { readonly kind: UnnumberedKind; readonly pollFinal: boolean }
  /** A control field that this profile does not define, kept raw. */
  | { readonly kind: "unknown"; readonly octet: number; readonly pollFinal: boolean };

const SUPERVISORY = { rr: 0x01, rnr: 0x05, rej: 0x09 } as const;
const UNNUMBERED = { snrm: 0x83, disc: 0x43, ua: 0x63, dm: 0x0f, frmr: 0x87, ui: 0x03 } as const;
const POLL_FINAL = 0x10;

export type UnnumberedKind = keyof typeof UNNUMBERED;

/** Reads a control octet; every octet has a meaning, if only `unknown`. */
export function decodeControl(octet: number): HdlcControl {
  const pollFinal = (octet & POLL_FINAL) !== 0;
  const receiveSequence = octet >>> 5;
  if ((octet & 1) === 0) return { kind: "i", sendSequence: (octet >>> 1) & 7, receiveSequence, pollFinal };
  if ((octet & 3) === 1) {
    for (const kind of ["rr", "rnr", "rej"] as const) {
      if ((octet & 0x0f) === SUPERVISORY[kind]) return { kind, receiveSequence, pollFinal };
    }
    return { kind: "unknown", octet, pollFinal };
  }
  const kind = UNNUMBERED_BY_OCTET.get(octet & ~POLL_FINAL);
  return kind === undefined ? { kind: "unknown", octet, pollFinal } : { kind, pollFinal };
}

/** Writes a control field as its octet. */
export function encodeControl(control: HdlcControl): number {
  const pollFinal = control.pollFinal ? POLL_FINAL : 0;
  switch (control.kind) {
    case "i":
      return ((control.receiveSequence & 7) << 5) | pollFinal | ((control.sendSequence & 7) << 1);
    case "rr":
    case "rnr":
    case "rej":
      return ((control.receiveSequence & 7) << 5) | pollFinal | SUPERVISORY[control.kind];
    case "unknown":
      return control.octet;
    default:
      return UNNUMBERED[control.kind] | pollFinal;
  }
}

const UNNUMBERED_BY_OCTET = new Map(Object.entries(UNNUMBERED).map(([kind, octet]) => [octet as number, kind as UnnumberedKind]));
