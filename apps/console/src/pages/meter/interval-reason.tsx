import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useEffect, useRef, useState } from "react";
import type { IntervalFinding, IntervalReason } from "@amity/api";
import { intervalReasonQuery } from "../../data/analysis-queries.ts";
import { useZone } from "../../shell/session-context.ts";
import { clockTime, exact, inWords, longDateTime, weekDay } from "../../ui/format.ts";
import { ProblemNote } from "../../ui/problem-note.tsx";

interface IntervalReasonBoxProps {
  meterId: string;
  channel: string;
  /** Begin of the interval, RFC 3339. */
  at: string;
  asOf: string | undefined;
  onMove: (at: string) => void;
  onClose: () => void;
}

/** Why one interval has its value: in a sentence, by version of its day, and by what validation found. */
export function IntervalReasonBox({ meterId, channel, at, asOf, onMove, onClose }: IntervalReasonBoxProps) {
  const zone = useZone();
  const heading = useRef<HTMLHeadingElement>(null);
  const { data: reason, error } = useQuery(intervalReasonQuery(meterId, { channel, at, ...(asOf === undefined ? {} : { as_of: asOf }) }));
  useEffect(() => heading.current?.focus(), []);
  return (
    <section className="reason-box" aria-labelledby="reason-title">
      <div className="section-head">
        <h3 id="reason-title" ref={heading} tabIndex={-1}>
          Why this value{reason !== undefined && <span className="quiet">: {whenText(reason, zone)}</span>}
        </h3>
        <div className="actions">
          {reason !== undefined && (
            <>
              <button type="button" className="button" data-size="small" onClick={() => onMove(earlier(reason))}>
                Interval before
              </button>
              <button type="button" className="button" data-size="small" onClick={() => onMove(reason.to)}>
                Interval after
              </button>
            </>
          )}
          <button type="button" className="button" data-size="small" onClick={onClose}>
            Close
          </button>
        </div>
      </div>
      {error !== null && <ProblemNote error={error} />}
      {reason !== undefined && (
        <>
          <p aria-live="polite">{reason.summary}</p>
          <Versions reason={reason} />
          {reason.findings.map((finding) => (
            <Finding key={finding.id} finding={finding} reason={reason} />
          ))}
          {reason.findings.length === 0 && <p className="small quiet">Validation found nothing over this interval.</p>}
        </>
      )}
    </section>
  );
}

function whenText({ from, to }: IntervalReason, zone: string): string {
  return `${weekDay(from, zone)} ${clockTime(from, zone)}–${clockTime(to, zone)}`;
}

function earlier({ from, to }: IntervalReason): string {
  return new Date(2 * Date.parse(from) - Date.parse(to)).toISOString();
}

function Versions({ reason }: { reason: IntervalReason }) {
  const zone = useZone();
  const [all, setAll] = useState(false);
  const shown = all ? reason.versions : reason.versions.filter(({ isChange }) => isChange);
  return (
    <>
      <div className="scroll-x" tabIndex={0} role="region" aria-label="Versions of the interval">
        <table className="table">
          <thead>
            <tr>
              <th scope="col">Version</th>
              <th scope="col" className="num">
                Value
              </th>
              <th scope="col">Quality</th>
              <th scope="col">Known since</th>
              <th scope="col">By</th>
              <th scope="col">Why</th>
            </tr>
          </thead>
          <tbody>
            {shown.map((version) => (
              <tr key={version.version} data-off={!version.isChange}>
                <td>
                  {version.version}
                  {!version.isChange && <span className="small quiet"> changed other intervals</span>}
                </td>
                <td className="num">{version.value === null ? "no value" : exact(String(version.value), reason.scaler, reason.unit)}</td>
                <td>{version.qualityText}</td>
                <td className="small">{longDateTime(version.knownAt, zone)}</td>
                <td>
                  {version.by}
                  {version.source !== "" && <span className="quiet">, from {version.source}</span>}
                </td>
                <td className="small">
                  {[version.reason, version.rules === "" ? "" : `rules ${version.rules}`].filter((part) => part !== "").join(", ")}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {shown.length < reason.versions.length && (
        <p className="small quiet">
          {reason.versions.length - shown.length} further versions of the day changed other intervals.{" "}
          <button type="button" className="button" data-size="small" onClick={() => setAll(true)}>
            Show them
          </button>
        </p>
      )}
    </>
  );
}

function Finding({ finding, reason }: { finding: IntervalFinding; reason: IntervalReason }) {
  const { estimate } = finding;
  return (
    <div className="finding">
      <p>
        <Link to="/exceptions" search={{ id: finding.id, state: finding.state }} className="severity" data-severity={finding.severity}>
          {finding.title}
        </Link>{" "}
        <span className="quiet">
          rule {finding.rule}, {finding.rules}, {finding.state}
        </span>
        : {finding.reason}
      </p>
      <p className="small quiet">
        Compared: {namedText(finding.numbers)}. Parameters: {namedText(finding.parameters)}.
      </p>
      {estimate !== undefined && (
        <p className="small">
          {inWords(estimate.method)}: {estimate.reason}
          {estimate.numbers.length > 0 && ` (${namedText(estimate.numbers)})`}
          {estimate.standardError !== undefined &&
            `; one standard error is ${exact(String(Math.round(estimate.standardError)), reason.scaler, reason.unit)}`}
          .
        </p>
      )}
    </div>
  );
}

function namedText(values: readonly { name: string; value: string }[]): string {
  return values.length === 0 ? "nothing" : values.map(({ name, value }) => `${inWords(name).toLowerCase()} ${value}`).join(", ");
}
