// SPDX-License-Identifier: MIT
//
// How much is said, by kind of message and by agent, and how fast it is answered. Called on the thread of the bus.
//
// Rates are exponentially weighted: a message counts exp(-age / 10 s), and the sum is divided by what a rate of one per second
// would have come to since the bus was made. Ages are counted in steps of a quarter of a second, so that only the first message
// of a step pays for an exponential; that makes a rate up to 1.3 % too large or too small. Memory does not grow with messages,
// and what is known of an agent goes when it leaves.

import * as L from '../../memory/layout.js';
import { bucketOf, bucketTop, quantileBucket } from '../histogram.js';
import type { Workspace } from '../workspace.js';
import { MESSAGE_KINDS, type MessageKind, type MessageOutcome, OUTCOMES, type Summary } from './history.js';

/** Of the messages of one kind, or those that one agent sent, or got. */
export interface TrafficStats {
  /** Messages, and questions that ended, since the bus was made. */
  count: number;
  /** Of these, those that failed, ran out of time, were dropped, or whose receiver left. */
  errors: number;
  /** Per second, now: of the last ten seconds or so (exponentially weighted). */
  rate: number;
  /** Per second, since the bus was made. */
  meanRate: number;
  /** Quantiles of the time to the answer (of messages from other threads: to their turn), ns; each at most 1/8 too large. 0 before the first. */
  latencyNs: { count: number; p50: number; p95: number; p99: number; max: number };
}

export interface BusTraffic {
  byType: Record<MessageKind, TrafficStats>;
  /** By id. Agents that left are forgotten. */
  byAgent: Map<number, { sent: TrafficStats; received: TrafficStats }>;
}

const SUB_BITS = 3;
const BUCKETS = bucketOf(2 ** 40, SUB_BITS) + 1; // the last one also has what took longer, over 18 minutes
const TAU_STEPS = 40;
const TAU_S = 10;
const STEP_NS = (TAU_S * 1e9) / TAU_STEPS;
const FIRST_SWEEP = 64;

const of = (...outcomes: MessageOutcome[]) =>
  outcomes.reduce((set, outcome) => set | (1 << OUTCOMES.indexOf(outcome)), 0);
const ERRORS: number = of('failed', 'timeout', 'dead', 'dropped');
const ANSWERS: number = of('answered', 'served');
const DEAD: number = of('dead');

/** A small integer for 17 years of uptime. */
function stepAt(nowNs: number): number {
  return (nowNs / STEP_NS) | 0;
}

class Tally {
  count = 0;
  errors = 0;
  #answers = 0;
  #maxNs = 0;
  #buckets: Float64Array | undefined;
  readonly #weight = new Float64Array(1); // as of #step; a double in a field would be a new object for each message
  #step = 0;

  /** `bucket` < 0: nothing was answered. */
  add(step: number, bucket: number, entry: Readonly<Summary>): void {
    this.count++;
    if (((1 << entry.outcome) & ERRORS) !== 0) this.errors++;
    if (step !== this.#step) {
      this.#weight[0] *= Math.exp((this.#step - step) / TAU_STEPS);
      this.#step = step;
    }
    this.#weight[0]++;
    if (bucket < 0) return;
    this.#buckets ??= new Float64Array(BUCKETS);
    this.#buckets[bucket]++;
    this.#answers++;
    if (entry.latencyNs > this.#maxNs) this.#maxNs = entry.latencyNs;
  }

  read(step: number, uptimeNs: number): TrafficStats {
    const uptimeS = Math.max(uptimeNs, STEP_NS) / 1e9;
    const full = TAU_S * (1 - Math.exp(-uptimeS / TAU_S));
    const weight = this.#weight[0] * Math.exp(Math.min(0, this.#step - step) / TAU_STEPS);
    return {
      count: this.count,
      errors: this.errors,
      rate: weight / full,
      meanRate: this.count / uptimeS,
      latencyNs: {
        count: this.#answers,
        p50: this.#quantile(0.5),
        p95: this.#quantile(0.95),
        p99: this.#quantile(0.99),
        max: this.#maxNs,
      },
    };
  }

  #quantile(share: number): number {
    const buckets = this.#buckets;
    if (buckets === undefined) return 0;
    const bucket = quantileBucket(share, this.#answers, BUCKETS, (i) => buckets[i]);
    return bucket === BUCKETS - 1 ? this.#maxNs : Math.min(bucketTop(bucket, SUB_BITS), this.#maxNs);
  }
}

interface Agent {
  /** What the roster said of it: another word, another neuron. */
  readonly entry: number;
  readonly sent: Tally;
  readonly received: Tally;
}

export class Traffic {
  readonly #ws: Workspace;
  readonly #createdNs: number;
  readonly #kinds = MESSAGE_KINDS.map(() => new Tally());
  readonly #agents: (Agent | undefined)[] = []; // by id
  #known = 0;
  #sweepAt = FIRST_SWEEP;

  constructor(workspace: Workspace, createdNs: number) {
    this.#ws = workspace;
    this.#createdNs = createdNs;
  }

  /** A message was sent or came, or an exchange ended. */
  add(entry: Readonly<Summary>): void {
    const step = stepAt(entry.time + entry.latencyNs);
    const outcome = 1 << entry.outcome;
    const answered = (outcome & ANSWERS) !== 0;
    const bucket = answered ? Math.min(bucketOf(Math.floor(entry.latencyNs), SUB_BITS), BUCKETS - 1) : -1;
    this.#kinds[entry.kind].add(step, bucket, entry);
    this.#agent(entry.from)?.sent.add(step, bucket, entry);
    if ((outcome & DEAD) === 0) this.#agent(entry.to)?.received.add(step, bucket, entry); // else the id may be another's
  }

  /** Neuron `id` left. */
  left(id: number): void {
    if (this.#agents[id] === undefined) return;
    this.#agents[id] = undefined;
    this.#known--;
  }

  read(nowNs: number): BusTraffic {
    this.#sweep();
    const step = stepAt(nowNs);
    const read = (tally: Tally) => tally.read(step, nowNs - this.#createdNs);
    const byAgent: BusTraffic['byAgent'] = new Map();
    this.#agents.forEach((agent, id) => {
      if (agent !== undefined) byAgent.set(id, { sent: read(agent.sent), received: read(agent.received) });
    });
    const [send, request, stream] = this.#kinds.map(read);
    return { byType: { send, request, stream }, byAgent };
  }

  #agent(id: number): Agent | undefined {
    const known = this.#agents[id];
    const entry = this.#ws.u32[this.#ws.roster + id] | 0;
    return known !== undefined && known.entry === entry ? known : this.#meet(id, entry);
  }

  // Not seen so far, or its id was somebody else's.
  #meet(id: number, entry: number): Agent | undefined {
    this.left(id);
    if ((entry & L.ROSTER_GANGLION_MASK) === 0) return undefined;
    if (this.#known >= this.#sweepAt) {
      this.#sweep();
      this.#sweepAt = Math.max(FIRST_SWEEP, 2 * this.#known);
    }
    while (this.#agents.length <= id) this.#agents.push(undefined);
    this.#known++;
    const agent = { entry, sent: new Tally(), received: new Tally() };
    this.#agents[id] = agent;
    return agent;
  }

  #sweep(): void {
    this.#agents.forEach((agent, id) => {
      if (agent !== undefined && (this.#ws.u32[this.#ws.roster + id] | 0) !== agent.entry) this.left(id);
    });
  }
}
