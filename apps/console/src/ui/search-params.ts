/** Search parameters without the empty ones: addresses stay short. */
export function dropAbsent(search: Readonly<Record<string, string | undefined>>): Record<string, string> {
  return Object.fromEntries(Object.entries(search).filter((entry): entry is [string, string] => entry[1] !== undefined && entry[1] !== ""));
}
