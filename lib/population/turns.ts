// SPDX-License-Identifier: MIT
//
// Who may run a network: one neuron on the bus after the other, in order. On the thread of the network.

import { setTimeout as sleep } from 'node:timers/promises';
import type { Engine } from './engine.js';
import type { SpikingNetwork } from './network.js';

const queues = new WeakMap<Engine, Promise<unknown>>();
/** How often to look whether a run that somebody else began is done. */
const LOOK_MS = 2;

/** @internal Runs `work` when it is its turn, and no other run is under way. */
export function takeTurn<T>(net: SpikingNetwork, engine: Engine, work: () => Promise<T>): Promise<T> {
  const turn = (queues.get(engine) ?? Promise.resolve()).then(async () => {
    while (!net.closed && net.running) await sleep(LOOK_MS);
    return work();
  });
  queues.set(
    engine,
    turn.catch(() => {}),
  );
  return turn;
}
