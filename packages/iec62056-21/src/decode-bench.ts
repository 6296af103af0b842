import { toOctets } from "./line/characters.ts";
import { READOUT_END, encodeData } from "./message/command.ts";
import { decodeReadout, type Readout } from "./message/readout.ts";

/** Something to be measured: `decode` takes one readout and returns the number of data sets in it. */
export interface ReadoutDecodeBench {
  readonly name: "iec62056-21";
  readonly frames: readonly Uint8Array[];
  readonly decode: (frame: Uint8Array) => number;
}

/** Identification and readout of ten data sets, with its block check. */
export function readoutDecodeBench(meters = 1000): ReadoutDecodeBench {
  const frames = Array.from({ length: meters }, (_, index) => {
    const register = (value: number): string => `${String(value).padStart(8, "0")}.${String(index % 1000).padStart(3, "0")}`;
    const lines = [
      `F.F(00000000)`,
      `0.0.0(${String(10_000_000 + index)})`,
      ...[1, 2, 3].map((tariff) => `1.8.${tariff}(${register(index * tariff)}*kWh)`),
      `1.8.0(${register(6 * index)}*kWh)`,
      `2.8.0(${register(index)}*kWh)`,
      `1.6.0(02.468*kW)(2611200930)`,
      `32.7.0(230.4*V)`,
      `C.1.0(${index})`,
    ];
    return Uint8Array.of(...toOctets("/AMT5METER\r\n"), ...encodeData(`${lines.join("\r\n")}\r\n${READOUT_END}`));
  });
  return { name: "iec62056-21", frames, decode };
}

/** What was decoded last is held: otherwise the engine sees that nobody looks and leaves the work out. */
let kept: Readout | undefined;

function decode(frame: Uint8Array): number {
  kept = decodeReadout(frame);
  return kept.dataSets.length;
}
