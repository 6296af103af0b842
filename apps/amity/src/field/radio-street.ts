import { mediumRadio, startConcentrator, type Concentrator } from "@amity/concentrator";
import { LinkError } from "@amity/bytes";
import { addressText } from "@amity/mbus";
import type { MeterFleet, PlannedSubMeter, PlannedWirelessConcentrator, SubMeterDevice } from "@amity/meter";
import { createMedium, CONCENTRATOR_STATION, MEDIA, type Medium, type Station } from "@amity/network";
import type { Address, Clock, Random, Timers, World } from "@amity/runtime";
import { concentratorKeys, concentratorSystemTitle } from "./field-keys.ts";
import type { FieldOptions } from "./field.ts";

/** The air around a wireless concentrator and the meters that speak in it. */
export interface RadioStreet {
  readonly plan: PlannedWirelessConcentrator;
  readonly medium: Medium;
  readonly meters: readonly PlannedSubMeter[];
}

/** Lets the sub-meters that a wireless concentrator hears send on a medium of their own, each telegram at its instant of civil time. */
export function openRadioStreet(
  world: { readonly clock: Clock; readonly timers: Timers; readonly random: Random },
  fleet: MeterFleet,
  plan: PlannedWirelessConcentrator,
): RadioStreet {
  const random = world.random.fork(`air ${plan.concentratorId}`);
  const medium = createMedium({ timers: world.timers, random }, { ...MEDIA.rf, hopsMax: 1, speed: Math.max(1, world.clock.speed) });
  const meters = fleet.plan.subMeters.filter(({ reach }) => reach.kind === "wireless" && reach.concentratorId === plan.concentratorId);
  for (const { meterId, reach } of meters) {
    if (reach.kind !== "wireless") continue;
    transmit(
      world.clock,
      fleet.subMeter(meterId).radio,
      medium.attach(reach.station, () => {}),
    );
  }
  return { plan, medium, meters };
}

/** Starts the concentrator of a radio street on what its disk holds. It has no meters to ask, and no key of those that it hears. */
export function startRadioConcentrator(world: World, street: RadioStreet, listen: Address, options: FieldOptions): Promise<Concentrator> {
  const { concentratorId } = street.plan;
  const nobody = { connect: () => Promise.reject(new LinkError(`${concentratorId} only hears`, { code: "no-such-meter" })) };
  return startConcentrator(world, nobody, {
    concentratorId,
    systemTitle: concentratorSystemTitle(concentratorId),
    keys: concentratorKeys(options.masterSecret, concentratorId),
    listen,
    meters: [],
    wireless: {
      radio: mediumRadio(street.medium),
      meters: street.meters.map(({ meterId, address }) => ({ meterId, address: addressText(address) })),
    },
  });
}

/** Sends one telegram after another, for as long as the process lives. */
function transmit(clock: Clock, radio: SubMeterDevice["radio"], station: Station): void {
  const next = radio.numberAt(clock.nowMs()) + 1;
  const atMs = radio.sentAtMs(next);
  clock.at(atMs, () => {
    if (!radio.meter.conditionAt(atMs).radioSilent) station.send(CONCENTRATOR_STATION, radio.telegram(next));
    transmit(clock, radio, station);
  });
}
