// Which agents a thread has: every one of `threads` takes its share, the main thread the first. Also what each worker runs.
import type { NeuronBus, SpawnContext } from 'neuronbus';
import { Agent } from './agents.js';
import { ROLES } from './messages.js';

export function registerShare(bus: NeuronBus, share: number, shares: number): void {
  for (const [at, role] of ROLES.entries()) {
    if (at % shares === share) bus.register(new Agent(role), { name: role, regions: [`thread/${share}`] });
  }
}

export default (bus: NeuronBus, { index, threads }: SpawnContext): void => {
  registerShare(bus, index + 1, threads + 1);
};
