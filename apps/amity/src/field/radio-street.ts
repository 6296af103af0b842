import { mediumRadio, startConcentrator, type Concentrator } from "@amity/concentrator";
import { LinkError } from "@amity/bytes";
import { timeOnAirMs } from "@amity/mbus";
import { startSubMeterBeacon, type MeterFleet, type PlannedSubMeter, type PlannedWirelessConcentrator } from "@amity/meter";
import { createMedium, CONCENTRATOR_STATION, MEDIA, type Medium, type MediumOptions } from "@amity/network";
import type { Address, Clock, Log, Random, Timers, World } from "@amity/runtime";
import { concentratorKeys, concentratorSystemTitle } from "./field-keys.ts";
import type { FieldOptions } from "./field.ts";

/** The air around a wireless concentrator and the meters that speak in it. */
export interface RadioStreet {
  readonly plan: PlannedWirelessConcentrator;
  readonly medium: Medium;
  readonly meters: readonly PlannedSubMeter[];
}

/** How a radio street differs from a quiet one in virtual time. */
export interface RadioStreetOptions {
  /** How long meters listen beyond their windows (machine ms): a real machine's timers are coarse. */
  readonly guardMs?: number;
  readonly medium?: MediumOptions;
}

/** Lets the sub-meters that a wireless concentrator hears send and listen on a medium of their own, each telegram at its instant of civil time. */
export function openRadioStreet(
  world: { readonly clock: Clock; readonly timers: Timers; readonly random: Random; readonly log: Log },
  fleet: MeterFleet,
  plan: PlannedWirelessConcentrator,
  options: RadioStreetOptions = {},
): RadioStreet {
  const random = world.random.fork(`air ${plan.concentratorId}`);
  const speed = Math.max(1, world.clock.speed);
  const medium = createMedium({ timers: world.timers, random }, { ...(options.medium ?? MEDIA.wirelessMbus), speed });
  const meters = fleet.plan.subMeters.filter(({ reach }) => reach.kind === "wireless" && reach.concentratorId === plan.concentratorId);
  for (const { meterId, reach, radio } of meters) {
    if (reach.kind !== "wireless") continue;
    const transmit = (octets: Uint8Array): { readonly onAirMs: number } => {
      station.send(CONCENTRATOR_STATION, octets);
      return { onAirMs: timeOnAirMs(radio.mode, octets.length) };
    };
    const beacon = startSubMeterBeacon(fleet.subMeter(meterId), {
      clock: world.clock,
      timers: world.timers,
      radio: { transmit },
      ...(options.guardMs === undefined ? {} : { guardMs: options.guardMs }),
      onFault: (error) => world.log.error("field.beacon", { meterId, error: String(error) }),
    });
    const station = medium.attach(reach.station, (frame) => beacon.receive(frame));
  }
  return { plan, medium, meters };
}

/** Starts the concentrator of a radio street on what its disk holds. It has no meters to ask, no key of those that it hears, and learns from the head-end which are its own. */
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
      radio: mediumRadio(street.medium, world.timers),
      // The head-end tells it which meters are its own.
      meters: [],
    },
  });
}
