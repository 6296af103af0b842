import { createRootRoute, createRoute, createRouter, lazyRouteComponent } from "@tanstack/react-router";
import { OverviewPage } from "./pages/overview/overview-page.tsx";
import { Shell } from "./shell/shell.tsx";

/** A search parameter as text; numbers and the like that a hand-written address may hold become text too. */
function text(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : typeof value === "number" ? String(value) : undefined;
}

/** Leaves absent parameters out, so that addresses stay short. */
function only<Search extends Record<string, string | undefined>>(search: Search): { [Key in keyof Search]?: string } {
  return Object.fromEntries(Object.entries(search).filter(([, value]) => value !== undefined)) as { [Key in keyof Search]?: string };
}

const rootRoute = createRootRoute({ component: Shell });

const overviewRoute = createRoute({ getParentRoute: () => rootRoute, path: "/", component: OverviewPage });
const metersRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/meters",
  validateSearch: (search: Record<string, unknown>) =>
    only({
      commodity: text(search["commodity"]),
      q: text(search["q"]),
      state: text(search["state"]),
      feeder: text(search["feeder"]),
      concentrator: text(search["concentrator"]),
      sort: text(search["sort"]),
    }),
  component: lazyRouteComponent(() => import("./pages/meters/meters-page.tsx"), "MetersPage"),
});
const heardRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/meters/heard",
  component: lazyRouteComponent(() => import("./pages/heard/heard-page.tsx"), "HeardPage"),
});
const meterRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/meters/$meterId",
  validateSearch: (search: Record<string, unknown>) =>
    only({
      span: text(search["span"]),
      day: text(search["day"]),
      channel: text(search["channel"]),
      view: text(search["view"]),
      why: text(search["why"]),
    }),
  component: lazyRouteComponent(() => import("./pages/meter/meter-page.tsx"), "MeterPage"),
});
const editRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/meters/$meterId/edit",
  validateSearch: (search: Record<string, unknown>) =>
    only({ channel: text(search["channel"]), from: text(search["from"]), to: text(search["to"]) }),
  component: lazyRouteComponent(() => import("./pages/edit/edit-page.tsx"), "EditPage"),
});
const versionsRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/meters/$meterId/versions",
  validateSearch: (search: Record<string, unknown>) => only({ channel: text(search["channel"]), day: text(search["day"]) }),
  component: lazyRouteComponent(() => import("./pages/versions/versions-page.tsx"), "VersionsPage"),
});
const exceptionsRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/exceptions",
  validateSearch: (search: Record<string, unknown>) =>
    only({
      view: text(search["view"]),
      state: text(search["state"]),
      rule: text(search["rule"]),
      severity: text(search["severity"]),
      feeder: text(search["feeder"]),
      commodity: text(search["commodity"]),
      assignee: text(search["assignee"]),
      cluster: text(search["cluster"]),
      id: text(search["id"]),
    }),
  component: lazyRouteComponent(() => import("./pages/exceptions/exceptions-page.tsx"), "ExceptionsPage"),
});
const billsRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/bills",
  validateSearch: (search: Record<string, unknown>) =>
    only({ id: text(search["id"]), line: text(search["line"]), state: text(search["state"]), commodity: text(search["commodity"]) }),
  component: lazyRouteComponent(() => import("./pages/bills/bills-page.tsx"), "BillsPage"),
});
const commandsRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/commands",
  validateSearch: (search: Record<string, unknown>) =>
    only({
      state: text(search["state"]),
      kind: text(search["kind"]),
      from: text(search["from"]),
      to: text(search["to"]),
      id: text(search["id"]),
    }),
  component: lazyRouteComponent(() => import("./pages/commands/commands-page.tsx"), "CommandsPage"),
});
const usagePointRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/usage-points/$usagePoint",
  component: lazyRouteComponent(() => import("./pages/usage-point/usage-point-page.tsx"), "UsagePointPage"),
});
const rulesRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/analysis/rules",
  validateSearch: (search: Record<string, unknown>) =>
    only({ set: text(search["set"]), version: text(search["version"]), job: text(search["job"]) }),
  component: lazyRouteComponent(() => import("./pages/analysis/rules-page.tsx"), "RulesPage"),
});
const estimationRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/analysis/estimation",
  validateSearch: (search: Record<string, unknown>) => only({ job: text(search["job"]) }),
  component: lazyRouteComponent(() => import("./pages/analysis/estimation-page.tsx"), "EstimationPage"),
});
const tariffsRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/analysis/tariffs",
  validateSearch: (search: Record<string, unknown>) =>
    only({
      tariff: text(search["tariff"]),
      candidate: text(search["candidate"]),
      job: text(search["job"]),
      point: text(search["point"]),
    }),
  component: lazyRouteComponent(() => import("./pages/analysis/tariffs-page.tsx"), "TariffsPage"),
});
const lossesRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/analysis/losses",
  component: lazyRouteComponent(() => import("./pages/analysis/losses-page.tsx"), "LossesPage"),
});
const completenessRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/completeness",
  validateSearch: (search: Record<string, unknown>) => only({ day: text(search["day"]), concentrator: text(search["concentrator"]) }),
  component: lazyRouteComponent(() => import("./pages/completeness/completeness-page.tsx"), "CompletenessPage"),
});

export function createConsoleRouter() {
  const routeTree = rootRoute.addChildren([
    overviewRoute,
    metersRoute,
    heardRoute,
    meterRoute,
    editRoute,
    versionsRoute,
    exceptionsRoute,
    billsRoute,
    completenessRoute,
    commandsRoute,
    usagePointRoute,
    rulesRoute,
    estimationRoute,
    tariffsRoute,
    lossesRoute,
  ]);
  return createRouter({
    routeTree,
    defaultPreload: "intent",
    scrollRestoration: true,
    defaultNotFoundComponent: () => <p className="empty">There is no page at this address.</p>,
  });
}

declare module "@tanstack/react-router" {
  interface Register {
    router: ReturnType<typeof createConsoleRouter>;
  }
}
