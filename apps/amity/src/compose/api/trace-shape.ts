import { toHex } from "@amity/bytes";
import type { SessionTrace, TraceField } from "@amity/api";
import { explain } from "@amity/dlms";
import type { FrameTrace, SessionTrace as RecordedTrace, TracedProtocol } from "@amity/headend";
import { dlmsField } from "../../laboratory/explain-dlms.ts";
import { explainInput, type ExplainedField } from "../../laboratory/explain-input.ts";
import { instantText } from "./cursor.ts";

const MESSAGES_MAX = 1000;

/** Keys that open what is ciphered on the wire; DLMS messages were opened when they passed. */
export interface TraceKeys {
  readonly key?: Uint8Array;
  readonly authenticationKey?: Uint8Array;
}

/** The last session of a meter, or the last that was heard of it, each message explained field by field. */
export function traceShape(trace: RecordedTrace, keys: TraceKeys): SessionTrace {
  return {
    meterId: trace.meterId,
    startedAt: instantText(trace.startedAtMs),
    ...(trace.endedAtMs === undefined ? {} : { endedAt: instantText(trace.endedAtMs) }),
    route: trace.route,
    outcome: outcomeWords(trace),
    messages: trace.frames.slice(0, MESSAGES_MAX).map((frame) => messageShape(frame, keys)),
    dropped: trace.framesDropped + Math.max(0, trace.frames.length - MESSAGES_MAX),
  };
}

function outcomeWords({ outcome, error, purpose }: RecordedTrace): string {
  if (outcome === "open") return purpose === "listen" ? "still listened to" : "open";
  return error === undefined ? outcome : `${outcome}: ${error}`;
}

type Message = SessionTrace["messages"][number];

function messageShape(frame: FrameTrace, keys: TraceKeys): Message {
  const passed = { at: instantText(frame.atMs), direction: frame.direction, hex: toHex(frame.wire) };
  if (frame.isSecret === true) return { ...passed, title: "password", summary: "It passed, and is not shown", ciphered: false, fields: [] };
  const { protocol } = frame;
  const root = protocol === undefined ? explainApdu(frame) : explainInput(frame.wire, { protocol, ...keys }).root;
  const error = firstError(root);
  const said = wholeOf(root);
  const summary = protocol === undefined ? root.value : summaryOf(said);
  return {
    ...passed,
    title: protocol === undefined ? root.name : titleOf(said, protocol),
    ...(summary === undefined ? {} : { summary }),
    ...(frame.plain === undefined ? {} : { plainHex: toHex(frame.plain) }),
    ciphered: frame.plain !== undefined,
    fields: (root.children ?? []).map(fieldShape),
    ...(error === undefined ? {} : { error }),
  };
}

function explainApdu({ plain, wire }: FrameTrace): ExplainedField {
  return dlmsField(explain(plain ?? wire, { form: "apdu" }));
}

/** What passed between two requests is mostly one message: its name says more than that it is one. */
function wholeOf(root: ExplainedField): ExplainedField {
  const [only, ...others] = root.children ?? [];
  return root.name === "iec62056-21" && only !== undefined && others.length === 0 ? only : root;
}

const PROTOCOL_TITLES: Readonly<Record<TracedProtocol, string>> = {
  mbus: "M-Bus",
  wmbus: "wireless M-Bus",
  sml: "SML",
  p1: "P1",
  "iec62056-21": "IEC 62056-21",
};

/** The name of the message, with its protocol where the name alone says little. */
function titleOf({ name }: ExplainedField, protocol: TracedProtocol): string {
  return name === protocol || name === "frame" ? PROTOCOL_TITLES[protocol] : `${PROTOCOL_TITLES[protocol]}, ${name}`;
}

const SUMMARY_CHARACTERS_MAX = 160;

function summaryOf({ value, detail, children = [] }: ExplainedField): string | undefined {
  const messages = children
    .flatMap((child) => (child.name === "file" ? (child.children ?? []) : [child]))
    .filter(({ name }) => name === "message");
  const text = [value, detail, ...messages.map((message) => message.value)].filter((part) => part !== undefined).join(", ");
  if (text === "") return undefined;
  return text.length > SUMMARY_CHARACTERS_MAX ? `${text.slice(0, SUMMARY_CHARACTERS_MAX)}…` : text;
}

function fieldShape(field: ExplainedField): TraceField {
  const value = [field.value, field.detail, field.error].filter((part) => part !== undefined).join(", ");
  return {
    name: field.name,
    ...(value === "" ? {} : { value }),
    offset: field.offset,
    length: field.length,
    ...(field.children === undefined || field.children.length === 0 ? {} : { children: field.children.map(fieldShape) }),
  };
}

function firstError(field: ExplainedField): string | undefined {
  if (field.error !== undefined) return field.error;
  for (const child of field.children ?? []) {
    const error = firstError(child);
    if (error !== undefined) return error;
  }
  return undefined;
}
