import { afterEach, describe, expect, it } from 'vitest';
import * as L from '../../../lib/memory/layout.js';
import { Memory } from '../../../lib/memory/memory.js';
import type { SegmentOptions } from '../../../lib/memory/native.js';
import { failure } from './helpers.js';

const options: SegmentOptions = {
  maxGanglia: 0,
  maxAxons: 1,
  axonCapacity: 8,
  mode: L.MODE_SAMPLE,
  sampleEvery: 3,
  blockMs: 1.5,
  maxNeurons: 0,
  maxSynapses: 0,
  maxRules: 0,
  maxFilters: 0,
  arenaChunks: 0,
  virtualClock: false,
  named: false,
  name: 'memory test',
};

describe('Memory', () => {
  const opened: Memory[] = [];
  const keep = (memory: Memory) => {
    opened.push(memory);
    return memory;
  };
  afterEach(() => {
    for (const memory of opened.splice(0)) memory.close();
  });

  it('shows a fresh segment as the layout says', () => {
    const memory = keep(Memory.create(options));
    expect(memory.u32At(L.HEADER_MAGIC_LO)).toBe(L.SEGMENT_MAGIC_LO);
    expect(memory.u32At(L.HEADER_MAGIC_HI)).toBe(L.SEGMENT_MAGIC_HI);
    expect(memory.u32At(L.HEADER_LAYOUT_VERSION)).toBe(L.LAYOUT_VERSION);
    expect(memory.u64At(L.HEADER_SEGMENT_BYTES)).toBe(memory.buffer.byteLength);
    expect([memory.axonCapacity, memory.maxAxons, memory.maxGanglia, memory.state]).toEqual([
      8,
      1,
      0,
      L.SEGMENT_READY,
    ]);
    const axon = memory.axonOffset(0);
    expect(memory.u32At(axon + L.AXON_CAPACITY)).toBe(8);
    expect(memory.u32At(axon + L.AXON_MODE)).toBe(L.MODE_SAMPLE);
    expect(memory.u32At(axon + L.AXON_SAMPLE_EVERY)).toBe(3);
    expect(memory.u64At(axon + L.AXON_BLOCK_NS)).toBe(1_500_000);
  });

  it('views the whole mapping in every width', () => {
    const memory = keep(Memory.create(options));
    const { u8, u16, u32, i32, f64, u64, buffer } = memory;
    expect(new Set([u8, u16, u32, i32, f64, u64].map((view) => view.byteLength))).toEqual(
      new Set([buffer.byteLength]),
    );
  });

  it('reads and writes 64-bit counters below 2^53 exactly', () => {
    const memory = keep(Memory.create(options));
    const at = memory.axonOffset(0) + L.AXON_PUBLISHED;
    for (const value of [0, 1, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 53 - 1]) {
      memory.setU64At(at, value);
      expect(memory.u64At(at)).toBe(value);
      expect(memory.u64[at / 8]).toBe(BigInt(value));
    }
  });

  it('is one object for a segment, however often a thread attaches', () => {
    const memory = keep(Memory.create(options));
    expect(keep(Memory.attach(memory.handle))).toBe(memory);
    expect(keep(Memory.attach({ ...memory.handle }))).toBe(memory);
  });

  // Borrowed memory cannot be detached, only forgotten.
  it.skipIf(process.env.NEURONBUS_COPY === '1')('is detached by the last close, not before', () => {
    const memory = Memory.create(options);
    Memory.attach(memory.handle);
    memory.close();
    expect(memory.u32.length).toBeGreaterThan(0);
    memory.close();
    expect(memory.u32.length).toBe(0);
    failure('ERR_NB_NO_SUCH_SEGMENT', () => Memory.attach(memory.handle));
  });

  it('does not attach to what was never made here, nor with a wrong key', () => {
    const memory = keep(Memory.create(options));
    const { id, key } = memory.handle;
    failure('ERR_NB_NO_SUCH_SEGMENT', () => Memory.attach({ id, key: key ^ 1 }));
    failure('ERR_NB_NO_SUCH_SEGMENT', () => Memory.attach({ id: id + 1000, key }));
  });

  it('cannot be attached any more once its creator retired it, but stays usable for who is attached', () => {
    const memory = keep(Memory.create(options));
    keep(Memory.attach(memory.handle)).retire();
    failure('ERR_NB_NO_SUCH_SEGMENT', () => Memory.attach(memory.handle));
    expect(memory.axonCapacity).toBe(8);
  });

  it('is refused with a typed error when the options are impossible', () => {
    failure('ERR_NB_CAPACITY', () => Memory.create({ ...options, axonCapacity: 3 }));
    failure('ERR_NB_INVALID_ARGUMENT', () => Memory.create({ ...options, name: 'n'.repeat(64) }));
  });
});
