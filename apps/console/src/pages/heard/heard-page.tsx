import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import type { WirelessStranger } from "@amity/api";
import { strangersQuery } from "../../data/queries.ts";
import { useUtilityNow } from "../../data/use-live.ts";
import { useRight, useZone } from "../../shell/session-context.ts";
import { ago, count, dateTime } from "../../ui/format.ts";
import { ProblemNote } from "../../ui/problem-note.tsx";
import { BindDialog } from "./bind-dialog.tsx";

/** Wireless meters that a concentrator hears and nobody has registered: neighbours' meters, and those that were just mounted. */
export function HeardPage() {
  const { data, error, refetch } = useQuery(strangersQuery);
  const [bound, setBound] = useState<WirelessStranger | undefined>(undefined);
  const [done, setDone] = useState<string | undefined>(undefined);
  const strangers = (data?.items ?? []).toSorted(
    (left, right) => Number(right.asksInstallation) - Number(left.asksInstallation) || right.lastHeard.localeCompare(left.lastHeard),
  );
  return (
    <div className="page">
      <div className="page-head">
        <div>
          <p className="crumbs">
            <Link to="/meters">Meters</Link>
          </p>
          <h1>Heard, not registered</h1>
          <p>
            Wireless meters that a concentrator hears and that are in no registry. Binding one registers it under a meter id: from then on
            its telegrams are kept and opened with its key.
          </p>
        </div>
      </div>
      {error !== null && <ProblemNote error={error} retry={() => void refetch()} />}
      {done !== undefined && (
        <p className="note" role="status">
          <Link to="/meters/$meterId" params={{ meterId: done }} className="mono">
            {done}
          </Link>{" "}
          is registered; it shows values once its concentrator heard it again.
        </p>
      )}
      {data !== undefined && strangers.length === 0 && <p className="empty">No concentrator hears a meter that is not registered.</p>}
      {strangers.length > 0 && <StrangerTable strangers={strangers} onBind={setBound} />}
      {bound !== undefined && <BindDialog stranger={bound} onClose={() => setBound(undefined)} onBound={setDone} />}
    </div>
  );
}

function StrangerTable({ strangers, onBind }: { strangers: readonly WirelessStranger[]; onBind: (stranger: WirelessStranger) => void }) {
  const zone = useZone();
  const now = useUtilityNow(5_000);
  const mayBind = useRight("fleet");
  return (
    <div className="scroll-x" tabIndex={0} role="region" aria-label="Wireless meters that are heard">
      <table className="table">
        <thead>
          <tr>
            <th scope="col">Address</th>
            <th scope="col">Concentrator</th>
            <th scope="col" className="num">
              Telegrams
            </th>
            <th scope="col">First heard</th>
            <th scope="col">Last heard</th>
            <th scope="col">
              <span className="visually-hidden">Action</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {strangers.map((stranger) => (
            <tr key={`${stranger.concentratorId} ${stranger.address}`}>
              <td>
                <span className="mono">{stranger.address}</span> <span className="quiet">{mediumOf(stranger.address)}</span>
                {stranger.asksInstallation && (
                  <>
                    {" "}
                    <span className="tag" data-kind="held">
                      asks to be installed
                    </span>
                  </>
                )}
              </td>
              <td>{stranger.concentratorId}</td>
              <td className="num">{count(stranger.telegrams)}</td>
              <td>{dateTime(stranger.firstHeard, zone)}</td>
              <td>{ago(stranger.lastHeard, now)}</td>
              <td className="num">
                {mayBind && (
                  <button
                    type="button"
                    className="button"
                    data-size="small"
                    aria-label={`Bind ${stranger.address}`}
                    onClick={() => onBind(stranger)}
                  >
                    Bind
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

/** Device types of EN 13757-7, table 13, as the last part of an address has them. */
const DEVICE_TYPES: Readonly<Record<string, string>> = {
  "02": "electricity",
  "03": "gas",
  "04": "heat",
  "06": "warm water",
  "07": "water",
  "08": "heat cost allocator",
  "0a": "cooling",
  "0b": "cooling",
  "0c": "heat",
  "0d": "heat and cooling",
  "15": "hot water",
  "16": "cold water",
};

/** What a meter says that it measures; empty for what is not in the table. */
function mediumOf(address: string): string {
  return DEVICE_TYPES[address.split("-").at(-1) ?? ""] ?? "";
}
