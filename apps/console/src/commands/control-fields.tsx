import { useId } from "react";
import type { ControlKind } from "@amity/api";
import { count } from "../ui/format.ts";
import { CalendarFields } from "./calendar-fields.tsx";
import type { ControlDraft } from "./control-draft.ts";
import { ImageField } from "./firmware-fields.tsx";
import { PushFields } from "./push-fields.tsx";

const MESSAGE_OCTETS_MAX = 512;

interface ControlFieldsProps {
  readonly kind: ControlKind;
  readonly draft: ControlDraft;
  readonly zone: string;
  readonly onChange: (draft: ControlDraft) => void;
}

/** The fields of a kind of command; kinds that need no word more have none. */
export function ControlFields({ kind, draft, zone, onChange }: ControlFieldsProps) {
  const set = (part: Partial<ControlDraft>): void => onChange({ ...draft, ...part });
  switch (kind) {
    case "limit":
      return <LimitFields draft={draft} set={set} />;
    case "message":
      return <MessageFields text={draft.text} set={set} />;
    case "readProfile":
      return (
        <div className="fields">
          <label className="label">
            From
            <input className="field" type="date" required value={draft.from} onChange={(event) => set({ from: event.target.value })} />
          </label>
          <label className="label">
            Up to, without
            <input className="field" type="date" required value={draft.to} onChange={(event) => set({ to: event.target.value })} />
          </label>
        </div>
      );
    case "token":
      return (
        <label className="label">
          Token, as it is printed
          <input
            className="field mono"
            required
            autoFocus
            maxLength={64}
            autoComplete="off"
            spellCheck={false}
            value={draft.token}
            onChange={(event) => set({ token: event.target.value })}
          />
        </label>
      );
    case "changeKeys":
      return (
        <Choice
          label="How the meter gets them"
          choices={[
            { words: "Send new keys", isChosen: draft.keysBy === "transfer", onChoose: () => set({ keysBy: "transfer" }) },
            { words: "Agree on new keys", isChosen: draft.keysBy === "agreement", onChoose: () => set({ keysBy: "agreement" }) },
          ]}
        />
      );
    case "renewCertificate":
      return (
        <Choice
          label="What the certificate is for"
          choices={[
            { words: "Signatures", isChosen: draft.usage === "digital-signature", onChoose: () => set({ usage: "digital-signature" }) },
            { words: "Key agreement", isChosen: draft.usage === "key-agreement", onChoose: () => set({ usage: "key-agreement" }) },
          ]}
        />
      );
    case "tariff":
      return <TariffFields draft={draft} zone={zone} set={set} />;
    case "updateFirmware":
      return (
        <>
          <ImageField image={draft.image} onChange={(image) => set({ image })} />
          <ActivationField draft={draft} zone={zone} set={set} />
        </>
      );
    case "setPushSchedule":
      return <PushFields push={draft.push} onChange={(push) => set({ push })} />;
    default:
      return null;
  }
}

type Set = (part: Partial<ControlDraft>) => void;

function LimitFields({ draft, set }: { draft: ControlDraft; set: Set }) {
  const choices = [
    { isLifted: false, words: "Limit the supply" },
    { isLifted: true, words: "Lift the limit" },
  ];
  return (
    <div className="fields">
      <Choice
        label="Limit or lift"
        choices={choices.map(({ isLifted, words }) => ({
          words,
          isChosen: draft.isLifted === isLifted,
          onChoose: () => set({ isLifted }),
        }))}
      />
      {!draft.isLifted && (
        <>
          <label className="label">
            At most, W
            <input
              className="field number"
              type="number"
              inputMode="numeric"
              min={1}
              max={1_000_000}
              required
              autoFocus
              value={draft.watts}
              onChange={(event) => set({ watts: event.target.value })}
            />
          </label>
          <label className="label">
            Exceeded for, s
            <input
              className="field number"
              type="number"
              inputMode="numeric"
              min={0}
              max={86_400}
              required
              value={draft.overSeconds}
              onChange={(event) => set({ overSeconds: event.target.value })}
            />
          </label>
        </>
      )}
    </div>
  );
}

function MessageFields({ text, set }: { text: string; set: Set }) {
  const octets = new TextEncoder().encode(text).length;
  return (
    <label className="label">
      Text
      <textarea
        className="field document"
        rows={3}
        autoFocus
        aria-invalid={octets > MESSAGE_OCTETS_MAX}
        value={text}
        onChange={(event) => set({ text: event.target.value })}
      />
      <span className="quiet">
        {count(octets)} of {MESSAGE_OCTETS_MAX} octets{octets === 0 && "; an empty text clears the display"}
      </span>
    </label>
  );
}

interface DraftFieldsProps {
  readonly draft: ControlDraft;
  readonly zone: string;
  readonly set: Set;
}

function TariffFields({ draft, zone, set }: DraftFieldsProps) {
  return (
    <>
      <CalendarFields calendar={draft.calendar} onChange={(calendar) => set({ calendar })} />
      <ActivationField draft={draft} zone={zone} set={set} />
    </>
  );
}

function ActivationField({ draft, zone, set }: DraftFieldsProps) {
  const isAtOnce = draft.activateAt === "";
  return (
    <div className="fields">
      <label className="label">
        In force from, time of {zone}; empty for at once
        <input
          className="field"
          type="datetime-local"
          value={draft.activateAt}
          onChange={(event) => set({ activateAt: event.target.value })}
        />
      </label>
      {!isAtOnce && (
        <button type="button" className="button" data-size="small" onClick={() => set({ activateAt: "" })}>
          At once instead
        </button>
      )}
    </div>
  );
}

interface ChoiceProps {
  readonly label: string;
  readonly choices: readonly { readonly words: string; readonly isChosen: boolean; readonly onChoose: () => void }[];
}

/** One of a few, side by side. */
function Choice({ label, choices }: ChoiceProps) {
  const name = useId();
  return (
    <div className="segments" role="radiogroup" aria-label={label}>
      {choices.map(({ words, isChosen, onChoose }) => (
        <label key={words} className="button" data-on={isChosen}>
          <input type="radio" className="visually-hidden" name={name} checked={isChosen} onChange={onChoose} />
          {words}
        </label>
      ))}
    </div>
  );
}
