// Competition of synapses: two modes with additive bounds; one with multiplicative ones, so that the test can fail.
import { describe, expect, it } from 'vitest';
import { QUICK_MS, runTrial, shapeOf } from '../../../examples/population/song/experiment.js';

describe('weights of 1,000 Poisson inputs', () => {
  it('part into two modes by additive STDP, the same for the same seed', async () => {
    const result = await runTrial(1, QUICK_MS);
    expect(result.bimodal).toBe(true);
    expect(result.tenths[0]! + result.tenths[9]!).toBeGreaterThan(0.5);
    expect(result.dip).toBeGreaterThan(0.05);
    expect((await runTrial(1, QUICK_MS)).weights).toEqual(result.weights);
    expect((await runTrial(2, QUICK_MS)).weights).not.toEqual(result.weights);
  });

  it('stay together by multiplicative STDP', async () => {
    const result = await runTrial(1, QUICK_MS, 'multiplicative');
    expect(result.bimodal).toBe(false);
    expect(result.probability).toBeGreaterThan(0.05);
    expect(result.tenths[0]! + result.tenths[9]!).toBeLessThan(0.05);
  });
});

describe('the shape', () => {
  it('of weights all over the range is no two modes', () => {
    const even = Float32Array.from({ length: 1000 }, (_, i) => (i + 0.5) / 1000);
    expect(shapeOf(even)).toMatchObject({ bimodal: false });
    expect(shapeOf(even).probability).toBeGreaterThan(0.9);
  });

  it('of one heap at a bound is one mode', () => {
    const heap = Float32Array.from({ length: 1000 }, (_, i) => (i / 1000) ** 4);
    expect(shapeOf(heap).bimodal).toBe(false);
  });
});
