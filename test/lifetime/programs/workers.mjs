// Buses in worker threads: each its own, all at once; some are ended in the middle of their work.
import { createHash } from 'node:crypto';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { Neuron, NeuronBus } from '../../../dist/index.js';
import { Echo, mappings, residentMiB, usedBus } from './scene.mjs';

/** A deterministic run; returns a digest of all that can be seen. */
function digest(seed) {
  const bus = NeuronBus.create({ clock: 'virtual', seed, axonCapacity: 256, maxNeurons: 16 });
  const seen = createHash('sha256');
  class Agent extends Neuron {
    onSpike(spike, handle) {
      seen.update(JSON.stringify(spike) + spike.text());
      if (handle.random() < 0.4)
        handle.reply(spike, 'x'.repeat(Math.floor(handle.random() * 100)), { type: 2 });
    }
  }
  const ids = Array.from({ length: 10 }, (_, i) => bus.register(new Agent(), { name: `${i}` }));
  for (const pre of ids) for (const post of ids) if (pre < post) bus.connect(pre, post).build();
  for (let i = 0; i < 3000; i++) {
    bus.fire(
      ids[i % 10],
      bus.random() < 0.2 ? {} : { target: ids[Math.floor(bus.random() * 10)], payload: `${i}` },
    );
    bus.clock.advance(bus.random());
    if (i % 4 === 0) bus.tick();
  }
  seen.update(JSON.stringify([bus.stats(), bus.synapses().map((synapse) => synapse.weight)]));
  bus.close();
  return seen.digest('hex');
}

const start = (job) => new Worker(new URL(import.meta.url), { workerData: job });
const message = (worker) =>
  new Promise((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
  });

async function independent() {
  const seeds = [1, 2, 3, 4, 1, 2];
  const workers = seeds.map((seed) => start({ kind: 'digest', seed }));
  const digests = await Promise.all(workers.map(message));
  const expected = seeds.map(digest);
  console.log(
    JSON.stringify({
      equal: digests.every((value, i) => value === expected[i]),
      different: new Set(expected).size,
    }),
  );
}

/** Ends workers that are busy, or idle with a started bus, or that have left their bus open. */
async function terminated() {
  const kinds = ['busy', 'managing', 'started', 'left open'];
  const round = async (count) => {
    for (let i = 0; i < count; i++) {
      const workers = kinds.map((kind) => start({ kind }));
      await Promise.all(workers.map(message));
      await Promise.all(workers.map((worker) => worker.terminate()));
    }
    return { rss: await residentMiB(), maps: mappings() };
  };
  const before = await round(8);
  const after = await round(24);
  const bus = usedBus({ clock: 'virtual' });
  bus.run(2);
  console.log(
    JSON.stringify({
      queued: bus.stats().queued,
      grownMiB: after.rss - before.rss,
      mappings: (after.maps ?? 0) - (before.maps ?? 0),
    }),
  );
  bus.close();
}

const jobs = {
  digest: ({ seed }) => parentPort.postMessage(digest(seed)),
  busy() {
    const bus = usedBus({ checks: 'production' });
    const [a, b] = bus.neurons().map((card) => card.id);
    parentPort.postMessage('ready');
    for (;;) {
      for (let i = 0; i < 100; i++) bus.fire(a, { target: b, payload: 'x'.repeat(i) });
      bus.tick();
    }
  },
  // The calls that build JavaScript values in native code, which a termination may interrupt anywhere.
  managing() {
    const bus = usedBus({ maxNeurons: 64 });
    const [a, b] = bus.neurons().map((card) => card.id);
    parentPort.postMessage('ready');
    for (;;) {
      const id = bus.register(new Echo(), { name: 'passing' });
      bus.connect(a, id).build();
      bus.stats();
      bus.synapses();
      bus.arena.release(bus.arena.write('x'.repeat(100)));
      bus.fire(id, { target: b });
      bus.unregister(id);
      bus.tick();
    }
  },
  started() {
    globalThis.bus = usedBus({ waitStrategy: 'spin' });
    globalThis.bus.start();
    parentPort.postMessage('ready');
  },
  'left open'() {
    globalThis.bus = usedBus();
    parentPort.postMessage('ready');
    setInterval(() => {}, 1000);
  },
};

if (!isMainThread) jobs[workerData.kind](workerData);
else if (process.argv[2] === 'independent') await independent();
else await terminated();
