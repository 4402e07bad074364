// Work of other threads that fails in the course of a run: the run says so, and whoever waited for it to rest is not forgotten.
import { homeostasis, lif } from 'neuronbus/population';
import { expect, it } from 'vitest';
import { codeOfPromise, makeNet, turn } from './support.js';

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
