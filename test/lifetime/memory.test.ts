// What buses leave behind: nothing, whether they were closed, forgotten, or worked for long.
import { describe, expect, it } from 'vitest';
import { clean, run } from './child.js';

interface Report {
  grownMiB: number;
  mappings: number;
  collected: number;
  missing: number;
  blocks: number;
  warnings: string[];
}

async function report(program: string, ...args: string[]): Promise<Report> {
  const ending = await run(program, ...args);
  expect(ending).toEqual(clean(ending.output));
  return JSON.parse(ending.output) as Report;
}

// 3,000 buses of the default sizes touch some gigabytes. What a heap keeps for later is far below this.
const NOISE_MIB = 40;

describe('memory', () => {
  it('of buses that were closed is given back', async () => {
    const { grownMiB, mappings, warnings } = await report('create_close');
    expect(grownMiB).toBeLessThan(NOISE_MIB);
    expect(mappings).toBeLessThan(50);
    expect(warnings).toEqual([]);
  });

  it('of buses that were forgotten without close() is given back when they are collected', async () => {
    const { collected, grownMiB, mappings } = await report('abandon');
    expect(collected).toBeGreaterThan(1100);
    expect(grownMiB).toBeLessThan(NOISE_MIB);
    expect(mappings).toBeLessThan(400); // the heap's own come and go
  });

  it.each(['development', 'production'])('does not grow with the number of spikes in %s', async (checks) => {
    const { grownMiB, missing, blocks } = await report('traffic', checks);
    expect(grownMiB).toBeLessThan(NOISE_MIB);
    expect([missing, blocks]).toEqual([0, 1]);
  });
});

it('a million questions, a tenth without an answer in time, leave nothing on the heap', async () => {
  const { output, ...ending } = await run('requests');
  expect({ ...ending, output: '' }).toEqual(clean(''));
  const { grownKiB, ...rest } = JSON.parse(output);
  expect(rest).toEqual({
    answered: 900_000,
    timedOut: 100_000,
    pending: 0,
    waiting: 0,
    late: 0,
    blocks: 0,
    lost: 0,
  });
  expect(grownKiB).toBeLessThan(1024); // one byte for each question
});
