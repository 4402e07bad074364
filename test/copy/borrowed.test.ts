// What is special about a bus whose memory is JavaScript's. This project runs with NEURONBUS_COPY=1.

import { Axon, type BusHandle, Neuron, NeuronBus } from 'neuronbus';
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { native } from '../../lib/memory/native.js';
import { codeOf, makeBus, messageOf } from '../unit/bus/support.js';

class Idle extends Neuron {
  onSpike() {}
}

function makeRealBus(): NeuronBus {
  const bus = NeuronBus.create({ maxNeurons: 16, maxSynapses: 16 });
  onTestFinished(() => bus.close());
  return bus;
}

afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
});

describe('a bus in borrowed memory', () => {
  it('says so, and its handle carries the memory', () => {
    const bus = makeRealBus();
    expect(bus.stats().memory).toBe('borrowed');
    expect(bus.handle.memory).toBeInstanceOf(SharedArrayBuffer);
    expect(structuredClone(bus.handle)).toEqual(bus.handle);
    const other = NeuronBus.attach(structuredClone(bus.handle));
    expect(other.stats().ganglia).toBe(2);
    other.close();
  });

  it('cannot have a name that other processes know', () => {
    for (const act of [() => NeuronBus.create({ name: 'colony' }), () => NeuronBus.open('colony')]) {
      expect(codeOf(act)).toBe('ERR_NB_UNSUPPORTED');
      expect(messageOf(act)).toMatch(/'colony'.*NEURONBUS_COPY=1/);
    }
    expect(makeBus({ name: 'only-a-label', clock: 'virtual' }).stats().name).toBe('only-a-label');
  });

  it('is not found by a handle that lost its memory, or has that of another bus', () => {
    // Within one thread id and key are enough; so a second copy of the library stands in for another thread.
    const { id, key } = makeRealBus().handle;
    const { memory } = makeRealBus().handle;
    const addon = native();
    expect(() => addon.attachSegment(id, key)).toThrow();
    expect(() => addon.shareSegment(new Uint8Array(memory!), id, key)).toThrow();
    expect(() => addon.shareSegment(new Uint8Array(new SharedArrayBuffer(64)), id, key)).toThrow();
    const foreign = { id: 1e6, key, memory: new ArrayBuffer(8) } as unknown as BusHandle;
    expect(codeOf(() => NeuronBus.attach(foreign))).toBe('ERR_NB_INVALID_ARGUMENT');
    expect(codeOf(() => NeuronBus.attach({ id: 1e6, key, memory: memory! }))).toBe('ERR_NB_NO_SUCH_SEGMENT');
  });

  it('throws ERR_NB_CLOSED after close(), and nobody attaches any more', () => {
    const bus = makeRealBus();
    const { handle } = bus;
    const id = bus.register(new Idle(), { name: 'idle' });
    bus.close();
    const calls = [
      () => bus.fire(id, { target: id }),
      () => bus.tick(),
      () => bus.stats(),
      () => bus.handle,
      () => bus.tap(),
      () => bus.neurons(),
    ];
    for (const call of calls) expect(codeOf(call)).toBe('ERR_NB_CLOSED');
    expect(codeOf(() => NeuronBus.attach(handle))).toBe('ERR_NB_NO_SUCH_SEGMENT');
  });

  it('that is too large is ERR_NB_NO_MEMORY', () => {
    vi.stubGlobal('SharedArrayBuffer', function refuse() {
      throw new RangeError('Array buffer allocation failed');
    });
    try {
      expect(codeOf(() => NeuronBus.create())).toBe('ERR_NB_NO_MEMORY');
    } finally {
      vi.unstubAllGlobals();
    }
    expect(codeOf(() => NeuronBus.create({ axonCapacity: 3 }))).toBe('ERR_NB_CAPACITY');
  });
});

it('an axon in borrowed memory has it in its handle, and goes with it', () => {
  const axon = new Axon({ capacity: 4 });
  const { handle } = axon;
  expect(handle.memory).toBeInstanceOf(SharedArrayBuffer);
  const same = Axon.attach(structuredClone(handle));
  const reader = same.reader();
  axon.publish({ payload: 'x' });
  expect(reader.next()!.text()).toBe('x');
  same.close();
  axon.close();
  expect(codeOf(() => axon.publish({}))).toBe('ERR_NB_CLOSED');
  expect(codeOf(() => Axon.attach(handle))).toBe('ERR_NB_NO_SUCH_SEGMENT');
});

describe('a runtime that forbids external buffers', () => {
  const forbid = (...calls: ('createSegment' | 'openSegment' | 'adoptSegment')[]) => {
    vi.stubEnv('NEURONBUS_COPY', '');
    for (const call of calls) {
      vi.spyOn(native(), call).mockImplementation(() => {
        throw Object.assign(new Error(), { status: 30, detail: '' });
      });
    }
  };

  it('gets buses in borrowed memory', () => {
    forbid('createSegment');
    const bus = makeRealBus();
    expect(bus.stats().memory).toBe('borrowed');
  });

  it('has no buses with names', () => {
    forbid('createSegment', 'openSegment');
    for (const act of [() => NeuronBus.create({ name: 'colony' }), () => NeuronBus.open('colony')]) {
      expect(codeOf(act)).toBe('ERR_NB_UNSUPPORTED');
      expect(messageOf(act)).toContain('this runtime');
    }
  });

  it('and has no memory to borrow either is ERR_NB_NO_EXTERNAL_BUFFERS', () => {
    forbid('createSegment', 'adoptSegment');
    expect(codeOf(() => NeuronBus.create())).toBe('ERR_NB_NO_EXTERNAL_BUFFERS');
  });
});

it('without NEURONBUS_COPY memory is external', () => {
  vi.stubEnv('NEURONBUS_COPY', '');
  const bus = makeRealBus();
  expect(bus.stats().memory).toBe('external');
  expect(bus.handle).not.toHaveProperty('memory');
});
