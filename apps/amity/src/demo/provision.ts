import type { ConcentratorEntry, Device, KeyRef, KeyVault, Registry } from "@amity/headend";
import type { Registry as MdmRegistry } from "@amity/mdm";
import { deriveMeterKeys, logicalDeviceName, STANDARD_METER, type FleetPlan, type PlannedMeter } from "@amity/meter";
import { concentratorKeys } from "../field/field-keys.ts";
import { placeIdsOf } from "../compose/api/place-book.ts";
import { subMeterDevices, subMeterSecrets } from "./sub-meter-provision.ts";

/** Where the simulated field listens. */
export interface FieldPorts {
  readonly meterPorts: Readonly<Record<string, number>>;
  readonly concentratorPorts: Readonly<Record<string, number>>;
}

const HOST = "127.0.0.1";
/** Meter sessions that the head-end may relay through one concentrator at once. */
const RELAYED_SESSIONS_MAX = 2;
/** Usage points written at once. */
const POINTS_AT_ONCE = 50;

/** Registers the fleet with the head-end: as a utility would from the manufacturer's shipment file. Again: only the addresses are new. */
export async function provisionHeadEnd(
  parts: { registry: Registry; keys: KeyVault; plan: FleetPlan; masterSecret: Uint8Array },
  ports: FieldPorts,
): Promise<void> {
  const { registry, keys, plan, masterSecret } = parts;
  const concentrators = [...plan.concentrators, ...plan.wirelessConcentrators];
  await registry.registerConcentrators(concentrators.map(({ concentratorId }) => concentratorEntry(concentratorId, ports)));
  await registry.registerDevices([...plan.meters.map((meter) => deviceOf(meter, ports)), ...subMeterDevices(plan)]);
  const [first] = plan.meters;
  if (first !== undefined && (await keys.has({ owner: first.meterId, purpose: "guek" }))) return;
  const secrets: { ref: KeyRef; secret: Uint8Array }[] = [];
  for (const { meterId } of plan.meters) {
    const { encryptionKey, authenticationKey, masterKey, readingPassword } = deriveMeterKeys(masterSecret, meterId);
    secrets.push({ ref: { owner: meterId, purpose: "guek" }, secret: encryptionKey });
    secrets.push({ ref: { owner: meterId, purpose: "gak" }, secret: authenticationKey });
    secrets.push({ ref: { owner: meterId, purpose: "master" }, secret: masterKey });
    secrets.push({ ref: { owner: meterId, purpose: "password" }, secret: readingPassword });
  }
  for (const { concentratorId } of concentrators) {
    const { encryptionKey, authenticationKey } = concentratorKeys(masterSecret, concentratorId);
    secrets.push({ ref: { owner: concentratorId, purpose: "guek" }, secret: encryptionKey });
    secrets.push({ ref: { owner: concentratorId, purpose: "gak" }, secret: authenticationKey });
  }
  secrets.push(...subMeterSecrets(plan, masterSecret));
  await keys.store(secrets);
}

/** Registers usage points and which meter stands where. */
export async function provisionMdm(registry: MdmRegistry, plan: FleetPlan): Promise<void> {
  const known = await registry.knownMeters(plan.meters.map(({ meterId }) => meterId));
  const fresh = plan.meters.filter(({ meterId }) => !known.has(meterId));
  for (let at = 0; at < fresh.length; at += POINTS_AT_ONCE) {
    await Promise.all(fresh.slice(at, at + POINTS_AT_ONCE).map((meter) => install(registry, meter, plan.zone)));
  }
}

async function install(registry: MdmRegistry, meter: PlannedMeter, timeZone: string): Promise<void> {
  const { usagePointId, premisesId, customerId } = placeIdsOf(meter);
  await registry.addUsagePoint({
    usagePointId,
    premisesId,
    customerId,
    commodity: "electricity",
    timeZone,
    channelClass: meter.customerClass === "smallCommercial" ? "commercial" : "residential",
  });
  await registry.install({ usagePointId, meterId: meter.meterId, installedAtMs: meter.installedMs, multiplier: "1" });
}

function concentratorEntry(concentratorId: string, { concentratorPorts }: FieldPorts): ConcentratorEntry {
  return {
    concentratorId,
    address: { host: HOST, port: concentratorPorts[concentratorId] ?? 0 },
    settings: {},
    sessionsMax: RELAYED_SESSIONS_MAX,
    status: "active",
  };
}

function deviceOf(meter: PlannedMeter, { meterPorts }: FieldPorts): Device {
  const { management } = STANDARD_METER.clients;
  const { address, concentratorId } = meter;
  return {
    meterId: meter.meterId,
    protocol: "dlms",
    route:
      address.kind === "medium" && concentratorId !== undefined
        ? { kind: "concentrator", concentratorId, meterAddress: String(address.station) }
        : { kind: "direct", address: { host: HOST, port: meterPorts[meter.meterId] ?? 0 } },
    settings: {
      // The head-end's own sessions are ciphered from end to end; only concentrators use the reading client's password, on their street.
      readClient: management,
      readAuth: "hls-gmac",
      manageClient: management,
      manageAuth: "hls-gmac",
      concentratorAuth: "lls",
      logicalDeviceName: logicalDeviceName(STANDARD_METER, meter.serial),
    },
    status: "active",
  };
}
