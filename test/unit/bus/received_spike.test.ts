// The spike in a handler's hands: read in place, valid until the handler returns, an error afterwards.
import { BROADCAST, type Spike, SpikeType } from 'neuronbus';
import { describe, expect, it } from 'vitest';
import { add, codeOf, makeBus, turn } from './support.js';

const readers: [string, (spike: Spike) => unknown][] = [
  ['source', (spike) => spike.source],
  ['target', (spike) => spike.target],
  ['type', (spike) => spike.type],
  ['priority', (spike) => spike.priority],
  ['sequence', (spike) => spike.sequence],
  ['timestamp', (spike) => spike.timestamp],
  ['length', (spike) => spike.length],
  ['bytes()', (spike) => spike.bytes()],
  ['text()', (spike) => spike.text()],
  ['json()', (spike) => spike.json()],
  ['clone()', (spike) => spike.clone()],
];

describe('a spike kept after onSpike in development', () => {
  for (const payload of ['"short"', `"${'long '.repeat(20)}"`]) {
    it.each(readers)(`throws a typed error at %s (payload of ${payload.length} characters)`, (_, read) => {
      const bus = makeBus({ checks: 'development' });
      let kept: Spike | undefined;
      const probe = add(bus, (spike) => {
        kept = spike;
        read(spike);
      });
      bus.fire(probe.id, { target: probe.id, payload });
      bus.tick();
      expect(codeOf(() => read(kept!))).toBe('ERR_NB_STALE_SPIKE');
    });
  }

  it('stays an error when later spikes come, so that nobody reads another message by mistake', () => {
    const bus = makeBus({ checks: 'development' });
    const kept: Spike[] = [];
    const probe = add(bus, (spike) => {
      kept.push(spike);
      for (const earlier of kept.slice(0, -1))
        expect(codeOf(() => earlier.text())).toBe('ERR_NB_STALE_SPIKE');
    });
    for (let i = 0; i < 5; i++) bus.fire(probe.id, { target: probe.id, payload: `${i}` });
    bus.tick();
    expect(kept).toHaveLength(5);
    expect(bus.stats().handlerErrors).toBe(0);
  });

  it('is an error for an async handler after its first await', async () => {
    const bus = makeBus({ checks: 'development' });
    const seen: string[] = [];
    const probe = add(bus, async (spike) => {
      seen.push(spike.text());
      await turn();
      seen.push(codeOf(() => spike.text()));
    });
    bus.fire(probe.id, { target: probe.id, payload: 'now' });
    bus.tick();
    await turn();
    await turn();
    expect(seen).toEqual(['now', 'ERR_NB_STALE_SPIKE']);
  });

  it('is an error also when the handler threw', () => {
    const bus = makeBus({ checks: 'development' });
    bus.on('error', () => {});
    let kept: Spike | undefined;
    const probe = add(bus, (spike) => {
      kept = spike;
      throw new Error('on purpose');
    });
    bus.fire(probe.id, { target: probe.id });
    bus.tick();
    expect(codeOf(() => kept!.source)).toBe('ERR_NB_STALE_SPIKE');
  });

  it('cannot be fired, replied to or shown as if it were valid', () => {
    const bus = makeBus({ checks: 'development' });
    let kept: Spike | undefined;
    const probe = add(bus, (spike) => {
      kept = spike;
    });
    bus.fire(probe.id, { target: probe.id });
    bus.tick();
    expect(codeOf(() => bus.fire(probe.id, kept!))).toBe('ERR_NB_STALE_SPIKE');
    expect(codeOf(() => probe.handle.fire(kept!))).toBe('ERR_NB_STALE_SPIKE');
    expect(codeOf(() => probe.handle.reply(kept!))).toBe('ERR_NB_STALE_SPIKE');
    expect(JSON.stringify(kept)).toBe('{"stale":true}');
    expect(bus.stats()).toMatchObject({ published: 1, queued: 0 });
  });
});

describe('a clone', () => {
  for (const checks of ['development', 'production'] as const) {
    it(`keeps everything, in ${checks}, while the ring and the arena are used again`, () => {
      const bus = makeBus({ checks, axonCapacity: 2 });
      const probe = add(bus);
      const texts = Array.from({ length: 40 }, (_, i) => `${i} `.repeat(i));
      for (const payload of texts) {
        bus.fire(probe.id, { target: probe.id, payload, priority: payload.length % 256 });
        bus.tick();
      }
      expect(probe.texts).toEqual(texts);
      expect(probe.spikes.map((spike) => spike.priority)).toEqual(texts.map((text) => text.length % 256));
      expect(probe.spikes.map((spike) => spike.sequence)).toEqual(texts.map((_, i) => i));
    });
  }

  it('can be cloned, and outlives the bus', () => {
    const bus = makeBus();
    const probe = add(bus);
    bus.fire(probe.id, { target: probe.id, payload: 'x'.repeat(100) });
    bus.tick();
    bus.close();
    expect(probe.spikes[0]!.clone().text()).toBe('x'.repeat(100));
  });
});

describe('in production', () => {
  it('one view serves all hand-overs, so nothing is allocated', () => {
    const bus = makeBus({ checks: 'production' });
    const views = new Set<Spike>();
    const probe = add(bus, (spike) => {
      views.add(spike);
    });
    for (let i = 0; i < 10; i++) {
      bus.fire(probe.id, { target: probe.id, payload: `${i}` });
      if (i % 3 === 0) bus.tick();
    }
    bus.tick();
    expect(views.size).toBe(1);
    expect(probe.texts).toEqual(Array.from({ length: 10 }, (_, i) => `${i}`));
  });

  it('the view is an error as well once the tick is over', () => {
    const bus = makeBus({ checks: 'production' });
    let kept: Spike | undefined;
    const probe = add(bus, (spike) => {
      kept = spike;
    });
    bus.fire(probe.id, { target: probe.id });
    bus.tick();
    expect(codeOf(() => kept!.text())).toBe('ERR_NB_STALE_SPIKE');
  });
});

describe('reading', () => {
  it('a broadcast shows BROADCAST as its target to everybody', () => {
    const bus = makeBus();
    const [a, b] = [add(bus), add(bus)];
    bus.connect(a.id, b.id).build();
    bus.fire(a.id, { type: SpikeType.Modulatory });
    bus.tick();
    expect(b.spikes[0]!.target).toBe(BROADCAST);
  });

  it('bytes() is in place: the same memory for two reads', () => {
    const bus = makeBus();
    let same = false;
    const probe = add(bus, (spike) => {
      const [one, two] = [spike.bytes(), spike.bytes()];
      same = one.buffer === two.buffer && one.byteOffset === two.byteOffset;
    });
    bus.fire(probe.id, { target: probe.id, payload: 'x'.repeat(100) });
    bus.tick();
    expect(same).toBe(true);
  });
});
