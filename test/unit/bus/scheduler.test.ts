// SPDX-License-Identifier: MIT
import { afterEach, expect, test } from 'vitest';
import { type Drain, Scheduler } from '../../../lib/bus/scheduler.js';

/** Stands for a bus that others share and that gets nothing. */
class Idle implements Drain {
  readonly log: string[] = [];
  /** Spikes come with these looks. */
  busy = new Set<number>();
  /** With these, answers come that a handler awaits. */
  answers = new Set<number>();
  #looks = 0;
  #awaited = false;
  drain(): boolean {
    this.log.push('look');
    this.#looks++;
    if (this.answers.has(this.#looks)) {
      this.#awaited = true;
      void Promise.resolve().then(() => this.log.push('go on'));
    }
    return this.busy.has(this.#looks);
  }
  awaited(): boolean {
    const awaited = this.#awaited;
    this.#awaited = false;
    return awaited;
  }
  giveWay(): void {
    this.log.push('give way');
  }
  park(): boolean {
    this.log.push('park');
    return true;
  }
  beat(): void {}
  unpark(): void {}
  shared(): boolean {
    return true;
  }
  wantsBeats(): boolean {
    return false;
  }
}

const schedulers: Scheduler[] = [];
afterEach(() => {
  for (const scheduler of schedulers.splice(0)) scheduler.stop();
});

async function parked(idle: Idle): Promise<string[]> {
  const scheduler = new Scheduler(idle, {
    strategy: 'park',
    tickIntervalMs: 1000,
    housekeepingMs: 1e6,
    budget: 1024,
    steady: false,
    pollMs: 250, // long enough for some dozens of looks, however busy the machine
  });
  schedulers.push(scheduler);
  scheduler.start();
  while (scheduler.running && !idle.log.includes('park'))
    await new Promise((resolve) => setImmediate(resolve));
  return idle.log;
}

test('one that polls looks a while on its own before it lets other threads have the processor', async () => {
  const log = await parked(new Idle());
  const first = log.indexOf('give way');
  expect(first).toBeGreaterThan(8);
  expect(new Set(log.slice(0, first))).toEqual(new Set(['look']));
  expect(log.filter((what) => what === 'give way').length).toBeGreaterThan(8);
});

test('after a spike it looks on its own again', async () => {
  const idle = new Idle();
  idle.busy.add(40);
  const log = await parked(idle);
  const looks = log.flatMap((what, i) => (what === 'look' ? [i] : []));
  const after = log.slice(looks[39] + 1);
  expect(new Set(after.slice(0, 9))).toEqual(new Set(['look']));
});

test('who awaits an answer goes on before it looks again', async () => {
  const idle = new Idle();
  idle.answers = idle.busy = new Set([3, 40]);
  const log = await parked(idle);
  const looks = log.flatMap((what, i) => (what === 'look' ? [i] : []));
  for (const answer of idle.answers) expect(log[looks[answer - 1]! + 1]).toBe('go on');
  expect(log.filter((what) => what === 'go on')).toHaveLength(2);
});
