import { createMiddleware } from "hono/factory";
import { routePath } from "hono/route";
import { Counter, Gauge, Histogram, type Registry } from "prom-client";
import type { Timers } from "@amity/runtime";
import type { HttpEnv } from "./env.ts";

/** Counts requests and their seconds by route, and who follows the live stream. */
export function requestMetrics(registry: Registry, timers: Pick<Timers, "elapsedMs">, followers: () => number) {
  const registers = [registry];
  const seconds = new Histogram({
    name: "amity_http_request_seconds",
    help: "Seconds until the answer's head",
    labelNames: ["method", "route"] as const,
    buckets: [0.005, 0.02, 0.05, 0.1, 0.3, 1, 3, 10],
    registers,
  });
  const total = new Counter({
    name: "amity_http_requests_total",
    help: "Requests by status",
    labelNames: ["method", "route", "status"] as const,
    registers,
  });
  const streams: Gauge = new Gauge({
    name: "amity_http_live_streams",
    help: "Clients that follow the live stream",
    registers,
    collect: () => {
      streams.set(followers());
    },
  });

  return createMiddleware<HttpEnv>(async (c, next) => {
    const startedMs = timers.elapsedMs();
    await next();
    const labels = { method: c.req.method, route: routePath(c, -1) };
    seconds.observe(labels, (timers.elapsedMs() - startedMs) / 1000);
    total.inc({ ...labels, status: c.res.status });
  });
}
