// SPDX-License-Identifier: MIT
//
// Waiting on the clock of the bus, real or virtual, for what is not a question. Called on the thread of the bus.

import { Deadlines, type Timed } from './deadlines.js';

/** One wait. */
export class Alarm implements Timed {
  wheelSlot = -1;
  later: Timed | undefined = undefined;
  sooner: Timed | undefined = undefined;

  constructor(
    readonly deadlineNs: number,
    readonly ring: () => void,
  ) {}
}

export class Alarms {
  readonly #now: () => number;
  readonly #deadlines: Deadlines<Alarm>;

  /** With a `virtual` clock alarms ring in expire() only. */
  constructor(now: () => number, virtual: boolean) {
    this.#now = now;
    this.#deadlines = new Deadlines<Alarm>(now, (alarm) => alarm.ring(), virtual);
  }

  /** Calls `ring` in `ms`, once, unless it is lifted. */
  set(ms: number, ring: () => void): Alarm {
    const now = this.#now();
    const alarm = new Alarm(now + ms * 1e6, ring);
    this.#deadlines.add(alarm, now);
    return alarm;
  }

  lift(alarm: Alarm): void {
    this.#deadlines.remove(alarm);
  }

  /** With a virtual clock: what is due rings. */
  expire(): void {
    this.#deadlines.expire(this.#now());
  }

  /** Nothing rings any more. */
  close(): void {
    this.#deadlines.close();
  }
}
