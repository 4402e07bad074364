// SPDX-License-Identifier: MIT
//
// Scenario: 60,000 agents on one bus: what registering, finding and keeping them costs, and a broadcast to a thousand of them.
//
// In one thread, or dealt out to four workers, which register one after the other. The main thread of the measuring process
// looks up, and sends the broadcasts in bursts; the workers write what they received into memory that both see.

import { EventEmitter, once } from 'node:events';
import { BroadcastChannel, Worker } from 'node:worker_threads';
import { Neuron, NeuronBus } from 'neuronbus';
import { expectReconciled, Sink } from './harness/agents.js';
import { expectEqual, nowNs, nsPerOperation } from './harness/measure.js';
import { costOfEach, residentBytes } from './harness/resident.js';
import { pause } from './harness/threads.js';
import type { Effort, Sample, Scenario } from './harness/types.js';

const agentCount = 60_000;
const kinds = 600;
const foundEach = agentCount / kinds;
const workerCount = 4;
const receiverCount = 1000;
const burst = 64;

const capabilities = Array.from({ length: kinds }, (_, i) => `skill ${i}`);
const regions = Array.from({ length: kinds }, (_, i) => `area ${i % 20}/room ${Math.floor(i / 20)}`);

export interface Card {
  readonly name: string;
  readonly capabilities: string[];
  readonly regions: string[];
}

export function cardOf(index: number): Card {
  const kind = index % kinds;
  return { name: `agent ${index}`, capabilities: [capabilities[kind]], regions: [regions[kind]] };
}

export class Idle extends Neuron {
  onSpike(): void {}
}

/** What a worker is told when it is started; 'register' follows as a message. */
export interface LargeOrder {
  /** Broadcasts that were delivered to all receivers of each worker. */
  readonly done: Int32Array;
  readonly index: number;
  readonly receivers: number;
  /** Of the bus, with the neurons that this worker has and the one that broadcasts; or of a BroadcastChannel. */
  readonly bus?: NeuronBus['handle'];
  readonly agents: readonly [first: number, end: number];
  readonly from: number;
  readonly channel?: string;
}

/** A tenth of the effort: a look-up is short, and there is much else to do. */
function lookUps(effort: Effort, keys: readonly string[], find: (key: string) => readonly unknown[]): number {
  let [found, asked] = [0, 0];
  const short = { ...effort, warmupMs: effort.warmupMs / 5, blockMs: effort.blockMs / 3 };
  const ns = nsPerOperation(short, 1, (operations) => {
    for (let i = 0; i < operations; i++) found += find(keys[(asked + i) % kinds]).length;
    asked += operations;
  });
  expectEqual('agents found', found, asked * foundEach);
  return ns / 1e3;
}

function findingOn(effort: Effort, bus: NeuronBus): Sample {
  return {
    capability: lookUps(effort, capabilities, (key) => bus.discover(key)),
    region: lookUps(effort, regions, (key) => bus.discoverInRegion(key)),
  };
}

/** µs and resident bytes of each agent that `add` adds. */
function adding(keep: unknown, add: (index: number) => void): Sample {
  let ns = 0;
  const { each } = costOfEach(1, keep, () => {
    const begin = nowNs();
    for (let index = 1; index < agentCount; index++) add(index);
    ns = nowNs() - begin;
  });
  return { register: ns / 1e3 / agentCount, memory: each / agentCount };
}

function inOneThread(effort: Effort): Sample {
  const bus = NeuronBus.create({ maxNeurons: agentCount });
  // The first of its kind pays for hidden classes and lazily compiled code.
  bus.register(new Idle(), cardOf(0));
  const added = adding(bus, (index) => bus.register(new Idle(), cardOf(index)));
  return { ...added, ...findingOn(effort, bus) };
}

function inMaps(effort: Effort): Sample {
  const agents: (Card & { onSpike: () => void })[] = [];
  const byCapability = new Map<string, Card[]>(capabilities.map((key) => [key, []]));
  const byRegion = new Map<string, Card[]>(regions.map((key) => [key, []]));
  const add = (index: number): void => {
    const agent = { ...cardOf(index), onSpike: () => void agents.length };
    agents.push(agent);
    for (const key of agent.capabilities) byCapability.get(key)?.push(agent);
    for (const key of agent.regions) byRegion.get(key)?.push(agent);
  };
  add(0);
  const added = adding(agents, add);
  return {
    ...added,
    capability: lookUps(effort, capabilities, (key) => [...(byCapability.get(key) ?? [])]),
    region: lookUps(effort, regions, (key) => [...(byRegion.get(key) ?? [])]),
  };
}

/** Four workers that count, once they are ready. */
async function startWorkers(order: (index: number) => Partial<LargeOrder>): Promise<{
  workers: Worker[];
  done: Int32Array;
}> {
  const done = new Int32Array(new SharedArrayBuffer(4 * workerCount));
  const script = new URL('./large_bus.worker.js', import.meta.url);
  const workers: Worker[] = [];
  for (let index = 0; index < workerCount; index++) {
    const common = { done, index, receivers: receiverCount / workerCount, agents: [0, 0], from: -1 } as const;
    const worker = new Worker(script, { workerData: { ...common, ...order(index) } satisfies LargeOrder });
    worker.on('error', (error) => {
      process.stderr.write(`${error.stack}\n`);
      process.exit(1);
    });
    await once(worker, 'message');
    workers.push(worker);
  }
  return { workers, done };
}

