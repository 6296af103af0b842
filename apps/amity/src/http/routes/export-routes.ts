import { createRoute, z, type OpenAPIHono } from "@hono/zod-openapi";
import { ExportQuery, Problem } from "@amity/api";
import type { HttpEnv } from "../env.ts";
import { IdParam } from "./describe.ts";
import type { RouteDeps } from "./deps.ts";
import { found } from "./meter-routes.ts";
import { timeRange } from "./overview-routes.ts";

const text = { schema: z.string() };
const exportRoute = createRoute({
  method: "get",
  path: "/api/v1/usage-points/{id}/export",
  tags: ["meters"],
  summary: "Readings of one usage point over [from, to) as a file of a standard format, streamed",
  request: { params: IdParam, query: ExportQuery },
  responses: {
    200: {
      description: "The file; `content-disposition` names it",
      content: {
        "text/csv": text,
        "application/atom+xml": text,
        "application/xml": text,
        "application/edifact": text,
        "application/vnd.apache.parquet": { schema: z.string().meta({ format: "binary" }) },
      },
    },
    default: { description: "Problem (RFC 9457)", content: { "application/problem+json": { schema: Problem } } },
  },
});

const SPAN_MAX_MS = 3_660 * 86_400_000;

/** Files of readings, for other programs. */
export function addExportRoutes(app: OpenAPIHono<HttpEnv>, { utility }: RouteDeps): void {
  app.openapi(exportRoute, async (c) => {
    const { id } = c.req.valid("param");
    const { from, to, as_of: asOf, ...rest } = c.req.valid("query");
    const file = await utility.exportReadings({
      usagePointId: id,
      ...timeRange(from, to, SPAN_MAX_MS),
      asOfMs: asOf === undefined ? undefined : Date.parse(asOf),
      ...rest,
    });
    const { chunks, mediaType, fileName } = found(file, `usage point ${id}`);
    // What cannot be written at all shows with the first records: then the answer is a problem and not half a file.
    const begun = await beginning(chunks);
    return new Response(streamOf(begun), {
      headers: { "content-type": mediaType, "content-disposition": `attachment; filename="${fileName}"`, "cache-control": "no-store" },
    }) as never;
  });
}

/** Pieces that are written before the answer begins: the format's head and the first record. */
const PIECES_FIRST = 2;

interface Begun {
  readonly first: readonly Uint8Array[];
  readonly rest: AsyncIterator<Uint8Array>;
}

async function beginning(chunks: AsyncIterable<Uint8Array>): Promise<Begun> {
  const rest = chunks[Symbol.asyncIterator]();
  const first: Uint8Array[] = [];
  while (first.length < PIECES_FIRST) {
    const next = await rest.next();
    if (next.done === true) break;
    first.push(next.value);
  }
  return { first, rest };
}

/** Written as fast as the reader takes it; a reader that leaves ends the reading of the ledger. */
function streamOf({ first, rest }: Begun): ReadableStream<Uint8Array> {
  const waiting = [...first];
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      const ready = waiting.shift();
      if (ready !== undefined) {
        controller.enqueue(ready);
        return;
      }
      const next = await rest.next();
      if (next.done === true) controller.close();
      else controller.enqueue(next.value);
    },
    async cancel() {
      await rest.return?.();
    },
  });
}
