// The whole bus as plain arrays and maps: what users are promised, without rings, slots or batches. Not a test itself.
//
// One freedom is the library's: in which order the receivers of a broadcast get it. deliver() takes that order from what
// the library did, and checks everything else.
import { type Backpressure, BROADCAST, type DropReason } from 'neuronbus';
import { expect } from 'vitest';

/** What handlers do is the first letter of the text: q nothing, r reply, b broadcast, u unregister itself, x throw. */
export type Reaction = 'q' | 'r' | 'b' | 'u' | 'x';

export interface ModelSpike {
  source: number;
  target: number;
  type: number;
  priority: number;
  sequence: number;
  text: string;
  timestamp: number;
}

export interface Delivery extends ModelSpike {
  to: number;
}

export interface ModelNeuron {
  threshold: number;
  rest: number;
  leakMs: number;
  refractoryMs: number;
  potential: number;
  updated: number;
  refractoryUntil: number;
  sequence: number;
  received: number;
  firings: number;
}

export interface ModelSynapse {
  pre: number;
  post: number;
  weight: number;
  types: readonly number[];
  minPriority: number;
  prefix: string;
}

export interface ModelOptions {
  backpressure: Backpressure;
  axonCapacity: number;
  sampleEvery: number;
  maxNeurons: number;
  maxSynapses: number;
}

/** An error that the library should throw as well. */
export class Refused extends Error {
  constructor(readonly code: string) {
    super(code);
  }
}

const REASONS: DropReason[] = [
  'full',
  'oldest',
  'sampled',
  'deadline',
  'filtered',
  'refractory',
  'noReceiver',
  'deadTarget',
  'corrupt',
];

export class BusModel {
  now = 0;
  published = 0;
  delivered = 0;
  handlerErrors = 0;
  readonly dropped = Object.fromEntries(REASONS.map((reason) => [reason, 0])) as Record<DropReason, number>;
  readonly neurons = new Map<number, ModelNeuron>();
  synapses: ModelSynapse[] = [];
  queue: ModelSpike[] = [];
  #accepted = 0; // spikes that ever got into the queue
  readonly #retired = new Map<number, number>(); // id → accepted when it left
  #held = 0; // slots of the batch whose handlers run
  #handling = false;
  #pressed = 0;

  constructor(readonly options: ModelOptions) {}

  // ---- neurons and synapses -----------------------------------------------------------------------------------------

