import { useEffect, useRef } from "react";

interface MenuChoice {
  readonly key: string;
  readonly words: string;
  readonly onChoose: () => void;
}

/** A button that discloses a list of buttons; Escape, a choice, or a look elsewhere closes it. */
export function Menu({ label, children }: { label: string; children: readonly MenuChoice[] }) {
  const details = useRef<HTMLDetailsElement>(null);
  const close = (): void => {
    if (details.current !== null) details.current.open = false;
  };
  useEffect(() => {
    const onPointer = (event: PointerEvent): void => {
      if (event.target instanceof Node && details.current?.contains(event.target) === false) close();
    };
    window.addEventListener("pointerdown", onPointer);
    return () => window.removeEventListener("pointerdown", onPointer);
  }, []);
  return (
    <details
      ref={details}
      className="menu"
      onKeyDown={(event) => {
        if (event.key !== "Escape" || details.current?.open !== true) return;
        close();
        details.current.querySelector("summary")?.focus();
      }}
      onBlur={(event) => {
        if (event.relatedTarget !== null && !event.currentTarget.contains(event.relatedTarget)) close();
      }}
    >
      <summary className="button">{label}</summary>
      <ul>
        {children.map(({ key, words, onChoose }) => (
          <li key={key}>
            <button
              type="button"
              onClick={() => {
                // The dialog that opens gives the focus back to the menu's button.
                details.current?.querySelector("summary")?.focus();
                close();
                onChoose();
              }}
            >
              {words}
            </button>
          </li>
        ))}
      </ul>
    </details>
  );
}
