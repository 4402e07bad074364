// The exchange rule as it is documented, for one synapse: every delivered spike that its target does not answer in the
// handler weakens it at once; an answer strengthens it by how soon it came; one that comes later, but in time, first takes
// the weakening back. Of several unanswered spikes a late answer counts from their mean arrival. Not a test itself.

export interface ExchangeRule {
  aPlus: number;
  aMinus: number;
  tauPlusMs: number;
  min: number;
  max: number;
  answerWithinMs: number;
}

export const EXCHANGE_DEFAULTS: ExchangeRule = {
  aPlus: 0.01,
  aMinus: 0.012,
  tauPlusMs: 20,
  min: 0.001,
  max: 1,
  answerWithinMs: 100,
};

export class ExchangeOracle {
  weight: number;
  readonly #rule: ExchangeRule;
  #open: number[] = []; // arrival times, ns

  constructor(rule: ExchangeRule, initial: number) {
    this.#rule = rule;
    this.weight = initial;
  }

  #set(weight: number): void {
    this.weight = Math.min(this.#rule.max, Math.max(this.#rule.min, weight));
  }

  #strengthen(delayNs: number): void {
    const { aPlus, tauPlusMs, max } = this.#rule;
    this.#set(this.weight + aPlus * Math.exp(-delayNs / (tauPlusMs * 1e6)) * (max - this.weight));
  }

  #expire(now: number): void {
    const mean = this.#open.reduce((sum, at) => sum + at, 0) / this.#open.length;
    if (this.#open.length > 0 && now - mean > this.#rule.answerWithinMs * 1e6) this.#open = [];
  }

  /** Answered inside the handler, `delayNs` after it was fired. */
  answered(delayNs: number): void {
    this.#strengthen(delayNs);
  }

  /** Its handler returned without a word; it arrived at `now`. */
  unanswered(now: number): void {
    this.#expire(now);
    this.#set(this.#rule.min + (this.weight - this.#rule.min) * (1 - this.#rule.aMinus));
    this.#open.push(now);
  }

  /** A later spike of the target back to the sender. */
  lateAnswer(now: number): void {
    this.#expire(now);
    if (this.#open.length === 0) return;
    const mean = this.#open.reduce((sum, at) => sum + at, 0) / this.#open.length;
    this.#set(this.#rule.min + (this.weight - this.#rule.min) / (1 - this.#rule.aMinus));
    this.#strengthen(now - mean);
    // Which one was meant is not known: the others keep the mean.
    this.#open = Array(this.#open.length - 1).fill(mean);
  }
}
