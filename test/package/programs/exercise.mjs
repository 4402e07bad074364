// Exercises the library that it is given; prints one line that says on what. Any deviation throws.
import assert from 'node:assert/strict';

export function exercise({ Axon, Neuron, NeuronBus, SpikeBuilder }) {
  conversation(Neuron, NeuronBus);
  ring(Axon, SpikeBuilder);
  console.log(`works on ${runtime()} ${process.platform}-${process.arch}`);
}

function conversation(Neuron, NeuronBus) {
  const heard = [];
  class Asker extends Neuron {
    onSpike(spike) {
      heard.push(spike.text());
    }
  }
  class Echo extends Neuron {
    onSpike(spike, handle) {
      handle.reply(spike, `echo ${spike.text()}`);
    }
  }
  const bus = NeuronBus.create({ clock: 'virtual', seed: 1 });
  const asker = bus.register(new Asker(), { name: 'asker' });
  bus.register(new Echo(), { name: 'echo', capabilities: ['echo'] });
  const [echo] = bus.discover('echo');
  const long = 'é'.repeat(500); // does not fit into the spike: travels through the arena
  assert.equal(bus.fire(asker, { target: echo.id, payload: 'hello' }), true);
  assert.equal(bus.fire(asker, { target: echo.id, payload: long }), true);
  for (let delivered = bus.tick(); delivered > 0; delivered = bus.tick());
  assert.deepEqual(heard, ['echo hello', `echo ${long}`]);
  const { published, delivered, queued, dropped } = bus.stats();
  const lost = Object.values(dropped).reduce((sum, count) => sum + count, 0);
  assert.equal(published, delivered + queued + lost);
  bus.close();
  assert.throws(() => bus.tick(), { code: 'ERR_NB_CLOSED' });
}

function ring(Axon, SpikeBuilder) {
  const axon = new Axon({ capacity: 4, backpressure: 'drop-newest' });
  const reader = axon.reader();
  const spikes = [1, 2, 3, 4, 5].map((n) => new SpikeBuilder().target(n).payload(`number ${n}`).build());
  assert.equal(axon.publishBatch(spikes), 4);
  const texts = [];
  for (let spike = reader.next(); spike !== undefined; spike = reader.next()) texts.push(spike.text());
  assert.deepEqual(texts, ['number 1', 'number 2', 'number 3', 'number 4']);
  axon.close();
}

export function runtime() {
  if (process.versions.bun) return `Bun ${process.versions.bun}`;
  if (process.versions.deno) return `Deno ${process.versions.deno}`;
  return `Node.js ${process.versions.node}`;
}
