import { decodeData, parseObis, type DlmsClient } from "@amity/dlms";
import { DATE_TIME_OCTETS, instantOfDateTime } from "./cosem-time.ts";
import type { TimeSpan } from "./coverage.ts";
import { encodeDeliveryPayload } from "./delivery.ts";
import { clockRange, COSEM_CLASS, describeProfile, type ProfileDescription } from "./profile-description.ts";

/** What one request for a span of a profile brought, ready to be handed on. */
export interface ReadSpan {
  readonly payload: Uint8Array;
  /** Stamp of the newest row; looked for only where `wantNewest` asked. */
  readonly newestMs: number | undefined;
  readonly isEmpty: boolean;
}

/** Reads one span of one object as raw octets; `undefined` where the meter refuses the object. @throws by blame. */
export async function readSpan(
  client: DlmsClient,
  ask: { object: string; span: TimeSpan; description: ProfileDescription; wantNewest: boolean },
): Promise<ReadSpan | undefined> {
  const attribute = { classId: COSEM_CLASS.profile, instanceId: parseObis(ask.object), attributeId: 2 };
  const outcome = await client.getRaw(attribute, clockRange(ask.span));
  if (outcome.kind === "refused") return undefined;
  const newestMs = ask.wantNewest ? newestRowMs(outcome.octets, ask.description.periodSeconds) : undefined;
  // An array of no elements is two octets.
  const isEmpty = outcome.octets.length <= 2;
  return { payload: encodeDeliveryPayload(ask.description, outcome.octets), newestMs, isEmpty };
}

/** Remembers what profiles capture; asked again after a day or when told to. */
export class DescriptionCache {
  readonly #known = new Map<string, { readonly description: ProfileDescription; readonly atMs: number }>();

  async find(client: DlmsClient, meterId: string, object: string, nowMs: number): Promise<ProfileDescription | undefined> {
    const key = `${meterId}\n${object}`;
    const known = this.#known.get(key);
    if (known !== undefined && nowMs - known.atMs < AGE_MS_MAX) return known.description;
    const description = await describeProfile(client, parseObis(object));
    if (description !== undefined) this.#known.set(key, { description, atMs: nowMs });
    return description;
  }
}

const AGE_MS_MAX = 86_400_000;

/** The newest stamp in a buffer: the first date-time of each row, or one period after the row before where it is null. */
function newestRowMs(octets: Uint8Array, periodSeconds: number): number | undefined {
  const buffer = decodeData(octets);
  const rows = buffer.type === "array" || buffer.type === "compact-array" ? buffer.value : [];
  let newestMs: number | undefined;
  let rowMs: number | undefined;
  for (const row of rows) {
    const cells = row.type === "structure" ? row.value : [];
    const stamp = cells.find(
      (cell) => (cell.type === "octet-string" || cell.type === "date-time") && cell.value.length === DATE_TIME_OCTETS,
    );
    const next = rowMs === undefined ? undefined : rowMs + periodSeconds * 1000;
    rowMs = stamp?.type === "octet-string" || stamp?.type === "date-time" ? instantOfDateTime(stamp.value) : next;
    if (rowMs !== undefined && (newestMs === undefined || rowMs > newestMs)) newestMs = rowMs;
  }
  return newestMs;
}
