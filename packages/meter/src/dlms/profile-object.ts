import { compressProfile, data, decodeData, parseObis, type DlmsData, type InvokeOutcome, type ReadOutcome } from "@amity/dlms";
import type { LoggedEvent } from "../metrology/event-log.ts";
import type { EventLogName } from "../metrology/operations.ts";
import type { ProfileName } from "../simulated-meter.ts";
import { dateTimeOctets } from "./civil-time.ts";
import {
  READ_REFUSED,
  RIGHTS,
  captureKey,
  captureObject,
  logicalName,
  value,
  type MeterObject,
  type ObjectContext,
} from "./meter-object.ts";
import { encodeRows, profileColumns, type ProfileColumn } from "./profile-buffer.ts";
import { readSelection, selectRows, type BufferSelection } from "./selection.ts";

const CLOCK_NAME = "0-0:1.0.0";
/** Sort method first-in-first-out; there is no sort object. */
const FIFO = 1;
const NO_SORT_OBJECT = data.structure(data.longUnsigned(0), logicalName(parseObis("0-0:0.0.0.0")), data.integer(0), data.longUnsigned(0));

/** Class 7 Profile generic over captured registers: the load profile and the daily billing profile. */
export function registerProfile(name: string, profile: ProfileName, periodSeconds: number, channels: readonly string[]): MeterObject {
  const columns = profileColumns(channels);
  const statusName = profile === "load" ? "0-0:96.10.1" : "0-0:96.10.2";
  const captures = [captureObject(8, CLOCK_NAME), captureObject(1, statusName), ...channels.map((channel) => captureObject(3, channel))];
  const keys = [captureKey(8, CLOCK_NAME), captureKey(1, statusName), ...channels.map((channel) => captureKey(3, channel))];
  return profileObject(
    name,
    { periodSeconds, captures, keys },
    {
      read: (context, selection) => ({ kind: "encoded", octets: encodeSelected(context, profile, columns, selection) }),
      used: ({ meter, nowMs }) => meter.rows(profile, nowMs).reduce((sum, span) => sum + span.end - span.first, 0),
      depth: ({ meter }) => meter.capacity(profile),
      clear: (context) => context.perform({ kind: "clearProfile", atMs: context.nowMs, profile }),
    },
  );
}

function encodeSelected(
  context: ObjectContext,
  profile: ProfileName,
  columns: readonly ProfileColumn[],
  selection: BufferSelection | undefined,
): Uint8Array {
  const { meter, nowMs, base } = context;
  const all = meter.rows(profile, nowMs);
  const spans = selection === undefined ? all : selectRows(all, meter.surroundings.grids[profile], selection);
  const chosen = selection?.columns?.flatMap((index) => columns[index] ?? []) ?? columns;
  return encodeRows(meter, profile, spans, chosen, base);
}

/** Class 7 over an event log: clock and code, captured as things happen (period 0). */
export function eventLogProfile(name: string, log: EventLogName, codeName: string): MeterObject {
  return listedProfile<LoggedEvent>({
    name,
    columns: [CLOCK_COLUMN, { classId: 1, name: codeName, read: ({ code }) => data.unsigned(code) }],
    rows: ({ meter }) => meter.log(log).entries,
    depth: ({ meter }) => meter.log(log).depth,
    clear: (context) => context.perform({ kind: "clearLog", atMs: context.nowMs, log }),
  });
}

/** A column of a profile whose rows are kept or listed one by one. */
export interface ListedColumn<T> {
  readonly classId: number;
  readonly name: string;
  /** Default 2. */
  readonly attributeId?: number;
  read(row: T, context: ObjectContext): DlmsData;
}

/** The clock of a row, for profiles with one. */
export const CLOCK_COLUMN: ListedColumn<{ readonly clockMs: number }> = {
  classId: 8,
  name: CLOCK_NAME,
  read: ({ clockMs }, { base }) => data.octets(dateTimeOctets(clockMs, base)),
};

export interface ListedProfile<T extends { readonly clockMs: number }> {
  readonly name: string;
  /** Default 0: rows come when something happens. */
  readonly periodSeconds?: number;
  /** The clock comes first: ranges restrict it. */
  readonly columns: readonly ListedColumn<T>[];
  /** Oldest first. */
  rows(context: ObjectContext): readonly T[];
  depth(context: ObjectContext): number;
  readonly clear?: (context: ObjectContext) => Promise<boolean>;
  readonly capture?: (context: ObjectContext) => Promise<boolean>;
}

