// What is done to all synapses of a projection in the course of a run: the same by other threads, where there are many, as at once.
import {
  homeostasis,
  lif,
  type Projection,
  pairStdp,
  rewiring,
  type SpikingNetwork,
} from 'neuronbus/population';
import { describe, expect, it } from 'vitest';
import type { Projection as Inside } from '../../../lib/population/projection.js';
import { codeOfPromise, makeNet, refusal } from './support.js';

const FEW = [30, 40] as const;
const MANY = [300, 400] as const; // 120,000 synapses

interface Scene {
  readonly net: SpikingNetwork;
  readonly synapses: Projection;
}

/** A rate function is asked at each ms before anything is done to the synapses: `atRest` is called from there. */
function scene(
  [from, to]: readonly [number, number],
  upkeep: object,
  atRest: (scene: Scene) => void = () => {},
): Scene {
  const net = makeNet({ dtMs: 1, seed: 7 });
  const rateHz = () => {
    atRest(made);
    return 200;
  };
  const pre = net.poisson(from, { rateHz, rateIntervalMs: 1 });
  const post = net.population(to, lif({ synapseTauMs: 5 }));
  const synapses = net.connect(pre, post, {
    pattern: 'fixed-probability',
    probability: 0.9,
    weightMv: { uniform: [0, 1] },
    plasticity: pairStdp(),
    ...upkeep,
  });
  const made = { net, synapses };
  return made;
}

/** Bit by bit; toEqual() takes a second for so many. */
function same(one: Float32Array | Uint32Array, other: Float32Array | Uint32Array): boolean {
  const bytes = (array: typeof one) => Buffer.from(array.buffer, array.byteOffset, array.byteLength);
  return bytes(one).equals(bytes(other));
}

const byHand = [
  [
    'homeostasis',
    { homeostasis: homeostasis({ totalWeight: 20, everyMs: 3 }) },
    (s: Projection) => s.normalize(20),
  ],
  [
    'rewiring',
    { rewiring: rewiring({ pruneBelow: 0.2, grow: 'removed', weight: 0.5, everyMs: 3 }) },
    (s: Projection) => s.rewire({ pruneBelow: 0.2, grow: 'removed', weight: 0.5 }),
  ],
  [
    'growth',
    { rewiring: rewiring({ grow: 100, weight: 0.5, everyMs: 3 }) },
    (s: Projection) => s.rewire({ grow: 100, weight: 0.5 }),
  ],
] as const;

describe.each([
  ['few', FEW],
  ['many', MANY],
])('of %s synapses', (_, size) => {
  it.each(byHand)('%s in a run does what it does between runs', async (_, upkeep, hand) => {
    const one = scene(size, upkeep);
    const other = scene(size, {});
    await one.net.run(9);
    for (let i = 0; i < 3; i++) {
      await other.net.run(3);
      hand(other.synapses);
    }
    expect(one.synapses.synapses).toBe(other.synapses.synapses);
    const [{ pre, post }, { pre: otherPre, post: otherPost }] = [
      one.synapses.endpoints,
      other.synapses.endpoints,
    ];
    expect([same(pre, otherPre), same(post, otherPost)]).toEqual([true, true]);
    expect(same(one.synapses.weights, other.synapses.weights)).toBe(true);
  });

  it('a recording has the weights of its moments', async () => {
    const one = scene(size, {});
    const recording = one.net.record(one.synapses, { everyMs: 2 });
    const other = scene(size, {});
    const expected = [other.synapses.weights];
    await one.net.run(6);
    for (let i = 0; i < 3; i++) {
      await other.net.run(2);
      expected.push(other.synapses.weights);
    }
    const { timeMs, values } = recording.weights;
    expect([...timeMs]).toEqual([0, 2, 4, 6]);
    expected.forEach((weights, i) => {
      expect(same(values.subarray(i * weights.length, (i + 1) * weights.length), weights)).toBe(true);
    });
  });
});

describe('a pass in a run', () => {
  const upkeep = byHand[0][1];
  // A microtask of the rate function runs after the pass was begun; if other threads do it, before anybody hears that it is done.
  const during = (size: readonly [number, number], what: (scene: Scene) => void) =>
    scene(size, upkeep, (made) => {
      if (made.net.timeMs === 3) queueMicrotask(() => what(made));
    });
  /** It is due again only once it is done. Without that, what is refused may be so because of the steps that come next. */
  const underWay = ({ net, synapses }: Scene) =>
    (synapses as unknown as Inside).upkeep.homeostasis?.[1].next === net.timeMs;

  it('over few synapses is over at once', async () => {
    const seen: boolean[] = [];
    const { net } = during(FEW, (made) => seen.push(underWay(made)));
    await net.run(6);
    expect(seen).toEqual([false]);
  });

  it('over many is done by other threads: the event loop goes on, and the network computes', async () => {
    const seen: [boolean, string][] = [];
    const { net } = during(MANY, (made) =>
      seen.push([underWay(made), refusal(() => made.synapses.weights, 'ERR_NB_RUNNING')]),
    );
    await net.run(6);
    expect(seen).toEqual([[true, expect.any(String)]]);
  });

  it('may meet the end of the network', async () => {
    const seen: boolean[] = [];
    const { net } = during(MANY, (made) => {
      seen.push(underWay(made));
      made.net.close();
    });
    expect(await codeOfPromise(net.run(6))).toBe('ERR_NB_CLOSED');
    expect(seen).toEqual([true]);
  });

  it('is whole when the run is aborted meanwhile, and comes once', async () => {
    const abort = new AbortController();
    const seen: boolean[] = [];
    const one = during(MANY, (made) => {
      seen.push(underWay(made));
      abort.abort();
    });
    expect(await codeOfPromise(one.net.run(6, { signal: abort.signal }))).toBe('ERR_NB_ABORTED');
    expect(seen).toEqual([true]);
    const other = scene(MANY, upkeep);
    await other.net.run(3);
    expect(one.net.timeMs).toBe(3);
    expect(same(one.synapses.weights, other.synapses.weights)).toBe(true);
    await one.net.run(6);
    await other.net.run(6);
    expect(same(one.synapses.weights, other.synapses.weights)).toBe(true);
  });
});
