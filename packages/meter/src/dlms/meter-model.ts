import { UsageError } from "@amity/bytes";
import { data, parseObis, type CompiledModel, type DlmsData, type Obis } from "@amity/dlms";
import { REGISTER_COUNT } from "../household/energy.ts";
import { ENERGY_REGISTERS, type MeterTypeOptions } from "../meter-type.ts";
import type { MomentaryValues } from "../metrology/electrical.ts";
import type { MeterBehaviour } from "../metrology/own-actions.ts";
import type { SimulatedMeter } from "../simulated-meter.ts";
import { accountObjects } from "./account-objects.ts";
import { alarmObjects } from "./alarm-objects.ts";
import { LOGICAL_DEVICES, SECURITY_SETUPS, logicalDeviceModels } from "./associations.ts";
import { cosemBehaviour } from "./behaviour.ts";
import { billingObjects } from "./billing-objects.ts";
import { dateTimeOctets } from "./civil-time.ts";
import { activityCalendarObject } from "./calendar-object.ts";
import { clockObject } from "./clock-object.ts";
import { chargeObjects } from "./charge-objects.ts";
import { communicationObjects } from "./communication-objects.ts";
import { compactDataObject } from "./compact-data-object.ts";
import { demandObjects } from "./demand-objects.ts";
import { actingObjects } from "./every-class/acting-objects.ts";
import { everyClassObjects } from "./every-class/every-class-objects.ts";
import { functionControlObject } from "./function-control.ts";
import { disconnectObject } from "./disconnect-object.ts";
import { logicalDeviceName, octetText } from "./identity.ts";
import { imageTransferObject } from "./image-object.ts";
import { RIGHTS, dataObject, registerObject, type MeterObject, type ObjectContext } from "./meter-object.ts";
import { ROW_STATUS } from "./profile-buffer.ts";
import { eventLogProfile, registerProfile } from "./profile-object.ts";
import { numberOf, type ReadNumber } from "./monitored-value.ts";
import { registerMonitorObjects } from "./monitors.ts";
import { observingContext } from "./observing-context.ts";
import { limiterObject } from "./limiter.ts";
import { portProtectionObjects } from "./port-protection.ts";
import { pushObjects } from "./push-objects.ts";
import { qualityObjects } from "./quality-objects.ts";
import { sapAssignmentObject } from "./sap-assignment-object.ts";
import { scheduleObjects } from "./schedules.ts";
import { scriptTableObject } from "./script-object.ts";
import { SCRIPT_TABLES } from "./scripts.ts";
import { securitySetupObjects } from "./security-setup-object.ts";
import { specialDaysObject } from "./special-days-object.ts";
import { parameterMonitorObject } from "./parameter-monitor.ts";
import { statusMappingObject } from "./status-mapping-object.ts";
import { tokenObjects } from "./token-objects.ts";
import { tariffObjects } from "./tariff-objects.ts";

/** The COSEM model of a meter type, made once and shared by every meter of it. */
export interface MeterModel {
  readonly type: MeterTypeOptions;
  /** Of the management logical device. */
  readonly compiled: CompiledModel;
  /** By service access point. */
  readonly logicalDevices: ReadonlyMap<number, CompiledModel>;
  /** What such a meter does by itself. */
  readonly behaviour: MeterBehaviour<SimulatedMeter>;
  object(name: Obis): MeterObject | undefined;
}

/** Builds the model of a meter type: its objects and `more` of them, its associations, who may do what. */
export function meterModel(type: MeterTypeOptions, more: readonly MeterObject[] = []): MeterModel {
  const objects: MeterObject[] = [
    ...identityObjects(type),
    clockObject(),
    ...registerObjects(),
    ...profileObjects(type),
    disconnectObject(),
    ...securitySetupObjects(),
    imageTransferObject(),
    activityCalendarObject(),
    specialDaysObject(),
    ...functionObjects(type),
    compactDataObject(type.everyClass ? 1 : 0, (name) => byName.get(name)),
    functionControlObject((name) => byName.get(name)),
    parameterMonitorObject(type.everyClass ? 1 : 0, (name) => byName.get(name)),
    ...SCRIPT_TABLES.map((table) => scriptTableObject(table, (name) => byName.get(name))),
    sapAssignmentObject(Object.keys(RIGHTS.everybodyReads)),
    ...more,
  ];
  if (type.everyClass) {
    objects.push(...actingObjects((name) => byName.get(name)));
    objects.push(...everyClassObjects(objects));
  }
  const byName = new Map(objects.map((object) => [object.definition.instanceId, object]));
  const models = logicalDeviceModels(
    type,
    objects.map((object) => object.definition),
  );
  const read: ReadNumber = (meter, { logicalName, attributeIndex }, atMs) => {
    const outcome = byName.get(logicalName)?.read(attributeIndex, observingContext(meter, atMs), undefined);
    return outcome?.kind === "data" ? numberOf(outcome.data) : undefined;
  };
  const behaviour = cosemBehaviour(read, (object) => byName.get(parseObis(object))?.definition.classId);
  const compiled = models.get(LOGICAL_DEVICES.management);
  if (compiled === undefined) throw new UsageError("a meter has a management logical device", { code: "malformed" });
  return { type, compiled, logicalDevices: models, behaviour, object: (name) => byName.get(name) };
}

