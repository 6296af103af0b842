import type { MeterDevice } from "../dlms/meter-device.ts";
import type { SubMeterDevice } from "../sub-meter/sub-meter-device.ts";

/** What hangs together at one home: the electricity meter and the gas, water and heat meters beside it. */
export interface MeteredHome {
  readonly electricity: MeterDevice;
  readonly subMeters: readonly SubMeterDevice[];
}
