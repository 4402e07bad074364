// Running: progress, ends before the end, what may be done meanwhile, and that results depend on nothing but the seed.
import { lif, NeuronBusError, pairStdp, type SpikingNetworkOptions } from 'neuronbus/population';
import { describe, expect, it } from 'vitest';
import { codeOfPromise, makeNet, pairs, refusal, turn } from './support.js';

/** Noise into neurons that excite each other, with everything that draws random numbers. */
function busy(options: SpikingNetworkOptions = {}) {
  const net = makeNet({ dtMs: 0.5, seed: 7, ...options });
  const noise = net.poisson(200, { rateHz: 40 });
  const out = net.population(100, lif(), { initial: { potentialMv: { uniform: [-70, -55] } } });
  const plasticity = pairStdp({ aPlus: 0.05, wMax: 4 });
  const learning = net.connect(noise, out, {
    pattern: 'fixed-probability',
    probability: 0.3,
    weightMv: { uniform: [2, 4] },
    delayMs: { uniform: [1, 5] },
    plasticity,
  });
  net.connect(out, out, { pattern: 'fixed-in-degree', degree: 10, weightMv: -1, delayMs: 1.5 });
  const recording = net.record(out);
  const outcome = () => [pairs(recording.spikes), [...learning.weights], [...out.state('potentialMv')]];
  return { net, out, learning, outcome };
}

describe('run', () => {
  it('says what it ran, and goes on where it ended', async () => {
    const { net } = busy();
    const { wallMs, ...first } = await net.run(12.5);
    expect(first).toEqual({ ranMs: 12.5, steps: 25, timeMs: 12.5 });
    expect(wallMs).toBeGreaterThan(0);
    expect(await net.run(0)).toMatchObject({ ranMs: 0, steps: 0, timeMs: 12.5 });
    expect((await net.run(1)).timeMs).toBe(13.5);
    expect(net.timeMs).toBe(13.5);
  });

  it('gives the same for any number of threads, and however it is divided', async () => {
    const whole = busy();
    await whole.net.run(400);
    const expected = whole.outcome();
    expect((expected[0] as unknown[]).length).toBeGreaterThan(100);
    const threads = busy({ threads: 3 });
    await threads.net.run(400);
    expect(threads.outcome()).toEqual(expected);
    const divided = busy();
    for (const ms of [0.5, 99.5, 1, 299]) await divided.net.run(ms, { sliceMs: 0.1 });
    expect(divided.outcome()).toEqual(expected);
    const other = busy({ seed: 8 });
    await other.net.run(400);
    expect(other.outcome()).not.toEqual(expected);
  });

  it('tells its progress, and at last that all is done', async () => {
    const { net } = busy();
    await net.run(10);
    const told: number[] = [];
    let last = {};
    await net.run(3000, {
      sliceMs: 0.5,
      onProgress: (progress) => {
        told.push(progress.ranMs);
        last = progress;
      },
    });
    expect(told).toEqual([...told].sort((a, b) => a - b));
    expect(told.length).toBeGreaterThan(2);
    expect(last).toEqual({ timeMs: 3010, ranMs: 3000, totalMs: 3000 });
  });

  it('leaves the event loop to others', async () => {
    const { net } = busy();
    let turns = 0;
    let done = false;
    const run = net.run(3000).finally(() => {
      done = true;
    });
    while (!done) {
      await turn();
      turns++;
    }
    await run;
    expect(turns).toBeGreaterThan(10);
  });

  it.each([
    [-1, 'ms is -1'],
    [Number.NaN, 'ms is NaN'],
    [Number.POSITIVE_INFINITY, 'ms is Infinity'],
    [0.3, 'ms is 0.3'],
    ['10', 'ms is "10"'],
  ])('%j ms are refused before anything runs', async (ms, message) => {
    const { net } = busy();
    await expect(net.run(ms as number)).rejects.toThrow(message);
    expect(net.timeMs).toBe(0);
  });

  it.each([
    [{ sliceMs: 0 }, 'sliceMs is 0'],
    [{ onProgress: 1 }, 'onProgress is 1'],
    [{ signal: {} }, 'signal is an object'],
    [{ slice: 1 }, 'slice'],
  ])('%j is refused by name', async (options, message) => {
    await expect(busy().net.run(1, options as object)).rejects.toThrow(message);
  });
});

