// The strategies with a rule of their own, and how they are made by name.
import { describe, expect, it } from 'vitest';
import { EnergyEfficientStrategy } from '../../../lib/routing/energy.js';
import { ShortestPathStrategy } from '../../../lib/routing/rules.js';
import { createStrategy, type StrategyName } from '../../../lib/routing/strategies.js';
import { Candidates, Outcome } from '../../../lib/routing/strategy.js';
import { exchange, loaded, ms, tally, teach } from './support.js';

const second = 1e9;

describe('createStrategy', () => {
  it.each(['learned', 'shortest-path', 'load-balanced', 'energy-efficient', 'round-robin'] as const)(
    'makes %s',
    (name) => {
      expect(createStrategy(name).name).toBe(name);
    },
  );

  it('makes learned when nothing is said', () => {
    expect(createStrategy().name).toBe('learned');
  });

  it('refuses other names, listing those there are', () => {
    expect(() => createStrategy('fastest' as StrategyName)).toThrow(
      expect.objectContaining({
        code: 'ERR_NB_INVALID_ARGUMENT',
        message: expect.stringContaining('round-robin'),
      }),
    );
  });
});

describe.each(['shortest-path', 'load-balanced', 'energy-efficient'] as const)('%s', (name) => {
  it('leaves out an agent that fails, tries it again, and takes it back', () => {
    const strategy = createStrategy(name, { seed: 1 });
    const candidates = loaded([0, 9]);
    let now = teach(strategy, [10 * ms, 20 * ms], 20);
    for (let i = 0; i < 3; i++) now = exchange(strategy, 0, now, ms, Outcome.failed);
    expect(tally(strategy, candidates, 10, now)).toEqual([0, 10]);
    expect(tally(strategy, candidates, 10, now + 100 * second)).toEqual([1, 9]);
    now = exchange(strategy, 0, now + 100 * second, 10 * ms);
    expect(tally(strategy, candidates, 10, now)[0]).toBeGreaterThan(0);
  });
});

describe.each(['learned', 'shortest-path', 'load-balanced', 'energy-efficient', 'round-robin'] as const)(
  '%s, as all',
  (name) => {
    it('has an answer for every set of tried candidates but all', () => {
      const strategy = createStrategy(name);
      const candidates = loaded([3, 1, 2]);
      for (let tried = 0; tried < 8; tried++) {
        const positions = [0, 1, 2].filter((position) => tried & (1 << position));
        const chosen = strategy.choose(candidates, 0, positions);
        if (tried === 7) expect(chosen).toBe(-1);
        else expect([0, 1, 2].filter((position) => !positions.includes(position))).toContain(chosen);
      }
      expect(strategy.choose(new Candidates([]), 0)).toBe(-1);
    });
  },
);

describe('round-robin', () => {
  it('asks one after the other', () => {
    const strategy = createStrategy('round-robin');
    const candidates = loaded([9, 0, 0]);
    const chosen = Array.from({ length: 7 }, () => strategy.choose(candidates, 0));
    expect(chosen).toEqual([0, 1, 2, 0, 1, 2, 0]);
  });

  it('goes on when candidates leave', () => {
    const strategy = createStrategy('round-robin');
    for (let i = 0; i < 3; i++) strategy.choose(loaded([0, 0, 0, 0]), 0);
    expect(strategy.choose(loaded([0, 0]), 0)).toBe(0);
  });
});

describe('load-balanced', () => {
  it('asks where the least waits, equals in turns, whatever was learned', () => {
    const strategy = createStrategy('load-balanced');
    const now = teach(strategy, [ms, 90 * ms, 90 * ms], 20);
    expect(tally(strategy, loaded([1, 0, 0]), 30, now)).toEqual([0, 15, 15]);
  });
});

describe('shortest-path', () => {
  it('asks strangers first, and then who answers soonest, whatever waits there', () => {
    const strategy = new ShortestPathStrategy();
    const candidates = loaded([0, 7, 0]);
    expect(strategy.choose(candidates, 0)).toBe(0);
    let now = exchange(strategy, 0, 0, 30 * ms);
    expect(strategy.choose(candidates, now)).toBe(1);
    now = teach(strategy, [30 * ms, 10 * ms, 20 * ms], 20, now);
    expect(tally(strategy, candidates, 20, now)).toEqual([0, 20, 0]);
  });

  it('counts the mean answer time divided by the weight as distance', () => {
    const strategy = new ShortestPathStrategy();
    teach(strategy, [30 * ms, 10 * ms], 3);
    const candidates = loaded([0, 0]);
    for (const [position, answerTime] of [30 * ms, 10 * ms].entries()) {
      expect(strategy.distanceNs(candidates, position)).toBeCloseTo(
        answerTime / strategy.weight(candidates, position),
        3,
      );
    }
  });
});

