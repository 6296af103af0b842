import { useEffect, useRef } from "react";
import { HelpIcon } from "../ui/icons.tsx";

const KEYS: readonly [string, string][] = [
  ["?", "This list"],
  ["/", "To the filter of a list"],
  ["j  k", "Next and previous cause or exception"],
  ["a  e  d", "Accept, keep the estimates, dismiss"],
  ["x", "Edit all intervals of a cause"],
  ["u", "Undo the last decision"],
  ["← →", "Along a chart; across the map"],
  ["+ −  0", "Zoom the map; fit it"],
  ["n  p", "Next and previous concentrator on the map"],
];

/** The list of keys, behind a button and `?`. */
export function KeysHelp() {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      if (isTyping(event.target)) return;
      if (event.key === "?") dialog.current?.showModal();
      if (event.key === "/") {
        const filter = document.querySelector<HTMLInputElement>("[data-filter]");
        if (filter === null) return;
        event.preventDefault();
        filter.focus();
      }
    };
    window.addEventListener("keydown", onKey);
    return () => window.removeEventListener("keydown", onKey);
  }, []);
  return (
    <>
      <button type="button" className="icon-button" aria-label="Keys" onClick={() => dialog.current?.showModal()}>
        <HelpIcon />
      </button>
      <dialog ref={dialog} className="dialog" aria-labelledby="keys-title">
        <form method="dialog">
          <h2 id="keys-title">Keys</h2>
          <dl className="keys">
            {KEYS.map(([key, what]) => (
              <div key={key} style={{ display: "contents" }}>
                <dt>
                  {key.split("  ").map((one) => (
                    <kbd key={one}>{one}</kbd>
                  ))}
                </dt>
                <dd>{what}</dd>
              </div>
            ))}
          </dl>
          <div className="actions">
            <button type="submit" className="button">
              Close
            </button>
          </div>
        </form>
      </dialog>
    </>
  );
}

/** True while a key belongs to a field. */
export function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && (target.isContentEditable || ["INPUT", "TEXTAREA", "SELECT"].includes(target.tagName));
}
