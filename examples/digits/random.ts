// Numbers that follow from a seed: the same on every machine.

/** Xorshift of 128 bits (Marsaglia 2003, J. Stat. Softw. 8(14)), begun from any integers. */
export class Random {
  readonly #state = new Uint32Array(4);

  constructor(...seeds: readonly number[]) {
    // Mixed so that neighbouring seeds share nothing: the finalizer of MurmurHash3 over each seed and its place.
    let mixed = 0x9e3779b9;
    for (let i = 0; i < 4; i++) {
      for (const seed of seeds) mixed = mix(mixed ^ mix((seed + i * 0x85ebca6b) >>> 0));
      this.#state[i] = mixed | (i === 0 ? 1 : 0);
    }
    for (let i = 0; i < 8; i++) this.uniform();
  }

  /** From 0 to 1, without 1. */
  uniform(): number {
    const state = this.#state;
    let t = state[3]!;
    t ^= t << 11;
    t ^= t >>> 8;
    state[3] = state[2]!;
    state[2] = state[1]!;
    state[1] = state[0]!;
    state[0] = t ^ state[1] ^ (state[1] >>> 19);
    return state[0] / 2 ** 32;
  }

  /** From -most to most. */
  around(most: number): number {
    return (2 * this.uniform() - 1) * most;
  }

  /** Mean 0, standard deviation 1 (Box and Muller). */
  normal(): number {
    const radius = Math.sqrt(-2 * Math.log(1 - this.uniform()));
    return radius * Math.cos(2 * Math.PI * this.uniform());
  }

  /** In place (Fisher and Yates). */
  shuffle(values: Uint8Array | Uint32Array): void {
    for (let i = values.length - 1; i > 0; i--) {
      const other = Math.floor(this.uniform() * (i + 1));
      [values[i], values[other]] = [values[other]!, values[i]!];
    }
  }
}

function mix(value: number): number {
  let x = value;
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return (x ^ (x >>> 16)) >>> 0;
}
