// SPDX-License-Identifier: MIT
//
// Memory as the operating system counts it, after two full collections. Linux only, in a process with --expose-gc; what is
// counted is the whole process, what is collected is the heap of the calling thread.

import { readFileSync } from 'node:fs';
import type { Sample } from './types.js';

/** Bytes of memory that the process has touched and not given back. */
export function residentBytes(): number {
  const collect = globalThis.gc;
  if (collect === undefined) throw new Error('this scenario needs --expose-gc');
  collect();
  collect();
  const line = /^Rss:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/smaps_rollup', 'utf8'));
  if (line === null) throw new Error('/proc/self/smaps_rollup has no Rss');
  return Number(line[1]) * 1024;
}

/** Resident bytes that `add` makes each of `count` things cost; `keep` is held until after the second look. */
export function costOfEach(count: number, keep: unknown, add: (index: number) => void): Sample {
  const before = residentBytes();
  for (let i = 0; i < count; i++) add(i);
  const each = (residentBytes() - before) / count;
  if (keep === undefined) throw new Error('nothing was kept');
  return { each };
}
