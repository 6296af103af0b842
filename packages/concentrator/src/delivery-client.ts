import { PeerError } from "@amity/bytes";
import { data, obisToOctets, type DlmsClient } from "@amity/dlms";
import { ACKNOWLEDGE_METHOD, CONCENTRATOR_OBJECTS, decodeDeliveryBuffer, type SequencedDelivery } from "./delivery.ts";
import { COSEM_CLASS } from "./profile-description.ts";

/** Sequence numbers that wait for the head-end; none when `newest` is less than `oldest`. */
export interface DeliveryState {
  readonly oldest: number;
  readonly newest: number;
  /** Entries ever made in the concentrator's own event log: it has something new when this changes. */
  readonly events: number;
}

const DELIVERIES = { classId: COSEM_CLASS.profile, instanceId: CONCENTRATOR_OBJECTS.deliveries } as const;

/** What waits at a concentrator. @throws PeerError where it refuses or answers otherwise. */
export async function readDeliveryState(client: DlmsClient): Promise<DeliveryState> {
  const outcome = await client.get({ classId: COSEM_CLASS.data, instanceId: CONCENTRATOR_OBJECTS.deliveryState, attributeId: 2 });
  if (outcome.kind === "refused") throw refused("its delivery state", outcome.result);
  const [oldest, newest, events] = outcome.data.type === "structure" ? outcome.data.value : [];
  if (oldest?.type !== "long64-unsigned" || newest?.type !== "long64-unsigned") {
    throw new PeerError("the delivery state is no structure of two numbers", { code: "not-a-concentrator" });
  }
  const total = events?.type === "double-long-unsigned" ? events.value : 0;
  return { oldest: Number(oldest.value), newest: Number(newest.value), events: total };
}

/** Deliveries `from` to `to`, both included. @throws PeerError, DecodeError. */
export async function readDeliveries(client: DlmsClient, from: number, to: number): Promise<SequencedDelivery[]> {
  const sequence = data.structure(
    data.longUnsigned(COSEM_CLASS.data),
    data.octets(obisToOctets(CONCENTRATOR_OBJECTS.deliveryState)),
    data.integer(2),
    data.longUnsigned(1),
  );
  const bound = (value: number) => data.long64Unsigned(BigInt(value));
  const selection = { selector: 1, parameters: data.structure(sequence, bound(from), bound(to), data.array()) };
  const outcome = await client.getRaw({ ...DELIVERIES, attributeId: 2 }, selection);
  if (outcome.kind === "refused") throw refused("its deliveries", outcome.result);
  return decodeDeliveryBuffer(outcome.octets);
}

/** How a concentrator stands with one of its meters. */
export interface MeterStandingReport {
  readonly meterId: string;
  readonly address: string;
  readonly lastSeenMs: number | undefined;
  readonly failures: number;
}

/** The meters of a concentrator, as it sees them. @throws PeerError. */
export async function readMeterStandings(client: DlmsClient): Promise<MeterStandingReport[]> {
  const outcome = await client.get({ classId: COSEM_CLASS.data, instanceId: CONCENTRATOR_OBJECTS.meters, attributeId: 2 });
  if (outcome.kind === "refused") throw refused("its list of meters", outcome.result);
  const rows = outcome.data.type === "array" ? outcome.data.value : [];
  return rows.flatMap((row) => {
    const [meterId, address, lastSeen, failures] = row.type === "structure" ? row.value : [];
    if (meterId?.type !== "utf8-string" || address?.type !== "utf8-string") return [];
    if (lastSeen?.type !== "long64" || failures?.type !== "double-long-unsigned") return [];
    const lastSeenMs = lastSeen.value === 0n ? undefined : Number(lastSeen.value);
    return [{ meterId: meterId.value, address: address.value, lastSeenMs, failures: failures.value }];
  });
}

/** The concentrator's own event log, as A-XDR rows of (clock, code, detail). @throws PeerError. */
export async function readConcentratorEvents(client: DlmsClient): Promise<Uint8Array> {
  const outcome = await client.getRaw({ classId: COSEM_CLASS.profile, instanceId: CONCENTRATOR_OBJECTS.events, attributeId: 2 });
  if (outcome.kind === "refused") throw refused("its event log", outcome.result);
  return outcome.octets;
}

/** Everything up to `sequence` is safe with the head-end: the concentrator may forget it. @throws PeerError. */
export async function acknowledgeDeliveries(client: DlmsClient, sequence: number): Promise<void> {
  const outcome = await client.action({ ...DELIVERIES, methodId: ACKNOWLEDGE_METHOD }, data.long64Unsigned(BigInt(sequence)));
  if (outcome.kind === "refused") throw refused("an acknowledgement", outcome.result);
}

function refused(what: string, result: string): PeerError {
  return new PeerError(`the concentrator refuses ${what}: ${result}`, { code: "refused" });
}