/** What a meter does beyond measuring. */
function functionObjects(type: MeterTypeOptions): MeterObject[] {
  return [
    ...tariffObjects(),
    ...demandObjects(),
    ...billingObjects(),
    limiterObject(),
    ...registerMonitorObjects(),
    ...scheduleObjects(),
    ...alarmObjects(),
    ...pushObjects(type),
    ...accountObjects(),
    ...chargeObjects(),
    ...tokenObjects(),
    ...qualityObjects(),
    ...communicationObjects(),
    ...portProtectionObjects(),
    statusMappingObject(statusNow),
  ];
}

function identityObjects(type: MeterTypeOptions): MeterObject[] {
  const { everybodyReads, clientsRead } = RIGHTS;
  return [
    dataObject("0-0:42.0.0", everybodyReads, ({ meter }) => octetText(logicalDeviceName(type, meter.plan.serial))),
    dataObject("0-0:96.1.0", everybodyReads, ({ meter }) => octetText(meter.plan.meterId)),
    dataObject("0-0:96.1.1", clientsRead, () => octetText(type.manufacturer)),
    dataObject("0-0:96.1.2", clientsRead, () => octetText(type.model)),
    dataObject("1-0:0.2.0", everybodyReads, ({ meter }) => octetText(meter.firmware)),
    ...Object.values(SECURITY_SETUPS).map((setup) =>
      dataObject(`0-0:43.1.${setup}`, everybodyReads, (context) => data.doubleLongUnsigned(context.receivedCounter(setup))),
    ),
    dataObject("0-0:96.10.1", clientsRead, (context) => data.unsigned(statusNow(context))),
    dataObject("0-0:96.10.2", clientsRead, (context) => data.unsigned(statusNow(context))),
    dataObject("0-0:96.7.21", clientsRead, ({ meter }) => data.longUnsigned(meter.powerFailures & 0xffff)),
    dataObject("0-0:97.97.0", clientsRead, ({ meter }) => data.doubleLongUnsigned(meter.isClockInvalid ? 1 : 0)),
    ...(["standard", "fraud", "disconnector"] as const).map((log, index) =>
      dataObject(`0-0:96.11.${index}`, clientsRead, ({ meter }) => data.unsigned(meter.log(log).entries.at(-1)?.code ?? 0)),
    ),
  ];
}

function registerObjects(): MeterObject[] {
  const energy = ENERGY_REGISTERS.map((name, register) =>
    registerObject(name, [0, register < 2 ? UNITS.wattHour : UNITS.varHour], ({ meter, nowMs }) =>
      data.doubleLongUnsigned((meter.registersAt(nowMs, registers)[register] ?? 0) % 0x1_0000_0000),
    ),
  );
  return [
    ...energy,
    ...MOMENTARY.map(([name, scalerUnit, read]) => registerObject(name, scalerUnit, ({ meter, nowMs }) => read(meter.momentaryAt(nowMs)))),
  ];
}

const UNITS = { watt: 27, var: 29, wattHour: 30, varHour: 32, ampere: 33, volt: 35, hertz: 44, none: 255 } as const;
const registers = new Float64Array(REGISTER_COUNT);

const MOMENTARY: readonly (readonly [string, readonly [number, number], (values: MomentaryValues) => DlmsData])[] = [
  ["1-0:1.7.0", [0, UNITS.watt], ({ importW }) => data.doubleLongUnsigned(importW)],
  ["1-0:2.7.0", [0, UNITS.watt], ({ exportW }) => data.doubleLongUnsigned(exportW)],
  ["1-0:3.7.0", [0, UNITS.var], ({ inductiveVar }) => data.doubleLongUnsigned(inductiveVar)],
  ["1-0:4.7.0", [0, UNITS.var], ({ capacitiveVar }) => data.doubleLongUnsigned(capacitiveVar)],
  ["1-0:16.7.0", [0, UNITS.watt], ({ importW, exportW }) => data.doubleLong(importW - exportW)],
  ["1-0:13.7.0", [-3, UNITS.none], ({ powerFactorPerMille }) => data.longUnsigned(powerFactorPerMille)],
  ["1-0:14.7.0", [-3, UNITS.hertz], ({ frequencyMilliHertz }) => data.longUnsigned(frequencyMilliHertz)],
  // A single-phase meter has phases 2 and 3 at 0.
  ...[0, 1, 2].flatMap((phase) => [
    [
      `1-0:${31 + 20 * phase}.7.0`,
      [-2, UNITS.ampere] as const,
      ({ phases }: MomentaryValues) => data.longUnsigned(phases[phase]?.centiAmperes ?? 0),
    ] as const,
    [
      `1-0:${32 + 20 * phase}.7.0`,
      [-1, UNITS.volt] as const,
      ({ phases }: MomentaryValues) => data.longUnsigned(phases[phase]?.deciVolts ?? 0),
    ] as const,
  ]),
];

function profileObjects(type: MeterTypeOptions): MeterObject[] {
  return [
    registerProfile("1-0:99.1.0", "load", type.loadProfile.periodSeconds, type.loadProfile.channels),
    registerProfile("1-0:99.2.0", "daily", 86_400, type.dailyProfile.channels),
    eventLogProfile("0-0:99.98.0", "standard", "0-0:96.11.0"),
    eventLogProfile("0-0:99.98.1", "fraud", "0-0:96.11.1"),
    eventLogProfile("0-0:99.98.2", "disconnector", "0-0:96.11.2"),
  ];
}

function statusNow({ meter, base, nowMs }: ObjectContext): number {
  const isDaylightSaving = ((dateTimeOctets(meter.clockAt(nowMs), base)[11] ?? 0) & 0x80) !== 0;
  return (meter.isClockInvalid ? ROW_STATUS.clockInvalid : 0) | (isDaylightSaving ? ROW_STATUS.daylightSaving : 0);
}
