// SPDX-License-Identifier: MIT
//
// Scenario: finding agents by capability and by region among a thousand, one call at a time, on one thread.

import { type AgentCard, Neuron, NeuronBus } from 'neuronbus';
import { nsPerOperation } from './harness/measure.js';
import type { Effort, Sample, Scenario } from './harness/types.js';

const agentCount = 1000;
const capabilityCount = 100;
const foundEach = agentCount / capabilityCount;
const capabilities = Array.from({ length: capabilityCount }, (_, i) => `skill ${i}`);
const regions = Array.from(
  { length: capabilityCount },
  (_, i) => `area ${i % 10}/room ${Math.floor(i / 10)}`,
);

class Idle extends Neuron {
  onSpike(): void {}
}

interface Card {
  readonly id: number;
  readonly name: string;
  readonly capabilities: readonly string[];
  readonly regions: readonly string[];
}

function cardOf(id: number): Card {
  const kind = id % capabilityCount;
  return { id, name: `agent ${id}`, capabilities: [capabilities[kind]], regions: [regions[kind]] };
}

/** Each look-up must find all ten agents, and their ids are summed. */
function lookUps(
  effort: Effort,
  keys: readonly string[],
  find: (key: string) => readonly { id?: number }[],
): Sample {
  let found = 0;
  let ids = 0;
  let asked = 0;
  const time = nsPerOperation(effort, 1, (operations) => {
    for (let i = 0; i < operations; i++) {
      const cards = find(keys[i % keys.length]);
      found += cards.length;
      ids += cards[0]?.id ?? 0;
    }
    asked += operations;
  });
  if (found !== asked * foundEach || ids === 0) throw new Error(`${asked} look-ups found ${found} agents`);
  return { time };
}

function newBus(): NeuronBus {
  const bus = NeuronBus.create({ maxNeurons: agentCount });
  for (let i = 0; i < agentCount; i++) {
    const { name, capabilities: can, regions: where } = cardOf(i);
    bus.register(new Idle(), { name, capabilities: [...can], regions: [...where] });
  }
  return bus;
}

function byCapability(effort: Effort): Sample {
  const bus = newBus();
  return lookUps(effort, capabilities, (key): AgentCard[] => bus.discover(key));
}

function byRegion(effort: Effort): Sample {
  const bus = newBus();
  return lookUps(effort, regions, (key): AgentCard[] => bus.discoverInRegion(key));
}

function filtering(effort: Effort): Sample {
  const cards = Array.from({ length: agentCount }, (_, id) => cardOf(id));
  return lookUps(effort, capabilities, (key) => cards.filter((card) => card.capabilities.includes(key)));
}

function indexed(effort: Effort): Sample {
  const index = new Map<string, Card[]>(capabilities.map((key) => [key, []]));
  for (let id = 0; id < agentCount; id++)
    for (const key of cardOf(id).capabilities) index.get(key)?.push(cardOf(id));
  return lookUps(effort, capabilities, (key) => [...(index.get(key) ?? [])]);
}

export const scenario: Scenario = {
  name: 'discovery',
  title: 'Discovery',
  note: `One look-up among ${agentCount} agents that finds ${foundEach}.`,
  metrics: [{ name: 'time', unit: 'ns', better: 'lower' }],
  variants: [
    { name: 'discover', role: 'neuronbus', run: byCapability },
    { name: 'discoverInRegion', role: 'neuronbus', run: byRegion },
    { name: 'array of cards, filter', role: 'peer', against: 'discover', run: filtering },
    { name: 'map of arrays, copied', role: 'limit', against: 'discover', run: indexed },
  ],
};
