// SPDX-License-Identifier: MIT
//
// Scenario: a neuron fires, and onSpike of a neuron in another thread or process runs, with synapse lookup, plasticity and
// integration on the way. One sender, one receiver; the sender waits where the ring is full, so nothing is dropped.
//
// The main thread of the measuring process fires in batches of 64 and ticks.

import { Neuron } from 'neuronbus';
import { expectEqual, RateMeter } from './harness/measure.js';
import { type Place, startPair } from './harness/pair.js';
import { pause } from './harness/threads.js';
import type { Effort, Sample, Scenario, Variant } from './harness/types.js';

class Silent extends Neuron {
  onSpike(): void {}
}

async function oneWay(effort: Effort, place: Place): Promise<Sample> {
  const { bus, from, sink, stop } = await startPair(place, new Silent(), 100);
  const meter = new RateMeter(effort);
  let sent = 0;
  while (!meter.done(sent)) {
    for (let i = 0; i < 64; ) {
      if (bus.fire(from, { target: sink })) i++;
      else pause();
    }
    sent += 64;
    bus.tick();
  }
  while (bus.stats().queued > 0) pause();
  const { published, delivered, dropped } = bus.stats();
  expectEqual('spikes delivered', delivered, sent);
  expectEqual('spikes accounted for', delivered + dropped.full, published);
  expectEqual('spikes received', await stop(), sent);
  return { rate: meter.megaPerSecond };
}

const ours = (name: string, place: Place): Variant => ({
  name,
  role: 'neuronbus',
  run: (effort) => oneWay(effort, place),
});

export const scenario: Scenario = {
  name: 'bus_one_way',
  title: 'From fire to onSpike in another thread or process',
  note:
    'One sender, one receiver, batches of 64, every spike over a synapse that learns. The channels of Node, without any of ' +
    'that, are in the table of thread_peers. Two cores: sender and receiver have one each.',
  metrics: [{ name: 'rate', unit: 'M/s', better: 'higher' }],
  variants: [ours('two threads', 'thread'), ours('two processes', 'process')],
};
