import { toHex } from "@amity/bytes";
import type { SessionTrace, TraceField } from "@amity/api";
import { explain, type Explained } from "@amity/dlms";
import type { FrameTrace, SessionTrace as RecordedTrace } from "@amity/headend";
import { instantText } from "./cursor.ts";

const MESSAGES_MAX = 1000;

/** The last session of a meter, each APDU explained field by field over its plain octets. */
export function traceShape(trace: RecordedTrace): SessionTrace {
  return {
    meterId: trace.meterId,
    startedAt: instantText(trace.startedAtMs),
    ...(trace.endedAtMs === undefined ? {} : { endedAt: instantText(trace.endedAtMs) }),
    route: trace.route,
    outcome: trace.error === undefined ? trace.outcome : `${trace.outcome}: ${trace.error}`,
    messages: trace.frames.slice(0, MESSAGES_MAX).map(messageShape),
    dropped: trace.framesDropped + Math.max(0, trace.frames.length - MESSAGES_MAX),
  };
}

function messageShape(frame: FrameTrace): SessionTrace["messages"][number] {
  const octets = frame.plain ?? frame.wire;
  const explained = explain(octets, { form: "apdu" });
  const error = firstError(explained);
  return {
    at: instantText(frame.atMs),
    direction: frame.direction,
    title: explained.name,
    ...(explained.value === undefined ? {} : { summary: explained.value }),
    hex: toHex(frame.wire),
    ...(frame.plain === undefined ? {} : { plainHex: toHex(frame.plain) }),
    ciphered: frame.plain !== undefined,
    fields: (explained.children ?? []).map(fieldShape),
    ...(error === undefined ? {} : { error }),
  };
}

function fieldShape(field: Explained): TraceField {
  return {
    name: field.name,
    ...(field.value === undefined ? {} : { value: field.value }),
    offset: field.offset,
    length: field.length,
    ...(field.children === undefined || field.children.length === 0 ? {} : { children: field.children.map(fieldShape) }),
  };
}

function firstError(field: Explained): string | undefined {
  if (field.error !== undefined) return field.error;
  for (const child of field.children ?? []) {
    const error = firstError(child);
    if (error !== undefined) return error;
  }
  return undefined;
}
