import { smoothNoise, normal } from "./hash.ts";

/** Slots of a model day. */
export const SLOTS_PER_DAY = 96;
export const SLOT_MS = 900_000;
export const DAY_MS = 86_400_000;

/** The climate that a utility's meters share. Temperatures in °C. */
export interface Climate {
  readonly latitudeDegrees: number;
  readonly meanTemperature: number;
  /** Half the difference of the warmest and the coldest season's mean. */
  readonly seasonAmplitude: number;
  /** Half the difference of a clear day's afternoon and dawn. */
  readonly diurnalAmplitude: number;
  /** Mean cloudiness, 0 clear to 1 overcast. */
  readonly cloudiness: number;
}

export const CLIMATES = {
  newSouthWales: { latitudeDegrees: -33, meanTemperature: 17.8, seasonAmplitude: 5.5, diurnalAmplitude: 4.5, cloudiness: 0.36 },
  southernCalifornia: { latitudeDegrees: 34, meanTemperature: 18.5, seasonAmplitude: 6.5, diurnalAmplitude: 6.5, cloudiness: 0.2 },
  centralEurope: { latitudeDegrees: 50, meanTemperature: 10, seasonAmplitude: 9.5, diurnalAmplitude: 4.5, cloudiness: 0.55 },
} as const satisfies Record<string, Climate>;
export type ClimateName = keyof typeof CLIMATES;

/** What the model needs to know about the place: climate, civil time and one seed for the weather that all share. */
export interface SiteOptions {
  readonly seed: number;
  readonly climate: Climate;
  /** Local standard time minus UTC; a multiple of 15 minutes. */
  readonly standardOffsetMinutes: number;
  /** Whether daylight saving is in force on a local day (days since 1970-01-01). People then do everything an hour earlier by the sun. */
  readonly daylightSaving?: (localDay: number) => boolean;
  /** Whether a local day is a public holiday. */
  readonly holiday?: (localDay: number) => boolean;
}

/** One local standard-time day of weather: 96 quarter-hours from local midnight. */
export interface DayWeather {
  readonly meanTemperature: number;
  readonly temperature: Float32Array;
  /** Irradiance on a tilted plane that faces the equator, kW/m². */
  readonly irradiance: Float32Array;
}

/** The shared surroundings of all meters of one utility. Weather of recent days is kept; nothing else is stored. */
export class Site {
  readonly options: SiteOptions;
  readonly #weather = new Map<number, DayWeather>();

  constructor(options: SiteOptions) {
    this.options = options;
  }

  /** The local standard-time day that holds an instant. */
  dayOf(instantMs: number): number {
    return Math.floor((instantMs + this.options.standardOffsetMinutes * 60_000) / DAY_MS);
  }

  /** The instant at which a local standard-time day begins. */
  startOf(localDay: number): number {
    return localDay * DAY_MS - this.options.standardOffsetMinutes * 60_000;
  }

  isDaylightSaving(localDay: number): boolean {
    return this.options.daylightSaving?.(localDay) ?? false;
  }

  /** Saturdays, Sundays and public holidays. */
  isFreeDay(localDay: number): boolean {
    const weekday = (localDay + 4) % 7;
    return weekday === 0 || weekday === 6 || (this.options.holiday?.(localDay) ?? false);
  }

  weatherOf(localDay: number): DayWeather {
    const known = this.#weather.get(localDay);
    if (known !== undefined) return known;
    if (this.#weather.size >= WEATHER_DAYS_MAX) this.#weather.clear();
    const weather = makeWeather(this.options, localDay);
    this.#weather.set(localDay, weather);
    return weather;
  }
}

function makeWeather({ seed, climate }: SiteOptions, localDay: number): DayWeather {
  const yearAngle = yearAngleOf(localDay);
  const summerSign = climate.latitudeDegrees >= 0 ? 1 : -1;
  // The warmest weeks follow the solstice by about a month.
  const season = summerSign * Math.cos(yearAngle - 3.5);
  const synoptic = 0.6 * smoothNoise(seed, 1, localDay, 5) + 0.4 * smoothNoise(seed, 2, localDay, 2) + 0.25 * normal(seed, 3, localDay);
  const cloud = clamp(climate.cloudiness + 0.55 * smoothNoise(seed, 4, localDay, 3) + 0.2 * normal(seed, 5, localDay), 0, 1);
  const meanTemperature = climate.meanTemperature + climate.seasonAmplitude * season + 4.5 * synoptic - summerSign * season * cloud;
  const diurnal = climate.diurnalAmplitude * (1.2 - 0.8 * cloud);
  const temperature = new Float32Array(SLOTS_PER_DAY);
  const irradiance = new Float32Array(SLOTS_PER_DAY);
  for (let slot = 0; slot < SLOTS_PER_DAY; slot++) {
    temperature[slot] = meanTemperature + diurnal * Math.cos(((slot - 60) / SLOTS_PER_DAY) * 2 * Math.PI);
    const flicker = 0.45 * smoothNoise(seed, 6, localDay * SLOTS_PER_DAY + slot, 4) * (1 - Math.abs(2 * cloud - 1));
    irradiance[slot] = clearSky(climate.latitudeDegrees, yearAngle, slot) * (1 - 0.8 * clamp(cloud + flicker, 0, 1) ** 1.6);
  }
  return { meanTemperature, temperature, irradiance };
}

/** Clear-sky irradiance on a plane tilted by 25° towards the equator (a common simple air-mass model), kW/m². */
function clearSky(latitudeDegrees: number, yearAngle: number, slot: number): number {
  const latitude = (latitudeDegrees * Math.PI) / 180;
  const declination = -0.4093 * Math.cos(yearAngle + 0.172);
  const hourAngle = ((slot + 0.5) / SLOTS_PER_DAY) * 2 * Math.PI - Math.PI;
  const elevation = sineOfElevation(latitude, declination, hourAngle);
  if (elevation <= 0.01) return 0;
  const tilted = sineOfElevation(latitude - Math.sign(latitude) * PANEL_TILT_RADIANS, declination, hourAngle);
  const airMass = 1 / (elevation + 0.05);
  const beam = 1.25 * 0.72 ** (airMass ** 0.678);
  return Math.max(0, tilted) * beam + 0.09 * elevation;
}

function sineOfElevation(latitude: number, declination: number, hourAngle: number): number {
  return Math.sin(latitude) * Math.sin(declination) + Math.cos(latitude) * Math.cos(declination) * Math.cos(hourAngle);
}

function yearAngleOf(localDay: number): number {
  return (localDay % 365.2425) * ((2 * Math.PI) / 365.2425);
}

function clamp(value: number, low: number, high: number): number {
  return value < low ? low : value > high ? high : value;
}

const PANEL_TILT_RADIANS = 0.436;
const WEATHER_DAYS_MAX = 1_600;
