import { Identifier, Problem } from "@amity/api";
import { z } from "@hono/zod-openapi";

/** The answer of a route as OpenAPI has it: one JSON body, and problems for everything else. */
export function answers<Schema extends z.ZodType, Status extends 200 | 202>(status: Status, schema: Schema, description: string) {
  return {
    [status]: { description, content: { "application/json": { schema } } },
    default: { description: "Problem (RFC 9457)", content: { "application/problem+json": { schema: Problem } } },
  } as { [Key in Status]: { description: string; content: { "application/json": { schema: Schema } } } };
}

/** A JSON body that must be there and be valid. */
export function jsonBody<Schema extends z.ZodType>(schema: Schema) {
  return { required: true as const, content: { "application/json": { schema } } };
}

/** A JSON body that may be left out; then it reads as an empty object. */
export function optionalJsonBody<Schema extends z.ZodType>(schema: Schema) {
  return { required: false as const, content: { "application/json": { schema } } };
}

/** The path parameter `{id}`. */
export const IdParam = z.object({ id: Identifier });

/** The header that every write carries. */
export const WriteHeaders = z.object({ "idempotency-key": z.string().min(1).max(200) });
