// SPDX-License-Identifier: MIT
//
// Deadlines of what is pending: a hashed timing wheel (Varghese & Lauck 1987, scheme 6), so that setting and lifting one costs a
// few loads and stores however many there are. Called on the thread of the bus.
//
// One timer serves all. It is armed for half a second at most, and not again once nothing is pending: so it need not be touched
// when an answer comes, and keeps the process alive no longer than that.

const TICK_NS = 2 ** 20;
const SLOTS = 512;
const LAST_SLOT = SLOTS - 1;
const TURN_NS = TICK_NS * SLOTS;
/** The timer is armed for no longer than this. */
const MAX_SLEEP_NS = 5e8;

/** Something with a deadline. The links belong to the wheel. */
export interface Timed {
  /** On the clock of the bus, ns; Infinity = none. */
  deadlineNs: number;
  /** Which list of the wheel it is in; -1 = none. */
  wheelSlot: number;
  later: Timed | undefined;
  sooner: Timed | undefined;
}

export class Deadlines<T extends Timed> {
  readonly #slots: (T | undefined)[] = new Array<T | undefined>(SLOTS).fill(undefined);
  readonly #now: () => number;
  readonly #expired: (timed: T) => void;
  readonly #virtual: boolean;
  readonly #holds: boolean;
  #count = 0;
  #seen = 0; // ns: what is due up to here was told
  #timer: NodeJS.Timeout | undefined;
  #armedFor = Number.POSITIVE_INFINITY;
  #closed = false;

  /** `expired` is told once for each; with a virtual clock only by expire(). `holds`: the timer keeps the process alive. */
  constructor(now: () => number, expired: (timed: T) => void, virtual: boolean, holds: boolean = true) {
    this.#now = now;
    this.#expired = expired;
    this.#virtual = virtual;
    this.#holds = holds;
  }

  /** `now`: about the time. */
  add(timed: T, now: number): void {
    if (timed.deadlineNs === Number.POSITIVE_INFINITY) return;
    if (this.#count++ === 0) this.#seen = Math.min(now, timed.deadlineNs);
    const slot = Math.floor(Math.max(timed.deadlineNs, this.#seen) / TICK_NS) & LAST_SLOT; // % of doubles takes long
    const first = this.#slots[slot];
    timed.wheelSlot = slot;
    timed.sooner = undefined;
    timed.later = first;
    if (first !== undefined) first.sooner = timed;
    this.#slots[slot] = timed;
    if (!this.#virtual && timed.deadlineNs < this.#armedFor) this.#arm(timed.deadlineNs, now);
  }

  remove(timed: T): void {
    const { wheelSlot, sooner, later } = timed;
    if (wheelSlot < 0) return;
    timed.wheelSlot = -1;
    this.#count--;
    if (sooner === undefined) this.#slots[wheelSlot] = later as T | undefined;
    else sooner.later = later;
    if (later !== undefined) later.sooner = sooner;
    timed.sooner = timed.later = undefined;
  }

  /** Tells of everything that is due at `now`. */
  expire(now: number): void {
    const from = Math.floor(this.#seen / TICK_NS);
    const ticks = Math.min(SLOTS - 1, Math.floor(now / TICK_NS) - from);
    this.#seen = now;
    for (let i = 0; i <= ticks && this.#count > 0; i++) {
      let timed = this.#slots[(from + i) % SLOTS];
      while (timed !== undefined && !this.#closed) {
        const next: T | undefined = timed.later as T | undefined;
        if (timed.deadlineNs <= now) {
          this.remove(timed);
          this.#expired(timed);
        }
        // What was told may have lifted the next one, too: then the list is read once more.
        timed = next === undefined || next.wheelSlot >= 0 ? next : this.#slots[(from + i) % SLOTS];
      }
    }
  }

  /** Tells nobody any more, also of what is added later. */
  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #arm(until: number, now: number): void {
    if (this.#closed) return;
    clearTimeout(this.#timer);
    this.#armedFor = Math.min(until, now + MAX_SLEEP_NS);
    this.#timer = setTimeout(this.#ring, Math.max(1, Math.ceil((this.#armedFor - now) / 1e6)));
    if (!this.#holds) this.#timer.unref();
  }

  readonly #ring = (): void => {
    const now = this.#now();
    this.#armedFor = Number.POSITIVE_INFINITY;
    this.expire(now);
    if (this.#count > 0) this.#arm(this.#soonest(now), now);
  };

  /** The next deadline within a turn of the wheel, else its end. */
  #soonest(now: number): number {
    const from = Math.floor(now / TICK_NS);
    for (let i = 0; i < SLOTS; i++) {
      for (
        let timed = this.#slots[(from + i) % SLOTS];
        timed !== undefined;
        timed = timed.later as T | undefined
      ) {
        if (timed.deadlineNs < (from + i + 1) * TICK_NS) return (from + i + 1) * TICK_NS;
      }
    }
    return now + TURN_NS;
  }
}
