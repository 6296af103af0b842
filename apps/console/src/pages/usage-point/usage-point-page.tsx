import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import type { UsagePointDetail } from "@amity/api";
import { ApiProblem } from "../../data/api-client.ts";
import { usagePointQuery } from "../../data/analysis-queries.ts";
import { meterQuery } from "../../data/queries.ts";
import { useZone } from "../../shell/session-context.ts";
import { CommodityIcon, COMMODITY_WORDS } from "../../ui/commodity.tsx";
import { count, dateTime, longDateTime, money, percent } from "../../ui/format.ts";
import { ConditionList } from "../../ui/condition-list.tsx";
import { ProblemNote } from "../../ui/problem-note.tsx";
import { deliveredText } from "../bills/joint-box.tsx";

const route = getRouteApi("/usage-points/$usagePoint");

/** One place where a commodity is delivered: who measured it when, what it is billed by, what waits. */
export function UsagePointPage() {
  const { usagePoint } = route.useParams();
  const { data: point, error, refetch } = useQuery(usagePointQuery(usagePoint));
  if (point === undefined) {
    const unknown = error instanceof ApiProblem && error.problem.status === 404;
    return (
      <div className="page">
        {unknown ? (
          <p className="empty">There is no usage point {usagePoint}.</p>
        ) : (
          error !== null && <ProblemNote error={error} retry={() => void refetch()} />
        )}
      </div>
    );
  }
  const present = point.installations.find(({ to }) => to === undefined);
  return (
    <div className="page">
      <div className="page-head">
        <div>
          <h1>
            Usage point <span className="mono">{point.id}</span>
          </h1>
          <p>
            {COMMODITY_WORDS[commodityOf(point)]}, {point.channelClass}
            {point.premises !== undefined && `, place ${point.premises}`}
            {point.customer !== undefined && `, customer ${point.customer}`}.{" "}
            {point.tariff === undefined ? "Not billed yet." : `Billed by ${point.tariff.name}.`}
          </p>
          {point.samePlace.length > 0 && (
            <ul className="same-place" aria-label="Other usage points of the same place">
              {point.samePlace.map(({ usagePoint: other, commodity }) => (
                <li key={other}>
                  <Link to="/usage-points/$usagePoint" params={{ usagePoint: other }}>
                    <CommodityIcon commodity={commodity} /> {COMMODITY_WORDS[commodity]}
                  </Link>
                </li>
              ))}
            </ul>
          )}
        </div>
      </div>
      <Trouble point={point} />
      <MeterHistory point={point} />
      {present !== undefined && <Channels meterId={present.meterId} />}
      <Bills point={point} />
      <Exceptions point={point} />
    </div>
  );
}

function commodityOf(point: UsagePointDetail): UsagePointDetail["samePlace"][number]["commodity"] {
  return point.commodity === "gas" || point.commodity === "water" || point.commodity === "heat" ? point.commodity : "electricity";
}

/** What is wrong at the place, whatever it is that flows there: what the meters say, and what validation found. */
function Trouble({ point }: { point: UsagePointDetail }) {
  const others = point.trouble.filter(({ meter, conditions }) => meter.usagePoint !== point.id || conditions.length > 0);
  if (others.length === 0) return null;
  return (
    <section className="stack" aria-labelledby="trouble-title">
      <h2 id="trouble-title">At this place</h2>
      {others.map(({ meter, conditions, exceptions }) => (
        <div key={meter.id} className="trouble">
          <h3>
            <CommodityIcon commodity={meter.commodity} /> {COMMODITY_WORDS[meter.commodity]}{" "}
            <Link to="/meters/$meterId" params={{ meterId: meter.id }} className="mono">
              {meter.id}
            </Link>
          </h3>
          {conditions.length > 0 && <ConditionList conditions={conditions} />}
          {meter.usagePoint !== point.id && exceptions.length > 0 && <ExceptionLinks exceptions={exceptions} />}
        </div>
      ))}
    </section>
  );
}

