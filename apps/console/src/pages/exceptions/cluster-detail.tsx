import { useInfiniteQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import type { Decision, DecisionAsk, ExceptionCluster, ExceptionSelection, VeeException } from "@amity/api";
import { exceptionListQuery } from "../../data/decision-queries.ts";
import { ChangeFields, changeOf, FIRST_DRAFT, type ChangeDraft } from "../../decisions/change-fields.tsx";
import { DecisionDialog } from "../../decisions/decision-dialog.tsx";
import { stakeWords } from "../../decisions/effect-summary.tsx";
import { useRight, useZone } from "../../shell/session-context.ts";
import { count, dateTime, money, shortDay } from "../../ui/format.ts";
import { ProblemNote } from "../../ui/problem-note.tsx";
import { AssignControl } from "./assign-control.tsx";
import { usePageKeys } from "../../shell/page-keys.ts";

type Action = Extract<DecisionAsk, { kind: "exceptions" }>["action"];

const ACTIONS: readonly (readonly [Action, string, string])[] = [
  ["estimate", "Keep the estimates", "e"],
  ["accept", "Accept as measured", "a"],
  ["edit", "Edit …", "x"],
  ["dismiss", "Dismiss", "d"],
];

/** One cause: what is at stake, its members, and one decision over all of them or those that are ticked. */
export function ClusterDetail({
  cluster,
  state,
  onDecided,
}: {
  cluster: ExceptionCluster;
  state: string;
  onDecided: (decision: Decision) => void;
}) {
  const zone = useZone();
  const mayDecide = useRight("exceptions") && state === "open";
  const { data, error, hasNextPage, fetchNextPage } = useInfiniteQuery(exceptionListQuery({ state, cluster: cluster.id }));
  const members = data?.pages.flatMap(({ items }) => items) ?? [];
  const [ticked, setTicked] = useState<ReadonlySet<string>>(new Set());
  const [action, setAction] = useState<Action | undefined>(undefined);
  const selection: ExceptionSelection = ticked.size === 0 ? { cluster: cluster.id } : { exceptions: [...ticked] };
  const chosen = ticked.size === 0 ? cluster.exceptions : ticked.size;
  const open = (next: Action): void => {
    if (mayDecide) setAction(next);
  };
  usePageKeys(Object.fromEntries(ACTIONS.map(([name, , key]) => [key, () => open(name)])));

  return (
    <div className="split-detail">
      <div>
        <h2>{cluster.title}</h2>
        <p className="small quiet">
          {dateTime(cluster.from, zone)} to {dateTime(cluster.to, zone)}
          {cluster.rules.length > 1 && `; ${cluster.rules.map(({ title, count: times }) => `${title} ${count(times)}`).join(", ")}`}
        </p>
      </div>
      <dl className="evidence">
        <div>
          <dt>At stake</dt>
          <dd>
            {stakeWords(cluster)}, {money(cluster.money, cluster.currency)}
          </dd>
        </div>
        <div>
          <dt>Exceptions</dt>
          <dd>
            {count(cluster.exceptions)} of {count(cluster.meters)} {cluster.meters === 1 ? "meter" : "meters"}
          </dd>
        </div>
        <div>
          <dt>Next bill</dt>
          <dd>
            {shortDay(cluster.nextBillAt, zone)}
            {cluster.holdsBills > 0 && `; ${count(cluster.holdsBills)} under a held bill`}
          </dd>
        </div>
        <div>
          <dt>Assigned to</dt>
          <dd>{cluster.assignees.length === 0 ? "nobody" : cluster.assignees.join(", ")}</dd>
        </div>
      </dl>
      {mayDecide && (
        <div className="toolbar" role="group" aria-label={`Decide over ${chosen === 1 ? "one exception" : `${chosen} exceptions`}`}>
          {ACTIONS.map(([name, words, key]) => (
            <button
              key={name}
              type="button"
              className="button"
              data-kind={name === "estimate" ? "primary" : undefined}
              onClick={() => open(name)}
            >
              {words} <kbd aria-hidden="true">{key}</kbd>
            </button>
          ))}
          <AssignControl selection={selection} assignees={cluster.assignees} />
        </div>
      )}
      {error !== null && <ProblemNote error={error} />}
      <MemberTable members={members} ticked={ticked} onTick={mayDecide ? setTicked : undefined} />
      {hasNextPage && (
        <button type="button" className="button" data-size="small" onClick={() => void fetchNextPage()}>
          Show more
        </button>
      )}
      {action !== undefined && (
        <ClusterDecision
          action={action}
          selection={selection}
          title={`${ACTIONS.find(([name]) => name === action)?.[1].replace(" …", "") ?? ""}: ${chosen === 1 ? "1 exception" : `${count(chosen)} exceptions`}`}
          onClose={() => setAction(undefined)}
          onDecided={(decision) => {
            setTicked(new Set());
            onDecided(decision);
          }}
        />
      )}
    </div>
  );
}

function ClusterDecision({
  action,
  selection,
  title,
  onClose,
  onDecided,
}: {
  action: Action;
  selection: ExceptionSelection;
  title: string;
  onClose: () => void;
  onDecided: (decision: Decision) => void;
}) {
  const [draft, setDraft] = useState<ChangeDraft>(FIRST_DRAFT);
  if (action !== "edit")
    return (
      <DecisionDialog
        ask={{ kind: "exceptions", selection, action }}
        title={title}
        action="Decide"
        onClose={onClose}
        onDecided={onDecided}
      />
    );
  // Counts of channels may differ: a value set for many is taken in the unit itself.
  const change = changeOf(draft, 0);
  return (
    <DecisionDialog
      ask={change === undefined ? undefined : { kind: "exceptions", selection, action, change }}
      title={title}
      action="Decide"
      onClose={onClose}
      onDecided={onDecided}
    >
      <p className="small quiet">The change is made over each exception’s own time.</p>
      <ChangeFields draft={draft} unit="in counts of the channel" onChange={setDraft} />
    </DecisionDialog>
  );
}

function MemberTable({
  members,
  ticked,
  onTick,
}: {
  members: readonly VeeException[];
  ticked: ReadonlySet<string>;
  onTick: ((ticked: ReadonlySet<string>) => void) | undefined;
}) {
  const zone = useZone();
  const toggle = (id: string): void => {
    const next = new Set(ticked);
    if (!next.delete(id)) next.add(id);
    onTick?.(next);
  };
  const all = members.length > 0 && members.every(({ id }) => ticked.has(id));
  return (
    <div className="scroll-x" tabIndex={0} role="region" aria-label="Members">
      <table className="table members">
        <caption className="visually-hidden">Members of this cause</caption>
        <thead>
          <tr>
            {onTick !== undefined && (
              <th scope="col">
                <input
                  type="checkbox"
                  aria-label="Tick all that are shown"
                  checked={all}
                  onChange={() => onTick(all ? new Set() : new Set(members.map(({ id }) => id)))}
                />
              </th>
            )}
            <th scope="col">Meter</th>
            <th scope="col">Finding</th>
            <th scope="col">From</th>
            <th scope="col">Why</th>
            <th scope="col">Assigned</th>
          </tr>
        </thead>
        <tbody>
          {members.map((member) => (
            <tr key={member.id} data-on={ticked.has(member.id)}>
              {onTick !== undefined && (
                <td>
                  <input
                    type="checkbox"
                    aria-label={`Tick ${member.title} of ${member.meterId}`}
                    checked={ticked.has(member.id)}
                    onChange={() => toggle(member.id)}
                  />
                </td>
              )}
              <td className="mono">{member.meterId}</td>
              <td className="nowrap">
                <Link
                  to="/exceptions"
                  search={{ view: "list", ...(member.state === "open" ? {} : { state: member.state }), id: member.id }}
                >
                  <span className="severity" data-severity={member.severity}>
                    {member.title}
                  </span>
                </Link>
              </td>
              <td className="nowrap">{dateTime(member.from, zone)}</td>
              <td>
                {member.reason}
                {member.waitingDecision !== undefined && <span className="tag">waits for a second person</span>}
              </td>
              <td>{member.assignedTo ?? "–"}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
