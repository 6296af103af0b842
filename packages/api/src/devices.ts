import { z } from "zod";
import { Identifier, Instant } from "./time.ts";

const Host = z.string().min(1).max(253);
const Port = z.int().min(1).max(65_535);

/** How a meter is reached. */
export const DeviceRoute = z
  .discriminatedUnion("kind", [
    z.object({ kind: z.literal("direct"), host: Host, port: Port }),
    z.object({ kind: z.literal("listen"), host: Host, port: Port }),
    z.object({ kind: z.literal("concentrator"), concentratorId: Identifier, meterAddress: z.string().min(1).max(40) }),
    z.object({ kind: z.literal("wireless"), concentratorId: Identifier, address: z.string().min(1).max(40) }),
    z.object({ kind: z.literal("behind"), hostMeterId: Identifier, channel: z.int().min(1).max(4) }),
  ])
  .meta({ id: "DeviceRoute" });
export type DeviceRoute = z.infer<typeof DeviceRoute>;

const Settings = z.record(z.string().min(1).max(40), z.union([z.string().max(200), z.number(), z.boolean()]));
/** `guek`, `gak`, `master`, `mbus` and `certificate` (DER, for signatures) in hexadecimal, `password` as text. They are sealed into the vault and never told again. */
const Keys = z.strictObject({
  guek: hexKey(),
  gak: hexKey(),
  master: hexKey(),
  mbus: hexKey(),
  certificate: z
    .string()
    .regex(/^(?:[0-9a-fA-F]{2}){1,2048}$/, "a certificate (DER) in hexadecimal")
    .optional(),
  password: z.string().min(1).max(64).optional(),
});

function hexKey() {
  return z
    .string()
    .regex(/^(?:[0-9a-fA-F]{32}|[0-9a-fA-F]{64})$/, "32 or 64 hexadecimal digits")
    .optional();
}

/** A meter to be registered, with where it measures. */
export const DeviceRegistration = z
  .strictObject({
    meterId: Identifier,
    protocol: z.string().min(1).max(40).describe("dlms, mbus, wmbus, iec62056-21, sml, dsmr-p1"),
    route: DeviceRoute,
    settings: Settings.default({}).describe("What the protocol needs to know: see the guide on an own fleet"),
    keys: Keys.default({}),
    status: z.enum(["active", "suspended", "retired"]).default("active"),
    usagePoint: Identifier.optional(),
    commodity: z.enum(["electricity", "gas", "water", "heat"]).default("electricity"),
    zone: z.string().max(60).optional().describe("IANA zone of the usage point; the utility's own where it is absent"),
  })
  .meta({ id: "DeviceRegistration" });
export type DeviceRegistration = z.infer<typeof DeviceRegistration>;

/** A concentrator to be registered. */
export const ConcentratorRegistration = z
  .strictObject({
    concentratorId: Identifier,
    host: Host,
    port: Port,
    keys: Keys.default({}),
    sessionsMax: z.int().min(1).max(64).default(2),
    status: z.enum(["active", "suspended", "retired"]).default("active"),
  })
  .meta({ id: "ConcentratorRegistration" });
export type ConcentratorRegistration = z.infer<typeof ConcentratorRegistration>;

export const REGISTRATIONS_MAX = 1_000;

/** A fleet to be registered. Entries are judged one by one: what is wrong with one keeps no other from being registered. */
export const FleetRegistration = z
  .strictObject({
    concentrators: z.array(z.unknown()).max(REGISTRATIONS_MAX).default([]).describe("ConcentratorRegistration each"),
    devices: z.array(z.unknown()).max(REGISTRATIONS_MAX).default([]).describe("DeviceRegistration each"),
  })
  .meta({ id: "FleetRegistration" });
export type FleetRegistration = z.infer<typeof FleetRegistration>;

/** What is wrong with one entry. */
export const RegistrationProblem = z
  .object({
    /** Line of a file, or place in the list, from 1. */
    line: z.int(),
    /** The meter or concentrator, where the entry names one. */
    id: z.string().optional(),
    field: z.string(),
    reason: z.string(),
  })
  .meta({ id: "RegistrationProblem" });
export type RegistrationProblem = z.infer<typeof RegistrationProblem>;

/** What became of a fleet that was to be registered. */
export const RegistrationReport = z
  .object({
    added: z.int(),
    changed: z.int(),
    unchanged: z.int(),
    /** Secrets that are new or others than before. */
    keysStored: z.int(),
    problems: z.array(RegistrationProblem),
  })
  .meta({ id: "RegistrationReport" });
export type RegistrationReport = z.infer<typeof RegistrationReport>;

/** A wireless meter that a concentrator hears and that is registered nowhere: registering it by this address binds it. */
export const WirelessStranger = z
  .object({
    concentratorId: Identifier,
    address: z.string().describe("As the route of a registration has it: manufacturer, identification, version, device type"),
    firstHeard: Instant,
    lastHeard: Instant,
    telegrams: z.int(),
    /** It sent an installation telegram: somebody pressed its button. */
    asksInstallation: z.boolean(),
  })
  .meta({ id: "WirelessStranger" });
export type WirelessStranger = z.infer<typeof WirelessStranger>;

export const WirelessStrangers = z.object({ items: z.array(WirelessStranger) }).meta({ id: "WirelessStrangers" });
export type WirelessStrangers = z.infer<typeof WirelessStrangers>;
