// The wheel of deadlines, when it is closed while it tells what is due.
import { afterEach, expect, it, vi } from 'vitest';
import { Deadlines, type Timed } from '../../../../lib/bus/messages/deadlines.js';

afterEach(() => void vi.useRealTimers());

function due(deadlineNs: number): Timed {
  return { deadlineNs, wheelSlot: -1, later: undefined, sooner: undefined };
}

it.each([true, false])('tells nobody any more, and sets no timer (virtual clock: %s)', (virtual) => {
  vi.useFakeTimers();
  let [now, told] = [0, 0];
  const deadlines = new Deadlines<Timed>(
    () => now,
    () => {
      told++;
      deadlines.close();
      deadlines.add(due(2e9), now); // of what a listener asked
    },
    virtual,
  );
  for (const at of [1e6, 1e6, 3e6, 1e9]) deadlines.add(due(at), now);
  now = 1e8;
  if (virtual) deadlines.expire(now);
  else vi.runOnlyPendingTimers();
  expect([told, vi.getTimerCount()]).toEqual([1, 0]);
  deadlines.add(due(3e9), now);
  expect(vi.getTimerCount()).toBe(0);
});
