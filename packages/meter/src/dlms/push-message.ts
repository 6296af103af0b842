import { data, encodeDataNotification } from "@amity/dlms";
import type { SimulatedMeter } from "../simulated-meter.ts";
import { capturedValue } from "./captured-value.ts";
import type { MeterModel } from "./meter-model.ts";
import { observingContext } from "./observing-context.ts";
import { pushSettings } from "./push-settings.ts";

/** The Data-Notification of push setup n, in the clear: its object list as it reads at that instant. What cannot be read is null-data. */
export function pushMessage(model: MeterModel, meter: SimulatedMeter, push: { setup: number; atMs: number; invokeId: number }): Uint8Array {
  const { objects, isConfirmed } = pushSettings(meter, push.setup);
  const context = observingContext(meter, push.atMs);
  const body = data.structure(...objects.map((attribute) => capturedValue((name) => model.object(name), attribute, context)));
  return encodeDataNotification({ invokeId: push.invokeId, body, isConfirmed });
}
