// SPDX-License-Identifier: MIT
//
// The events of a bus. Types only.

import type { RegisteredCard } from './agent_card.js';
import type { DropReason } from './stats.js';

/** Events of a bus and what their listeners get. */
export interface BusEvents {
  /** A handler threw or rejected. Without a listener it becomes a process warning; delivery goes on either way. */
  error: [error: unknown, info: { neuron: number; card: RegisteredCard | undefined }];
  /** An unused synapse reached its minimum and was removed. */
  prune: [info: { pre: number; post: number; weight: number }];
  /** Spikes were dropped since the last tick. */
  drop: [info: { reason: DropReason; count: number }];
  register: [card: RegisteredCard];
  unregister: [card: RegisteredCard];
  close: [];
}
