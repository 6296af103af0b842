import { decodeGateway, encodeGateway, linkOver, wrapperLink, type GatewayPdu, type PduLink, type SapPair } from "@amity/dlms";
import { toHex } from "@amity/bytes";
import type { Timer, World } from "@amity/runtime";
import type { LocalMeter } from "./meter-collector.ts";
import type { MeterMedium } from "./meter-medium.ts";

export interface GatewayRelayParts {
  readonly world: World;
  readonly medium: MeterMedium;
  readonly meterAt: (address: string) => LocalMeter | undefined;
  /** Whether the client on this connection has proved who it is: before that nothing is relayed. */
  readonly isAllowed: () => boolean;
  readonly connectTimeoutMs: number;
  /** The upstream connection has ended. */
  readonly onEnd: () => void;
}

/** Relayed sessions over one upstream connection at once. */
const SESSIONS_MAX = 32;
/** APDUs that wait while the link to the meter is being opened. */
const WAITING_MAX = 8;
/** A link on which nothing is relayed for this long (machine time) is closed. */
const IDLE_MS = 60_000;
/** Exception-response: service not allowed here; other reason (Green Book 9.3.9). */
const NOT_ALLOWED = Uint8Array.of(0xd8, 0x01, 0x02);
const UNREACHABLE = Uint8Array.of(0xd8, 0x01, 0x03);

interface RelayedSession {
  readonly waiting: { readonly apdu: Uint8Array; readonly saps: SapPair }[];
  link: PduLink | undefined;
  idle: Timer | undefined;
}

/**
 * The gateway of one upstream connection (IEC 62056-5-3, gateway protocol): takes APDUs with the prefix E6 off the link and
 * carries them to the meter it names, its answers back under E7. APDUs without prefix pass on to the concentrator's own server.
 */
export function relayingLink(upstream: PduLink, parts: GatewayRelayParts): PduLink {
  const relay = new GatewayRelay(upstream, parts);
  return linkOver(upstream, {
    handlers: (above) => ({
      apdu(octets, saps) {
        const request = prefixOf(octets);
        if (request === undefined) above.apdu(octets, saps);
        else if (request.direction === "request") relay.take(request, saps);
      },
      closed(error) {
        relay.end();
        parts.onEnd();
        above.closed(error);
      },
    }),
  });
}

class GatewayRelay {
  readonly #upstream: PduLink;
  readonly #parts: GatewayRelayParts;
  readonly #sessions = new Map<string, RelayedSession>();

  constructor(upstream: PduLink, parts: GatewayRelayParts) {
    this.#upstream = upstream;
    this.#parts = parts;
  }

  take(request: GatewayPdu, saps: SapPair): void {
    const key = toHex(request.physicalAddress);
    const known = this.#sessions.get(key);
    if (!this.#parts.isAllowed() || (known === undefined && this.#sessions.size >= SESSIONS_MAX)) {
      this.#answer(request, NOT_ALLOWED, saps);
      return;
    }
    const session = known ?? { waiting: [], link: undefined, idle: undefined };
    this.#sessions.set(key, session);
    this.#keepAlive(key, session);
    const apdu = request.apdu.slice();
    if (session.link !== undefined) session.link.send(apdu, saps);
    else if (session.waiting.length < WAITING_MAX) session.waiting.push({ apdu, saps });
    if (known === undefined) void this.#open(key, session, { ...request, physicalAddress: request.physicalAddress.slice() });
  }

  end(): void {
    for (const key of this.#sessions.keys()) this.#forget(key);
  }

  async #open(key: string, session: RelayedSession, request: GatewayPdu): Promise<void> {
    const link = await this.#connect(request);
    if (this.#sessions.get(key) !== session) {
      link?.abort();
      return;
    }
    if (link === undefined) {
      // Whoever asked learns it at once instead of running into a time-out.
      for (const { saps } of session.waiting.splice(0)) this.#answer(request, UNREACHABLE, saps);
      this.#forget(key);
      return;
    }
    session.link = link;
    link.bind({
      apdu: (apdu, saps) => {
        this.#keepAlive(key, session);
        this.#answer(request, apdu, saps);
      },
      closed: () => {
        if (this.#sessions.get(key) === session) this.#forget(key);
      },
    });
    for (const { apdu, saps } of session.waiting.splice(0)) link.send(apdu, saps);
  }

  async #connect(request: GatewayPdu): Promise<PduLink | undefined> {
    const { meterAt, medium, connectTimeoutMs } = this.#parts;
    const meter = meterAt(new TextDecoder().decode(request.physicalAddress));
    if (meter === undefined) return undefined;
    try {
      return wrapperLink(await medium.connect(meter.address, { timeoutMs: connectTimeoutMs }), "client");
    } catch {
      return undefined;
    }
  }

  #answer({ networkId, physicalAddress }: GatewayPdu, apdu: Uint8Array, saps: SapPair): void {
    this.#upstream.send(encodeGateway({ direction: "response", networkId, physicalAddress, apdu }), saps);
  }

  #keepAlive(key: string, session: RelayedSession): void {
    session.idle?.cancel();
    session.idle = this.#parts.world.timers.after(IDLE_MS, () => this.#forget(key));
  }

  #forget(key: string): void {
    const session = this.#sessions.get(key);
    this.#sessions.delete(key);
    session?.idle?.cancel();
    session?.link?.abort();
  }
}

function prefixOf(octets: Uint8Array): GatewayPdu | undefined {
  try {
    return decodeGateway(octets);
  } catch {
    // Left to the server, which says what is wrong with it.
    return undefined;
  }
}
