// The learned strategy: what it chooses, and what moves it.
import { describe, expect, it } from 'vitest';
import { LearnedStrategy } from '../../../lib/routing/learned.js';
import { Paces } from '../../../lib/routing/pace.js';
import { plasticityDefaults, potentiated } from '../../../lib/routing/plasticity.js';
import { Candidates, Outcome } from '../../../lib/routing/strategy.js';
import { randomFrom } from '../bus/support.js';
import { exchange, loaded, ms, tally, teach } from './support.js';

const second = 1e9;

/** Without exploration, so that every choice is the rule's. */
function strict(options: object = {}): LearnedStrategy {
  return new LearnedStrategy({ seed: 1, exploration: 0, ...options });
}

/** When candidate 0 is chosen, asking every 10 ms for at most two minutes. */
function firstChoiceOf0(strategy: LearnedStrategy, candidates: Candidates, fromNs: number): number {
  for (let now = fromNs; now < fromNs + 120 * second; now += 10 * ms) {
    if (strategy.choose(candidates, now) === 0) return now;
  }
  throw new Error('candidate 0 is never chosen');
}

describe('the learned choice', () => {
  it('is the least (load + 1) · pace / weight, for any loads', () => {
    const random = randomFrom(3);
    for (let round = 0; round < 200; round++) {
      const count = 1 + Math.floor(random() * 40);
      const strategy = strict({ seed: round });
      const candidates = loaded(Array.from({ length: count }, () => Math.floor(random() * 6)));
      const latencies = Array.from({ length: count }, () => (1 + random() * 20) * ms);
      const now = teach(strategy, latencies, 1 + Math.floor(random() * 6));
      const cost = (position: number) =>
        strategy.delayNs(candidates, position) / strategy.weight(candidates, position);
      const costs = latencies.map((_, position) => cost(position));
      expect(costs[strategy.choose(candidates, now)]).toBeCloseTo(Math.min(...costs), 3);
    }
  });

  it('knows the delay as (load + 1) · pace', () => {
    const paces = new Paces();
    const strategy = strict({ paces });
    teach(strategy, [10 * ms, 30 * ms], 20);
    expect(strategy.delayNs(loaded([3, 0]), 0)).toBeCloseTo(4 * paces.expectedOf(0), 6);
    expect(strategy.delayNs(loaded([3, 2]), 1)).toBeCloseTo(3 * paces.expectedOf(1), 6);
  });

  it('spreads evenly over equals', () => {
    const counts = tally(strict(), loaded([0, 0, 0, 0]), 4000, 0);
    for (const count of counts) expect(count).toBeGreaterThan(800);
  });

  it('follows loads that change in place', () => {
    const strategy = strict();
    const candidates = loaded([0, 5, 5]);
    expect(strategy.choose(candidates, 0)).toBe(0);
    candidates.loads!.set([5, 5, 0]);
    expect(strategy.choose(candidates, 0)).toBe(2);
  });

  it('takes a negative load, which nobody should write, for none', () => {
    expect(strict().load(loaded([-5, 0]), 0)).toBe(0);
  });

  it('counts what its requester has in flight where loads are not known', () => {
    const strategy = strict();
    const candidates = new Candidates([10, 20, 30]);
    const chosen = new Set<number>();
    for (let i = 0; i < 3; i++) {
      const position = strategy.choose(candidates, 0);
      chosen.add(position);
      expect(strategy.started(candidates.ids[position]!, 0)).toBe(0);
    }
    expect([...chosen].sort()).toEqual([0, 1, 2]);
    const position = strategy.choose(candidates, 0);
    expect(strategy.started(candidates.ids[position]!, 0)).toBe(1);
  });

  it('says which load a request met', () => {
    const strategy = strict();
    const candidates = loaded([4, 4, 2]);
    const position = strategy.choose(candidates, 0);
    expect(position).toBe(2);
    expect(strategy.started(2, 0)).toBe(2);
    expect(strategy.started(2, 0)).toBe(1);
  });

  it('asks a stranger before the agents it knows, when nothing waits there', () => {
    const strategy = strict();
    const now = teach(strategy, [10 * ms, 10 * ms], 1);
    expect(strategy.choose(loaded([0, 0, 0]), now)).toBe(2);
  });

  it('leaves out what was tried, and says so when nothing is left', () => {
    const strategy = strict();
    const candidates = loaded([0, 1, 2]);
    expect(strategy.choose(candidates, 0, [0])).toBe(1);
    expect(strategy.choose(candidates, 0, [0, 1])).toBe(2);
    expect(strategy.choose(candidates, 0, [0, 1, 2])).toBe(-1);
    expect(strategy.choose(new Candidates([]), 0)).toBe(-1);
  });

  it('of a thousand is among the best few, and the best when it was so lately', () => {
    const loads = Array.from({ length: 1000 }, (_, i) => (i * 7919) % 1000);
    const strategy = strict();
    const candidates = loaded(loads);
    const chosen = Array.from({ length: 500 }, () => loads[strategy.choose(candidates, 0)]!);
    // The best of 64: below 100 with probability 1 - 0.9^64; and then it stays with the best seen.
    expect(chosen.filter((load) => load >= 100).length).toBeLessThan(10);
    expect(Math.max(...chosen.slice(400))).toBeLessThan(30);
  });

  it('reaches every one of a thousand', () => {
    const strategy = strict();
    const candidates = loaded(new Array<number>(1000).fill(0));
    const seen = new Set<number>();
    for (let i = 0; i < 30_000; i++) {
      const position = strategy.choose(candidates, 0);
      seen.add(position);
      candidates.loads![position]!++;
    }
    expect(seen.size).toBe(1000);
  });
});

