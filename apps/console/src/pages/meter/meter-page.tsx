import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import type { MeterDetail } from "@amity/api";
import { CommandBar } from "../../commands/command-bar.tsx";
import { ApiProblem } from "../../data/api-client.ts";
import { meterQuery } from "../../data/queries.ts";
import { useUtilityNow } from "../../data/use-live.ts";
import { useRight, useZone } from "../../shell/session-context.ts";
import { CommodityIcon, CommodityLabel, COMMODITY_WORDS } from "../../ui/commodity.tsx";
import { ago, count, dateTime, exact, percent, shortDay } from "../../ui/format.ts";
import { ProblemNote } from "../../ui/problem-note.tsx";
import { ConditionList } from "../../ui/condition-list.tsx";
import { StateLabel } from "../../ui/state-mark.tsx";
import { ApduTrace } from "./apdu-trace.tsx";
import { IntervalSection } from "./interval-section.tsx";
import { MeterFacts } from "./meter-facts.tsx";
import { TimelineSection } from "./timeline-section.tsx";
import { useSpan } from "./use-span.ts";

const route = getRouteApi("/meters/$meterId");

/** One meter: what it is, what it said, what was done with it. */
export function MeterPage() {
  const { meterId } = route.useParams();
  const { data: detail, error, refetch } = useQuery(meterQuery(meterId));
  const span = useSpan();
  const mayTrace = useRight("trace");
  if (detail === undefined) {
    const unknown = error instanceof ApiProblem && error.problem.status === 404;
    return (
      <div className="page">
        {unknown ? (
          <p className="empty">There is no meter {meterId}.</p>
        ) : (
          error !== null && <ProblemNote error={error} retry={() => void refetch()} />
        )}
      </div>
    );
  }
  return (
    <div className="page">
      <MeterHead detail={detail} />
      {isSubMeterOf(detail) && <MeterFacts detail={detail} />}
      <Registers detail={detail} />
      {span !== undefined && (
        <>
          {detail.channels.length > 0 ? (
            <IntervalSection detail={detail} span={span} />
          ) : (
            <p className="empty">The ledger holds no intervals of this meter yet.</p>
          )}
          <TimelineSection meterId={meterId} span={span} />
        </>
      )}
      {mayTrace && <ApduTrace meterId={meterId} />}
    </div>
  );
}

/** Whether it is one of those that another device reads or hears, or that measures something else than electricity. */
function isSubMeterOf({ meter, reach }: MeterDetail): boolean {
  return meter.commodity !== "electricity" || reach.kind === "behind" || reach.kind === "wireless";
}

function MeterHead({ detail }: { detail: MeterDetail }) {
  const zone = useZone();
  const now = useUtilityNow(2_000);
  const { meter } = detail;
  const isSubMeter = isSubMeterOf(detail);
  return (
    <div className="page-head">
      <div>
        <p className="crumbs">
          <Link to="/meters">Meters</Link>
          {meter.feeder !== undefined && (
            <>
              {" / "}
              <Link to="/meters" search={{ feeder: meter.feeder }}>
                {meter.feeder}
              </Link>
            </>
          )}
          {meter.concentrator !== undefined && (
            <>
              {" / "}
              <Link to="/meters" search={{ concentrator: meter.concentrator }}>
                {meter.concentrator}
              </Link>
            </>
          )}
        </p>
        <h1 className="meter-title">
          <CommodityIcon commodity={meter.commodity} /> {meter.id} <StateLabel state={meter.state} />
        </h1>
        <p>
          {[
            COMMODITY_WORDS[meter.commodity],
            [detail.manufacturer, detail.model].filter(Boolean).join(" ") || undefined,
            meter.firmware === undefined ? undefined : `firmware ${meter.firmware}`,
            detail.installed === undefined ? undefined : `installed ${shortDay(detail.installed, zone)} ${detail.installed.slice(0, 4)}`,
          ]
            .filter(Boolean)
            .join(", ")}
          {meter.usagePoint !== undefined && (
            <>
              , usage point{" "}
              <Link to="/usage-points/$usagePoint" params={{ usagePoint: meter.usagePoint }} className="mono">
                {meter.usagePoint}
              </Link>
            </>
          )}
        </p>
        <p>
          {isSubMeter ? detail.protocol : `${detail.route}, ${detail.protocol}`}. Heard {ago(meter.lastSeen, now)}
          {detail.watermark !== undefined && `, load profile read up to ${dateTime(detail.watermark, zone)}`}
          {detail.clockOffsetSeconds !== undefined && `, clock ${clockWords(detail.clockOffsetSeconds)}`}
          {(detail.reach.kind === "direct" || detail.reach.kind === "concentrator") &&
            `. ${count(detail.health.sessions)} sessions, ${detail.health.failures === 0 ? "none" : count(detail.health.failures)} failed`}
          {meter.completeness !== undefined && `, ${percent(meter.completeness)} of the last 24 hours received`}.
        </p>
        {detail.samePlace.length > 0 && (
          <ul className="same-place" aria-label="Other meters of the same home">
            {detail.samePlace.map(({ id, commodity }) => (
              <li key={id}>
                <Link to="/meters/$meterId" params={{ meterId: id }}>
                  <CommodityLabel commodity={commodity} />
                </Link>
              </li>
            ))}
          </ul>
        )}
        {detail.conditions.length > 0 && <ConditionList conditions={detail.conditions} />}
        {detail.health.lastError !== undefined && <p className="out">{detail.health.lastError}</p>}
      </div>
      <CommandBar detail={detail} />
    </div>
  );
}

function Registers({ detail }: { detail: MeterDetail }) {
  const zone = useZone();
  if (detail.registers.length === 0) return null;
  return (
    <section aria-label="Registers as last read">
      <dl className="registers">
        {detail.registers.map((register) => (
          <div key={register.obis}>
            <dt>
              {register.name} <span className="mono quiet">{register.obis}</span>
            </dt>
            <dd title={dateTime(register.at, zone)}>
              {register.unit === "Wh" || register.unit === "varh"
                ? exact(register.value, register.scaler - 3, `k${register.unit}`)
                : exact(register.value, register.scaler, register.unit)}
            </dd>
          </div>
        ))}
      </dl>
    </section>
  );
}

function clockWords(offsetSeconds: number): string {
  if (offsetSeconds === 0) return "exact";
  return `${Math.abs(offsetSeconds)} s ${offsetSeconds < 0 ? "slow" : "fast"}`;
}
