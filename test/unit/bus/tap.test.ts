// Taps on the traffic of one thread: what they show, what they count, and how they end. Other threads: test/stress/tap.test.ts.
import { BROADCAST, NeuronBus, type Spike, SpikeType, type TapOptions } from 'neuronbus';
import { describe, expect, it } from 'vitest';
import { collectGarbage } from '../../support.js';
import { add, codeOf, makeBus, messageOf, pattern } from './support.js';

const MINUTE = 60_000;

/** A tap with a callback that looks only when it is told to. */
function collect(bus: NeuronBus, options: TapOptions = {}) {
  const spikes: Spike[] = [];
  const tap = bus.tap({ intervalMs: MINUTE, ...options }, (spike) => spikes.push(spike));
  const texts = () => {
    tap.poll();
    return spikes.map((spike) => spike.text());
  };
  return { tap, spikes, texts };
}

describe('a tap', () => {
  it('shows what is fired from then on, with all fields', () => {
    const bus = makeBus();
    const [a, b] = [add(bus), add(bus)];
    bus.fire(a.id, { target: b.id, payload: 'before' });
    bus.tick();
    const { tap, spikes, texts } = collect(bus);
    bus.clock.advance(1);
    bus.fire(a.id, { target: b.id, payload: 'one', priority: 7, type: SpikeType.Inhibitory });
    bus.fire(b.id, { target: a.id, payload: 'two' });
    bus.tick();
    expect(texts()).toEqual(['one', 'two']);
    expect(spikes[0]!.toJSON()).toEqual(b.spikes[1]!.toJSON());
    expect({ seen: tap.seen, lost: tap.lost, closed: tap.closed }).toEqual({
      seen: 2,
      lost: 0,
      closed: false,
    });
    expect(tap.poll()).toBe(0);
  });

  it('shows a spike once it is visible in the ring, not before', () => {
    const bus = makeBus();
    const a = add(bus);
    const { texts } = collect(bus);
    bus.fire(a.id, { target: a.id, payload: 'x' });
    expect(texts()).toEqual([]);
    bus.tick();
    expect(texts()).toEqual(['x']);
  });

  it('shows a broadcast once', () => {
    const bus = makeBus();
    const [a, b, c] = [add(bus), add(bus), add(bus)];
    for (const to of [b, c]) bus.connect(a.id, to.id).weight(1).build();
    const { spikes, texts } = collect(bus);
    bus.fire(a.id, { payload: 'all' });
    bus.tick();
    expect(texts()).toEqual(['all']);
    expect(spikes[0]!.target).toBe(BROADCAST);
    expect(b.spikes.length + c.spikes.length).toBe(2);
  });

  it('looks by itself every intervalMs', async () => {
    const bus = makeBus();
    const a = add(bus);
    const seen = new Promise<Spike>((resolve) => bus.tap({ intervalMs: 1 }, resolve));
    bus.fire(a.id, { target: a.id, payload: 'soon' });
    bus.tick();
    expect((await seen).text()).toBe('soon');
  });

  it('changes nothing that the bus counts', () => {
    const run = (tapped: boolean) => {
      const bus = makeBus();
      const [a, b] = [add(bus), add(bus, (spike, handle) => void handle.reply(spike, 'ok'))];
      const { texts } = tapped ? collect(bus) : { texts: () => [] };
      for (let i = 0; i < 100; i++) {
        bus.fire(a.id, { target: b.id, payload: pattern(i, i) });
        if (i % 7 === 0) bus.tick();
        if (i % 13 === 0) texts();
      }
      const { uptimeNs: _, ...stats } = bus.stats();
      return stats;
    };
    expect(run(true)).toEqual(run(false));
  });
});

