// The plain pair rule, all-to-all and nearest, against a double loop over all pairs of spikes.
import { type NeuronBus, SpikeType, type Synapse } from 'neuronbus';
import { describe, expect, it } from 'vitest';
import { add, addTuned, makeBus, randomFrom } from '../bus/support.js';
import { type Event, type PairRule, weightAfter } from './pair_oracle.js';

const RULES = ['pair', 'pair-nearest'] as const;
const DEFAULTS = { aPlus: 0.01, aMinus: 0.012, tauPlusMs: 20, tauMinusMs: 20, min: 0.001, max: 1 };

/** Two neurons, pre → post, whose spikes are what the test says. */
class Lab {
  readonly bus: NeuronBus;
  readonly pre: number;
  readonly post: number;
  readonly synapse: Synapse;
  readonly events: Event[] = [];

  constructor(
    readonly rule: PairRule,
    readonly initial: number,
  ) {
    this.bus = makeBus({ axonCapacity: 1024 });
    this.pre = add(this.bus).id;
    this.post = addTuned(this.bus, { threshold: 1e6 }).id;
    this.synapse = this.bus.connect(this.pre, this.post).weight(initial).stdp(rule).build();
  }

  /** Spikes arrive from pre, at the same instant. */
  arrive(count = 1): void {
    for (let i = 0; i < count; i++) {
      this.bus.fire(this.pre, { target: this.post });
      this.events.push({ at: this.bus.clock.now(), side: 'pre' });
    }
    this.bus.tick();
  }

  /** Post emits. */
  emit(count = 1): void {
    for (let i = 0; i < count; i++) {
      this.bus.fire(this.post, { target: this.pre, type: SpikeType.Modulatory });
      this.events.push({ at: this.bus.clock.now(), side: 'post' });
    }
  }

  wait(ms: number): void {
    this.bus.clock.advance(ms);
  }

  check(): void {
    this.bus.tick();
    agree(this.synapse.weight, weightAfter(this.rule, this.initial, this.events));
  }
}

function agree(actual: number, expected: number): void {
  const error = Math.abs(actual - expected) / Math.max(expected, 1e-3);
  expect({ actual, expected, good: error <= 1e-5 }).toEqual({ actual, expected, good: true });
}

describe.each(RULES)('%s: one pair', (rule) => {
  const lab = () => new Lab({ rule, ...DEFAULTS }, 0.5);
  const at = (test: Lab) => {
    test.bus.tick();
    return test.synapse.weight;
  };

  it.each([0.001, 1, 5, 20, 100])('pre, %s ms, post strengthens by A+ exp(-dt / tau+)', (ms) => {
    const test = lab();
    test.arrive();
    test.wait(ms);
    test.emit();
    agree(at(test), 0.5 + 0.01 * Math.exp(-ms / 20));
  });

  it.each([0.001, 1, 5, 20, 100])('post, %s ms, pre weakens by A- exp(-dt / tau-)', (ms) => {
    const test = lab();
    test.emit();
    test.wait(ms);
    test.arrive();
    agree(at(test), 0.5 - 0.012 * Math.exp(-ms / 20));
  });

  it('at the same instant changes nothing, in either order', () => {
    for (const order of ['pre first', 'post first']) {
      const test = lab();
      test.wait(10);
      if (order === 'pre first') test.arrive();
      test.emit();
      if (order === 'post first') test.arrive();
      expect(at(test)).toBe(0.5);
    }
  });

  it('of spikes minutes apart changes nothing that can be seen', () => {
    const test = lab();
    test.arrive();
    test.wait(10 * 60_000);
    test.emit();
    test.wait(10 * 60_000);
    test.arrive();
    expect(at(test)).toBe(0.5);
  });

  it('one nanosecond apart is the whole amplitude', () => {
    const test = lab();
    test.arrive();
    test.wait(1e-6);
    test.emit();
    agree(at(test), 0.51);
  });
});

