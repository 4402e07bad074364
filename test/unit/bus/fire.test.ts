// fire(): what arrives is what was sent, and what is wrong is refused before anything happens.
import { BROADCAST, Spike, SpikeBuilder, type SpikeInit, SpikeType } from 'neuronbus';
import { describe, expect, it } from 'vitest';
import { add, codeOf, expectReconciled, makeBus, messageOf } from './support.js';

function pair(options = {}) {
  const bus = makeBus(options);
  return { bus, a: add(bus), b: add(bus) };
}

describe('what arrives', () => {
  it('is the source, target, type, priority, sequence, payload and time of firing', () => {
    const { bus, a, b } = pair();
    bus.clock.advance(7);
    bus.fire(a.id, {
      target: b.id,
      type: SpikeType.Inhibitory,
      priority: 200,
      sequence: 4_000_000_000,
      payload: 'text',
    });
    bus.clock.advance(5);
    bus.tick();
    expect(b.spikes[0]!.toJSON()).toEqual({
      source: a.id,
      target: b.id,
      type: SpikeType.Inhibitory,
      priority: 200,
      sequence: 4_000_000_000,
      timestamp: 7e6,
      length: 4,
    });
    expect(b.texts).toEqual(['text']);
  });

  it('has the defaults of what was left out: excitatory, priority 0, no payload', () => {
    const { bus, a, b } = pair();
    bus.fire(a.id, { target: b.id });
    bus.tick();
    expect(b.spikes[0]).toMatchObject({ type: 0, priority: 0, length: 0, sequence: 0 });
    expect(b.spikes[0]!.bytes()).toEqual(new Uint8Array(0));
    expect(b.texts).toEqual(['']);
  });

  it.each([SpikeType.Excitatory, SpikeType.Inhibitory, SpikeType.Modulatory])('keeps type %d', (type) => {
    const { bus, a, b } = pair();
    for (const priority of [0, 1, 127, 128, 223, 224, 255]) bus.fire(a.id, { target: b.id, type, priority });
    bus.tick();
    expect(b.spikes.map((spike) => spike.type)).toEqual(Array(7).fill(type));
    expect(b.spikes.map((spike) => spike.priority)).toEqual([0, 1, 127, 128, 223, 224, 255]);
  });

  it('counts sequences per neuron, and a given sequence does not disturb the count', () => {
    const { bus, a, b } = pair();
    bus.fire(a.id, { target: b.id });
    bus.fire(b.id, { target: b.id });
    bus.fire(a.id, { target: b.id, sequence: 77 });
    bus.fire(a.id, { target: b.id });
    bus.tick();
    expect(b.spikes.map(({ source, sequence }) => [source, sequence])).toEqual([
      [a.id, 0],
      [b.id, 0],
      [a.id, 77],
      [a.id, 1],
    ]);
  });

  it('gives sequence numbers only to spikes that were sent', () => {
    const { bus, a, b } = pair({ axonCapacity: 2 });
    for (let i = 0; i < 4; i++) bus.fire(a.id, { target: b.id });
    bus.tick();
    bus.fire(a.id, { target: b.id });
    bus.tick();
    expect(b.spikes.map((spike) => spike.sequence)).toEqual([0, 1, 2]);
  });

  it('can be sent to oneself', () => {
    const { bus, a } = pair();
    bus.fire(a.id, { target: a.id, payload: 'memo' });
    bus.tick();
    expect(a.texts).toEqual(['memo']);
  });

  it('comes in the order of firing, across senders and wraps of the ring', () => {
    const { bus, a, b } = pair({ axonCapacity: 8 });
    const sent: string[] = [];
    for (let i = 0; i < 100; i++) {
      bus.fire(i % 3 === 0 ? b.id : a.id, { target: b.id, payload: `${i}` });
      sent.push(`${i}`);
      if (i % 5 === 4) bus.tick();
    }
    bus.tick();
    expect(b.texts).toEqual(sent);
  });
});

