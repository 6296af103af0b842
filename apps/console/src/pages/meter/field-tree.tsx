import { useRef, useState, type KeyboardEvent } from "react";
import type { TraceField } from "@amity/api";
import type { OctetRange } from "./hex-view.tsx";

interface Row {
  readonly key: string;
  readonly field: TraceField;
  readonly depth: number;
  readonly parent: string | undefined;
}

interface FieldTreeProps {
  fields: readonly TraceField[];
  range: OctetRange | undefined;
  onRange: (range: OctetRange | undefined) => void;
}

/** Long lists (a load profile) start closed below this many children. */
const OPEN_CHILDREN_MAX = 24;

/** The decoded fields as a tree: arrows walk it, left and right close and open. */
export function FieldTree({ fields, range, onRange }: FieldTreeProps) {
  const [closed, setClosed] = useState<ReadonlySet<string>>(
    () =>
      new Set(
        flatten(fields, new Set())
          .filter(({ field }) => (field.children?.length ?? 0) > OPEN_CHILDREN_MAX)
          .map(({ key }) => key),
      ),
  );
  const [focused, setFocused] = useState(0);
  const box = useRef<HTMLUListElement>(null);
  const rows = flatten(fields, closed);

  function toggle(key: string, open: boolean): void {
    const next = new Set(closed);
    if (open) next.delete(key);
    else next.add(key);
    setClosed(next);
  }

  function focus(index: number): void {
    const next = Math.max(0, Math.min(rows.length - 1, index));
    setFocused(next);
    box.current?.querySelectorAll<HTMLElement>('[role="treeitem"]')[next]?.focus();
  }

  function onKey(event: KeyboardEvent): void {
    const row = rows[focused];
    if (row === undefined) return;
    const parent = rows.findIndex(({ key }) => key === row.parent);
    const hasChildren = row.field.children !== undefined && row.field.children.length > 0;
    const actions: Record<string, () => void> = {
      ArrowDown: () => focus(focused + 1),
      ArrowUp: () => focus(focused - 1),
      Home: () => focus(0),
      End: () => focus(rows.length - 1),
      ArrowLeft: () => (hasChildren && !closed.has(row.key) ? toggle(row.key, false) : focus(Math.max(0, parent))),
      ArrowRight: () => (hasChildren && closed.has(row.key) ? toggle(row.key, true) : focus(focused + 1)),
    };
    const action = actions[event.key];
    if (action === undefined) return;
    event.preventDefault();
    action();
  }

  return (
    <ul ref={box} className="tree" role="tree" aria-label="Fields" onKeyDown={onKey} onPointerLeave={() => onRange(undefined)}>
      {rows.map(({ key, field, depth }, index) => {
        const hasChildren = field.children !== undefined && field.children.length > 0;
        const lit = range !== undefined && range.offset === field.offset && range.length === field.length;
        return (
          <li
            key={key}
            role="treeitem"
            aria-level={depth + 1}
            aria-selected={lit}
            {...(hasChildren ? { "aria-expanded": !closed.has(key) } : {})}
            tabIndex={index === focused ? 0 : -1}
            data-lit={lit}
            data-depth={Math.min(depth, 12)}
            style={{ paddingLeft: 8 + depth * 16 }}
            onPointerEnter={() => onRange(field)}
            onFocus={() => {
              setFocused(index);
              onRange(field);
            }}
            onClick={() => hasChildren && toggle(key, closed.has(key))}
          >
            <span className="tree-mark" aria-hidden="true">
              {hasChildren ? (closed.has(key) ? "▸" : "▾") : ""}
            </span>
            <span className="tree-name">{field.name}</span>
            {field.value !== undefined && <span className="tree-value">{field.value}</span>}
            {closed.has(key) && <span className="quiet">{field.children?.length} inside</span>}
          </li>
        );
      })}
    </ul>
  );
}

function flatten(fields: readonly TraceField[], closed: ReadonlySet<string>, parent?: string, depth = 0): Row[] {
  return fields.flatMap((field, index) => {
    const key = `${parent ?? ""}/${index}`;
    const row: Row = { key, field, depth, parent };
    return closed.has(key) ? [row] : [row, ...flatten(field.children ?? [], closed, key, depth + 1)];
  });
}
