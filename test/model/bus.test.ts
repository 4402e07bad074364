// Random operations on a bus and on a naive model of it, compared after every step. A failure prints the seed, the path
// and the shortest sequence that still fails; NEURONBUS_SEED=<seed> repeats a run.
import fc from 'fast-check';
import type { Backpressure } from 'neuronbus';
import { describe, it } from 'vitest';
import { Bench, commands } from './bus_commands.js';

const seed = process.env.NEURONBUS_SEED === undefined ? {} : { seed: Number(process.env.NEURONBUS_SEED) };

describe.each<Backpressure>(['drop-newest', 'drop-oldest', 'fail', 'block', 'sample'])(
  'with %s',
  (backpressure) => {
    it.each([2, 4, 8])('a bus with a ring of %d does what its model does', (axonCapacity) => {
      const run = (sampleEvery: number, sequence: Iterable<fc.Command<{ neurons: number }, Bench>>) => {
        const bench = new Bench({ backpressure, axonCapacity, sampleEvery, maxNeurons: 6, maxSynapses: 8 });
        try {
          fc.modelRun(() => ({ model: { neurons: 0 }, real: bench }), sequence);
        } finally {
          bench.bus.close();
        }
      };
      fc.assert(fc.property(fc.constantFrom(1, 2, 3), commands, run), { numRuns: 150, ...seed });
    });
  },
);
