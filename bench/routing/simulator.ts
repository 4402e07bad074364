// SPDX-License-Identifier: MIT
//
// A discrete-event simulation of requests to single-server agents with FIFO queues. Time is simulated, so the same run with
// the same balancers gives the same figures on every machine. Any thread.
//
// Messages take no time. A request that is not answered within the timeout has failed for its requester; the agent still
// works it off. When an agent dies, its queue is lost; the bus notices after `detectionNs`, takes it out of the members and
// fails what was asked of it. An agent that comes back is a member at once.

import type { Balancer, BalancerFactory, Outcome, Surroundings } from './balancer.js';
import { ServerSide } from './server_side.js';
import type { Run } from './world.js';

export interface Rules {
  readonly requesters: number;
  readonly timeoutNs: number;
  readonly detectionNs: number;
  /** Whether answers are rewarded, at once, with the quality of the agent plus noise. */
  readonly rewardNoise?: number;
}

/** By request, in the order of arrival. */
export interface Trace {
  readonly sentNs: Float64Array;
  readonly agent: Int16Array;
  /** Time to the answer, or the timeout for a request that failed or was never answered. */
  readonly latencyNs: Float64Array;
  readonly failed: Uint8Array;
  /** Sent to an agent of which the bus knew that it is dead. */
  readonly sentToKnownDead: number;
}

const never = Number.POSITIVE_INFINITY;

export function simulate(run: Run, rules: Rules, factory: BalancerFactory, seed: number): Trace {
  return new Simulation(run, rules, factory, seed).run();
}

class Simulation {
  readonly #run: Run;
  readonly #rules: Rules;
  readonly #balancers: Balancer[];
  readonly #queued: Int32Array;
  readonly #queues: Queue[];
  readonly #freeAtNs: Float64Array;
  readonly #serverSide: ServerSide;
  readonly #members: { list: number[]; version: number };
  readonly #undetected: { agent: number; atNs: number }[] = [];
  readonly #queuedAtSend: Int32Array;
  readonly #tickets: Int32Array;
  readonly #settled: Uint8Array;
  readonly #trace: Trace;
  #sentToKnownDead = 0;
  #timeoutsUpTo = 0;

