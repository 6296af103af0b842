import type { SimulatedMeter } from "../simulated-meter.ts";
import { systemTitleOf } from "./identity.ts";
import { ImageTransfer } from "./image-transfer.ts";
import type { ObjectContext } from "./meter-object.ts";
import { timeBaseOf } from "./time-base.ts";

/** The meter's own view of its objects at an instant, for monitors and pushes: it reads, and changes nothing. */
export function observingContext(meter: SimulatedMeter, nowMs: number): ObjectContext {
  return {
    meter,
    base: timeBaseOf(meter),
    nowMs,
    clientSap: 0,
    role: "",
    seen: () => undefined,
    servedAt: undefined,
    clientSystemTitle: undefined,
    takesDeltas: false,
    systemTitle: systemTitleOf(meter.surroundings.type, meter.plan.serial),
    receivedCounter: () => 0,
    readToken: () => ({ kind: "formatFailure" }),
    keyPair: () => undefined,
    ephemeralKeyPair: () => undefined,
    authority: undefined,
    keysOf: () => undefined,
    masterKeysOf: () => [],
    dataGuard: () => undefined,
    image: NO_IMAGE,
    perform: () => Promise.resolve(false),
  };
}

/** Never initiated: nothing here writes to it. */
const NO_IMAGE = new ImageTransfer();
