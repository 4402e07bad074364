// Random numbers of the tests, from a seed that every complaint names. Not a test itself.

/** Mulberry32: uniform in [0, 1), the same on every machine. */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Spikes of many neurons: neuron i fires at step[k] where neuron[k] is i. In the order of the steps. */
export interface Train {
  readonly neuron: readonly number[];
  readonly step: readonly number[];
}

/** Each of `size` neurons fires in each step of [from, to) with this probability. */
export function randomTrain(
  random: () => number,
  size: number,
  [from, to]: [number, number],
  p: number,
): Train {
  const train = { neuron: [] as number[], step: [] as number[] };
  for (let step = from; step < to; step++) {
    for (let i = 0; i < size; i++) {
      if (random() >= p) continue;
      train.neuron.push(i);
      train.step.push(step);
    }
  }
  return train;
}

/** The steps at which each neuron fires, ascending. */
export function byNeuron(size: number, { neuron, step }: Train): number[][] {
  const steps: number[][] = Array.from({ length: size }, () => []);
  for (let k = 0; k < neuron.length; k++) steps[neuron[k]].push(step[k]);
  return steps;
}
