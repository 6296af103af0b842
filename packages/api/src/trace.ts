import { z } from "zod";
import { Instant } from "./time.ts";

/** A field of a decoded APDU: its octets are `[offset, offset + length)` of the message's hex. */
export interface TraceField {
  name: string;
  /** Decoded value in words; absent for a field that only groups. */
  value?: string | undefined;
  offset: number;
  length: number;
  children?: TraceField[] | undefined;
}
export const TraceField: z.ZodType<TraceField> = z
  .object({
    name: z.string(),
    value: z.string().optional(),
    offset: z.int().min(0),
    length: z.int().min(0),
    get children() {
      return z.array(TraceField).max(5000).optional();
    },
  })
  .meta({ id: "TraceField" });

/** One message of a session. `hex` is what was on the wire; `plainHex` what the fields point into where it was ciphered. */
export const TraceMessage = z
  .object({
    at: Instant,
    direction: z.enum(["sent", "received"]),
    /** Name of the service, e.g. `get-request-normal`. */
    title: z.string(),
    /** What it was about in plain words, e.g. `Clock, time`. */
    summary: z.string().optional(),
    hex: z.string(),
    plainHex: z.string().optional(),
    ciphered: z.boolean(),
    fields: z.array(TraceField).max(5000),
    /** Where decoding stopped, if it did. */
    error: z.string().optional(),
  })
  .meta({ id: "TraceMessage" });
export type TraceMessage = z.infer<typeof TraceMessage>;

/** The last session with a meter, message by message. `dropped` counts what the bound of the recorder left out. */
export const SessionTrace = z
  .object({
    meterId: z.string(),
    startedAt: Instant,
    endedAt: Instant.optional(),
    route: z.string(),
    outcome: z.string(),
    messages: z.array(TraceMessage).max(1000),
    dropped: z.int(),
  })
  .meta({ id: "SessionTrace" });
export type SessionTrace = z.infer<typeof SessionTrace>;
