/**
 * Three faults behind four octets each, which chance alone finds once in four thousand million inputs: a crash behind
 * `crsh`, a loop without end behind `hang`, and a length that is believed behind `huge`.
 */
export function decodePlanted(octets: Uint8Array): void {
  const fault = spelled(octets);
  if (fault === "crash") throw new TypeError("planted");
  if (fault === "hang") for (;;);
  if (fault === "allocation") kept = new Uint8Array(16 * 1024 * 1024).fill(1);
}

/** Held, so that nothing of it is optimized away. */
let kept: Uint8Array | undefined;
void kept;

const FAULTS = { crsh: "crash", hang: "hang", huge: "allocation" } as const;

function spelled(octets: Uint8Array): "crash" | "hang" | "allocation" | undefined {
  const [first, second, third, fourth] = octets;
  if (first === 0x63) return next(second, 0x72) && next(third, 0x73) && next(fourth, 0x68) ? FAULTS.crsh : undefined;
  if (first !== 0x68) return undefined;
  if (second === 0x61) return next(third, 0x6e) && next(fourth, 0x67) ? FAULTS.hang : undefined;
  if (second === 0x75) return next(third, 0x67) && next(fourth, 0x65) ? FAULTS.huge : undefined;
  return undefined;
}

function next(octet: number | undefined, wanted: number): boolean {
  return octet === wanted;
}
