// SPDX-License-Identifier: MIT
//
// What every link carries: messages of 64 bytes with a number. Pure functions, any thread.

const messageBytes = 64;
const sequenceAt = 8;

/** Gets how many messages arrived in one go, and the sum of their numbers (modulo 2^32, signed). */
export type Take = (count: number, sum: number) => void;

export interface Link {
  /** Sends messages `first`, `first + 1`, … in one go. What it returns settles when there is room for more. */
  send(first: number, count: number): Promise<unknown> | undefined;
  receive(take: Take): void;
  close(): Promise<void> | void;
}

/** Messages as bytes: 64 each, the number where a spike has its sequence. */
export function encode(first: number, count: number): Buffer {
  const bytes = Buffer.allocUnsafe(count * messageBytes);
  for (let i = 0; i < count; i++) bytes.writeInt32LE((first + i) | 0, i * messageBytes + sequenceAt);
  return bytes;
}

/** Gives `take` what encode() packed. */
export function decode(bytes: Uint8Array, take: Take): void {
  const words = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let sum = 0;
  for (let at = sequenceAt; at < words.length; at += messageBytes) sum = (sum + words.readInt32LE(at)) | 0;
  take(words.length / messageBytes, sum);
}