describe('exploration', () => {
  it('takes the share of the choices that it was given', () => {
    const strategy = new LearnedStrategy({ seed: 5, exploration: 0.1 });
    const now = teach(strategy, [ms, 50 * ms, 50 * ms, 50 * ms, 50 * ms], 20);
    const [first] = tally(strategy, loaded([0, 0, 0, 0, 0]), 20_000, now);
    expect(1 - first! / 20_000).toBeGreaterThan(0.07);
    expect(1 - first! / 20_000).toBeLessThan(0.09);
  });

  it.each([-0.1, 1.1, Number.NaN])('of %d is refused', (exploration) => {
    expect(() => new LearnedStrategy({ exploration })).toThrow(
      expect.objectContaining({ code: 'ERR_NB_INVALID_ARGUMENT' }),
    );
  });
});

describe('determinism', () => {
  function transcript(seed: number): number[] {
    const strategy = new LearnedStrategy({ seed, exploration: 0.05 });
    const random = randomFrom(9);
    const candidates = loaded([0, 0, 0, 0, 0, 0, 0, 0]);
    const chosen: number[] = [];
    for (let now = 0; chosen.length < 2000; now += ms) {
      const position = strategy.choose(candidates, now);
      chosen.push(position);
      const outcome = random() < 0.1 ? Outcome.failed : Outcome.answered;
      const end = exchange(strategy, position, now, (1 + position) * random() * ms, outcome);
      if (random() < 0.3 && outcome === Outcome.answered) {
        strategy.rewarded(position, random() * 2 - 1, now, end, end);
      }
      candidates.loads![position] = Math.floor(random() * 4);
    }
    return chosen;
  }

  it('gives the same choices for the same seed and the same calls', () => {
    expect(transcript(4)).toEqual(transcript(4));
  });

  it('gives others for another seed', () => {
    expect(transcript(4)).not.toEqual(transcript(5));
  });
});

