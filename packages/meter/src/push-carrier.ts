import { LinkError } from "@amity/bytes";
import { WrapperReader, encodeWrapper } from "@amity/dlms";
import type { Address, Network, Timer, Timers } from "@amity/runtime";
import { addressOf } from "./dlms/push-settings.ts";

/** A push on its way out. */
export interface OutgoingPush {
  readonly meterId: string;
  /** n of 0-n:25.9.0. */
  readonly setup: number;
  /** `tcp` or `udp`. */
  readonly transport: string;
  /** `host:port`; empty: wherever the meter's network takes it. */
  readonly destination: string;
  /** The client's service access point that it is for. */
  readonly clientSap: number;
  /** Protected as the push setup says. */
  readonly apdu: Uint8Array;
  /** Present where the receiver must confirm: whether an APDU that came back does. */
  readonly isConfirmedBy?: (answer: Uint8Array) => boolean;
}

/** Takes a push to its destination, and waits for its confirmation where it needs one. Rejects where it could not: the meter tries again. */
export type PushCarrier = (push: OutgoingPush) => Promise<void>;

export interface CarrierOptions {
  /** Where datagrams leave from, default 127.0.0.1. */
  readonly localHost?: string;
  /** Without them nobody tells how long to wait for a confirmation: pushes that need one are not carried. */
  readonly timers?: Timers;
}

const MANAGEMENT_SAP = 1;
const CONNECT_TIMEOUT_MS = 10_000;
const CONFIRM_TIMEOUT_MS = 30_000;

/** Carries pushes over TCP or UDP with the wrapper (IEC 62056-4-7): a connection for each, closed after it. */
export function networkCarrier(network: Network, { localHost = "127.0.0.1", timers }: CarrierOptions = {}): PushCarrier {
  return async ({ destination, transport, clientSap, apdu, isConfirmedBy }) => {
    const address = addressOf(destination);
    if (address === undefined) throw new LinkError("the push setup names no destination", { code: "unreachable" });
    const message = encodeWrapper(MANAGEMENT_SAP, clientSap, apdu);
    const confirmation = isConfirmedBy === undefined ? undefined : new Confirmation(isConfirmedBy, timers);
    try {
      const send = transport === "udp" ? sendDatagram : sendOverTcp;
      await send({ network, address, localHost, message, confirmation });
    } finally {
      confirmation?.stop();
    }
  };
}

interface Sending {
  readonly network: Network;
  readonly address: Address;
  readonly localHost: string;
  readonly message: Uint8Array;
  readonly confirmation: Confirmation | undefined;
}

async function sendDatagram({ network, address, localHost, message, confirmation }: Sending): Promise<void> {
  const socket = await network.datagram({ host: localHost, port: 0 }, (datagram) => confirmation?.heard(datagram));
  try {
    socket.send(message, address);
    await confirmation?.arrived;
  } finally {
    socket.close();
  }
}

async function sendOverTcp({ network, address, message, confirmation }: Sending): Promise<void> {
  const connection = await network.connect(address, { timeoutMs: CONNECT_TIMEOUT_MS });
  connection.bind({
    data: (chunk) => confirmation?.heard(chunk),
    closed: () => confirmation?.fail("the connection ended before the push was confirmed"),
  });
  try {
    connection.send(message);
    await connection.drained();
    await confirmation?.arrived;
  } finally {
    connection.close();
  }
}

/** Waits for the answer that confirms a push. */
class Confirmation {
  /** Resolves with the confirmation; rejects where the link ends or time runs out. */
  readonly arrived: Promise<void>;
  readonly #isConfirmedBy: (answer: Uint8Array) => boolean;
  readonly #reader = new WrapperReader();
  readonly #timer: Timer;
  #settle: { resolve(): void; reject(error: Error): void } | undefined;

  constructor(isConfirmedBy: (answer: Uint8Array) => boolean, timers: Timers | undefined) {
    this.#isConfirmedBy = isConfirmedBy;
    if (timers === undefined) throw new LinkError("this carrier takes no pushes that must be confirmed", { code: "unsupported" });
    this.arrived = new Promise((resolve, reject) => (this.#settle = { resolve, reject }));
    // Nobody may be waiting yet when it fails.
    this.arrived.catch(() => {});
    this.#timer = timers.after(CONFIRM_TIMEOUT_MS, () => this.fail("the push was not confirmed"));
  }

  heard(octets: Uint8Array): void {
    try {
      if (this.#reader.push(octets).some(({ apdu }) => this.#isConfirmedBy(apdu))) this.#settle?.resolve();
    } catch (error) {
      this.fail(error instanceof Error ? error.message : String(error));
    }
  }

  fail(reason: string): void {
    this.#settle?.reject(new LinkError(reason, { code: "no-answer" }));
  }

  stop(): void {
    this.#timer.cancel();
  }
}
