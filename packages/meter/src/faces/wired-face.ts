import { findVif, WiredSlave, type RecordInput, type SlaveModel } from "@amity/mbus";
import type { MeterDevice } from "../dlms/meter-device.ts";
import type { SubMeterDevice } from "../sub-meter/sub-meter-device.ts";
import { localTime, statusOctet, subMeterRecords } from "../sub-meter/telegram-records.ts";
import { warningsAt } from "../sub-meter/warnings.ts";

const ELECTRICITY = 0x02;
const ENERGY = findVif("energy", "Wh", 0);
const POWER = findVif("power", "W", 0);
const VOLTAGE = findVif("voltage", "V", -1);
const CURRENT = findVif("current", "A", -2);
const DATE_TIME = [0x6d];
/** VIFE: counted only where energy flows back. */
const BACKWARD = 0x3c;
/** Second table of VIFEs: phases 1 to 3. */
const PHASE = 0x7c;

export interface WiredFaceOptions {
  readonly primaryAddress: number;
  readonly nowMs: () => number;
  readonly baud?: number;
}

/** A gas, water or heat meter as a slave on the wires (EN 13757-2, -3), in clear as they are there. */
export function wiredSubMeter({ meter, radio }: SubMeterDevice, options: WiredFaceOptions): WiredSlave {
  const model: SlaveModel = {
    readout: () => subMeterRecords(meter, options.nowMs(), radio.standardOffsetMs),
    status: () => statusOctet(warningsAt(meter, options.nowMs())),
    alarm: () => statusOctet(warningsAt(meter, options.nowMs())),
  };
  return new WiredSlave(model, { meter: meter.plan.address, ...slaveOptions(options) });
}

/** An electricity meter as a slave on the wires: energy both ways, power, voltages and currents. */
export function wiredElectricity(device: MeterDevice, options: WiredFaceOptions): WiredSlave {
  const { plan, surroundings } = device.meter;
  const model: SlaveModel = { readout: () => electricityRecords(device) };
  const meter = { id: String(plan.serial).slice(-8), manufacturer: surroundings.type.manufacturer, version: 1, deviceType: ELECTRICITY };
  return new WiredSlave(model, { meter, ...slaveOptions(options) });
}

function electricityRecords(device: MeterDevice): RecordInput[] {
  const { meter } = device;
  const nowMs = device.advance();
  const [imported = 0, exported = 0] = meter.registersAt(nowMs);
  const { importW, exportW, phases } = meter.momentaryAt(nowMs);
  const standardOffsetMs = meter.surroundings.site.options.standardOffsetMinutes * 60_000;
  return [
    { coding: "int32", codes: ENERGY, value: imported % 0x8000_0000 },
    { coding: "int32", codes: [...ENERGY, BACKWARD], value: exported % 0x8000_0000 },
    { coding: "int32", codes: POWER, value: importW - exportW },
    ...phases.flatMap(({ deciVolts, centiAmperes }, phase): RecordInput[] => [
      { coding: "int16", codes: [...VOLTAGE, PHASE, phase + 1], value: deciVolts },
      { coding: "int16", codes: [...CURRENT, PHASE, phase + 1], value: centiAmperes },
    ]),
    { coding: "int32", codes: DATE_TIME, value: localTime(meter.clockAt(nowMs), standardOffsetMs) },
  ];
}

function slaveOptions({ primaryAddress, baud }: WiredFaceOptions): { primaryAddress: number; baud?: number } {
  return baud === undefined ? { primaryAddress } : { primaryAddress, baud };
}
