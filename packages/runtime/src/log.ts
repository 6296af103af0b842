/** Fields of one log event. Keys, passwords and payloads never go in. */
export type LogFields = Readonly<Record<string, string | number | boolean | undefined>>;

/** One event a line, fields not sentences. Libraries do not log: only apps hold one of these. */
export interface Log {
  debug(event: string, fields?: LogFields): void;
  info(event: string, fields?: LogFields): void;
  warn(event: string, fields?: LogFields): void;
  error(event: string, fields?: LogFields): void;
  child(fields: LogFields): Log;
}

/** Says nothing. */
export const silentLog: Log = { debug() {}, info() {}, warn() {}, error() {}, child: () => silentLog };
