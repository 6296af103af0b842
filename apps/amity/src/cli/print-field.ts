import type { ExplainedField } from "../laboratory/explained-field.ts";
import { printLine } from "./output.ts";

/** An explained frame as indented lines: octets, name, value. */
export function printField(field: ExplainedField, depth: number): void {
  const where = field.length === 0 ? "" : `${String(field.offset).padStart(5)}..${String(field.offset + field.length - 1).padEnd(5)}`;
  const text = [field.value, field.error === undefined ? undefined : `ERROR ${field.error}`, field.detail]
    .filter((part) => part !== undefined)
    .join(", ");
  printLine(`${where.padEnd(12)} ${"  ".repeat(depth)}${field.name}${text === "" ? "" : `: ${text}`}`);
  for (const child of field.children ?? []) printField(child, depth + 1);
}
