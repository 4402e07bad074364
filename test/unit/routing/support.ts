// What the tests of routing share: agents that answer at once after a given time. Not a test itself.
import { Candidates, Outcome, type RoutingStrategy } from '../../../lib/routing/strategy.js';

export const ms = 1e6;

/** Candidates with loads that the test sets. */
export function loaded(loads: readonly number[], costs?: readonly number[]): Candidates {
  return new Candidates(
    loads.map((_, agent) => agent),
    { loads: Int32Array.from(loads), costs },
  );
}

/** One exchange; returns its end. */
export function exchange(
  strategy: RoutingStrategy,
  agent: number,
  sentNs: number,
  latencyNs: number,
  outcome: Outcome = Outcome.answered,
): number {
  const load = strategy.started(agent, sentNs);
  strategy.finished(agent, sentNs, load, outcome, sentNs + latencyNs);
  return sentNs + latencyNs;
}

/** Exchanges in turns until each agent is known by `rounds` of its latency. Returns the end. */
export function teach(
  strategy: RoutingStrategy,
  latenciesNs: readonly number[],
  rounds: number,
  fromNs = 0,
): number {
  let now = fromNs;
  for (let round = 0; round < rounds; round++) {
    latenciesNs.forEach((latencyNs, agent) => {
      now = exchange(strategy, agent, now, latencyNs);
    });
  }
  return now;
}

/** How often each position is chosen. */
export function tally(
  strategy: RoutingStrategy,
  candidates: Candidates,
  times: number,
  nowNs: number,
): number[] {
  const counts = new Array<number>(candidates.ids.length).fill(0);
  for (let i = 0; i < times; i++) {
    const position = strategy.choose(candidates, nowNs);
    if (position >= 0) counts[position]!++;
  }
  return counts;
}