  constructor(run: Run, rules: Rules, factory: BalancerFactory, seed: number) {
    const { world } = run;
    const total = run.arrivals.atNs.length;
    this.#run = run;
    this.#rules = rules;
    this.#queued = new Int32Array(world.size);
    this.#queues = Array.from({ length: world.size }, () => new Queue());
    this.#freeAtNs = new Float64Array(world.size).fill(never);
    this.#serverSide = new ServerSide(this.#queued);
    this.#members = { list: Array.from({ length: world.size }, (_, agent) => agent), version: 0 };
    this.#queuedAtSend = new Int32Array(total);
    this.#tickets = new Int32Array(total);
    this.#settled = new Uint8Array(total);
    this.#trace = {
      sentNs: run.arrivals.atNs,
      agent: new Int16Array(total),
      latencyNs: new Float64Array(total),
      failed: new Uint8Array(total),
      sentToKnownDead: 0,
    };
    const surroundings: Surroundings = {
      size: world.size,
      members: this.#members,
      queued: this.#queued,
      trueMeanNs: world.meanNs,
      failing: world.failing,
      quality: world.quality,
      probe: (agent) => this.#serverSide.probe(agent),
    };
    this.#balancers = Array.from({ length: rules.requesters }, (_, requester) =>
      factory(surroundings, seed * 1000 + requester),
    );
  }

  run(): Trace {
    const { events, arrivals } = this.#run;
    const total = arrivals.atNs.length;
    let arrived = 0;
    let happened = 0;
    for (;;) {
      const [agent, doneAt] = this.#nextCompletion();
      const arrivalAt = arrived < total ? arrivals.atNs[arrived] : never;
      const timeoutAt = this.#nextTimeout(arrived);
      const eventAt = happened < events.length ? events[happened].atNs : never;
      const detectionAt = this.#undetected.length > 0 ? this.#undetected[0].atNs : never;
      const now = Math.min(doneAt, arrivalAt, timeoutAt, detectionAt, arrived < total ? eventAt : never);
      if (now === never) break;
      if (now === eventAt) this.#happen(happened++, now);
      else if (now === detectionAt) this.#detect(now);
      else if (now === doneAt) this.#complete(agent, now);
      else if (now === timeoutAt) this.#settle(this.#timeoutsUpTo++, 'silent', now);
      else this.#arrive(arrived++, now);
    }
    return { ...this.#trace, sentToKnownDead: this.#sentToKnownDead };
  }

  #nextCompletion(): [number, number] {
    let best = 0;
    for (let agent = 1; agent < this.#freeAtNs.length; agent++) {
      if (this.#freeAtNs[agent] < this.#freeAtNs[best]) best = agent;
    }
    return [best, this.#freeAtNs[best]];
  }

  /** Every request has the same timeout, so they run out in the order of arrival. */
  #nextTimeout(arrived: number): number {
    while (this.#timeoutsUpTo < arrived && this.#settled[this.#timeoutsUpTo]) this.#timeoutsUpTo++;
    return this.#timeoutsUpTo < arrived
      ? this.#trace.sentNs[this.#timeoutsUpTo] + this.#rules.timeoutNs
      : never;
  }

  #arrive(request: number, now: number): void {
    const balancer = this.#balancers[this.#run.arrivals.requester[request]];
    const agent = balancer.choose(now);
    if (!this.#members.list.includes(agent)) this.#sentToKnownDead++;
    this.#trace.agent[request] = agent;
    this.#queuedAtSend[request] = this.#queued[agent]++;
    this.#tickets[request] = balancer.sent(agent, now);
    this.#queues[agent].push(request);
    if (this.#run.world.alive[agent] && this.#freeAtNs[agent] === never) this.#begin(agent, now);
  }

  #begin(agent: number, now: number): void {
    const request = this.#queues[agent].first();
    const { world, arrivals } = this.#run;
    // An agent that fails does so after the same time, every time.
    const work = world.failing[agent] ? 1 : arrivals.work[request];
    this.#freeAtNs[agent] = now + work * world.meanNs[agent];
  }

  #complete(agent: number, now: number): void {
    const request = this.#queues[agent].shift();
    this.#queued[agent]--;
    this.#freeAtNs[agent] = never;
    const failing = this.#run.world.failing[agent] === 1;
    this.#serverSide.finished(agent, this.#queuedAtSend[request], now - this.#trace.sentNs[request]);
    if (!this.#settled[request]) this.#settle(request, failing ? 'failed' : 'answered', now);
    if (this.#queues[agent].length > 0) this.#begin(agent, now);
  }

  #settle(request: number, outcome: Outcome, now: number): void {
    const { arrivals, world } = this.#run;
    const balancer = this.#balancers[arrivals.requester[request]];
    const agent = this.#trace.agent[request];
    const sentNs = this.#trace.sentNs[request];
    this.#settled[request] = 1;
    this.#trace.failed[request] = outcome === 'answered' ? 0 : 1;
    this.#trace.latencyNs[request] = outcome === 'answered' ? now - sentNs : this.#rules.timeoutNs;
    balancer.done(agent, sentNs, this.#tickets[request], outcome, now);
    const { rewardNoise } = this.#rules;
    if (rewardNoise !== undefined && outcome === 'answered') {
      const reward = world.quality[agent] + rewardNoise * arrivals.noise[request];
      balancer.rewarded?.(agent, Math.max(-1, Math.min(1, reward)), now - sentNs, now);
    }
  }

  #happen(index: number, now: number): void {
    const { world, events } = this.#run;
    const before = Uint8Array.from(world.alive);
    events[index].apply(world);
    for (let agent = 0; agent < world.size; agent++) {
      if (before[agent] && !world.alive[agent]) this.#die(agent, now);
      if (!before[agent] && world.alive[agent]) this.#return(agent);
    }
  }

  #die(agent: number, now: number): void {
    this.#freeAtNs[agent] = never;
    this.#undetected.push({ agent, atNs: now + this.#rules.detectionNs });
  }

  #detect(now: number): void {
    const { agent } = this.#undetected.shift() as { agent: number };
    this.#members.list.splice(this.#members.list.indexOf(agent), 1);
    this.#members.version++;
    const queue = this.#queues[agent];
    this.#queued[agent] = 0;
    while (queue.length > 0) {
      const request = queue.shift();
      if (!this.#settled[request]) this.#settle(request, 'failed', now);
    }
  }

  #return(agent: number): void {
    this.#members.list.push(agent);
    this.#members.list.sort((a, b) => a - b);
    this.#members.version++;
  }
}

/** FIFO of request numbers. */
class Queue {
  #items: number[] = [];
  #from = 0;

  get length(): number {
    return this.#items.length - this.#from;
  }

  push(item: number): void {
    this.#items.push(item);
  }

  first(): number {
    return this.#items[this.#from];
  }

  shift(): number {
    const item = this.#items[this.#from++];
    if (this.#from > 64 && this.#from * 2 > this.#items.length) {
      this.#items = this.#items.slice(this.#from);
      this.#from = 0;
    }
    return item;
  }
}
