import { createRoute, z, type OpenAPIHono } from "@hono/zod-openapi";
import { Firmware, Firmwares, FirmwareUploadQuery } from "@amity/api";
import { checkRight, requireRight } from "../access/gatekeeping.ts";
import type { HttpEnv } from "../env.ts";
import { answers, WriteHeaders } from "./describe.ts";
import { settled } from "./outcome.ts";
import type { RouteDeps } from "./deps.ts";

/** Bodies here are images: they may be larger than elsewhere. */
export const FIRMWARE_PATH = "/api/v1/firmware";

const tags = ["commands"];
const listRoute = createRoute({
  method: "get",
  path: FIRMWARE_PATH,
  tags,
  summary: "Firmware images for meters, newest first",
  responses: answers(200, Firmwares, "The images, without their octets"),
});
const uploadRoute = createRoute({
  method: "post",
  path: FIRMWARE_PATH,
  tags,
  summary: "Upload a firmware image once; the body is its octets. An identification is never given to other octets",
  middleware: [requireRight("fleet")] as const,
  request: {
    query: FirmwareUploadQuery,
    headers: WriteHeaders,
    body: { required: true, content: { "application/octet-stream": { schema: z.string().meta({ format: "binary" }) } } },
  },
  responses: answers(200, Firmware, "The image as it is kept"),
});

/** Firmware images: what `updateFirmware` brings to meters. */
export function addFirmwareRoutes(app: OpenAPIHono<HttpEnv>, { utility }: RouteDeps): void {
  app.openapi(listRoute, async (c) => c.json(await utility.firmwares(), 200));
  app.openapi(uploadRoute, async (c) => {
    const principal = checkRight(c.get("principal"), "fleet");
    const octets = new Uint8Array(await c.req.arrayBuffer());
    const query = c.req.valid("query");
    return c.json(settled(await utility.addFirmware(query, octets, principal), `image ${query.identification}`), 200);
  });
}
