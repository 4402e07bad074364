// What the programs of this folder share: a bus in use, and what the process holds.
import { readFileSync } from 'node:fs';
import { Neuron, NeuronBus } from '../../../dist/index.js';

export class Echo extends Neuron {
  onSpike(spike, handle) {
    if (spike.text() !== 'echo') handle.reply(spike, 'echo');
  }
}

/** A bus with two neurons, a synapse, blocks in the arena, and spikes delivered and queued. */
export function usedBus(options = {}) {
  const bus = NeuronBus.create(options);
  const [a, b] = [1, 2].map((n) => bus.register(new Echo(), { name: `echo ${n}`, capabilities: ['echo'] }));
  bus.connect(a, b).build();
  bus.arena.write('kept');
  for (let i = 0; i < 20; i++) bus.fire(a, { target: b, payload: 'x'.repeat(i * 20) });
  bus.tick();
  bus.fire(a, { target: b, payload: 'still queued '.repeat(20) });
  return bus;
}

/** Mappings of this process, or undefined where they cannot be counted. */
export function mappings() {
  if (process.platform !== 'linux') return undefined;
  return readFileSync('/proc/self/maps', 'utf8').split('\n').length;
}

/** Resident memory after a full collection, MiB. */
export async function residentMiB() {
  for (let i = 0; i < 5; i++) {
    globalThis.gc();
    await new Promise((resolve) => setImmediate(resolve));
  }
  return process.memoryUsage.rss() / 2 ** 20;
}
