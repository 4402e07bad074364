// SPDX-License-Identifier: MIT
//
// Scenario: whether a bus that runs flat out leaves the rest of its thread a turn. Timers and a TCP server live beside it.
//
// Two agents of one bus keep a few thousand spikes going between them, under start(). Meanwhile a timer of 5 ms is set again and
// again, and a client in a thread of its own (event_loop.worker.js) sends 64 bytes to a server in the loaded thread and waits
// for them to come back.

import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { MessageChannel, Worker } from 'node:worker_threads';
import { Neuron, NeuronBus, type NeuronHandle, type Spike } from 'neuronbus';
import { nowNs, percentile } from './harness/measure.js';
import type { Effort, Sample, Scenario, Variant } from './harness/types.js';

const TIMER_MS = 5;
const IN_FLIGHT = 4096;

/** What keeps the thread busy: begins, and gives a function that ends it and says how many messages were handled. */
type Load = () => () => number;

/** Sends every spike back, after computing for `busyNs`. */
class Player extends Neuron {
  handled = 0;
  constructor(readonly busyNs: number) {
    super();
  }
  onSpike(spike: Spike, handle: NeuronHandle): void {
    this.handled++;
    if (this.busyNs > 0) for (const end = nowNs() + this.busyNs; nowNs() < end; );
    handle.fireTo(spike.source);
  }
}

function busLoad(busyNs: number): Load {
  return () => {
    const bus = NeuronBus.create({ maxNeurons: 16 });
    const players = [new Player(busyNs), new Player(busyNs)];
    const [one, two] = players.map((player, index) => bus.register(player, { name: `player ${index}` }));
    for (let i = 0; i < IN_FLIGHT; i++) bus.fire(one, { target: two });
    bus.start();
    return () => {
      bus.close();
      return players[0].handled + players[1].handled;
    };
  };
}

/** The same game by Node's own means. */
function channelLoad(): () => number {
  const { port1, port2 } = new MessageChannel();
  let handled = 0;
  for (const port of [port1, port2]) {
    port.on('message', (message: unknown) => {
      handled++;
      port.postMessage(message);
    });
  }
  for (let i = 0; i < IN_FLIGHT; i++) port1.postMessage({ source: 1, target: 2, sequence: i });
  return () => {
    port1.close();
    return handled;
  };
}

const noLoad: Load = () => () => 0;

/** How long timers of TIMER_MS took, ms. */
function watchTimers(): { readonly took: readonly number[]; stop(): readonly number[] } {
  const took: number[] = [];
  let timer: NodeJS.Timeout;
  const next = (): void => {
    const begin = performance.now();
    timer = setTimeout(() => {
      took.push(performance.now() - begin);
      next();
    }, TIMER_MS);
  };
  next();
  const stop = (): readonly number[] => {
    clearTimeout(timer);
    return took;
  };
  return { took, stop };
}

export interface EchoClientOrder {
  readonly port: number;
  /** One word: how many echoes there were so far. */
  readonly echoes: SharedArrayBuffer;
}

/** Before this a load cannot be called one that leaves nobody a turn. */
const STARVED_MS = 15_000;

async function measure(effort: Effort, load: Load): Promise<Sample> {
  const server = createServer((socket) => {
    socket.setNoDelay(true);
    socket.pipe(socket);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const counted = new Int32Array(new SharedArrayBuffer(4));
  const workerData: EchoClientOrder = {
    port: (server.address() as AddressInfo).port,
    echoes: counted.buffer,
  };
  const client = new Worker(new URL('./event_loop.worker.js', import.meta.url), { workerData });
  await once(client, 'message');
  const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
  const end = load();
  await sleep(effort.warmupMs);
  client.postMessage('begin');
  const timers = watchTimers();
  const begin = performance.now();
  await sleep(effort.quick ? 350 : 3000);
  const enough = effort.quick ? 3 : 20; // which MessageChannel flat out hardly leaves them, or a slow machine
  const hasEnough = () => timers.took.length >= enough && Atomics.load(counted, 0) >= enough;
  while (!hasEnough() && performance.now() - begin < STARVED_MS) await sleep(10);
  const took = timers.stop();
  const seconds = (performance.now() - begin + effort.warmupMs) / 1e3;
  const answer = once(client, 'message');
  client.postMessage('end');
  const [echoes] = (await answer) as [number[]];
  const handled = end();
  server.close();
  if (took.length < enough || echoes.length < enough) {
    throw new Error(`starved: ${took.length} timers and ${echoes.length} echoes in all that time`);
  }
  return {
    'timer of 5 ms, p50': percentile(took, 0.5),
    'timer of 5 ms, p99': percentile(took, 0.99),
    'timer of 5 ms, max': percentile(took, 1),
    'TCP echo, p50': percentile(echoes, 0.5),
    'TCP echo, p99': percentile(echoes, 0.99),
    ...(handled > 0 ? { rate: handled / seconds / 1e6 } : {}),
  };
}

const variant = (name: string, role: Variant['role'], load: Load, against?: string): Variant => ({
  name,
  role,
  ...(against === undefined ? {} : { against }),
  run: (effort) => measure(effort, load),
});

const lower = (name: string) => ({ name, unit: 'ms', better: 'lower' }) as const;

export const scenario: Scenario = {
  name: 'event_loop',
  title: 'The event loop beside a busy bus',
  note:
    `Two agents keep ${IN_FLIGHT.toLocaleString('en')} spikes going between them in the thread that also has timers of ${TIMER_MS} ms and a TCP echo server; ` +
    'its client is another thread. "Handlers of 10 µs" compute for that long at each spike. Timers of Node.js have whole milliseconds, so up to one is late without any load.',
  repetitions: 3,
  metrics: [
    lower('timer of 5 ms, p50'),
    lower('timer of 5 ms, p99'),
    lower('timer of 5 ms, max'),
    lower('TCP echo, p50'),
    lower('TCP echo, p99'),
    { name: 'rate', unit: 'M/s', better: 'higher' },
  ],
  variants: [
    variant('no load', 'limit', noLoad),
    variant('bus flat out', 'neuronbus', busLoad(0)),
    variant('bus flat out, handlers of 10 µs', 'neuronbus', busLoad(10_000)),
    variant('MessageChannel flat out', 'peer', channelLoad, 'bus flat out'),
  ],
};
