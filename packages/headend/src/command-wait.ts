import type { World } from "@amity/runtime";
import type { CommandRecord, Registry } from "./registry.ts";

/** Machine ms between two looks at a command that waits for somebody: the clock's speed may have changed. */
const LOOK_MS = 60_000;

/** Commands that wait for somebody else: looked at now and then, and at once when something has happened to them. */
export class CommandWait {
  readonly #parts: { readonly world: World; readonly registry: Pick<Registry, "command"> };
  readonly #wakers = new Map<string, () => void>();

  constructor(parts: { readonly world: World; readonly registry: Pick<Registry, "command"> }) {
    this.#parts = parts;
  }

  /** Something has happened to a command. */
  wake(commandId: string): void {
    this.#wakers.get(commandId)?.();
  }

  /** The command after a while (a look's time, at most up to an instant), or as soon as it is woken; at once where it need not wait. */
  async lookAgain(
    commandId: string,
    wait: { readonly untilMs: number; readonly mustWait: (record: CommandRecord) => boolean; readonly signal: AbortSignal },
  ): Promise<CommandRecord | undefined> {
    const { world, registry } = this.#parts;
    const woken = new AbortController();
    this.#wakers.set(commandId, () => woken.abort());
    const toEndMs = Math.max(0, (wait.untilMs - world.clock.nowMs()) / world.clock.speed);
    const known = await registry.command(commandId);
    if (known !== undefined && wait.mustWait(known) && !woken.signal.aborted)
      await world.timers.sleep(Math.min(LOOK_MS, toEndMs), AbortSignal.any([wait.signal, woken.signal])).catch(() => undefined);
    this.#wakers.delete(commandId);
    return registry.command(commandId);
  }
}
