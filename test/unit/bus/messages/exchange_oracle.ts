// What exchanges teach as docs/messages.md has it, for one synapse, and the time scale of one asker. Not a test itself.

export const RULE = { aPlus: 0.01, aMinus: 0.012, min: 0.001, max: 1 };
const HALF_LIFE_MS = 10_000;

/** What the asker is used to. Unknown (0) before the first answer. */
export class ScaleOracle {
  #answers = 0;
  #meanMs = 0;

  answered(ms: number): void {
    this.#answers++;
    const counted = this.#answers === 1 ? ms : Math.min(ms, 8 * this.#meanMs);
    this.#meanMs += (counted - this.#meanMs) / Math.min(20, this.#answers);
  }

  /** As the next question has it: the mean, rounded up to 512 ns · 2^octave · (1 + eighths / 8). */
  get ms(): number {
    if (this.#answers === 0) return 0;
    const units = Math.max(1 + 1 / 8, (this.#meanMs * 1e6) / 512);
    const octave = 2 ** Math.floor(Math.log2(units));
    const eighths = Math.ceil((units / octave - 1) * 8);
    return Math.min(2 ** 31 * (1 + 7 / 8), octave * (1 + eighths / 8)) * 512e-6;
  }
}

export class SynapseOracle {
  weight: number;

  constructor(weight = 0.5) {
    this.weight = weight;
  }

  /** An answer after `ms` to an asker that is used to `usualMs`. */
  answered(ms: number, usualMs: number): this {
    const x = usualMs === 0 ? 1 : ms / usualMs;
    const late = x > 1 ? 1 - Math.exp(-(x - 1)) : 0;
    const up = RULE.aPlus * Math.exp(-x) * (RULE.max - this.weight);
    const down = RULE.aMinus * late * (this.weight - RULE.min);
    this.weight = Math.min(RULE.max, Math.max(RULE.min, this.weight + up - down));
    return this;
  }

  failed(): this {
    this.weight -= RULE.aMinus * (this.weight - RULE.min);
    return this;
  }

  judged(reward: number, afterMs: number): this {
    const signal = reward * 2 ** (-afterMs / HALF_LIFE_MS);
    const room = signal > 0 ? RULE.aPlus * (RULE.max - this.weight) : RULE.aMinus * (this.weight - RULE.min);
    this.weight += signal * room;
    return this;
  }
}
