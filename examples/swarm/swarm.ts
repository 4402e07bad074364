// A bus with the colony on it, and what makes its neurons ask: the ticks of one thread, or cues to several. Used by the main
// thread.
import { setImmediate, setTimeout } from 'node:timers/promises';
import { Neuron, NeuronBus, type NeuronBusOptions, SpikeType } from 'neuronbus';
import { Agent, Colony, CUE, populate, RestlessAgent } from './colony.js';

const WORKER = new URL('./worker.js', import.meta.url);
const LOOK_AGAIN_MS = 2;

export interface Swarm {
  readonly bus: NeuronBus;
  readonly colony: Colony;
  /** Every neuron asks `times` times; resolves when the questions are delivered. */
  ask(times: number): Promise<void>;
  /** Resolves when nothing is under way that could still be delivered. */
  settle(): Promise<void>;
}

/** All on this thread. Time, on a virtual clock, goes on by 1 ms from question to question: the same at every run. */
export function onThisThread(options: NeuronBusOptions): Swarm {
  const bus = NeuronBus.create({ ...options, maxNeurons: 128 });
  populate(bus, RestlessAgent);
  const ask = async (times: number): Promise<void> => {
    for (let i = 0; i < times; i++) {
      bus.tick();
      if (bus.clock.virtual) bus.clock.advance(1);
    }
  };
  return { bus, colony: new Colony(bus), ask, settle: async () => {} };
}

/** Gives cues, and hears nothing: the colony is among itself. */
class Conductor extends Neuron {
  onSpike(): void {}
}

/** A share on this thread, and one on each of `threads - 1` workers. On the real clock. */
export async function onThreads(threads: number, options: NeuronBusOptions): Promise<Swarm> {
  const bus = NeuronBus.create({ ...options, maxNeurons: 128, maxGanglia: threads });
  populate(bus, Agent, 0, threads);
  const conductor = bus.register(new Conductor(), { name: 'conductor' });
  const pool = bus.spawn(WORKER, {
    threads: threads - 1,
    attach: { seed: bus.options.seed, checks: bus.options.checks },
  });
  await pool.ready;
  bus.start();
  const colony = new Colony(bus);
  // In step: the next questions leave when the ones before are delivered, so that no ring overflows.
  const ask = async (times: number): Promise<void> => {
    for (let i = 0; i < times; i++) {
      for (const id of colony.ids) {
        bus.fire(conductor, { target: id, type: SpikeType.Modulatory, payload: CUE });
      }
    }
    do await setImmediate();
    while (bus.stats().queued > 0);
  };
  // A handler that still runs may be about to send something: nothing is under way when two looks see the same.
  const settle = async (): Promise<void> => {
    for (let before = -1, now = bus.stats(); now.queued > 0 || now.published !== before; ) {
      before = now.published;
      await setTimeout(LOOK_AGAIN_MS);
      now = bus.stats();
    }
  };
  return { bus, colony, ask, settle };
}
