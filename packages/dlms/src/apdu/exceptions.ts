import { mapped, type Codec } from "@amity/bytes";
import { choice, struct } from "../codec/traced.ts";
import { codes } from "./fields.ts";
import type { UnknownCode } from "./results.ts";

export const STATE_ERRORS = { "service-not-allowed": 1, "service-unknown": 2 } as const;
export const SERVICE_ERRORS = {
  "operation-not-possible": 1,
  "service-not-supported": 2,
  "other-reason": 3,
  "pdu-too-long": 4,
  "deciphering-error": 5,
  "invocation-counter-error": 6,
} as const;

export type StateError = keyof typeof STATE_ERRORS | UnknownCode;
export type ServiceError = keyof typeof SERVICE_ERRORS | UnknownCode;

/** Exception-Response (D8). With `invocation-counter-error` comes the counter that the server expects to be passed. */
export interface ExceptionResponse {
  readonly stateError: StateError;
  readonly serviceError: ServiceError;
  readonly invocationCounter?: number;
}

const stateError = codes(STATE_ERRORS);
const serviceError = codes(SERVICE_ERRORS);

export const exceptionResponse: Codec<ExceptionResponse> = {
  decode(reader) {
    const errors = { stateError: stateError.decode(reader), serviceError: serviceError.decode(reader) };
    // Servers before the counter was added send the bare code.
    return errors.serviceError === "invocation-counter-error" && !reader.isAtEnd ? { ...errors, invocationCounter: reader.u32() } : errors;
  },
  encode(value, writer) {
    stateError.encode(value.stateError, writer);
    serviceError.encode(value.serviceError, writer);
    if (value.invocationCounter !== undefined) writer.u32(value.invocationCounter);
  },
};

/** ServiceError of Confirmed-Service-Error: which class of error, and its code. */
const serviceErrorOfConfirmed = choice({
  "application-reference": {
    tag: 0,
    codec: codes({
      other: 0,
      "time-elapsed": 1,
      "application-unreachable": 2,
      "application-reference-invalid": 3,
      "application-context-unsupported": 4,
      "provider-communication-error": 5,
      "deciphering-error": 6,
    }),
  },
  "hardware-resource": {
    tag: 1,
    codec: codes({
      other: 0,
      "memory-unavailable": 1,
      "processor-resource-unavailable": 2,
      "mass-storage-unavailable": 3,
      "other-resource-unavailable": 4,
    }),
  },
  "vde-state-error": {
    tag: 2,
    codec: codes({ other: 0, "no-dlms-context": 1, "loading-data-set": 2, "status-nochange": 3, "status-inoperable": 4 }),
  },
  service: { tag: 3, codec: codes({ other: 0, "pdu-size": 1, "service-unsupported": 2 }) },
  definition: {
    tag: 4,
    codec: codes({ other: 0, "object-undefined": 1, "object-class-inconsistent": 2, "object-attribute-inconsistent": 3 }),
  },
  access: {
    tag: 5,
    codec: codes({ other: 0, "scope-of-access-violated": 1, "object-access-violated": 2, "hardware-fault": 3, "object-unavailable": 4 }),
  },
  initiate: {
    tag: 6,
    codec: codes({
      other: 0,
      "dlms-version-too-low": 1,
      "incompatible-conformance": 2,
      "pdu-size-too-short": 3,
      "refused-by-the-vde-handler": 4,
    }),
  },
  "load-data-set": {
    tag: 7,
    codec: codes({
      other: 0,
      "primitive-out-of-sequence": 1,
      "not-loadable": 2,
      "dataset-size-too-large": 3,
      "not-awaited-segment": 4,
      "interpretation-failure": 5,
      "storage-failure": 6,
      "data-set-not-ready": 7,
    }),
  },
  "change-scope": { tag: 8, codec: codes({ other: 0 }) },
  task: { tag: 9, codec: codes({ other: 0, "no-remote-control": 1, "ti-stopped": 2, "ti-running": 3, "ti-unusable": 4 }) },
  other: { tag: 10, codec: codes({ other: 0 }) },
});

/** Confirmed-Service-Error (0E): which service failed and how. */
export const confirmedServiceError = struct({
  service: mapped(
    codes({
      initiate: 1,
      "get-status": 2,
      "get-name-list": 3,
      "get-variable-attribute": 4,
      read: 5,
      write: 6,
      "get-data-set-attribute": 7,
      "get-ti-attribute": 8,
      "change-scope": 9,
      start: 10,
      stop: 11,
      resume: 12,
      "make-usable": 13,
      "initiate-load": 14,
      "load-segment": 15,
      "terminate-load": 16,
      "initiate-up-load": 17,
      "up-load-segment": 18,
      "terminate-up-load": 19,
    }),
    (name) => name,
    (name) => name,
  ),
  error: serviceErrorOfConfirmed,
});
