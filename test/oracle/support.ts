// A plastic network whose spikes are given on both sides, and what the tests need to judge it. Not a test itself.
//
// The post side is made of relays: neurons that a kick drives over their threshold, so that they fire a step after it arrived.
import {
  lif,
  type Population,
  type Projection,
  pairStdp,
  rewardStdp,
  SpikingNetwork,
  tripletStdp,
} from 'neuronbus/population';
import { byNeuron, type Train } from './random.js';
import { type Life, type Reward, type Rule, weightAfter } from './synapse_oracle.js';

const probe = new SpikingNetwork();
/** What this process computes with. */
export const kernels = probe.kernels;
probe.close();
/** False when NEURONBUS_KERNELS asks for something that this processor does not have. */
export const available = (process.env.NEURONBUS_KERNELS ?? kernels) === kernels;

export const KICK_MV = 1000;

export function relays(net: SpikingNetwork, size: number): Population {
  const model = { tauMs: 2, restMv: 0, thresholdMv: 100, resetMv: 0, refractoryMs: 0, synapseTauMs: 0 };
  return net.population(size, lif(model));
}

export function timed({ neuron, step }: Train, dtMs: number) {
  return { neurons: neuron, timesMs: step.map((at) => at * dtMs) };
}

/** A relay fires two steps after its kick was fired. */
export const KICK_TO_SPIKE = 2;

export function plasticity(rule: Rule) {
  const { kind, ...parameters } = rule;
  if (kind === 'pair') return pairStdp(parameters as Parameters<typeof pairStdp>[0]);
  if (kind === 'triplet') return tripletStdp(parameters as Parameters<typeof tripletStdp>[0]);
  return rewardStdp(parameters as Parameters<typeof rewardStdp>[0]);
}

export interface Experiment {
  readonly rule: Rule;
  readonly dtMs: number;
  readonly threads: number;
  readonly pre: { readonly size: number; readonly train: Train };
  readonly post: { readonly size: number; readonly kicks: Train };
  readonly connection:
    | { pattern: 'all-to-all'; delaySteps: number }
    | { pattern: 'fixed-probability'; probability: number; delaySteps: readonly [number, number] }
    | { pattern: 'fixed-in-degree'; degree: number; delaySteps: readonly [number, number] };
  readonly initial: readonly [number, number];
  readonly rewards?: readonly Reward[];
  /** The weights are read at each of these steps. The last one ends the run. */
  readonly readAt: readonly number[];
  readonly seed: number;
}

export interface Outcome {
  readonly projection: Projection;
  readonly initial: Float32Array;
  /** At each step of `readAt`. */
  readonly weights: readonly Float32Array[];
  readonly pre: Uint32Array;
  readonly post: Uint32Array;
  readonly delays: readonly number[];
  /** Steps at which each relay fired. */
  readonly posts: readonly number[][];
}

export async function perform(experiment: Experiment): Promise<Outcome> {
  const { dtMs, rule, connection } = experiment;
  const net = new SpikingNetwork({ dtMs, seed: experiment.seed, threads: experiment.threads });
  const source = net.spikeSource(experiment.pre.size, timed(experiment.pre.train, dtMs));
  const kicks = net.spikeSource(experiment.post.size, timed(experiment.post.kicks, dtMs));
  const post = relays(net, experiment.post.size);
  net.connect(kicks, post, { pattern: 'one-to-one', weightMv: KICK_MV, delayMs: dtMs });
  const { delaySteps, ...pattern } = connection;
  const delayMs =
    typeof delaySteps === 'number'
      ? delaySteps * dtMs
      : { uniform: [delaySteps[0] * dtMs, delaySteps[1] * dtMs] as const };
  const projection = net.connect(source, post, {
    ...pattern,
    weightMv: { uniform: experiment.initial },
    delayMs,
    plasticity: plasticity(rule),
  });
  const initial = projection.weights;
  const spikes = net.record(post, { spikes: true, maxSpikes: 10_000_000 });
  const rewards = experiment.rewards ?? [];
  const stops = [...new Set([...rewards.map(({ step }) => step), ...experiment.readAt])].sort(
    (a, b) => a - b,
  );
  const weights: Float32Array[] = [];
  let now = 0;
  for (const stop of stops) {
    if (stop > now) await net.run((stop - now) * dtMs);
    now = stop;
    for (const { step, amount } of rewards) if (step === stop) net.reward(amount);
    if (experiment.readAt.includes(stop)) weights.push(projection.weights);
  }
  const { neuron, timeMs } = spikes.spikes;
  const step = [...timeMs].map((time) => Math.round(time / dtMs));
  const delays = [...projection.delaysMs].map((delay) => Math.round(delay / dtMs));
  const outcome = {
    ...{ projection, initial, weights, delays },
    ...projection.endpoints,
    posts: byNeuron(experiment.post.size, { neuron: [...neuron], step }),
  };
  net.close();
  return outcome;
}

/** What happened to one synapse, the k-th by pre, then by post. */
export function lifeOf(experiment: Experiment, outcome: Outcome, k: number, pres: number[][]): Life {
  return {
    dtMs: experiment.dtMs,
    arrivals: pres[outcome.pre[k]].map((step) => step + outcome.delays[k]),
    posts: outcome.posts[outcome.post[k]],
    rewards: experiment.rewards ?? [],
    until: experiment.readAt.at(-1)!,
  };
}

export interface Deviation {
  /** Of the weight, or of a given share of the range where the weight is less than that. */
  readonly relative: number;
  readonly synapse: number;
  readonly measured: number;
  readonly exact: number;
}

/**
 * The largest deviation from the oracle among `every`-th synapses, at each reading. The library keeps weights in float32: what
 * was rounded when a weight was large stays when it has become small.
 */
export function worstDeviation(
  experiment: Experiment,
  outcome: Outcome,
  { every = 1, share = 0.01 }: { every?: number; share?: number } = {},
): Deviation {
  const pres = byNeuron(experiment.pre.size, experiment.pre.train);
  const { wMin, wMax } = experiment.rule;
  let worst: Deviation = { relative: 0, synapse: -1, measured: 0, exact: 0 };
  for (let k = 0; k < outcome.initial.length; k += every) {
    const life = lifeOf(experiment, outcome, k, pres);
    experiment.readAt.forEach((until, reading) => {
      const rewards = life.rewards!.filter(({ step }) => step <= until);
      const exact = weightAfter(experiment.rule, outcome.initial[k], { ...life, rewards, until });
      const measured = outcome.weights[reading][k];
      const relative = Math.abs(measured - exact) / Math.max(Math.abs(exact), (wMax - wMin) * share);
      if (!(relative <= worst.relative)) worst = { relative, synapse: k, measured, exact };
    });
  }
  return worst;
}
