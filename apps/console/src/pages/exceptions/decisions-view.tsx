import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import type { Decision } from "@amity/api";
import { decisionsQuery, refreshDecided, reviewDecision } from "../../data/decision-queries.ts";
import { EffectSummary } from "../../decisions/effect-summary.tsx";
import { ProgressLine } from "../../decisions/progress-line.tsx";
import { useRight, useSession, useZone } from "../../shell/session-context.ts";
import { count, dateTime, money } from "../../ui/format.ts";
import { ProblemNote } from "../../ui/problem-note.tsx";
import { civilDay } from "../../ui/zone-days.ts";
import { WaitingCommands, waitingCommandsQuery } from "./waiting-commands.tsx";

/** What waits for a second person, and every decision with who, why and when. */
export function DecisionsView({ onDecided, onUndo }: { onDecided: (decision: Decision) => void; onUndo: (decision: Decision) => void }) {
  const waiting = useInfiniteQuery(decisionsQuery({ state: "waiting" }));
  const all = useInfiniteQuery(decisionsQuery({}));
  const { data: commands = [] } = useQuery(waitingCommandsQuery);
  const { automatic, identities, user } = useSession();
  const waits = waiting.data?.pages.flatMap(({ items }) => items) ?? [];
  const made = all.data?.pages.flatMap(({ items }) => items).filter(({ state }) => state !== "waiting") ?? [];
  const error = waiting.error ?? all.error;
  return (
    <>
      {error !== null && <ProblemNote error={error} />}
      <section aria-labelledby="waiting-title">
        <div className="section-head">
          <h2 id="waiting-title">Waiting for approval</h2>
          <p className="small quiet">Above the utility’s limits a decision needs somebody other than its author.</p>
        </div>
        {automatic && identities.length > 1 && (
          <p className="note">
            This demo has one person: you. To try the second person’s part, choose another name at the top right (you are now{" "}
            <strong>{user}</strong>). With <code>--auth-file</code> people sign in with passwords, and this choice is gone.
          </p>
        )}
        <WaitingCommands />
        {waits.length === 0 && commands.length === 0 && <p className="empty">Nothing waits for a second person.</p>}
        {waits.map((decision) => (
          <WaitingDecision key={decision.id} decision={decision} onDecided={onDecided} />
        ))}
      </section>
      <section aria-labelledby="made-title">
        <div className="section-head">
          <h2 id="made-title">Decisions</h2>
        </div>
        {made.length === 0 ? <p className="empty">Nothing was decided yet.</p> : <DecisionTable decisions={made} onUndo={onUndo} />}
        {all.hasNextPage && (
          <button type="button" className="button" data-size="small" onClick={() => void all.fetchNextPage()}>
            Show more
          </button>
        )}
      </section>
    </>
  );
}

function WaitingDecision({ decision, onDecided }: { decision: Decision; onDecided: (decision: Decision) => void }) {
  const zone = useZone();
  const { user } = useSession();
  const mayDecide = useRight("exceptions");
  const queries = useQueryClient();
  const [note, setNote] = useState("");
  const [progress, setProgress] = useState<Decision | undefined>(undefined);
  const isOwn = decision.by === user;
  const review = useMutation({
    mutationFn: (verdict: "approve" | "reject" | "withdraw") => reviewDecision(decision.id, { verdict, note: note.trim() }, setProgress),
    onSuccess: onDecided,
    onSettled: () => refreshDecided(queries),
  });
  return (
    <article className="waiting" aria-label={decision.title}>
      <header>
        <h3>{decision.title}</h3>
        <p className="small">
          <strong>{decision.by}</strong> asked {dateTime(decision.at, zone)}: “{decision.reason}”
        </p>
        <p className="small out">{decision.secondPerson}.</p>
        {decision.edit !== undefined && <EditLink decision={decision} />}
      </header>
      <EffectSummary effect={decision.effect} />
      {mayDecide &&
        (isOwn ? (
          <div className="actions">
            <span className="small quiet">It is your own: somebody else approves it.</span>
            <button type="button" className="button" disabled={review.isPending} onClick={() => review.mutate("withdraw")}>
              Withdraw
            </button>
          </div>
        ) : (
          <form
            className="actions"
            onSubmit={(event) => {
              event.preventDefault();
              if (!review.isPending) review.mutate("approve");
            }}
          >
            <input
              className="field reason"
              aria-label={`Note on ${decision.title}`}
              placeholder="A note; a rejection needs one"
              maxLength={400}
              value={note}
              onChange={(event) => setNote(event.target.value)}
            />
            <button type="submit" className="button" data-kind="primary" disabled={review.isPending}>
              Approve
            </button>
            <button
              type="button"
              className="button"
              data-kind="danger"
              disabled={review.isPending || note.trim() === ""}
              onClick={() => review.mutate("reject")}
            >
              Reject
            </button>
          </form>
        ))}
      {review.isPending && <ProgressLine decision={progress} />}
      {review.isError && <ProblemNote error={review.error} />}
    </article>
  );
}

function EditLink({ decision }: { decision: Decision }) {
  const zone = useZone();
  const { edit } = decision;
  if (edit === undefined) return null;
  const { meterId, channel, from } = edit;
  return (
    <p className="small">
      <span className="mono">
        {meterId} {channel}
      </span>
      , {dateTime(from, zone)} to {dateTime(edit.to, zone)}.{" "}
      <Link to="/meters/$meterId/versions" params={{ meterId }} search={{ channel, day: civilDay(zone, Date.parse(from)) }}>
        Versions of the day
      </Link>
    </p>
  );
}

function DecisionTable({ decisions, onUndo }: { decisions: readonly Decision[]; onUndo: (decision: Decision) => void }) {
  const zone = useZone();
  const mayDecide = useRight("exceptions");
  return (
    <div className="scroll-x" tabIndex={0} role="region" aria-label="Table of decisions">
      <table className="table decisions">
        <thead>
          <tr>
            <th scope="col">When</th>
            <th scope="col">What</th>
            <th scope="col">Who and why</th>
            <th scope="col">Second person</th>
            <th scope="col" className="num">
              At stake
            </th>
            <th scope="col">State</th>
            <th scope="col">
              <span className="visually-hidden">Way back</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {decisions.map((decision) => (
            <tr key={decision.id}>
              <td className="nowrap">{dateTime(decision.at, zone)}</td>
              <td>
                {decision.title}
                <span className="small quiet"> {sizeWords(decision)}</span>
                {decision.edit !== undefined && <EditLink decision={decision} />}
              </td>
              <td>
                {decision.by} <span className="quiet">{decision.reason}</span>
              </td>
              <td>
                {decision.review === undefined ? (
                  "–"
                ) : (
                  <>
                    {decision.review.by} <span className="quiet">{decision.review.note}</span>
                  </>
                )}
              </td>
              <td className="num nowrap">{money(decision.effect.atStake.money, decision.effect.atStake.currency)}</td>
              <td>
                {decision.state}
                {decision.outcome !== undefined && <span className="small quiet"> {decision.outcome}</span>}
              </td>
              <td>
                {mayDecide && decision.state === "done" && decision.kind !== "undo" && (
                  <button
                    type="button"
                    className="button"
                    data-size="small"
                    aria-label={`Undo: ${decision.title}`}
                    onClick={() => onUndo(decision)}
                  >
                    Undo
                  </button>
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function sizeWords({ effect }: Decision): string {
  const of = (number: number, one: string): string[] => (number === 0 ? [] : [`${count(number)} ${number === 1 ? one : `${one}s`}`]);
  return [...of(effect.intervals, "interval"), ...of(effect.bills.changes.length, "bill")].join(", ");
}
