// SPDX-License-Identifier: MIT
//
// One segment as one JavaScript thread sees it: a single ArrayBuffer over the mapping and typed views of all of it.
//
// Some runtimes forbid buffers over memory that is not their own (Electron does), and $NEURONBUS_COPY=1 asks for what is done
// then: the segment lies in a SharedArrayBuffer, which native code borrows and handles carry to other threads. Other processes
// cannot see it. Who creates a segment decides; who attaches follows.
//
// Any thread, each with its own Memory: buffers are never transferred. Within a thread everybody who names the same segment
// shares one Memory, counted by create() and attach(); the last close() detaches the buffer, and with it every view. A borrowed
// one is freed when nobody looks at it any more.

import { invalidArgument, NeuronBusError } from './errors.js';
import * as L from './layout.js';
import { callNative, type Lease, type SegmentHandle, type SegmentOptions, segmentNumbers } from './native.js';

// Weak: a bus that is forgotten without close() is collected with its memory.
const open = new Map<number, WeakRef<Memory>>();
const collected = new FinalizationRegistry<number>((id) => {
  if (open.get(id)?.deref() === undefined) open.delete(id);
});

function remember(memory: Memory): Memory {
  open.set(memory.handle.id, new WeakRef(memory));
  collected.register(memory, memory.handle.id);
  return memory;
}

export class Memory {
  readonly handle: SegmentHandle;
  readonly buffer: ArrayBufferLike;
  readonly u8: Uint8Array;
  readonly u16: Uint16Array;
  readonly u32: Uint32Array;
  readonly i32: Int32Array;
  readonly f64: Float64Array;
  readonly u64: BigUint64Array;

  // The header never changes after creation (but for its state), so it is read once.
  readonly maxGanglia: number;
  readonly maxAxons: number;
  readonly axonCapacity: number;
  readonly maxNeurons: number;
  readonly maxSynapses: number;
  readonly dispatchCapacity: number;
  readonly workspaceOffset: number;
  readonly workspaceStride: number;
  readonly axonsOffset: number;
  readonly axonStride: number;
  readonly arenaOffset: number;
  readonly arenaChunkCount: number;
  readonly virtualClock: boolean;

  /** Other processes may have it open. */
  named = false;
  #references = 1;
  readonly #lease: Lease | undefined;

  /** For create(), attach() and tests; `buffer` holds a formatted segment, on a lease if it is JavaScript's. */
  constructor(buffer: ArrayBufferLike, { id, key }: SegmentHandle, lease?: Lease) {
    this.#lease = lease;
    this.handle = Object.freeze(
      lease === undefined ? { id, key } : { id, key, memory: buffer as SharedArrayBuffer },
    );
    this.buffer = buffer;
    this.u8 = new Uint8Array(buffer);
    this.u16 = new Uint16Array(buffer);
    this.u32 = new Uint32Array(buffer);
    this.i32 = new Int32Array(buffer);
    this.f64 = new Float64Array(buffer);
    this.u64 = new BigUint64Array(buffer);
    this.maxGanglia = this.u32At(L.HEADER_MAX_GANGLIA);
    this.maxAxons = this.u32At(L.HEADER_MAX_AXONS);
    this.axonCapacity = this.u32At(L.HEADER_AXON_CAPACITY);
    this.maxNeurons = this.u32At(L.HEADER_MAX_NEURONS);
    this.maxSynapses = this.u32At(L.HEADER_MAX_SYNAPSES);
    this.dispatchCapacity = this.u32At(L.HEADER_DISPATCH_CAPACITY);
    this.workspaceOffset = this.u64At(L.HEADER_WORKSPACE_OFFSET);
    this.workspaceStride = this.u64At(L.HEADER_WORKSPACE_STRIDE);
    this.axonsOffset = this.u64At(L.HEADER_AXONS_OFFSET);
    this.axonStride = this.u64At(L.HEADER_AXON_STRIDE);
    this.arenaOffset = this.u64At(L.HEADER_ARENA_OFFSET);
    this.arenaChunkCount = this.u32At(L.HEADER_ARENA_CHUNK_COUNT);
    this.virtualClock = (this.u32At(L.HEADER_FLAGS) & L.FLAG_VIRTUAL_CLOCK) !== 0;
  }

  /**
   * A fresh segment. ERR_NB_CAPACITY, ERR_NB_INVALID_ARGUMENT, ERR_NB_NO_MEMORY; where the runtime forbids external buffers
   * ERR_NB_UNSUPPORTED for a named one, and ERR_NB_NO_EXTERNAL_BUFFERS if it has none of its own that can be borrowed.
   */
  static create(options: SegmentOptions): Memory {
    const { name, named } = options;
    const identity = new Uint32Array(2);
    const numbers = segmentNumbers(options);
    if (wantsBorrowed()) {
      if (named) throw unshareable(name);
      return Memory.#adopt(numbers, name);
    }
    let buffer: ArrayBuffer;
    try {
      buffer = callNative((addon) => addon.createSegment(numbers, name, identity, named));
    } catch (error) {
      if (!forbidden(error)) throw error;
      if (named) throw unshareable(name, error);
      return Memory.#adopt(numbers, name);
    }
    const [id, key] = identity;
    const memory = remember(new Memory(buffer, { id, key }));
    memory.named = named;
    return memory;
  }

