import { useMutation, useQuery } from "@tanstack/react-query";
import { useEffect, useId, useState } from "react";
import type { Command, ControlKind, MeterDetail } from "@amity/api";
import { utilityNow } from "../data/use-live.ts";
import { useSession } from "../shell/session-context.ts";
import { ProblemNote } from "../ui/problem-note.tsx";
import { TypedId } from "../ui/typed-id.tsx";
import { useModal } from "../ui/use-modal.ts";
import { checkQuery, sendCommand, type CommandAsk } from "./command-queries.ts";
import { effectOf, isSwitch, KINDS, nameOf } from "./command-words.ts";
import { controlOf, firstDraft } from "./control-draft.ts";
import { ControlFields } from "./control-fields.tsx";

/** How long a command may wait before it is given up, unsent. */
const EXPIRIES = [
  { seconds: 900, words: "15 minutes" },
  { seconds: 3_600, words: "1 hour" },
  { seconds: 14_400, words: "4 hours" },
  { seconds: 86_400, words: "1 day" },
] as const;
/** A second person needs time, an image too. */
const LONG_SECONDS = 86_400;
/** Pause after typing before the head-end is asked what it thinks. */
const SETTLED_MS = 300;

interface CommandDialogProps {
  readonly detail: MeterDetail;
  readonly kind: ControlKind;
  readonly onClose: () => void;
  readonly onSent: (command: Command) => void;
}

/**
 * The form of every command: its fields, what the head-end would do with it, why, and whether somebody else must agree. Switching
 * is confirmed by typing the meter's id. A native modal: focus stays inside, Escape closes, focus goes back to where it came from.
 */
export function CommandDialog({ detail, kind, onClose, onSent }: CommandDialogProps) {
  const dialog = useModal();
  const headingId = useId();
  const { utility } = useSession();
  const { id, commodity } = detail.meter;
  const needsApproval = utility.approvalFor.includes(kind);
  const [draft, setDraft] = useState(() => firstDraft(utility.zone, utilityNow()));
  const [reason, setReason] = useState("");
  const [typed, setTyped] = useState("");
  const [expiresInSeconds, setExpiry] = useState<number>(needsApproval || kind === "updateFirmware" ? LONG_SECONDS : EXPIRIES[0].seconds);
  const control = controlOf(kind, draft, utility.zone);
  const ask = control === undefined ? undefined : { meterId: id, control, expiresInSeconds, reason: reason.trim() };
  const { data: check, error: objection } = useQuery(checkQuery(useSettled(withoutReason(ask))));
  const send = useMutation({
    mutationFn: sendCommand,
    onSuccess: (command) => {
      onSent(command);
      onClose();
    },
  });
  const isAllowed = (!isSwitch(kind) || typed.trim() === id) && (!needsApproval || reason.trim() !== "") && !send.isPending;
  return (
    <dialog ref={dialog} className={`dialog${kind === "tariff" ? " dialog-wide" : ""}`} aria-labelledby={headingId} onClose={onClose}>
      <form
        className="command-form"
        onSubmit={(event) => {
          event.preventDefault();
          if (ask !== undefined && isAllowed) send.mutate(ask);
        }}
      >
        <h2 id={headingId}>
          {nameOf(kind, commodity)}
          {isSwitch(kind) && "?"} <span className="mono quiet">{id}</span>
        </h2>
        <p className="small">
          {effectOf(kind, commodity)}
          {isSwitch(kind) && " The state is read back, and the command is on record under your name."}
        </p>
        <ControlFields kind={kind} draft={draft} zone={utility.zone} onChange={setDraft} />
        <Preview check={check} objection={objection} needsApproval={needsApproval} />
        <div className="fields">
          <ReasonField value={reason} isRequired={needsApproval} onChange={setReason} />
          <ExpiryField value={expiresInSeconds} onChange={setExpiry} />
        </div>
        {isSwitch(kind) && <TypedId id={id} value={typed} onChange={setTyped} />}
        {send.isError && <ProblemNote error={send.error} />}
        <div className="actions">
          <button type="button" className="button" onClick={onClose}>
            Cancel
          </button>
          <button
            type="submit"
            className="button"
            data-kind={kind === "disconnect" ? "danger-solid" : "primary"}
            disabled={ask === undefined || objection !== null || !isAllowed}
          >
            {needsApproval ? "Ask for approval" : KINDS[kind].action}
          </button>
        </div>
      </form>
    </dialog>
  );
}

interface PreviewProps {
  readonly check: Command | undefined;
  readonly objection: Error | null;
  readonly needsApproval: boolean;
}

/** What the head-end would do, or why it would not. */
function Preview({ check, objection, needsApproval }: PreviewProps) {
  return (
    <div aria-live="polite" className="preview">
      {objection === null && check !== undefined && (
        <p className="note">
          <strong>{check.summary}.</strong>{" "}
          {check.control.kind === "updateFirmware" ? "Each block is sent until the meter has it" : "Sent once"}, then read back from the
          meter.
        </p>
      )}
      {objection !== null && <ProblemNote error={objection} />}
      {needsApproval && (
        <p className="note" data-kind="warn">
          <strong>Needs a second person.</strong> Nothing is sent until somebody other than you approves it.
        </p>
      )}
    </div>
  );
}

function ReasonField({ value, isRequired, onChange }: { value: string; isRequired: boolean; onChange: (reason: string) => void }) {
  return (
    <label className="label grow">
      Reason
      <input
        className="field"
        required={isRequired}
        maxLength={400}
        placeholder={isRequired ? "Why; whoever approves it reads this" : "Why; kept on record (may be left empty)"}
        value={value}
        onChange={(event) => onChange(event.target.value)}
      />
    </label>
  );
}

function ExpiryField({ value, onChange }: { value: number; onChange: (seconds: number) => void }) {
  return (
    <label className="label">
      Give up after
      <select className="field" value={value} onChange={(event) => onChange(Number(event.target.value))}>
        {EXPIRIES.map(({ seconds, words }) => (
          <option key={seconds} value={seconds}>
            {words}
          </option>
        ))}
      </select>
    </label>
  );
}

/** What the head-end thinks does not hang on why. */
function withoutReason(ask: CommandAsk | undefined): CommandAsk | undefined {
  return ask === undefined ? undefined : { ...ask, reason: "" };
}

/** A value once it has rested for a moment. */
function useSettled<Value>(value: Value): Value {
  const text = JSON.stringify(value);
  const [settled, setSettled] = useState({ text, value });
  useEffect(() => {
    if (settled.text === text) return undefined;
    const timer = setTimeout(() => setSettled({ text, value }), SETTLED_MS);
    return () => clearTimeout(timer);
  }, [text, settled.text, value]);
  return settled.value;
}
