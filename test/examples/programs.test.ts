// The small examples: what they print must be true and complete.
import { availableParallelism } from 'node:os';
import { describe, expect, it } from 'vitest';
import { runExample } from './run.js';

describe('my_first_agent', () => {
  it('gets an answer', async () => {
    expect(await runExample('my_first_agent')).toEqual({ code: 0, stdout: 'Hello, neuron!\n', stderr: '' });
  });
});

describe('requests', () => {
  it('gets one answer, six parts and no answer in time', async () => {
    const stdout = 'HELLO\nonce upon a time there was\nERR_NB_TIMEOUT\n';
    expect(await runExample('requests')).toEqual({ code: 0, stdout, stderr: '' });
  });
});

describe('threads', () => {
  it('gets an answer from each worker, and ends', async () => {
    const { code, stdout, stderr } = await runExample('threads');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const lines = stdout.trim().split('\n').toSorted();
    expect(lines).toEqual(['HELLO from worker 0', 'HELLO from worker 1']);
  });
});

describe('ping_pong', () => {
  const UNITS: Record<string, number> = { ns: 1, µs: 1e3, ms: 1e6, s: 1e9 };
  const times = (stdout: string, label: string) => {
    const line = stdout.split('\n').find((text) => text.startsWith(label))!;
    return [...line.matchAll(/([\d.]+) (ns|µs|ms|s)\b/g)].map(
      ([, value, unit]) => Number(value) * UNITS[unit!]!,
    );
  };

  it('prints ordered percentiles of times that really passed, and loses no spike', async () => {
    const { code, stdout, stderr } = await runExample('ping_pong', ['--rounds', '3000']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/clock +(tsc|cntvct|monotonic) at [\d.]+ GHz; one reading costs \d+ ns/);
    const oneWay = times(stdout, 'fire → onSpike ');
    const answer = times(stdout, 'fire → answer ');
    expect(oneWay).toHaveLength(4);
    expect(answer).toHaveLength(4);
    for (const row of [oneWay, answer]) expect(row).toEqual(row.toSorted((a, b) => a - b));
    expect(oneWay[0]).toBeGreaterThan(0);
    expect(answer[0]).toBeGreaterThan(oneWay[0]!);
    expect(stdout).toContain('46,000 spikes published, 46,000 delivered.');
  });

  it.each([['0'], ['many'], ['1.5'], ['']])('refuses --rounds %s', async (rounds) => {
    const { code, stdout, stderr } = await runExample('ping_pong', [`--rounds=${rounds}`]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toBe(`--rounds must be an integer, 1 or more, not '${rounds}'\n`);
  });
});

describe('swarm', () => {
  const run = async (...args: string[]) => {
    const { code, stdout, stderr } = await runExample('swarm', args);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const [learned, speed] = stdout.split(/^Speed/m);
    return { learned: learned!, speed: speed! };
  };
  const regionRows = (learned: string) =>
    [...learned.matchAll(/^ {2}(cortex\/\S+) +(\d+) % +(\d+) +(.*)$/gm)].map(
      ([, region, answers, paths, rest]) => {
        const [before, after, change, strongBefore, strongAfter, weakBefore, weakAfter] = rest!
          .split(/\s+/)
          .map(Number);
        return {
          region,
          answers: Number(answers),
          paths: Number(paths),
          ...{ before: before!, after: after!, change: change! },
          ...{
            strongBefore: strongBefore!,
            strongAfter: strongAfter!,
            weakBefore: weakBefore!,
            weakAfter: weakAfter!,
          },
        };
      },
    );
  const rateRows = (learned: string) =>
    [...learned.matchAll(/^ +([\d,]+|expected)((?: +\d\.\d{3}){5})$/gm)].map(([, label, weights]) => ({
      label: label!,
      weights: weights!.trim().split(/\s+/).map(Number),
    }));

  const THREADS = ['1', '2', '5'];

  it.each(THREADS)(
    'on %s threads strengthens paths to those that answer and weakens paths to those that do not',
    async (threads) => {
      const { learned, speed } = await run('--threads', threads);
      const rows = regionRows(learned);
      expect(rows).toHaveLength(5);
      expect(rows.reduce((sum, row) => sum + row.paths, 0)).toBe(800);
      for (const row of rows) {
        expect(row.after - row.before).toBeCloseTo(row.change, 2);
        expect(row.strongAfter).toBeGreaterThanOrEqual(row.after);
        expect(row.after).toBeGreaterThanOrEqual(row.weakAfter);
        // What the rule tends to lies above or below the first weights, which are from 0.3 to 0.7.
        if (row.answers >= 80) expect(row.change).toBeGreaterThan(0.2);
        if (row.answers <= 10) expect(row.change).toBeLessThan(-0.3);
      }
      const means = rows.map((row) => row.after);
      expect(means).toEqual(means.toSorted((a, b) => b - a));
      expect(rows.at(-1)!.strongAfter).toBeLessThan(rows[0]!.weakAfter);
      expect(speed).toMatch(/^ {2}[\d,]+ spikes\/s on the real clock/);
    },
  );

  it.each(THREADS)('on %s threads accounts for every spike', async (threads) => {
    const { learned } = await run('--rounds', '50', '--threads', threads);
    const account = /([\d,]+) published = ([\d,]+) delivered \+ ([\d,]+) dropped \+ ([\d,]+) queued/.exec(
      learned,
    )!;
    const [published, delivered, dropped, queued] = account
      .slice(1)
      .map((text) => Number(text.replaceAll(',', '')));
    expect(published).toBe(delivered! + dropped! + queued!);
    expect(delivered).toBeGreaterThan(50 * 800);
    expect(dropped).toBe(0);
  });

  it('learns the same at one and at ten million spikes a second', async () => {
    const rows = rateRows((await run('--rounds', '50')).learned);
    expect(rows.map((row) => row.label)).toEqual([
      '1',
      '100',
      '10,000',
      '1,000,000',
      '10,000,000',
      'expected',
    ]);
    const expected = rows.at(-1)!.weights;
    for (const { weights } of rows.slice(0, -1)) {
      expect(weights).toEqual(weights.toSorted((a, b) => b - a));
      expect(weights[0]).toBeGreaterThan(0.8);
      expect(weights.at(-1)).toBeLessThan(0.01);
      for (const [at, weight] of weights.entries()) {
        // 1,500 weights that wander around the expectation with a memory of about a hundred spikes.
        expect(Math.abs(weight - expected[at]!)).toBeLessThan(0.05);
        expect(Math.abs(weight - rows[1]!.weights[at]!)).toBeLessThan(0.002);
      }
    }
  });

  it('gives the same weights for the same seed on one thread, and others for another', async () => {
    const args = ['--rounds', '100', '--threads', '1'];
    const [first, again, other] = await Promise.all([
      run('--seed', '7', ...args),
      run('--seed', '7', ...args),
      run('--seed', '8', ...args),
    ]);
    expect(again.learned).toBe(first.learned);
    expect(regionRows(other.learned)).not.toEqual(regionRows(first.learned));
  });

  it('has a thread for each processor if it is not told otherwise, and the same paths on all of them', async () => {
    const [free, single] = await Promise.all([
      run('--rounds', '10'),
      run('--rounds', '10', '--threads', '1'),
    ]);
    const threads = Math.min(availableParallelism(), 6);
    if (threads > 1) expect(free.learned).toContain(`800 synapses, ${threads} threads, 10 rounds`);
    const first = ({ learned }: { learned: string }) =>
      regionRows(learned).map(({ region, paths, before, strongBefore, weakBefore }) => ({
        ...{ region, paths, before, strongBefore, weakBefore },
      }));
    expect(first(free)).toEqual(first(single));
  });

  it.each(['0', 'two', '17', ''])('is not run on %j threads', async (threads) => {
    const { code, stdout, stderr } = await runExample('swarm', [`--threads=${threads}`]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toBe(`--threads must be an integer, 1 to 16, not '${threads}'\n`);
  });
});

describe('spiking_neuron', () => {
  it('fires at the rates of the closed form, and knows leak and refractory period', async () => {
    const { code, stdout, stderr } = await runExample('spiking_neuron');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const rows = [...stdout.matchAll(/^ *([\d.]+) mV +([\d.]+) +([\d.]+)$/gm)].map((row) =>
      row.slice(1).map(Number),
    );
    expect(rows.map(([drive]) => drive)).toEqual([10, 15.5, 20, 30, 60]);
    for (const [drive, rate, expected] of rows) {
      const closedForm = drive! > 15 ? 1000 / (10 * Math.log(drive! / (drive! - 15)) + 2) : 0;
      expect(expected).toBeCloseTo(closedForm, 1);
      // In one second a spike more or less, and intervals of whole steps of 0.01 ms.
      expect(Math.abs(rate! - closedForm)).toBeLessThanOrEqual(1);
    }
    expect([...stdout.matchAll(/ms +(\d) times$/gm)].map(([, times]) => Number(times))).toEqual([1, 0, 1, 2]);
  });
});

describe('population_on_the_bus', () => {
  it('sees lines, agrees on one, degrades when most of it dies, and heals', async () => {
    const { code, stdout, stderr } = await runExample('population_on_the_bus');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const right = [...stdout.matchAll(/(\d+) of 100 lines \(chance: 50\)/g)].map(([, lines]) =>
      Number(lines),
    );
    expect(right).toHaveLength(3);
    // Ten standard deviations of guessing are 50 lines; the damaged network still knows far more than a coin, yet less than before.
    expect(right[0]).toBeGreaterThan(85);
    expect(right[1]).toBeGreaterThan(65);
    expect(right[1]).toBeLessThan(right[0]!);
    expect(stdout).toMatch(/A line that stands: \d+ neurons agree after [\d.]+ ms that it stands,\n/);
    expect(stdout).toMatch(/and after [\d.]+ ms it is sure: it stands\./);
    expect(stdout).toContain('216 of its 288 neurons die;');
    const [, cut, grown] = /cuts (\d+) synapses of the dead and grows (\d+) between the living;/
      .exec(stdout)!
      .map(Number);
    expect(cut).toBeGreaterThan(216 * 48 - 1);
    // All pairs of 72 living neurons at most.
    expect(grown).toBeGreaterThan(0);
    expect(grown).toBeLessThanOrEqual(72 * 71);
  });
});
