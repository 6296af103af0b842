import type { FrameTrace, SessionTrace } from "./session-trace.ts";

/** Limits of what is kept for the console. */
const FRAMES_MAX = 400;
/** Of a meter that only speaks: it goes on for weeks, and what it says now is what matters. */
const HEARD_FRAMES_MAX = 40;
const SESSION_OCTETS_MAX = 256 * 1024;
const TOTAL_OCTETS_MAX = 48 * 1024 * 1024;

interface Kept {
  readonly recorder: TraceRecorder;
  trace: SessionTrace;
  octets: number;
}

/** Purpose of a session in which only the meter speaks. */
export const LISTENING = "listen";

/** A session that is being recorded. */
export interface TraceRecorder {
  frame(frame: FrameTrace): void;
  end(endedAtMs: number, error?: string): void;
}

/** Keeps the messages of the last session of each meter, the newest of one that only speaks; the least recently talked-to meters are forgotten first. */
export class TraceKeeper {
  readonly #kept = new Map<string, Kept>();
  #octets = 0;

  last(meterId: string): SessionTrace | undefined {
    const kept = this.#kept.get(meterId);
    return kept === undefined ? undefined : { ...kept.trace, frames: [...kept.trace.frames] };
  }

  has(meterId: string): boolean {
    return this.#kept.has(meterId);
  }

  begin(session: { meterId: string; route: string; purpose: string; startedAtMs: number }): TraceRecorder {
    const frames: FrameTrace[] = [];
    const trace: SessionTrace = { ...session, endedAtMs: undefined, outcome: "open", frames, framesDropped: 0 };
    const recorder: TraceRecorder = {
      frame: (frame) => {
        const octets = octetsOf(frame);
        if (session.purpose === LISTENING && frames.length >= HEARD_FRAMES_MAX) {
          const oldest = frames.shift();
          kept.trace = { ...kept.trace, framesDropped: kept.trace.framesDropped + 1 };
          kept.octets -= oldest === undefined ? 0 : octetsOf(oldest);
          if (oldest !== undefined && this.#kept.get(session.meterId) === kept) this.#octets -= octetsOf(oldest);
        }
        if (frames.length >= FRAMES_MAX || kept.octets + octets > SESSION_OCTETS_MAX) {
          kept.trace = { ...kept.trace, framesDropped: kept.trace.framesDropped + 1 };
          return;
        }
        frames.push(frame);
        kept.octets += octets;
        // A later session may have taken this one's place.
        if (this.#kept.get(session.meterId) === kept) this.#account(octets);
      },
      end: (endedAtMs, error) => {
        kept.trace = {
          ...kept.trace,
          endedAtMs,
          outcome: error === undefined ? "ok" : "failed",
          ...(error === undefined ? {} : { error }),
        };
      },
    };
    const kept: Kept = { recorder, trace, octets: 0 };
    this.#forget(session.meterId);
    this.#kept.set(session.meterId, kept);
    return recorder;
  }

  /** The record of a meter that is heard now and then: it goes on where it was. */
  heard(meter: { meterId: string; route: string; startedAtMs: number }): TraceRecorder {
    const kept = this.#kept.get(meter.meterId);
    return kept?.trace.purpose === LISTENING ? kept.recorder : this.begin({ ...meter, purpose: LISTENING });
  }

  #account(octets: number): void {
    this.#octets += octets;
    for (const meterId of this.#kept.keys()) {
      if (this.#octets <= TOTAL_OCTETS_MAX) return;
      this.#forget(meterId);
    }
  }

  #forget(meterId: string): void {
    const kept = this.#kept.get(meterId);
    if (kept === undefined) return;
    this.#octets -= kept.octets;
    this.#kept.delete(meterId);
  }
}

function octetsOf({ wire, plain }: FrameTrace): number {
  return wire.length + (plain?.length ?? 0);
}
