import { useMutation } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import type { FeederState } from "@amity/api";
import { write } from "../../data/api-client.ts";
import { useUtilityNow } from "../../data/use-live.ts";
import { useRight, useSession } from "../../shell/session-context.ts";
import { ConfirmDialog } from "../../ui/confirm-dialog.tsx";
import { ago, count, quantity } from "../../ui/format.ts";

/** Feeders with their load, and the button that cuts one: a demo's way to see an outage. */
export function FeederTable({ feeders }: { feeders: readonly FeederState[] }) {
  const maySwitch = useRight("demo");
  const { simulated } = useSession().utility;
  const now = useUtilityNow(2_000);
  const [asked, setAsked] = useState<FeederState | undefined>(undefined);
  const change = useMutation({
    mutationFn: ({ id, state }: { id: string; state: "live" | "out" }) =>
      write<FeederState>("PUT", `/api/v1/demo/feeders/${encodeURIComponent(id)}`, { state }),
  });
  const largest = Math.max(1, ...feeders.map(({ loadW }) => loadW));

  return (
    <section aria-labelledby="feeders-title">
      <h2 id="feeders-title" className="side-title">
        Feeders
      </h2>
      <table className="table feeders">
        <thead>
          <tr>
            <th scope="col">Feeder</th>
            <th scope="col">Load</th>
            <th scope="col" className="num">
              Reporting
            </th>
            {simulated && maySwitch && (
              <th scope="col">
                <span className="visually-hidden">Supply</span>
              </th>
            )}
          </tr>
        </thead>
        <tbody>
          {feeders.map((feeder) => (
            <tr key={feeder.id} data-out={feeder.state === "out"}>
              <td>
                <Link to="/meters" search={{ feeder: feeder.id }}>
                  {feeder.name}
                </Link>
              </td>
              <td>
                {feeder.state === "out" ? (
                  <strong className="out">Out {ago(feeder.outSince, now)}</strong>
                ) : (
                  <span className="feeder-load">
                    <span className="meterbar" aria-hidden="true">
                      <span style={{ width: `${(feeder.loadW / largest) * 100}%` }} />
                    </span>
                    {quantity(feeder.loadW, "W")}
                  </span>
                )}
              </td>
              <td className="num">
                {count(feeder.reporting)}
                <span className="quiet">/{count(feeder.meters)}</span>
              </td>
              {simulated && maySwitch && (
                <td className="num">
                  {feeder.state === "out" ? (
                    <button
                      type="button"
                      className="button"
                      data-size="small"
                      data-kind="primary"
                      onClick={() => change.mutate({ id: feeder.id, state: "live" })}
                    >
                      Restore
                    </button>
                  ) : (
                    <button
                      type="button"
                      className="button"
                      data-size="small"
                      data-kind="danger"
                      aria-label={`Cut feeder ${feeder.name}`}
                      onClick={() => setAsked(feeder)}
                    >
                      Cut
                    </button>
                  )}
                </td>
              )}
            </tr>
          ))}
        </tbody>
      </table>
      {change.isError && (
        <p className="small out" role="alert">
          {change.error.message}
        </p>
      )}
      {asked !== undefined && (
        <ConfirmDialog
          title={`Cut feeder ${asked.name}?`}
          action="Cut feeder"
          danger
          onConfirm={() => change.mutate({ id: asked.id, state: "out" })}
          onClose={() => setAsked(undefined)}
        >
          <p>
            {count(asked.meters)} simulated meters lose their supply. They send their last gasp, then fall silent; the gap in their load
            profile is marked as a power failure.
          </p>
        </ConfirmDialog>
      )}
    </section>
  );
}
