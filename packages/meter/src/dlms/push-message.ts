import { data, encodeDataNotification } from "@amity/dlms";
import type { SimulatedMeter } from "../simulated-meter.ts";
import { capturedValue } from "./captured-value.ts";
import type { MeterModel } from "./meter-model.ts";
import { observingContext } from "./observing-context.ts";
import { pushSettings } from "./push-settings.ts";

/** A push to be said. */
export interface PushToSay {
  /** n of 0-n:25.9.0. */
  readonly setup: number;
  readonly atMs: number;
  readonly invokeId: number;
  /** Its receiver is to confirm it. */
  readonly isConfirmed: boolean;
}

/** The Data-Notification of push setup n, in the clear: its object list as it reads at that instant. What cannot be read is null-data. */
export function pushMessage(model: MeterModel, meter: SimulatedMeter, push: PushToSay): Uint8Array {
  const { objects } = pushSettings(meter, push.setup);
  const context = observingContext(meter, push.atMs);
  const body = data.structure(...objects.map((attribute) => capturedValue((name) => model.object(name), attribute, context)));
  return encodeDataNotification({ invokeId: push.invokeId, body, isConfirmed: push.isConfirmed });
}
