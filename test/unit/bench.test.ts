// The benchmarks' own bookkeeping: every target and every row of the README names something that is measured, what is published
// says how often it was measured, and a lost message is found out.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { NeuronBus, NeuronHandle, Spike } from 'neuronbus';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Asker, Sink } from '../../bench/harness/agents.js';
import { readmeRows, readmeTable, writeDocuments } from '../../bench/harness/documents.js';
import { sumOfFirst } from '../../bench/harness/measure.js';
import { describeProcesses } from '../../bench/harness/report.js';
import { runScenario } from '../../bench/harness/runner.js';
import { evaluateTargets } from '../../bench/harness/targets.js';
import type { Effort, Report, ScenarioResult, VariantResult } from '../../bench/harness/types.js';
import { sizes, variantName } from '../../bench/population/scaling.js';
import { populationTargets } from '../../bench/population/targets.js';
import { loadScenario, populationScenarioNames, scenarioNames } from '../../bench/registry.js';

/** As if everything had been measured by so many processes, with `value` for each metric. */
async function resultsOf(
  value: number,
  names: readonly string[] = scenarioNames,
  processes = 1,
): Promise<ScenarioResult[]> {
  const scenarios = await Promise.all(names.map(loadScenario));
  return scenarios.map(({ name, title, note, metrics, variants }) => {
    const summaries = metrics.map(({ name, unit, better }) => {
      return [
        name,
        { unit, better, median: value, min: value, max: value, samples: Array(processes).fill(value) },
      ];
    });
    const measured = { metrics: Object.fromEntries(summaries), gcShare: 0, disturbed: 0 };
    return {
      name,
      title,
      note,
      variants: variants.map(({ name, role, against }) => ({
        ...{ name, role, ...measured },
        ...(against === undefined ? {} : { against }),
      })),
    };
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

  it('hold the dearest network against the cheapest, whichever that is', () => {
    const costs = [12, 7, 8, 9, 14];
    const variants = sizes.map((size, index): VariantResult => {
      const time = costs[index]!;
      const event = {
        unit: 'ns',
        better: 'lower',
        median: time,
        min: time,
        max: time,
        samples: [time],
      } as const;
      const name = variantName(size, 'plastic');
      return { name, role: 'neuronbus', metrics: { event }, gcShare: 0, disturbed: 0 };
    });
    const scaling = { name: 'population/scaling', title: '', note: '', variants };
    const growth = evaluateTargets([scaling], populationTargets).filter(({ met }) => met !== 'not measured');
    expect(growth).toMatchObject([{ measured: '2.00 × (1.17 ×)', met: 'no' }]);
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
    const rows = readmeTable(await reportOf(2, false))
      .split('\n')
      .filter((line) => line.startsWith('| `'));
    expect(rows).toHaveLength(readmeRows.length);
  });

  it('show a peer in the README only beside what it is compared with, and all that it is compared with there', async () => {
    for (const [index, [scenarioName, variantName]] of readmeRows.entries()) {
      const { variants } = await loadScenario(scenarioName);
      const { role, against } = variants.find(({ name }) => name === variantName)!;
      if (role === 'neuronbus') continue;
      const before = readmeRows.slice(0, index).map(String);
      expect(before).toContain(`${scenarioName},${against}`);
    }
  });

  it('say how many processes were measured', () => {
    const measured = (count: number): VariantResult => ({
      ...{ name: 'one', role: 'peer', gcShare: 0, disturbed: 0 },
      metrics: {
        time: { unit: 'ns', better: 'lower', median: 1, min: 1, max: 1, samples: Array(count).fill(1) },
      },
    });
    expect(describeProcesses([measured(1), measured(1)])).toBe('one process each');
    expect(describeProcesses([measured(5), measured(5), measured(0)])).toBe('medians of 5 processes each');
    expect(describeProcesses([measured(5), measured(3)])).toBe('medians of 3 to 5 processes');
    expect(describeProcesses([measured(0), { ...measured(2), failure: 'lost' }])).toBe('');
  });
});

async function reportOf(processes: number, quick: boolean): Promise<Report> {
  return {
    ...{ date: '2026-01-02T03:04:05Z', quick, repetitions: processes, nodeEnv: 'production' },
    ...{ machine: { processor: 'one', cores: '2' }, versions: { node: '20' }, targets: [] },
    scenarios: await resultsOf(1, scenarioNames, processes),
  };
}

describe('what a run leaves behind', () => {
  const before = 'Measured:\n<!-- bench:start -->\nold\n<!-- bench:end -->\n';
  let root: string;
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'neuronbus-documents-'));
    writeFileSync(join(root, 'README.md'), before);
  });
  afterEach(() => rmSync(root, { recursive: true }));
  const read = (name: string): string => readFileSync(join(root, name), 'utf8');

  it('of a full run: results, the page and the table of the README, with the number of processes', async () => {
    const written = writeDocuments(root, await reportOf(3, false));
    expect(written).toEqual(['bench/results.json', 'docs/benchmarks.md', 'README.md']);
    expect(JSON.parse(read('bench/results.json'))).toMatchObject({ quick: false });
    for (const name of ['docs/benchmarks.md', 'README.md'])
      expect(read(name)).toContain('medians of 3 processes each');
    expect(read('docs/benchmarks.md')).toContain('1.00–1.00');
    expect(read('docs/benchmarks.md')).not.toContain('This was a quick run');
    expect(read('README.md')).not.toContain('old');
  });

  it('of a quick run: says so, has no ranges, and is not for the README', async () => {
    const written = writeDocuments(root, await reportOf(1, true));
    expect(written).toEqual(['bench/results.json', 'docs/benchmarks.md']);
    expect(JSON.parse(read('bench/results.json'))).toMatchObject({ quick: true });
    expect(read('docs/benchmarks.md')).toContain('**This was a quick run**');
    expect(read('docs/benchmarks.md')).toContain('one process each');
    expect(read('docs/benchmarks.md')).not.toContain('1.00–1.00');
    expect(read('README.md')).toBe(before);
  });

  it('of a run with single samples or a failure: not the table of the README', async () => {
    writeDocuments(root, await reportOf(1, false));
    expect(read('README.md')).toBe(before);
    const report = await reportOf(3, false);
    const [{ name, variants }] = report.scenarios;
    const failed = {
      ...report.scenarios[0]!,
      variants: [{ ...variants[0]!, failure: 'lost one' }, ...variants.slice(1)],
    };
    expect(readmeRows[0]![0]).toBe(name);
    writeDocuments(root, { ...report, scenarios: [failed, ...report.scenarios.slice(1)] });
    expect(read('README.md')).toBe(before);
  });
});