function awaitCount(done: Int32Array, index: number, wanted: number): void {
  for (;;) {
    const seen = Atomics.load(done, index);
    if (seen >= wanted) return;
    Atomics.wait(done, index, seen);
  }
}

/** µs of one broadcast to a thousand, which is ns of one delivery: a burst, and then all wait until it has arrived. */
function broadcasting(effort: Effort, done: Int32Array | undefined, send: (count: number) => void): number {
  let sent = 0;
  const ns = nsPerOperation(effort, burst, (operations) => {
    for (let left = operations; left > 0; left -= burst) {
      send(burst);
      sent += burst;
      for (let index = 0; done !== undefined && index < workerCount; index++) {
        awaitCount(done, index, sent);
      }
    }
  });
  return ns / 1e3;
}

async function inWorkers(effort: Effort): Promise<Sample> {
  const bus = NeuronBus.create({ maxNeurons: agentCount + 1, arenaCapacity: 1 << 26 });
  const from = bus.register(new Sink(), { name: 'sender' });
  const share = agentCount / workerCount;
  const { workers, done } = await startWorkers((index) => {
    return { bus: bus.handle, agents: [index * share, (index + 1) * share], from };
  });
  const before = residentBytes();
  let ns = 0;
  for (const worker of workers) {
    worker.postMessage('register');
    const [took] = (await once(worker, 'message')) as [number];
    ns += took;
  }
  const begin = nowNs();
  expectEqual('agents found', bus.discover(capabilities[0]).length, foundEach);
  const first = (nowNs() - begin) / 1e6;
  const memory = (residentBytes() - before) / agentCount;
  const found = findingOn(effort, bus);
  const broadcast = broadcasting(effort, done, (count) => {
    for (let i = 0; i < count; i++) bus.fire(from, { payload: 'to all' });
    bus.tick();
  });
  while (bus.stats().queued > 0) pause(); // what is delivered is booked a little later
  const stats = bus.stats();
  expectReconciled(stats);
  expectEqual('deliveries', stats.delivered, stats.published);
  return { register: ns / 1e3 / agentCount, memory, first, ...found, broadcast };
}

async function overChannel(effort: Effort): Promise<Sample> {
  const name = `neuronbus-bench-${process.pid}`;
  const { done } = await startWorkers(() => ({ channel: name }));
  const channel = new BroadcastChannel(name);
  const broadcast = broadcasting(effort, done, (count) => {
    for (let i = 0; i < count; i++) channel.postMessage('to all');
  });
  channel.close();
  return { broadcast };
}

function inEmitter(effort: Effort): Sample {
  const emitter = new EventEmitter().setMaxListeners(receiverCount);
  let received = 0;
  for (let i = 0; i < receiverCount; i++) emitter.on('spike', (text: string) => (received += text.length));
  const broadcast = broadcasting(effort, undefined, (count) => {
    for (let i = 0; i < count; i++) emitter.emit('spike', 'to all');
  });
  expectEqual('deliveries', received % (receiverCount * 'to all'.length), 0);
  return { broadcast };
}

const one = '60,000 in one thread';
const four = '60,000 in 4 workers';

export const scenario: Scenario = {
  name: 'large_bus',
  title: 'A large bus',
  note:
    `${agentCount.toLocaleString('en')} agents with a card. register: each, in turn. memory: resident bytes of each, with what all ` +
    `threads know of it. first: the first look-up of a thread, which reads the cards of all others; capability, region: one ` +
    `that finds ${foundEach}. broadcast: to ${receiverCount.toLocaleString('en')} agents in 4 workers, over synapses that learn; µs of ` +
    'one is ns of a delivery. With four workers and a sender on fewer cores the scheduler takes part.',
  nodeFlags: ['--expose-gc', '--max-semi-space-size=1'],
  repetitions: 3,
  notQuick: 'takes seconds for each variant; not in a quick run',
  metrics: [
    { name: 'register', unit: 'µs', better: 'lower' },
    { name: 'memory', unit: 'B', better: 'lower' },
    { name: 'first', unit: 'ms', better: 'lower' },
    { name: 'capability', unit: 'µs', better: 'lower' },
    { name: 'region', unit: 'µs', better: 'lower' },
    { name: 'broadcast', unit: 'µs', better: 'lower' },
  ],
  prepare: () => (process.platform === 'linux' ? undefined : 'reads /proc, which only Linux has'),
  variants: [
    { name: one, role: 'neuronbus', run: inOneThread },
    { name: 'objects in maps of arrays', role: 'peer', against: one, run: inMaps },
    { name: four, role: 'neuronbus', run: inWorkers },
    {
      name: 'BroadcastChannel, an EventEmitter in each worker',
      role: 'peer',
      against: four,
      run: overChannel,
    },
    { name: 'EventEmitter, one thread', role: 'peer', against: four, run: inEmitter },
  ],
};
