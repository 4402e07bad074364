// A furnace to regulate, and its sensor. Pure functions: the same seed and cycle give the same weather and the same noise, on
// whichever thread.

/** °C that it should have. */
export const SETPOINT = 60;
const OUTSIDE = 20;
/** °C for a percent of power, which the agents have to find out. */
export const TRUE_GAIN = 0.8;

export interface PlantState {
  readonly temperature: number;
  /** Percent. */
  readonly power: number;
}

export const COLD: PlantState = { temperature: 36, power: 20 };

/** Uniform numbers in [0, 1): mulberry32. */
function numbers(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** About normal, with a standard deviation of 1: the sum of twelve uniform numbers. */
function bell(uniform: () => number): number {
  let sum = -6;
  for (let i = 0; i < 12; i++) sum += uniform();
  return sum;
}

/** The furnace, some minutes after its power was set. */
export function settle({ temperature }: PlantState, power: number, seed: number, cycle: number): PlantState {
  const weather = bell(numbers(seed * 1009 + cycle));
  const doorIsOpen = cycle >= 6;
  const balance = OUTSIDE + TRUE_GAIN * power + weather - (doorIsOpen ? 8 : 0);
  return { temperature: balance + (temperature - balance) * 0.05, power };
}

/** Sixteen readings. In every fourth cycle the sensor is broken. */
export function measure({ temperature }: PlantState, seed: number, cycle: number): number[] {
  const uniform = numbers(seed * 2003 + cycle * 31 + 7);
  const broken = cycle % 4 === 0;
  return Array.from({ length: 16 }, () => temperature + 0.5 * bell(uniform) + (broken ? 150 : 0));
}
