// Work of other threads that does not come to its end in the course of a run: the run says so, and whoever waited for it to rest is
// not forgotten.
import { homeostasis, lif, rewiring } from 'neuronbus/population';
import { expect, it } from 'vitest';
import { ERROR_TABLE } from '../../../lib/memory/error_table.js';
import { Engine } from '../../../lib/population/engine.js';
import type { NativeNetwork } from '../../../lib/population/native_network.js';
import { codeOfPromise, makeNet, refusal, turn } from './support.js';

/** All synapses share one weight. To scale them each needs one of its own: 2^38 of them, a tebibyte. */
function tooMany() {
  const net = makeNet({ dtMs: 1 });
  const pre = net.spikeSource(2 ** 22);
  const post = net.population(2 ** 16, lif());
  net.connect(pre, post, {
    pattern: 'all-to-all',
    weightMv: 1,
    homeostasis: homeostasis({ totalWeight: 1, everyMs: 1 }),
  });
  return { net, post };
}

it('a run ends with what failed, and the network rests', async () => {
  const { net, post } = tooMany();
  expect(await codeOfPromise(net.run(5))).toBe('ERR_NB_NO_MEMORY');
  expect([net.running, net.timeMs]).toEqual([false, 1]);
  post.kill([3]);
  expect([...post.killed]).toEqual([3]);
});

it('atRest() has its turn when what it waited for has failed', async () => {
  const { net, post } = tooMany();
  await codeOfPromise(net.run(1));
  const run = net.run(1); // begins with the scaling that is still due
  const told: string[] = [];
  net.atRest(() => post.kill([3])).then(() => told.push('killed'));
  const refused = codeOfPromise(net.atRest(() => post.kill([2 ** 16])));
  expect(await codeOfPromise(run)).toBe('ERR_NB_NO_MEMORY');
  await turn();
  expect(told).toEqual(['killed']);
  expect(await refused).toBe('ERR_NB_INVALID_ARGUMENT');
});

/** Noise and neurons of a network that is closed at 1 ms, just before its upkeep begins, or as `later` has it. */
function netThatCloses(noise: number, neurons: number, later: (close: () => void) => void) {
  const net = makeNet({ dtMs: 1, seed: 7 });
  const rateHz = (timeMs: number) => {
    if (timeMs === 1) later(() => net.close());
    return 10;
  };
  const pre = net.poisson(noise, { rateHz, rateIntervalMs: 1 });
  return { net, pre, post: net.population(neurons, lif()) };
}

it.each([
  { homeostasis: homeostasis({ totalWeight: 20, everyMs: 1 }) },
  { rewiring: rewiring({ grow: 'removed', pruneBelow: 0.5, weight: 0.5, everyMs: 1 }) },
  { rewiring: rewiring({ grow: 400_000, weight: 0.5, everyMs: 1 }) },
])('what is closed under it ends with the network: %j', async (upkeep) => {
  // A microtask runs before anybody hears that the work is done.
  const { net, pre, post } = netThatCloses(700, 800, queueMicrotask);
  net.connect(pre, post, {
    pattern: 'fixed-probability',
    probability: 0.5,
    weightMv: { uniform: [0, 1] },
    ...upkeep,
  });
  expect(await codeOfPromise(net.run(3))).toBe('ERR_NB_CLOSED');
});

it('what would take hours is over soon when the network is closed', async () => {
  const { net, pre, post } = netThatCloses(1000, 8000, setImmediate); // the work begins before that
  // Whether a pair is free is looked up for each of 30,000 delays, and five million pairs are wanted.
  net.connect(pre, post, {
    pattern: 'fixed-out-degree',
    degree: 70,
    weightMv: 1,
    delayMs: { uniform: [1, 30_000] },
    rewiring: rewiring({ grow: 5_000_000, weight: 1, everyMs: 1 }),
  });
  expect(await codeOfPromise(net.run(3))).toBe('ERR_NB_CLOSED');
});

it('synapses that do not fit are said to be so, and not to be a payload of the bus', () => {
  // As native code throws it; so many take gigabytes.
  const thrown = Object.assign(new Error('native'), {
    status: ERROR_TABLE.TOO_LARGE.number,
    detail: 'connect()',
  });
  const engine = new Engine({} as NativeNetwork, 1, 1, 1);
  const message = refusal(() => {
    engine.call(() => {
      throw thrown;
    });
  }, 'ERR_NB_TOO_LARGE');
  expect(message).toMatch(/^connect\(\)\. .*2\^32 synapses/);
  expect(message).not.toContain('arena');
});
