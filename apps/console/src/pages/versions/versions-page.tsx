import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { useMemo, useState } from "react";
import type { DayVersions, Intervals } from "@amity/api";
import { IntervalChart } from "../../chart/interval-chart.tsx";
import { versionsQuery } from "../../data/decision-queries.ts";
import { meterQuery } from "../../data/queries.ts";
import { utilityNow, useTick } from "../../data/use-live.ts";
import { useRight, useZone } from "../../shell/session-context.ts";
import { count, longDateTime, quantity, weekDay } from "../../ui/format.ts";
import { ArrowIcon } from "../../ui/icons.tsx";
import { ProblemNote } from "../../ui/problem-note.tsx";
import { civilDay, dayStart, startOfCivilDay } from "../../ui/zone-days.ts";

const route = getRouteApi("/meters/$meterId/versions");
type Version = DayVersions["versions"][number];

/** Every version of one day of a channel: who, why, by which rules, when, and what it changed. */
export function VersionsPage() {
  const { meterId } = route.useParams();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const zone = useZone();
  const mayEdit = useRight("exceptions");
  const known = useTick() !== undefined;
  const { data: meter } = useQuery(meterQuery(meterId));
  const channel = search.channel ?? meter?.channels[0]?.channel ?? "1-0:1.8.0";
  const day = search.day ?? (known ? civilDay(zone, dayStart(zone, utilityNow(), -1) + 43_200_000) : "");
  const { data, error } = useQuery({ ...versionsQuery(meterId, channel, day), enabled: day !== "" });
  const show = (part: { channel?: string; day?: string }): void =>
    void navigate({ search: (before) => ({ ...before, channel, day, ...part }), replace: true, resetScroll: false });
  const startMs = day === "" ? 0 : startOfCivilDay(zone, day);
  const move = (days: number): void => show({ day: civilDay(zone, dayStart(zone, startMs, days) + 43_200_000) });

  return (
    <div className="page">
      <div className="page-head">
        <div>
          <p className="crumbs">
            <Link to="/meters">Meters</Link>
            {" / "}
            <Link to="/meters/$meterId" params={{ meterId }} search={{ channel, day, span: "day" }}>
              {meterId}
            </Link>
          </p>
          <h1>Versions of a day</h1>
          <p>Nothing in the ledger is overwritten: each change is a version. What a bill used stays readable as it was.</p>
        </div>
        {day !== "" && (
          <div className="toolbar">
            <label className="label">
              Channel
              <select className="field" value={channel} onChange={(event) => show({ channel: event.target.value })}>
                {(meter?.channels ?? [{ channel, name: channel }]).map((one) => (
                  <option key={one.channel} value={one.channel}>
                    {one.name} ({one.channel})
                  </option>
                ))}
              </select>
            </label>
            <div className="segments" role="group" aria-label="Day">
              <button type="button" className="button" aria-label="The day before" onClick={() => move(-1)}>
                <ArrowIcon to="left" />
              </button>
              <button type="button" className="button" aria-label="The day after" onClick={() => move(1)}>
                <ArrowIcon to="right" />
              </button>
            </div>
            <label className="label">
              Day
              <input
                className="field"
                type="date"
                value={day}
                onChange={(event) => event.target.value !== "" && show({ day: event.target.value })}
              />
            </label>
            {mayEdit && (
              <Link
                className="button"
                to="/meters/$meterId/edit"
                params={{ meterId }}
                search={{
                  channel,
                  from: new Date(startMs).toISOString(),
                  to: new Date(dayStart(zone, startMs, 1)).toISOString(),
                }}
              >
                Edit this day
              </Link>
            )}
          </div>
        )}
      </div>
      {error !== null && <ProblemNote error={error} />}
      {data !== undefined && data.versions.length === 0 && <p className="empty">Nothing is stored of {weekDay(startMs, zone)}.</p>}
      {data !== undefined && data.versions.length > 0 && <Versions key={`${channel} ${day}`} data={data} />}
    </div>
  );
}

