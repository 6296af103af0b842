import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import type { SessionTrace, TraceMessage } from "@amity/api";
import { ApiProblem } from "../../data/api-client.ts";
import { traceQuery } from "../../data/queries.ts";
import { useZone } from "../../shell/session-context.ts";
import { longDateTime } from "../../ui/format.ts";
import { ProblemNote } from "../../ui/problem-note.tsx";
import { FieldTree } from "./field-tree.tsx";
import { HexView, type OctetRange } from "./hex-view.tsx";

/** The last session, message by message: fields on the left light up their octets on the right, and the other way round. */
export function ApduTrace({ meterId }: { meterId: string }) {
  const zone = useZone();
  const { data: trace, error } = useQuery(traceQuery(meterId));
  const none = error instanceof ApiProblem && error.problem.status === 404;
  return (
    <section aria-labelledby="trace-title">
      <div className="section-head">
        <h2 id="trace-title">Last session, decoded</h2>
        {trace !== undefined && (
          <p className="small quiet">
            {longDateTime(trace.startedAt, zone)}, {trace.route}, {trace.outcome}
            {trace.dropped > 0 && `, ${trace.dropped} messages not kept`}
          </p>
        )}
      </div>
      {none && <p className="empty">No session with this meter was recorded since the program started.</p>}
      {error !== null && !none && <ProblemNote error={error} />}
      {trace !== undefined && <TraceView trace={trace} />}
    </section>
  );
}

function TraceView({ trace }: { trace: SessionTrace }) {
  const [number, setNumber] = useState(0);
  const message = trace.messages[Math.min(number, trace.messages.length - 1)];
  const startMs = Date.parse(trace.startedAt);
  if (message === undefined) return <p className="empty">The session ended before a message was exchanged.</p>;
  return (
    <div className="trace">
      <ol className="trace-messages" aria-label="Messages">
        {trace.messages.map((one, index) => (
          <li key={index}>
            <button type="button" aria-current={one === message} onClick={() => setNumber(index)} data-direction={one.direction}>
              <span className="trace-arrow" aria-hidden="true">
                {one.direction === "sent" ? "→" : "←"}
              </span>
              <span className="visually-hidden">{one.direction === "sent" ? "To the meter" : "From the meter"}</span>
              <span className="trace-name">
                <span className="mono">{one.title}</span>
                {one.summary !== undefined && <span className="small">{one.summary}</span>}
              </span>
              <span className="small quiet">+{((Date.parse(one.at) - startMs) / 1000).toFixed(1)} s</span>
            </button>
          </li>
        ))}
      </ol>
      <MessageView key={number} message={message} />
    </div>
  );
}

function MessageView({ message }: { message: TraceMessage }) {
  const [range, setRange] = useState<OctetRange | undefined>(undefined);
  const plain = message.plainHex;
  return (
    <>
      <div className="trace-fields">
        {message.error !== undefined && <p className="out small">{message.error}</p>}
        <FieldTree fields={message.fields} range={range} onRange={setRange} />
      </div>
      <div className="trace-hex">
        {plain !== undefined && <h3 className="small">Deciphered, {plain.length / 2} octets</h3>}
        <HexView hex={plain ?? message.hex} fields={message.fields} range={range} onRange={setRange} />
        {plain !== undefined && (
          <>
            <h3 className="small">On the wire, ciphered, {message.hex.length / 2} octets</h3>
            <HexView hex={message.hex} fields={[]} range={undefined} onRange={() => {}} />
          </>
        )}
      </div>
    </>
  );
}
