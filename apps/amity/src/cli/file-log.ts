import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import type { Log, LogFields } from "@amity/runtime";
import { pino, type Logger } from "pino";

/** Fields whose values never reach a log, whoever puts them in. */
const SECRET_FIELDS = ["key", "password", "secret", "token", "cookie"];

/** A log of JSON lines in a file, so that the terminal stays readable. */
export function fileLog(path: string): Log {
  mkdirSync(dirname(path), { recursive: true });
  return logOver(
    pino({ base: null, redact: SECRET_FIELDS, timestamp: pino.stdTimeFunctions.isoTime }, pino.destination({ dest: path, sync: false })),
  );
}

function logOver(logger: Logger): Log {
  const write = (level: "debug" | "info" | "warn" | "error") => (event: string, fields?: LogFields) => logger[level]({ ...fields }, event);
  return {
    debug: write("debug"),
    info: write("info"),
    warn: write("warn"),
    error: write("error"),
    child: (fields) => logOver(logger.child({ ...fields })),
  };
}
