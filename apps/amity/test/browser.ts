import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium, type Page } from "playwright-core";

const INSTALLED = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];
const ARGUMENTS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** An installed Chromium, else the one that a development package ships; `undefined` where neither is there. */
export async function findChromium(): Promise<string | undefined> {
  const installed = INSTALLED.find((path) => existsSync(path));
  if (installed !== undefined) return installed;
  try {
    const { default: shipped } = await import("@sparticuz/chromium");
    return await shipped.executablePath();
  } catch {
    return undefined;
  }
}

/** Opens a page in a fresh profile, runs the work, and closes everything. Errors of the page's own scripts fail the work. */
export async function withPage<T>(executablePath: string, work: (page: Page) => Promise<T>): Promise<T> {
  const profile = await mkdtemp(join(tmpdir(), "amity-browser-"));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath,
    headless: true,
    args: ARGUMENTS,
    viewport: { width: 1400, height: 900 },
  });
  try {
    const page = await context.newPage();
    const errors: string[] = [];
    page.on("pageerror", (error) => errors.push(error.message));
    const value = await work(page);
    if (errors.length > 0) throw new Error(`the page's scripts failed: ${errors.join("; ")}`);
    return value;
  } finally {
    await context.close();
    await rm(profile, { recursive: true, force: true });
  }
}
