// One plastic synapse in double precision, straight from the formulas: no traces that are carried along, but sums over the spikes
// that have been. Written from the papers and from the definition of ties, to judge the library by. Not a test itself.
//
// Pair: Song, Miller & Abbott 2000, Nature Neurosci. 3:919; soft bounds: van Rossum, Bi & Turrigiano 2000, J. Neurosci. 20:8812.
// Triplet: Pfister & Gerstner 2006, J. Neurosci. 26:9673. Reward: Izhikevich 2007, Cereb. Cortex 17:2443.
//
// Ties: an arrival comes before a post-spike of the same step, and a reward before both. An arrival at or before a post-spike
// pairs with it; a post-spike strictly before an arrival pairs with that.

interface Common {
  readonly pairing: 'all' | 'nearest';
  readonly bounds: 'additive' | 'multiplicative';
  readonly wMin: number;
  readonly wMax: number;
  readonly tauPlusMs: number;
  readonly tauMinusMs: number;
}

export interface PairRule extends Common {
  readonly kind: 'pair';
  readonly aPlus: number;
  readonly aMinus: number;
}

export interface TripletRule extends Common {
  readonly kind: 'triplet';
  readonly a2Plus: number;
  readonly a2Minus: number;
  readonly a3Plus: number;
  readonly a3Minus: number;
  readonly tauXMs: number;
  readonly tauYMs: number;
}

export interface RewardRule extends Common {
  readonly kind: 'reward';
  readonly aPlus: number;
  readonly aMinus: number;
  readonly tauEligibilityMs: number;
  /** 0: a reward acts at once. */
  readonly tauDopamineMs: number;
}

export type Rule = PairRule | TripletRule | RewardRule;

export interface Reward {
  readonly step: number;
  readonly amount: number;
}

/** What happens to one synapse, in steps; each list ascending. */
export interface Life {
  readonly dtMs: number;
  readonly arrivals: readonly number[];
  readonly posts: readonly number[];
  readonly rewards?: readonly Reward[];
  /** The weight is asked for at the beginning of this step. */
  readonly until: number;
}

const ORDER = { reward: 0, arrival: 1, post: 2 } as const;

interface Event {
  readonly step: number;
  readonly kind: keyof typeof ORDER;
  readonly amount: number;
}

class Synapse {
  weight: number;
  readonly #rule: Rule;
  readonly #dtMs: number;
  readonly #arrivals: number[] = [];
  readonly #posts: number[] = [];
  #eligibility = 0;
  #dopamine = 0;
  #step = 0;

  constructor(rule: Rule, dtMs: number, initial: number) {
    this.#rule = rule;
    this.#dtMs = dtMs;
    this.weight = initial;
  }

  #trace(spikes: readonly number[], step: number, tauMs: number): number {
    let sum = 0;
    for (let i = spikes.length - 1; i >= 0; i--) {
      const share = Math.exp(-((step - spikes[i]) * this.#dtMs) / tauMs);
      // What is older cannot be seen in a double any more.
      if (share < 1e-20) break;
      sum += share;
      if (this.#rule.pairing === 'nearest') break;
    }
    return sum;
  }

  #add(change: number): void {
    this.weight = Math.min(this.#rule.wMax, Math.max(this.#rule.wMin, this.weight + change));
  }

  #room(side: 'above' | 'below'): number {
    const { bounds, wMin, wMax } = this.#rule;
    if (bounds === 'additive') return 1;
    return side === 'above' ? wMax - this.weight : this.weight - wMin;
  }

  /** The weight follows eligibility times dopamine up to the begin of `step`; both decay. */
  advance(step: number): void {
    const rule = this.#rule;
    const passedMs = (step - this.#step) * this.#dtMs;
    this.#step = step;
    if (rule.kind !== 'reward') return;
    const { tauEligibilityMs, tauDopamineMs } = rule;
    if (tauDopamineMs > 0) {
      const rate = 1 / tauEligibilityMs + 1 / tauDopamineMs;
      const area = -Math.expm1(-passedMs * rate) / rate;
      this.#add((this.#eligibility * this.#dopamine * area) / tauDopamineMs);
      this.#dopamine *= Math.exp(-passedMs / tauDopamineMs);
    }
    this.#eligibility *= Math.exp(-passedMs / tauEligibilityMs);
  }

  reward(amount: number): void {
    if (this.#rule.kind !== 'reward') return;
    if (this.#rule.tauDopamineMs === 0) this.#add(amount * this.#eligibility);
    else this.#dopamine += amount;
  }

  arrival(step: number): void {
    const rule = this.#rule;
    const y = this.#trace(this.#posts, step, rule.tauMinusMs) * this.#room('below');
    if (rule.kind === 'pair') this.#add(-rule.aMinus * y);
    if (rule.kind === 'reward') this.#eligibility -= rule.aMinus * y;
    if (rule.kind === 'triplet') {
      const slow = this.#trace(this.#arrivals, step, rule.tauXMs);
      this.#add(-y * (rule.a2Minus + rule.a3Minus * slow));
    }
    this.#arrivals.push(step);
  }

  post(step: number): void {
    const rule = this.#rule;
    const x = this.#trace(this.#arrivals, step, rule.tauPlusMs) * this.#room('above');
    if (rule.kind === 'pair') this.#add(rule.aPlus * x);
    if (rule.kind === 'reward') this.#eligibility += rule.aPlus * x;
    if (rule.kind === 'triplet') {
      const slow = this.#trace(this.#posts, step, rule.tauYMs);
      this.#add(x * (rule.a2Plus + rule.a3Plus * slow));
    }
    this.#posts.push(step);
  }
}

/** The weight of a synapse that began with `initial`. */
export function weightAfter(rule: Rule, initial: number, life: Life): number {
  const events: Event[] = [
    ...(life.rewards ?? []).map(({ step, amount }) => ({ step, kind: 'reward' as const, amount })),
    ...life.arrivals.map((step) => ({ step, kind: 'arrival' as const, amount: 0 })),
    ...life.posts.map((step) => ({ step, kind: 'post' as const, amount: 0 })),
  ].filter(({ step, kind }) => step < life.until || (kind === 'reward' && step === life.until));
  events.sort((a, b) => a.step - b.step || ORDER[a.kind] - ORDER[b.kind]);
  const synapse = new Synapse(rule, life.dtMs, initial);
  for (const { step, kind, amount } of events) {
    synapse.advance(step);
    if (kind === 'reward') synapse.reward(amount);
    else if (kind === 'arrival') synapse.arrival(step);
    else synapse.post(step);
  }
  synapse.advance(life.until);
  return synapse.weight;
}

/** How many post-spikes fall into the step of an arrival. */
export function coincidences({ arrivals, posts }: Pick<Life, 'arrivals' | 'posts'>): number {
  const steps = new Set(arrivals);
  return posts.filter((step) => steps.has(step)).length;
}
