import { useSyncExternalStore } from "react";

export type ThemeChoice = "system" | "light" | "dark";
export type Theme = "light" | "dark";

const KEY = "amity-theme";
const media = window.matchMedia("(prefers-color-scheme: dark)");
const watchers = new Set<() => void>();

function storedChoice(): ThemeChoice {
  const stored = localStorage.getItem(KEY);
  return stored === "light" || stored === "dark" ? stored : "system";
}

let choice = storedChoice();

function themeNow(): Theme {
  return choice === "system" ? (media.matches ? "dark" : "light") : choice;
}

function apply(): void {
  document.documentElement.dataset["theme"] = themeNow();
  for (const watcher of watchers) watcher();
}

/** Sets the attribute that the style sheet's themes hang on. */
export function startTheme(): void {
  media.addEventListener("change", apply);
  apply();
}

export function chooseTheme(next: ThemeChoice): void {
  choice = next;
  localStorage.setItem(KEY, next);
  apply();
}

function watch(watcher: () => void): () => void {
  watchers.add(watcher);
  return () => watchers.delete(watcher);
}

/** The theme shown: canvases redraw when it changes. */
export function useTheme(): Theme {
  return useSyncExternalStore(watch, themeNow);
}

/** The colours of the style sheet, for canvases. */
export function cssColour(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}
