import type { DecodeError } from "@amity/bytes";
import { LineAssembler } from "../line/line-assembler.ts";
import { parseDataSets, type DataSet } from "./data-set.ts";
import type { Identification } from "./identification.ts";

/** Everything that a recording holds of one meter. */
export interface Readout {
  readonly identification?: Identification;
  readonly dataSets: readonly DataSet[];
  /** What was damaged: the data sets of such a block stand above all the same, so look here before trusting them. */
  readonly problems: readonly DecodeError[];
}

/**
 * Reads a recorded readout: data alone, with identification, or a whole exchange; blocks with or without block check.
 * Offsets count from the start of the octets. Never throws for what is in them.
 */
export function decodeReadout(octets: Uint8Array): Readout {
  const assembler = new LineAssembler({ messageOctetsMax: octets.length + 1 });
  const dataSets: DataSet[] = [];
  const problems: DecodeError[] = [];
  let identification: Identification | undefined;
  const parts = assembler.push(octets);
  for (const part of assembler.pending > 0 ? [...parts, ...assembler.flush()] : parts) {
    if (part.kind === "identification") identification = part.identification;
    if (part.kind === "damaged" && part.error.code !== "noise") problems.push(part.error);
    if ((part.kind !== "data" && part.kind !== "damaged") || part.text === undefined) continue;
    const block = parseDataSets(part.text, part.textOffset);
    for (const dataSet of block.dataSets) dataSets.push(dataSet);
    problems.push(...block.problems);
  }
  return { ...(identification === undefined ? {} : { identification }), dataSets, problems };
}
