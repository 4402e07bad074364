// One of the two threads of exchange.test.ts. It runs the built library, as a user's worker would.

import { parentPort, workerData } from 'node:worker_threads';
import { Neuron, NeuronBus } from '../../dist/index.js';

const { handle, role, count } = workerData;
const bus = NeuronBus.attach(handle);
const length = (i) => (i % 10 === 0 ? 2000 : i % 46); // every tenth lies in the arena
const bytes = (i) => new Uint8Array(length(i)).fill(i & 0xff);

class Echo extends Neuron {
  onSpike(spike, handle) {
    handle.reply(spike, spike.bytes());
  }
}

class Asker extends Neuron {
  sent = 0;
  wrong = 0;

  onSpike(spike, handle) {
    const i = this.sent - 1;
    if (Buffer.compare(spike.bytes(), bytes(i)) !== 0) this.wrong++;
    this.ask(spike.source, handle);
  }

  ask(target, handle) {
    if (this.sent === count) {
      parentPort.postMessage({ answers: count, wrong: this.wrong, memory: bus.stats().memory });
      return;
    }
    handle.fireTo(target, bytes(this.sent++));
  }

  onRegister(handle) {
    const look = () => {
      const [echo] = bus.discover('echo');
      if (echo === undefined) setTimeout(look, 1);
      else this.ask(echo.id, handle);
    };
    look();
  }
}

bus.start();
if (role === 'echo') bus.register(new Echo(), { name: 'echo', capabilities: ['echo'] });
else bus.register(new Asker(), { name: 'asker' });
parentPort.once('message', () => bus.close());
