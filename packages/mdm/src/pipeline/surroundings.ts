import { spanOf, type IntervalBlock } from "@amity/intervals";
import { METERED_QUANTITIES, type MeterId } from "@amity/model";
import type { SqlRunner } from "@amity/store";
import type { ChannelId } from "../ledger/channel-id.ts";
import type { Ledger } from "../ledger/ledger.ts";
import { channelsOf, type Channel } from "../registry/registry.ts";
import type { VeeContext } from "../vee/context.ts";
import type { Series } from "../vee/series.ts";

/** Outdoor temperature over a time where the usage points are, in tenths of a degree Celsius: what a weather service gives. */
export type TemperatureOf = (fromMs: number, toMs: number) => Series | undefined;

/** What may be looked at beside a channel's own values. */
export type Surroundings = Pick<VeeContext, "temperature" | "heat" | "mediumTemperature">;

export interface SurroundingsParts {
  readonly ledger: Ledger;
  readonly store: SqlRunner;
  readonly temperatureOf?: TemperatureOf;
}

const HEAT_VOLUME = "6-0:2.0.0";
const SUPPLY = "6-0:10.0.0";
const RETURN = "6-0:11.0.0";

/**
 * The surroundings of channels over `[fromMs, toMs)`: the weather for gas and heat, and for heat energy the water and temperatures of the
 * same meter. Electricity and water have none of it, and cost nothing.
 */
export async function surroundingsOf(
  parts: SurroundingsParts,
  channels: readonly Channel[],
  { fromMs, toMs }: { fromMs: number; toMs: number },
): Promise<ReadonlyMap<ChannelId, Surroundings>> {
  const concerned = channels.filter(({ name }) => hasWeather(name));
  if (concerned.length === 0) return new Map();
  const temperature = parts.temperatureOf?.(fromMs, toMs);
  const weather = temperature === undefined ? {} : { temperature };
  const heatMeters = new Set(concerned.filter(isHeatEnergy).map(({ meterId }) => meterId));
  const beside = heatMeters.size === 0 ? [] : await channelsOf(parts.store, [...heatMeters]);
  const wanted = beside.filter(({ kind, name }) => kind === "interval" && [HEAT_VOLUME, SUPPLY, RETURN].includes(name));
  const series = await readSeries(parts.ledger, wanted, { fromMs, toMs });
  const byMeter = new Map<MeterId, NonNullable<VeeContext["heat"]>>();
  for (const channel of wanted) {
    const own = series.get(channel.channelId);
    if (own !== undefined) byMeter.set(channel.meterId, { ...byMeter.get(channel.meterId), ...asHeat(channel, own) });
  }
  return new Map(
    concerned.map((channel): [ChannelId, Surroundings] => {
      const heat = isHeatEnergy(channel) ? byMeter.get(channel.meterId) : undefined;
      return [channel.channelId, { ...weather, ...(heat === undefined ? {} : { heat }) }];
    }),
  );
}

function hasWeather(name: string): boolean {
  const commodity = METERED_QUANTITIES[name]?.commodity;
  return commodity === "gas" || commodity === "heat";
}

function isHeatEnergy({ name }: Channel): boolean {
  const quantity = METERED_QUANTITIES[name];
  return quantity?.commodity === "heat" && quantity.kind === "energy";
}

function asHeat({ name, scaler }: Channel, series: Series): NonNullable<VeeContext["heat"]> {
  if (name === HEAT_VOLUME) return { volume: series, volumeScaler: scaler };
  const tenths = { ...series, values: series.values.map((value) => value * 10 ** (scaler + 1)) };
  return name === SUPPLY ? { supply: tenths } : { return: tenths };
}

async function readSeries(
  ledger: Ledger,
  channels: readonly Channel[],
  { fromMs, toMs }: { fromMs: number; toMs: number },
): Promise<ReadonlyMap<ChannelId, Series>> {
  const blocks = new Map<ChannelId, IntervalBlock[]>();
  if (channels.length > 0)
    await ledger.read(
      { channelIds: channels.map(({ channelId }) => channelId), fromDayMs: fromMs, toDayMs: toMs },
      ({ channelId, block }) => {
        const list = blocks.get(channelId);
        if (list === undefined) blocks.set(channelId, [block]);
        else list.push(block);
      },
    );
  return new Map(
    channels.flatMap(({ channelId, intervalSeconds }): [ChannelId, Series][] => {
      const own = (blocks.get(channelId) ?? []).filter((block) => block.intervalSeconds === intervalSeconds);
      return own.length === 0 ? [] : [[channelId, spanOf(own, { fromMs, toMs, intervalSeconds })]];
    }),
  );
}