describe('a prepared spike', () => {
  it('of a builder arrives under the name of who fires it, with a new stamp', () => {
    const { bus, a, b } = pair();
    bus.clock.advance(3);
    const builder = new SpikeBuilder()
      .source(9)
      .timestamp(1)
      .target(b.id)
      .type(SpikeType.Modulatory)
      .priority(9)
      .sequence(5)
      .payload('built');
    bus.fire(a.id, builder.build());
    bus.fire(a.id, builder.payload('again'));
    bus.tick();
    expect(b.spikes[0]).toMatchObject({ source: a.id, type: 2, priority: 9, sequence: 5, timestamp: 3e6 });
    expect(b.texts).toEqual(['built', 'again']);
  });

  it('without a target is a broadcast, without a sequence counted', () => {
    const { bus, a, b } = pair();
    bus.connect(a.id, b.id).build();
    expect(new SpikeBuilder().build().target).toBe(BROADCAST);
    bus.fire(a.id, new SpikeBuilder());
    bus.fire(a.id, new SpikeBuilder().build());
    bus.tick();
    expect(b.spikes.map((spike) => spike.sequence)).toEqual([0, 1]);
  });

  it('can be fired any number of times, with a long payload too, and stays as it was', () => {
    const { bus, a, b } = pair();
    const text = 'long '.repeat(100);
    const spike = new SpikeBuilder().target(b.id).payload(text).build();
    for (let i = 0; i < 3; i++) bus.fire(a.id, spike);
    bus.tick();
    expect(b.texts).toEqual([text, text, text]);
    expect([spike.text(), spike.length, spike.source]).toEqual([text, 500, 0]);
  });

  it('may be a clone of one that was received', () => {
    const { bus, a, b } = pair();
    const c = add(bus);
    const text = 'relay '.repeat(20);
    bus.fire(a.id, { target: b.id, payload: text, priority: 3 });
    bus.tick();
    const relayed = new SpikeBuilder()
      .target(c.id)
      .priority(b.spikes[0]!.priority)
      .payload(b.spikes[0]!.bytes());
    bus.fire(b.id, relayed);
    bus.tick();
    expect(c.spikes[0]).toMatchObject({ source: b.id, priority: 3 });
    expect(c.texts).toEqual([text]);
  });
});

describe('json', () => {
  it.each([[null], [0], ['text'], [[1, 'zwei', { drei: 3 }]], [{ a: 'x'.repeat(1000) }]])(
    'carries %j',
    (json) => {
      const { bus, a, b } = pair();
      bus.fire(a.id, { target: b.id, json });
      bus.fire(a.id, new SpikeBuilder().target(b.id).json(json));
      bus.tick();
      expect(b.spikes.map((spike) => spike.json())).toEqual([json, json]);
    },
  );

  it('cannot be given together with a payload', () => {
    const { bus, a, b } = pair();
    const both = () => bus.fire(a.id, { target: b.id, payload: 'x', json: 1 });
    expect(codeOf(both)).toBe('ERR_NB_INVALID_ARGUMENT');
    expect(messageOf(both)).toContain('json');
  });

  it('refuses what JSON cannot say, with the cause', () => {
    const { bus, a, b } = pair();
    const circular: Record<string, unknown> = {};
    circular.self = circular;
    for (const json of [circular, () => 1, Symbol('x'), 5n]) {
      expect(codeOf(() => bus.fire(a.id, { target: b.id, json }))).toBe('ERR_NB_INVALID_ARGUMENT');
    }
    expect(bus.stats().published).toBe(0);
  });

  it('that is none is an error of its own when read', () => {
    const { bus, a, b } = pair();
    bus.fire(a.id, { target: b.id, payload: '{"cut":' });
    bus.tick();
    expect(codeOf(() => b.spikes[0]!.json())).toBe('ERR_NB_BAD_PAYLOAD');
  });
});

