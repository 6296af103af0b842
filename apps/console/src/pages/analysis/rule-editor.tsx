import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import type { Rule, RuleKindInfo, RuleParameter, RuleSetDetail } from "@amity/api";
import { ApiProblem, write } from "../../data/api-client.ts";
import { inWords } from "../../ui/format.ts";
import { ProblemNote } from "../../ui/problem-note.tsx";

interface RuleEditorProps {
  detail: RuleSetDetail;
  onClose: () => void;
  onKept: (kept: RuleSetDetail) => void;
}

/** A form over a copy of the rules; what the server finds wrong stands at its field. */
export function RuleEditor({ detail, onClose, onKept }: RuleEditorProps) {
  const queries = useQueryClient();
  const [rules, setRules] = useState<readonly Rule[]>(detail.rules);
  const [description, setDescription] = useState(detail.about.description ?? "");
  const keep = useMutation({
    mutationFn: () =>
      write<RuleSetDetail>("POST", `/api/v1/rule-sets/${encodeURIComponent(detail.id)}/versions`, {
        rules,
        ...(description.trim() === "" ? {} : { description: description.trim() }),
      }),
    onSuccess: (kept) => {
      void queries.invalidateQueries({ queryKey: ["rule-sets"] });
      onKept(kept);
    },
  });
  const faults = faultsOf(keep.error);
  return (
    <form
      className="stack"
      aria-label="Change the rules"
      onSubmit={(event) => {
        event.preventDefault();
        keep.mutate();
      }}
    >
      <label className="label">
        What this version is for
        <input className="field" maxLength={400} value={description} onChange={(event) => setDescription(event.target.value)} />
      </label>
      <ul className="rule-fields">
        {rules.map((rule, index) => (
          <RuleFields
            key={rule.id}
            rule={rule}
            kind={detail.kinds.find(({ kind }) => kind === rule.kind)}
            at={`/rules/${index}`}
            faults={faults}
            onChange={(next) => setRules(rules.map((one, at) => (at === index ? next : one)))}
          />
        ))}
      </ul>
      {keep.isError && <ProblemNote error={keep.error} />}
      <div className="actions sticky-actions">
        <button type="submit" className="button" data-kind="primary" disabled={keep.isPending}>
          Keep as the next version
        </button>
        <button type="button" className="button" onClick={onClose}>
          Throw away
        </button>
        <span className="small quiet">It is a draft then: it rules nothing before it is let.</span>
      </div>
    </form>
  );
}

/** What is wrong by JSON pointer. */
function faultsOf(error: unknown): ReadonlyMap<string, string> {
  const errors = error instanceof ApiProblem ? (error.problem.errors ?? []) : [];
  return new Map(errors.map(({ pointer, detail }) => [pointer, detail]));
}

interface RuleFieldsProps {
  rule: Rule;
  kind: RuleKindInfo | undefined;
  at: string;
  faults: ReadonlyMap<string, string>;
  onChange: (rule: Rule) => void;
}

function RuleFields({ rule, kind, at, faults, onChange }: RuleFieldsProps) {
  const defaults = kind?.defaults ?? {};
  const change = (name: string, value: RuleParameter): void => onChange({ ...rule, parameters: { ...rule.parameters, [name]: value } });
  return (
    <li>
      <fieldset data-off={rule.enabled === false}>
        <legend>{rule.id}</legend>
        <p className="small quiet">{kind?.summary}</p>
        <div className="toolbar">
          <label className="inline-label">
            <input
              type="checkbox"
              checked={rule.enabled !== false}
              onChange={(event) => onChange({ ...rule, enabled: event.target.checked })}
            />
            on
          </label>
          <label className="label">
            A hit is
            <select
              className="field"
              value={rule.severity}
              onChange={(event) => onChange({ ...rule, severity: event.target.value as Rule["severity"] })}
            >
              <option value="info">noted</option>
              <option value="issue">marks as failed</option>
              <option value="terminate">stops judging</option>
            </select>
          </label>
          <label className="label">
            Channel classes (empty: all)
            <input
              className="field"
              value={rule.eligibility?.channelClasses?.join(", ") ?? ""}
              onChange={(event) => onChange(withClasses(rule, event.target.value))}
            />
          </label>
          {Object.entries(defaults).map(([name, standard]) => (
            <ParameterField
              key={name}
              name={name}
              standard={standard}
              value={rule.parameters?.[name] ?? standard}
              fault={faults.get(`${at}/parameters/${name}`)}
              onChange={(value) => change(name, value)}
            />
          ))}
        </div>
        {[...faults]
          .filter(([pointer]) => pointer.startsWith(`${at}/`) && !pointer.startsWith(`${at}/parameters/`))
          .map(([pointer, detail]) => (
            <p key={pointer} className="fault" role="alert">
              {detail}
            </p>
          ))}
      </fieldset>
    </li>
  );
}

function withClasses({ eligibility, ...rule }: Rule, text: string): Rule {
  const channelClasses = text
    .split(",")
    .map((name) => name.trim())
    .filter((name) => name !== "");
  const { channelClasses: _before, ...rest } = eligibility ?? {};
  const next = channelClasses.length === 0 ? rest : { ...rest, channelClasses };
  return Object.keys(next).length === 0 ? rule : { ...rule, eligibility: next };
}

interface ParameterFieldProps {
  name: string;
  standard: RuleParameter;
  value: RuleParameter;
  fault: string | undefined;
  onChange: (value: RuleParameter) => void;
}

function ParameterField({ name, standard, value, fault, onChange }: ParameterFieldProps) {
  const label = inWords(name);
  if (typeof standard === "boolean")
    return (
      <label className="inline-label">
        <input type="checkbox" checked={value === true} onChange={(event) => onChange(event.target.checked)} />
        {label}
      </label>
    );
  const text = Array.isArray(value) ? value.join(", ") : String(value);
  const parse = (entered: string): RuleParameter => {
    if (Array.isArray(standard)) return entered.split(",").map((part) => part.trim());
    // What is no number goes to the server as it was typed: it says what belongs there.
    return typeof standard === "number" && entered.trim() !== "" && Number.isFinite(Number(entered)) ? Number(entered) : entered;
  };
  return (
    <label className="label">
      {label}
      <TypedInput
        text={text}
        invalid={fault !== undefined}
        isNumber={typeof standard === "number"}
        onText={(entered) => onChange(parse(entered))}
      />
      {fault !== undefined && (
        <span className="fault" role="alert">
          {fault}
        </span>
      )}
    </label>
  );
}

/** Keeps the text as typed (`1.`), while the value is what it means. */
function TypedInput({
  text,
  invalid,
  isNumber,
  onText,
}: {
  text: string;
  invalid: boolean;
  isNumber: boolean;
  onText: (text: string) => void;
}) {
  const [typed, setTyped] = useState(text);
  return (
    <input
      className="field number"
      inputMode={isNumber ? "decimal" : "text"}
      aria-invalid={invalid}
      value={typed}
      onChange={(event) => {
        setTyped(event.target.value);
        onText(event.target.value);
      }}
    />
  );
}
