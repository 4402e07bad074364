// Folders and snapshot files for the tests of save() and load(). Not a test itself.
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { NeuronBus } from 'neuronbus';
import { onTestFinished } from 'vitest';
import { add, makeBus, randomFrom } from './support.js';

/** A folder of its own, removed when the test ends. */
export function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'neuronbus-'));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

/** Everything that a snapshot keeps of the synapses, by the names of the neurons. */
export function synapsesOf(bus: NeuronBus) {
  return bus
    .synapses()
    .map(({ pre, post, weight, rule }) => ({
      pre: bus.card(pre)!.name,
      post: bus.card(post)!.name,
      weight,
      rule,
    }))
    .sort((a, b) => `${a.pre} ${a.post}`.localeCompare(`${b.pre} ${b.post}`));
}

/** A bus with the neurons `names` and no synapses. */
export function busOf(...names: string[]): NeuronBus {
  const bus = makeBus();
  for (const name of names) add(bus, undefined, { name });
  return bus;
}

export function idOf(bus: NeuronBus, name: string): number {
  return bus.neurons().find((card) => card.name === name)!.id;
}

interface Snapshot {
  format: string;
  version: number;
  checksum: string;
  body: { name: string; neurons: Record<string, unknown>[]; synapses: Record<string, unknown>[] };
}

/** Writes a changed copy of a snapshot with a checksum that fits. */
export function forge(from: string, to: string, change: (body: Snapshot['body']) => void): void {
  const snapshot = JSON.parse(readFileSync(from, 'utf8')) as Snapshot;
  change(snapshot.body);
  snapshot.checksum = createHash('sha256').update(JSON.stringify(snapshot.body)).digest('hex');
  writeFileSync(to, JSON.stringify(snapshot));
}

/** Of the neurons of taught(). */
export const names = Array.from({ length: 10 }, (_, i) => `n${i}`);

/** Ten neurons, all pairs of some connected, weights with all their bits in use. */
export function taught(seed = 1): NeuronBus {
  const random = randomFrom(seed);
  const bus = busOf(...Array.from({ length: 10 }, (_, i) => `n${i}`));
  const rules = ['exchange', 'pair', 'pair-nearest', 'static'] as const;
  for (let pre = 0; pre < 10; pre++) {
    for (let post = 0; post < 10; post++) {
      if (pre === post || random() < 0.5) continue;
      bus
        .connect(pre, post)
        .weight(0.1 + random() * 0.7)
        .stdp({ rule: rules[Math.floor(random() * 4)]!, tauPlusMs: 10 + Math.floor(random() * 3) })
        .build();
    }
  }
  for (let i = 0; i < 500; i++) {
    bus.fire(Math.floor(random() * 10), { target: Math.floor(random() * 10) });
    bus.clock.advance(random() * 3);
    if (i % 3 === 0) bus.tick();
  }
  bus.tick();
  return bus;
}
