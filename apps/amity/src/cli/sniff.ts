import { UsageError } from "@amity/bytes";
import type { ExplainKey } from "@amity/dlms";
import { realNetwork, realTimers, scaledClock } from "@amity/runtime";
import { openSniffProxy, type SniffEvent } from "../laboratory/sniff-proxy.ts";
import { addressOption } from "./address-option.ts";
import { keyOption, systemTitleOption } from "./key-options.ts";
import { printJsonLine, printLine, remark } from "./output.ts";
import { printField } from "./print-field.ts";
import { untilSignal } from "./until-signal.ts";

export interface SniffCliOptions {
  readonly listen: number;
  readonly host: string;
  readonly to: string;
  readonly transport: string;
  readonly key?: string;
  readonly authKey?: string;
  readonly systemTitle?: string;
  readonly full?: boolean;
  readonly json?: boolean;
}

/** `amity sniff`: a TCP proxy that explains a live DLMS session, until interrupted. */
export async function sniff(options: SniffCliOptions): Promise<void> {
  const { transport } = options;
  if (transport !== "wrapper" && transport !== "hdlc")
    throw new UsageError(`"${transport}" is no transport`, { code: "transport", advice: "--transport wrapper or hdlc" });
  const proxy = {
    transport,
    listen: { host: options.host, port: options.listen },
    to: addressOption(options.to, "--to"),
    keys: keysOf(options),
    systemTitles: options.systemTitle === undefined ? [] : [systemTitleOption(options.systemTitle)],
  } as const;
  const clock = scaledClock(realTimers, { speed: 1 });
  const listener = await openSniffProxy(realNetwork, proxy, (event) => print(event, clock.nowMs(), options));
  const { host, port } = listener.address;
  if (options.json === true) printJsonLine({ event: "listening", host, port, to: options.to, transport });
  else remark(`listening on ${host}:${port}, passing on to ${options.to}`);
  await untilSignal();
  await listener.close();
}

function keysOf({ key, authKey }: SniffCliOptions): ExplainKey[] {
  if (key === undefined) {
    if (authKey !== undefined) throw new UsageError("--auth-key alone opens nothing", { code: "key", advice: "give --key as well" });
    return [];
  }
  const encryptionKey = keyOption(key, "--key");
  const authenticationKey = authKey === undefined ? new Uint8Array(encryptionKey.length) : keyOption(authKey, "--auth-key");
  return [{ label: "the given key", encryptionKey, authenticationKey }];
}

function print(event: SniffEvent, nowMs: number, options: SniffCliOptions): void {
  const at = new Date(nowMs).toISOString();
  if (options.json === true) {
    const { kind, connection } = event;
    if (event.kind === "said") {
      const { kind: what, ...item } = event.item;
      printJsonLine({ event: what, at, connection, ...item });
    } else
      printJsonLine({
        event: kind,
        at,
        connection,
        ...(event.kind === "opened" ? { remote: event.remote } : { by: event.by, error: event.error }),
      });
    return;
  }
  const head = `${at.slice(11, 23)} ${event.connection}`;
  switch (event.kind) {
    case "opened":
      printLine(`${head} opened by ${event.remote.host}:${event.remote.port}`);
      return;
    case "closed":
      printLine(`${head} closed by the ${event.by}${event.error === undefined ? "" : `: ${event.error}`}`);
      return;
    case "said": {
      const { item } = event;
      const pair = item.kind === "unreadable" ? "" : `${item.source} `;
      printLine(`${head} ${item.from === "client" ? "→" : "←"} ${pair}${item.kind === "unreadable" ? "unreadable: " : ""}${item.summary}`);
      if (options.full === true && item.kind === "apdu") printField(item.explained, 1);
    }
  }
}
