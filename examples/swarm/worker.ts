// What each worker thread of the swarm runs: its share of the neurons.
import type { NeuronBus, SpawnContext } from 'neuronbus';
import { Agent, populate } from './colony.js';

export default (bus: NeuronBus, { index, threads }: SpawnContext): void => {
  populate(bus, Agent, index + 1, threads + 1);
};
