import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import type { VirtualChannel } from "@amity/api";
import { IntervalChart } from "../../chart/interval-chart.tsx";
import { write } from "../../data/api-client.ts";
import { virtualChannelsQuery, virtualIntervalsQuery } from "../../data/analysis-queries.ts";
import { useRight, useZone } from "../../shell/session-context.ts";
import { ProblemNote } from "../../ui/problem-note.tsx";
import { startOfCivilDay } from "../../ui/zone-days.ts";
import type { DaySpan } from "./span-fields.tsx";

/** Channels that are computed from others: totals, check-meter differences, losses. */
export function VirtualChannels({ span }: { span: DaySpan }) {
  const mayChange = useRight("analysis");
  const { data: page, error } = useQuery(virtualChannelsQuery);
  const [chosen, setChosen] = useState<string | undefined>(undefined);
  const channels = page?.items ?? [];
  const shown = channels.find(({ id }) => id === chosen);
  return (
    <section className="stack" aria-labelledby="virtual-title">
      <h2 id="virtual-title">Virtual channels</h2>
      {error !== null && <ProblemNote error={error} />}
      {channels.length > 0 && (
        <div className="scroll-x" tabIndex={0} role="region" aria-label="Virtual channels, table">
          <table className="table">
            <thead>
              <tr>
                <th scope="col">Channel</th>
                <th scope="col">Formula</th>
                <th scope="col">Kept</th>
              </tr>
            </thead>
            <tbody>
              {channels.map((channel) => (
                <tr key={channel.id} data-on={channel.id === chosen}>
                  <td>
                    <button
                      type="button"
                      className="line-button"
                      aria-pressed={channel.id === chosen}
                      onClick={() => setChosen(channel.id)}
                    >
                      {channel.name}
                    </button>
                    <div className="small quiet mono">
                      {channel.id} v{channel.version}
                    </div>
                  </td>
                  <td className="mono small">{formulaText(channel)}</td>
                  <td className="small quiet">
                    by {channel.author}: {channel.reason}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {shown !== undefined && <VirtualChart channel={shown} span={span} />}
      {mayChange && <FormulaForm onKept={setChosen} />}
    </section>
  );
}

const FIRST_TERMS = 6;

function formulaText({ terms }: VirtualChannel): string {
  const shown = terms.slice(0, FIRST_TERMS).map(({ meterId, channel, factor }) => `${factorText(factor)} ${meterId} ${channel}`);
  return `${shown.join(" ")}${terms.length > FIRST_TERMS ? ` and ${terms.length - FIRST_TERMS} more` : ""}`;
}

function factorText(factor: number): string {
  const size = Math.abs(factor);
  return `${factor < 0 ? "\u2212" : "+"}${size === 1 ? "" : ` ${size} \u00d7`}`;
}

function VirtualChart({ channel, span }: { channel: VirtualChannel; span: DaySpan }) {
  const zone = useZone();
  const range = {
    from: new Date(startOfCivilDay(zone, span.from)).toISOString(),
    to: new Date(startOfCivilDay(zone, span.to)).toISOString(),
  };
  const { data: intervals, error } = useQuery(virtualIntervalsQuery(channel.id, range));
  if (intervals === undefined) return error === null ? <div className="plot-space" /> : <ProblemNote error={error} />;
  return <IntervalChart intervals={intervals} zone={zone} height={220} label={channel.name} />;
}

/** One part a line: `+1 AMTY100000001 1-0:1.8.0`. */
function FormulaForm({ onKept }: { onKept: (id: string) => void }) {
  const queries = useQueryClient();
  const [id, setId] = useState("");
  const [name, setName] = useState("");
  const [formula, setFormula] = useState("");
  const [reason, setReason] = useState("");
  const keep = useMutation({
    mutationFn: () => write<VirtualChannel>("POST", "/api/v1/virtual-channels", { id, name, reason, terms: termsOf(formula) }),
    onSuccess: (kept) => {
      void queries.invalidateQueries({ queryKey: ["virtual-channels"] });
      void queries.invalidateQueries({ queryKey: ["virtual-intervals", kept.id] });
      onKept(kept.id);
    },
  });
  return (
    <details>
      <summary>New formula, or the next version of one</summary>
      <form
        className="stack"
        aria-label="Formula"
        onSubmit={(event) => {
          event.preventDefault();
          keep.mutate();
        }}
      >
        <div className="toolbar">
          <label className="label">
            Identifier
            <input
              className="field mono"
              required
              maxLength={80}
              pattern="[\w.:~@\-]+"
              value={id}
              onChange={(event) => setId(event.target.value)}
            />
          </label>
          <label className="label">
            Name
            <input className="field" required maxLength={120} value={name} onChange={(event) => setName(event.target.value)} />
          </label>
        </div>
        <label className="label">
          One part a line: factor, meter, channel
          <textarea
            className="field document"
            rows={4}
            required
            spellCheck={false}
            placeholder={"1 AMTY100000001 1-0:1.8.0\n-1 AMTY100000002 1-0:1.8.0"}
            value={formula}
            onChange={(event) => setFormula(event.target.value)}
          />
        </label>
        <label className="label">
          Reason, kept with your name
          <input className="field" required maxLength={400} value={reason} onChange={(event) => setReason(event.target.value)} />
        </label>
        {keep.isError && <ProblemNote error={keep.error} />}
        <div className="actions">
          <button type="submit" className="button" disabled={keep.isPending}>
            Keep the formula
          </button>
        </div>
      </form>
    </details>
  );
}

function termsOf(formula: string): { meterId: string; channel: string; factor: number }[] {
  return formula
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "")
    .map((line) => {
      const [factor = "", meterId = "", channel = "1-0:1.8.0"] = line.split(/\s+/);
      return { factor: Number(factor), meterId, channel };
    });
}
