// The exchange rule as it is documented, for one synapse: every delivered spike that its target does not answer in the
// handler weakens it at once; an answer strengthens it by how soon it came; one that comes later, but in time, first takes
// the weakening back. Not a test itself.

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

  constructor(rule: ExchangeRule, initial: number) {
    this.#rule = rule;
    this.weight = initial;
  }

  #set(weight: number): void {
    this.weight = Math.min(this.#rule.max, Math.max(this.#rule.min, weight));
  }

  /** Answered inside the handler, `delayNs` after it was fired. */
  answered(delayNs: number): void {
    const { aPlus, tauPlusMs, max } = this.#rule;
    this.#set(this.weight + aPlus * Math.exp(-delayNs / (tauPlusMs * 1e6)) * (max - this.weight));
  }

  /** Its handler returned without a word. */
  unanswered(): void {
    this.#set(this.#rule.min + (this.weight - this.#rule.min) * (1 - this.#rule.aMinus));
  }

  /** A reply to a spike that was not answered in its handler, the first one, `delayNs` after that was fired. */
  lateAnswer(delayNs: number): void {
    if (delayNs > this.#rule.answerWithinMs * 1e6) return;
    this.#set(this.#rule.min + (this.weight - this.#rule.min) / (1 - this.#rule.aMinus));
    this.answered(delayNs);
  }
}
