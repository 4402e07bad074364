// SPDX-License-Identifier: MIT
//
// Scenario: writing a colony's topology and weights to disk, and reading them back.
//
// One file in the system's temporary folder, removed afterwards. Main thread of the measuring process.

import { mkdtemp, open, readFile, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Neuron, NeuronBus } from 'neuronbus';
import { expectEqual, median, nowNs } from './harness/measure.js';
import type { Effort, Sample, Scenario } from './harness/types.js';

const neuronCount = 1000;
const fanOut = 10;
const synapseCount = neuronCount * fanOut;

class Idle extends Neuron {
  onSpike(): void {}
}

function newBus(): NeuronBus {
  const bus = NeuronBus.create({ maxNeurons: neuronCount, maxSynapses: synapseCount });
  for (let i = 0; i < neuronCount; i++)
    bus.register(new Idle(), { name: `agent ${i}`, capabilities: ['work'] });
  return bus;
}

function connect(bus: NeuronBus): void {
  const ids = bus.neurons().map((card) => card.id as number);
  for (let i = 0; i < synapseCount; i++) {
    const from = Math.floor(i / fanOut);
    bus
      .connect(ids[from], ids[(from + 1 + (i % fanOut)) % neuronCount])
      .weight(0.5)
      .build();
  }
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const begin = nowNs();
  await work();
  return (nowNs() - begin) / 1e6;
}

async function inFolder(
  effort: Effort,
  round: (path: string) => Promise<{ save: number; load: number }>,
): Promise<Sample> {
  const folder = await mkdtemp(join(tmpdir(), 'neuronbus-bench-'));
  try {
    const rounds: { save: number; load: number }[] = [];
    for (let i = 0; i < (effort.quick ? 3 : 7); i++) rounds.push(await round(join(folder, `state-${i}`)));
    return { save: median(rounds.map((r) => r.save)), load: median(rounds.map((r) => r.load)) };
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function ours(effort: Effort): Promise<Sample> {
  const source = newBus();
  connect(source);
  return inFolder(effort, async (path) => {
    const save = await timed(() => source.save(path));
    const copy = newBus();
    const load = await timed(() => copy.load(path));
    expectEqual('synapses loaded', copy.synapses().length, synapseCount);
    copy.close();
    return { save, load };
  });
}

/** The same facts as JSON, written with the same care: temporary file, fsync, rename. */
async function json(effort: Effort): Promise<Sample> {
  const cards = Array.from({ length: neuronCount }, (_, id) => ({
    id,
    name: `agent ${id}`,
    capabilities: ['work'],
  }));
  const links = Array.from({ length: synapseCount }, (_, i) => ({
    pre: Math.floor(i / fanOut),
    post: (Math.floor(i / fanOut) + 1 + (i % fanOut)) % neuronCount,
    weight: 0.5,
  }));
  return inFolder(effort, async (path) => {
    const save = await timed(async () => {
      const file = await open(`${path}.new`, 'w');
      await file.writeFile(JSON.stringify({ cards, links }));
      await file.sync();
      await file.close();
      await rename(`${path}.new`, path);
    });
    const load = await timed(async () => {
      const state = JSON.parse(await readFile(path, 'utf8')) as { links: { weight: number }[] };
      expectEqual('links loaded', state.links.length, synapseCount);
    });
    return { save, load };
  });
}

export const scenario: Scenario = {
  name: 'save_load',
  title: 'Saving and loading',
  note: `${neuronCount.toLocaleString('en')} neurons and ${synapseCount.toLocaleString('en')} synapses, one file; the disk decides much of it.`,
  metrics: [
    { name: 'save', unit: 'ms', better: 'lower' },
    { name: 'load', unit: 'ms', better: 'lower' },
  ],
  repetitions: 3,
  variants: [
    { name: 'bus.save, bus.load', role: 'neuronbus', run: ours },
    { name: 'JSON', role: 'peer', against: 'bus.save, bus.load', run: json },
  ],
};
