// What the tests of spiking networks share. Not a test itself.

import { NeuronBusError as FromBus } from 'neuronbus';
import {
  type LifOptions,
  lif,
  NeuronBusError,
  type Population,
  type Spikes,
  SpikingNetwork,
  type SpikingNetworkOptions,
} from 'neuronbus/population';
import { onTestFinished } from 'vitest';

export { codeOfPromise, sleep, turn } from '../../support.js';

/** A network that is closed when the test ends. */
export function makeNet(options: SpikingNetworkOptions = {}): SpikingNetwork {
  const net = new SpikingNetwork(options);
  onTestFinished(() => net.close());
  return net;
}

/** What a refused call says; ERR_NB_INVALID_ARGUMENT, or the given code, it must be. */
export function refusal(call: () => unknown, code = 'ERR_NB_INVALID_ARGUMENT'): string {
  try {
    call();
  } catch (error) {
    if (!(error instanceof NeuronBusError) || !(error instanceof FromBus)) throw error;
    if (error.code !== code) throw error;
    return error.message;
  }
  throw new Error('It was not refused');
}

/** A neuron that every spike with this weight makes fire at once, in the step in which it arrives or the next. */
export const RELAY: LifOptions = { synapseTauMs: 0, refractoryMs: 0, tauMs: 1000 };

/** Neurons that fire when the spikes of the source arrive: a way to prescribe post-spikes. */
export function relay(net: SpikingNetwork, size: number): Population {
  return net.population(size, lif(RELAY));
}

/** Neuron and time, as pairs. */
export function pairs({ neuron, timeMs }: Spikes): [number, number][] {
  return Array.from(neuron, (index, i) => [index, timeMs[i]]);
}
