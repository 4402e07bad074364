import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  type ArenaPort,
  type ArenaRef,
  arenaBytes,
  arenaCopy,
  arenaRef,
  arenaTarget,
} from '../../../lib/memory/arena.js';
import { errorNameOf, NeuronBusError } from '../../../lib/memory/errors.js';
import * as L from '../../../lib/memory/layout.js';
import { Memory } from '../../../lib/memory/memory.js';
import { type NativeGanglion, native } from '../../../lib/memory/native.js';
import { viewSpike } from '../../../lib/memory/spike.js';
import { SpikeBuilder } from '../../../lib/memory/spike_builder.js';
import { writeBody, writeCopy, writeHeader, writeInit } from '../../../lib/memory/spike_writer.js';
import { ascii, failure } from './helpers.js';

const CHUNKS = 32;

// An arena behind a real ganglion, with one ring whose slots the tests write directly.
class Port implements ArenaPort {
  readonly memory = Memory.create({
    maxGanglia: 1,
    maxAxons: 1,
    axonCapacity: 16,
    mode: L.MODE_DROP_NEWEST,
    sampleEvery: 1,
    blockMs: 0,
    maxNeurons: 2,
    maxSynapses: 2,
    maxRules: 4,
    maxFilters: 4,
    arenaChunks: CHUNKS,
    virtualClock: true,
    named: false,
    name: 'arena test',
  });
  readonly ganglion: NativeGanglion = new (native().Ganglion)(this.memory.u8, 1e9, 1e9, 1e9);
  readonly control = (this.memory.workspaceOffset + this.ganglion.index * this.memory.workspaceStride) / 4;

  allocate(length: number): ArenaRef {
    const { u32 } = this.memory;
    u32[this.control + (L.CONTROL_ARENA_LENGTH >> 2)] = length;
    this.ganglion.arenaAllocate();
    this.#check();
    return arenaRef(
      u32[this.control + (L.CONTROL_ARENA_GRAIN >> 2)],
      u32[this.control + (L.CONTROL_ARENA_GENERATION >> 2)],
      length,
      u32[this.control + (L.CONTROL_ARENA_OWNER >> 2)],
    );
  }

  retain(ref: ArenaRef): void {
    this.#name(ref);
    this.ganglion.arenaRetain();
    this.#check();
  }

  release(ref: ArenaRef): void {
    this.#name(ref);
    this.ganglion.arenaRelease();
    this.#check();
  }

  #name(ref: ArenaRef): void {
    const { u32 } = this.memory;
    u32[this.control + (L.CONTROL_ARENA_GRAIN >> 2)] = ref.grain;
    u32[this.control + (L.CONTROL_ARENA_GENERATION >> 2)] = ref.generation;
    u32[this.control + (L.CONTROL_ARENA_LENGTH >> 2)] = ref.length;
    u32[this.control + (L.CONTROL_ARENA_OWNER >> 2)] = ref.owner;
  }

  #check(): void {
    const status = this.memory.u32[this.control + (L.CONTROL_STATUS >> 2)];
    if (status !== 0) throw new NeuronBusError(errorNameOf(status));
  }
}

