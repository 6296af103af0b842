import { AmityError, LinkError } from "@amity/bytes";
import { connectDlms, wrapperLink, type Authentication, type DlmsClient } from "@amity/dlms";
import type { World } from "@amity/runtime";
import { piecesOf, type CollectedSource } from "./collection-plan.ts";
import type { ConcentratorEventLog } from "./concentrator-events.ts";
import { answeredSpan, lateBeforeMs } from "./coverage.ts";
import type { CollectedBook } from "./coverage-file.ts";
import { encodeDelivery, PUSH_OBJECT } from "./delivery.ts";
import type { DeliveryLog } from "./delivery-log.ts";
import type { MeterMedium } from "./meter-medium.ts";
import { DescriptionCache, readSpan } from "./meter-reading.ts";
import { VisitSchedule, type VisitOutcome } from "./visit-schedule.ts";

/** A meter that the concentrator collects, with its own reading association. */
export interface LocalMeter {
  readonly meterId: string;
  /** As the medium and the gateway prefix name it. */
  readonly address: string;
  readonly clientSap: number;
  readonly authentication: Authentication;
  /** What is collected of this meter beside the concentrator's own list: profiles and logs of the meters behind it (`subMeterSources`). */
  readonly sources?: readonly CollectedSource[];
}

export interface MeterCollectorParts {
  readonly world: World;
  readonly medium: MeterMedium;
  readonly log: DeliveryLog;
  readonly book: CollectedBook;
  readonly events: ConcentratorEventLog;
  readonly sources: readonly CollectedSource[];
  readonly collectEveryMs: number;
  readonly sessionsMax: number;
  readonly piecesPerVisit: number;
  readonly requestTimeoutMs: number;
}

export interface MeterStanding {
  readonly lastSeenMs: number | undefined;
  readonly failures: number;
  readonly lastError: string | undefined;
}

const UNSEEN: MeterStanding = { lastSeenMs: undefined, failures: 0, lastError: undefined };
/** While the disk is full, meters are left alone: they keep their readings, the medium is not wasted. */
const FULL_PAUSE_MS = 300_000;
const PUSH_OCTETS_MAX = 2_048;
const KEEP_BEYOND_MS = 7 * 86_400_000;

/** Collects the meters on the medium into the delivery log: what is new first, then history, newest first. */
export class MeterCollector {
  readonly #parts: MeterCollectorParts;
  readonly #meters = new Map<string, LocalMeter>();
  readonly #standing = new Map<string, MeterStanding>();
  readonly #descriptions = new DescriptionCache();
  readonly #schedule: VisitSchedule;
  #fullUntilMs: number | undefined;

  constructor(parts: MeterCollectorParts) {
    this.#parts = parts;
    this.#schedule = new VisitSchedule(parts.world, { slots: parts.sessionsMax, visit: (meterId) => this.#visit(meterId) });
  }

