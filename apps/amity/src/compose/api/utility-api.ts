import type { UtilityApi } from "../../http/ports.ts";
import { billOf, billsOf, releaseBill } from "./bill-views.ts";
import { approveCommand, cancelCommand, commandOf, commandsOf, requestCommand } from "./command-views.ts";
import { exceptionDetailOf, exceptionsOf, resolveException } from "./exception-views.ts";
import { addFirmware, firmwaresOf } from "./firmware-views.ts";
import { exportOf } from "./export-view.ts";
import { intervalsOf } from "./interval-views.ts";
import type { LiveFeed } from "./live-feed.ts";
import { meterDetailOf, metersOf } from "./meter-views.ts";
import { backfillOf, completenessOf, feedersOf, loadOf, overviewOf } from "./overview-views.ts";
import { lastSessionOf } from "./session-view.ts";
import { timelineOf } from "./timeline-view.ts";
import { strangerShape } from "./stranger-shape.ts";
import type { UtilityParts } from "./utility-parts.ts";

/** The utility as the HTTP edge sees it, over the running head-end and MDM. */
export function utilityApi(
  parts: UtilityParts,
  live: LiveFeed,
  own: Pick<UtilityApi, "notReady" | "registerFleet">,
): Omit<UtilityApi, "decisions"> {
  const { headEnd, watch, places, demo } = parts;
  const online = new Set<string>();
  headEnd.subscribe((notice) => {
    if (notice.kind !== "concentrator") return;
    if (notice.online) online.add(notice.concentratorId);
    else online.delete(notice.concentratorId);
  });
  return {
    facts: () => ({
      name: parts.name,
      zone: parts.zone.name,
      simulated: demo !== undefined,
      approvalFor: parts.approvalFor,
      version: parts.version,
    }),
    overview: () => overviewOf(parts),
    topology: () => Promise.resolve(places.topology(watch, (concentratorId) => online.has(concentratorId))),
    load: (ask) => loadOf(parts, ask),
    meters: (query) => metersOf(parts, query),
    meter: (meterId) => meterDetailOf(parts, meterId),
    intervals: (ask) => intervalsOf(parts, ask),
    exportReadings: (ask) => exportOf(parts, ask),
    timeline: (ask) => timelineOf(parts, ask),
    lastSession: (meterId) => lastSessionOf(parts, meterId),
    commands: (query) => commandsOf(parts, query),
    command: (commandId) => commandOf(parts, commandId),
    exceptions: (query) => exceptionsOf(parts, query),
    exception: (id) => exceptionDetailOf(parts, id),
    bills: (query) => billsOf(parts, query),
    bill: (id) => billOf(parts, id),
    completeness: (days) => completenessOf(parts, days),
    backfill: () => Promise.resolve(backfillOf(parts)),
    wirelessStrangers: () => Promise.resolve({ items: headEnd.views.strangers().map(strangerShape) }),
    firmwares: () => firmwaresOf(parts),
    addFirmware: (upload, octets, by) => addFirmware(parts, upload, octets, by),
    requestCommand: (request, by) => requestCommand(parts, request, by),
    approveCommand: (commandId, approval, by) => approveCommand(parts, commandId, approval, by),
    cancelCommand: (commandId, cancellation, by) => cancelCommand(parts, commandId, cancellation, by),
    resolveException: (id, resolution, by) => resolveException(parts, id, resolution, by),
    releaseBill: (id, release, by) => releaseBill(parts, id, release, by),
    async switchFeeder(feederId, state, by) {
      if (demo === undefined) return { kind: "not-supported", detail: "Only a simulated feeder can be cut from here." };
      const before = feedersOf(parts).find(({ id }) => id === feederId);
      if (before === undefined) return { kind: "not-found" };
      if (before.state === state) return { kind: "done", value: before };
      const meters = await demo.setFeeder(feederId, state === "live");
      live.say(
        state === "live" ? "notice" : "alarm",
        `${by.user} ${state === "live" ? "restored" : "cut"} feeder ${before.name}: ${meters} meters`,
      );
      live.feederChanged(feederId);
      const after = feedersOf(parts).find(({ id }) => id === feederId);
      return after === undefined ? { kind: "not-found" } : { kind: "done", value: after };
    },
    setSpeed(speed) {
      if (demo === undefined) return Promise.resolve({ kind: "not-supported", detail: "Only a simulated clock has a speed." });
      demo.setSpeed(speed);
      return Promise.resolve({ kind: "done", value: { speed } });
    },
    subscribe: (listener) => live.subscribe(listener),
    ...own,
  };
}
