// Model neurons in double precision, one at a time, written from the equations. Not a test itself.
//
// A step: the neuron integrates from t dt to (t + 1) dt and fires when it is at or above threshold and not refractory; then spikes
// arrive; then, if it fired, it is reset.

/** Spikes that arrive at each step; a weight below 0 is inhibition. */
export type Arrivals = ReadonlyMap<number, readonly number[]>;

export interface Lif {
  readonly tauMs: number;
  readonly restMv: number;
  readonly thresholdMv: number;
  readonly resetMv: number;
  readonly refractoryMs: number;
  readonly excitatoryTauMs: number;
  readonly inhibitoryTauMs: number;
  readonly driveMv: number;
  /** Synapses of conductance. */
  readonly reversals?: { readonly excitatoryMv: number; readonly inhibitoryMv: number };
  readonly increment?: { readonly mv: number; readonly tauMs: number };
}

export interface Result {
  /** Steps. */
  readonly spikes: number[];
  /** mV, before each step. */
  readonly potentials: number[];
}

/**
 * What a current of 1, which decays with `synapseMs`, has added to the potential after `ms`: the convolution of both exponentials,
 * integrated by Simpson's rule rather than in closed form, so that equal time constants are no special case.
 */
function response(ms: number, tauMs: number, synapseMs: number): number {
  const parts = 200;
  const at = (s: number): number => Math.exp(-s / synapseMs - (ms - s) / tauMs) / tauMs;
  let sum = at(0) + at(ms);
  for (let i = 1; i < parts; i++) sum += at((ms * i) / parts) * (i % 2 === 1 ? 4 : 2);
  return (sum * ms) / (3 * parts);
}

export function runLif(lif: Lif, dtMs: number, steps: number, initialMv: number, arrivals: Arrivals): Result {
  const { tauMs, restMv, driveMv, reversals, increment } = lif;
  const jumps = { excitatory: lif.excitatoryTauMs === 0, inhibitory: lif.inhibitoryTauMs === 0 };
  const respond = (synapseMs: number) => (synapseMs === 0 ? 0 : response(dtMs, tauMs, synapseMs));
  const responses = [respond(lif.excitatoryTauMs), respond(lif.inhibitoryTauMs)];
  const decay = (tau: number) => (tau === 0 ? 0 : Math.exp(-dtMs / tau));
  const refractory = Math.floor(lif.refractoryMs / dtMs + 1e-3);
  const result: Result = { spikes: [], potentials: [] };
  let [v, excitatory, inhibitory, raised, free] = [initialMv, 0, 0, 0, 0];
  for (let step = 0; step < steps; step++) {
    result.potentials.push(v);
    const target = restMv + driveMv;
    if (step >= free) {
      if (reversals === undefined) {
        v = target + (v - target) * decay(tauMs) + responses[0] * excitatory + responses[1] * inhibitory;
      } else {
        const leak = 1 + excitatory + inhibitory;
        const pulled = excitatory * reversals.excitatoryMv + inhibitory * reversals.inhibitoryMv;
        const steady = (target + pulled) / leak;
        v = steady + (v - steady) * Math.exp((-dtMs * leak) / tauMs);
      }
    }
    excitatory *= decay(lif.excitatoryTauMs);
    inhibitory *= decay(lif.inhibitoryTauMs);
    if (increment !== undefined) raised *= decay(increment.tauMs);
    const fires = step >= free && v >= lif.thresholdMv + raised;
    if (fires) {
      result.spikes.push(step);
      free = step + refractory;
    }
    for (const weight of arrivals.get(step) ?? []) {
      const amount = reversals === undefined ? weight : Math.abs(weight);
      const jump = weight < 0 ? jumps.inhibitory : jumps.excitatory;
      // Who is held ignores jumps.
      if (jump) v += fires || step < free ? 0 : weight;
      else if (weight < 0) inhibitory += amount;
      else excitatory += amount;
    }
    if (fires) {
      v = lif.resetMv;
      raised += increment?.mv ?? 0;
    }
  }
  return result;
}

export interface Izhikevich {
  readonly a: number;
  readonly b: number;
  readonly c: number;
  readonly d: number;
  readonly peakMv: number;
  readonly drive: number;
  /** 0: spikes are jumps of v. */
  readonly tauMs: number;
}

/**
 * Izhikevich 2003, IEEE Trans. Neural Netw. 14:1569, with the half steps of its listing; begins at c, moved by `offsetMv`, and b c.
 */
export function runIzhikevich(
  cell: Izhikevich,
  dtMs: number,
  steps: number,
  arrivals: Arrivals,
  offsetMv = 0,
): Result {
  const { a, b, c, d } = cell;
  const result: Result = { spikes: [], potentials: [] };
  let [v, u, current] = [c + offsetMv, b * c, 0];
  for (let step = 0; step < steps; step++) {
    result.potentials.push(v);
    for (let half = 0; half < 2; half++)
      v += (dtMs / 2) * ((0.04 * v + 5) * v + 140 - u + cell.drive + current);
    u += dtMs * a * (b * v - u);
    if (cell.tauMs > 0) current *= Math.exp(-dtMs / cell.tauMs);
    const fires = v >= cell.peakMv;
    for (const weight of arrivals.get(step) ?? []) {
      if (cell.tauMs > 0) current += weight;
      else v += weight;
    }
    if (fires) {
      result.spikes.push(step);
      v = c;
      u += d;
    }
  }
  return result;
}

/** Interval between spikes of a LIF neuron with a steady drive and no input, ms. */
export function steadyIntervalMs(lif: Lif): number {
  const above = (mv: number) => lif.driveMv - (mv - lif.restMv);
  return lif.refractoryMs + lif.tauMs * Math.log(above(lif.resetMv) / above(lif.thresholdMv));
}
