// What the tests of the bus share: a small bus, a neuron that remembers, the account. Not a test itself.
import {
  type AgentCardInit,
  type BusStats,
  Neuron,
  NeuronBus,
  type NeuronBusOptions,
  type NeuronDynamics,
  type NeuronHandle,
  type Spike,
} from 'neuronbus';
import { expect, onTestFinished } from 'vitest';
import { codeIn, missing } from '../../support.js';

export { codeOfPromise, dropped, missing, turn } from '../../support.js';

export type Handler = (spike: Spike, handle: NeuronHandle) => void | Promise<void>;

/** A small bus on the virtual clock, closed when the test ends. */
export function makeBus(options: NeuronBusOptions = {}): NeuronBus {
  const bus = NeuronBus.create({
    clock: 'virtual',
    axonCapacity: 64,
    arenaCapacity: 1 << 20,
    maxNeurons: 16,
    maxSynapses: 64,
    ...options,
  });
  onTestFinished(() => bus.close());
  return bus;
}

/** Keeps a clone of every spike it gets, then reacts as it was told. */
export class Probe extends Neuron {
  readonly spikes: Spike[] = [];
  react: Handler;
  /** As of the last spike. */
  handle!: NeuronHandle;
  id = -1;

  constructor(react: Handler = () => {}) {
    super();
    this.react = react;
  }

  onSpike(spike: Spike, handle: NeuronHandle): void | Promise<void> {
    this.spikes.push(spike.clone());
    this.handle = handle;
    return this.react(spike, handle);
  }

  get texts(): string[] {
    return this.spikes.map((spike) => spike.text());
  }
}

class TunedProbe extends Probe {
  override readonly dynamics: NeuronDynamics;

  constructor(react: Handler | undefined, dynamics: NeuronDynamics) {
    super(react);
    this.dynamics = dynamics;
  }
}

/** Registers a probe. */
export function add(bus: NeuronBus, react?: Handler, card: Partial<AgentCardInit> = {}): Probe {
  const probe = new Probe(react);
  probe.id = bus.register(probe, { name: 'probe', ...card });
  return probe;
}

/** Registers a probe with a membrane of its own. */
export function addTuned(bus: NeuronBus, dynamics: NeuronDynamics, react?: Handler): Probe {
  const probe = new TunedProbe(react, dynamics);
  probe.id = bus.register(probe, { name: 'tuned' });
  return probe;
}

/** A handle as a handler gets it. */
export function handleOf(bus: NeuronBus, probe: Probe): NeuronHandle {
  bus.fire(probe.id, { target: probe.id });
  bus.tick();
  return probe.handle;
}

/** The code of the NeuronBusError that the call throws; any other error is thrown on. */
export function codeOf(call: () => unknown): string {
  try {
    call();
  } catch (error) {
    return codeIn(error);
  }
  return 'no error';
}

/** The message of the error that the call throws. */
export function messageOf(call: () => unknown): string {
  try {
    call();
  } catch (error) {
    return (error as Error).message;
  }
  return 'no error';
}

export function expectReconciled(bus: NeuronBus): BusStats {
  const stats = bus.stats();
  const { published, delivered, queued } = stats;
  expect({ missing: missing(stats), published, delivered, queued, dropped: stats.dropped }).toEqual({
    missing: 0,
    published,
    delivered,
    queued,
    dropped: stats.dropped,
  });
  for (const count of [published, delivered, queued]) expect(count).toBeGreaterThanOrEqual(0);
  return stats;
}

/** Small and reproducible: numbers in [0, 1). */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    let mixed = state ^ (state >>> 15);
    mixed = Math.imul(mixed, 0x2c1b3c6d);
    mixed ^= mixed >>> 12;
    return (mixed >>> 0) / 4294967296;
  };
}

const RAMP = Uint8Array.from({ length: (1 << 20) + 256 }, (_, i) => (i * 7) & 0xff);

/** Bytes that tell lengths, salts and places apart. */
export function pattern(length: number, salt = 0): Uint8Array {
  const begin = ((length + salt) * 183) & 0xff;
  return RAMP.slice(begin, begin + length);
}
