import type { LiveEvent, LiveEventType, LiveTick } from "@amity/api";

/** What the page knows from the stream, beside what it hands on to listeners. */
export interface LiveState {
  readonly connected: boolean;
  readonly tick: LiveTick | undefined;
  /** `performance.now()` when the tick came: lets the clock run on between ticks. */
  readonly tickAt: number;
}

type Listener<Type extends LiveEventType> = (event: Extract<LiveEvent, { type: Type }>) => void;

const TYPES: readonly LiveEventType[] = ["tick", "meters", "feeder", "concentrator", "command", "decision", "notice", "backfill", "reset"];

/** One EventSource for the whole page; the browser itself resumes with Last-Event-ID. */
export function openLive() {
  let state: LiveState = { connected: false, tick: undefined, tickAt: 0 };
  const watchers = new Set<() => void>();
  const listeners = new Map<LiveEventType, Set<(event: LiveEvent) => void>>();
  let source: EventSource | undefined;

  function change(next: Partial<LiveState>): void {
    state = { ...state, ...next };
    for (const watcher of watchers) watcher();
  }

  function start(): void {
    if (source !== undefined) return;
    source = new EventSource("/api/v1/stream");
    source.addEventListener("open", () => change({ connected: true }));
    source.addEventListener("error", () => change({ connected: false }));
    for (const type of TYPES) {
      source.addEventListener(type, (message: MessageEvent<string>) => {
        const event = { type, ...(JSON.parse(message.data) as object) } as LiveEvent;
        if (event.type === "tick") change({ tick: event.tick, tickAt: performance.now(), connected: true });
        for (const listener of listeners.get(type) ?? []) listener(event);
      });
    }
  }

  return {
    start,
    stop(): void {
      source?.close();
      source = undefined;
    },
    state: (): LiveState => state,
    watch: (watcher: () => void): (() => void) => {
      watchers.add(watcher);
      return () => watchers.delete(watcher);
    },
    on<Type extends LiveEventType>(type: Type, listener: Listener<Type>): () => void {
      const set = listeners.get(type) ?? new Set();
      listeners.set(type, set);
      set.add(listener as (event: LiveEvent) => void);
      return () => set.delete(listener as (event: LiveEvent) => void);
    },
  };
}

export const live = openLive();
