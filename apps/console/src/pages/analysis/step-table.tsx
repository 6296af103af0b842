import type { EstimationStep } from "@amity/api";
import { inWords } from "../../ui/format.ts";
import { eligibilityText, parameterText } from "./rule-table.tsx";

/** The steps of a plan in their order. */
export function StepTable({ steps, label }: { steps: readonly EstimationStep[]; label: string }) {
  return (
    <div className="scroll-x" tabIndex={0} role="region" aria-label={label}>
      <table className="table">
        <thead>
          <tr>
            <th scope="col">Step</th>
            <th scope="col">Parameters</th>
            <th scope="col">For</th>
          </tr>
        </thead>
        <tbody>
          {steps.map((step, index) => (
            <tr key={`${step.kind} ${index}`}>
              <td>
                <strong>{inWords(step.kind)}</strong>
                <div className="small quiet">{step.summary}</div>
              </td>
              <td>
                <ul className="parameters">
                  {Object.entries(step.parameters).map(([name, value]) => (
                    <li key={name}>
                      {inWords(name)} <strong>{parameterText(value)}</strong>
                    </li>
                  ))}
                </ul>
              </td>
              <td className="small">{eligibilityText(step.eligibility)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
