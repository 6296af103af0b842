const CONTENT = 0xa0;

/** E.ITN behind CI B6: a count, as many octets, A0, then what stands behind CI A0 in other telegrams. `undefined` for anything else. */
export function withoutApatorPrefix(data: Uint8Array): Uint8Array | undefined {
  const at = 1 + (data[0] ?? 0);
  return data[at] === CONTENT ? data.subarray(at + 1) : undefined;
}
