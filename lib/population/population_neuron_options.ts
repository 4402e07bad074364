// SPDX-License-Identifier: MIT
//
// What asNeuron() takes, checked, and the events of the neuron that it makes.

import type { Message } from '../bus/messages/incoming.js';
import { checkKeys, invalidArgument, NeuronBusError } from '../memory/errors.js';
import type { Spike } from '../memory/spike.js';
import type { Ablation, Healing } from './ablation.js';
import { readValue } from './carried.js';
import type { Decoder } from './decoders.js';
import type { Encoder } from './encoders.js';
import type { SpikingNetwork } from './network.js';
import { checkPopulation, type Population, SpikeSource } from './neurons.js';
import { checkChoice } from './validation.js';

export interface PopulationNeuronOptions<Input = unknown, Output = unknown> {
  /** Where inputs go in. */
  input: SpikeSource;
  /** Whose spikes are decoded. */
  output: Population;
  /** For as many neurons as `input` has. */
  encoder: Encoder<Input>;
  /** For as many neurons as `output` has. */
  decoder: Decoder<Output>;
  /** How long an input is there, ms of simulated time; a whole number of steps. Default 100. */
  windowMs?: number;
  /** How long the network goes on without an input before the next one, so that it comes to rest; not decoded. Default 0. */
  settleMs?: number;
  /** Inputs that may wait while the network runs; further ones are refused and counted. 0 or more, default 64. */
  queueLimit?: number;
  /** Output spikes kept of one window; what is more is counted in `stats().lostSpikes`. Default 1,000,000. */
  maxSpikes?: number;
  /**
   * The input that a spike, message or question of the bus carries; a spike is valid until this returns. Default: the value of a
   * message or question, and of a spike its payload as JSON.
   */
  read?: (incoming: Spike | Message) => Input;
  /**
   * Who gets the spike with an output: who sent the input, or all that have a synapse from this neuron. Questions are answered
   * either way. Default 'source'.
   */
  target?: 'source' | 'synapses';
  /**
   * Class of each output neuron, -1 for none: what {@link PopulationNeuron.awaitConsensus} and awaitDecision speak of. Default:
   * those of the decoder; if it knows none, each neuron is a class of its own.
   */
  classes?: ArrayLike<number>;
}

export interface PopulationNeuronEvents<Output = unknown> {
  /** An input was decoded. */
  output: [output: Output | undefined, info: { input: number; timeMs: number }];
  /** An input was refused because the queue is full; how many so far. */
  overflow: [refused: number];
  /** Neurons died, by kill() here or on a population. */
  ablate: [ablation: Ablation];
  heal: [healed: readonly Healing[]];
  /** An input of broadcast() failed, or a listener of another event threw. Without a listener it becomes a process warning. */
  error: [error: unknown];
  close: [];
}

const KEYS: ReadonlySet<string> = new Set([
  ...['input', 'output', 'encoder', 'decoder', 'windowMs', 'settleMs', 'queueLimit', 'maxSpikes'],
  ...['read', 'target', 'classes'],
]);
const TARGETS = { source: true, synapses: true };

/** @internal With defaults. @throws NeuronBusError ERR_NB_INVALID_ARGUMENT naming the option. */
export function checkOptions<Input, Output>(
  network: SpikingNetwork,
  options: PopulationNeuronOptions<Input, Output>,
): Required<PopulationNeuronOptions<Input, Output>> {
  checkKeys('an option of asNeuron()', options, KEYS);
  const { input, output, encoder, decoder, read = readValue as () => Input, target = 'source' } = options;
  const { windowMs = 100, settleMs = 0, queueLimit = 64, maxSpikes = 1_000_000 } = options;
  if (!(input instanceof SpikeSource)) throw invalidArgument('input', input, 'a spike source of the network');
  if (!network.populations.includes(input))
    throw new NeuronBusError('INVALID_ARGUMENT', 'input is a population of another network');
  checkPopulation('output', output, input.engine);
  checkCoder('encoder', encoder, 'encode', input.size);
  checkCoder('decoder', decoder, 'decode', output.size);
  if (typeof read !== 'function') throw invalidArgument('read', read, 'a function');
  checkChoice('target', target, TARGETS);
  const classes = options.classes ?? decoder.classes ?? Int32Array.from({ length: output.size }, (_, i) => i);
  return {
    ...{ input, output, encoder, decoder, read, target, classes },
    ...{ windowMs, settleMs, queueLimit, maxSpikes },
  };
}

function checkCoder(name: string, coder: object, method: 'encode' | 'decode', size: number): void {
  if (typeof (coder as Record<string, unknown> | undefined)?.[method] !== 'function')
    throw invalidArgument(name, coder, `an object with size and ${method}()`);
  const has = (coder as { size?: unknown }).size;
  const end = method === 'encode' ? 'input' : 'output';
  if (has !== size) throw invalidArgument(`${name}.size`, has, `${size}, the size of ${end}`);
}
