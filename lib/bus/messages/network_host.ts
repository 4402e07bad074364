// SPDX-License-Identifier: MIT
//
// The bus as a network sees it, in the name of the network's neuron. Called on the thread of the bus.

import { NeuronBusError } from '../../memory/errors.js';
import type { Registry } from '../registry.js';
import type { Workspace } from '../workspace.js';
import type { Addressing } from './addressing.js';
import type { Alarms } from './alarms.js';
import type { Asking } from './asking.js';
import type { Health } from './health.js';
import type { NetworkHost } from './network.js';
import type { Router } from './router.js';

interface Parts {
  readonly ws: Workspace;
  readonly registry: Registry;
  readonly addressing: Addressing;
  readonly asking: Asking;
  readonly health: Health;
  readonly alarms: Alarms;
  now(): number;
  /** A question is about to be sent: who is asked may leave unnoticed. */
  watch(): void;
}

/** `leave` unregisters neuron `id`. `router` chooses for it. */
export function networkHost(
  { ws, registry, addressing, asking, health, alarms, now, watch }: Parts,
  id: number,
  router: Router,
  timeoutMs: number | undefined,
  leave: () => void,
): NetworkHost {
  const timeout = timeoutMs === undefined ? {} : { timeoutMs };
  const resident = ws.residents[id];
  const here = () => !ws.closed && ws.residents[id] === resident; // and not another one with its id
  return {
    here,
    pick: (to, tried) => {
      if (!here()) throw new NeuronBusError('CLOSED');
      return addressing.oneOf(router, id, to, tried);
    },
    ask: (to, value, correlationId, signal) => {
      watch();
      return asking.request(id, to, value, { ...timeout, correlationId, signal });
    },
    alarms,
    conversation: () => asking.conversation(),
    cards: () => registry.cortex.all(),
    entryOf: (agent) => ws.u32[ws.roster + agent] | 0,
    mayAsk: (agent) => health.mayAsk(agent, now()),
    mark: (agent, entry) => health.mark(agent, entry, now()),
    leave: () => {
      if (here()) leave();
    },
  };
}
