import type { Decision as DecisionShape, DecisionRequest, DecisionReview, DecisionsQuery, Page } from "@amity/api";
import { AmityError } from "@amity/bytes";
import type { Decision, DecisionOutcome, DecisionProgress } from "@amity/mdm";
import type { Principal, WriteOutcome } from "../../http/write-outcome.ts";
import { readCursor, writeCursor } from "../api/cursor.ts";
import type { UtilityParts } from "../api/utility-parts.ts";
import { askOf, channelsOf, decisionShape, plannedDecision } from "./decision-shapes.ts";

/** Machine time that a request waits for its decision; what takes longer is followed by its address. */
const WAIT_MS = 2_000;
/** Decisions in work at once. */
const RUNNING_MAX = 20;
/** Requests that came to nothing after their answer was given, kept for those who follow them. */
const FAILED_MAX = 200;

interface Running {
  readonly planned: Decision;
  progress: DecisionProgress | undefined;
}

/** Takes decisions, tells how far long ones are, and rates the bills of what they changed again. */
export class DecisionDesk {
  readonly #parts: UtilityParts;
  readonly #tell: (decision: DecisionShape) => void;
  readonly #running = new Map<string, Running>();
  readonly #failed = new Map<string, Decision>();
  readonly #work = new Set<Promise<unknown>>();

  /** `tell` is called with every decision that is made, waits, or ends otherwise. */
  constructor(parts: UtilityParts, tell: (decision: DecisionShape) => void) {
    this.#parts = parts;
    this.#tell = tell;
  }

  async decide({ decisionId, ask, reason, fingerprint }: DecisionRequest, by: Principal): Promise<WriteOutcome<DecisionShape>> {
    const { mdm, world } = this.#parts;
    const known = await this.find(decisionId);
    if (known !== undefined) return { kind: "done", value: known };
    if (this.#running.size >= RUNNING_MAX)
      return { kind: "conflict", detail: `${RUNNING_MAX} decisions are being made: try again when one is done.` };
    const asked = await askOf(this.#parts, ask);
    if (asked === undefined) return { kind: "not-found" };
    const planned = plannedDecision({ decisionId, ask: asked, author: by.user, reason, requestedAtMs: world.clock.nowMs() });
    const running: Running = { planned, progress: undefined };
    const warrant = { decisionId, author: by.user, reason, fingerprint };
    return this.#watched(
      running,
      mdm.decisions.request(asked, warrant, (progress) => (running.progress = progress)),
    );
  }

  async review(decisionId: string, { verdict, note }: DecisionReview, by: Principal): Promise<WriteOutcome<DecisionShape>> {
    const { decisions } = this.#parts.mdm;
    const decision = await decisions.find(decisionId);
    if (decision === undefined) return { kind: "not-found" };
    const said = { by: by.user, note };
    if (verdict !== "approve")
      return this.#outcome(await (verdict === "reject" ? decisions.reject(decisionId, said) : decisions.withdraw(decisionId, said)));
    const running: Running = { planned: { ...decision, state: "running" }, progress: undefined };
    return this.#watched(
      running,
      decisions.approve(decisionId, said, (progress) => (running.progress = progress)),
    );
  }

