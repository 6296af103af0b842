import type { Timers } from "@amity/runtime";
import type { EventHub, NumberedEvent } from "./event-hub.ts";

/** A follower that lags behind by more than this is cut off; it comes back with its `Last-Event-ID`. */
const BACKLOG_BYTES_MAX = 1 << 20;
const HEARTBEAT_MS = 15_000;

/** The `text/event-stream` answer: events of the hub after `lastEventId`, with a comment line now and then against idle proxies. */
export function sseResponse(hub: EventHub, timers: Pick<Timers, "after">, lastEventId: string | undefined): Response {
  const encoder = new TextEncoder();
  let stop = (): void => {};

  const body = new ReadableStream<Uint8Array>(
    {
      start(controller) {
        let open = true;
        const end = (): void => {
          if (!open) return;
          open = false;
          unfollow();
          heartbeat.cancel();
        };
        const write = (text: string): void => {
          if (!open) return;
          if ((controller.desiredSize ?? 0) < -BACKLOG_BYTES_MAX) {
            end();
            controller.close();
            return;
          }
          controller.enqueue(encoder.encode(text));
        };
        const beat = (): void => {
          write(": still here\n\n");
          if (open) heartbeat = timers.after(HEARTBEAT_MS, beat);
        };
        let unfollow = (): void => {};
        let heartbeat = timers.after(HEARTBEAT_MS, beat);
        stop = end;
        write("retry: 2000\n\n");
        unfollow = hub.follow(lastEventId, (numbered) => write(frame(hub, numbered)));
      },
      cancel: () => stop(),
    },
    new ByteLengthQueuingStrategy({ highWaterMark: 16_384 }),
  );

  return new Response(body, {
    headers: { "content-type": "text/event-stream; charset=utf-8", "cache-control": "no-store", "x-accel-buffering": "no" },
  });
}

function frame(hub: EventHub, { id, event }: NumberedEvent): string {
  const { type, ...data } = event;
  return `id: ${hub.idText(id)}\nevent: ${type}\ndata: ${JSON.stringify(data)}\n\n`;
}
