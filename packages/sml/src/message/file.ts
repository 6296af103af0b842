import { ByteReader, ByteWriter, DecodeError } from "@amity/bytes";
import { decodeTransport, encodeTransport, isEscape, type SmlCrc, type TransportFrame } from "../transport/transport-frame.ts";
import { readMessage, writeMessage, type DecodedMessage, type SmlMessage } from "./message.ts";

/** An SML file as far as it was sound, and what was wrong with the rest. Octet strings are views of the input. */
export interface SmlFile {
  readonly messages: readonly DecodedMessage[];
  /** In order of their offsets: wrong CRCs, and where reading had to stop. */
  readonly problems: readonly DecodeError[];
  /** Of the transport frame; absent where the file came bare. */
  readonly transportCrc?: SmlCrc;
}

/** Messages of one file. */
const MESSAGES_MAX = 1024;

/**
 * Decodes a transport frame, or an SML file without one. What is wrong inside is in `problems`, beside everything that was
 * sound. @throws DecodeError for a frame that is none (no end, two starts).
 */
export function decodeSml(octets: Uint8Array): SmlFile {
  if (!isEscape(octets, 0)) return readFile(octets);
  const frame = decodeTransport(octets);
  const file = readFile(frame.payload);
  const problems = file.problems.map((problem) => moved(problem, frame));
  if (frame.crc === "wrong") problems.push(new DecodeError("the frame's CRC is wrong", { offset: frame.crcOffset, code: "crc" }));
  return { messages: file.messages, problems, transportCrc: frame.crc };
}

function moved(problem: DecodeError, frame: TransportFrame): DecodeError {
  const offset = frame.offsetOf(problem.offset);
  const inside = problem.path === "" ? problem.reason : `${problem.reason} (${problem.path})`;
  return new DecodeError(inside, { offset, code: problem.code, cause: problem });
}

/** Reads messages until the end of the octets, or until one cannot be read. */
function readFile(payload: Uint8Array): SmlFile {
  const reader = new ByteReader(payload);
  const messages: DecodedMessage[] = [];
  const problems: DecodeError[] = [];
  while (!reader.isAtEnd) {
    // Fill octets that the end sequence did not count, and end marks sent twice.
    if (reader.peek() === 0) {
      reader.skip(1);
      continue;
    }
    try {
      if (messages.length >= MESSAGES_MAX) throw reader.fail(`more than ${MESSAGES_MAX} messages`, "limit");
      const message = readMessage(reader);
      messages.push(message);
      if (message.crc === "wrong") problems.push(new DecodeError("the message's CRC is wrong", { offset: message.crcOffset, code: "crc" }));
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      problems.push(error.within(`messages[${messages.length}]`));
      break;
    }
  }
  if (messages.length === 0 && problems.length === 0) problems.push(new DecodeError("no message", { offset: 0, code: "empty" }));
  return { messages, problems };
}

/** An SML file without transport frame. */
export function encodeFile(messages: readonly SmlMessage[], crc: Exclude<SmlCrc, "wrong"> = "x25"): Uint8Array {
  const writer = new ByteWriter({ capacity: 512 });
  for (const message of messages) writeMessage(message, writer, crc);
  return writer.finish();
}

/** An SML file in its transport frame. */
export function encodeSml(messages: readonly SmlMessage[], crc: Exclude<SmlCrc, "wrong"> = "x25"): Uint8Array {
  return encodeTransport(encodeFile(messages, crc), crc);
}
