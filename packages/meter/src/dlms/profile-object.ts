import { data, parseObis, type DlmsData, type InvokeOutcome } from "@amity/dlms";
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
  const captures = [captureObject(8, CLOCK_NAME), captureObject(1, codeName)];
  const keys = [captureKey(8, CLOCK_NAME), captureKey(1, codeName)];
  return profileObject(
    name,
    { periodSeconds: 0, captures, keys },
    {
      read: (context, selection) => value(readEvents(context, log, selection)),
      used: ({ meter }) => meter.log(log).entries.length,
      depth: ({ meter }) => meter.log(log).depth,
      clear: (context) => context.perform({ kind: "clearLog", atMs: context.nowMs, log }),
    },
  );
}

function readEvents({ meter, base }: ObjectContext, log: EventLogName, selection: BufferSelection | undefined): DlmsData {
  const entries = meter.log(log).entries.filter(({ clockMs }, index) => {
    if (selection === undefined) return true;
    if (selection.kind === "range") return clockMs >= selection.fromMs && clockMs <= selection.toMs;
    return index + 1 >= selection.from && (selection.to === 0 || index < selection.to);
  });
  const wanted = selection?.columns ?? [0, 1];
  return data.array(
    ...entries.map(({ clockMs, code }) =>
      data.structure(...wanted.map((column) => (column === 0 ? data.octets(dateTimeOctets(clockMs, base)) : data.unsigned(code)))),
    ),
  );
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
  clear(context: ObjectContext): Promise<boolean>;
}

function profileObject(name: string, shape: ProfileShape, content: ProfileContent): MeterObject {
  const rights = RIGHTS.clientsRead;
  return {
    definition: {
      classId: 7,
      version: 1,
      instanceId: parseObis(name),
      attributes: [1, 2, 3, 4, 5, 6, 7, 8].map((id) => (id === 2 ? { id, access: rights, selectors: [1, 2] } : { id, access: rights })),
      methods: [{ id: 1, access: RIGHTS.managementInvokes }],
    },
    read(attributeId, context, access) {
      switch (attributeId) {
        case 2: {
          if (access === undefined) return content.read(context, undefined);
          const selection = readSelection(access, shape.keys, context.base);
          return selection === undefined ? READ_REFUSED.wrongSelection : content.read(context, selection);
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
      if (methodId !== 1) return { kind: "refused", result: "object-undefined" };
      return (await content.clear(context)) ? { kind: "done" } : { kind: "refused", result: "temporary-failure" };
    },
  };
}
