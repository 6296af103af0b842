import { UsageError } from "@amity/bytes";
import { explain, type Explained } from "@amity/dlms";
import { detectMbus, explainMbus, singleKey, type ExplainNode } from "@amity/mbus";

/** A part of a frame as a person reads it: one shape for every protocol. */
export interface ExplainedField {
  readonly name: string;
  /** Octets from the start of the frame (or of what was deciphered from it). */
  readonly offset: number;
  readonly length: number;
  readonly value?: string;
  readonly detail?: string;
  readonly error?: string;
  readonly children?: readonly ExplainedField[];
}

export interface ExplainedInput {
  readonly protocol: string;
  readonly root: ExplainedField;
}

export interface ExplainInputOptions {
  readonly protocol?: string;
  readonly key?: Uint8Array;
  readonly authenticationKey?: Uint8Array;
  readonly systemTitle?: Uint8Array;
}

/** Protocols that `amity decode` explains, in the order in which they are guessed. */
export const EXPLAINABLE_PROTOCOLS: readonly string[] = ["dlms", "mbus", "wmbus"];

/** Explains octets by the protocol named, or by what they look like: DLMS where nothing else fits. */
export function explainInput(octets: Uint8Array, options: ExplainInputOptions): ExplainedInput {
  const protocol = options.protocol ?? guess(octets);
  switch (protocol) {
    case "dlms":
      return { protocol, root: dlmsField(explainDlms(octets, options)) };
    case "mbus":
    case "wmbus":
      return { protocol, root: explainMbusFrame(octets, protocol, options) };
    default:
      throw new UsageError(`protocol "${protocol}" cannot be explained`, { code: "protocol" });
  }
}

/** DLMS over the wrapper, HDLC or bare APDUs begin with octets that M-Bus frames of the right length do not. */
function guess(octets: Uint8Array): string {
  const [first, second] = octets;
  if (first === 0x7e || (first === 0 && second === 1)) return "dlms";
  const mbus = detectMbus(octets);
  return mbus ?? "dlms";
}

function explainDlms(octets: Uint8Array, { key, authenticationKey, systemTitle }: ExplainInputOptions): Explained {
  const keys =
    key === undefined
      ? []
      : [{ label: "given key", encryptionKey: key, authenticationKey: authenticationKey ?? new Uint8Array(key.length) }];
  return explain(octets, { keys, systemTitles: systemTitle === undefined ? [] : [systemTitle] });
}

function dlmsField({ children, ...field }: Explained): ExplainedField {
  return children === undefined ? field : { ...field, children: children.map(dlmsField) };
}

function explainMbusFrame(octets: Uint8Array, protocol: "mbus" | "wmbus", { key }: ExplainInputOptions): ExplainedField {
  const { root, summary, problems } = explainMbus(octets, { protocol, ...(key === undefined ? {} : { keys: singleKey(key) }) });
  const faults = problems.map(({ message, offset, advice }): ExplainedField => ({
    name: "problem",
    offset: Math.max(0, offset),
    length: 0,
    error: advice === undefined ? message : `${message} (${advice})`,
  }));
  const field = mbusField(root);
  return { ...field, value: field.value ?? summary, children: [...(field.children ?? []), ...faults] };
}

function mbusField(node: ExplainNode): ExplainedField {
  const { value, unit, meaning, hex, children } = node;
  const text = value === undefined || value === null ? hex : `${value}${unit === undefined ? "" : ` ${unit}`}`;
  return {
    name: node.name,
    offset: Math.max(0, node.offset),
    length: node.octets,
    ...(text === undefined ? {} : { value: text }),
    ...(meaning === undefined ? {} : { detail: meaning }),
    ...(children === undefined ? {} : { children: children.map(mbusField) }),
  };
}
