// SPDX-License-Identifier: MIT
//
// How many questions each neuron has that it did not answer: a word in its shared record, so that whoever chooses among many can
// read it without asking. Written by the owner of the neuron, read by any thread.

import * as L from '../../memory/layout.js';
import type { Workspace } from '../workspace.js';

const LOAD = L.NEURON_LOAD >> 1;
const NEURON_HALVES = L.NEURON_BYTES / 2;
const MOST = 0xffff;

/** Index of the load of a neuron in Workspace.u16. */
export function loadIndex({ neurons }: Workspace, id: number): number {
  return neurons * 2 + id * NEURON_HALVES + LOAD;
}

export function loadOf(workspace: Workspace, id: number): number {
  return workspace.u16[loadIndex(workspace, id)];
}

/** A question came to a neuron of this thread (1), or needs no answer any more (-1). Stays within what the word can say. */
export function countLoad(workspace: Workspace, id: number, change: 1 | -1): void {
  if (workspace.residents[id] === undefined) return;
  const at = loadIndex(workspace, id);
  const load = workspace.u16[at] + change;
  if (load >= 0 && load <= MOST) workspace.u16[at] = load;
}
