// What each worker thread of the pipeline runs: its share of the agents.
import type { NeuronBus, SpawnContext } from 'neuronbus';
import { red } from '../shared/terminal.js';
import { registerStages } from './stages.js';

export default (bus: NeuronBus, { index, threads }: SpawnContext): void => {
  bus.on('error', (error, { card }) => process.stderr.write(`${red('error:')} ${card?.name}: ${error}\n`));
  registerStages(bus, index, threads);
};
