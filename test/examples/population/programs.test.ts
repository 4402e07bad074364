// The programs as people run them: they say what came out, draw it, and refuse what they do not understand.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runExample } from '../run.js';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'neuronbus-population-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

describe.each([
  [
    'song_2000',
    ['Two modes in 1 of 1 runs with additive bounds, in 0 of 1 with multiplicative ones.'],
    ['song-additive.svg', 'song-multiplicative.svg'],
  ],
  [
    'masquelier_2008',
    ['Found in 1 of 1 runs, 100 % (95 % interval 21 % to 100 %); the paper reports 96 %.'],
    ['masquelier-latency.svg', 'masquelier-learning.svg', 'masquelier-weights.svg'],
  ],
  ['two_choice', ['of the last 100 trials (chance: 50 %).'], ['two-choice.svg']],
])('%s', (name, said, drawn) => {
  it('in its short form reaches what it is about, and draws it', async () => {
    const out = join(folder, name);
    const { code, stdout, stderr } = await runExample(`population/${name}`, ['--quick', '--out', out]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    for (const words of said) expect(stdout).toContain(words);
    expect(readdirSync(out).toSorted()).toEqual(drawn);
    for (const file of drawn) expect(readFileSync(join(out, file), 'utf8')).toMatch(/^<svg[^>]*>/);
  });

  it.each([
    [['--runs', '0'], "--runs must be an integer from 1 to 2147483647, not '0'\n"],
    [['--seed', 'x'], "--seed must be an integer from 0 to 2147483647, not 'x'\n"],
  ])('refuses %j', async (args, stderr) => {
    expect(await runExample(`population/${name}`, args)).toEqual({ code: 2, stdout: '', stderr });
  });
});
