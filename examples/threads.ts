// SPDX-License-Identifier: MIT
//
// Agents in worker threads, found and asked like any others. Two workers run examples/threads/shouter.ts.

import { Neuron, NeuronBus, type Spike } from 'neuronbus';

class Client extends Neuron {
  waiting = 0;
  onSpike(spike: Spike) {
    console.log(spike.text());
    if (--this.waiting === 0) bus.close(); // ends the workers, too
  }
}

const bus = NeuronBus.create();
const client = new Client();
const id = bus.register(client, { name: 'client' });
const pool = bus.spawn(new URL('./threads/shouter.js', import.meta.url), { threads: 2 });
await pool.ready;

bus.start();
for (const shouter of bus.discover('shout')) {
  client.waiting++;
  bus.connect(id, shouter.id).build(); // a synapse across threads learns like any other
  bus.fire(id, { target: shouter.id, payload: 'hello' });
}
