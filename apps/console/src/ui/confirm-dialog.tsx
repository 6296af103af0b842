import { useId, useState, type ReactNode } from "react";
import { TypedId } from "./typed-id.tsx";
import { useModal } from "./use-modal.ts";

interface ConfirmDialogProps {
  title: string;
  children: ReactNode;
  action: string;
  /** Text that must be typed before the action is possible: for what cannot be undone quickly. */
  typed?: string | undefined;
  danger?: boolean;
  onConfirm: () => void;
  onClose: () => void;
}

/** A native modal: focus stays inside, Escape closes, focus goes back to where it came from. */
export function ConfirmDialog({ title, children, action, typed, danger = false, onConfirm, onClose }: ConfirmDialogProps) {
  const dialog = useModal();
  const [text, setText] = useState("");
  const headingId = useId();
  const allowed = typed === undefined || text.trim() === typed;

  return (
    <dialog ref={dialog} className="dialog" aria-labelledby={headingId} onClose={onClose}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (!allowed) return;
          onConfirm();
          onClose();
        }}
      >
        <h2 id={headingId}>{title}</h2>
        {children}
        {typed !== undefined && <TypedId id={typed} value={text} onChange={setText} />}
        <div className="actions">
          <button type="button" className="button" onClick={onClose}>
            Cancel
          </button>
          <button type="submit" className="button" data-kind={danger ? "danger-solid" : "primary"} disabled={!allowed}>
            {action}
          </button>
        </div>
      </form>
    </dialog>
  );
}