describe('weights', () => {
  it('follow the formula, with the mean answer time as time constant', () => {
    const strategy = strict();
    const candidates = loaded([0]);
    let [oracle, tau, now] = [0.5, 0, 0];
    for (const [i, latency] of [10, 20, 5, 40].entries()) {
      now = exchange(strategy, 0, now, latency * ms);
      tau += (latency * ms - tau) / (i + 1);
      // Idle time between exchanges is short against the half-life, but counts.
      if (i > 0) oracle = 0.5 + (oracle - 0.5) * 2 ** ((-latency * ms) / plasticityDefaults.halfLifeNs);
      oracle = potentiated(oracle, latency * ms, tau, plasticityDefaults);
      expect(strategy.weight(candidates, 0)).toBeCloseTo(oracle, 12);
      expect(strategy.answerTimeNs(candidates, 0)).toBeCloseTo(tau, 3);
    }
  });

  it('come out the same for agents that take microseconds and for those that take seconds', () => {
    const [quick, slow] = [strict(), strict()];
    teach(quick, [1e3, 2e3], 30);
    teach(slow, [1e9, 2e9], 30);
    for (const position of [0, 1]) {
      expect(slow.weight(loaded([0, 0]), position)).toBeCloseTo(quick.weight(loaded([0, 0]), position), 1);
    }
  });

  it('may live elsewhere, and count from the start', () => {
    const weights = new Map([[1, 0.05]]);
    const strategy = strict({
      weights: {
        weightOf: (agent: number) => weights.get(agent),
        setWeight: (agent: number, weight: number) => weights.set(agent, weight),
      },
    });
    const candidates = loaded([0, 0]);
    expect(tally(strategy, candidates, 100, 0)).toEqual([100, 0]);
    exchange(strategy, 1, 0, ms);
    expect(weights.get(1)).toBeCloseTo(potentiated(0.05, 1, 1, plasticityDefaults), 12);
  });
});

describe('an agent that fails', () => {
  it('is out after two failures, is tried later and later, and comes back with an answer', () => {
    const strategy = strict();
    const candidates = loaded([0, 0]);
    let now = teach(strategy, [10 * ms, 10 * ms], 30);
    for (let i = 0; i < 2; i++) now = exchange(strategy, 0, now, ms, Outcome.failed);
    expect(strategy.isOut(candidates, 0)).toBe(true);
    const waits: number[] = [];
    for (let trial = 0; trial < 4; trial++) {
      const from = now;
      now = firstChoiceOf0(strategy, candidates, now);
      waits.push(now - from);
      now = exchange(strategy, 0, now, ms, Outcome.failed);
    }
    for (let i = 1; i < waits.length; i++) expect(waits[i]! / waits[i - 1]!).toBeCloseTo(2, 0);
    now = firstChoiceOf0(strategy, candidates, now);
    now = exchange(strategy, 0, now, 10 * ms);
    expect(strategy.isOut(candidates, 0)).toBe(false);
    expect(tally(strategy, loaded([0, 1]), 50, now)[0]).toBe(50);
  });

  it('gets one trial at a time', () => {
    const strategy = strict();
    const candidates = loaded([0, 0]);
    let now = teach(strategy, [10 * ms, 10 * ms], 30);
    for (let i = 0; i < 3; i++) now = exchange(strategy, 0, now, ms, Outcome.failed);
    expect(tally(strategy, candidates, 100, now + 100 * second)).toEqual([1, 99]);
  });

  it('is struck once by requests that were under way together', () => {
    const [together, apart] = [strict(), strict()];
    let now = teach(together, [10 * ms, 10 * ms], 30);
    teach(apart, [10 * ms, 10 * ms], 30);
    const sent = now;
    const loads = Array.from({ length: 6 }, () => together.started(0, sent));
    for (const load of loads) together.finished(0, sent, load, Outcome.failed, sent + 50 * ms);
    for (let i = 0; i < 6; i++) now = exchange(apart, 0, now, 50 * ms, Outcome.failed);
    const firstTrial = (strategy: LearnedStrategy, from: number) =>
      firstChoiceOf0(strategy, loaded([0, 0]), from) - from;
    expect(firstTrial(apart, now)).toBeGreaterThan(8 * firstTrial(together, sent + 50 * ms));
  });

  it('is asked all the same when there is nobody else', () => {
    const strategy = strict();
    const candidates = loaded([0]);
    let now = 0;
    for (let i = 0; i < 10; i++) now = exchange(strategy, 0, now, ms, Outcome.failed);
    expect(strategy.choose(candidates, now)).toBe(0);
  });

  it('does not look quick for it', () => {
    const strategy = strict();
    const now = teach(strategy, [10 * ms], 30);
    const before = strategy.delayNs(loaded([0]), 0);
    exchange(strategy, 0, now, 1000, Outcome.failed);
    expect(strategy.delayNs(loaded([0]), 0)).toBe(before);
  });

  it('looks slow when it is silent until the timeout', () => {
    const strategy = strict();
    const now = teach(strategy, [10 * ms], 5);
    const before = strategy.delayNs(loaded([0]), 0);
    exchange(strategy, 0, now, second, Outcome.silent);
    expect(strategy.delayNs(loaded([0]), 0)).toBeGreaterThan(3 * before);
  });
});

