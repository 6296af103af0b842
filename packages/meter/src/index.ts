export * from "./fleet.ts";
export type { MapPoint } from "./map-point.ts";
export { planPast, type PastOptions } from "./fleet-past.ts";
export { planSubMeterPast, type SubMeterPastEntry } from "./sub-meter/sub-meter-past.ts";
export * from "./keys.ts";
export { mbusEventCode, type MbusEventName } from "./mbus-host/event-codes.ts";
export { channelEvents, communicationEvents, type ChannelEvent } from "./mbus-host/channel-log.ts";
export type { MbusHostOperation } from "./mbus-host/mbus-host-operations.ts";
export * from "./sub-meter/medium.ts";
export { SubMeterDevice, VALVE_COMMANDS } from "./sub-meter/sub-meter-device.ts";
export { startSubMeterBeacon, type SubMeterBeacon } from "./sub-meter/sub-meter-beacon.ts";
export type { MeteredHome } from "./faces/home.ts";
export { LOCAL_PORT_MODES, localPortFace, type LocalPortFaceOptions, type LocalPortMode } from "./faces/local-port-face.ts";
export { hanFace, p1Face } from "./faces/p1-face.ts";
export { smlFace } from "./faces/sml-face.ts";
export { wiredElectricity, wiredSubMeter, type WiredFaceOptions } from "./faces/wired-face.ts";
export { SubMeterRadio } from "./sub-meter/sub-meter-radio.ts";
export { SimulatedSubMeter, type SubMeterMoment, type ValveMove, type ValveState } from "./sub-meter/sub-meter.ts";
export { warningsAt, WARNING_BITS, type Warning } from "./sub-meter/warnings.ts";
export * from "./sub-meter/sub-meter-keys.ts";
export type * from "./sub-meter/sub-meter-operations.ts";
export type {
  HostChannel,
  PlannedSubMeter,
  PlannedWirelessConcentrator,
  SubMeterReach,
  SubMeterShares,
} from "./sub-meter/sub-meter-plan.ts";
export { CLIMATES, Site, type Climate, type ClimateName, type SiteOptions } from "./household/site.ts";
export { drawTraits, type HouseholdChoices, type HouseholdTraits } from "./household/traits.ts";
export { DayCache, EnergyHistory, REGISTER_COUNT, type Registers } from "./household/energy.ts";
export { parseMeterType, METER_MODELS, STANDARD_METER, ENERGY_REGISTERS, type MeterTypeOptions } from "./meter-type.ts";
export { meterSurroundings, SimulatedMeter, type MeterSurroundings, type ProfileName } from "./simulated-meter.ts";
export * from "./metrology/operations.ts";
export type { ControlState } from "./metrology/breaker.ts";
export type { MomentaryValues } from "./metrology/electrical.ts";
export type { LoggedEvent } from "./metrology/event-log.ts";
export { MeterDevice, type MeterDeviceParts } from "./dlms/meter-device.ts";
export { logicalDeviceName, systemTitleOf } from "./dlms/identity.ts";
export { meterModel, type MeterModel } from "./dlms/meter-model.ts";
export { hdlcPort, inactivityTimeoutMs } from "./dlms/port-setup.ts";
export { lastGaspApdu } from "./dlms/last-gasp.ts";
export { formatToken, mintToken, type PaymentToken } from "./payment-token.ts";
export { authorityCertificate, certify, curveOfSuite, deriveAuthority, deriveKeyPair, type FleetAuthority } from "./meter-key-pairs.ts";
export { networkCarrier, type OutgoingPush, type PushCarrier } from "./push-carrier.ts";
export { FleetJournal, type JournalEntry } from "./journal.ts";
export {
  siteOf,
  MeterFleet,
  type FleetParts,
  type MeterTransport,
  type ServedMeters,
  type ServeMetersOptions,
  type ServingWorld,
} from "./meter-fleet.ts";
