import { fromHex } from "@amity/bytes";
import { FormatStore } from "../application/compact-frame.ts";

/**
 * Layouts of Kamstrup's full frames, DIB and VIB of each record. `e` stands for an energy VIF, `v` for a volume VIF: one
 * family serves all resolutions, and the CRC of the full frame tells a wrong guess.
 */
const LAYOUTS: readonly string[] = [
  "02ff20 0413 4413 615b 6167",
  "02ff20 0413 4413 615b 5167",
  "02ff20 0413 92013b a1015b 8101e7ff0f",
  "02ff20 0413 4413 a1015b 8101e7ff0f",
  "02ff20 0413 4413",
  "04ff23 0413 4413 426c 023b 92013b a2013b 06ff1b a1015b 91015b a10167",
  "02f9ff15 04e 04eeff07 04eeff08 04v 8440v 848040v 02fd17 026c 426c 44e 44v c440v c48040v 043b 0259 025d",
  "04e 04ff07 04ff08 04v 8440v 848040v 043b 0259 025d 142d 8410e 8420e 04ff22 026c 44e 44v c440v c48040v 426c",
  "04e 04ff07 04ff08 04v 043b 0259 025d 04ff22 026c 44e 44v 426c",
  "04e 04v 04ff07 04ff08 0259 025d 023b 02ff22 026c 44e 44v 426c",
  "04e 04v 04ff07 04ff08 0259 025d 043b 04ff22 026c 44e 44v 426c",
  "04e 04ff07 04ff08 04v 02fd17 043b 0259 025d",
  "04e 04ff07 04ff08 04v 043b 042d 0259 025d 04ff22 0422 143b 142d",
  "03e 43e 03v 426c 022d 01ff21",
];
const ENERGIES = ["03", "04", "05", "06", "07", "0c", "0d", "0e", "0f"];
const VOLUMES = ["12", "13", "14", "15"];

/** A store that knows Kamstrup's layouts from the start; it learns others from full frames. */
export function knownFormats(): FormatStore {
  return new FormatStore(layouts());
}

function* layouts(): Iterable<Uint8Array[]> {
  for (const layout of LAYOUTS) {
    for (const energy of layout.split(" ").some((header) => header.length % 2 === 1) ? ENERGIES : ["06"]) {
      for (const volume of layout.split(" ").some((header) => header.length % 2 === 1) ? VOLUMES : ["13"]) {
        yield layout.split(" ").map((header) => fromHex(withCodes(header, energy, volume)));
      }
    }
  }
}

/** The placeholder is the last character: `04e` and `848040v` have an odd number of digits. */
function withCodes(header: string, energy: string, volume: string): string {
  if (header.length % 2 === 0) return header;
  return header.slice(0, -1) + (header.endsWith("e") ? energy : volume);
}
