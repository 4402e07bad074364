// SPDX-License-Identifier: MIT
//
// The rival: a single-producer single-consumer ring over a SharedArrayBuffer, as one would write it in an afternoon.
//
// One thread pushes, one thread reads. Power-of-two capacity, 64-byte slots, cursors on cache lines of their own, each
// side keeps a copy of the other's cursor and looks again only when that copy says full or empty. A message is sixteen
// 32-bit words, copied in; the reader sees it in place.

const headWord = 32;
const tailWord = 64;
const firstSlotWord = 96;
const slotWords = 16;

export class SabRing {
  private readonly words: Int32Array;
  private readonly mask: number;
  private readonly capacity: number;
  /** Position this side is at, not yet told to the other. */
  private position = 0;
  /** Last known position of the other side. */
  private other = 0;

  constructor(readonly buffer: SharedArrayBuffer) {
    this.words = new Int32Array(buffer);
    this.capacity = (this.words.length - firstSlotWord) / slotWords;
    this.mask = this.capacity - 1;
  }

  static create(capacity: number): SabRing {
    if (!Number.isInteger(capacity) || capacity < 2 || (capacity & (capacity - 1)) !== 0) {
      throw new RangeError('capacity must be a power of two');
    }
    return new SabRing(new SharedArrayBuffer((firstSlotWord + capacity * slotWords) * 4));
  }

  /** Producer: copies one message and publishes it. False when full. */
  push(message: Int32Array): boolean {
    if (!this.put(message)) return false;
    this.publish();
    return true;
  }

  /** Producer: copies as many of the messages as fit, publishes once, returns how many. */
  pushBatch(messages: readonly Int32Array[], from = 0): number {
    let count = from;
    while (count < messages.length && this.put(messages[count])) count++;
    if (count > from) this.publish();
    return count - from;
  }

  /** Producer: the same for a message that is only a header; the rest of the slot keeps what it held. */
  pushHeader(time: number, timeHigh: number, sequence: number, address: number, kind: number): boolean {
    if (!this.hasRoom()) return false;
    const words = this.words;
    const at = firstSlotWord + (this.position & this.mask) * slotWords;
    words[at] = time;
    words[at + 1] = timeHigh;
    words[at + 2] = sequence;
    words[at + 3] = address;
    words[at + 4] = kind;
    this.position = (this.position + 1) | 0;
    return true;
  }

  publish(): void {
    Atomics.store(this.words, headWord, this.position);
  }

  /** Consumer: hands up to `limit` messages to `visit` as (words, index of the first word); returns how many. */
  drain(visit: (words: Int32Array, at: number) => void, limit: number): number {
    let available = (this.other - this.position) | 0;
    if (available === 0) {
      this.other = Atomics.load(this.words, headWord);
      available = (this.other - this.position) | 0;
      if (available === 0) return 0;
    }
    const count = Math.min(available, limit);
    for (let i = 0; i < count; i++) {
      visit(this.words, firstSlotWord + ((this.position + i) & this.mask) * slotWords);
    }
    this.position = (this.position + count) | 0;
    Atomics.store(this.words, tailWord, this.position);
    return count;
  }

  private put(message: Int32Array): boolean {
    if (!this.hasRoom()) return false;
    const words = this.words;
    const at = firstSlotWord + (this.position & this.mask) * slotWords;
    for (let i = 0; i < slotWords; i++) words[at + i] = message[i];
    this.position = (this.position + 1) | 0;
    return true;
  }

  private hasRoom(): boolean {
    if (((this.position - this.other) | 0) < this.capacity) return true;
    this.other = Atomics.load(this.words, tailWord);
    return ((this.position - this.other) | 0) < this.capacity;
  }
}