  async find(decisionId: string): Promise<DecisionShape | undefined> {
    const running = this.#running.get(decisionId);
    const decision = running?.planned ?? (await this.#parts.mdm.decisions.find(decisionId)) ?? this.#failed.get(decisionId);
    if (decision === undefined) return undefined;
    const shape = decisionShape(decision, await channelsOf(this.#parts, [decision]));
    return running?.progress === undefined ? shape : { ...shape, progress: running.progress };
  }

  async list(query: DecisionsQuery): Promise<Page<DecisionShape>> {
    const after = query.cursor === undefined ? undefined : readCursor(query.cursor, 2);
    const found = await this.#parts.mdm.decisions.list({
      limit: query.limit + 1,
      ...(query.state === undefined ? {} : { state: query.state }),
      ...(query.by === undefined ? {} : { author: query.by }),
      ...(after === undefined ? {} : { after: { requestedAtMs: Number(after[0]), decisionId: String(after[1]) } }),
    });
    const items = found.slice(0, query.limit);
    const channels = await channelsOf(this.#parts, items);
    const last = items.at(-1);
    const more = found.length > query.limit && last !== undefined;
    return {
      items: items.map((decision) => decisionShape(decision, channels)),
      ...(more ? { next: writeCursor([last.requestedAtMs, last.decisionId]) } : {}),
    };
  }

  /** Waits for what is being made. */
  async stop(): Promise<void> {
    await Promise.allSettled(this.#work);
  }

  /** Waits a while; what is not done by then goes on, and is told when it ends. */
  async #watched(running: Running, work: Promise<DecisionOutcome>): Promise<WriteOutcome<DecisionShape>> {
    const { decisionId } = running.planned;
    this.#running.set(decisionId, running);
    const ended = work.finally(() => this.#running.delete(decisionId)).then((outcome) => this.#outcome(outcome));
    this.#work.add(ended);
    ended.then(
      () => this.#work.delete(ended),
      () => this.#work.delete(ended),
    );
    const { timers } = this.#parts.world;
    let timer: { cancel(): void } | undefined;
    const waited = new Promise<"late">((resolve) => (timer = timers.after(WAIT_MS, () => resolve("late"))));
    const first = await Promise.race([ended, waited]);
    timer?.cancel();
    if (first !== "late") return first;
    ended.then(
      (outcome) =>
        outcome.kind !== "done" && this.#keepFailed(running.planned, "detail" in outcome ? outcome.detail : "There is no such thing."),
      (error: unknown) =>
        this.#keepFailed(running.planned, error instanceof AmityError ? `${error.message}.` : "Something went wrong on our side."),
    );
    const shape = decisionShape(running.planned, await channelsOf(this.#parts, [running.planned]));
    return { kind: "done", value: running.progress === undefined ? shape : { ...shape, progress: running.progress } };
  }

  #keepFailed(planned: Decision, outcome: string): void {
    this.#failed.set(planned.decisionId, { ...planned, state: "failed", outcome });
    const [oldest] = this.#failed.keys();
    if (this.#failed.size > FAILED_MAX && oldest !== undefined) this.#failed.delete(oldest);
  }

  async #outcome(outcome: DecisionOutcome): Promise<WriteOutcome<DecisionShape>> {
    this.#parts.clusters.changed();
    switch (outcome.kind) {
      case "notFound":
        return { kind: "not-found" };
      case "refused":
        return { kind: "conflict", detail: sentence(outcome.reason) };
      case "superseded":
        if (outcome.decision !== undefined) this.#tell(await this.#shape(outcome.decision));
        return { kind: "conflict", detail: sentence(outcome.reason) };
      case "repeated":
        return { kind: "done", value: await this.#shape(outcome.decision) };
      case "taken": {
        const made = await this.#rebilled(outcome.decision);
        this.#tell(made);
        return { kind: "done", value: made };
      }
    }
  }

  /** Bills over what a decision changed are rated again; where that fails the decision stands, and the next billing run sees to it. */
  async #rebilled(decision: Decision): Promise<DecisionShape> {
    const { mdm } = this.#parts;
    if (decision.state !== "done" || decision.effect.days === 0) return this.#shape(decision);
    const rebilled = await mdm.decisions.rebill(decision.decisionId).catch(() => 0);
    const shape = await this.#shape((await mdm.decisions.find(decision.decisionId)) ?? decision);
    return { ...shape, rebilled };
  }

  async #shape(decision: Decision): Promise<DecisionShape> {
    return decisionShape(decision, await channelsOf(this.#parts, [decision]));
  }
}

function sentence(reason: string): string {
  return `${reason.charAt(0).toUpperCase()}${reason.slice(1)}.`;
}
