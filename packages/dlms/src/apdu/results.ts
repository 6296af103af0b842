/** Why an attribute could not be read or written (IEC 62056-5-3, 8.3: Data-Access-Result). */
export const DATA_ACCESS_RESULTS = {
  success: 0,
  "hardware-fault": 1,
  "temporary-failure": 2,
  "read-write-denied": 3,
  "object-undefined": 4,
  "object-class-inconsistent": 9,
  "object-unavailable": 11,
  "type-unmatched": 12,
  "scope-of-access-violated": 13,
  "data-block-unavailable": 14,
  "long-get-aborted": 15,
  "no-long-get-in-progress": 16,
  "long-set-aborted": 17,
  "no-long-set-in-progress": 18,
  "data-block-number-invalid": 19,
  "other-reason": 250,
} as const;

/** Why a method could not be run (Action-Result). */
export const ACTION_RESULTS = {
  success: 0,
  "hardware-fault": 1,
  "temporary-failure": 2,
  "read-write-denied": 3,
  "object-undefined": 4,
  "object-class-inconsistent": 9,
  "object-unavailable": 11,
  "type-unmatched": 12,
  "scope-of-access-violated": 13,
  "data-block-unavailable": 14,
  "long-action-aborted": 15,
  "no-long-action-in-progress": 16,
  "other-reason": 250,
} as const;

/** Codes newer than the table keep their number as `code-77`: meters in the field are newer than we are. */
export type UnknownCode = `code-${number}`;
export type DataAccessResult = keyof typeof DATA_ACCESS_RESULTS | UnknownCode;
export type ActionResult = keyof typeof ACTION_RESULTS | UnknownCode;
export type DataAccessRefusal = Exclude<DataAccessResult, "success">;
export type ActionRefusal = Exclude<ActionResult, "success">;
