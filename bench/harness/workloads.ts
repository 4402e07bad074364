// SPDX-License-Identifier: MIT
//
// What the one-thread scenarios send, the same for ours and for the peers. Plain data: any thread.

/** Eleven characters each, 64 different ones: a cache of the last text would be found out. */
export const texts: readonly string[] = Array.from(
  { length: 64 },
  (_, i) => `message ${String(i).padStart(3, '0')}`,
);

/** Reads the first and the last character, so that the text must be there as a string. */
export function textSum(text: string): number {
  return text.length + text.charCodeAt(0) + text.charCodeAt(text.length - 1);
}

/** The same from the eleven bytes. */
export const textSums: readonly number[] = texts.map(textSum);

/** A message as one would write it without a bus. */
export interface PlainMessage {
  readonly source: number;
  readonly target: number;
  readonly type: number;
  readonly priority: number;
  readonly sequence: number;
}
