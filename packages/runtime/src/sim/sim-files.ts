import { LinkError } from "@amity/bytes";
import type { Files } from "../files.ts";
import type { Random } from "../random.ts";
import type { Scheduler } from "./scheduler.ts";

/** Time that a synced write takes (ms, virtual). */
const SYNC_MS = 4;

/**
 * The disk of a simulated node: outlives its crashes. A write that a crash cuts off leaves nothing, all, or a torn part
 * of an append; a `replace` is all or nothing.
 */
export class SimDisk {
  readonly #content = new Map<string, Uint8Array>();
  readonly #pending = new Map<object, { path: string; data: Uint8Array; append: boolean }>();
  readonly #scheduler: Scheduler;
  readonly #random: Random;
  /** Octets that fit. Lower it to fill the disk. */
  capacityOctets = Number.POSITIVE_INFINITY;

  constructor(scheduler: Scheduler, random: Random) {
    this.#scheduler = scheduler;
    this.#random = random;
  }

  get usedOctets(): number {
    let used = 0;
    for (const data of this.#content.values()) used += data.length;
    return used;
  }

  /** The files as one life of the node sees them: after its crash nothing resolves any more. */
  filesFor(isAlive: () => boolean): Files {
    const write = (path: string, data: Uint8Array, append: boolean): Promise<void> =>
      new Promise((resolve, reject) => {
        const ticket = { path, data: data.slice(), append };
        this.#pending.set(ticket, ticket);
        this.#scheduler.after(SYNC_MS, () => {
          if (!this.#pending.delete(ticket) || !isAlive()) return;
          if (!this.#fits(ticket)) reject(diskFull(path));
          else {
            this.#apply(ticket);
            resolve();
          }
        });
      });
    const whileAlive = <T>(value: () => T): Promise<T> => (isAlive() ? Promise.resolve(value()) : new Promise(() => {}));
    return {
      read: (path) => whileAlive(() => this.#content.get(path)?.slice()),
      append: (path, data) => write(path, data, true),
      replace: (path, data) => write(path, data, false),
      remove: (path) => whileAlive(() => void this.#content.delete(path)),
      list: (folder) => whileAlive(() => this.#list(folder)),
    };
  }

  /** The power fails: what was not synced may be there, may be torn, may be gone. */
  crash(): void {
    for (const write of this.#pending.values()) {
      const kept = this.#random.below(3);
      if (kept === 1 && this.#fits(write)) this.#apply(write);
      else if (kept === 2 && write.append)
        this.#apply({ ...write, data: write.data.subarray(0, this.#random.below(write.data.length + 1)) });
    }
    this.#pending.clear();
  }

  #fits(write: { path: string; data: Uint8Array; append: boolean }): boolean {
    const replaced = write.append ? 0 : (this.#content.get(write.path)?.length ?? 0);
    return this.usedOctets - replaced + write.data.length <= this.capacityOctets;
  }

  #apply(write: { path: string; data: Uint8Array; append: boolean }): void {
    const before = write.append ? this.#content.get(write.path) : undefined;
    if (before === undefined) {
      this.#content.set(write.path, write.data.slice());
      return;
    }
    const joined = new Uint8Array(before.length + write.data.length);
    joined.set(before);
    joined.set(write.data, before.length);
    this.#content.set(write.path, joined);
  }

  #list(folder: string): string[] {
    const prefix = folder === "" || folder === "." ? "" : `${folder}/`;
    const names = new Set<string>();
    for (const path of this.#content.keys()) {
      if (path.startsWith(prefix)) names.add(path.slice(prefix.length).split("/")[0] ?? "");
    }
    return [...names].toSorted();
  }
}

function diskFull(path: string): LinkError {
  return new LinkError(`no space left on the disk while writing ${path}`, {
    code: "disk-full",
    advice: "free space or enlarge the disk; nothing stored before is lost",
  });
}
