// Spiking networks that end in the way that the argument names: closed, forgotten, in the middle of a run, with their thread.
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { lif, pairStdp, rewiring, SpikingNetwork } from '../../../dist/population/population.js';
import { residentMiB } from './scene.mjs';

/** Some megabytes of network with everything that holds memory. */
function usedNet(options = {}) {
  const net = new SpikingNetwork({ dtMs: 0.5, ...options });
  const noise = net.poisson(500, { rateHz: (timeMs) => 20 + (timeMs % 10) });
  const out = net.population(500, lif());
  net.connect(noise, out, { pattern: 'all-to-all', weightMv: 0.5, plasticity: pairStdp() });
  net.connect(out, out, { pattern: 'fixed-in-degree', degree: 20, weightMv: -1, delayMs: 2 });
  net.record(out, { spikes: true, potentials: true, maxSamples: 100 });
  return net;
}

const endings = {
  async closed() {
    const net = usedNet({ threads: 2 });
    await net.run(20);
    net.close();
  },
  async 'not closed'() {
    globalThis.net = usedNet({ threads: 2 });
    await globalThis.net.run(20);
  },
  async 'closed in a run'() {
    const net = usedNet({ threads: 2 });
    const run = net.run(1e9);
    setTimeout(() => net.close(), 30);
    await run.catch((error) => console.log(error.code));
  },
  'process.exit in a run'() {
    globalThis.net = usedNet({ threads: 2 });
    globalThis.net.run(1e9);
    setTimeout(() => process.exit(0), 30);
  },
  'process.exit in work of hours'() {
    const net = new SpikingNetwork({ dtMs: 1 });
    const rateHz = (timeMs) => {
      if (timeMs === 1) setImmediate(() => process.exit(0)); // the work begins before that
      return 1;
    };
    // Whether a pair is free is looked up for each of 30,000 delays, and five million pairs are wanted.
    net.connect(net.poisson(1000, { rateHz, rateIntervalMs: 1 }), net.population(8000, lif()), {
      ...{ pattern: 'fixed-out-degree', degree: 70, weightMv: 1, delayMs: { uniform: [1, 30_000] } },
      rewiring: rewiring({ grow: 5_000_000, weight: 1, everyMs: 1 }),
    });
    net.run(3);
  },
  async 'process.exit in onProgress'() {
    await usedNet().run(1e9, { onProgress: () => process.exit(0) });
  },
  async 'a run keeps the process alive'() {
    usedNet()
      .run(50)
      .then(({ timeMs }) => console.log(`ran ${timeMs} ms`));
  },
  async 'an aborted run'() {
    const net = usedNet();
    await net.run(1e9, { signal: AbortSignal.timeout(30) }).catch((error) => console.log(error.code));
  },

  /** Networks that are forgotten, also right after a run was begun and ended; how much is left of them. */
  async memory() {
    let collected = 0;
    const registry = new FinalizationRegistry(() => collected++);
    const round = async (count) => {
      for (let i = 0; i < count; i++) {
        const net = usedNet();
        registry.register(net, i);
        await net.run(5);
        if (i % 4 === 0) net.close();
        if (i % 10 === 0) await residentMiB();
      }
      for (let i = 0; i < 10; i++) await residentMiB();
      return residentMiB();
    };
    await round(20);
    const [before, already] = [await round(1), collected];
    const after = await round(100);
    console.log(JSON.stringify({ collected: collected - already, grownMiB: after - before }));
  },

  /** Nobody calls the collector: it must know how much memory hangs on a network. How many are there at a time. */
  async 'the collector knows'() {
    let there = 0;
    let most = 0;
    const registry = new FinalizationRegistry(() => there--);
    for (let i = 0; i < 40; i++) {
      const net = new SpikingNetwork();
      const [pre, post] = [net.spikeSource(4000), net.population(4000, lif())];
      net.connect(pre, post, { pattern: 'all-to-all', weightMv: 0.5, plasticity: pairStdp() }); // 64 MB
      registry.register(net, i);
      most = Math.max(most, ++there);
      for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
    }
    console.log(JSON.stringify({ most }));
  },

  /** Threads that are ended while they run networks, or hold them. */
  async workers() {
    const start = (job) => new Worker(new URL(import.meta.url), { workerData: job });
    const message = (worker) => new Promise((resolve) => worker.once('message', resolve));
    const round = async (count) => {
      for (let i = 0; i < count; i++) {
        const workers = Object.keys(jobs).map(start);
        await Promise.all(workers.map(message));
        await Promise.all(workers.map((worker) => worker.terminate()));
      }
      return residentMiB();
    };
    const before = await round(4);
    const after = await round(10);
    const net = usedNet();
    await net.run(10);
    console.log(JSON.stringify({ timeMs: net.timeMs, grownMiB: after - before }));
  },
};

const jobs = {
  running() {
    globalThis.run = usedNet({ threads: 2 }).run(1e9);
    setTimeout(() => parentPort.postMessage('ready'), 5);
  },
  'in short runs'() {
    const net = usedNet();
    const again = () => net.run(1).then(again);
    again();
    setTimeout(() => parentPort.postMessage('ready'), 5);
  },
  async building() {
    parentPort.postMessage('ready');
    for (;;) {
      const net = usedNet();
      net.populations[1].state('potentialMv');
      net.projections[0].weights;
      net.projections[1].rewire({ grow: 5, weight: 1 });
      net.close();
    }
  },
  async 'holding one'() {
    globalThis.net = usedNet({ threads: 2 });
    await globalThis.net.run(5);
    parentPort.postMessage('ready');
    setInterval(() => {}, 1000);
  },
};

if (isMainThread) await endings[process.argv[2]]();
else await jobs[workerData]();
