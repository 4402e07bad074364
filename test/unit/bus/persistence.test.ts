// What a snapshot leaves waiting while other threads come, go or are busy: the threads are played here, so that they do it exactly when
// it matters. With real ones: test/workers/load.test.ts.
import { AgentCard, NeuronBusError } from 'neuronbus';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import type { RegisteredCard } from '../../../lib/bus/agent_card.js';
import { Persistence } from '../../../lib/bus/persistence.js';
import type { Registry } from '../../../lib/bus/registry.js';
import type { SavedSynapse } from '../../../lib/bus/snapshot.js';
import type { SynapseTable } from '../../../lib/bus/synapse_table.js';
import type { NativeGanglion } from '../../../lib/memory/native.js';

const OWN = 0;

function saved(pre: number, post: number): SavedSynapse {
  const parameters = [0.01, 0.012, 20e6, 20e6, 0, 1, 100e6];
  return { pre, post, weight: 0.5, rule: 'pair', parameters, filter: null, idleNs: 0 };
}

/** Whoever was busy is asked again. */
function muchLater(): void {
  const now = vi.spyOn(performance, 'now').mockReturnValue(Number.MAX_VALUE);
  onTestFinished(() => now.mockRestore());
}

/** Neurons by the number of their thread; ids are places in `threads`, names those of the ids. */
class Threads {
  readonly persistence: Persistence;
  readonly synapses = new Map<string, SavedSynapse>();
  readonly busy = new Set<number>();
  /** The threads that were asked for a synapse, one after the other. */
  asked: number[] = [];
  /** What this thread finds when it looks next at who is there, or asks them for something. */
  unseen: (() => void)[] = [];
  /** Happens elsewhere just before the next synapse is made. */
  meanwhile = () => {};
  readonly #cards = new Map<number, RegisteredCard>();
  readonly #threads: number[];

  constructor(threads: number[]) {
    this.#threads = threads;
    for (const id of threads.keys()) this.#cards.set(id, this.card(id));
    const registry = {
      sync: () => this.#sync(),
      get cortex() {
        this.sync();
        return { all: () => [...cards.values()] };
      },
      ownerOf: (id: number) => threads[id],
      isResident: (id: number) => threads[id] === OWN,
    };
    const cards = this.#cards;
    const native = {
      setPatience: () => {},
      setIdle: () => {},
      connect: (pre: number, post: number, weight: number) => this.#connect({ ...saved(pre, post), weight }),
      disconnect: (pre: number, post: number) => this.synapses.delete(`${pre} ${post}`),
    };
    const table = {
      count: 0,
      rowOf: (pre: number, post: number) => (this.synapses.has(`${pre} ${post}`) ? 0 : -1),
      describeAll: () => [...this.synapses.values()],
    };
    const failed = (error: unknown) => {
      throw error;
    };
    this.persistence = new Persistence(
      native as unknown as NativeGanglion,
      registry as unknown as Registry,
      table as unknown as SynapseTable,
      { maxSynapses: 1024, clock: 'real' },
      { now: () => 0, failed },
    );
    onTestFinished(() => this.persistence.close());
  }

  card(id: number): RegisteredCard {
    return new AgentCard({ name: `n${id}`, id }) as RegisteredCard;
  }

  /** A snapshot with the neurons of all threads. */
  body(synapses: SavedSynapse[]) {
    const neurons = Array.from(this.#threads.keys(), (id) => ({ id, card: { ...this.card(id) } }));
    return { name: 'bus', neurons, synapses };
  }

  leaves(id: number): void {
    this.#cards.delete(id);
    this.unseen.push(() => this.persistence.unregistered(id));
  }

  comes(id: number): void {
    this.unseen.push(() => {
      this.#cards.set(id, this.card(id));
      this.persistence.joined(this.card(id));
    });
  }

  /** A neuron of this thread. */
  registers(id: number): void {
    this.#cards.set(id, this.card(id));
    this.persistence.registered(this.card(id));
  }

  #sync(): boolean {
    const news = this.unseen;
    this.unseen = [];
    for (const tell of news) tell();
    return news.length > 0;
  }

