// SPDX-License-Identifier: MIT
//
// The clock of all timestamps: nanoseconds on the base of CLOCK_MONOTONIC, comparable between threads and processes of one
// host, read from a calibrated cycle counter where that is trustworthy.
//
// Any thread; monotonic within each.

import { type ClockInfo, native } from './native.js';

let info: ClockInfo | undefined;

export const clock = Object.freeze({
  /** ns. A number is exact for the first 104 days after boot and within 2 ns for the next 104. */
  now(): number {
    return native().clockNow();
  },

  /** Where the time comes from: the cycle counter of the CPU or the operating system. */
  get source(): ClockInfo['source'] {
    info ??= native().clockInfo();
    return info.source;
  },

  /** Ticks of the source in a second. */
  get frequencyHz(): number {
    info ??= native().clockInfo();
    return info.frequencyHz;
  },
});
