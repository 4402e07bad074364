// SPDX-License-Identifier: MIT
//
// What learned routing is wanted to reach, and whether it does. Pure functions.

import { contenders } from './contenders.js';
import { blockSize, type Result, type RunFigures, spread } from './measure.js';
import { routingScenarios } from './scenarios.js';

export interface Verdict {
  readonly text: string;
  readonly wanted: string;
  readonly measured: string;
  readonly met: boolean;
}

/** Requests after a change in which the new optimum is to be found: fifty for each of ten agents. */
const recoverWithin = 500;
/** Requests over which a mean latency is compared with the oracle's over the same requests. */
const recoverWindow = 500;

export class Findings {
  readonly #results: readonly Result[];
  readonly judged = contenders.find(({ role }) => role === 'judged')!.name;
  readonly baselines = contenders.filter(({ role }) => role === 'baseline').map(({ name }) => name);

  constructor(results: readonly Result[]) {
    this.#results = results;
  }

  find(scenario: string, balancer: string): Result {
    const found = this.#results.find(
      (result) => result.scenario === scenario && result.balancer === balancer,
    );
    if (found === undefined) throw new Error(`no result of ${balancer} in ${scenario}`);
    return found;
  }

  median(scenario: string, balancer: string, figure: keyof RunFigures): number {
    return spread(this.find(scenario, balancer).runs.map((run) => run[figure])).median;
  }

  /** How many times worse than the best baseline; below 1 it is better. */
  againstBest(scenario: string, figure: 'meanMs' | 'p99Ms'): number {
    const best = Math.min(...this.baselines.map((baseline) => this.median(scenario, baseline, figure)));
    return this.median(scenario, this.judged, figure) / best;
  }

  againstOracle(scenario: string, balancer: string, figure: 'meanMs' | 'p99Ms'): number {
    return this.median(scenario, balancer, figure) / this.median(scenario, 'oracle', figure);
  }

  /** Scenarios in which mean and p99 are both better than this baseline's; the two loads of a count half each. */
  betterThan(baseline: string): number {
    let better = 0;
    for (const { name } of routingScenarios) {
      const isBetter = (['meanMs', 'p99Ms'] as const).every(
        (figure) => this.median(name, this.judged, figure) < this.median(name, baseline, figure),
      );
      if (isBetter) better += name.startsWith('a') ? 0.5 : 1;
    }
    return better;
  }

  /** Mean latency in the window that begins `after` requests after the change, as a multiple of the oracle's in it. */
  afterChange(scenario: string, changeAt: number, after: number, balancer = this.judged): number {
    const from = Math.ceil((changeAt + after) / blockSize);
    const mean = (name: string) => {
      const blocks = this.find(scenario, name).blocksMs.slice(from, from + recoverWindow / blockSize);
      return blocks.reduce((sum, value) => sum + value, 0) / blocks.length;
    };
    return mean(balancer) / mean('oracle');
  }
}

export function verdicts(findings: Findings): Verdict[] {
  const names = routingScenarios.map(({ name }) => name);
  const worst = (figure: 'meanMs' | 'p99Ms') => {
    const ratios = names.map((name) => findings.againstBest(name, figure));
    const most = Math.max(...ratios);
    return { most, where: names[ratios.indexOf(most)] };
  };
  const list: Verdict[] = [];
  for (const [figure, title] of [
    ['meanMs', 'mean'],
    ['p99Ms', 'p99'],
  ] as const) {
    const { most, where } = worst(figure);
    list.push({
      text: `${title}, in every scenario, against the best baseline there`,
      wanted: '≤ 1.05 ×',
      measured: `at most ${most.toFixed(2)} × (${where})`,
      met: most <= 1.05,
    });
  }
  const wins = findings.baselines.map((baseline) => findings.betterThan(baseline));
  const fewest = Math.min(...wins);
  list.push({
    text: 'better than each baseline, in mean and in p99',
    wanted: 'in 4 of the 8 scenarios',
    measured: `in ${fewest} at least (against ${findings.baselines[wins.indexOf(fewest)]})`,
    met: fewest >= 4,
  });
  for (const name of ['a50', 'a80', 'b', 'g']) {
    const mean = findings.againstOracle(name, findings.judged, 'meanMs');
    const p99 = findings.againstOracle(name, findings.judged, 'p99Ms');
    list.push({
      text: `${name}: against the oracle`,
      wanted: '≤ 1.25 ×',
      measured: `mean ${mean.toFixed(2)} ×, p99 ${p99.toFixed(2)} ×`,
      met: mean <= 1.25 && p99 <= 1.25,
    });
  }
  for (const scenario of routingScenarios) {
    if (scenario.changeAt !== undefined) {
      const ratio = findings.afterChange(scenario.name, scenario.changeAt, recoverWithin);
      list.push({
        text: `${scenario.name}: mean from 50 requests per agent after the change on, against the oracle's of the same ${recoverWindow} requests`,
        wanted: '≤ 1.10 ×',
        measured: `${ratio.toFixed(2)} ×`,
        met: ratio <= 1.1,
      });
    }
  }
  const asked = findings.find('d', findings.judged).runs.reduce((sum, run) => sum + run.sentToKnownDead, 0);
  list.push({
    text: 'd: requests to an agent known to be dead',
    wanted: '0',
    measured: String(asked),
    met: asked === 0,
  });
  const failing = findings.median('e', findings.judged, 'watchedShare');
  list.push({
    text: 'e: share of the failing agent after 200 requests',
    wanted: '< 2 %',
    measured: `${(100 * failing).toFixed(2)} %`,
    met: failing < 0.02,
  });
  const best = findings.median('f', findings.judged, 'watchedShare');
  list.push({
    text: 'f: share of the best quality after 500 requests',
    wanted: '≥ 90 %',
    measured: `${(100 * best).toFixed(1)} %`,
    met: best >= 0.9,
  });
  return list;
}