describe('the filter', () => {
  it('takes source, target and type, and all of them together', () => {
    const bus = makeBus();
    const [a, b] = [add(bus), add(bus)];
    bus.connect(a.id, b.id).weight(1).build();
    const taps = {
      fromA: collect(bus, { source: a.id }),
      toA: collect(bus, { target: a.id }),
      broadcasts: collect(bus, { target: BROADCAST }),
      modulatory: collect(bus, { type: SpikeType.Modulatory }),
      both: collect(bus, { source: a.id, target: b.id, type: SpikeType.Excitatory }),
      undefined: collect(bus, { source: undefined, region: undefined }),
    };
    bus.fire(a.id, { target: b.id, payload: 'ab' });
    bus.fire(b.id, { target: a.id, payload: 'ba' });
    bus.fire(a.id, { payload: 'a*' });
    bus.fire(a.id, { target: b.id, payload: 'ab-modulatory', type: SpikeType.Modulatory });
    bus.tick();
    expect(Object.fromEntries(Object.entries(taps).map(([name, { texts }]) => [name, texts()]))).toEqual({
      fromA: ['ab', 'a*', 'ab-modulatory'],
      toA: ['ba'],
      broadcasts: ['a*'],
      modulatory: ['ab-modulatory'],
      both: ['ab'],
      undefined: ['ab', 'ba', 'a*', 'ab-modulatory'],
    });
    expect(taps.fromA.tap.seen).toBe(3);
  });

  it('takes a region of source or target, with all below it', () => {
    const bus = makeBus();
    const core = add(bus, undefined, { regions: ['app/core'] });
    const application = add(bus, undefined, { regions: ['application'] });
    const nowhere = add(bus);
    const app = collect(bus, { region: 'app' });
    const exact = collect(bus, { region: 'app/core' });
    const below = collect(bus, { region: 'app/core/x' });
    const send = (from: number, target: number, payload: string) => bus.fire(from, { target, payload });
    send(core.id, nowhere.id, 'from');
    send(nowhere.id, core.id, 'to');
    send(application.id, nowhere.id, 'other');
    bus.fire(core.id, { payload: 'broadcast' });
    bus.tick();
    expect(app.texts()).toEqual(['from', 'to', 'broadcast']);
    expect(exact.texts()).toEqual(['from', 'to', 'broadcast']);
    expect(below.texts()).toEqual([]);
    const late = add(bus, undefined, { regions: ['app/core/x'] });
    send(nowhere.id, late.id, 'late');
    bus.tick();
    expect(below.texts()).toEqual(['late']);
  });

  it('samples: the first of those that match and every n-th after it', () => {
    const bus = makeBus();
    const [a, b] = [add(bus), add(bus)];
    const { tap, texts } = collect(bus, { source: a.id, sample: 4 });
    for (let i = 0; i < 10; i++) {
      bus.fire(a.id, { target: b.id, payload: `${i}` });
      bus.fire(b.id, { target: a.id, payload: 'no' });
    }
    bus.tick();
    expect(texts()).toEqual(['0', '4', '8']);
    expect({ seen: tap.seen, lost: tap.lost }).toEqual({ seen: 10, lost: 0 });
  });

  it.each<[string, unknown]>([
    ['options', null],
    ['options', 'x'],
    ['colour', { colour: 1 }],
    ['region', { region: '' }],
    ['region', { region: 'a//b' }],
    ['region', { region: 5 }],
    ['source', { source: -1 }],
    ['source', { source: BROADCAST }],
    ['source', { source: '1' }],
    ['target', { target: 65534 }],
    ['target', { target: 1.5 }],
    ['type', { type: 4 }],
    ['sample', { sample: 0 }],
    ['sample', { sample: 0.5 }],
    ['sample', { sample: Number.NaN }],
    ['intervalMs', { intervalMs: 0 }],
    ['intervalMs', { intervalMs: 2 ** 31 }],
    ['queue', { queue: 0 }],
    ['queue', { queue: 1.5 }],
    ['signal', { signal: {} }],
  ])('refuses a wrong %s: %j', (name, options) => {
    const bus = makeBus();
    expect(codeOf(() => bus.tap(options as TapOptions))).toBe('ERR_NB_INVALID_ARGUMENT');
    expect(messageOf(() => bus.tap(options as TapOptions))).toContain(name);
  });

  it('refuses a callback that is none, and a closed bus', () => {
    const bus = makeBus();
    expect(codeOf(() => bus.tap({}, 5 as never))).toBe('ERR_NB_INVALID_ARGUMENT');
    bus.close();
    expect(codeOf(() => bus.tap())).toBe('ERR_NB_CLOSED');
  });
});