  /** Whether nothing is queued any more that could have been meant for the last owner of the id. */
  isFree(id: number): boolean {
    const consumed = this.#accepted - this.queue.length;
    return !this.neurons.has(id) && (this.#retired.get(id) ?? 0) <= consumed;
  }

  add(id: number, dynamics: Pick<ModelNeuron, 'threshold' | 'rest' | 'leakMs' | 'refractoryMs'>): void {
    expect(this.isFree(id)).toBe(true);
    this.neurons.set(id, {
      ...dynamics,
      potential: dynamics.rest,
      updated: this.now,
      refractoryUntil: 0,
      sequence: 0,
      received: 0,
      firings: 0,
    });
  }

  remove(id: number): void {
    this.neurons.delete(id);
    this.#retired.set(id, this.#accepted);
    this.synapses = this.synapses.filter(({ pre, post }) => pre !== id && post !== id);
  }

  find(pre: number, post: number): ModelSynapse | undefined {
    return this.synapses.find((synapse) => synapse.pre === pre && synapse.post === post);
  }

  // ---- spikes -------------------------------------------------------------------------------------------------------

  /** False: dropped. */
  offer(spike: Omit<ModelSpike, 'sequence' | 'timestamp'>, log: Delivery[]): boolean {
    if (!this.#admit(log)) return false;
    const sender = this.neurons.get(spike.source);
    if (sender === undefined) throw new Refused('ERR_NB_UNKNOWN_NEURON'); // it left while room was made
    this.queue.push({ ...spike, sequence: sender.sequence++, timestamp: this.now });
    this.published++;
    this.#accepted++;
    return true;
  }

  #admit(log: Delivery[]): boolean {
    const { backpressure, axonCapacity, sampleEvery } = this.options;
    const used = () => this.queue.length + this.#held;
    const drop = (reason: DropReason) => {
      this.published++;
      this.dropped[reason]++;
      return false;
    };
    if (backpressure === 'sample') {
      if (used() <= axonCapacity / 2 && used() < axonCapacity) return true;
      if (used() >= axonCapacity) return drop('full');
      return ++this.#pressed % sampleEvery === 0 || drop('sampled');
    }
    if (used() < axonCapacity) return true;
    if (backpressure === 'drop-newest') return drop('full');
    if (backpressure === 'drop-oldest') {
      this.queue.shift();
      this.dropped.oldest++;
      return true;
    }
    if (backpressure === 'fail') {
      drop('full');
      throw new Refused('ERR_NB_FULL');
    }
    if (this.#handling) return drop('deadline');
    while (used() >= axonCapacity) this.deliver(axonCapacity, log);
    return true;
  }

  /** Hands over what is queued, until at least `budget` neurons got something. `log`: what the library delivered. */
  deliver(budget: number, log: Delivery[]): number {
    const groups: Delivery[][] = [];
    let listed = 0;
    let taken = 0;
    while (taken < this.queue.length && listed < budget) {
      const group = this.#receivers(this.queue[taken++]!);
      listed += group.length;
      if (group.length > 0) groups.push(group);
    }
    this.queue.splice(0, taken);
    this.#held = this.options.backpressure === 'drop-oldest' ? 0 : taken;
    this.#handling = true;
    let handed = 0;
    for (const group of groups) handed += this.#handOver(group, log);
    this.#handling = false;
    this.#held = 0;
    return handed;
  }

  #receivers(spike: ModelSpike): Delivery[] {
    if (spike.target !== BROADCAST) {
      if (!this.neurons.has(spike.target)) {
        this.dropped.deadTarget++;
        return [];
      }
      return this.#arrives(spike, spike.target, this.find(spike.source, spike.target));
    }
    const out = this.synapses.filter(({ pre }) => pre === spike.source);
    if (out.length === 0) {
      this.dropped.noReceiver++;
      return [];
    }
    this.published += out.length - 1;
    return out.flatMap((synapse) => this.#arrives(spike, synapse.post, synapse));
  }

  #arrives(spike: ModelSpike, to: number, synapse: ModelSynapse | undefined): Delivery[] {
    if (synapse !== undefined) {
      const { types, minPriority, prefix } = synapse;
      if (!types.includes(spike.type) || spike.priority < minPriority || !spike.text.startsWith(prefix)) {
        this.dropped.filtered++;
        return [];
      }
    }
    const neuron = this.neurons.get(to)!;
    if (!this.#integrate(neuron, spike.type, synapse?.weight ?? 1)) {
      this.dropped.refractory++;
      return [];
    }
    neuron.received++;
    return [{ ...spike, to }];
  }

  /** False: the neuron is refractory. */
  #integrate(neuron: ModelNeuron, type: number, weight: number): boolean {
    if (type === 2) return true;
    const { rest, threshold } = neuron;
    neuron.potential =
      rest + (neuron.potential - rest) * Math.exp(-(this.now - neuron.updated) / neuron.leakMs);
    neuron.updated = this.now;
    if (type === 1) {
      neuron.potential = Math.max(neuron.potential - weight, rest - (threshold - rest));
      return true;
    }
    if (this.now < neuron.refractoryUntil) return false;
    neuron.potential += weight;
    if (neuron.potential >= threshold) {
      neuron.potential = rest;
      neuron.refractoryUntil = this.now + neuron.refractoryMs;
      neuron.firings++;
    }
    return true;
  }

  #handOver(group: Delivery[], log: Delivery[]): number {
    const living = group.filter(({ to }) => this.neurons.has(to));
    this.dropped.deadTarget += group.length - living.length;
    const actual = log.splice(0, living.length);
    const byReceiver = (a: Delivery, b: Delivery) => a.to - b.to;
    expect([...actual].sort(byReceiver)).toEqual([...living].sort(byReceiver));
    for (const delivery of actual) {
      this.delivered++;
      this.#react(delivery, log);
    }
    return living.length;
  }

  #react({ to, source, text }: Delivery, log: Delivery[]): void {
    const answer = { source: to, type: 0, priority: 1, text: 'q answer' };
    try {
      if (text[0] === 'r') this.offer({ ...answer, target: source }, log);
      else if (text[0] === 'b') this.offer({ ...answer, target: BROADCAST }, log);
      else if (text[0] === 'u') this.remove(to);
      else if (text[0] === 'x') throw new Refused('on purpose');
    } catch {
      this.handlerErrors++;
    }
  }
}
