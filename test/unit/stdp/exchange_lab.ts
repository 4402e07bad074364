// Two neurons with an exchange synapse, and what one step of the rule does to a weight. Not a test itself.
import { type NeuronHandle, type Spike, SpikeType } from 'neuronbus';
import { add, makeBus } from '../bus/support.js';
import type { ExchangeRule } from './exchange_oracle.js';

export const reply = (spike: Spike, handle: NeuronHandle) =>
  void handle.reply(spike, 'yes', { type: SpikeType.Modulatory });

export function pair(
  react: (spike: Spike, handle: NeuronHandle) => void = () => {},
  rule: Partial<ExchangeRule> = {},
) {
  const bus = makeBus({ plasticity: { pruneGraceMs: 1e12 } });
  const asker = add(bus);
  const target = add(bus, react);
  const synapse = bus.connect(asker.id, target.id).weight(0.5).stdp(rule).build();
  const ask = (count = 1) => {
    for (let i = 0; i < count; i++) bus.fire(asker.id, { target: target.id });
    bus.tick();
  };
  const weight = () => {
    bus.stats();
    return synapse.weight;
  };
  const answer = () => bus.fire(target.id, { target: asker.id, type: SpikeType.Modulatory });
  return { bus, asker, target, synapse, ask, answer, weight };
}

/** After an answer, `ms` late; after silence; with the last silence taken back. */
export const UP = (w: number, ms = 0) => w + 0.01 * Math.exp(-ms / 20) * (1 - w);
export const DOWN = (w: number) => 0.001 + (w - 0.001) * 0.988;
export const BACK = (w: number) => 0.001 + (w - 0.001) / 0.988;