describe('a run that is aborted', () => {
  it('rejects with ERR_NB_ABORTED, with the reason, at a step boundary, and can be continued to the same end', async () => {
    const whole = busy();
    await whole.net.run(2000);
    const { net, outcome } = busy();
    const control = new AbortController();
    const reason = new Error('enough');
    const error: unknown = await net
      .run(2000, { signal: control.signal, sliceMs: 0.2, onProgress: () => control.abort(reason) })
      .catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(NeuronBusError);
    expect(error).toMatchObject({ code: 'ERR_NB_ABORTED', cause: reason });
    expect(net.running).toBe(false);
    expect(net.timeMs).toBeGreaterThan(0);
    expect(net.timeMs).toBeLessThan(2000);
    await net.run(2000 - net.timeMs);
    expect(outcome()).toEqual(whole.outcome());
  });

  it('before it began has run nothing', async () => {
    const { net } = busy();
    expect(await codeOfPromise(net.run(100, { signal: AbortSignal.abort() }))).toBe('ERR_NB_ABORTED');
    expect(net.timeMs).toBe(0);
  });

  it('ends in the middle of a slice', async () => {
    const { net } = busy();
    const control = new AbortController();
    const run = net.run(1e9, { signal: control.signal, sliceMs: 1000 });
    setTimeout(() => control.abort(), 20);
    expect(await codeOfPromise(run)).toBe('ERR_NB_ABORTED');
    expect(net.timeMs % 0.5).toBe(0);
  });
});

describe('while it runs', () => {
  it('a second run and every touch are refused, but time can be asked', async () => {
    const { net, out, learning } = busy();
    const run = net.run(500);
    expect(net.running).toBe(true);
    expect(await codeOfPromise(net.run(1))).toBe('ERR_NB_RUNNING');
    for (const touch of [
      () => net.population(1, lif()),
      () => net.connect(out, out, { pattern: 'one-to-one', weightMv: 1 }),
      () => net.record(out),
      () => net.save('never written'),
      () => net.reward(1),
      () => out.kill([0]),
      () => out.state('potentialMv'),
      () => out.setState('potentialMv', -70),
      () => out.alive,
      () => learning.weights,
      () => learning.setWeights(0),
      () => learning.rewire(),
    ]) {
      expect(refusal(touch, 'ERR_NB_RUNNING')).toContain('run()');
    }
    expect(net.timeMs).toBeGreaterThanOrEqual(0);
    expect((await run).timeMs).toBe(500);
    expect(net.running).toBe(false);
    expect(net.populations.length).toBe(2);
  });

  it('onProgress may look and change, but not run', async () => {
    const { net, out } = busy();
    let refused = '';
    await net.run(1000, {
      sliceMs: 0.2,
      onProgress: ({ timeMs }) => {
        if (out.killed.length === 0) {
          out.kill([5]);
          expect(net.timeMs).toBe(timeMs);
          codeOfPromise(net.run(1)).then((code) => {
            refused = code;
          });
        }
      },
    });
    expect([...out.killed]).toEqual([5]);
    expect(refused).toBe('ERR_NB_RUNNING');
  });

  it('what onProgress throws ends the run, which can go on', async () => {
    const { net } = busy();
    const onProgress = () => {
      throw new RangeError('mine');
    };
    await expect(net.run(1000, { sliceMs: 0.2, onProgress })).rejects.toThrow('mine');
    expect(net.running).toBe(false);
    await net.run(1);
  });

  it('atRest() gets its turn between slices, and at once when nothing runs', async () => {
    const { net, out } = busy();
    expect(await net.atRest(() => net.timeMs)).toBe(0);
    const run = net.run(2000, { sliceMs: 0.5 });
    const at = await net.atRest(() => {
      out.kill([1, 2]);
      return net.timeMs;
    });
    expect(at).toBeLessThan(2000);
    await expect(net.atRest(() => out.kill([1000]))).rejects.toThrow('indices[0] is 1000');
    await run;
    expect([...out.killed]).toEqual([1, 2]);
  });

  it('close() ends it', async () => {
    const { net, out } = busy();
    const run = net.run(1e9);
    await turn();
    net.close();
    net.close();
    expect(await codeOfPromise(run)).toBe('ERR_NB_CLOSED');
    expect(net.closed).toBe(true);
    for (const touch of [() => net.timeMs, () => out.alive, () => net.record(out), () => net.save('x')])
      refusal(touch, 'ERR_NB_CLOSED');
    expect(await codeOfPromise(net.run(1))).toBe('ERR_NB_CLOSED');
    expect(await codeOfPromise(net.atRest(() => out.alive))).toBe('ERR_NB_CLOSED');
  });
});

it('networks run beside each other', async () => {
  const nets = [busy(), busy(), busy({ threads: 2 }), busy()];
  await Promise.all(nets.map(({ net }) => net.run(300)));
  const [first, ...others] = nets.map(({ outcome }) => outcome());
  for (const other of others) expect(other).toEqual(first);
});

it('says what it computes with', () => {
  expect(['scalar', 'avx2', 'avx512', 'neon']).toContain(makeNet().kernels);
});
