// SPDX-License-Identifier: MIT
//
// Turns counters of dropped spikes into 'drop' events. Called on the thread of the bus, after a tick.

import { DROP_REASONS, type DropReason } from './stats.js';

export class DropWatch {
  /** Somebody listens; until then nothing is compared. */
  active = false;
  #before: Record<DropReason, number> | undefined;

  /** What was dropped since the last call, reason by reason. */
  since(now: Record<DropReason, number>): { reason: DropReason; count: number }[] {
    const before = this.#before;
    this.#before = now;
    return DROP_REASONS.map((reason) => ({ reason, count: now[reason] - (before?.[reason] ?? 0) })).filter(
      ({ count }) => count > 0,
    );
  }
}