describe('a quick run', () => {
  const effort: Effort = { quick: true, warmupMs: 1, blockMs: 1, blocks: 1 };
  const plan = { effort, repetitions: 1, deadlineMs: 0, endMs: 0, progress: () => {} };

  it('leaves out what it has no time for, and says so', async () => {
    const { variants } = await runScenario(await loadScenario('discovery'), plan);
    expect(variants.length).toBeGreaterThan(0);
    for (const { unavailable, metrics } of variants) {
      expect(unavailable).toBe('not measured: there was no time left');
      expect(metrics).toEqual({});
    }
    expect((await runScenario(await loadScenario('idle_cpu'), plan)).skipped).toMatch(/not in a quick run$/);
  });
});

describe('a receiver', () => {
  it('knows the sum of the numbers of the first spikes, modulo 2^32', () => {
    let sum = 0;
    for (let i = 0; i < 200_000; i++) sum = (sum + i) | 0;
    expect(sumOfFirst(200_000)).toBe(sum);
    expect(sumOfFirst(0)).toBe(0);
  });

  it('sums what it reads', () => {
    const sink = new Sink();
    for (const sequence of [0, 1, 2, 0xffffffff]) sink.onSpike({ sequence } as Spike);
    expect(sink.receipt).toEqual({ count: 4, sum: 2 });
  });

  it('does not take one answer for another', async () => {
    const effort: Effort = { quick: true, warmupMs: 0, blockMs: 0, blocks: 0 };
    const handle = { fireTo: () => true } as unknown as NeuronHandle;
    const bus = { fire: () => true } as unknown as NeuronBus;
    const answered = async (sequences: readonly number[]): Promise<unknown> => {
      const asker = new Asker(0);
      const sample = asker.ask(effort, bus, 0, 1);
      for (const sequence of sequences) asker.onSpike({ sequence } as Spike, handle);
      return sample;
    };
    await expect(answered([7, 8, 10])).rejects.toThrow('after answer 8 came 10');
    await expect(answered([7, 7])).rejects.toThrow('after answer 7 came 7');
    const wrapping = Array.from({ length: 200 }, (_, i) => (0xfffffff0 + i) >>> 0);
    await expect(answered(wrapping)).resolves.toHaveProperty('p50');
  });
});