  /** A fresh segment in memory of JavaScript's. */
  static #adopt(numbers: Float64Array, name: string): Memory {
    const identity = new Uint32Array(2);
    const bytes = callNative((addon) => addon.segmentSize(numbers, name));
    const buffer = sharedBuffer(bytes);
    const lease = callNative((addon) => addon.adoptSegment(new Uint8Array(buffer), numbers, name, identity));
    const [id, key] = identity;
    return remember(new Memory(buffer, { id, key }, lease));
  }

  /**
   * The named segment of another process (or of this one). ERR_NB_NO_SUCH_BUS, ERR_NB_NOT_OWNER, ERR_NB_VERSION,
   * ERR_NB_BAD_SEGMENT, ERR_NB_UNSUPPORTED.
   */
  static open(name: string): Memory {
    if (wantsBorrowed()) throw unshareable(name);
    const identity = new Uint32Array(2);
    let buffer: ArrayBuffer | null;
    try {
      buffer = callNative((addon) => addon.openSegment(name, identity));
    } catch (error) {
      throw forbidden(error) ? unshareable(name, error) : error;
    }
    const [id, key] = identity;
    const memory = buffer === null ? Memory.attach({ id, key }) : remember(new Memory(buffer, { id, key }));
    memory.named = true;
    return memory;
  }

  /**
   * The segment of a handle; the same object as before if this thread has it open. ERR_NB_NO_SUCH_SEGMENT,
   * ERR_NB_INVALID_ARGUMENT for a handle that lost or changed its memory.
   */
  static attach(handle: SegmentHandle): Memory {
    const known = open.get(handle.id)?.deref();
    if (known !== undefined) {
      if (known.handle.key !== handle.key || known.state !== L.SEGMENT_READY)
        throw new NeuronBusError('NO_SUCH_SEGMENT');
      known.#references++;
      return known;
    }
    const { id, key, memory } = handle;
    if (memory === undefined) {
      const buffer = callNative((addon) => addon.attachSegment(id, key));
      return remember(new Memory(buffer, handle));
    }
    if (!(memory instanceof SharedArrayBuffer))
      throw invalidArgument('handle.memory', memory, 'the SharedArrayBuffer of the handle');
    const lease = callNative((addon) => addon.shareSegment(new Uint8Array(memory), id, key));
    return remember(new Memory(memory, handle, lease));
  }

  /** Of the bus, as its creator gave it. */
  get name(): string {
    const bytes = this.u8.subarray(L.HEADER_NAME, L.HEADER_NAME + L.NAME_BYTES);
    return new TextDecoder().decode(bytes.slice(0, bytes.indexOf(0)));
  }

  /** The memory is JavaScript's, and native code borrows it. */
  get borrowed(): boolean {
    return this.#lease !== undefined;
  }

  /** SEGMENT_* as its creator left it. */
  get state(): number {
    return Atomics.load(this.u32, L.HEADER_STATE >> 2);
  }

  /** For the creator: nobody can attach from now on; who is attached stays so. */
  retire(): void {
    Atomics.store(this.u32, L.HEADER_STATE >> 2, L.SEGMENT_CLOSED);
  }

  /**
   * Gives back one create() or attach(). The last one of this thread detaches all views, if the memory is not borrowed; use
   * nothing of it after that.
   */
  close(): void {
    if (--this.#references > 0) return;
    open.delete(this.handle.id);
    callNative((addon) => addon.closeSegment(this.borrowed ? this.u8 : (this.buffer as ArrayBuffer)));
  }

  u32At(byteOffset: number): number {
    return this.u32[byteOffset / 4];
  }

  /** Exact below 2^53. */
  u64At(byteOffset: number): number {
    const word = byteOffset / 4;
    const high = this.u32[word + 1];
    const low = this.u32[word];
    return high === 0 ? low : high * 4294967296 + low; // small ones stay integers: arithmetic with doubles is slower
  }

  setU64At(byteOffset: number, value: number): void {
    const word = byteOffset / 4;
    this.u32[word] = value;
    this.u32[word + 1] = value / 4294967296;
  }

  /** Byte offset of a ganglion's own tables. */
  workspaceAt(ganglion: number): number {
    return this.workspaceOffset + ganglion * this.workspaceStride;
  }

  axonOffset(index: number): number {
    return this.axonsOffset + index * this.axonStride;
  }
}

function wantsBorrowed(): boolean {
  return process.env.NEURONBUS_COPY === '1';
}

function forbidden(error: unknown): boolean {
  return error instanceof NeuronBusError && error.code === 'ERR_NB_NO_EXTERNAL_BUFFERS';
}

function unshareable(name: string, cause?: unknown): NeuronBusError {
  const why =
    cause === undefined ? 'NEURONBUS_COPY=1 puts the bus into' : 'this runtime allows buses only in';
  const detail = `A bus with a name ('${name}') is for several processes, but ${why} memory of JavaScript's, which they cannot see`;
  return new NeuronBusError('UNSUPPORTED', detail, { cause });
}

function sharedBuffer(bytes: number): SharedArrayBuffer {
  try {
    return new SharedArrayBuffer(bytes);
  } catch (cause) {
    throw new NeuronBusError('NO_MEMORY', `A SharedArrayBuffer of ${bytes} bytes`, { cause });
  }
}
