import type { Device, KeyRef } from "@amity/headend";
import { localDayOf, zoneOf } from "@amity/intervals";
import type { GasParameters, Registry as MdmRegistry } from "@amity/mdm";
import { addressText } from "@amity/mbus";
import { deriveSubMeterKeys, type FleetPlan, type PlannedMeter, type PlannedSubMeter } from "@amity/meter";
import { placeIdsOf, SUB_SUFFIXES } from "../compose/api/place-book.ts";
import type { GasZone } from "./gas-quality.ts";

const POINTS_AT_ONCE = 50;

/** Registers the usage points of gas, water and heat, who stands there, and under what conditions gas is metered. */
export async function provisionSubMeters(registry: MdmRegistry, gas: GasParameters, plan: FleetPlan): Promise<void> {
  const known = await registry.knownMeters(plan.subMeters.map(({ meterId }) => meterId));
  const homes = new Map(plan.meters.map((meter) => [meter.meterId, meter]));
  const fresh = plan.subMeters.flatMap((meter) => {
    const home = homes.get(meter.homeMeterId);
    return home === undefined || known.has(meter.meterId) ? [] : [{ meter, home }];
  });
  for (let at = 0; at < fresh.length; at += POINTS_AT_ONCE) {
    await Promise.all(fresh.slice(at, at + POINTS_AT_ONCE).map(({ meter, home }) => install(registry, meter, home, plan.zone)));
  }
  const zone = zoneOf(plan.zone);
  await gas.keepSites(
    fresh
      .filter(({ meter }) => meter.medium === "gas")
      .map(({ meter, home }) => ({
        usagePointId: subUsagePointOf(meter, home),
        fromDay: localDayOf(zone, meter.installedMs),
        zoneId: (home.at.y >= 0 ? "north" : "south") satisfies GasZone,
        conditions: { altitudeM: altitudeOf(home) },
      })),
    "provisioning",
  );
}

/** The usage point of a sub-meter: that of its home, and a letter. */
export function subUsagePointOf(meter: PlannedSubMeter, home: PlannedMeter): string {
  return `${placeIdsOf(home).usagePointId}${SUB_SUFFIXES[meter.medium]}`;
}

/** Sub-meters as the head-end knows them: behind an electricity meter and read by its driver, or heard by a wireless concentrator. */
export function subMeterDevices(plan: FleetPlan): Device[] {
  return plan.subMeters.map(({ meterId, medium, address, reach, radio, hasValve }): Device => {
    if (reach.kind === "channel") {
      const route = { kind: "behind", hostMeterId: reach.hostMeterId, channel: reach.channel } as const;
      return { meterId, protocol: "dlms", route, settings: { medium, valve: hasValve }, status: "active" };
    }
    const route = { kind: "wireless", concentratorId: reach.concentratorId, address: addressText(address) } as const;
    // Its telegrams are stamped by its own clock; the bits of its error flags are its maker's.
    const settings = {
      medium,
      zone: plan.zone,
      errorFlags: "leak,burst,backflow,frost,airInPipe,tamper,deviceError,batteryLow",
      ...(hasValve ? { radio: radio.mode.replace("Up", ""), security: radio.security, valve: true } : {}),
    };
    return { meterId, protocol: "wmbus", route, settings, status: "active" };
  });
}

/** The keys of those that are heard by radio: the head-end deciphers their telegrams itself. */
export function subMeterSecrets(plan: FleetPlan, masterSecret: Uint8Array): { ref: KeyRef; secret: Uint8Array }[] {
  return plan.subMeters
    .filter(({ reach }) => reach.kind === "wireless")
    .map(({ meterId }) => ({ ref: { owner: meterId, purpose: "mbus" }, secret: deriveSubMeterKeys(masterSecret, meterId).userKey }));
}

async function install(registry: MdmRegistry, meter: PlannedSubMeter, home: PlannedMeter, timeZone: string): Promise<void> {
  const usagePointId = subUsagePointOf(meter, home);
  const { premisesId, customerId } = placeIdsOf(home);
  await registry.addUsagePoint({
    usagePointId,
    commodity: meter.medium,
    timeZone,
    channelClass: home.customerClass === "smallCommercial" ? "commercial" : "residential",
    premisesId,
    customerId,
  });
  await registry.install({ usagePointId, meterId: meter.meterId, installedAtMs: meter.installedMs, multiplier: "1" });
}

/** The town climbs from the river at the substation: ten metres for each kilometre away from it. */
function altitudeOf({ at }: PlannedMeter): string {
  return (20 + Math.hypot(at.x, at.y) / 100).toFixed(0);
}