describe('what a tap misses', () => {
  it('is counted exactly: seen + lost is what was published', () => {
    const bus = makeBus({ axonCapacity: 8 });
    const a = add(bus);
    const { tap, spikes, texts } = collect(bus);
    for (let round = 0; round < 25; round++) {
      for (let i = 0; i < 4; i++) bus.fire(a.id, { target: a.id, payload: `${round * 4 + i}` });
      bus.tick();
      if (round % 10 === 9) texts();
    }
    const last = texts().at(-1);
    expect(last).toBe('99');
    expect(tap.lost).toBeGreaterThan(0);
    expect(tap.seen + tap.lost).toBe(bus.stats().published);
    expect(spikes.length).toBe(tap.seen);
  });

  it('includes what found the queue of the iterator full', async () => {
    const bus = makeBus();
    const a = add(bus);
    const tap = bus.tap({ queue: 3, intervalMs: MINUTE });
    for (let i = 0; i < 10; i++) bus.fire(a.id, { target: a.id, payload: `${i}` });
    bus.tick();
    expect(tap.poll()).toBe(10);
    expect({ seen: tap.seen, lost: tap.lost }).toEqual({ seen: 10, lost: 7 });
    const texts = [await tap.next(), await tap.next(), await tap.next()].map(({ value }) => value!.text());
    expect(texts).toEqual(['0', '1', '2']);
    bus.fire(a.id, { target: a.id, payload: 'again' });
    bus.tick();
    expect((await tap.next()).value!.text()).toBe('again');
  });

  it('a long payload is there until its block is used again, then reading it is ERR_NB_STALE_REFERENCE', () => {
    const bus = makeBus({ arenaCapacity: 1 << 16 });
    const a = add(bus);
    const { spikes, tap } = collect(bus);
    const send = (salt: number) => {
      bus.fire(a.id, { target: a.id, payload: pattern(500, salt) });
      bus.tick();
    };
    send(1);
    bus.run(2); // the last batch gives its blocks back with the next one
    tap.poll();
    expect(spikes[0]!.bytes()).toEqual(pattern(500, 1));
    send(2);
    for (let salt = 3; salt < 50; salt++) send(salt);
    expect(spikes[0]!.bytes()).toEqual(pattern(500, 1)); // a copy
    tap.poll();
    const good: number[] = [];
    for (const [i, spike] of spikes.entries()) {
      expect(spike.length).toBe(500);
      if (codeOf(() => spike.bytes()) === 'no error') {
        expect(spike.bytes()).toEqual(pattern(500, i + 1));
        good.push(i);
      }
    }
    expect(spikes.length).toBe(49);
    expect(good.at(-1)).toBe(48);
    expect(good.length).toBeLessThan(49);
    const gone = spikes[1]!;
    for (const read of ['bytes', 'text', 'json', 'clone'] as const)
      expect(codeOf(() => gone[read]())).toBe('ERR_NB_STALE_REFERENCE');
    expect(codeOf(() => bus.fire(a.id, gone))).toBe('ERR_NB_STALE_REFERENCE');
    expect({ source: gone.source, target: gone.target }).toEqual({ source: a.id, target: a.id });
    bus.close();
    expect(spikes[0]!.bytes()).toEqual(pattern(500, 1));
    expect(codeOf(() => gone.bytes())).toBe('ERR_NB_STALE_REFERENCE');
  });

  it('a payload of several chunks is gone with its release', () => {
    const bus = makeBus();
    const a = add(bus, () => void tap.poll());
    const { spikes, tap } = collect(bus);
    for (const salt of [1, 2]) bus.fire(a.id, { target: a.id, payload: pattern(20_000, salt) });
    bus.tick();
    expect(spikes.map((spike) => spike.bytes())).toEqual([pattern(20_000, 1), pattern(20_000, 2)]);
    const late = collect(bus);
    bus.fire(a.id, { target: a.id, payload: pattern(20_000, 3) });
    tap.close();
    bus.run(2);
    late.tap.poll();
    expect(codeOf(() => late.spikes[0]!.bytes())).toBe('ERR_NB_STALE_REFERENCE');
    expect(late.spikes[0]!.length).toBe(20_000);
  });
});

describe('the callback of a tap', () => {
  it('may fire, tick and close the tap', () => {
    const bus = makeBus();
    const a = add(bus);
    const texts: string[] = [];
    const tap = bus.tap({ intervalMs: MINUTE }, (spike) => {
      texts.push(spike.text());
      if (texts.length === 1) bus.fire(a.id, { target: a.id, payload: 'answer' });
      bus.tick();
      if (texts.length === 3) tap.close();
    });
    for (let i = 0; i < 3; i++) bus.fire(a.id, { target: a.id, payload: `${i}` });
    bus.tick();
    tap.poll();
    expect(texts).toEqual(['0', '1', '2']);
    expect(tap.closed).toBe(true);
  });

  it('may close the bus', () => {
    const bus = makeBus();
    const a = add(bus);
    let calls = 0;
    const tap = bus.tap({ intervalMs: MINUTE }, () => {
      calls++;
      bus.close();
    });
    for (let i = 0; i < 40; i++) bus.fire(a.id, { target: a.id });
    bus.tick();
    tap.poll();
    expect({ calls, closed: tap.closed }).toEqual({ calls: 1, closed: true });
  });

  it("that throws is an 'error' of neuron -1, and the tap goes on", () => {
    const bus = makeBus();
    const a = add(bus);
    const failures: unknown[] = [];
    bus.on('error', (error, { neuron }) => failures.push([(error as Error).message, neuron]));
    const tap = bus.tap({ intervalMs: MINUTE }, (spike) => {
      throw new Error(spike.text());
    });
    for (const payload of ['x', 'y']) bus.fire(a.id, { target: a.id, payload });
    bus.tick();
    expect(tap.poll()).toBe(2);
    expect(failures).toEqual([
      ['x', -1],
      ['y', -1],
    ]);
  });
});

it('a tap does not keep a bus that is forgotten', async () => {
  const forget = () => {
    const bus = NeuronBus.create({ clock: 'virtual' });
    bus.tap({ intervalMs: 1 }, () => {});
    void bus.tap({ intervalMs: 1 }).next();
    return new WeakRef(bus);
  };
  const forgotten = forget();
  for (let tries = 0; forgotten.deref() !== undefined && tries < 100; tries++) {
    await new Promise((resolve) => setTimeout(resolve, 2));
    collectGarbage();
  }
  expect(forgotten.deref()).toBeUndefined();
});
