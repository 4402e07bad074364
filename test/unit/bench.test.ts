// The benchmarks' own bookkeeping: every target and every row of the README names something that is measured.
import { describe, expect, it } from 'vitest';
import { readmeRows, readmeTable } from '../../bench/harness/documents.js';
import { evaluateTargets } from '../../bench/harness/targets.js';
import type { Report, ScenarioResult } from '../../bench/harness/types.js';
import { populationTargets } from '../../bench/population/targets.js';
import { loadScenario, populationScenarioNames, scenarioNames } from '../../bench/registry.js';

/** As if everything had been measured, with `value` for each metric. */
async function resultsOf(value: number, names: readonly string[] = scenarioNames): Promise<ScenarioResult[]> {
  const scenarios = await Promise.all(names.map(loadScenario));
  return scenarios.map(({ name, title, note, metrics, variants }) => {
    const summaries = metrics.map(({ name, unit, better }) => {
      return [name, { unit, better, median: value, min: value, max: value, samples: [value] }];
    });
    const measured = { metrics: Object.fromEntries(summaries), gcShare: 0, disturbed: 0 };
    return { name, title, note, variants: variants.map(({ name, role }) => ({ name, role, ...measured })) };
  });
}

describe('the benchmarks', () => {
  it('evaluate every target', async () => {
    const targets = evaluateTargets(await resultsOf(1));
    expect(targets.filter(({ met }) => met === 'not measured')).toEqual([]);
    expect(evaluateTargets([]).every(({ met }) => met === 'not measured')).toBe(true);
    const networks = evaluateTargets(await resultsOf(1, populationScenarioNames), populationTargets);
    expect(networks.filter(({ met }) => met === 'not measured')).toEqual([]);
  });

  it('compare each peer with a variant of the same scenario', async () => {
    for (const name of [...scenarioNames, ...populationScenarioNames]) {
      const { variants } = await loadScenario(name);
      const ours = variants.filter(({ role }) => role === 'neuronbus').map((variant) => variant.name);
      for (const { against } of variants) if (against !== undefined) expect(ours).toContain(against);
      expect(new Set(variants.map((variant) => variant.name)).size).toBe(variants.length);
    }
  });

  it('have what the table of the README shows', async () => {
    const scenarios = await resultsOf(1);
    const machine = { processor: 'one', cores: '2' };
    const report = { scenarios, machine, versions: { node: '20' }, repetitions: 1 } as unknown as Report;
    const rows = readmeTable(report)
      .split('\n')
      .filter((line) => line.startsWith('| `'));
    expect(rows).toHaveLength(readmeRows.length);
  });
});
