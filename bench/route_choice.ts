// SPDX-License-Identifier: MIT
//
// Scenario: what it costs to choose an agent, and to choose and learn, on one thread.

import { seededRandom } from '../lib/memory/random.js';
import { LearnedStrategy } from '../lib/routing/learned.js';
import { Candidates, Outcome } from '../lib/routing/strategy.js';
import { nsPerOperation } from './harness/measure.js';
import type { Effort, Sample, Scenario } from './harness/types.js';

/** A place of its own for each load, as far apart as records of neurons in shared memory. */
const stride = 32;

interface Setting {
  readonly strategy: LearnedStrategy;
  readonly candidates: Candidates;
  readonly loads: Int32Array;
}

/** Agents of different speeds, all of them known. */
function setting(count: number): Setting {
  const random = seededRandom(7);
  const loads = new Int32Array(new SharedArrayBuffer(4 * stride * count));
  const ids = Array.from({ length: count }, (_, agent) => agent);
  const candidates = new Candidates(ids, { loads, loadAt: ids.map((agent) => agent * stride) });
  const strategy = new LearnedStrategy({ seed: 1 });
  for (let round = 0; round < 20; round++) {
    for (const agent of ids) {
      const load = strategy.started(agent, round * 1e6);
      const latencyNs = (1 + (agent % 10)) * 1e5 * -Math.log(1 - random());
      strategy.finished(agent, round * 1e6, load, Outcome.answered, round * 1e6 + latencyNs);
    }
  }
  for (const agent of ids) loads[agent * stride] = Math.floor(random() * 4);
  return { strategy, candidates, loads };
}

function choosing(
  count: number,
  choose: (setting: Setting, nowNs: number) => number,
): (effort: Effort) => Sample {
  return (effort) => {
    const made = setting(count);
    const { loads } = made;
    let nowNs = 1e9;
    let sum = 0;
    const time = nsPerOperation(effort, 1, (operations) => {
      for (let i = 0; i < operations; i++) {
        const position = choose(made, ++nowNs);
        sum += position;
        // Loads move, as they do when others ask as well.
        loads[position * stride] = (loads[position * stride] + 1) & 3;
      }
    });
    if (!(sum > 0)) throw new Error('always the first agent');
    return { time };
  };
}

function learned({ strategy, candidates }: Setting, nowNs: number): number {
  return strategy.choose(candidates, nowNs);
}

function exchange({ strategy, candidates }: Setting, nowNs: number): number {
  const position = strategy.choose(candidates, nowNs);
  const agent = candidates.ids[position];
  const load = strategy.started(agent, nowNs);
  strategy.finished(agent, nowNs - 1e5, load, Outcome.answered, nowNs);
  return position;
}

/** What one would write without learning: the first of the least loaded. */
function leastLoaded({ candidates }: Setting): number {
  const { loads, loadAt } = candidates;
  let best = 0;
  for (let position = 1; position < loadAt.length; position++) {
    if (loads![loadAt[position]] < loads![loadAt[best]]) best = position;
  }
  return best;
}

const cheapRandom = seededRandom(3);

/** Two at random, the one with less load: the least that a balancer can do. */
function twoChoices({ candidates }: Setting): number {
  const { loads, loadAt } = candidates;
  const a = Math.floor(cheapRandom() * loadAt.length);
  const b = Math.floor(cheapRandom() * loadAt.length);
  return loads![loadAt[a]] <= loads![loadAt[b]] ? a : b;
}

export const scenario: Scenario = {
  name: 'route_choice',
  title: 'Choosing an agent',
  note: 'One choice among candidates whose loads are read from shared memory. "Exchange" is the choice with what is learned from its answer. The peers do not learn.',
  metrics: [{ name: 'time', unit: 'ns', better: 'lower' }],
  variants: [
    { name: 'learned, 10 candidates', role: 'neuronbus', run: choosing(10, learned) },
    { name: 'learned, 100 candidates', role: 'neuronbus', run: choosing(100, learned) },
    { name: 'learned, 1,000 candidates', role: 'neuronbus', run: choosing(1000, learned) },
    { name: 'learned, 10 candidates, exchange', role: 'neuronbus', run: choosing(10, exchange) },
    {
      name: 'least loaded, 10 candidates',
      role: 'peer',
      against: 'learned, 10 candidates',
      run: choosing(10, leastLoaded),
    },
    {
      name: 'least loaded, 1,000 candidates',
      role: 'peer',
      against: 'learned, 1,000 candidates',
      run: choosing(1000, leastLoaded),
    },
    {
      name: 'two choices, 1,000 candidates',
      role: 'limit',
      against: 'learned, 1,000 candidates',
      run: choosing(1000, twoChoices),
    },
  ],
};
