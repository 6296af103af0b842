import { encodePush } from "./server/sml-device.ts";
import { decodeSml, type SmlFile } from "./message/file.ts";
import { obisOctets } from "./message/obis.ts";
import { integer, octetsValue } from "./tlv/sml-value.ts";

/** Something to be measured: `decode` takes one frame and returns the number of messages in it. */
export interface SmlDecodeBench {
  readonly name: "sml";
  readonly frames: readonly Uint8Array[];
  readonly decode: (frame: Uint8Array) => number;
}

/** What modern meters push: manufacturer, server id, imported and exported energy, power. */
export function smlDecodeBench(meters = 1000): SmlDecodeBench {
  const frames = Array.from({ length: meters }, (_, index) => {
    const serverId = Uint8Array.of(0x0a, 0x01, 0x41, 0x4d, 0x54, 0x00, 0x00, 0x01, index >> 8, index & 0xff);
    const energy = (obis: string, value: number) => ({ objName: obisOctets(obis), unit: 30, scaler: -1, value: integer(value) });
    const entries = [
      { objName: obisOctets("1-0:96.50.1*1"), value: octetsValue("AMT") },
      { objName: obisOctets("1-0:96.1.0*255"), value: octetsValue(serverId) },
      { ...energy("1-0:1.8.0*255", 168_248_565 + index), status: { value: 0x1c0104n, width: 4 } },
      energy("1-0:2.8.0*255", 12_345 + index),
      { objName: obisOctets("1-0:16.7.0*255"), unit: 27, scaler: 0, value: integer(index) },
    ];
    const list = { sensorTime: { kind: "secondsIndex", seconds: 1000 + index } as const, entries };
    return encodePush({ serverId, list: () => list }, index) ?? new Uint8Array(0);
  });
  return {
    name: "sml",
    frames,
    decode: (frame) => {
      kept = decodeSml(frame);
      return kept.messages.length;
    },
  };
}

/** What was decoded last is held: otherwise the engine sees that nobody looks and leaves the work out. */
let kept: SmlFile | undefined;
