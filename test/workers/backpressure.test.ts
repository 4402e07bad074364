// Full rings between threads: every mode keeps its promise, and every spike is accounted for.
import { type Backpressure, NeuronBus, type NeuronBusOptions } from 'neuronbus';
import { describe, expect, it } from 'vitest';
import { HANG_MS } from '../hang.js';
import { type Colony, Counter, codeOf, colony, dropped, quiet, sleep } from './support.js';

const WORKERS = 2;
const SPIKES = 20_000;
const MODES: Backpressure[] = ['drop-newest', 'drop-oldest', 'fail', 'block', 'sample'];

/** Fires at `target` without a pause; what became of it as fire() said. The first of a worker's neurons is the sender. */
function flood(there: Colony, index: number, target: number, count: number, payload?: string) {
  return there.on(
    index,
    ({ bus, state, Counter }, { target, count, payload }) => {
      state.counter ??= new Counter();
      state.id ??= bus.register(state.counter, { name: 'flooder' });
      const result = { accepted: 0, refused: 0, full: 0, other: '' };
      for (let i = 0; i < count; i++) {
        try {
          if (bus.fire(state.id, payload === undefined ? { target } : { target, payload })) result.accepted++;
          else result.refused++;
        } catch (error) {
          const { code } = error as { code: string };
          if (code === 'ERR_NB_FULL') result.full++;
          else result.other = code;
        }
      }
      return result;
    },
    { target, count, payload },
  );
}

async function scene(backpressure: Backpressure, more: NeuronBusOptions = {}) {
  const there = await colony(WORKERS, { backpressure, axonCapacity: 64, blockMs: 2000, ...more });
  const counter = new Counter();
  return { there, bus: there.bus, counter, id: there.bus.register(counter, { name: 'counter' }) };
}

describe.each(MODES)('%s', (mode) => {
  it('from workers: published = delivered + dropped, and nothing is queued once it is quiet', async () => {
    const { there, bus, counter, id } = await scene(mode);
    const results = await Promise.all([0, 1].map((index) => flood(there, index, id, SPIKES)));
    const { published, delivered, dropped: reasons } = await quiet(bus);
    const sum = (key: 'accepted' | 'refused' | 'full') =>
      results.reduce((total, result) => total + result[key], 0);
    expect(results.map(({ other }) => other)).toEqual(['', '']);
    expect([published, delivered]).toEqual([WORKERS * SPIKES, counter.count]);
    expect(counter.count).toBe(sum('accepted') - reasons.oldest);
    expect(sum('refused')).toBe(mode === 'fail' ? 0 : reasons.full + reasons.sampled + reasons.deadline);
    expect(sum('full')).toBe(mode === 'fail' ? reasons.full : 0);
    const allowed: Record<Backpressure, string[]> = {
      'drop-newest': ['full'],
      'drop-oldest': ['oldest'],
      fail: ['full'],
      block: ['deadline'],
      sample: ['full', 'sampled'],
    };
    for (const [reason, count] of Object.entries(reasons)) {
      if (!allowed[mode].includes(reason)) expect([reason, count]).toEqual([reason, 0]);
    }
  });

  it('in both directions at once, with long payloads, gives every block back', async () => {
    const { there, bus, counter, id } = await scene(mode, { blockMs: 1 });
    const payload = 'long '.repeat(20);
    const targets = await Promise.all(
      [0, 1].map((index) =>
        flood(there, index, id, 0).then(() => there.on(index, ({ state }) => state.id as number)),
      ),
    );
    const blocks = bus.stats().arena.blocks;
    const flooding = [0, 1].map((index) => flood(there, index, id, 3000, payload));
    let failed = 0;
    for (let i = 0; i < 3000; i++) {
      for (const target of targets) {
        const code = await codeOf(() => bus.fire(id, { target, payload }));
        if (code === 'ERR_NB_FULL') failed++;
        else expect(code).toBe('no error');
      }
      if (i % 100 === 99) await sleep(0);
    }
    const other = (await Promise.all(flooding)).map(({ other }) => other);
    expect(other).toEqual(['', '']);
    const stats = await quiet(bus);
    const counts = await Promise.all(
      [0, 1].map((i) => there.on(i, ({ state }) => state.counter.count as number)),
    );
    expect(stats.published).toBe(4 * 3000);
    expect(stats.delivered).toBe(counter.count + counts[0]! + counts[1]!);
    expect(failed).toBeLessThanOrEqual(stats.dropped.full);
    expect(dropped(stats)).toBe(4 * 3000 - stats.delivered);
    await there.on(0, ({ bus }) => void bus.stats()); // whoever has blocks to take back does
    expect(bus.stats().arena.blocks).toBe(blocks);
  });
});