  #connect(synapse: SavedSynapse): void {
    const { pre, post } = synapse;
    this.meanwhile();
    this.meanwhile = () => {};
    this.asked.push(this.#threads[post]);
    if (!this.#cards.has(pre) || !this.#cards.has(post)) throw new NeuronBusError('UNKNOWN_NEURON');
    if (this.busy.has(this.#threads[post])) throw new NeuronBusError('TIMEOUT');
    this.synapses.set(`${pre} ${post}`, synapse);
  }
}

describe('a snapshot that is taken', () => {
  it('has a neuron once that came, and no synapse of one that left, a moment ago', () => {
    const threads = new Threads([OWN, 1, 2]);
    threads.busy.add(1);
    threads.leaves(2);
    threads.persistence.restore(threads.body([saved(0, 1), saved(0, 2)]));
    threads.leaves(1);
    threads.comes(2);
    const { neurons, synapses } = threads.persistence.body('bus');
    expect(neurons.map(({ id, card }) => [id, card.name])).toEqual([
      [0, 'n0'],
      [2, 'n2'],
    ]);
    expect(synapses.map(({ pre, post }) => [pre, post])).toEqual([[0, 2]]);
  });

  it('has no synapse of a neuron that comes meanwhile', () => {
    const threads = new Threads([OWN, OWN]);
    threads.synapses.set('0 1', saved(0, 1));
    threads.synapses.set('2 1', saved(2, 1));
    const { synapses } = threads.persistence.body('bus');
    expect(synapses.map(({ pre, post }) => [pre, post])).toEqual([[0, 1]]);
  });
});

describe('a neuron that registers', () => {
  it('gets its other synapses when a neuron of another thread leaves in this moment', () => {
    const threads = new Threads([OWN, 1, 1]);
    threads.leaves(0);
    threads.persistence.restore(threads.body([saved(1, 0), saved(2, 0)]));
    threads.meanwhile = () => threads.leaves(1);
    threads.registers(0);
    expect([...threads.synapses.keys()]).toEqual(['2 0']);
    const { neurons, synapses } = threads.persistence.body('bus');
    expect(neurons.map(({ id }) => id)).toEqual([2, 0]);
    expect(synapses.map(({ pre, post }) => [pre, post])).toEqual([[2, 0]]);
  });
});

describe('busy threads', () => {
  it('are asked once each, and those that have time get all theirs meanwhile', () => {
    const threads = new Threads([OWN, 1, 1, 1, 2, 2, 3, 3]);
    threads.busy.add(1).add(2);
    const body = threads.body([1, 2, 3, 4, 5, 6, 7].map((post) => saved(0, post)));
    expect(threads.persistence.restore(body).synapses).toBe(2);
    expect(threads.asked).toEqual([1, 2, 3, 3]);

    threads.asked = [];
    threads.busy.delete(2);
    muchLater();
    threads.persistence.look();
    expect(threads.asked.toSorted()).toEqual([1, 2, 2]);
    expect([...threads.synapses.keys()].toSorted()).toEqual(['0 4', '0 5', '0 6', '0 7']);
    expect(threads.persistence.body('bus').synapses).toHaveLength(7);
  });
});

describe('a synapse that somebody makes here before its thread had time for that of the snapshot', () => {
  it.each(['was there', 'comes unseen'])('stays, when its neuron %s', (when) => {
    const threads = new Threads([OWN, 1]);
    threads.busy.add(1);
    if (when === 'comes unseen') threads.leaves(1);
    threads.persistence.restore(threads.body([saved(0, 1)]));
    if (when === 'comes unseen') threads.comes(1);
    const own = { ...saved(0, 1), weight: 0.9 };
    threads.synapses.set('0 1', own);
    threads.persistence.settled(0, 1);
    threads.busy.clear();
    expect(threads.persistence.body('bus').synapses).toEqual([own]);
    muchLater();
    threads.persistence.look();
    expect([...threads.synapses.values()]).toEqual([own]);
  });

  it('does not keep the others of its neurons from coming', () => {
    const threads = new Threads([OWN, OWN, 1, 1]);
    threads.busy.add(1);
    threads.persistence.restore(threads.body([saved(0, 2), saved(1, 2), saved(0, 3)]));
    threads.persistence.settled(0, 2);
    threads.persistence.settled(2, 0);
    threads.busy.clear();
    muchLater();
    threads.persistence.look();
    expect([...threads.synapses.keys()].toSorted()).toEqual(['0 3', '1 2']);
  });
});