describe('the arena', () => {
  let port: Port;
  let slot: number;
  beforeEach(() => {
    port = new Port();
    slot = (port.memory.axonOffset(0) + L.AXON_BYTES) / L.SPIKE_BYTES;
  });
  afterEach(() => {
    port.ganglion.close();
    port.memory.close();
  });
  const header = () => writeHeader(port.memory.u32, slot, 0, 0, 1, 2, 3, 1, 255);
  const writeLong = (payload: string | Uint8Array) =>
    writeBody(port.memory.u32, slot * 16 + 4, 1 | (255 << 8), payload, port);
  const spike = () => viewSpike(port.memory.u32, slot, port.memory);

  it('returns blocks of every size class and runs of chunks in place', () => {
    for (const length of [0, 1, 47, 64, 65, 1000, 4096, 32_000, 40_000, 100_000]) {
      const ref = port.allocate(length);
      arenaTarget(port.memory, ref).fill(length & 0xff);
      const bytes = arenaBytes(port.memory, ref);
      expect(bytes.length).toBe(length);
      expect(bytes.every((byte) => byte === (length & 0xff))).toBe(true);
      expect(bytes.buffer).toBe(port.memory.buffer);
      port.release(ref);
      failure('ERR_NB_STALE_REFERENCE', () => arenaBytes(port.memory, ref));
    }
  });

  it('keeps many blocks apart', () => {
    const refs = Array.from({ length: 100 }, (_, i) => port.allocate(50 + i * 7));
    refs.forEach((ref, i) => {
      arenaTarget(port.memory, ref).fill(i);
    });
    refs.forEach((ref, i) => {
      expect(arenaBytes(port.memory, ref).every((byte) => byte === i)).toBe(true);
    });
  });

  it('keeps a retained block until the last release', () => {
    const ref = port.allocate(100);
    port.retain(ref);
    port.release(ref);
    expect(arenaBytes(port.memory, ref).length).toBe(100);
    port.release(ref);
    failure('ERR_NB_STALE_REFERENCE', () => arenaBytes(port.memory, ref));
    failure('ERR_NB_STALE_REFERENCE', () => port.release(ref));
    failure('ERR_NB_STALE_REFERENCE', () => port.retain(ref));
  });

  it('never gives a stale reference the bytes of the block that came after', () => {
    const stale: ArenaRef[] = [];
    for (let i = 0; i < 5000; i++) {
      const ref = port.allocate(4096);
      port.release(ref);
      stale.push(ref);
    }
    port.allocate(4096);
    for (const ref of stale) failure('ERR_NB_STALE_REFERENCE', () => arenaBytes(port.memory, ref));
  });

  it('refuses references that were never given out', () => {
    const ref = port.allocate(100);
    const forged: Partial<ArenaRef>[] = [
      { grain: ref.grain + 1 },
      { grain: 0 },
      { grain: CHUNKS * L.CHUNK_GRAINS },
      { grain: 2 ** 32 - 1 },
      { grain: -1 },
      { grain: Number.NaN },
      { generation: ref.generation + 1 },
      { length: 101 },
      { length: 2 ** 32 - 1 },
      { owner: ref.owner + 1 },
    ];
    for (const change of forged) {
      failure('ERR_NB_STALE_REFERENCE', () => arenaBytes(port.memory, { ...ref, ...change }));
    }
  });

  it('gives an error, not foreign memory, when a chunk header is damaged', () => {
    const ref = port.allocate(100);
    const header = (port.memory.arenaOffset + Math.floor(ref.grain / L.CHUNK_GRAINS) * L.CHUNK_BYTES) / 4;
    const fields = [
      L.CHUNK_STATE,
      L.CHUNK_BLOCK_BYTES,
      L.CHUNK_BLOCK_COUNT,
      L.CHUNK_DATA_GRAIN,
      L.CHUNK_RUN_CHUNKS,
    ];
    for (const field of fields) {
      for (const damage of [0, 1, 2, 0x7fffffff, 0xffffffff]) {
        const word = header + (field >> 2);
        const before = port.memory.u32[word];
        port.memory.u32[word] = damage;
        try {
          expect(arenaBytes(port.memory, ref).length).toBe(100);
        } catch (error) {
          expect((error as NeuronBusError).code).toBe('ERR_NB_STALE_REFERENCE');
        }
        port.memory.u32[word] = before;
      }
    }
    expect(arenaBytes(port.memory, ref).length).toBe(100);
  });

  it('takes payloads of more than 46 bytes without the reader noticing', () => {
    for (const payload of [ascii(47), 'é'.repeat(24), ascii(60_000), '🧠'.repeat(12)]) {
      header();
      writeLong(payload);
      expect(spike().text()).toBe(payload);
      expect(spike().length).toBe(Buffer.byteLength(payload));
      expect([spike().priority, spike().type]).toEqual([255, 1]);
    }
    const bytes = Uint8Array.from({ length: 300 }, (_, i) => i);
    header();
    writeLong(bytes);
    expect(spike().bytes()).toEqual(bytes);
    header();
    writeInit(port.memory.u32, slot, 0, 0, 1, 2, { json: { list: [...bytes] } }, port);
    expect(spike().json()).toEqual({ list: [...bytes] });
  });

  it('lets a clone outlive the block', () => {
    const before = port.allocate(200);
    header();
    writeLong(ascii(200));
    const clone = spike().clone();
    port.release(before);
    const blockOfSpike = port.memory.u16[slot * 32 + 9] | (port.memory.u16[slot * 32 + 10] << 16);
    port.release({ ...before, grain: blockOfSpike });
    failure('ERR_NB_STALE_REFERENCE', () => spike().text());
    expect(clone.text()).toBe(ascii(200));
  });

  it('gets its own block when a spike with a long payload is fired again', () => {
    const long = new SpikeBuilder().target(9).type(2).priority(200).payload(ascii(5000)).build();
    writeCopy(port.memory.u32, slot, 1, 2, 77, 5, long, port);
    const copy = spike();
    expect(copy.text()).toBe(ascii(5000));
    expect([copy.target, copy.type, copy.priority, copy.source, copy.sequence]).toEqual([9, 2, 200, 5, 77]);
    failure('ERR_NB_TOO_LARGE', () => writeCopy(port.memory.u32, slot, 1, 2, 77, 5, long, null));
  });

  describe('gives who holds no reference', () => {
    it('a copy of a block that was given back, until it is used again', () => {
      const ref = port.allocate(100);
      arenaTarget(port.memory, ref).fill(7);
      port.release(ref);
      const copy = arenaCopy(port.memory, ref)!;
      expect(copy).toEqual(new Uint8Array(100).fill(7));
      for (let i = 0; i < 64; i++) port.allocate(100);
      expect(arenaCopy(port.memory, ref)).toBeNull();
      expect(copy).toEqual(new Uint8Array(100).fill(7));
    });

    it('no copy of a run of chunks that was given back, nor of what never was', () => {
      const ref = port.allocate(50_000);
      expect(arenaCopy(port.memory, ref)).toEqual(new Uint8Array(50_000));
      port.release(ref);
      expect(arenaCopy(port.memory, ref)).toBeNull();
      expect(arenaCopy(port.memory, arenaRef(0xffffffff, 1, 100, 0))).toBeNull();
    });

    it('no copy of a block that was used again while it was copied', () => {
      const ref = port.allocate(100);
      const { slice } = Uint8Array.prototype;
      const spy = vi.spyOn(Uint8Array.prototype, 'slice').mockImplementationOnce(function (this: Uint8Array) {
        port.release(ref);
        for (let i = 0; i < 64; i++) arenaTarget(port.memory, port.allocate(100)).fill(9);
        return slice.call(this);
      });
      try {
        expect(arenaCopy(port.memory, ref)).toBeNull();
        expect(spy).toHaveBeenCalledTimes(1);
      } finally {
        spy.mockRestore();
      }
    });
  });

  it('is a typed error when it is full or can never be large enough', () => {
    failure('ERR_NB_TOO_LARGE', () => port.allocate((CHUNKS + 1) * L.ARENA_CHUNK_BYTES));
    failure('ERR_NB_ARENA_FULL', () => {
      for (;;) port.allocate(10_000);
    });
  });
});
