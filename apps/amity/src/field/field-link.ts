import { fork, type ChildProcess } from "node:child_process";
import { LinkError } from "@amity/bytes";
import type { ClockSetting, FieldReply, FieldRequest, FieldStart } from "./field-messages.ts";

/** The running field, from the program's side. */
export interface FieldLink {
  readonly meterPorts: Readonly<Record<string, number>>;
  readonly concentratorPorts: Readonly<Record<string, number>>;
  setClock(clock: ClockSetting): void;
  /** Cuts or restores a feeder. Resolves to the meters whose supply changed. */
  setFeeder(feederId: string, hasPower: boolean): Promise<{ readonly meters: number }>;
  /** Settles with the reason when the field's process has ended by itself. */
  readonly ended: Promise<string>;
  stop(): Promise<void>;
}

/** Starts the field in a process of its own. @throws LinkError `field` with what it said. */
export async function startField(start: FieldStart): Promise<FieldLink> {
  const child = fork(new URL("./field-process.ts", import.meta.url), {
    execArgv: ["--import", import.meta.resolve("tsx")],
    stdio: ["ignore", "ignore", "inherit", "ipc"],
  });
  const send = (request: FieldRequest): void => void (child.connected && child.send(request));
  const waiting = new Map<number, (reply: { meters: number }) => void>();
  let nextId = 1;
  const ended = new Promise<string>((resolve) => child.once("exit", (code, signal) => resolve(`ended with ${signal ?? code}`)));
  const started = new Promise<Extract<FieldReply, { kind: "started" }>>((resolve, reject) => {
    child.on("message", (reply: FieldReply) => {
      if (reply.kind === "started") resolve(reply);
      else if (reply.kind === "failed") reject(new LinkError(`the simulated field: ${reply.message}`, { code: "field" }));
      else if (reply.kind === "feeder") {
        waiting.get(reply.id)?.(reply);
        waiting.delete(reply.id);
      }
    });
    void ended.then((reason) => reject(new LinkError(`the simulated field ${reason}`, { code: "field" })));
  });
  send(start);
  const { meterPorts, concentratorPorts } = await started;
  return {
    meterPorts,
    concentratorPorts,
    ended,
    setClock: (clock) => send({ kind: "clock", clock }),
    setFeeder(feederId, hasPower) {
      const id = nextId++;
      return new Promise((resolve) => {
        waiting.set(id, resolve);
        send({ kind: "feeder", id, feederId, hasPower });
      });
    },
    stop: () => stopChild(child),
  };
}

function stopChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => {
    child.once("exit", () => resolve());
    child.kill("SIGTERM");
  });
}
