import { connect, type Socket } from "node:net";
import { once } from "node:events";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { startHttpServer, type HttpServer } from "../src/http/index.ts";

const CONNECTIONS_MAX = 40;

describe("a server with all the connections that it may have", () => {
  let server: HttpServer;
  let sockets: Socket[];
  /** Requests that wait until the test lets them go. */
  let release: () => void;
  let allWait: Promise<void>;

  beforeEach(async () => {
    sockets = [];
    const released = new Promise<void>((resolve) => (release = resolve));
    let waiting = 0;
    let told: () => void = () => undefined;
    allWait = new Promise<void>((resolve) => (told = resolve));
    const app = {
      fetch: async (request: Request) => {
        if (!request.url.endsWith("/slow")) return new Response("here");
        if (++waiting === CONNECTIONS_MAX) told();
        await released;
        return new Response("here");
      },
      close: () => undefined,
    };
    server = await startHttpServer(app, { host: "127.0.0.1", port: 0, connectionsMax: CONNECTIONS_MAX });
  });
  afterEach(async () => {
    for (const socket of sockets) socket.destroy();
    await server.close();
  });

  async function crowd(count: number, words: string): Promise<Socket[]> {
    const opened = Array.from({ length: count }, () => connect({ host: "127.0.0.1", port: server.port }).on("error", () => undefined));
    sockets.push(...opened);
    await Promise.all(opened.map((socket) => once(socket, "connect")));
    if (words !== "") for (const socket of opened) socket.write(words);
    return opened;
  }

  it.each([
    ["say nothing", ""],
    ["send a request drop by drop", "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: a"],
    ["send half a body", "POST /slow HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 500\r\n\r\nhalf"],
  ])("serves newcomers when the others %s, and closes the oldest of those", async (_, words) => {
    const [oldest, ...others] = await crowd(CONNECTIONS_MAX, words);
    const closed = once(oldest!, "close");
    expect(await (await fetch(server.url)).text()).toBe("here");
    await closed;
    expect(others.at(-1)!.destroyed).toBe(false);
    await crowd(4 * CONNECTIONS_MAX, words);
    expect(await (await fetch(server.url)).text()).toBe("here");
  });

  it("cuts nobody off who waits for an answer, and closes the newcomer instead", async () => {
    const waiting = await crowd(CONNECTIONS_MAX, "GET /slow HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
    await allWait;
    await expect(fetch(server.url)).rejects.toThrow();
    const answers = waiting.map((socket) => once(socket, "data").then(([chunk]) => String(chunk)));
    release();
    expect((await Promise.all(answers)).every((answer) => answer.startsWith("HTTP/1.1 200"))).toBe(true);
  });
});
