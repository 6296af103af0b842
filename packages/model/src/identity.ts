/** The meter's manufacturer serial as printed on its plate: the key between registry, ledger and wire. */
export type MeterId = string;

/** A place where a commodity is delivered, whatever meter stands there. */
export type UsagePointId = string;
