// SPDX-License-Identifier: MIT
//
// Scenario: agents in C and in Python on a bus of JavaScript, each in a process of its own. One way: they fire without end
// at a neuron here. Round trip: a neuron here asks, they answer. Both over synapses that learn.
//
// What people take otherwise: a child process, with records of 64 bytes over its standard input and output.

import { type ChildProcessByStdio, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { Neuron, NeuronBus, type NeuronHandle, type Spike } from 'neuronbus';
import { Asker, expectReconciled } from './harness/agents.js';
import { projectRoot } from './harness/machine.js';
import { expectEqual, RateMeter, RoundTrips, sumOfFirst } from './harness/measure.js';
import { agentInC, agentInCUnavailable, libraryPath, libraryUnavailable } from './harness/native.js';
import type { Effort, Sample, Scenario, Variant } from './harness/types.js';

type Language = 'C' | 'Python';
type Child = ChildProcessByStdio<Writable, Readable, null>;

const recordBytes = 64;
const payloadAt = 18;

function startAgent(language: Language, argument: string): Child {
  const script = join(projectRoot(), 'bench', 'agents', 'agent.py');
  const [program, ...args] = language === 'C' ? [agentInC()] : ['python3', script];
  return spawn(program, [...args, argument], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...process.env, NEURONBUS_LIB: libraryPath() },
  });
}

/** Has an agent fire at it for as long as the effort says. */
class Target extends Neuron {
  #meter: RateMeter | undefined;
  #received = 0;
  #sum = 0;
  #enough: (from: NeuronHandle) => void = () => {};
  #ended: (said: number) => void = () => {};

  async measure(effort: Effort, bus: NeuronBus, from: number, agent: number): Promise<number> {
    const meter = new RateMeter(effort);
    this.#meter = meter;
    this.#enough = (handle) => handle.fireTo(agent, 'enough');
    const end = new Promise<number>((resolve) => {
      this.#ended = resolve;
    });
    bus.fire(from, { target: agent, payload: 'flood' });
    const said = await end;
    expectEqual('spikes received', this.#received, said);
    expectEqual('checksum', this.#sum, sumOfFirst(said));
    return meter.meanMegaPerSecond;
  }

  onSpike(spike: Spike, handle: NeuronHandle): void {
    if (spike.length > 0) {
      this.#ended(Number(spike.text()));
    } else {
      this.#received++;
      this.#sum = (this.#sum + spike.sequence) | 0;
      if (!this.#meter?.done(this.#received)) return;
      this.#meter = undefined;
      this.#enough(handle);
    }
  }
}

async function overBus(effort: Effort, language: Language): Promise<Sample> {
  const bus = NeuronBus.create({ name: `bench-${process.pid}`, maxNeurons: 64 });
  const [target, asker] = [new Target(), new Asker(0)];
  const card = { capabilities: ['here'] };
  const ids = [
    bus.register(target, { ...card, name: 'target' }),
    bus.register(asker, { ...card, name: 'asker' }),
  ];
  bus.start();
  const child = startAgent(language, bus.options.name);
  await once(child.stdout, 'data');
  const [{ id }] = bus.discover('foreign');
  for (const from of ids) bus.connect(from, id).weight(0.8).build();
  const rate = await target.measure(effort, bus, ids[0], id);
  const trips = await asker.ask(effort, bus, ids[1], id);
  const ended = once(child, 'exit');
  bus.fire(ids[0], { target: id, payload: 'stop' });
  await ended;
  expectReconciled(bus.stats());
  bus.close();
  return { rate, ...trips };
}

/** Gives `take` whole records of what comes, until it returns true. */
function eachChunk(child: Child, take: (records: Buffer) => boolean): Promise<void> {
  return new Promise((resolve) => {
    let rest: Buffer = Buffer.alloc(0);
    const listen = (chunk: Buffer): void => {
      const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
      const whole = bytes.length - (bytes.length % recordBytes);
      rest = bytes.subarray(whole);
      if (whole === 0 || !take(bytes.subarray(0, whole))) return;
      child.stdout.off('data', listen);
      resolve();
    };
    child.stdout.on('data', listen);
  });
}

async function overPipe(effort: Effort, language: Language): Promise<Sample> {
  const child = startAgent(language, '--pipe');
  const say = (order: string): void => void child.stdin.write(order.padEnd(recordBytes, '\0'));
  const meter = new RateMeter(effort);
  let received = 0;
  let measuring = true;
  say('f');
  await eachChunk(child, (records) => {
    for (let at = 0; at < records.length; at += recordBytes) {
      if (records[at + payloadAt] === 0) received++;
      else {
        expectEqual(
          'records received',
          received,
          Number.parseInt(records.toString('latin1', at + payloadAt), 10),
        );
        return true;
      }
    }
    if (measuring && meter.done(received)) {
      measuring = false;
      say('x');
    }
    return false;
  });
  const trips = new RoundTrips(effort);
  let begin = performance.now();
  say('e');
  await eachChunk(child, () => {
    if (!trips.add(begin, performance.now())) return true;
    begin = performance.now();
    say('e');
    return false;
  });
  const ended = once(child, 'exit');
  say('s');
  await ended;
  return { rate: meter.meanMegaPerSecond, ...trips.sample };
}

function unavailable(language: Language): string | undefined {
  if (process.platform !== 'linux') return 'not measured: named buses are for Linux';
  const python = (): string | undefined =>
    spawnSync('python3', ['--version']).status === 0 ? libraryUnavailable() : 'python3 is not installed';
  const reason = language === 'C' ? agentInCUnavailable() : python();
  return reason === undefined ? undefined : `not measured: ${reason}`;
}

/** Two things are measured in one process, each after half a warm-up. */
const half = (effort: Effort): Effort => ({ ...effort, warmupMs: effort.warmupMs / 2 });

const variants = (['C', 'Python'] as const).flatMap((language): Variant[] => [
  {
    name: `${language}, on the bus`,
    role: 'neuronbus',
    run: (effort) => overBus(half(effort), language),
    unavailable: () => unavailable(language),
  },
  {
    name: `${language}, over a pipe`,
    role: 'peer',
    against: `${language}, on the bus`,
    run: (effort) => overPipe(half(effort), language),
    unavailable: () => unavailable(language),
  },
]);

export const scenario: Scenario = {
  name: 'foreign_agents',
  title: 'Agents in C and Python',
  note:
    'Rate: spikes from there to onSpike here, the mean, as they come in bursts. p50, p99: a question from here, answered there. Over a pipe: records of 64 bytes, ' +
    'nothing looked up or learned; up to 64 in one write, one by one in the round trip.',
  metrics: [
    { name: 'rate', unit: 'M/s', better: 'higher' },
    { name: 'p50', unit: 'µs', better: 'lower' },
    { name: 'p99', unit: 'µs', better: 'lower' },
  ],
  variants,
};
