// A process that ends in one of the ways of exit.test.ts, while its workers are at it. Not a test itself.
import { setTimeout as sleep } from 'node:timers/promises';
import { Neuron, NeuronBus } from '../../dist/index.js';

const how = process.argv[2];
const FLOODER = new URL('./flooder.mjs', import.meta.url);
// Room for the long payloads of full rings and for the cards of who comes later.
const arenaCapacity = 1 << 27;
const bus = NeuronBus.create(how.startsWith('a named') ? { name: `exit-${process.pid}` } : { arenaCapacity });
let received = 0;

class Main extends Neuron {
  onSpike() {
    received++;
    if (how === 'main exits inside a handler') process.exit(4);
  }
}

const id = bus.register(new Main(), { name: 'main' });
bus.start();
const pool = bus.spawn(FLOODER, { threads: 2, data: { connect: true } });
await pool.ready;
while (received === 0) await sleep(1);
await sleep(Math.random() * 10);

switch (how) {
  case 'main exits with workers alive':
    process.exit(3);
    break;
  case 'a named bus: main exits with workers alive':
    process.exit(5);
    break;
  case 'main closes the bus':
    bus.on('close', () => console.log('closed'));
    bus.close();
    break;
  case 'main terminates the pool, then closes':
    await pool.terminate();
    console.log(`alive ${pool.alive}`);
    bus.close();
    break;
  case 'main throws':
    throw new Error('on purpose');
  case 'a worker exits inside a handler': {
    const dying = bus.spawn(new URL('./misbehave.mjs', import.meta.url), {
      data: { how: 'well' },
      maxRestarts: 0,
    });
    await dying.ready;
    const { id: target } = bus.discover('mute')[0];
    bus.on('error', () => {});
    bus.on('worker', ({ exitCode }) => {
      console.log(`exit code ${exitCode}`);
      bus.close();
    });
    bus.fire(id, { target, payload: 'go' });
    break;
  }
}
