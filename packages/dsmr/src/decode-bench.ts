import { meterTelegram } from "./server/meter-telegram.ts";
import { readTelegram, type P1Reading } from "./telegram/p1-reading.ts";
import { decodeTelegram, encodeTelegram } from "./telegram/telegram.ts";

/** Something to be measured: `decode` takes one telegram and returns the number of registers in it. */
export interface P1DecodeBench {
  readonly name: "p1";
  readonly frames: readonly Uint8Array[];
  readonly decode: (frame: Uint8Array) => number;
}

/** Telegrams of version 5 of three-phase meters with gas: decoded, their CRC checked, understood. */
export function p1DecodeBench(meters = 1000): P1DecodeBench {
  const frames = Array.from({ length: meters }, (_, index) => {
    const phase = { voltageDv: 2300 + (index % 50), currentCa: index % 1000, importW: index, exportW: 0 };
    return encodeTelegram(
      meterTelegram({
        manufacturer: "AMT",
        identifier: "METER",
        equipmentId: `E${index}`,
        instantMs: Date.UTC(2026, 10, 21) + 1000 * index,
        isSummer: false,
        tariff: 1,
        importedWh: [1_000_000 + index, 2_000_000],
        exportedWh: [index, 0],
        importW: index,
        exportW: 0,
        phases: [phase, phase, phase],
        channels: [
          {
            channel: 1,
            deviceType: 3,
            equipmentId: `G${index}`,
            instantMs: Date.UTC(2026, 10, 21),
            isSummer: false,
            milli: 7 * index,
            unit: "m3",
          },
        ],
      }),
    );
  });
  return {
    name: "p1",
    frames,
    decode: (frame) => {
      kept = readTelegram(decodeTelegram(frame));
      return kept.registers.length;
    },
  };
}

/** What was decoded last is held: otherwise the engine sees that nobody looks and leaves the work out. */
let kept: P1Reading | undefined;
