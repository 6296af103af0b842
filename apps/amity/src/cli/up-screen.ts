import { realTimers, type Timer } from "@amity/runtime";
import type { Utility } from "../compose/utility.ts";

const BAR_WIDTH = 20;
/** Machine time between two paintings of the live line. */
const PAINT_EVERY_MS = 500;

/** What `amity up` shows on the terminal: steps with their times, where to look, a live line; or one JSON object a line. */
export class UpScreen {
  readonly #json: boolean;
  readonly #version: string;
  readonly #isTerminal = process.stdout.isTTY === true;
  #timer: Timer | undefined;
  #lastPercent = -1;

  constructor(json: boolean, version: string) {
    this.#json = json;
    this.#version = version;
  }

  begin(simulated: boolean): void {
    if (this.#json) return;
    this.#line(`\n  Amity ${this.#version}${simulated ? "   demo utility, simulated; nothing leaves this machine" : ""}\n`);
  }

  /** Runs one step of starting and says how long it took. */
  async step<T>(name: string, work: () => Promise<T>, describe: (value: T) => string): Promise<T> {
    const startedMs = realTimers.elapsedMs();
    const value = await work();
    const seconds = (realTimers.elapsedMs() - startedMs) / 1000;
    const detail = describe(value);
    if (this.#json) this.#object({ event: "step", name, detail, seconds: Number(seconds.toFixed(2)) });
    else this.#line(`  ✔ ${name.padEnd(9)} ${detail.padEnd(64)} ${seconds.toFixed(1)} s`);
    return value;
  }

  ready(url: string, utility: Utility, about: { simulated: boolean; speed: number; logFile: string }): void {
    if (this.#json) {
      this.#object({
        event: "ready",
        console: url,
        api: `${url}/api/openapi.json`,
        simulated: about.simulated,
        speed: about.speed,
        log: about.logFile,
      });
    } else {
      this.#line("");
      this.#line(`  Console   ${url}`);
      this.#line(`  API       ${url}/api/openapi.json`);
      this.#line(`  Log       ${about.logFile}`);
      this.#line(
        `  ${about.simulated ? `The utility's clock runs ${about.speed} times as fast as yours. ` : ""}Ctrl-C stops; the data stay.\n`,
      );
    }
    this.#follow(utility);
  }

  stopping(): void {
    this.close();
    if (this.#json) this.#object({ event: "stopping" });
    else this.#line("\n  Stopping ...");
  }

  close(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #follow(utility: Utility): void {
    const paint = (): void => {
      const { fraction } = utility.headEnd.views.backfill();
      const percent = Math.floor(fraction * 100);
      if (this.#json) this.#progress(percent, utility);
      else if (this.#isTerminal) this.#paint(fraction, utility);
      else if (percent >= this.#lastPercent + 10 || (percent === 100 && this.#lastPercent < 100)) {
        this.#lastPercent = percent;
        this.#line(`  history ${percent} %  ${liveText(utility)}`);
      }
      this.#timer = realTimers.after(PAINT_EVERY_MS, paint);
    };
    paint();
  }

  #progress(percent: number, utility: Utility): void {
    if (percent === this.#lastPercent) return;
    this.#lastPercent = percent;
    this.#object({ event: "backfill", percent, intervals: utility.parts.intervals.stored });
  }

  #paint(fraction: number, utility: Utility): void {
    const filled = Math.round(fraction * BAR_WIDTH);
    const bar =
      fraction >= 0.999
        ? "history complete"
        : `history ${"█".repeat(filled)}${"░".repeat(BAR_WIDTH - filled)} ${Math.floor(fraction * 100)} %`;
    process.stdout.write(`\r\u001b[2K  ${bar}  ${liveText(utility)}`);
  }

  #object(value: Record<string, unknown>): void {
    process.stdout.write(`${JSON.stringify(value)}\n`);
  }

  #line(text: string): void {
    process.stdout.write(`${text}\n`);
  }
}

function liveText({ parts, watch, headEnd }: Utility): string {
  const time = new Date(parts.world.clock.nowMs()).toISOString().slice(0, 16).replace("T", " ");
  let importW = 0;
  for (const meter of watch.all()) importW += meter.importW;
  const { metersOnline, meters } = headEnd.views.counts();
  return `${time} UTC  ${(importW / 1000).toFixed(0)} kW  ${metersOnline}/${meters} meters  ${parts.intervals.stored.toLocaleString("en-US")} intervals`;
}
