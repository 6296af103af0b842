import { useQuery } from "@tanstack/react-query";
import type { NodeLosses } from "@amity/api";
import { lossesQuery } from "../../data/analysis-queries.ts";
import { useZone } from "../../shell/session-context.ts";
import { dateTime, percent, quantity } from "../../ui/format.ts";
import { ProblemNote } from "../../ui/problem-note.tsx";
import { AnalysisHead } from "./analysis-head.tsx";
import { SpanFields, useDaySpan } from "./span-fields.tsx";
import { VirtualChannels } from "./virtual-channels.tsx";

const DAYS = 7;

/** Feeders and transformers: what flowed through, what nobody accounts for, and how far they are loaded. */
export function LossesPage() {
  const [span, setSpan] = useDaySpan(DAYS);
  const { data: page, error, refetch } = useQuery({ ...lossesQuery(span), enabled: span.from < span.to });
  const nodes = page?.items ?? [];
  return (
    <div className="page">
      <AnalysisHead title="Settlement and losses">
        Energy through feeders and transformers by the topology of the first day, from the ledger as it stands.
      </AnalysisHead>
      <form className="toolbar" aria-label="Time" onSubmit={(event) => event.preventDefault()}>
        <SpanFields span={span} onChange={setSpan} />
      </form>
      {error !== null && <ProblemNote error={error} retry={() => void refetch()} />}
      {page === undefined && error === null && <p className="empty">Adding up.</p>}
      {page !== undefined && nodes.length === 0 && <p className="empty">No topology is declared for this time.</p>}
      <NodeTable title="Feeders" nodes={nodes.filter(({ kind }) => kind === "feeder")} />
      <NodeTable title="Transformers" nodes={nodes.filter(({ kind }) => kind === "transformer")} />
      <VirtualChannels span={span} />
    </div>
  );
}

function NodeTable({ title, nodes }: { title: string; nodes: readonly NodeLosses[] }) {
  const zone = useZone();
  if (nodes.length === 0) return null;
  const isLoaded = nodes.some(({ loading }) => loading !== undefined);
  const isBalanced = nodes.some(({ balance }) => balance !== undefined);
  return (
    <section className="stack" aria-labelledby={`${title}-title`}>
      <h2 id={`${title}-title`}>{title}</h2>
      <div className="scroll-x" tabIndex={0} role="region" aria-label={`${title}, table`}>
        <table className="table">
          <thead>
            <tr>
              <th scope="col">Name</th>
              <th scope="col" className="num">
                Usage points
              </th>
              <th scope="col" className="num">
                Import
              </th>
              <th scope="col" className="num">
                Export
              </th>
              <th scope="col" className="num">
                Intervals held
              </th>
              {isLoaded && <th scope="col">Peak load of the nameplate</th>}
              {isBalanced && (
                <>
                  <th scope="col" className="num">
                    Flowed in
                  </th>
                  <th scope="col" className="num">
                    Losses explained
                  </th>
                  <th scope="col" className="num">
                    Unaccounted
                  </th>
                </>
              )}
            </tr>
          </thead>
          <tbody>
            {nodes.map((node) => (
              <tr key={node.id}>
                <td>
                  <strong>{node.name}</strong>
                  {node.parent !== undefined && node.kind === "transformer" && <span className="quiet"> on {node.parent}</span>}
                </td>
                <td className="num">{node.points}</td>
                <td className="num">{quantity(node.importWh, "Wh")}</td>
                <td className="num">{quantity(node.exportWh, "Wh")}</td>
                <td className="num">{node.coverage === null ? "–" : percent(node.coverage)}</td>
                {isLoaded && <LoadingCell node={node} zone={zone} />}
                {isBalanced && <BalanceCells balance={node.balance} />}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {!isBalanced && (
        <p className="small quiet">
          No meter measures what flows into these: unaccounted energy can be told where one is linked as their supply.
        </p>
      )}
    </section>
  );
}

function LoadingCell({ node: { loading }, zone }: { node: NodeLosses; zone: string }) {
  if (loading === undefined) return <td className="quiet">not known</td>;
  const over = loading.hoursOver100 > 0 ? `, over 100 % for ${loading.hoursOver100} h` : "";
  return (
    <td>
      <span className="meterbar" data-low={loading.peakPercent > 100} aria-hidden="true">
        <span style={{ width: `${Math.min(100, loading.peakPercent)}%` }} />
      </span>{" "}
      {loading.peakPercent.toFixed(0)} %{over}
      <div className="small quiet">
        {loading.peakKva.toFixed(0)} of {loading.nameplateKva} kVA, {dateTime(loading.peakAt, zone)}
      </div>
    </td>
  );
}

function BalanceCells({ balance }: { balance: NodeLosses["balance"] }) {
  if (balance === undefined)
    return (
      <td colSpan={3} className="num quiet">
        no supply meter
      </td>
    );
  return (
    <>
      <td className="num">{quantity(balance.suppliedWh, "Wh")}</td>
      <td className="num">{quantity(balance.technicalWh, "Wh")}</td>
      <td className="num">
        {quantity(balance.unaccountedWh, "Wh")} <span className="quiet">{balance.unaccountedPercent.toFixed(1)} %</span>
        {balance.intervalsLeftOut > 0 && <div className="small quiet">{balance.intervalsLeftOut} intervals left out</div>}
      </td>
    </>
  );
}
