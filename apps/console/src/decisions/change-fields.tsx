import { useId } from "react";
import type { EstimatorKind, IntervalChange } from "@amity/api";

type Kind = Exclude<IntervalChange["kind"], "values">;

const KINDS: readonly (readonly [Kind, string])[] = [
  ["estimate", "Estimate"],
  ["scale", "Scale"],
  ["set", "Set a value"],
  ["copyDay", "Copy a day"],
];

export const ESTIMATOR_WORDS: Readonly<Record<EstimatorKind, string>> = {
  linear: "Straight line between the neighbours (up to 2 h)",
  checkMeter: "From the check meter",
  likeDay: "Like days: same weekday, then same type",
  weatherProxy: "Days of like weather",
  classProfile: "Class profile",
  averageDailyLoad: "Average daily load",
};

/** What a form says, before it says it whole. */
export interface ChangeDraft {
  readonly kind: Kind | "values";
  readonly value: string;
  readonly factor: string;
  readonly day: string;
  readonly method: EstimatorKind;
  readonly scaleToRegisters: boolean;
}

export const FIRST_DRAFT: ChangeDraft = { kind: "estimate", value: "", factor: "1", day: "", method: "likeDay", scaleToRegisters: true };

/** The change that a draft says; undefined while it is not whole. `scaler` is the channel's power of ten. */
export function changeOf(draft: ChangeDraft, scaler: number): IntervalChange | undefined {
  switch (draft.kind) {
    case "estimate":
      return { kind: "estimate", method: draft.method, scaleToRegisters: draft.scaleToRegisters };
    case "scale":
      return /^\d{1,4}(\.\d{1,9})?$/.test(draft.factor) ? { kind: "scale", factor: draft.factor } : undefined;
    case "set": {
      const value = countsOf(draft.value, scaler);
      return value === undefined ? undefined : { kind: "set", value };
    }
    case "copyDay":
      return /^\d{4}-\d\d-\d\d$/.test(draft.day) ? { kind: "copyDay", day: draft.day } : undefined;
    case "values":
      return undefined;
  }
}

/** A number in the channel's unit as counts; undefined for none, or one that the channel cannot hold. */
export function countsOf(text: string, scaler: number): number | undefined {
  if (text.trim() === "") return undefined;
  const counts = Math.round(Number(text) / 10 ** scaler);
  return Number.isSafeInteger(counts) ? counts : undefined;
}

/** Fields that say how intervals change. */
export function ChangeFields({
  draft,
  unit,
  onChange,
  withValues = false,
}: {
  draft: ChangeDraft;
  unit: string;
  onChange: (draft: ChangeDraft) => void;
  /** Offers each interval by itself as well. */
  withValues?: boolean;
}) {
  const name = useId();
  const set = (part: Partial<ChangeDraft>): void => onChange({ ...draft, ...part });
  const kinds: readonly (readonly [ChangeDraft["kind"], string])[] = withValues ? [...KINDS, ["values", "Each interval"]] : KINDS;
  return (
    <fieldset className="change-fields">
      <legend className="visually-hidden">How the intervals change</legend>
      <div className="segments" role="radiogroup" aria-label="Kind of change">
        {kinds.map(([kind, words]) => (
          <label key={kind} className="button" data-size="small" data-on={draft.kind === kind}>
            <input
              type="radio"
              className="visually-hidden"
              name={name}
              checked={draft.kind === kind}
              onChange={() => set({ kind })}
              value={kind}
            />
            {words}
          </label>
        ))}
      </div>
      {draft.kind === "estimate" && (
        <>
          <label className="label">
            Method
            <select className="field" value={draft.method} onChange={(event) => set({ method: event.target.value as EstimatorKind })}>
              {Object.entries(ESTIMATOR_WORDS).map(([method, words]) => (
                <option key={method} value={method}>
                  {words}
                </option>
              ))}
            </select>
          </label>
          <label className="check">
            <input type="checkbox" checked={draft.scaleToRegisters} onChange={(event) => set({ scaleToRegisters: event.target.checked })} />
            Scale to the registers around it
          </label>
        </>
      )}
      {draft.kind === "scale" && (
        <label className="label">
          Factor
          <input
            className="field"
            inputMode="decimal"
            value={draft.factor}
            onChange={(event) => set({ factor: event.target.value })}
            pattern="\d{1,4}(\.\d{1,9})?"
            required
          />
        </label>
      )}
      {draft.kind === "set" && (
        <label className="label">
          Each interval, {unit}
          <input
            className="field"
            type="number"
            step="any"
            value={draft.value}
            onChange={(event) => set({ value: event.target.value })}
            required
          />
        </label>
      )}
      {draft.kind === "copyDay" && (
        <label className="label">
          Day to copy from, same time of day
          <input className="field" type="date" value={draft.day} onChange={(event) => set({ day: event.target.value })} required />
        </label>
      )}
    </fieldset>
  );
}
