import { PeerError } from "@amity/bytes";
import type { ConformanceBit } from "../acse/conformance.ts";

/** What the services of one association share. */
export interface ServiceContext {
  readonly conformance: ReadonlySet<ConformanceBit>;
  /** Largest plain APDU that we may send (octets): the server's limit less the overhead of protection. */
  readonly sendOctetsMax: number;
  /** General block transfer carries what exceeds `sendOctetsMax`. */
  readonly hasGeneralBlocks: boolean;
  /** Largest value put together from blocks (octets). */
  readonly valueOctetsMax: number;
  /** Invoke-id-and-priority of the next request. */
  nextInvokeId(): number;
}

/** Invoke-id-and-priority: confirmed, high priority (Green Book 9.3.5). */
export const CONFIRMED_HIGH_PRIORITY = 0xc0;

/** @throws PeerError `invoke-id` when the answer belongs to another request. */
export function checkInvokeId(sent: number, received: number): void {
  if ((sent & 0x0f) !== (received & 0x0f)) {
    throw new PeerError(`an answer to invoke id ${received & 0x0f} came where ${sent & 0x0f} was expected`, { code: "invoke-id" });
  }
}

/** A service that the association was not granted. */
export function notGranted(service: ConformanceBit): PeerError {
  return new PeerError(`the server does not offer ${service}`, { code: "not-negotiated" });
}

/** The conformance bit of a service's own blocks. */
export const BLOCK_TRANSFER_BITS = {
  read: "block-transfer-with-get-or-read",
  set: "block-transfer-with-set-or-write",
  action: "block-transfer-with-action",
} as const satisfies Record<string, ConformanceBit>;

export type BlockedService = keyof typeof BLOCK_TRANSFER_BITS;

/** Whether a request that is too long must go in the blocks of its own service. */
export function needsBlocks(context: ServiceContext, request: Uint8Array, service: BlockedService): boolean {
  if (request.length <= context.sendOctetsMax) return false;
  return context.conformance.has(BLOCK_TRANSFER_BITS[service]) || !context.hasGeneralBlocks;
}
