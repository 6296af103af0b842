import { finished } from "node:stream/promises";
import { UsageError } from "@amity/bytes";
import pg from "pg";
import copyStreams from "pg-copy-streams";
import { CopyReader } from "./copy-reader.ts";
import { CopyRow } from "./copy-row.ts";
import { isWorthRetrying, storeError } from "./sql-error.ts";
import type { CopyTarget, SqlResult, SqlValue, Store, StoreScheduler, Transaction } from "./store.ts";
import { columnTypes } from "./column-types.ts";

export interface PoolOptions {
  /** `postgres://...`, or the parts. */
  readonly connection: string | { host: string; port: number; user: string; password: string; database: string };
  readonly connectionsMax?: number;
  readonly statementTimeoutMs?: number;
}

/** Oldest server that is supported. */
const SERVER_VERSION_MIN = 150_000;
const ATTEMPTS_MAX = 5;
/** COPY goes out in pieces of this size (octets). */
const COPY_CHUNK = 256 * 1024;
const CONNECT_TIMEOUT_MS = 10_000;
const STATEMENT_TIMEOUT_MS = 120_000;

/** Opens a pool and looks at the server. @throws LinkError if it cannot be reached; UsageError `server-version` below PostgreSQL 15. */
export async function openPool(options: PoolOptions): Promise<Store> {
  const { connection } = options;
  const pool = new pg.Pool({
    ...(typeof connection === "string" ? { connectionString: connection } : connection),
    max: options.connectionsMax ?? 10,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    application_name: "amity",
    types: columnTypes,
    options: `-c TimeZone=UTC -c DateStyle=ISO -c client_min_messages=warning -c statement_timeout=${options.statementTimeoutMs ?? STATEMENT_TIMEOUT_MS} -c idle_in_transaction_session_timeout=${STATEMENT_TIMEOUT_MS}`,
  });
  // A connection that breaks, idle or in use, fails its next statement and is replaced; without listeners it would end the process.
  pool.on("error", () => {});
  pool.on("connect", (client) => client.on("error", () => {}));
  const store = new PgStore(pool, (operation) => operation());
  try {
    const { rows } = await store.query<{ version: number; text: string }>(
      "select current_setting('server_version_num')::int as version, current_setting('server_version') as text",
    );
    const server = rows[0];
    if (server === undefined || server.version < SERVER_VERSION_MIN) {
      throw new UsageError(`PostgreSQL ${server?.text} is too old`, {
        code: "server-version",
        advice: "Amity needs PostgreSQL 15 or newer",
      });
    }
  } catch (error) {
    await pool.end();
    throw error;
  }
  return store;
}

class PgStore implements Store {
  readonly #pool: pg.Pool;
  readonly #schedule: StoreScheduler;

  constructor(pool: pg.Pool, schedule: StoreScheduler) {
    this.#pool = pool;
    this.#schedule = schedule;
  }

  scheduledBy(scheduler: StoreScheduler): Store {
    return new PgStore(this.#pool, scheduler);
  }

  query<Row extends object>(sql: string, values: readonly SqlValue[] = []): Promise<SqlResult<Row>> {
    return this.#schedule(() => run<Row>(this.#pool, sql, values));
  }

  transaction<T>(work: (transaction: Transaction) => Promise<T>): Promise<T> {
    return this.#schedule(async () => {
      for (let attempt = 1; ; attempt++) {
        try {
          return await this.#once(work);
        } catch (error) {
          if (attempt >= ATTEMPTS_MAX || !isWorthRetrying(error)) throw error;
        }
      }
    });
  }

  async #once<T>(work: (transaction: Transaction) => Promise<T>): Promise<T> {
    const client = await connect(this.#pool);
    let broken: Error | undefined;
    try {
      await run(client, "begin", []);
      const result = await work(new PgTransaction(client));
      await run(client, "commit", []);
      return result;
    } catch (error) {
      // Whatever failed, the connection must not go back to the pool inside a transaction.
      broken = await run(client, "rollback", []).then(
        () => undefined,
        (failure: Error) => failure,
      );
      throw error;
    } finally {
      client.release(broken);
    }
  }

  async close(): Promise<void> {
    await this.#pool.end();
  }
}

class PgTransaction implements Transaction {
  readonly #client: pg.PoolClient;

  constructor(client: pg.PoolClient) {
    this.#client = client;
  }

  query<Row extends object>(sql: string, values: readonly SqlValue[] = []): Promise<SqlResult<Row>> {
    return run<Row>(this.#client, sql, values);
  }

  async copyIn(target: CopyTarget, fill: (row: CopyRow) => boolean): Promise<number> {
    const stream = this.#client.query(copyStreams.from(`copy ${target.table} (${target.columns.join(", ")}) from stdin (format binary)`));
    const ended = finished(stream);
    // The failure is awaited below; until then it must not count as unhandled.
    ended.catch(() => {});
    try {
      const row = new CopyRow(target.columns.length, COPY_CHUNK + 64 * 1024);
      while (fill(row)) {
        if (row.length < COPY_CHUNK) continue;
        if (!stream.write(row.take())) await Promise.race([drained(stream), ended]);
      }
      stream.end(row.finish());
    } catch (error) {
      if (!stream.destroyed) stream.destroy(error as Error);
      await ended.catch(() => {});
      throw storeError(error);
    }
    try {
      await ended;
    } catch (error) {
      throw storeError(error);
    }
    return stream.rowCount;
  }

  async copyOut(sql: string, take: (fields: readonly (Uint8Array | undefined)[]) => void): Promise<number> {
    const stream = this.#client.query(copyStreams.to(`copy (${sql}) to stdout (format binary)`));
    const reader = new CopyReader(take);
    try {
      for await (const chunk of stream) reader.push(chunk as Uint8Array);
      reader.end();
    } catch (error) {
      throw storeError(error);
    }
    return reader.rows;
  }
}

function drained(stream: NodeJS.WritableStream): Promise<void> {
  return new Promise((resolve) => stream.once("drain", resolve));
}

async function connect(pool: pg.Pool): Promise<pg.PoolClient> {
  try {
    return await pool.connect();
  } catch (error) {
    throw storeError(error);
  }
}

async function run<Row extends object>(runner: pg.Pool | pg.PoolClient, sql: string, values: readonly SqlValue[]): Promise<SqlResult<Row>> {
  try {
    const result = await runner.query<Row>(sql, values.map(paramOf));
    return { rows: result.rows, rowCount: result.rowCount ?? 0 };
  } catch (error) {
    throw storeError(error);
  }
}

/** The driver takes octets as Buffer only, and bigint inside arrays as text. */
function paramOf(value: SqlValue): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value.buffer, value.byteOffset, value.length);
  if (typeof value === "bigint") return value.toString();
  if (Array.isArray(value)) return value.map((item: unknown) => (typeof item === "bigint" ? item.toString() : item));
  return value;
}
