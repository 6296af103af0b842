import { UsageError } from "@amity/bytes";

/** Checks one value; the error names the path of what is wrong. */
export type Check = (value: unknown, path: string) => void;

/** Longest list and deepest text of a tariff document. */
const ITEMS_MAX = 2000;
const TEXT_MAX = 500;

export const text: Check = (value, path) => {
  if (typeof value !== "string" || value === "" || value.length > TEXT_MAX)
    throw refuse(path, `a text of 1 to ${TEXT_MAX} characters`, value);
};

/** A decimal number as text. */
export const decimal: Check = (value, path) => {
  if (typeof value !== "string" || !/^-?\d{1,20}(\.\d{1,20})?$/.test(value))
    throw refuse(path, 'a decimal number as text, like "0.1234"', value);
};

export const flag: Check = (value, path) => {
  if (typeof value !== "boolean") throw refuse(path, "true or false", value);
};

export function integer(from: number, to: number): Check {
  return (value, path) => {
    if (!Number.isInteger(value) || (value as number) < from || (value as number) > to)
      throw refuse(path, `a whole number from ${from} to ${to}`, value);
  };
}

export function oneOf(...allowed: readonly string[]): Check {
  return (value, path) => {
    if (typeof value !== "string" || !allowed.includes(value)) throw refuse(path, `one of ${allowed.join(", ")}`, value);
  };
}

export function pattern(form: RegExp, described: string): Check {
  return (value, path) => {
    if (typeof value !== "string" || !form.test(value)) throw refuse(path, described, value);
  };
}

export function orNull(check: Check): Check {
  return (value, path) => {
    if (value !== null) check(value, path);
  };
}

export function either(first: Check, second: Check): Check {
  return (value, path) => {
    try {
      first(value, path);
    } catch {
      second(value, path);
    }
  };
}

export function listOf(check: Check, atLeast = 0): Check {
  return (value, path) => {
    if (!Array.isArray(value) || value.length < atLeast || value.length > ITEMS_MAX)
      throw refuse(path, `a list of ${atLeast} to ${ITEMS_MAX} entries`, value);
    for (const [index, entry] of value.entries()) check(entry, `${path}[${index}]`);
  };
}

/** Any names, values of one kind. */
export function recordOf(check: Check): Check {
  return (value, path) => {
    for (const [name, entry] of Object.entries(objectAt(value, path))) check(entry, `${path}.${name}`);
  };
}

/** An object with these fields and no others: a misspelt field is refused, not ignored. */
export function shape(required: Readonly<Record<string, Check>>, optional: Readonly<Record<string, Check>> = {}): Check {
  return (value, path) => {
    const object = objectAt(value, path);
    for (const [name, check] of Object.entries(required)) check(object[name], `${path}.${name}`);
    for (const [name, entry] of Object.entries(object)) {
      if (Object.hasOwn(required, name)) continue;
      const check = Object.hasOwn(optional, name) ? optional[name] : undefined;
      if (check === undefined)
        throw refuse(`${path}.${name}`, `no field (there are ${[...Object.keys(required), ...Object.keys(optional)].join(", ")})`, entry);
      check(entry, `${path}.${name}`);
    }
  };
}

/** Objects told apart by their `kind`. */
export function byKind(kinds: Readonly<Record<string, Check>>): Check {
  return (value, path) => {
    const { kind } = objectAt(value, path);
    const check = typeof kind === "string" && Object.hasOwn(kinds, kind) ? kinds[kind] : undefined;
    if (check === undefined) throw refuse(`${path}.kind`, `one of ${Object.keys(kinds).join(", ")}`, kind);
    check(value, path);
  };
}

function objectAt(value: unknown, path: string): Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw refuse(path, "an object", value);
  return value as Readonly<Record<string, unknown>>;
}

export function refuse(path: string, wanted: string, found: unknown): UsageError {
  const shown = JSON.stringify(found) ?? "nothing";
  return new UsageError(`${path} must be ${wanted}; found ${shown.length > 60 ? `${shown.slice(0, 60)}...` : shown}`, {
    code: "tariff-invalid",
  });
}
