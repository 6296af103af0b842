/** A whole number that may be left empty. */
export function NumberField({
  label,
  value,
  hint,
  min,
  max,
  onChange,
}: {
  label: string;
  value: string;
  hint: string;
  min: number;
  max: number;
  onChange: (value: string) => void;
}) {
  return (
    <label className="label">
      {label}
      <input
        className="field number"
        type="number"
        inputMode="numeric"
        min={min}
        max={max}
        placeholder={hint}
        value={value}
        onChange={(event) => onChange(event.target.value)}
      />
    </label>
  );
}