/** Class 7 over rows that are listed one by one. */
export function listedProfile<T extends { readonly clockMs: number }>(profile: ListedProfile<T>): MeterObject {
  const { columns, clear, capture } = profile;
  return profileObject(
    profile.name,
    {
      periodSeconds: profile.periodSeconds ?? 0,
      captures: columns.map(({ classId, name, attributeId }) => captureObject(classId, name, attributeId)),
      keys: columns.map(({ classId, name, attributeId }) => captureKey(classId, name, attributeId)),
    },
    {
      read: (context, selection) => value(readListed(profile, context, selection)),
      used: (context) => profile.rows(context).length,
      depth: (context) => profile.depth(context),
      ...(clear === undefined ? {} : { clear }),
      ...(capture === undefined ? {} : { capture }),
    },
  );
}

function readListed<T extends { readonly clockMs: number }>(
  profile: ListedProfile<T>,
  context: ObjectContext,
  selection: BufferSelection | undefined,
): DlmsData {
  const rows = profile.rows(context).filter(({ clockMs }, index) => {
    if (selection === undefined) return true;
    if (selection.kind === "range") return clockMs >= selection.fromMs && clockMs <= selection.toMs;
    return index + 1 >= selection.from && (selection.to === 0 || index < selection.to);
  });
  const columns = selection?.columns?.flatMap((index) => profile.columns[index] ?? []) ?? profile.columns;
  return data.array(...rows.map((row) => data.structure(...columns.map((column) => column.read(row, context)))));
}

/** A buffer in the encoding of the meter's type. */
function asSent(outcome: ReadOutcome, periodSeconds: number, { meter, takesDeltas }: ObjectContext): ReadOutcome {
  const { profileEncoding } = meter.surroundings.type;
  if (outcome.kind === "refused" || profileEncoding === "plain" || (profileEncoding === "delta" && !takesDeltas)) return outcome;
  const rows = outcome.kind === "data" ? outcome.data : decodeData(outcome.octets);
  return value(compressProfile(rows, profileEncoding, periodSeconds));
}

interface ProfileShape {
  readonly periodSeconds: number;
  readonly captures: readonly DlmsData[];
  readonly keys: readonly string[];
}

interface ProfileContent {
  read(context: ObjectContext, selection: BufferSelection | undefined): ReturnType<MeterObject["read"]>;
  used(context: ObjectContext): number;
  depth(context: ObjectContext): number;
  /** Method 1, reset. */
  readonly clear?: (context: ObjectContext) => Promise<boolean>;
  /** Method 2, capture. */
  readonly capture?: (context: ObjectContext) => Promise<boolean>;
}

function profileObject(name: string, shape: ProfileShape, content: ProfileContent): MeterObject {
  const rights = RIGHTS.clientsRead;
  return {
    definition: {
      classId: 7,
      version: 1,
      instanceId: parseObis(name),
      attributes: [1, 2, 3, 4, 5, 6, 7, 8].map((id) => (id === 2 ? { id, access: rights, selectors: [1, 2] } : { id, access: rights })),
      methods: [content.clear, content.capture].flatMap((method, index) =>
        method === undefined ? [] : [{ id: index + 1, access: RIGHTS.managementInvokes }],
      ),
    },
    read(attributeId, context, access) {
      switch (attributeId) {
        case 2: {
          const selection = access === undefined ? undefined : readSelection(access, shape.keys, context.base);
          if (access !== undefined && selection === undefined) return READ_REFUSED.wrongSelection;
          return asSent(content.read(context, selection), shape.periodSeconds, context);
        }
        case 3:
          return value(data.array(...shape.captures));
        case 4:
          return value(data.doubleLongUnsigned(shape.periodSeconds));
        case 5:
          return value(data.enumerated(FIFO));
        case 6:
          return value(NO_SORT_OBJECT);
        case 7:
          return value(data.doubleLongUnsigned(content.used(context)));
        case 8:
          return value(data.doubleLongUnsigned(content.depth(context)));
        default:
          return READ_REFUSED.undefined;
      }
    },
    async invoke(methodId, _parameters, context): Promise<InvokeOutcome> {
      const isDone = await (methodId === 1 ? content.clear : content.capture)?.(context);
      if (isDone === undefined) return { kind: "refused", result: "object-undefined" };
      return isDone ? { kind: "done" } : { kind: "refused", result: "temporary-failure" };
    },
  };
}
