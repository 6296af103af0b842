import type { Rule, RuleEligibility, RuleParameter, RuleSetDetail } from "@amity/api";
import { inWords } from "../../ui/format.ts";

const SEVERITY_WORDS: Readonly<Record<Rule["severity"], string>> = {
  info: "noted",
  issue: "marks as failed",
  terminate: "stops judging",
};
const SEVERITY_MARKS: Readonly<Record<Rule["severity"], string>> = { info: "notice", issue: "warning", terminate: "alarm" };

/** The rules of a version in the order in which they run, with what differs from the defaults. */
export function RuleTable({ detail }: { detail: RuleSetDetail }) {
  const kinds = new Map(detail.kinds.map((kind) => [kind.kind, kind]));
  return (
    <div className="scroll-x" tabIndex={0} role="region" aria-label="Rules">
      <table className="table rule-table">
        <thead>
          <tr>
            <th scope="col">Rule</th>
            <th scope="col">A hit is</th>
            <th scope="col">Parameters</th>
            <th scope="col">For</th>
          </tr>
        </thead>
        <tbody>
          {detail.rules.map((rule) => (
            <tr key={rule.id} data-off={rule.enabled === false}>
              <td>
                <strong>{rule.id}</strong>
                <div className="small quiet">{kinds.get(rule.kind)?.summary ?? rule.kind}</div>
              </td>
              <td>
                {rule.enabled === false ? (
                  <span className="quiet">switched off</span>
                ) : (
                  <span className="severity" data-severity={SEVERITY_MARKS[rule.severity]}>
                    {SEVERITY_WORDS[rule.severity]}
                  </span>
                )}
              </td>
              <td>
                <ParameterList parameters={{ ...kinds.get(rule.kind)?.defaults, ...rule.parameters }} own={rule.parameters ?? {}} />
              </td>
              <td className="small">{eligibilityText(rule.eligibility)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function ParameterList({
  parameters,
  own,
}: {
  parameters: Readonly<Record<string, RuleParameter>>;
  own: Readonly<Record<string, RuleParameter>>;
}) {
  const names = Object.keys(parameters);
  if (names.length === 0) return <span className="quiet">none</span>;
  return (
    <ul className="parameters">
      {names.map((name) => (
        <li key={name} data-own={Object.hasOwn(own, name)}>
          {inWords(name)} <strong>{parameterText(parameters[name])}</strong>
        </li>
      ))}
    </ul>
  );
}

export function parameterText(value: RuleParameter | undefined): string {
  if (value === undefined) return "";
  return Array.isArray(value) ? value.join(", ") : typeof value === "boolean" ? (value ? "yes" : "no") : String(value);
}

/** Which channels a rule or step is for. */
export function eligibilityText(eligibility: RuleEligibility | undefined): string {
  const parts = [eligibility?.channelClasses, eligibility?.commodities, eligibility?.kinds, eligibility?.sources].filter(
    (list) => list !== undefined,
  );
  return parts.length === 0 ? "all channels" : parts.map((list) => list.join(" or ")).join("; ");
}
