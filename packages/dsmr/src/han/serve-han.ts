import type { Connection, Timer, Timers } from "@amity/runtime";
import type { P1Meter } from "../server/p1-meter.ts";
import type { HanFormName, HanList } from "./han-form.ts";
import { encodeHanPush } from "./write-han-list.ts";

export interface ServeHanOptions {
  readonly timers: Timers;
  readonly form: HanFormName;
  /** Time from push to push; every fourth is of everything, and 1,440 are an hour. Default 2,500. */
  readonly everyMs?: number;
}

const EVERY_MS = 2_500;
const PUSHES_OF_NOW = 4;
const PUSHES_OF_HOUR = 1_440;
/** A peer that does not take what is sent gets nothing more (octets). */
const BACKLOG_MAX = 64 * 1024;

/** The meter's HAN port: pushes lists unasked until the connection ends, that of the hour first. */
export function serveHan(connection: Connection, meter: () => P1Meter, { timers, form, everyMs = EVERY_MS }: ServeHanOptions): void {
  let timer: Timer | undefined;
  let pushes = 0;
  const push = (): void => {
    timer = timers.after(everyMs, push);
    const list: HanList = pushes % PUSHES_OF_HOUR === 0 ? "hour" : pushes % PUSHES_OF_NOW === 0 ? "now" : "power";
    pushes += 1;
    if (connection.backlog < BACKLOG_MAX) connection.send(encodeHanPush(meter(), form, list, pushes));
  };
  timer = timers.after(0, push);
  connection.bind({ data() {}, closed: () => timer?.cancel() });
}
