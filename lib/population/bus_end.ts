// SPDX-License-Identifier: MIT
//
// Tells a neuron when it is unregistered and when its bus closes. One listener for each bus, however many neurons ask. On the
// thread of the bus.

import type { NeuronHandle } from '../bus/neuron.js';
import type { NeuronBus } from '../bus/neuron_bus.js';
import { tellAll } from './engine.js';

interface Ends {
  /** The neuron was unregistered. */
  left(): void;
  /** The bus was closed. */
  closed(): void;
}

/** @internal */
export interface Membership {
  /** It need not be told any more. */
  leave(): void;
}

const parties = new WeakMap<NeuronBus, Map<number, Ends>>();

/** @internal */
export function leaveWith({ bus, id }: NeuronHandle, ends: Ends): Membership {
  let party = parties.get(bus);
  if (party === undefined) {
    party = watch(bus);
    parties.set(bus, party);
  }
  const members = party;
  members.set(id, ends);
  return {
    leave: () => {
      if (members.get(id) === ends) members.delete(id);
    },
  };
}

function watch(bus: NeuronBus): Map<number, Ends> {
  const members = new Map<number, Ends>();
  bus.on('unregister', ({ id }) => {
    const ends = members.get(id);
    members.delete(id);
    ends?.left();
  });
  bus.once('close', () => {
    const all = [...members.values()];
    members.clear();
    tellAll(all.map((ends) => () => ends.closed()));
  });
  return members;
}
