import type { TraceField } from "@amity/api";

/** Octets `[offset, offset + length)` of a message. */
export interface OctetRange {
  readonly offset: number;
  readonly length: number;
}

const PER_ROW = 16;
const OCTETS_MAX = 4_096;

interface HexViewProps {
  hex: string;
  fields: readonly TraceField[];
  range: OctetRange | undefined;
  onRange: (range: OctetRange | undefined) => void;
}

/** Sixteen octets a row with their offset and text; pointing at an octet finds the innermost field that holds it. */
export function HexView({ hex, fields, range, onRange }: HexViewProps) {
  const octets = Array.from({ length: Math.min(OCTETS_MAX, hex.length / 2) }, (_, index) => hex.slice(index * 2, index * 2 + 2));
  const rows = Math.ceil(octets.length / PER_ROW);
  const lit = (index: number): boolean => range !== undefined && index >= range.offset && index < range.offset + range.length;
  return (
    <div className="hex scroll-x" onPointerLeave={() => onRange(undefined)} tabIndex={0} role="region" aria-label="Octets">
      {Array.from({ length: rows }, (_, row) => (
        <div key={row} className="hex-row">
          <span className="hex-offset">{(row * PER_ROW).toString(16).padStart(4, "0")}</span>
          <span className="hex-octets">
            {octets.slice(row * PER_ROW, (row + 1) * PER_ROW).map((octet, column) => {
              const index = row * PER_ROW + column;
              return (
                <span key={column} data-lit={lit(index)} onPointerEnter={() => onRange(innermost(fields, index))}>
                  {octet}
                </span>
              );
            })}
          </span>
          <span className="hex-text" aria-hidden="true">
            {octets.slice(row * PER_ROW, (row + 1) * PER_ROW).map((octet, column) => (
              <span key={column} data-lit={lit(row * PER_ROW + column)}>
                {printable(octet)}
              </span>
            ))}
          </span>
        </div>
      ))}
      {hex.length / 2 > OCTETS_MAX && <p className="small quiet">{hex.length / 2 - OCTETS_MAX} more octets are not shown.</p>}
    </div>
  );
}

function printable(octet: string): string {
  const code = Number.parseInt(octet, 16);
  return code >= 0x20 && code < 0x7f ? String.fromCharCode(code) : "·";
}

/** The innermost field that holds an octet. */
function innermost(fields: readonly TraceField[], index: number): OctetRange | undefined {
  const field = fields.find(({ offset, length }) => index >= offset && index < offset + length);
  if (field === undefined) return undefined;
  return innermost(field.children ?? [], index) ?? { offset: field.offset, length: field.length };
}