describe('rewards', () => {
  it('move traffic to the better answers although the others are as quick', () => {
    const strategy = strict();
    let now = 0;
    for (let round = 0; round < 10; round++) {
      for (const [agent, reward] of [0.2, 0.8, 0.2].entries()) {
        const end = exchange(strategy, agent, now, 10 * ms);
        strategy.rewarded(agent, reward, now, end, end);
        now = end;
      }
    }
    // Busy with one request, and still.
    expect(tally(strategy, loaded([0, 1, 0]), 100, now)).toEqual([0, 100, 0]);
  });

  it('that are all the same change nothing for long', () => {
    const [rewarded, plain] = [strict(), strict()];
    let now = 0;
    for (let i = 0; i < 200; i++) {
      const end = exchange(rewarded, 0, now, 10 * ms);
      rewarded.rewarded(0, 0.5, now, end, end);
      exchange(plain, 0, now, 10 * ms);
      now = end;
    }
    expect(rewarded.weight(loaded([0]), 0)).toBeCloseTo(plain.weight(loaded([0]), 0), 2);
  });

  it('that come late count less', () => {
    const [soon, late] = [strict(), strict()];
    for (const [strategy, delay] of [
      [soon, 0],
      [late, 120 * second],
    ] as const) {
      exchange(strategy, 0, 0, 10 * ms);
      strategy.rewarded(0, -1, 0, 10 * ms, 10 * ms + delay);
    }
    expect(late.weight(loaded([0]), 0)).toBeGreaterThan(soon.weight(loaded([0]), 0));
  });

  it.each([1.5, -2, Number.NaN])('of %d are refused', (reward) => {
    expect(() => strict().rewarded(0, reward, 0, 1, 1)).toThrow(
      expect.objectContaining({ code: 'ERR_NB_INVALID_ARGUMENT' }),
    );
  });

  it('for an agent that was forgotten meanwhile are lost', () => {
    const strategy = strict();
    exchange(strategy, 0, 0, ms);
    strategy.forget(0);
    strategy.rewarded(0, 1, 0, ms, ms);
    expect(strategy.weight(loaded([0]), 0)).toBe(0.5);
  });
});

describe('agents that come and go', () => {
  it('are strangers again when their id is given anew', () => {
    const strategy = strict();
    const candidates = loaded([0, 0]);
    let now = teach(strategy, [10 * ms, 10 * ms], 30);
    for (let i = 0; i < 4; i++) now = exchange(strategy, 0, now, ms, Outcome.failed);
    strategy.forget(0);
    expect(strategy.isOut(candidates, 0)).toBe(false);
    expect(strategy.weight(candidates, 0)).toBe(0.5);
    expect(strategy.answerTimeNs(candidates, 0)).toBe(0);
  });

  it('take no more room than those present at a time', () => {
    const strategy = strict();
    for (let id = 0; id < 3000; id++) {
      exchange(strategy, id, id, 10);
      strategy.forget(id);
    }
    exchange(strategy, 5, 1e6, 10);
    expect(strategy.weight(new Candidates([5, 6]), 0)).toBeGreaterThan(0.5);
    expect(strategy.weight(new Candidates([5, 6]), 1)).toBe(0.5);
  });

  it('may be in several sets of candidates', () => {
    const strategy = strict();
    teach(strategy, [10 * ms, 20 * ms, 30 * ms], 20);
    const [one, other] = [new Candidates([2, 0]), new Candidates([0, 1])];
    expect(strategy.delayNs(one, 1)).toBe(strategy.delayNs(other, 0));
    expect(strategy.weight(one, 1)).toBe(strategy.weight(other, 0));
  });
});

describe('requesters of one thread', () => {
  it('share paces and nothing else', () => {
    const paces = new Paces();
    const [one, other] = [strict({ paces }), strict({ paces })];
    const now = teach(one, [10 * ms, 50 * ms], 30);
    exchange(one, 0, now, ms, Outcome.failed);
    expect(other.delayNs(loaded([0, 0]), 1)).toBe(one.delayNs(loaded([0, 0]), 1));
    expect(other.weight(loaded([0, 0]), 0)).toBe(0.5);
    expect(other.choose(loaded([0, 0]), now)).toBe(0);
  });
});
