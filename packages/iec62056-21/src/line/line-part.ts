import type { DecodeError } from "@amity/bytes";
import type { Command } from "../message/command.ts";
import type { Identification } from "../message/identification.ts";
import type { OptionSelect } from "../message/sign-on.ts";

/** One message on the line. `octets` are as they came, `offset` counts from the start of the stream. */
export type LinePart = { readonly offset: number; readonly octets: Uint8Array } & (
  | { readonly kind: "sign-on"; readonly address: string }
  | { readonly kind: "identification"; readonly identification: Identification }
  | { readonly kind: "option-select"; readonly option: OptionSelect }
  | { readonly kind: "ack" }
  | { readonly kind: "nak" }
  | { readonly kind: "command"; readonly command: Command }
  /** A data message: with STX and BCC, or bare up to `!` (modes A and D). `isPartial`: more blocks follow. */
  | { readonly kind: "data"; readonly text: string; readonly textOffset: number; readonly isPartial: boolean; readonly isFramed: boolean }
  /** A message that is damaged; a block check that failed is worth a NAK. `text`: of data, what came all the same. */
  | { readonly kind: "damaged"; readonly error: DecodeError; readonly text?: string; readonly textOffset?: number }
);
