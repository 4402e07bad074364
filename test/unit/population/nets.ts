// Small networks that say back what they are told. Not a test itself.
import {
  CountDecoder,
  DirectEncoder,
  type DirectInput,
  lif,
  type Population,
  type PopulationNeuron,
  type PopulationNeuronOptions,
  type Projection,
  type SpikeSource,
  SpikingNetwork,
  type Winner,
} from 'neuronbus/population';
import { onTestFinished } from 'vitest';

export interface Relay {
  net: SpikingNetwork;
  input: SpikeSource;
  output: Population;
  synapses: Projection;
}

/** Output neuron i fires 1 ms after input neuron i. Steps of 0.5 ms; closed when the test ends. */
export function relay(size = 4): Relay {
  const net = new SpikingNetwork({ dtMs: 0.5, seed: 1 });
  onTestFinished(() => net.close());
  const input = net.spikeSource(size);
  const output = net.population(size, lif({ synapseTauMs: 0, refractoryMs: 0 }));
  // A jump from -70 to -50 mV, across the threshold at -55 mV.
  const synapses = net.connect(input, output, { pattern: 'one-to-one', weightMv: 20, delayMs: 0.5 });
  return { net, input, output, synapses };
}

export type RelayNeuron = PopulationNeuron<DirectInput, Winner>;

/** The relay as a neuron: in go indices or spikes, out comes who fired most. Windows of 10 ms. */
export function relayNeuron(
  { net, input, output }: Relay,
  options: Partial<PopulationNeuronOptions<DirectInput, Winner>> = {},
): RelayNeuron {
  const { size } = input;
  const coders = { encoder: new DirectEncoder({ size }), decoder: new CountDecoder({ size }) };
  return net.asNeuron<DirectInput, Winner>({ input, output, ...coders, windowMs: 10, ...options });
}

/** `count` spikes of a neuron, one a millisecond from `fromMs` on. */
export function volley(neuron: number, count: number, fromMs = 0): { neuron: number; timeMs: number }[] {
  return Array.from({ length: count }, (_, i) => ({ neuron, timeMs: fromMs + i }));
}
