interface TypedIdProps {
  /** What must be typed. */
  id: string;
  value: string;
  onChange: (typed: string) => void;
}

/** Asks for an id to be typed before something is done that cannot be undone quickly. */
export function TypedId({ id, value, onChange }: TypedIdProps) {
  return (
    <label className="label">
      <span>
        Type <span className="mono">{id}</span> to confirm
      </span>
      <input
        className="field mono"
        value={value}
        onChange={(event) => onChange(event.target.value)}
        autoComplete="off"
        spellCheck={false}
      />
    </label>
  );
}
