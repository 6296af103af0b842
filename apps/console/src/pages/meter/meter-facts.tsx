import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import type { MeterDetail } from "@amity/api";
import { useUtilityNow } from "../../data/use-live.ts";
import { useZone } from "../../shell/session-context.ts";
import { ago, count, dateTime, percent } from "../../ui/format.ts";

/** A gas, water or heat meter at a glance: how it is reached, its valve, its battery, when it was heard. */
export function MeterFacts({ detail }: { detail: MeterDetail }) {
  const zone = useZone();
  const now = useUtilityNow(2_000);
  const { meter, conditions } = detail;
  const battery = conditions.find(({ kind }) => kind === "batteryLow");
  const facts: readonly (readonly [string, ReactNode])[] = [
    ["Reached", <Reach key="reach" reach={detail.reach} />],
    ["Heard", ago(meter.lastSeen, now)],
    ["Valve", detail.commands.includes("disconnect") ? VALVE_WORDS[detail.supply] : "none that can be switched from here"],
    ["Battery", battery === undefined ? "not told to be low" : `low since ${dateTime(battery.since, zone)}`],
    ["Last 24 hours", meter.completeness === undefined ? "–" : `${percent(meter.completeness)} received`],
    [
      "Open exceptions",
      meter.openExceptions === 0 ? (
        "none"
      ) : (
        <Link key="exceptions" to="/exceptions" search={{ view: "list", commodity: meter.commodity }}>
          {count(meter.openExceptions)}
        </Link>
      ),
    ],
  ];
  return (
    <dl className="registers facts" aria-label="At a glance">
      {facts.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

/** How a valve stands, as it was last read back. */
const VALVE_WORDS: Readonly<Record<MeterDetail["supply"], string>> = {
  connected: "open",
  disconnected: "closed",
  ready: "released, waits for a hand",
  unknown: "not read yet",
};

function Reach({ reach }: { reach: MeterDetail["reach"] }) {
  switch (reach.kind) {
    case "behind":
      return (
        <>
          by{" "}
          <Link to="/meters/$meterId" params={{ meterId: reach.host }} className="mono">
            {reach.host}
          </Link>
          , channel {reach.channel}
        </>
      );
    case "wireless":
    case "concentrator":
      return (
        <>
          by{" "}
          <Link to="/meters" search={{ concentrator: reach.concentrator }}>
            {reach.concentrator}
          </Link>{" "}
          as <span className="mono">{reach.address}</span>
        </>
      );
    case "direct":
      return <span className="mono">{reach.address}</span>;
    case "listen":
      return (
        <>
          heard at <span className="mono">{reach.address}</span>
        </>
      );
  }
}
