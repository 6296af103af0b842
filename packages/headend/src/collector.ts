import { DecodeError, UsageError } from "@amity/bytes";
import { answeredSpan, lateBeforeMs, piecesOf, VisitSchedule, type CollectedSource, type VisitOutcome } from "@amity/concentrator";
import type { MeterId, ReadingBatch } from "@amity/model";
import type { World } from "@amity/runtime";
import { collectedOf, type Collected, type Committer } from "./committer.ts";
import type { CollectedReadings, MeterAnswer, MeterSession } from "./driver.ts";
import type { Fleet } from "./fleet.ts";
import type { Device, DeviceHealth } from "./registry.ts";
import { errorCode, errorText, type SessionBroker } from "./session-broker.ts";

export interface CollectorParts {
  readonly world: World;
  readonly fleet: Fleet;
  readonly broker: SessionBroker;
  readonly committer: Committer;
  readonly collectEveryMs: number;
  readonly slots: number;
  /** Pieces of history that one visit takes before others have their turn. */
  readonly piecesPerVisit: number;
}

/** What one request brought, before it is committed. */
type PieceRead = Omit<Collected, "health">;

/** Pieces of one meter that share a commit: a crash reads at most these again. */
const PIECES_PER_COMMIT = 6;
const ACQUAINTANCE_MS = 86_400_000;

/** Collects the meters on direct routes by watermark: what is new first, then history, newest first. */
export class Collector {
  readonly #parts: CollectorParts;
  readonly #schedule: VisitSchedule;
  readonly #knownMs = new Map<MeterId, number>();

  constructor(parts: CollectorParts) {
    this.#parts = parts;
    this.#schedule = new VisitSchedule(parts.world, { slots: parts.slots, visit: (meterId) => this.#visit(meterId) });
  }

  start(): void {
    this.#schedule.start();
  }

  stop(): Promise<void> {
    return this.#schedule.stop();
  }

  /** Takes up meters that are new on direct routes and drops those that are gone. */
  refresh(): void {
    const nowMs = this.#parts.world.clock.nowMs();
    for (const meterId of this.#parts.fleet.meterIds()) {
      const isDirect = this.#parts.fleet.device(meterId)?.route.kind === "direct";
      if (isDirect && !this.#schedule.has(meterId)) this.#schedule.put(meterId, nowMs);
      if (!isDirect) this.#schedule.remove(meterId);
    }
  }

  /** Gives a meter a turn now. */
  hurry(meterId: MeterId): void {
    if (this.#schedule.has(meterId)) this.#schedule.put(meterId, this.#parts.world.clock.nowMs());
  }

  async #visit(meterId: MeterId): Promise<VisitOutcome> {
    const { world, fleet, broker } = this.#parts;
    const device = fleet.device(meterId);
    const regularMs = this.#regularTurn(meterId);
    if (device === undefined) {
      this.#schedule.remove(meterId);
      return { ok: true, dueMs: regularMs };
    }
    try {
      const isMore = await broker.withSession(device, { purpose: "read" }, (session) => this.#collectAll(device, session));
      return { ok: true, dueMs: isMore ? world.clock.nowMs() : regularMs };
    } catch (error) {
      await this.#recordFailure(meterId, error);
      for (const { meterId: behindId } of fleet.behind(meterId)) await this.#recordFailure(behindId, error);
      return { ok: false, dueMs: regularMs };
    }
  }

  /** A meter, and in the same association those behind it; `true` when history is left for another visit. */
  async #collectAll(device: Device, session: MeterSession): Promise<boolean> {
    let isMore = await this.#collect(device, session);
    for (const behind of this.#parts.fleet.behind(device.meterId)) {
      const own = session.behind?.(behind);
      if (own === undefined) continue;
      try {
        if (await this.#collect(behind, own)) isMore = true;
      } catch (error) {
        // What is wrong with one channel is not the trouble of its host: the association goes on.
        if (!(error instanceof DecodeError) && !(error instanceof UsageError)) throw error;
        await this.#recordFailure(behind.meterId, error);
      }
    }
    return isMore;
  }

  /**
   * Reads piece by piece and commits some pieces at a time; `true` when history is left for another visit. What was read before
   * a session broke is committed all the same.
   */
  async #collect(device: Device, session: MeterSession): Promise<boolean> {
    const { meterId } = device;
    const read: PieceRead[] = [];
    try {
      const isMore = await this.#readSources(meterId, session, read);
      if (!this.#parts.fleet.sources(meterId).some(({ kind }) => kind === "intervals")) read.push(await readout(meterId, session));
      const learned = isMore ? {} : await this.#getToKnow(meterId, session);
      await this.#commit(meterId, read, { ...seenNow(this.#parts.world.clock.nowMs()), ...learned });
      return isMore;
    } catch (error) {
      if (read.length > 0) await this.#commit(meterId, read, {});
      throw error;
    }
  }

  async #readSources(meterId: MeterId, session: MeterSession, read: PieceRead[]): Promise<boolean> {
    const { world, fleet, piecesPerVisit } = this.#parts;
    const nowMs = world.clock.nowMs();
    let isMore = false;
    for (const source of fleet.sources(meterId)) {
      let pieces = 0;
      for (const span of piecesOf(source, () => fleet.coverage(meterId, source.profile), nowMs)) {
        if (pieces++ >= piecesPerVisit) {
          isMore = true;
          break;
        }
        const piece = await readPiece(session, { meterId, source, span, nowMs });
        if (piece === undefined) break;
        if (read.push(piece) >= PIECES_PER_COMMIT) await this.#commit(meterId, read, seenNow(world.clock.nowMs()));
      }
    }
    return isMore;
  }

  /** Once a day: who the meter says it is, how its clock goes, whether it supplies. */
  async #getToKnow(meterId: MeterId, session: MeterSession): Promise<Partial<DeviceHealth>> {
    const nowMs = this.#parts.world.clock.nowMs();
    if (nowMs - (this.#knownMs.get(meterId) ?? Number.NEGATIVE_INFINITY) < ACQUAINTANCE_MS) return {};
    const identity = await session.identify();
    const clock = await session.readClock();
    const supply = await session.readSupply();
    this.#knownMs.set(meterId, nowMs);
    return {
      ...(identity.kind === "done" ? { firmware: identity.value.firmware, manufacturer: identity.value.manufacturer } : {}),
      ...(clock.kind === "done" ? { clockOffsetMs: clock.value.meterTimeMs - clock.value.readAtMs } : {}),
      ...(supply.kind === "done" ? { supply: supply.value.control } : {}),
    };
  }

  /** Commits what was read and forgets it; the contact itself is worth recording too. */
  async #commit(meterId: MeterId, read: PieceRead[], health: Partial<DeviceHealth>): Promise<void> {
    const pieces = read.splice(0);
    const standing = pieces.findLast((piece) => piece.standing !== undefined)?.standing;
    await this.#parts.committer.commit({
      meterId,
      ...(standing === undefined ? {} : { standing }),
      batches: pieces.flatMap(({ batches }) => batches),
      covered: pieces.flatMap(({ covered }) => covered),
      health,
    });
  }

  async #recordFailure(meterId: MeterId, error: unknown): Promise<void> {
    const { world, fleet, committer } = this.#parts;
    const atMs = world.clock.nowMs();
    const failures = (fleet.health(meterId)?.consecutiveFailures ?? 0) + 1;
    const health: Partial<DeviceHealth> = {
      lastAttemptMs: atMs,
      consecutiveFailures: failures,
      lastError: { atMs, code: errorCode(error), message: errorText(error) },
    };
    try {
      await committer.commit({ meterId, batches: [], covered: [], health });
    } catch {
      // The registry is away as well: the visit has failed already, and its failure is told by the session notice.
      fleet.updateHealth(meterId, health);
    }
  }

  /** The next regular turn: meters are spread over the period by their name, so that a period's start is no rush hour. */
  #regularTurn(meterId: MeterId): number {
    const { collectEveryMs, world } = this.#parts;
    const periodStartMs = Math.floor(world.clock.nowMs() / collectEveryMs) * collectEveryMs;
    return periodStartMs + collectEveryMs + Math.floor(spreadOf(meterId) * collectEveryMs * 0.5);
  }
}

