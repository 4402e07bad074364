// What the tests of the blackboard share: a bus that delivers until a promise settles. Not a test itself.
import {
  Blackboard,
  type BlackboardLimits,
  type Board,
  Neuron,
  NeuronBus,
  NeuronBusError,
  type NeuronBusOptions,
} from 'neuronbus';
import { onTestFinished } from 'vitest';

class Agent extends Neuron {}

export interface Scene {
  bus: NeuronBus;
  owner: Blackboard;
  ownerId: number;
  /** In the names of two agents. */
  board: Board;
  other: Board;
  /** Ticks until `promise` settled. */
  settle<T>(promise: Promise<T>): Promise<T>;
}

export function makeScene(limits?: Partial<BlackboardLimits>, options: NeuronBusOptions = {}): Scene {
  const bus = NeuronBus.create({ clock: 'virtual', ...options });
  onTestFinished(() => bus.close());
  const owner = new Blackboard(limits);
  const ownerId = bus.register(owner, { name: 'blackboard' });
  const boards = ['one', 'other'].map((name) => bus.blackboard(bus.register(new Agent(), { name })));
  const settle = async <T>(promise: Promise<T>): Promise<T> => {
    let settled = false;
    const done = () => {
      settled = true;
    };
    promise.then(done, done);
    while (!settled && !bus.closed) {
      bus.tick();
      await new Promise((resolve) => setImmediate(resolve));
    }
    return promise;
  };
  return { bus, owner, ownerId, board: boards[0]!, other: boards[1]!, settle };
}

export async function codeOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof NeuronBusError) return error.code;
    throw error;
  }
  return 'no error';
}
