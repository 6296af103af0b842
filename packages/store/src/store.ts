import type { CopyRow } from "./copy-row.ts";

/** What a statement takes: octets go as `bytea`, arrays as PostgreSQL arrays. Instants go through `instantParam`. */
export type SqlValue = string | number | bigint | boolean | null | Uint8Array | readonly (string | number | bigint | boolean | null)[];

export interface SqlResult<Row> {
  readonly rows: readonly Row[];
  /** Rows returned or touched. */
  readonly rowCount: number;
}

/**
 * Runs statements. In rows, `bigint` (int8) columns are bigint, `timestamptz` UTC milliseconds (numbers), `date` text, `bytea`
 * Uint8Array, `numeric` text.
 * @throws LinkError `database-lost` or `database-full`; UsageError `sql-<SQLSTATE>` for everything else.
 */
export interface SqlRunner {
  query<Row extends object = Record<string, unknown>>(sql: string, values?: readonly SqlValue[]): Promise<SqlResult<Row>>;
}

export interface CopyTarget {
  /** Qualified name as written in SQL. */
  readonly table: string;
  readonly columns: readonly string[];
}

/** One open transaction. */
export interface Transaction extends SqlRunner {
  /**
   * Streams rows in by binary COPY. `fill` writes one row and returns true, or returns false at the end (having written
   * nothing); it is called only as fast as the server takes the octets. Returns the number of rows.
   */
  copyIn(target: CopyTarget, fill: (row: CopyRow) => boolean): Promise<number>;
  /**
   * Streams the rows of a query out by binary COPY. COPY takes no parameters: numbers must be written into the text.
   * `take` gets each row's fields as octets in PostgreSQL's binary form (`undefined` is NULL), valid only during the call.
   */
  copyOut(sql: string, take: (fields: readonly (Uint8Array | undefined)[]) => void): Promise<number>;
}

/**
 * PostgreSQL, embedded or given. One `query` or one `transaction` is one store operation: it goes to the scheduler as a
 * whole, so that a simulation can put all operations of all nodes in one serial order.
 */
export interface Store extends SqlRunner {
  /**
   * Runs `work` in one transaction and commits: when the promise resolves, the database has it on disk. Serialization
   * failures and deadlocks are tried again from the start, a few times: `work` may run more than once.
   * Inside, nothing but statements may be awaited.
   */
  transaction<T>(work: (transaction: Transaction) => Promise<T>): Promise<T>;
  /** The same database, its operations run by another scheduler. */
  scheduledBy(scheduler: StoreScheduler): Store;
  /** Waits for running operations and closes the connections. */
  close(): Promise<void>;
}

/** Decides when a store operation runs; `(operation) => operation()` runs it at once. */
export type StoreScheduler = <T>(operation: () => Promise<T>) => Promise<T>;

/** An instant as a statement's parameter for `timestamptz`. */
export function instantParam(instantMs: number): string {
  return new Date(instantMs).toISOString();
}