describe('energy-efficient', () => {
  it('asks the cheapest agent that is not too slow', () => {
    const strategy = new EnergyEfficientStrategy({ patience: 4 });
    const now = teach(strategy, [10 * ms, 30 * ms, 90 * ms], 50);
    expect(strategy.choose(loaded([0, 0, 0], [5, 2, 1]), now)).toBe(1);
    expect(strategy.choose(loaded([0, 9, 0], [5, 2, 1]), now)).toBe(0);
  });

  it('asks the quickest of equally cheap ones', () => {
    const strategy = new EnergyEfficientStrategy();
    const now = teach(strategy, [20 * ms, 10 * ms, 30 * ms], 50);
    expect(strategy.choose(loaded([0, 0, 0], [1, 1, 1]), now)).toBe(1);
  });

  it('spends no more in any time than its budget for it, and one second more', () => {
    const strategy = new EnergyEfficientStrategy({ budgetPerSecond: 100 });
    const costs = [7, 3, 5];
    const candidates = loaded([0, 0, 0], costs);
    let spent = 0;
    for (let i = 0; i < 5000; i++) {
      const now = i * ms;
      const position = strategy.choose(candidates, now);
      if (position >= 0) spent += costs[position]!;
      expect(spent).toBeLessThanOrEqual(100 + (now / second) * 100 + 1e-6);
    }
    expect(spent).toBeGreaterThan(500);
  });

  it('falls back to a cheaper agent, then refuses, and says when it can again', () => {
    const strategy = new EnergyEfficientStrategy({ budgetPerSecond: 10 });
    // The cheap one is far too slow to be chosen for its price.
    const now = teach(strategy, [1 * ms, 500 * ms], 50);
    const candidates = loaded([0, 0], [7, 2]);
    expect([1, 2, 3].map(() => strategy.choose(candidates, now))).toEqual([0, 1, -1]);
    expect(strategy.readyAtNs).toBeCloseTo(now + 0.1 * second, -1);
    expect(strategy.choose(candidates, strategy.readyAtNs - 1 * ms)).toBe(-1);
    expect(strategy.choose(candidates, now + 0.1 * second)).toBe(1);
  });

  it.each([[{ budgetPerSecond: 0 }], [{ budgetPerSecond: Number.NaN }], [{ patience: 0.5 }]])(
    'refuses %j',
    (options) => {
      expect(() => new EnergyEfficientStrategy(options)).toThrow(
        expect.objectContaining({ code: 'ERR_NB_INVALID_ARGUMENT' }),
      );
    },
  );
});

describe('a function as strategy', () => {
  it('is given candidates and what was learned of them, and is obeyed', () => {
    const slowest = createStrategy(function slowest(candidates, knowledge) {
      const delays = Array.from(candidates.ids, (_, position) => knowledge.delayNs(candidates, position));
      return delays.indexOf(Math.max(...delays));
    });
    const now = teach(slowest, [10 * ms, 30 * ms, 20 * ms], 20);
    expect(slowest.name).toBe('slowest');
    expect(slowest.choose(loaded([0, 0, 0]), now)).toBe(1);
  });

  it('is not asked for backups of what it chose already', () => {
    const first = createStrategy(() => 0);
    expect(first.choose(loaded([0, 3, 1]), 0, [0])).toBe(2);
  });

  it('may choose nobody', () => {
    expect(createStrategy(() => -1).choose(loaded([0]), 0)).toBe(-1);
  });

  it.each([1, -2, 0.5, Number.NaN])('that returns %d of one candidate is refused', (position) => {
    expect(() => createStrategy(() => position).choose(loaded([0]), 0)).toThrow(
      expect.objectContaining({ code: 'ERR_NB_INVALID_ARGUMENT' }),
    );
  });
});
