import type { PushDraft } from "./control-draft.ts";

interface PushFieldsProps {
  readonly push: PushDraft;
  readonly onChange: (push: PushDraft) => void;
}

/** What a meter pushes, where to, and when, on its own clock. */
export function PushFields({ push, onChange }: PushFieldsProps) {
  const set = (part: Partial<PushDraft>): void => onChange({ ...push, ...part });
  return (
    <div className="fields">
      <TextField label="Registers" value={push.registers} onChange={(registers) => set({ registers })} />
      <TextField label="To, as host:port" value={push.destination} isFirst onChange={(destination) => set({ destination })} />
      <TextField
        label="At HH:MM each day or *:MM each hour; empty stops it"
        value={push.times}
        isOptional
        onChange={(times) => set({ times })}
      />
      <label className="label">
        Only from
        <input className="field" type="time" value={push.from} onChange={(event) => set({ from: event.target.value })} />
      </label>
      <label className="label">
        Only to
        <input className="field" type="time" value={push.to} onChange={(event) => set({ to: event.target.value })} />
      </label>
      <label className="label">
        Spread over, s
        <input
          className="field number"
          type="number"
          inputMode="numeric"
          min={0}
          max={3_600}
          required
          value={push.spreadSeconds}
          onChange={(event) => set({ spreadSeconds: event.target.value })}
        />
      </label>
    </div>
  );
}

interface TextFieldProps {
  readonly label: string;
  readonly value: string;
  readonly isFirst?: boolean;
  readonly isOptional?: boolean;
  readonly onChange: (value: string) => void;
}

function TextField({ label, value, isFirst = false, isOptional = false, onChange }: TextFieldProps) {
  return (
    <label className="label">
      {label}
      <input
        className="field mono"
        required={!isOptional}
        autoFocus={isFirst}
        autoComplete="off"
        spellCheck={false}
        value={value}
        onChange={(event) => onChange(event.target.value)}
      />
    </label>
  );
}
