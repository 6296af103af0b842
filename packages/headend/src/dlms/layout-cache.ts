import type { ProfileLayout } from "./profile-layout.ts";

const ENTRIES_MAX = 50_000;
/** A profile that was configured anew shows in a day at the latest; a changed width shows at once. */
const AGE_MS_MAX = 86_400_000;

/** Remembers how the profiles of meters are laid out, so that a session need not ask again: eight exchanges saved each time. */
export class LayoutCache {
  readonly #entries = new Map<string, { readonly layout: ProfileLayout; readonly atMs: number }>();

  find(meterId: string, profile: string, nowMs: number): ProfileLayout | undefined {
    const entry = this.#entries.get(`${meterId}\0${profile}`);
    return entry === undefined || nowMs - entry.atMs > AGE_MS_MAX ? undefined : entry.layout;
  }

  keep(meterId: string, profile: string, layout: ProfileLayout, nowMs: number): void {
    if (this.#entries.size >= ENTRIES_MAX) this.#entries.clear();
    this.#entries.set(`${meterId}\0${profile}`, { layout, atMs: nowMs });
  }

  forget(meterId: string, profile: string): void {
    this.#entries.delete(`${meterId}\0${profile}`);
  }
}