function MeterHistory({ point }: { point: UsagePointDetail }) {
  const zone = useZone();
  return (
    <section className="stack" aria-labelledby="history-title">
      <h2 id="history-title">Meters</h2>
      <div className="scroll-x" tabIndex={0} role="region" aria-label="Meters of this usage point">
        <table className="table">
          <thead>
            <tr>
              <th scope="col">Meter</th>
              <th scope="col">Installed</th>
              <th scope="col">Removed</th>
              <th scope="col" className="num">
                Multiplier (CT and PT)
              </th>
            </tr>
          </thead>
          <tbody>
            {point.installations.map((installation) => (
              <tr key={`${installation.meterId} ${installation.from}`}>
                <td>
                  <Link to="/meters/$meterId" params={{ meterId: installation.meterId }} className="mono">
                    {installation.meterId}
                  </Link>
                  {installation.isReversed && <span className="small quiet"> connected the wrong way round: import counts as export</span>}
                </td>
                <td>{longDateTime(installation.from, zone)}</td>
                <td>{installation.to === undefined ? "stands here" : longDateTime(installation.to, zone)}</td>
                <td className="num">{installation.multiplier}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {point.installations.length === 0 && <p className="empty">No meter was ever installed here.</p>}
    </section>
  );
}

/** Channels, events and why each value is what it is are on the meter's own page. */
function Channels({ meterId }: { meterId: string }) {
  const zone = useZone();
  const { data: detail } = useQuery(meterQuery(meterId));
  if (detail === undefined || detail.channels.length === 0) return null;
  return (
    <section className="stack" aria-labelledby="channels-title">
      <h2 id="channels-title">Channels</h2>
      <div className="scroll-x" tabIndex={0} role="region" aria-label="Channels of the present meter">
        <table className="table">
          <thead>
            <tr>
              <th scope="col">Channel</th>
              <th scope="col">Unit</th>
              <th scope="col">Interval</th>
              <th scope="col">Held</th>
            </tr>
          </thead>
          <tbody>
            {detail.channels.map((channel) => (
              <tr key={channel.channel}>
                <td>
                  <Link to="/meters/$meterId" params={{ meterId }} search={{ channel: channel.channel }}>
                    {channel.name}
                  </Link>{" "}
                  <span className="mono quiet">{channel.channel}</span>
                </td>
                <td>{channel.unit === "m3" ? "m\u00b3" : channel.unit}</td>
                <td>{channel.intervalSeconds / 60} min</td>
                <td className="small">
                  {channel.from === undefined || channel.to === undefined
                    ? "–"
                    : `${dateTime(channel.from, zone)} to ${dateTime(channel.to, zone)}`}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <p className="small">
        <Link to="/meters/$meterId" params={{ meterId }}>
          Curve, events, commands, and why each value is what it is
        </Link>
      </p>
    </section>
  );
}

function Bills({ point }: { point: UsagePointDetail }) {
  return (
    <section className="stack" aria-labelledby="bills-title">
      <h2 id="bills-title">Bills</h2>
      {point.bills.length === 0 ? (
        <p className="empty">No bill yet.</p>
      ) : (
        <div className="scroll-x" tabIndex={0} role="region" aria-label="Bills of this usage point">
          <table className="table">
            <thead>
              <tr>
                <th scope="col">Time</th>
                <th scope="col">Tariff</th>
                <th scope="col" className="num">
                  Delivered
                </th>
                <th scope="col" className="num">
                  Estimated
                </th>
                <th scope="col" className="num">
                  Total
                </th>
                <th scope="col">State</th>
              </tr>
            </thead>
            <tbody>
              {point.bills.map((bill) => (
                <tr key={bill.id}>
                  <td>
                    <Link to="/bills" search={{ id: bill.id }}>
                      {bill.from} to {bill.to}
                    </Link>
                  </td>
                  <td>{bill.tariff}</td>
                  <td className="num">{deliveredText(bill)}</td>
                  <td className="num">{bill.estimatedShare === 0 ? "none" : percent(bill.estimatedShare)}</td>
                  <td className="num">{money(bill.total, bill.currency)}</td>
                  <td>
                    <span className="tag" data-kind={bill.state}>
                      {bill.state}
                    </span>
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}

function Exceptions({ point }: { point: UsagePointDetail }) {
  return (
    <section className="stack" aria-labelledby="exceptions-title">
      <h2 id="exceptions-title">
        Open exceptions <span className="quiet">{count(point.openExceptions)}</span>
      </h2>
      {point.exceptions.length === 0 ? (
        <p className="empty">Nothing of the present meter waits for a decision.</p>
      ) : (
        <ExceptionLinks exceptions={point.exceptions} />
      )}
    </section>
  );
}

function ExceptionLinks({ exceptions }: Pick<UsagePointDetail, "exceptions">) {
  const zone = useZone();
  return (
    <ul className="examples">
      {exceptions.map((exception) => (
        <li key={exception.id}>
          <Link to="/exceptions" search={{ id: exception.id }} className="severity" data-severity={exception.severity}>
            {exception.title}
          </Link>{" "}
          <span className="quiet">{dateTime(exception.from, zone)}</span> {exception.reason}
        </li>
      ))}
    </ul>
  );
}
