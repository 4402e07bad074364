// One run of the experiment of Masquelier, Guyonneau and Thorpe 2008: one neuron that learns when 2,000 others repeat a pattern.
import { lif, pairStdp, SpikingNetwork } from 'neuronbus/population';
import { type Input, makeInput } from './input.js';
import { foundMs, type Score, scoreOf } from './score.js';

// Of the paper, by way of Hathway and Goodman 2018 (ReScience 4(1) #6), who had the program of its authors.
const AFFERENTS = 2000;
const THRESHOLD = 500; // in units of the peak of the potential that a synapse of weight 1 causes
const TAU_MS = 10;
const SYNAPSE_TAU_MS = 2.5;
const INITIAL_WEIGHT = 0.475;
const A_PLUS = 2 ** -5;
const A_MINUS = 0.85 * A_PLUS;
const REFRACTORY_MS = 1;
export const PATTERN_MS = 50;
// The replication: up to 0.1 ms the pattern is found, at 1 ms it is not.
const DT_MS = 0.1;
/** The input is 150 s long and comes three times, as in the paper. */
export const FULL = { inputMs: 150_000, repeats: 3 };
export const QUICK = { inputMs: 15_000, repeats: 4 };

export interface Result extends Score {
  readonly seed: number;
  readonly spikesMs: Float64Array;
  readonly patternsMs: Float64Array;
  /** From then on it fires in the pattern only, ms. */
  readonly foundMs: number;
  readonly weights: Float32Array;
  /** Of the neuron in the first second, Hz. */
  readonly firstRateHz: number;
  /** Of an afferent on average, Hz. */
  readonly inputRateHz: number;
}

/** Scored over the last repetition of the input. */
export async function runTrial(seed: number, { inputMs, repeats }: typeof FULL): Promise<Result> {
  const input = makeInput({
    ...{ seed, durationMs: inputMs, dtMs: DT_MS, afferents: AFFERENTS, patternAfferents: AFFERENTS / 2 },
    ...{ patternMs: PATTERN_MS, patternShare: 0.25, jitterMs: 1 },
  });
  const { network, afferents, synapses, recording } = build(seed);
  for (let repeat = 0; repeat < repeats; repeat++) {
    for (let from = 0; from < inputMs; from += CHUNK_MS) {
      const chunk = Math.min(CHUNK_MS, inputMs - from);
      afferents.add(spikesBetween(input, from, from + chunk, repeat * inputMs));
      await network.run(chunk);
    }
  }
  const spikesMs = recording.spikes.timeMs;
  const patternsMs = Float64Array.from({ length: repeats * input.patternsMs.length }, (_, i) => {
    const pattern = i % input.patternsMs.length;
    return input.patternsMs[pattern]! + inputMs * ((i - pattern) / input.patternsMs.length);
  });
  const { weights } = synapses;
  network.close();
  return {
    seed,
    ...{ spikesMs, patternsMs, weights },
    ...scoreOf(spikesMs, patternsMs, PATTERN_MS, (repeats - 1) * inputMs),
    foundMs: foundMs(spikesMs, patternsMs, PATTERN_MS),
    firstRateHz: spikesMs.filter((time) => time < 1000).length,
    inputRateHz: input.neurons.length / AFFERENTS / (inputMs / 1000),
  };
}

/**
 * The neuron is a spike response model: a spike wipes out what the afferents have sent before it, and leaves the potential
 * T (-2 exp(-t / tau) + 4 exp(-t / tau_s)), t after it. That is what a membrane does which is set to 2 T and gets a current of
 * -12 T, a synapse to itself. For the first 0.9 ms it is above the threshold T, so the neuron is refractory for 1 ms; there, the
 * library holds the potential, and so the one it holds is the one that is due at the end. The only difference to the model is that
 * what arrives in this millisecond counts from its end.
 */
function build(seed: number) {
  // A current of 1 that decays with tau_s lifts the potential by 1 / PEAK at most.
  const PEAK = (SYNAPSE_TAU_MS / TAU_MS) ** (TAU_MS / (SYNAPSE_TAU_MS - TAU_MS));
  const thresholdMv = THRESHOLD / PEAK;
  const decayed = (ms: number, tauMs: number) => Math.exp(-ms / tauMs);
  const network = new SpikingNetwork({ dtMs: DT_MS, seed, threads: 1 });
  const afferents = network.spikeSource(AFFERENTS, []);
  const neuron = network.population(
    1,
    lif({
      ...{ tauMs: TAU_MS, synapseTauMs: SYNAPSE_TAU_MS, restMv: 0, thresholdMv, refractoryMs: REFRACTORY_MS },
      resetMv:
        thresholdMv * (-2 * decayed(REFRACTORY_MS, TAU_MS) + 4 * decayed(REFRACTORY_MS, SYNAPSE_TAU_MS)),
      resetExcitatory: true,
    }),
  );
  const synapses = network.connect(afferents, neuron, {
    ...{ pattern: 'all-to-all', weightMv: INITIAL_WEIGHT, delayMs: DT_MS },
    plasticity: pairStdp({
      ...{ aPlus: A_PLUS, aMinus: A_MINUS, tauPlusMs: 16.8, tauMinusMs: 33.7, wMin: 0, wMax: 1 },
      // Potentiation and depression take turns. With all pairs, or nearest ones as usually understood, depression silences the
      // neuron within a second, here as in the replication.
      pairing: 'reduced-nearest',
    }),
  });
  // Arrives a step late, so it has decayed by a step.
  const weightMv = -12 * thresholdMv * decayed(DT_MS, SYNAPSE_TAU_MS);
  network.connect(neuron, neuron, { pattern: 'one-to-one', weightMv, delayMs: DT_MS });
  return { network, afferents, synapses, recording: network.record(neuron, { spikes: true }) };
}

/** The input is given to the network in pieces, so that no more than a million spikes are on their way. */
const CHUNK_MS = 7_500;

function spikesBetween({ offsets, neurons }: Input, fromMs: number, untilMs: number, shiftMs: number) {
  const [first, end] = [Math.round(fromMs / DT_MS), Math.round(untilMs / DT_MS)];
  const begin = offsets[first]!;
  const timesMs = new Float64Array(offsets[end]! - begin);
  for (let step = first; step < end; step++) {
    const timeMs = (step + 0.5) * DT_MS + shiftMs;
    timesMs.fill(timeMs, offsets[step]! - begin, offsets[step + 1]! - begin);
  }
  return { neurons: neurons.subarray(begin, offsets[end]), timesMs };
}
