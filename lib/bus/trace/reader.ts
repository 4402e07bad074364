// SPDX-License-Identifier: MIT
//
// Reads a trace file, a piece at a time. Any thread.

import { closeSync, openSync, readSync } from 'node:fs';
import { invalidArgument, NeuronBusError } from '../../memory/errors.js';
import {
  decodeRecord,
  headerLength,
  PREAMBLE_BYTES,
  recordSize,
  type TraceHeader,
  type TraceRecord,
} from './format.js';

const CHUNK_BYTES = 65_536;

/** A trace file, open. close() it. */
export class TraceReader {
  readonly #path: string;
  readonly #file: number;
  #bytes = Buffer.alloc(CHUNK_BYTES);
  #begin = 0;
  #end = 0;
  readonly header: TraceHeader;

  /** @throws NeuronBusError ERR_NB_FILE_IO, ERR_NB_BAD_FILE, ERR_NB_VERSION. */
  constructor(path: string) {
    if (typeof path !== 'string') throw invalidArgument('path', path, 'a string');
    this.#path = path;
    this.#file = this.#io(() => openSync(path, 'r'));
    try {
      const header = this.#have(PREAMBLE_BYTES) ? this.#readHeader() : undefined;
      if (header === undefined) throw new NeuronBusError('BAD_FILE', `${path} ends within its header`);
      this.header = header;
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** The next record. Undefined at the end, also where a writer that was killed left half of one. ERR_NB_BAD_FILE, ERR_NB_FILE_IO. */
  next(): TraceRecord | undefined {
    if (!this.#have(4)) return undefined;
    const longer = this.#have(8); // all records but the shortest
    const size = recordSize(this.#view(), 0);
    if ((size > 4 && !longer) || !this.#have(size)) return undefined;
    const record = decodeRecord(this.#view(), 0);
    this.#begin += size;
    return record;
  }

  close(): void {
    closeSync(this.#file);
  }

  #readHeader(): TraceHeader | undefined {
    const length = headerLength(this.#view());
    if (!this.#have(PREAMBLE_BYTES + length)) return undefined;
    const begin = this.#begin + PREAMBLE_BYTES;
    const text = this.#bytes.toString('utf8', begin, begin + length);
    this.#begin = begin + length;
    try {
      return JSON.parse(text) as TraceHeader;
    } catch (cause) {
      throw new NeuronBusError('BAD_FILE', `The header of ${this.#path} is not JSON`, { cause });
    }
  }

  #view(): DataView {
    return new DataView(this.#bytes.buffer, this.#bytes.byteOffset + this.#begin, this.#end - this.#begin);
  }

  // Whether the file has so many more bytes; then they are in the buffer.
  #have(bytes: number): boolean {
    if (this.#end - this.#begin >= bytes) return true;
    const rest = this.#bytes.subarray(this.#begin, this.#end);
    if (bytes > this.#bytes.length) {
      this.#bytes = Buffer.concat([rest], Math.max(bytes, CHUNK_BYTES));
    } else {
      this.#bytes.copyWithin(0, this.#begin, this.#end);
    }
    this.#end -= this.#begin;
    this.#begin = 0;
    while (this.#end < bytes) {
      const read = this.#io(() =>
        readSync(this.#file, this.#bytes, this.#end, this.#bytes.length - this.#end, null),
      );
      if (read === 0) return false;
      this.#end += read;
    }
    return true;
  }

  #io<T>(call: () => T): T {
    try {
      return call();
    } catch (cause) {
      throw new NeuronBusError('FILE_IO', this.#path, { cause });
    }
  }
}

/**
 * What a trace file says, record by record: spikes in the order in which they were fired, deliveries in between, and with
 * `trace: 'verbose'` how messages and exchanges went. A file that ends in the middle, because its writer was killed, ends there.
 *
 * @throws NeuronBusError ERR_NB_FILE_IO, ERR_NB_BAD_FILE, ERR_NB_VERSION.
 */
export function* readTrace(path: string): Generator<TraceRecord, void> {
  const reader = new TraceReader(path);
  try {
    for (let record = reader.next(); record !== undefined; record = reader.next()) yield record;
  } finally {
    reader.close();
  }
}
