/** A field of a structure as the class tables write its type. */
export interface TypeField {
  readonly name: string;
  readonly type: string;
}

/** The fields of `structure {name: type, ...}`: cut at the commas outside of inner braces. */
export function structureFields(type: string): readonly TypeField[] {
  const fields = type.slice(type.indexOf("{") + 1, -1);
  const parts: string[] = [];
  let depth = 0;
  let start = 0;
  for (let index = 0; index < fields.length; index++) {
    if (fields[index] === "{") depth++;
    if (fields[index] === "}") depth--;
    if (depth > 0 || !fields.startsWith(", ", index)) continue;
    parts.push(fields.slice(start, index));
    start = index + 2;
  }
  return [...parts, fields.slice(start)].map((part) => {
    const colon = part.indexOf(": ");
    return { name: part.slice(0, colon), type: part.slice(colon + 2) };
  });
}
