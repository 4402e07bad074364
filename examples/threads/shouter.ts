// SPDX-License-Identifier: MIT
//
// What each worker thread of examples/threads.ts runs.

import { Neuron, type NeuronBus, type NeuronHandle, type SpawnContext, type Spike } from 'neuronbus';

class Shouter extends Neuron {
  override capabilities = ['shout'];
  onSpike(spike: Spike, handle: NeuronHandle) {
    handle.reply(spike, `${spike.text().toUpperCase()} from ${handle.card.name}`);
  }
}

export default (bus: NeuronBus, { index }: SpawnContext) => {
  bus.register(new Shouter(), { name: `worker ${index}` });
};
