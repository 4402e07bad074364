// Taps tell messages from spikes, which nobody can fire as messages.
import { SpikeType } from 'neuronbus';
import { expect, it } from 'vitest';
import { addAgent, settle } from './messages/support.js';
import { add, codeOf, makeBus } from './support.js';

it('a tap shows messages alone, or spikes alone', async () => {
  const bus = makeBus();
  const seen: Record<string, number[]> = { messages: [], excitatory: [], all: [] };
  const taps = [
    bus.tap({ type: SpikeType.Message }, ({ type }) => seen.messages.push(type)),
    bus.tap({ type: SpikeType.Excitatory }, ({ type }) => seen.excitatory.push(type)),
    bus.tap({}, ({ type }) => seen.all.push(type)),
  ];
  const asker = addAgent(bus);
  const other = addAgent(bus);
  const probe = add(bus);
  bus.fire(probe.id, { target: probe.id });
  asker.send(other.id, 'note');
  const asked = asker.handle.request(other.id, 'question');
  await settle(bus);
  await asked;
  for (const tap of taps) tap.poll();
  expect(seen).toEqual({ messages: [3, 3, 3], excitatory: [0], all: [0, 3, 3, 3] });
});

it('nobody fires a message, nor filters a synapse by it, and by default a synapse takes every type', () => {
  const bus = makeBus();
  const [a, b] = [add(bus), add(bus)];
  const type = SpikeType.Message;
  expect(codeOf(() => bus.fire(a.id, { target: b.id, type }))).toBe('ERR_NB_INVALID_ARGUMENT');
  const filtered = () => bus.connect(a.id, b.id).filter({ types: [type] });
  expect(codeOf(filtered)).toBe('ERR_NB_INVALID_ARGUMENT');
  bus.connect(a.id, b.id).filter({ minPriority: 0 }).build();
  for (const each of [SpikeType.Excitatory, SpikeType.Inhibitory, SpikeType.Modulatory])
    bus.fire(a.id, { type: each });
  bus.tick();
  expect(b.spikes).toHaveLength(3);
});
