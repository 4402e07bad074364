// What an axon must do, said with an array, and the operations that the model test draws.

import fc from 'fast-check';
import type { Backpressure } from '../../lib/memory/backpressure.js';

export const SAMPLE_EVERY = 3;

export type Operation =
  | { op: 'publish' }
  | { op: 'batch'; count: number }
  | { op: 'with'; count: number; throwAt: number }
  | { op: 'next' }
  | { op: 'drain'; max: number }
  | { op: 'reopen reader' }
  | { op: 'observe'; which: number }
  | { op: 'observer next'; which: number }
  | { op: 'observer drain'; which: number; max: number };

const which = fc.integer({ min: 0, max: 2 });
const max = fc.integer({ min: 0, max: 6 });
export const operation: fc.Arbitrary<Operation> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ op: fc.constant('publish' as const) }) },
  {
    weight: 3,
    arbitrary: fc.record({ op: fc.constant('batch' as const), count: fc.integer({ min: 0, max: 19 }) }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      op: fc.constant('with' as const),
      count: fc.integer({ min: 0, max: 19 }),
      throwAt: fc.oneof({ weight: 4, arbitrary: fc.constant(-1) }, { weight: 1, arbitrary: fc.nat(5) }),
    }),
  },
  { weight: 6, arbitrary: fc.record({ op: fc.constant('next' as const) }) },
  { weight: 4, arbitrary: fc.record({ op: fc.constant('drain' as const), max }) },
  { weight: 1, arbitrary: fc.record({ op: fc.constant('reopen reader' as const) }) },
  { weight: 1, arbitrary: fc.record({ op: fc.constant('observe' as const), which }) },
  { weight: 3, arbitrary: fc.record({ op: fc.constant('observer next' as const), which }) },
  { weight: 3, arbitrary: fc.record({ op: fc.constant('observer drain' as const), which, max }) },
);

/** What an axon must do, said with an array. */
export class Model {
  readonly queue: number[] = [];
  readonly accepted: number[] = []; // ids by position
  readonly dropped = { full: 0, oldest: 0, sampled: 0, deadline: 0 };
  offered = 0;
  consumed = 0;
  held = 0; // slots whose spike is still being looked at
  pressured = 0;

  constructor(
    readonly capacity: number,
    readonly mode: Backpressure,
  ) {}

  get room(): number {
    return this.capacity - this.queue.length - this.held;
  }

  /** Whether the spike is accepted; undefined: ERR_NB_FULL. */
  offer(id: number): boolean | undefined {
    this.offered++;
    if (this.room === 0) {
      if (this.mode === 'drop-oldest') {
        this.queue.shift();
        this.dropped.oldest++;
      } else {
        this.dropped[this.mode === 'block' ? 'deadline' : 'full']++;
        return this.mode === 'fail' ? undefined : false;
      }
    } else if (this.mode === 'sample' && (this.capacity - this.room) * 2 > this.capacity) {
      if (++this.pressured % SAMPLE_EVERY !== 0) {
        this.dropped.sampled++;
        return false;
      }
    }
    this.queue.push(id);
    this.accepted.push(id);
    return true;
  }
}
