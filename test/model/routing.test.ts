// The scenarios of bench/routing, smaller: what learned routing is there for must stay true. Simulated time, so every run is
// the same; the margins are for whoever changes the learning, not for luck.
import { describe, expect, it } from 'vitest';
import type { BalancerFactory } from '../../bench/routing/balancer.js';
import { leastInFlight, oracle, peakEwma, random } from '../../bench/routing/baselines.js';
import { blockSize, measure, type Result, spread } from '../../bench/routing/measure.js';
import { learnedOnOneThread, learnedOnThreads } from '../../bench/routing/ours.js';
import { prequal, prequalSynchronous } from '../../bench/routing/prequal.js';
import { routingScenarios } from '../../bench/routing/scenarios.js';

const seeds = [1, 2, 3, 4];

function result(name: string, factory: BalancerFactory, requesters: number): Result {
  const scenario = routingScenarios.find((candidate) => candidate.name === name)!;
  return measure(scenario, name, factory, seeds, requesters);
}

function median(of: Result, figure: 'meanMs' | 'p99Ms' | 'watchedShare'): number {
  return spread(of.runs.map((run) => run[figure])).median;
}

describe.each([1, 10])('with %d requesters, learned routing', (requesters) => {
  it.each(['a50', 'a80', 'b', 'g', 'h'])('is near the oracle in %s', (name) => {
    const learned = result(name, learnedOnOneThread(), requesters);
    const best = result(name, oracle, requesters);
    expect(median(learned, 'meanMs') / median(best, 'meanMs')).toBeLessThan(1.1);
    expect(median(learned, 'p99Ms') / median(best, 'p99Ms')).toBeLessThan(1.25);
  });

  it('is as good as knowing when speeds are swapped, fifty requests per agent later', () => {
    const { changeAt } = routingScenarios.find(({ name }) => name === 'c')!;
    const window = (of: Result) => {
      const from = (changeAt! + 500) / blockSize;
      return of.blocksMs.slice(from, from + 10).reduce((sum, value) => sum + value, 0);
    };
    const learned = result('c', learnedOnOneThread(), requesters);
    expect(window(learned) / window(result('c', oracle, requesters))).toBeLessThan(1.2);
  });

  it('loses no more requests to deaths than who knows everything but the death, and asks nobody known to be dead', () => {
    const learned = result('d', learnedOnOneThread(), requesters);
    const failed = (of: Result) => of.runs.reduce((sum, run) => sum + run.failedAfterChange, 0);
    expect(failed(learned)).toBeLessThan(failed(result('d', oracle, requesters)) * 1.2);
    expect(learned.runs.map((run) => run.sentToKnownDead)).toEqual(seeds.map(() => 0));
  });

  it('starves an agent that fails fast', () => {
    const learned = result('e', learnedOnOneThread(), requesters);
    expect(median(learned, 'watchedShare')).toBeLessThan(0.01);
  });

  it('sends nearly everything to the best answers', () => {
    const learned = result('f', learnedOnOneThread(), requesters);
    expect(median(learned, 'watchedShare')).toBeGreaterThan(0.95);
    const [first] = learned.blocksWatched;
    expect(first).toBeLessThan(0.95);
  });
});

describe('learned routing', () => {
  it.each([
    ['least in flight', leastInFlight],
    ['peak EWMA', peakEwma()],
    ['Prequal', prequal],
    ['synchronous Prequal', prequalSynchronous],
  ])('beats %s with ten requesters where agents differ or change', (_, baseline) => {
    for (const name of ['b', 'c', 'e', 'h']) {
      const [learned, other] = [result(name, learnedOnOneThread(), 10), result(name, baseline, 10)];
      expect(median(learned, 'meanMs'), name).toBeLessThan(median(other, 'meanMs'));
      expect(median(learned, 'p99Ms'), name).toBeLessThan(median(other, 'p99Ms'));
    }
  });

  it('of requesters that share nothing but loads gets there as well', () => {
    const learned = result('b', learnedOnThreads(), 10);
    expect(median(learned, 'meanMs') / median(result('b', oracle, 10), 'meanMs')).toBeLessThan(1.1);
  });

  it('is the same every time', () => {
    const [once, again] = [result('c', learnedOnOneThread(), 10), result('c', learnedOnOneThread(), 10)];
    expect(again).toEqual(once);
  });
});

describe('the simulator', () => {
  it('agrees with queueing theory: ten M/M/1 queues at half their capacity take twice the service time', () => {
    expect(median(result('a50', random, 1), 'meanMs')).toBeGreaterThan(19);
    expect(median(result('a50', random, 1), 'meanMs')).toBeLessThan(21);
  });

  it('agrees with queueing theory at 99 %: exponential sojourns have it at ln 100 times their mean', () => {
    const runs = result('a50', random, 1);
    expect(median(runs, 'p99Ms') / median(runs, 'meanMs')).toBeGreaterThan(Math.log(100) * 0.93);
    expect(median(runs, 'p99Ms') / median(runs, 'meanMs')).toBeLessThan(Math.log(100) * 1.07);
  });
});
