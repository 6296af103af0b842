import { explain, type Explained, type ExplainOptions } from "@amity/dlms";
import type { ExplainedField } from "./explained-field.ts";

/** Explains a DLMS frame or APDU. What was deciphered says with which key and counter; keys that travel inside are not shown. */
export function explainDlmsOctets(octets: Uint8Array, options: ExplainOptions): ExplainedField {
  return dlmsField(explain(octets, options));
}

/** The explanation of the stack in the shape of every protocol. */
export function dlmsField({ children, ...field }: Explained): ExplainedField {
  if (SECRET_FIELDS.has(field.name) && field.length > 0) return { ...field, value: "present, not shown" };
  if (children === undefined) return field;
  const counter = children.find(({ name }) => name === "invocationCounter")?.value;
  return { ...field, children: children.map((child) => withCounter(dlmsField(child), counter)) };
}

/** One line for people: what is asked or answered, and how it was opened. */
export function summaryOfDlms(root: ExplainedField): string {
  const opened = findAll(root, "deciphered").at(-1);
  const outer = apduOf(root);
  const inside = opened?.children?.[0] ?? outer;
  // An association's own messages carry the ciphered part inside them.
  const parts = [...(inside !== outer && ACSE.has(outer.name) ? [outer.name] : []), inside.name, ...targetsOf(inside)];
  if (inside.value !== undefined) parts.push(inside.value);
  const outcome = outcomeOf(inside);
  if (outcome !== undefined) parts.push(outcome);
  if (inside.error !== undefined) parts.push(`ERROR ${inside.error}`);
  if (opened?.error !== undefined) parts.push(`(${opened.error})`);
  else if (opened !== undefined) parts.push(`(${[opened.value, opened.detail].filter((part) => part !== undefined).join(", ")})`);
  else parts.push(...closedOf(root));
  return parts.join(" ");
}

/** Suite, protection and counter of a ciphered APDU that no key was tried on. */
function closedOf(root: ExplainedField): string[] {
  const control = findField(root, "securityControl")?.value;
  if (control === undefined) return [];
  return [`(${control}, invocation counter ${findField(root, "invocationCounter")?.value ?? "missing"}, no key given)`];
}

/** The first field of a name, however deep. */
export function findField(field: { readonly name: string; readonly children?: readonly Explained[] }, name: string): Explained | undefined {
  for (const child of field.children ?? []) {
    const found = child.name === name ? child : findField(child, name);
    if (found !== undefined) return found;
  }
  return undefined;
}

const SECRET_FIELDS: ReadonlySet<string> = new Set(["dedicatedKey"]);
const ACSE: ReadonlySet<string> = new Set(["aarq", "aare", "rlrq", "rlre"]);
const LINK_FIELDS: ReadonlySet<string> = new Set(["wrapper", "hdlc", "gateway-request", "gateway-response"]);
/** More targets than this are counted. */
const TARGETS_SHOWN = 3;
const VALUE_CHARACTERS_MAX = 80;

function withCounter(field: ExplainedField, counter: string | undefined): ExplainedField {
  if (field.name !== "deciphered" || field.error !== undefined || counter === undefined) return field;
  return { ...field, detail: `invocation counter ${counter}` };
}

function apduOf(field: ExplainedField): ExplainedField {
  const last = field.children?.at(-1);
  return LINK_FIELDS.has(field.name) && last !== undefined ? apduOf(last) : field;
}

/** Objects that the APDU names, with attribute or method. */
function targetsOf(field: ExplainedField): string[] {
  const targets = descriptorsOf(field).map((descriptor) => {
    const part = (name: string): string | undefined => descriptor.children?.find((child) => child.name === name)?.value;
    const [attribute, method] = [part("attributeId"), part("methodId")];
    return `${part("instanceId")} ${attribute === undefined ? `method ${method}` : `attribute ${attribute}`}`;
  });
  return targets.length > TARGETS_SHOWN ? [...targets.slice(0, TARGETS_SHOWN), `and ${targets.length - TARGETS_SHOWN} more`] : targets;
}

function descriptorsOf(field: ExplainedField): ExplainedField[] {
  const isDescriptor = field.children?.some(({ name }) => name === "instanceId") === true;
  return isDescriptor ? [field] : (field.children ?? []).flatMap(descriptorsOf);
}

/** The result of an answer, or the first value in it. */
function outcomeOf(inside: ExplainedField): string | undefined {
  if (inside.name === "aare") return refusalOf(inside);
  if (!inside.name.endsWith("-response")) return undefined;
  const [result] = findAll(inside, "result");
  if (result === undefined) return undefined;
  if (result.value !== undefined) return result.value;
  const leaf = firstLeaf(result);
  const text = [leaf.name === "data" ? undefined : leaf.name, leaf.value].filter((part) => part !== undefined).join(" ");
  return text.length > VALUE_CHARACTERS_MAX ? `${text.slice(0, VALUE_CHARACTERS_MAX)}…` : text;
}

/** Why an association was refused; nothing where it was not. */
function refusalOf(aare: ExplainedField): string | undefined {
  const [result, reason] = ["result", "user"].map((name) => /\((.+)\)/.exec(findField(aare, name)?.value ?? "")?.[1]);
  return result === undefined || result === "accepted" ? undefined : [result, reason].filter((part) => part !== undefined).join(", ");
}

function firstLeaf(field: ExplainedField): ExplainedField {
  const [first] = field.children ?? [];
  return first === undefined || field.name === "array" || field.name === "structure" ? field : firstLeaf(first);
}

function findAll(field: ExplainedField, name: string): ExplainedField[] {
  const inner = (field.children ?? []).flatMap((child) => findAll(child, name));
  return field.name === name ? [field, ...inner] : inner;
}
