import { AmityError, ByteReader, crcX25, toHex, type Explained } from "@amity/bytes";
import { decodeAddress, formatAddress } from "../hdlc/address.ts";
import { decodeControl } from "../hdlc/control.ts";
import { FLAG, FRAME_OCTETS_MAX, decodeFrame, isFormat, littleEndian16 } from "../hdlc/frame.ts";
import { LLC_COMMAND, LLC_RESPONSE } from "../hdlc/llc.ts";
import { decodeParameters } from "../hdlc/parameters.ts";
import { meaningOf } from "./meaning.ts";

/** Explains an APDU at its place in the frame. */
type ExplainApdu = (apdu: Uint8Array, offset: number) => Explained;

/** Explains one HDLC frame, noted with or without its flags. A damaged one is explained as far as it goes, beside its error. */
export function explainHdlc(octets: Uint8Array, explainApdu: ExplainApdu): Explained {
  const isFlagged = octets[0] === FLAG;
  const framed = isFlagged ? octets : withFlags(octets);
  const fields = new FrameFields(framed, isFlagged ? 0 : -1, explainApdu);
  return { name: "hdlc", offset: 0, length: octets.length, ...faultOf(framed), children: fields.read() };
}

function withFlags(octets: Uint8Array): Uint8Array {
  const framed = new Uint8Array(octets.length + 2).fill(FLAG);
  framed.set(octets, 1);
  return framed;
}

function faultOf(framed: Uint8Array): { readonly error?: string } {
  try {
    decodeFrame(framed);
    return {};
  } catch (error) {
    if (!(error instanceof AmityError)) throw error;
    return { error: error.message };
  }
}

/** The fields of a frame in order, until one cannot be read. */
class FrameFields {
  readonly #framed: Uint8Array;
  /** From a place in the frame with flags to one in the octets as given. */
  readonly #base: number;
  readonly #explainApdu: ExplainApdu;
  readonly #fields: Explained[] = [];
  #control = "";

  constructor(framed: Uint8Array, base: number, explainApdu: ExplainApdu) {
    this.#framed = framed;
    this.#base = base;
    this.#explainApdu = explainApdu;
  }

  read(): readonly Explained[] {
    const reader = new ByteReader(this.#framed, { start: 1 });
    try {
      const format = reader.u16();
      const segmented = (format & 0x0800) === 0 ? "" : ", segmented";
      this.#add("format", 1, 2, isFormat(format) ? { value: `type 3${segmented}` } : { error: "the frame format is not type 3" });
      for (const name of ["destination", "source"]) {
        const at = reader.position;
        const address = decodeAddress(reader);
        this.#add(name, at, address.octets, { value: formatAddress(address) });
      }
      const control = decodeControl(reader.u8());
      this.#control = control.kind;
      this.#add("control", reader.position - 1, 1, { value: meaningOf("control", control) });
      this.#readContent(reader, format & FRAME_OCTETS_MAX);
    } catch (error) {
      // What is missing is said at the frame.
      if (!(error instanceof AmityError)) throw error;
    }
    return this.#fields;
  }

  /** Header check sequence, information and frame check sequence; of a frame without information the first is the last. */
  #readContent(reader: ByteReader, announced: number): void {
    const hcsAt = reader.position;
    reader.skip(2);
    this.#addCheck("hcs", hcsAt);
    const end = Math.min(announced - 1, this.#framed.length);
    if (end <= reader.position) return;
    const information = this.#framed.subarray(reader.position, end);
    this.#fields.push(this.#information(information, this.#base + reader.position));
    if (end + 2 <= this.#framed.length) this.#addCheck("fcs", end);
  }

  #addCheck(name: string, at: number): void {
    const [sent, own] = [littleEndian16(this.#framed, at), crcX25(this.#framed, 1, at)];
    const error = `wrong: ${sent.toString(16).padStart(4, "0")}, computed ${own.toString(16).padStart(4, "0")}`;
    this.#add(name, at, 2, sent === own ? { value: "right" } : { error });
  }

  #information(information: Uint8Array, offset: number): Explained {
    if (this.#control === "snrm" || this.#control === "ua") return negotiation(information, offset);
    if (this.#control === "frmr") return { name: "rejection", offset, length: information.length, ...rejectionOf(information) };
    const isLlc = [LLC_COMMAND, LLC_RESPONSE].some((header) => header.every((octet, index) => octet === information[index]));
    if (!isLlc) return { name: "information", offset, length: information.length, value: toHex(information) };
    return this.#explainApdu(information.subarray(LLC_COMMAND.length), offset + LLC_COMMAND.length);
  }

  #add(name: string, at: number, length: number, said: Pick<Explained, "value" | "error">): void {
    this.#fields.push({ name, offset: this.#base + at, length, ...said });
  }
}

/** What a station says of itself in SNRM or UA. */
function negotiation(information: Uint8Array, offset: number): Explained {
  const whole = { name: "parameters", offset, length: information.length };
  try {
    const { transmitOctets, receiveOctets, transmitWindow, receiveWindow } = decodeParameters(information);
    const value = `transmits ${transmitOctets} octets, window ${transmitWindow}; receives ${receiveOctets} octets, window ${receiveWindow}`;
    return { ...whole, value };
  } catch (error) {
    if (!(error instanceof AmityError)) throw error;
    return { ...whole, value: toHex(information), error: error.message };
  }
}

/** Reasons of an FRMR by bit (ISO/IEC 13239, 5.5.3.4.2). */
const REJECTIONS = ["control field undefined", "information not allowed", "information too long", "N(R) invalid"] as const;

/** FRMR: the rejected control field, the sequence numbers of who rejects it, and why. */
function rejectionOf(information: Uint8Array): { readonly value?: string; readonly error?: string } {
  const [control, sequences, reasons] = information;
  if (control === undefined || sequences === undefined || reasons === undefined) return { error: "an FRMR says why in three octets" };
  const why = REJECTIONS.filter((_, bit) => ((reasons >> bit) & 1) === 1);
  const state = `V(S) ${(sequences >> 1) & 7}, V(R) ${sequences >> 5}`;
  return {
    value: `${meaningOf("control", decodeControl(control))} rejected, ${state}: ${why.length === 0 ? "no reason" : why.join(", ")}`,
  };
}
