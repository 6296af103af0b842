import type { LiveEvent } from "@amity/api";

/** An event with its place in the stream. */
export interface NumberedEvent {
  readonly id: number;
  readonly event: LiveEvent;
}

/** Numbers live events and keeps the last of them, so that a client that lost its line can go on where it was. */
export interface EventHub {
  publish(event: LiveEvent): void;
  /**
   * Events after `lastId` (all future ones where absent), then live ones, until the returned function is called. Where the
   * missed part is gone, or the id is of another start of the program, the first event is a `reset`.
   */
  follow(lastId: string | undefined, listener: (event: NumberedEvent) => void): () => void;
  /** How many follow now. */
  readonly followers: number;
  /** The text form of an id: the start of the program and the number. */
  idText(id: number): string;
}

/** @param epoch tells one start of the program from another. */
export function createEventHub(options: { epoch: string; keptMax: number }): EventHub {
  const kept: NumberedEvent[] = [];
  const listeners = new Set<(event: NumberedEvent) => void>();
  let nextId = 1;

  return {
    publish(event) {
      const numbered = { id: nextId++, event };
      kept.push(numbered);
      if (kept.length > options.keptMax) kept.splice(0, kept.length - options.keptMax);
      for (const listener of listeners) listener(numbered);
    },
    follow(lastId, listener) {
      if (lastId !== undefined && lastId !== "") {
        const [epoch, number] = lastId.split("-");
        const after = Number(number);
        const first = kept[0]?.id ?? nextId;
        if (epoch !== options.epoch || !Number.isSafeInteger(after) || after < first - 1 || after >= nextId) {
          listener({ id: nextId - 1, event: { type: "reset" } });
        } else {
          for (const numbered of kept) if (numbered.id > after) listener(numbered);
        }
      }
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    get followers() {
      return listeners.size;
    },
    idText: (id) => `${options.epoch}-${id}`,
  };
}
