import { data, parseObis, timeClasses } from "@amity/dlms";
import { configuredObject } from "../configured-object.ts";
import { stampOf } from "../demand-objects.ts";
import { octetText } from "../identity.ts";
import type { MeterObject } from "../meter-object.ts";
import { SENSOR_MANAGER, judgeMonitor } from "../monitors.ts";

const { sensorManager } = timeClasses;
/** The divider in front of the converter gives a thousandth of the voltage: tenths of a millivolt. */
const RAW_SCALE = data.structure(data.integer(-4), data.enumerated(35));

/**
 * Class 67 Sensor manager: the voltage sensor of phase L1. Its raw value is the divider's output, the processed one the register that is named;
 * over and under the thresholds of either their scripts run, as a register monitor's do.
 */
export function sensorManagerObject(): MeterObject {
  return configuredObject({
    class: sensorManager,
    name: SENSOR_MANAGER,
    values: {
      serialNumber: ({ meter }) => octetText(`U${meter.plan.serial}`),
      metrologicalIdentification: octetText("DIVIDER-1000"),
      outputType: data.enumerated(0),
      adjustmentMethod: octetText(""),
      sealingMethod: data.enumerated(0),
      rawValue: ({ meter, nowMs }) => data.longUnsigned(meter.momentaryAt(nowMs).phases[0]?.deciVolts ?? 0),
      scalerUnit: RAW_SCALE,
      status: ({ meter }) => data.unsigned(meter.hasPower ? 0 : 1),
      captureTime: (context) => stampOf(context.meter.clockAt(context.nowMs), context),
      rawValueThresholds: data.array(),
      rawValueActions: data.array(),
      processedValue: sensorManager.attributes.processedValue.encode(VOLTAGE),
      processedValueThresholds: data.array(),
      processedValueActions: data.array(),
    },
    writable: ["rawValueThresholds", "rawValueActions", "processedValue", "processedValueThresholds", "processedValueActions"],
    judge: judgeMonitor,
  });
}

const VOLTAGE = { classId: 3, logicalName: parseObis("1-0:32.7.0"), attributeIndex: 2 } as const;
