/**
 * Errors by blame: who has to act. Expected outcomes (a refusal, no answer) are values, not errors.
 * `code` is stable and may be matched; `message` is for the person who reads it.
 */
export type Blame = "decode" | "peer" | "link" | "security" | "usage";

/** What every Amity error carries beside its message. */
export interface ErrorDetail {
  /** Stable identifier of the failure, kebab-case, e.g. `truncated`. */
  readonly code: string;
  /** What the reader of the message can do about it. */
  readonly advice?: string;
  readonly cause?: unknown;
}

/** The common ancestor: lets a boundary tell our errors from bugs. */
export class AmityError extends Error {
  readonly blame: Blame;
  readonly code: string;
  readonly advice: string | undefined;

  constructor(blame: Blame, message: string, detail: ErrorDetail) {
    super(message, detail.cause === undefined ? undefined : { cause: detail.cause });
    this.name = new.target.name;
    this.blame = blame;
    this.code = detail.code;
    this.advice = detail.advice;
  }
}

/**
 * Bytes (or text) from outside that are not what the standard says. Carries the offset and the field path, and no stack: where in the
 * octets it went wrong is what helps, and gathering a stack costs ten times all else. Whoever sends rubbish must not make us pay for it.
 */
export class DecodeError extends AmityError {
  /** Offset in octets from the start of the outermost buffer, -1 where there is none. */
  readonly offset: number;
  #path: string[] = [];
  readonly #reason: string;

  constructor(reason: string, detail: { offset: number; code?: string; advice?: string; cause?: unknown }) {
    const frames = Error.stackTraceLimit;
    Error.stackTraceLimit = 0;
    super("decode", reason, {
      code: detail.code ?? "malformed",
      ...(detail.advice === undefined ? {} : { advice: detail.advice }),
      ...(detail.cause === undefined ? {} : { cause: detail.cause }),
    });
    Error.stackTraceLimit = frames;
    this.offset = detail.offset;
    this.#reason = reason;
    this.message = this.#render();
  }

  /** Field path from the outside in, e.g. `getResponse.result.data[3]`. Empty at top level. */
  get path(): string {
    return this.#path.reduce((path, part) => (path === "" || part.startsWith("[") ? path + part : `${path}.${part}`), "");
  }

  /** The reason without offset and path. */
  get reason(): string {
    return this.#reason;
  }

  /** Adds the enclosing field while the error unwinds: costs nothing where nothing fails. */
  within(field: string): this {
    this.#path.unshift(field);
    this.message = this.#render();
    return this;
  }

  #render(): string {
    const where = this.offset < 0 ? "" : ` at byte ${this.offset}`;
    const field = this.#path.length === 0 ? "" : ` in ${this.path}`;
    return `${this.#reason}${where}${field}`;
  }
}

/** Legal bytes that are illegal now: the peer broke the protocol. */
export class PeerError extends AmityError {
  constructor(message: string, detail: ErrorDetail) {
    super("peer", message, detail);
  }
}

/** The link failed: refused, reset, timed out. */
export class LinkError extends AmityError {
  constructor(message: string, detail: ErrorDetail) {
    super("link", message, detail);
  }
}

/** Authentication, tag, counter, key or permission. The message never holds a secret. */
export class SecurityError extends AmityError {
  /** Where what failed its check stands (octets from the start of the outermost buffer), -1 where it stands nowhere. */
  readonly offset: number;

  constructor(message: string, detail: ErrorDetail & { readonly offset?: number }) {
    super("security", message, detail);
    this.offset = detail.offset ?? -1;
  }
}

/** The caller (a person at the CLI, a program at the API, our own code) asked for what cannot be. */
export class UsageError extends AmityError {
  constructor(message: string, detail: ErrorDetail) {
    super("usage", message, detail);
  }
}
