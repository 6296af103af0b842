import { z } from "zod";

/** An instant, RFC 3339 with offset; answers are always UTC with `Z`. */
export const Instant = z.iso.datetime({ offset: true }).describe("RFC 3339 instant");

/** A civil day in the utility's zone, `YYYY-MM-DD`. */
export const CivilDay = z.iso.date();

/** Identifier of a meter, concentrator, feeder ...: printable, no slash. */
export const Identifier = z
  .string()
  .min(1)
  .max(80)
  .regex(/^[\w.:~@-]+$/, "letters, digits and . : ~ @ - _ only");

/** Quantities are integers; the value in `unit` is the integer times 10^scaler. */
export const Unit = z.enum(["Wh", "J", "varh", "VAh", "W", "var", "VA", "V", "A", "Hz", "m3", "K", "degC", "none"]);
export type Unit = z.infer<typeof Unit>;