describe('what is refused', () => {
  const bad: [string, SpikeInit, string][] = [
    ['an unknown target', { target: 15 }, 'ERR_NB_UNKNOWN_NEURON'],
    ['a target out of range', { target: 70000 }, 'ERR_NB_UNKNOWN_NEURON'],
    ['a negative target', { target: -1 }, 'ERR_NB_UNKNOWN_NEURON'],
    ['a fractional target', { target: 0.5 }, 'ERR_NB_UNKNOWN_NEURON'],
    ['no number as target', { target: Number.NaN }, 'ERR_NB_UNKNOWN_NEURON'],
    ['a null target', { target: null as never }, 'ERR_NB_UNKNOWN_NEURON'],
    ['an unknown type', { type: 3 as never }, 'ERR_NB_INVALID_ARGUMENT'],
    ['a priority of 256', { priority: 256 }, 'ERR_NB_INVALID_ARGUMENT'],
    ['a negative priority', { priority: -1 }, 'ERR_NB_INVALID_ARGUMENT'],
    ['a fractional priority', { priority: 1.5 }, 'ERR_NB_INVALID_ARGUMENT'],
    ['a sequence of 2^32', { sequence: 2 ** 32 }, 'ERR_NB_INVALID_ARGUMENT'],
    ['a negative sequence', { sequence: -1 }, 'ERR_NB_INVALID_ARGUMENT'],
    ['a number as payload', { payload: 5 as never }, 'ERR_NB_INVALID_ARGUMENT'],
    ['an object as payload', { payload: {} as never }, 'ERR_NB_INVALID_ARGUMENT'],
    ['an array as payload', { payload: [1, 2] as never }, 'ERR_NB_INVALID_ARGUMENT'],
    ['null as payload', { payload: null as never }, 'ERR_NB_INVALID_ARGUMENT'],
  ];
  it.each(bad)('%s', (_, spike, code) => {
    const { bus, a, b } = pair();
    expect(codeOf(() => bus.fire(a.id, { target: b.id, ...spike }))).toBe(code);
    expect(bus.stats()).toMatchObject({ published: 0, queued: 0 });
    bus.fire(a.id, { target: b.id });
    bus.tick();
    expect(b.spikes.map((spike) => spike.sequence)).toEqual([0]);
  });

  it.each([undefined, null, 'hello', 5, true])('%s instead of a spike, with a typed error', (spike) => {
    const { bus, a, b } = pair();
    bus.connect(a.id, b.id).build();
    expect(codeOf(() => bus.fire(a.id, spike as never))).toBe('ERR_NB_INVALID_ARGUMENT');
    expect(bus.stats().published).toBe(0);
  });

  it('an undefined target, which is likely a mistake and no broadcast', () => {
    const { bus, a, b } = pair();
    bus.connect(a.id, b.id).build();
    expect(codeOf(() => bus.fire(a.id, { target: undefined }))).toBe('ERR_NB_INVALID_ARGUMENT');
    expect(bus.stats().published).toBe(0);
  });

  it.each([15, -1, 65535, Number.NaN, '0', 'length', null])('%j as the source', (id) => {
    const { bus, a } = pair();
    expect(codeOf(() => bus.fire(id as number, { target: a.id }))).toBe('ERR_NB_UNKNOWN_NEURON');
    expect(bus.stats().published).toBe(0);
  });

  it('the target of a prepared spike that nobody has, under every form', () => {
    const { bus, a } = pair();
    const builder = new SpikeBuilder().target(12);
    expect(codeOf(() => bus.fire(a.id, builder))).toBe('ERR_NB_UNKNOWN_NEURON');
    expect(codeOf(() => bus.fire(a.id, builder.build()))).toBe('ERR_NB_UNKNOWN_NEURON');
    expect(messageOf(() => bus.fire(a.id, builder))).toContain('target 12');
    expect(expectReconciled(bus).published).toBe(0);
  });

  it('a spike of another kind than ours that only looks like one', () => {
    const { bus, a } = pair();
    const fake = Object.create(Spike.prototype) as Spike;
    expect(() => bus.fire(a.id, fake)).toThrow();
    expect(bus.stats().published).toBe(0);
  });
});