function Versions({ data }: { data: DayVersions }) {
  const zone = useZone();
  const [chosen, setChosen] = useState(0);
  const version = data.versions[chosen] ?? data.versions[0];
  const before = data.versions[chosen + 1];
  const intervals = useMemo(() => (version === undefined ? undefined : asIntervals(data, version)), [data, version]);
  if (version === undefined || intervals === undefined) return null;
  return (
    <>
      <section aria-labelledby="curve-title">
        <div className="section-head">
          <h2 id="curve-title">As it stood from {longDateTime(version.at, zone)} on</h2>
          {before !== undefined && <p className="small quiet">A line shows the version before, where it differed.</p>}
        </div>
        <IntervalChart
          intervals={intervals}
          zone={zone}
          height={260}
          label={`Intervals of ${data.meterId} in the chosen version`}
          proposalWord="before"
          proposal={before === undefined ? undefined : { fromIndex: 0, v: differing(before, version) }}
        />
      </section>
      <section aria-labelledby="versions-title">
        <div className="section-head">
          <h2 id="versions-title">
            Versions <span className="quiet">{count(data.versions.length)}, newest first</span>
          </h2>
        </div>
        <div className="scroll-x" tabIndex={0} role="region" aria-label="Versions">
          <table className="table versions">
            <thead>
              <tr>
                <th scope="col">Known since</th>
                <th scope="col">Version of UTC day</th>
                <th scope="col">By</th>
                <th scope="col">Why</th>
                <th scope="col">Rules, source</th>
                <th scope="col" className="num">
                  Changed
                </th>
                <th scope="col" className="num">
                  Sum of the day
                </th>
              </tr>
            </thead>
            <tbody>
              {data.versions.map((one, index) => (
                <tr key={`${one.block} ${one.version}`} data-on={index === chosen}>
                  <td className="nowrap">
                    <button type="button" className="line-button" aria-pressed={index === chosen} onClick={() => setChosen(index)}>
                      {longDateTime(one.at, zone)}
                    </button>
                  </td>
                  <td className="nowrap">
                    {one.version} <span className="quiet">of {one.block}</span>
                  </td>
                  <td>
                    {one.by}
                    {one.approvedBy !== undefined && <span className="small quiet"> approved by {one.approvedBy}</span>}
                  </td>
                  <td>
                    {whyWords(one)}
                    {one.decision !== undefined && (
                      <span className="small quiet">
                        {" "}
                        <Link to="/exceptions" search={{ view: "decisions" }}>
                          decision
                        </Link>
                      </span>
                    )}
                  </td>
                  <td>{[one.ruleSet, one.source].filter((text) => text !== "" && text !== "decision").join(", ") || "–"}</td>
                  <td className="num">{count(one.changed)}</td>
                  <td className="num nowrap">{sumWords(data, one)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      </section>
    </>
  );
}

function asIntervals(data: DayVersions, version: Version): Intervals {
  const end = Date.parse(data.start) + version.v.length * data.stepSeconds * 1000;
  return {
    meterId: data.meterId,
    channel: data.channel,
    unit: data.unit,
    scaler: data.scaler,
    granularity: "raw",
    start: data.start,
    stepSeconds: data.stepSeconds,
    v: version.v,
    q: version.q,
    notes: [],
    version: version.version,
    // What had not happened when the version was made is shown as missing only once the day was over.
    asOf: new Date(Math.min(end, Date.parse(version.at))).toISOString(),
  };
}

/** The values of the version before, where they were others. */
function differing(before: Version, version: Version): (number | null)[] {
  return before.v.map((value, index) => (value === version.v[index] ? null : value));
}

function whyWords({ reason, by, undoes }: Version): string {
  if (undoes !== undefined) return `${reason} (undoes a decision)`;
  return reason === "" ? (by === "vee" ? "validation and estimation" : "delivered") : reason;
}

function sumWords(data: DayVersions, version: Version): string {
  const sum = version.v.reduce<number>((total, value) => total + (value ?? 0), 0) * 10 ** data.scaler;
  return data.unit === "none" ? String(sum) : quantity(sum, data.unit);
}