  get meters(): readonly LocalMeter[] {
    return [...this.#meters.values()];
  }

  byAddress(address: string): LocalMeter | undefined {
    return this.meters.find((meter) => meter.address === address);
  }

  standing(meterId: string): MeterStanding {
    return this.#standing.get(meterId) ?? UNSEEN;
  }

  setMeters(meters: readonly LocalMeter[]): void {
    const nowMs = this.#parts.world.clock.nowMs();
    const wanted = new Set(meters.map(({ meterId }) => meterId));
    for (const meterId of this.#meters.keys()) if (!wanted.has(meterId)) this.#schedule.remove(meterId);
    this.#meters.clear();
    for (const meter of meters) {
      this.#meters.set(meter.meterId, meter);
      if (!this.#schedule.has(meter.meterId)) this.#schedule.put(meter.meterId, nowMs);
    }
  }

  start(): void {
    this.#schedule.start();
  }

  stop(): Promise<void> {
    return this.#schedule.stop();
  }

  /** Deliveries were acknowledged: there may be room again. */
  roomAgain(): void {
    if (this.#fullUntilMs === undefined) return;
    this.#fullUntilMs = undefined;
    const nowMs = this.#parts.world.clock.nowMs();
    this.#parts.events.add({ atMs: nowMs, kind: "storageFree", detail: "the head-end has acknowledged deliveries: collection goes on" });
    for (const meterId of this.#meters.keys()) this.#schedule.put(meterId, nowMs);
  }

  /** Keeps what a meter sent of itself; from a stranger, or while the disk is full, there is nobody to keep it for. */
  async takePush(meterAddress: string, apdu: Uint8Array): Promise<void> {
    const meter = this.byAddress(meterAddress);
    if (meter === undefined || apdu.length > PUSH_OCTETS_MAX) return;
    const collectedAtMs = this.#parts.world.clock.nowMs();
    const span = { fromMs: collectedAtMs, toMs: collectedAtMs };
    try {
      await this.#parts.log.append(encodeDelivery({ meterId: meter.meterId, object: PUSH_OBJECT, collectedAtMs, span, payload: apdu }));
    } catch (error) {
      if (!isDiskFull(error)) throw error;
      this.#diskFull(error);
    }
  }

  async #visit(meterId: string): Promise<VisitOutcome> {
    const { world, collectEveryMs } = this.#parts;
    const meter = this.#meters.get(meterId);
    const nowMs = world.clock.nowMs();
    const regularMs = (Math.floor(nowMs / collectEveryMs) + 1) * collectEveryMs + Math.floor(world.random.float() * collectEveryMs * 0.25);
    if (meter === undefined) return { ok: true, dueMs: regularMs };
    if (this.#fullUntilMs !== undefined && nowMs < this.#fullUntilMs) return { ok: true, dueMs: this.#fullUntilMs };
    try {
      const isMore = await this.#session(meter, nowMs);
      this.#standing.set(meterId, { lastSeenMs: world.clock.nowMs(), failures: 0, lastError: undefined });
      return { ok: true, dueMs: isMore ? world.clock.nowMs() : regularMs };
    } catch (error) {
      if (isDiskFull(error)) return { ok: true, dueMs: this.#diskFull(error) };
      if (!(error instanceof AmityError)) world.log.error("concentrator.visit", { meterId, error: String(error) });
      const known = this.standing(meterId);
      this.#standing.set(meterId, {
        ...known,
        failures: known.failures + 1,
        lastError: error instanceof Error ? error.message : String(error),
      });
      return { ok: false, dueMs: regularMs };
    }
  }

  async #session(meter: LocalMeter, nowMs: number): Promise<boolean> {
    const { world, medium, requestTimeoutMs } = this.#parts;
    const connection = await medium.connect(meter.address, { timeoutMs: requestTimeoutMs });
    const { clientSap, authentication } = meter;
    const client = await connectDlms(wrapperLink(connection, "client"), { clientSap, authentication, timeoutMs: requestTimeoutMs }, world);
    try {
      return await this.#collect(meter, client, nowMs);
    } finally {
      await client.release();
    }
  }

  /** Reads and stores piece by piece; `true` when history is left for another visit. */
  async #collect({ meterId, sources: own = [] }: LocalMeter, client: DlmsClient, nowMs: number): Promise<boolean> {
    const { book, sources, piecesPerVisit } = this.#parts;
    for (const source of [...sources, ...own]) {
      const object = source.profile;
      const description = await this.#descriptions.find(client, meterId, object, nowMs);
      if (description === undefined) continue;
      let pieces = 0;
      for (const span of piecesOf(source, () => book.coverage(meterId, object), nowMs)) {
        if (pieces++ >= piecesPerVisit) return true;
        const lateEndMs = lateBeforeMs(source, nowMs);
        const read = await readSpan(client, { object, span, description, wantNewest: span.toMs > lateEndMs });
        if (read === undefined) break;
        const covered = answeredSpan(span, read.newestMs, lateEndMs);
        // An event log with nothing new is nothing to hand on; a load profile without rows says that there are none.
        if (read.isEmpty && source.kind === "events") book.add(meterId, object, covered);
        else await this.#store(meterId, source, covered, read.payload);
      }
    }
    return false;
  }

  /** Only when the delivery is synced does its span count as collected. */
  async #store(meterId: string, source: CollectedSource, span: { fromMs: number; toMs: number }, payload: Uint8Array): Promise<void> {
    const { log, book, world } = this.#parts;
    if (span.toMs <= span.fromMs) return;
    const collectedAtMs = world.clock.nowMs();
    await log.append(encodeDelivery({ meterId, object: source.profile, collectedAtMs, span, payload }));
    book.add(meterId, source.profile, span, collectedAtMs - source.historyMs - KEEP_BEYOND_MS);
  }

  #diskFull(error: LinkError): number {
    const nowMs = this.#parts.world.clock.nowMs();
    if (this.#fullUntilMs === undefined) this.#parts.events.add({ atMs: nowMs, kind: "storageFull", detail: error.message });
    this.#fullUntilMs = nowMs + FULL_PAUSE_MS;
    return this.#fullUntilMs;
  }
}

function isDiskFull(error: unknown): error is LinkError {
  return error instanceof LinkError && error.code === "disk-full";
}