/** One piece of one source out of a session, or `undefined` where the meter refuses the source as a whole. */
export async function readPiece(
  session: MeterSession,
  ask: { meterId: MeterId; source: CollectedSource; span: { fromMs: number; toMs: number }; nowMs: number },
): Promise<PieceRead | undefined> {
  const { meterId, source, span, nowMs } = ask;
  if (source.kind === "events") {
    const answer = await session.readEvents(source.profile, span);
    if (answer.kind === "refused") return undefined;
    const batch: ReadingBatch = { intervals: [], registers: [], events: answer.value.events, source: "headend" };
    const covered = answeredSpan(span, answer.value.newestMs, lateBeforeMs(source, nowMs));
    return { meterId, batches: [batch], covered: [{ profile: source.profile, span: covered }] };
  }
  const answer = await session.readProfile(source.profile, span);
  if (answer.kind === "refused") return undefined;
  const { intervals, registers, events, newestMs } = answer.value;
  const covered = answeredSpan(span, newestMs, lateBeforeMs(source, nowMs));
  return { meterId, batches: [{ intervals, registers, events, source: "headend" }], covered: [{ profile: source.profile, span: covered }] };
}

/** What a meter without a profile says at a visit. */
async function readout(meterId: MeterId, session: MeterSession): Promise<PieceRead> {
  const answer = session.readAll === undefined ? await readRegistersOf(session) : await session.readAll();
  return { meterId, ...(answer.kind === "refused" ? { batches: [] } : collectedOf(answer.value)), covered: [] };
}

async function readRegistersOf(session: MeterSession): Promise<MeterAnswer<CollectedReadings>> {
  const answer = await session.readRegisters();
  return answer.kind === "refused" ? answer : { kind: "done", value: { intervals: [], registers: answer.value, events: [] } };
}

/** What a contact that went well says about a meter. */
export function seenNow(atMs: number): Partial<DeviceHealth> {
  return { lastSeenMs: atMs, lastAttemptMs: atMs, consecutiveFailures: 0, lastError: undefined };
}

/** A number in [0, 1) that stays the same for a name. */
function spreadOf(name: string): number {
  let hash = 2_166_136_261;
  for (let index = 0; index < name.length; index++) hash = Math.imul(hash ^ name.charCodeAt(index), 16_777_619);
  return (hash >>> 0) / 2 ** 32;
}
