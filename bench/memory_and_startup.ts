// SPDX-License-Identifier: MIT
//
// Scenario: what a bus costs before it does anything, and what each idle neuron and each synapse adds.
//
// Measured from outside, by what the operating system says about the process, after two full collections before and
// behind; the young generation is kept at its smallest so that its resizing does not count. Linux only.

import { EventEmitter } from 'node:events';
import { readFileSync } from 'node:fs';
import type { Neuron, NeuronBus } from 'neuronbus';
import { nowNs } from './harness/measure.js';
import { costOfEach, residentBytes } from './harness/resident.js';
import type { Sample, Scenario } from './harness/types.js';

const neuronCount = 20_000;
const synapseCount = 200_000;
/** Synapses of one neuron; a colony is sparse. */
const fanOut = 20;

/** Bytes of address space, touched or not. */
function reservedBytes(): number {
  return Number(readFileSync('/proc/self/statm', 'utf8').split(' ')[0]) * 4096;
}

async function start(): Promise<Sample> {
  const beforeImport = nowNs();
  const { NeuronBus } = await import('neuronbus');
  const load = (nowNs() - beforeImport) / 1e6;
  const before = residentBytes();
  const begin = nowNs();
  const bus = NeuronBus.create({});
  const startTime = (nowNs() - begin) / 1e6;
  const touched = (residentBytes() - before) / 1e6;
  bus.close();
  return { load, start: startTime, touched };
}

async function colony(maxSynapses: number): Promise<{ bus: NeuronBus; idle: () => Neuron }> {
  const neuronbus = await import('neuronbus');
  class Idle extends neuronbus.Neuron {
    onSpike(): void {}
  }
  const bus = neuronbus.NeuronBus.create({ maxNeurons: neuronCount + 1, maxSynapses });
  // The first of its kind pays for hidden classes and lazily compiled code.
  bus.register(new Idle(), card(neuronCount));
  return { bus, idle: () => new Idle() };
}

function card(index: number): { name: string; capabilities: string[]; regions: string[] } {
  return { name: `agent ${index}`, capabilities: ['work'], regions: ['app/workers'] };
}

async function neurons(): Promise<Sample> {
  const { bus, idle } = await colony(16);
  return costOfEach(neuronCount, bus, (index) => bus.register(idle(), card(index)));
}

function emitters(): Sample {
  class Agent {
    readonly emitter = new EventEmitter().on('spike', () => this.card);
    constructor(readonly card: object) {}
  }
  const agents: Agent[] = [];
  return costOfEach(neuronCount, agents, (index) => agents.push(new Agent({ id: index, ...card(index) })));
}

async function synapses(): Promise<Sample> {
  const { bus, idle } = await colony(synapseCount);
  const ids = Array.from({ length: neuronCount }, (_, index) => bus.register(idle(), card(index)));
  return costOfEach(synapseCount, bus, (index) => {
    const from = Math.floor(index / fanOut);
    bus
      .connect(ids[from], ids[(from + 1 + (index % fanOut) * 7) % neuronCount])
      .weight(0.5)
      .build();
  });
}

/** From the layout: what the address space grows by when a bus of one thread may have more synapses. */
async function synapseColumns(): Promise<Sample> {
  const { NeuronBus } = await import('neuronbus');
  const spaceFor = (maxSynapses: number): number => {
    const before = reservedBytes();
    const bus = NeuronBus.create({ maxSynapses, maxGanglia: 1 });
    const grown = reservedBytes() - before;
    bus.close();
    return grown;
  };
  spaceFor(1 << 16);
  return { each: (spaceFor(1 << 22) - spaceFor(1 << 20)) / ((1 << 22) - (1 << 20)) };
}

function mapOfMaps(): Sample {
  const links = new Map<number, Map<number, { weight: number; last: number }>>();
  return costOfEach(synapseCount, links, (index) => {
    const from = Math.floor(index / fanOut);
    const to = (from + 1 + (index % fanOut) * 7) % neuronCount;
    const row = links.get(from) ?? new Map<number, { weight: number; last: number }>();
    links.set(from, row.set(to, { weight: 0.5, last: 0.5 }));
  });
}

export const scenario: Scenario = {
  name: 'memory_and_startup',
  title: 'Memory and start',
  note:
    `A bus with default sizes; ${neuronCount.toLocaleString('en')} idle neurons with a card, a capability and a region; ` +
    `${synapseCount.toLocaleString('en')} synapses. "Resident" is what the process grew by, JavaScript objects included; "layout" is ` +
    'what one more synapse adds to the segment.',
  nodeFlags: ['--expose-gc', '--max-semi-space-size=1'],
  metrics: [
    { name: 'load', unit: 'ms', better: 'lower' },
    { name: 'start', unit: 'ms', better: 'lower' },
    { name: 'touched', unit: 'MB', better: 'lower' },
    { name: 'each', unit: 'B', better: 'lower' },
  ],
  prepare: () => (process.platform === 'linux' ? undefined : 'reads /proc, which only Linux has'),
  variants: [
    { name: 'bus, default sizes', role: 'neuronbus', run: start },
    { name: 'idle neuron, resident', role: 'neuronbus', run: neurons },
    { name: 'object with an EventEmitter', role: 'peer', against: 'idle neuron, resident', run: emitters },
    { name: 'synapse, resident', role: 'neuronbus', run: synapses },
    { name: 'synapse, layout', role: 'neuronbus', run: synapseColumns },
    { name: 'link in a map of maps', role: 'peer', against: 'synapse, resident', run: mapOfMaps },
  ],
};
