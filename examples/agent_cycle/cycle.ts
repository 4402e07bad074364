// Puts the agents on a bus and runs cycles. Main thread only.
import { Blackboard, type Board, Neuron, NeuronBus } from 'neuronbus';
import { capabilityOf, type Job } from './messages.js';
import { registerShare } from './worker.js';

class Operator extends Neuron {}

export interface Finished {
  job: Job;
  /** From the question to the first agent until its answer, ns. */
  latencyNs: number;
}

export class Cycle {
  readonly bus: NeuronBus;
  readonly board: Board;
  readonly #operator: number;
  readonly #seed: number;

  private constructor(bus: NeuronBus, operator: number, seed: number) {
    this.bus = bus;
    this.board = bus.blackboard(operator);
    this.#operator = operator;
    this.#seed = seed;
  }

  /** `threads`: this one included. */
  static async begin(threads: number, seed: number): Promise<Cycle> {
    const bus = NeuronBus.create();
    bus.register(new Blackboard(), { name: 'blackboard' });
    const operator = bus.register(new Operator(), { name: 'operator' });
    registerShare(bus, 0, threads);
    bus.start();
    if (threads > 1) {
      await bus.spawn(new URL('./worker.js', import.meta.url), { threads: threads - 1 }).ready;
    }
    return new Cycle(bus, operator, seed);
  }

  async run(cycle: number): Promise<Finished> {
    const job: Job = { cycle, seed: this.#seed, hops: [] };
    const reply = await this.bus.request(this.#operator, { capability: capabilityOf('observer') }, job);
    return { job: reply.value as Job, latencyNs: reply.latencyNs };
  }

  /** Ends the threads, too. */
  end(): void {
    this.bus.close();
  }
}