describe('block', () => {
  it.each([2, 16, 64])(
    'loses nothing while the receiver keeps up, however small the ring (%j)',
    async (axonCapacity) => {
      // Who waits for room wakes who makes it: nobody comes by of himself, so a wake-up that is lost hangs.
      const { there, bus, counter, id } = await scene('block', {
        axonCapacity,
        blockMs: HANG_MS,
        plasticity: { sweepIntervalMs: 1e9 },
      });
      await Promise.all([0, 1].map((index) => flood(there, index, id, 2000)));
      const stats = await quiet(bus);
      expect([counter.count, stats.dropped.deadline]).toEqual([4000, 0]);
    },
  );

  it('gives up after blockMs when the receiver sleeps, and says so', async () => {
    const { there, bus, counter, id } = await scene('block', { blockMs: 30 });
    bus.stop();
    const { accepted, refused } = await flood(there, 0, id, 66);
    expect([accepted, refused]).toEqual([64, 2]);
    expect(bus.stats().dropped.deadline).toBe(2);
    bus.tick();
    expect(counter.count).toBe(64);
    await quiet(bus);
  });
});

/** What a handler computes, lest it keep up with one that only fires. */
const WORK = 300;

/** Stops its bus when it gets more than so many spikes before anything else of its thread has a turn. */
class Drowning extends Counter {
  static readonly LIMIT = 1_000_000;
  since = 0;
  work = 0;
  drowned = false;
  readonly #bus: NeuronBus;

  constructor(bus: NeuronBus) {
    super();
    this.#bus = bus;
  }

  override onSpike(): void {
    super.onSpike();
    for (let i = 0; i < WORK; i++) this.work = Math.imul(this.work, 3) + i;
    if (++this.since < Drowning.LIMIT) return;
    this.drowned = true;
    this.#bus.stop();
  }
}

describe('a flood from three workers', () => {
  it.each<NeuronBusOptions>([{}, { backpressure: 'block', blockMs: 1 }, { waitStrategy: 'spin' }])(
    'leaves the timers of the receiving thread their turn %j',
    async (options) => {
      const there = await colony(3, { axonCapacity: 1 << 10, ...options });
      const counter = new Drowning(there.bus);
      const id = there.bus.register(counter, { name: 'counter' });
      for (const index of [0, 1, 2]) {
        await there.on(
          index,
          ({ bus, state, Counter }, target) => {
            const own = bus.register(new Counter(), { name: 'flooder' });
            state.stop = false;
            const burst = () => {
              for (let i = 0; i < 10_000; i++) bus.fire(own, { target });
              if (!state.stop) setImmediate(burst);
            };
            burst();
          },
          id,
        );
      }
      let turns = 0;
      await new Promise<void>((resolve) => {
        const interval = setInterval(() => {
          counter.since = 0;
          if (!counter.drowned && (++turns < 100 || counter.count < 10_000)) return;
          clearInterval(interval);
          resolve();
        }, 5);
      });
      expect(counter.drowned).toBe(false);
      await Promise.all(
        [0, 1, 2].map((index) => there.on(index, ({ state }) => Object.assign(state, { stop: true }).stop)),
      );
      const { published, delivered } = await quiet(there.bus);
      expect(delivered).toBe(counter.count);
      expect(published).toBeGreaterThanOrEqual(delivered);
    },
  );
});

it('two buses of one process keep their accounts apart', async () => {
  const { there, bus, id } = await scene('drop-newest');
  const other = NeuronBus.create();
  await flood(there, 0, id, 1000);
  expect((await quiet(bus)).published).toBe(1000);
  expect(other.stats().published).toBe(0);
  other.close();
});
