// The exchange rule in random conversations, against an oracle written from its documentation.
import type { Spike } from 'neuronbus';
import { describe, expect, it } from 'vitest';
import { add, makeBus, randomFrom } from '../bus/support.js';
import { reply } from './exchange_lab.js';
import { EXCHANGE_DEFAULTS, ExchangeOracle, type ExchangeRule } from './exchange_oracle.js';

describe('random conversations', () => {
  it.each([
    ['default parameters', false],
    ['random parameters', true],
  ])('with %s follow the documentation to 1e-5', (_, varied) => {
    for (let seed = 1; seed <= 40; seed++) {
      const random = randomFrom(seed * 31337);
      const rule = varied ? randomRule(random) : EXCHANGE_DEFAULTS;
      const bus = makeBus({ plasticity: { pruneGraceMs: 1e12 }, axonCapacity: 128 });
      bus.clock.advance(1);
      const unanswered: Spike[] = [];
      const target = add(bus, (spike, handle) => {
        if (spike.text() === 'answer this') reply(spike, handle);
        else unanswered.push(spike.clone());
      });
      const initial = rule.min + random() * (rule.max - rule.min);
      const askers = Array.from({ length: 3 }, () => {
        const { id } = add(bus);
        const synapse = bus.connect(id, target.id).weight(initial).stdp(rule).build();
        return { id, synapse, oracle: new ExchangeOracle(rule, initial) };
      });
      for (let step = 0; step < 300; step++) {
        if (random() < 0.7) bus.clock.advance(Math.round(random() ** 3 * 60e6) / 1e6);
        const choice = random();
        if (choice < 0.35 && unanswered.length > 0) {
          const [spike] = unanswered.splice(Math.floor(random() * unanswered.length), 1);
          reply(spike!, target.handle);
          askers
            .find(({ id }) => id === spike!.source)!
            .oracle.lateAnswer(bus.clock.now() - spike!.timestamp);
        } else {
          const { id, oracle } = askers[Math.floor(random() * 3)]!;
          const wait = random() < 0.3 ? Math.round(random() * 20e6) / 1e6 : 0;
          const answered = choice < 0.55;
          for (let i = random() < 0.7 ? 1 : 1 + Math.floor(random() * 20); i > 0; i--) {
            bus.fire(id, { target: target.id, payload: answered ? 'answer this' : 'be quiet' });
            if (answered) oracle.answered(wait * 1e6);
            else oracle.unanswered();
          }
          bus.clock.advance(wait);
        }
        bus.tick();
        for (const { synapse, oracle } of askers) {
          const error = Math.abs(synapse.weight - oracle.weight) / Math.max(oracle.weight, 1e-3);
          expect({ seed, step, good: error <= 1e-5 }).toEqual({ seed, step, good: true });
        }
      }
      bus.close();
    }
  });
});

function randomRule(random: () => number): ExchangeRule {
  return {
    aPlus: random() * 0.5,
    aMinus: random() * 0.5,
    tauPlusMs: 1 + random() * 50,
    min: random() * 0.2,
    max: 0.5 + random() * 3,
    answerWithinMs: 1 + random() * 100,
  };
}
