import { learnLayouts } from "../application/learn-layouts.ts";
import { knownFormats } from "../profiles/known-formats.ts";
import { decodeTelegram } from "../wireless/telegram.ts";
import { explainMbus, type ExplainOptions } from "./explain.ts";
import type { Explanation } from "./explain-node.ts";

/**
 * Explains frames in the order in which they were sent: the layouts of full ones open compact ones behind them.
 * @throws DecodeError where of one not even the link layer could be read.
 */
export function explainSeries(frames: readonly Uint8Array[], options: Omit<ExplainOptions, "formats"> = {}): Explanation[] {
  const formats = knownFormats();
  return frames.map((octets) => {
    const explanation = explainMbus(octets, { ...options, formats });
    // What was explained without a problem can be decoded.
    if (explanation.protocol === "wmbus" && explanation.problems.length === 0)
      learnLayouts(decodeTelegram(octets, { keys: options.keys, formats, date: options.date }).application, formats);
    return explanation;
  });
}