describe('what sets the two apart', () => {
  it('all-to-all pairs every two spikes, nearest the closest ones', () => {
    const [all, nearest] = RULES.map((rule) => {
      const test = new Lab({ rule, ...DEFAULTS }, 0.5);
      for (let i = 0; i < 3; i++) {
        test.arrive();
        test.wait(5);
      }
      test.emit();
      test.bus.tick();
      return test.synapse.weight;
    });
    agree(all!, 0.5 + 0.01 * (Math.exp(-5 / 20) + Math.exp(-10 / 20) + Math.exp(-15 / 20)));
    agree(nearest!, 0.5 + 0.01 * Math.exp(-5 / 20));
  });

  it('all-to-all counts each of several spikes at one instant, nearest one of them', () => {
    const [all, nearest] = RULES.map((rule) => {
      const test = new Lab({ rule, ...DEFAULTS }, 0.5);
      test.arrive(3);
      test.wait(5);
      test.emit(2);
      test.bus.tick();
      return test.synapse.weight;
    });
    agree(all!, 0.5 + 2 * 3 * 0.01 * Math.exp(-5 / 20));
    agree(nearest!, 0.5 + 2 * 0.01 * Math.exp(-5 / 20));
  });
});

/** Gaps between events, ms: none, nanoseconds, around tau, seconds, minutes. */
function gap(random: () => number, dense: boolean): number {
  const choice = random();
  if (choice < 0.2) return 0;
  if (choice < 0.3) return Math.ceil(random() * 100) / 1e6;
  if (choice < 0.9 || dense) return Math.ceil(random() * 20e6) / 1e6;
  return choice < 0.97 ? random() * 5000 : random() * 300_000;
}

describe.each(RULES)('%s: random trains', (rule) => {
  it.each([
    ['of the default parameters', false, false],
    ['dense', false, true],
    ['of random parameters', true, false],
    ['dense, of random parameters', true, true],
  ])('%s agree with the formula to 1e-5', (_, varied, dense) => {
    for (let seed = 1; seed <= 30; seed++) {
      const random = randomFrom(seed * 7919);
      const min = 0.001 + random() * 0.2;
      const parameters = varied
        ? {
            aPlus: random() * 0.3,
            aMinus: random() * 0.3,
            tauPlusMs: 1 + random() * 100,
            tauMinusMs: 1 + random() * 100,
            min,
            max: min + 0.1 + random() * 3,
          }
        : DEFAULTS;
      const initial = parameters.min + random() * (parameters.max - parameters.min);
      const test = new Lab({ rule, ...parameters }, initial);
      for (let i = 0; i < 250; i++) {
        test.wait(gap(random, dense));
        const count = random() < 0.8 ? 1 : 1 + Math.floor(random() * 5);
        if (random() < 0.5) test.arrive(count);
        else test.emit(count);
        if (random() < 0.04) test.check();
      }
      test.check();
      test.bus.close();
    }
  });

  it('hold at the bounds: a weight at its limit stays there and comes back from there', () => {
    for (const [aPlus, aMinus] of [
      [0.9, 0],
      [0, 0.9],
      [0.9, 0.9],
    ] as const) {
      const test = new Lab({ rule, ...DEFAULTS, aPlus, aMinus }, 0.5);
      const random = randomFrom(5);
      for (let i = 0; i < 300; i++) {
        test.wait(gap(random, true));
        if (random() < 0.5) test.arrive();
        else test.emit();
        test.bus.tick();
        const { weight } = test.synapse;
        expect(weight >= 0.001 && weight <= 1).toBe(true);
      }
      test.check();
      if (aMinus === 0) expect(test.synapse.weight).toBe(1);
      if (aPlus === 0) expect(test.synapse.weight).toBe(0.001);
    }
  });

  it('in bursts of 200 at one instant are counted one by one', () => {
    const test = new Lab({ rule, ...DEFAULTS, aPlus: 0.0001, aMinus: 0.00012 }, 0.5);
    for (let i = 0; i < 10; i++) {
      test.arrive(200);
      test.wait(3);
      test.emit(150);
      test.wait(2);
      test.check();
    }
  });
});
