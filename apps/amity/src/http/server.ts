import { createServer, type Server } from "node:http";
import { getRequestListener } from "@hono/node-server";
import { LinkError } from "@amity/bytes";
import type { HttpApp } from "./app.ts";
import { limitConnections } from "./connection-limit.ts";

export interface HttpServer {
  /** E.g. `http://127.0.0.1:8080`. */
  readonly url: string;
  readonly port: number;
  /** Stops listening and ends what is open, live streams too. */
  close(): Promise<void>;
}

const CONNECTIONS_MAX = 2_000;
/** Machine time for the head of a request, and how often the platform looks whether it has passed. */
const HEAD_MS_MAX = 20_000;
const LOOK_EVERY_MS = 5_000;

/**
 * Listens. Port 0 takes a free one; `portsToTry` more ports are tried where the first is busy.
 * @throws LinkError `in-use` where all are busy, `cannot-listen` for other failures.
 */
export async function startHttpServer(
  app: HttpApp,
  options: { host: string; port: number; portsToTry?: number; connectionsMax?: number },
): Promise<HttpServer> {
  const listener = getRequestListener((request, env) => app.fetch(request, env));
  const server = createServer({ connectionsCheckingInterval: LOOK_EVERY_MS }, (incoming, outgoing) => void listener(incoming, outgoing));
  server.requestTimeout = 60_000;
  server.headersTimeout = HEAD_MS_MAX;
  server.keepAliveTimeout = 10_000;
  limitConnections(server, options.connectionsMax ?? CONNECTIONS_MAX);
  const port = await listenOnFirstFree(server, options);
  const host = options.host.includes(":") && !options.host.startsWith("[") ? `[${options.host}]` : options.host;
  return {
    url: `http://${host}:${port}`,
    port,
    close: () =>
      new Promise((resolve) => {
        app.close();
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function listenOnFirstFree(server: Server, options: { host: string; port: number; portsToTry?: number }): Promise<number> {
  const last = options.port === 0 ? 0 : options.port + (options.portsToTry ?? 0);
  for (let port = options.port; port <= last; port += 1) {
    const outcome = await listenOn(server, options.host, port);
    if (outcome.kind === "listening") return outcome.port;
    if (outcome.code !== "EADDRINUSE") {
      throw new LinkError(`Cannot listen on ${options.host}:${port}: ${outcome.code}`, {
        code: "cannot-listen",
        advice: "Choose another --host or --port.",
      });
    }
  }
  throw new LinkError(`Ports ${options.port} to ${last} on ${options.host} are in use`, {
    code: "in-use",
    advice: "Stop the other program, or choose another --port.",
  });
}

function listenOn(
  server: Server,
  host: string,
  port: number,
): Promise<{ kind: "listening"; port: number } | { kind: "failed"; code: string }> {
  return new Promise((resolve) => {
    const failed = (error: NodeJS.ErrnoException): void => resolve({ kind: "failed", code: error.code ?? "unknown" });
    server.once("error", failed);
    server.listen(port, host, () => {
      server.off("error", failed);
      const address = server.address();
      resolve({ kind: "listening", port: typeof address === "object" && address !== null ? address.port : port });
    });
  });
}
